"""How a person stops a run, and what does not stop it: signals sent to the real command while a move settles."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from safeshift.journal.events import Event, Kind
from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DESCRIBE, Finished, Site, acts, found, play, wait_until

pytestmark = pytest.mark.timeout(400)
MARK = "description by safeshift"
SLOW = play(DESCRIBE, verify="settle: 30s")


@dataclass(frozen=True)
class End:
    """How the command ended, its journal, and which routers are not as before."""

    finished: Finished
    events: tuple[Event, ...]
    changed: tuple[str, ...]


def interrupted(*signals: signal.Signals, text: str = SLOW, faults: Callable[[Site], None] | None = None) -> object:
    """Send signals to a run whose change is in and is being watched."""

    def scenario(stage: Stage) -> End:
        site = stage.site()
        process = site.begin("run", site.playbook(text))
        site.wait_for("a", MARK)
        site.wait_for("b", MARK)
        if faults is not None:
            faults(site)
        for number in signals:
            process.send_signal(number)
        return _end(site, process)

    return scenario


def _end(site: Site, process: subprocess.Popen[str], seconds: float = 60.0) -> End:
    out, err = process.communicate(timeout=seconds)
    return End(Finished(process.returncode, out, err), site.events(), site.changed())


def twice(stage: Stage) -> End:
    """The second request comes while the undo of the first is held up by a device that hangs."""
    site = stage.site()
    process = site.begin("run", site.playbook(SLOW))
    site.wait_for("b", MARK)
    site.wait_for("a", MARK)
    site.lab.inject(Fault(FaultKind.HANG, "a"))
    process.send_signal(signal.SIGINT)
    wait_until(lambda: "drop guard b" in acts(site.events(), Kind.OUTCOME))  # b is done with
    process.send_signal(signal.SIGTERM)
    return _end(site, process, seconds=15.0)


def before_anything(stage: Stage) -> End:
    """One request comes while the devices are being read."""
    site = stage.site()
    process = site.begin("run", site.playbook(SLOW))
    wait_until(lambda: bool(site.typed("a")))
    process.send_signal(signal.SIGINT)
    return _end(site, process)


def too_late(stage: Stage) -> End:
    """One request comes while all is done and kept, and only the last saves are under way."""
    site = stage.site()
    for device in ("a", "b"):
        site.lab.inject(Fault(FaultKind.SLOW, device, match="write", seconds=2.0))
    process = site.begin("run", site.playbook(play(DESCRIBE)))
    site.wait_for("b", MARK)
    wait_until(lambda: "save b" in acts(site.events()))
    process.send_signal(signal.SIGINT)
    return _end(site, process)


def without_a_reader(stage: Stage) -> End:
    """``| head -1``: whoever reads leaves after one line."""
    site = stage.site()
    with site.begin("run", site.playbook(play(DESCRIBE))) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    return End(Finished(process.returncode, first, err), site.events(), site.changed())


SCENARIOS = {
    "SIGINT": interrupted(signal.SIGINT),
    "SIGTERM": interrupted(signal.SIGTERM),
    "SIGHUP": interrupted(signal.SIGHUP, text=play(DESCRIBE, verify="settle: 4s")),
    "twice": twice,
    "before": before_anything,
    "too late": too_late,
    "head": without_a_reader,
}


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_run_interrupted_once_undoes_what_it_did(ends: Ends, name: str) -> None:
    """One request to stop: every router is as before, the networks PASS, exit 130."""
    end: End = ends.of(name)
    assert end.finished.code == 130, end.finished.said
    assert end.changed == ()
    closed = found(end.events, Kind.RUN_CLOSED)[0].data
    assert (closed["state"], closed["cause"], closed["exit_code"]) == ("ROLLED_BACK", "interrupt", 130)
    assert f"stopped by {name}" in end.finished.out


def test_run_interrupted_twice_stops_at_once_and_says_what_is_armed(ends: Ends) -> None:
    """Two requests: it ends though a device hangs, exit 5, and names that device and what is armed on it."""
    end: End = ends.of("twice")
    assert end.finished.code == 5, end.finished.said
    assert end.changed == ("a",)
    closed = found(end.events, Kind.RUN_CLOSED)[0].data
    assert closed["state"] == "NEEDS_OPERATOR"
    todo = closed["todo"]
    assert isinstance(todo, list) and any(str(line).startswith("a: its own timer undoes move 1.1.1") for line in todo)
    assert str(todo[0]) in end.finished.out
    assert not any(str(line).startswith("b:") for line in todo)  # it was undone and proven before


def test_run_interrupted_before_its_first_change_has_sent_nothing(ends: Ends) -> None:
    """A request to stop during the preflight: nothing was sent and nothing is left."""
    end: End = ends.of("before")
    assert end.finished.code == 130, end.finished.said
    assert end.changed == ()
    assert "before anything was sent" in end.finished.said


def test_run_interrupted_while_it_saves_for_the_last_time_completes(ends: Ends) -> None:
    """Too late to undo anything: the request is written down once, and the saves are waited for."""
    end: End = ends.of("too late")
    assert end.finished.code == 0, end.finished.said
    assert end.changed == ("a", "b")
    assert len(found(end.events, Kind.SIGNAL)) == 1


def test_run_goes_on_when_its_terminal_is_lost(ends: Ends) -> None:
    """SIGHUP never stops a run: it completes."""
    end: End = ends.of("SIGHUP")
    assert end.finished.code == 0, end.finished.said
    assert end.changed == ("a", "b")


def test_run_goes_on_when_nobody_reads_its_output(ends: Ends) -> None:
    """A closed pipe (``| head -1``) stops no run and makes no noise."""
    end: End = ends.of("head")
    assert (end.finished.code, end.finished.err) == (0, "")
    assert end.changed == ("a", "b")
    assert found(end.events, Kind.RUN_CLOSED)[0].data["state"] == "COMPLETED"
