"""What the shell does when a step of it is broken off: by a person, by a bug of ours, by a device that hangs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from pytest_mock import MockerFixture

from safeshift.engine import chronicle, machine
from safeshift.engine.states import Cause, Final, exit_code
from safeshift.errors import ExitCode
from safeshift.journal.events import Kind
from safeshift.planning.plan import Checks
from safeshift.probes.judge import Count, NodeView, View
from safeshift.verdict import Verdict
from tests.unit.engine.bench import CHANGED, NETWORKS, Bench

BUG = "nobody foresaw this"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A run that is not yet begun."""
    made = Bench(tmp_path)
    yield made
    made.recorder.close()
    made.journal.close()


def interrupt() -> None:
    """Press Ctrl-C where nobody handles it: Python raises KeyboardInterrupt in its main thread."""
    os.kill(os.getpid(), signal.SIGINT)


def failing(real: Callable[..., Any], times: int, when: Callable[[], bool]) -> Callable[..., Any]:
    """Return a function that raises so many times, once a condition holds, and otherwise does as the real one."""
    left = [BUG] * times

    def act(*given: Any, **more: Any) -> Any:
        if left and when():
            raise RuntimeError(left.pop())
        return real(*given, **more)

    return act


def test_run_that_nothing_disturbs_completes(bench: Bench) -> None:
    """The bench itself is sound: both routers hold the change, and the journal keeps every invariant."""
    assert bench.run().final is Final.COMPLETED
    assert (bench.changed(), bench.broken()) == (CHANGED, ())


def test_keyboard_interrupt_in_mid_move_undoes_everything(bench: Bench) -> None:
    """A caller without a handler of its own presses Ctrl-C: all is restored, recorded to the end, exit 130."""
    bench.once("p2", interrupt)
    state = bench.run()
    assert (state.final, exit_code(state, journal_lost=False)) == (Final.ROLLED_BACK, ExitCode.INTERRUPTED)
    assert bench.changed() == ()
    assert bench.events()[-1].kind is Kind.RUN_CLOSED
    assert (bench.events()[-1].data["exit_code"], bench.recorder.trouble, bench.broken()) == (130, "", ())


def test_two_keyboard_interrupts_stop_at_once_and_name_what_may_be_changed(bench: Bench) -> None:
    """The second one ends the run though a router hangs in its undo; each router that may differ is told."""
    hanging = bench.rack.drivers["p1"]

    def again() -> None:
        interrupt()
        hanging.hang()

    def first() -> None:
        hanging.on_read = again
        interrupt()

    bench.once("p2", first)
    state = bench.run()
    hanging.gave_way.set()
    assert state.final is Final.NEEDS_OPERATOR
    assert any(sentence.startswith("p1:") for sentence in state.unsettled)
    assert bench.events()[-1].kind is Kind.RUN_CLOSED


def test_what_a_signal_handler_raises_undoes_everything_and_is_raised_again(bench: Bench) -> None:
    """Whoever runs us inside a service that ends itself by SystemExit gets it, but not before all is restored."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(7)

    before = signal.signal(signal.SIGUSR1, leave)
    bench.once("p2", partial(os.kill, os.getpid(), signal.SIGUSR1))
    try:
        with pytest.raises(SystemExit, match="7"):
            bench.run()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert bench.changed() == ()
    assert bench.events()[-1].data["state"] == "ROLLED_BACK"


@pytest.mark.parametrize("seam", ["judge", "chronicle", "machine", "threads"])
def test_bug_in_mid_move_undoes_everything_and_is_named(
    bench: Bench, mocker: MockerFixture, capsys: pytest.CaptureFixture[str], seam: str
) -> None:
    """An exception in our own code leaves no change standing; the end says that it was a bug, and which."""
    disturb(bench, mocker, seam, times=1, when=lambda: bool(bench.changed()))
    state = bench.run()
    assert (state.final, bench.changed()) == (Final.ROLLED_BACK, ())
    assert state.stop is not None
    assert state.stop.detail.startswith("a bug in safeshift, please report it: ") and BUG in state.stop.detail
    assert BUG in capsys.readouterr().err
    assert bench.events()[-1].kind is Kind.RUN_CLOSED


@pytest.mark.parametrize("seam", ["judge", "chronicle", "machine", "threads"])
def test_second_bug_ends_the_run_and_names_the_routers(bench: Bench, mocker: MockerFixture, seam: str) -> None:
    """What cannot even undo must not try for ever: it says what each router may hold, and what to type."""
    bench.once("p1", lambda: disturb(bench, mocker, seam, times=1000))
    state = bench.run()
    assert (state.final, exit_code(state, journal_lost=False)) == (Final.NEEDS_OPERATOR, ExitCode.NEEDS_OPERATOR)
    assert state.stop is not None and "a second bug" in state.stop.detail
    told = "\n".join(state.unsettled)
    if seam == "judge":  # nobody looks while an undo goes on: the second bug comes when all is undone
        assert (bench.changed(), told.endswith("the networks were not seen to PASS since: look at them")) == ((), True)
    else:
        assert all(f"{device}: may hold move 1.1.1; to undo it, type:" in told for device in CHANGED)
        assert "no vlan 7" in told
    closed = bench.events()[-1]
    assert (closed.kind, closed.data["state"], closed.data["exit_code"]) == (Kind.RUN_CLOSED, "NEEDS_OPERATOR", 5)


def disturb(
    bench: Bench, mocker: MockerFixture, seam: str, *, times: int, when: Callable[[], bool] = lambda: True
) -> None:
    """Let something of ours raise so many times."""
    if seam == "judge":
        mocker.patch.object(bench.judge, "view", failing(bench.judge.view, times, when))
        return
    seams: dict[str, tuple[str, Callable[..., Any]]] = {
        "chronicle": ("safeshift.engine.chronicle.records", chronicle.records),
        "machine": ("safeshift.engine.machine.step", machine.step),
        "threads": ("threading.Thread.start", threading.Thread.start),
    }
    place, real = seams[seam]
    mocker.patch(place, failing(real, times, when))


@pytest.mark.parametrize("act", ["read back", "observe goal"])
def test_read_that_hangs_gives_way_to_the_undo_though_it_was_young_when_the_run_was_stopped(
    bench: Bench, act: str
) -> None:
    """The read that was called off is ended as soon as it has taken too long, so that the undo need not wait for it."""
    hanging = bench.rack.drivers["p2"]

    def stop_and_hang() -> None:
        bench.interrupts.request("SIGTERM")
        hanging.hang()

    reads = iter([lambda: None, stop_and_hang] if act == "observe goal" else [stop_and_hang])
    bench.once("p2", lambda: begin_with(bench, reads))
    state = bench.run()
    assert hanging.gave_way.is_set()
    assert (state.final, bench.changed(), bench.broken()) == (Final.ROLLED_BACK, (), ())


def begin_with(bench: Bench, reads: Iterator[Callable[[], None]]) -> None:
    """Let each read of p2 do the next thing."""
    driver = bench.rack.drivers["p2"]

    def act() -> None:
        following = next(reads, None)
        if following is not None:
            following()

    driver.on_read = act
    act()


def looked(verdict: Verdict, *, silent_s: float = 0.1) -> View:
    """A view in which n1 is so on the primary network, and all else is well."""
    none = Count(0, 0, None)
    nodes = [NodeView("n1", on, Verdict.PASS, (), none, none, "") for on in NETWORKS]
    nodes[0] = NodeView("n1", NETWORKS[0], verdict, (), none, none, f"n1 is {verdict.value}")
    return View(tuple(nodes), (), silent_s)


def borne_s(bench: Bench, *verdicts: Verdict, age_s: float, silent_s: float = 0.1) -> tuple[float, Cause | None]:
    """How long the shell bears the last of these verdicts between two gates, each of the others for 3 s before it."""
    checks, state = Checks(NETWORKS), machine.start(bench.shell.outline)[0]
    now = bench.shell._began + age_s
    for verdict in verdicts[:-1]:
        for _ in range(6):
            assert bench.shell._unwell(state, looked(verdict), checks, now) is None
            now += 0.5
    for tick in range(400):
        alarm = bench.shell._unwell(state, looked(verdicts[-1], silent_s=silent_s), checks, now + tick / 2)
        if alarm is not None:
            return tick / 2, alarm.cause
    return -1.0, None


@pytest.mark.parametrize("age_s", [1.0, 300.0])
def test_networks_between_gates_are_borne_as_at_a_gate_whatever_the_age_of_the_run(bench: Bench, age_s: float) -> None:
    """UNKNOWN for ``hold`` from when it began, FAIL for ``settle`` from when it began."""
    assert borne_s(bench, Verdict.UNKNOWN, age_s=age_s) == (60.0, Cause.NETWORK)
    assert borne_s(bench, Verdict.PASS, Verdict.FAIL, age_s=age_s) == (5.0, Cause.NETWORK)
    assert borne_s(bench, Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL, age_s=age_s) == (5.0, Cause.NETWORK)
    assert borne_s(bench, Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, age_s=age_s) == (57.0, Cause.NETWORK)
    assert borne_s(bench, Verdict.FAIL, Verdict.PASS, Verdict.FAIL, age_s=age_s) == (5.0, Cause.NETWORK)
    assert borne_s(bench, Verdict.PASS, age_s=age_s) == (-1.0, None)


def test_run_that_nobody_looks_at_is_stopped_as_blind_after_the_grace(bench: Bench) -> None:
    """Not after ``hold``: when no observer can be reached we may be cut off ourselves; a young run waits its grace."""
    assert borne_s(bench, Verdict.UNKNOWN, age_s=300.0, silent_s=10.1) == (0.0, Cause.BLIND)
    assert borne_s(bench, Verdict.PASS, Verdict.UNKNOWN, age_s=0.0, silent_s=10.1) == (7.5, Cause.BLIND)
    assert borne_s(bench, Verdict.PASS, Verdict.UNKNOWN, age_s=300.0, silent_s=9.9) == (60.0, Cause.NETWORK)
