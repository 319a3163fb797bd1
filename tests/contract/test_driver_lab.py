"""The driver against the lab's devices: a second SSH implementation and dialects written apart from ``platforms/``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.base import Exchange, Guard
from safeshift.drivers.fleet import Fleet
from safeshift.drivers.guards import guard_for
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.errors import (
    AuthError,
    CommandRejectedError,
    ConnectError,
    ConnectionLostError,
    HostKeyError,
    OutcomeUnknownError,
)
from safeshift.lab.faults import Fault, FaultKind
from safeshift.lab.lab import Lab
from safeshift.model.connection import Connection, ConnectionDefaults, connection_of

HERE = Path(__file__).parents[2]
EOS, IOS, NODE = "p1", "p2", "n1"
ROUTERS = (EOS, IOS)
DRAIN = ("router ospf 1", "   max-metric router-lsa")
HEADERS = ("!", "Current configuration", "Building configuration", "Using ")
numbers = count(1)  # a committed session's name is not used again
UNDRAIN = ("router ospf 1", "   no max-metric router-lsa")


@pytest.fixture(scope="module")
def running_lab() -> Iterator[Lab]:
    """The small site of the README."""
    with Lab(HERE / "inventories" / "dc1.fabric.yml", HERE / "inventories" / "dc1") as running:
        yield running


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """The site, found and left without faults, timers or drained routers."""
    before = {name: running_lab.running(name) for name in ROUTERS}
    yield running_lab
    for name in running_lab.devices:
        running_lab.clear(name)
    with Fleet(connections(running_lab), clock=SystemClock()) as fleet:
        for name in ROUTERS:
            undo(fleet.driver(name))
    assert {name: body(running_lab.running(name)) for name in ROUTERS} == {n: body(t) for n, t in before.items()}


@pytest.fixture
def fleet(lab: Lab) -> Iterator[Fleet]:
    """Drivers for every device of the lab."""
    with Fleet(connections(lab), clock=SystemClock()) as fleet:
        yield fleet


def connections(lab: Lab) -> list[Connection]:
    return [connection_of(name, lab.overrides[name], defaults=ConnectionDefaults(timeout_s=3)) for name in lab.devices]


def body(text: str) -> list[str]:
    """A configuration without its comments, which tell the time."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith(HEADERS)]


def typed(lines: tuple[str, ...]) -> list[str]:
    return ["configure terminal", *lines, "end"]


def undo(driver: NetmikoDriver) -> None:
    """Whatever a test left: no timer, no drain."""
    pending = driver.pending_guard()
    if pending is not None:
        driver.write(driver.platform.guard(pending.name, 60).abort)
    if drained(driver):
        driver.write(typed(UNDRAIN))


def drained(driver: NetmikoDriver) -> bool:
    return "max-metric" in driver.running_config()


def guard_of(driver: NetmikoDriver) -> Guard:
    guard = guard_for(driver, f"ss-t-{next(numbers)}", 60)
    assert guard is not None
    return guard


def candidates(driver: NetmikoDriver) -> str:
    """The rows of the device's table of sessions, without its head."""
    return driver.read(["show configuration sessions detail"])[0].rpartition("----")[2]


def apply_guarded(guard: Guard) -> None:
    guard.arm()
    guard.stage(DRAIN)
    guard.commit(DRAIN)


def lines_received(lab: Lab, device: str) -> list[str]:
    return [received.line for received in lab.received(device)]


def test_fleet_open_all_logs_into_every_device(fleet: Fleet) -> None:
    """Every lab device lets the driver in, with its host key verified."""
    assert set(fleet.open_all().values()) == {None}


@pytest.mark.parametrize("name", ROUTERS)
def test_running_config_is_the_devices_own_text(lab: Lab, fleet: Fleet, name: str) -> None:
    """What is read over the wire is, normalised, what the device holds."""
    driver = fleet.driver(name)
    assert driver.running_config() == driver.platform.normalise(lab.running(name))


@pytest.mark.parametrize("name", ROUTERS)
def test_write_changes_the_device_and_ends_in_exec_mode(fleet: Fleet, name: str) -> None:
    """A block of lines takes effect, and the session stands where it stood."""
    driver = fleet.driver(name)
    exchange = driver.write(typed(DRAIN))
    assert [line for line, _ in exchange.answers] == typed(DRAIN)
    assert exchange.mode == ""
    assert drained(driver)


@pytest.mark.parametrize("name", ROUTERS)
def test_write_of_a_wrong_line_carries_the_devices_words(fleet: Fleet, name: str) -> None:
    """The device's refusal is found in the block and told by line."""
    with pytest.raises(CommandRejectedError, match="Invalid input") as caught:
        fleet.driver(name).write(typed(("router ospf 1", "   max-metrik router-lsa")))
    assert caught.value.command == "max-metrik router-lsa"


@pytest.mark.parametrize("name", ROUTERS)
def test_save_copies_running_to_startup(lab: Lab, fleet: Fleet, name: str) -> None:
    """After a save the device starts as it runs."""
    fleet.driver(name).save()
    assert body(lab.startup(name)) == body(lab.running(name))


@pytest.mark.parametrize("name", ROUTERS)
def test_read_with_console_noise_inside_is_whole(lab: Lab, fleet: Fleet, name: str) -> None:
    """Console messages in the middle of a configuration are not part of it."""
    driver = fleet.driver(name)
    quiet = driver.running_config()
    lab.inject(Fault(FaultKind.NOISE, name))
    assert driver.running_config() == quiet


@pytest.mark.parametrize("name", ROUTERS)
@pytest.mark.parametrize("when", ["before_echo", "after_act"])
def test_write_whose_session_is_cut_is_unknown_and_sent_once(lab: Lab, fleet: Fleet, name: str, when: str) -> None:
    """A cut session is no answer: the write is not repeated, and reading tells what happened."""
    driver = fleet.driver(name)
    driver.open()
    lab.inject(Fault(FaultKind.CUT_SESSION, name, match="max-metric", when=when, times=1))
    sent_before = lines_received(lab, name).count(DRAIN[1])
    with pytest.raises(OutcomeUnknownError):
        driver.write(typed(DRAIN))
    assert lines_received(lab, name).count(DRAIN[1]) <= sent_before + 1
    assert drained(driver) is (when == "after_act")


def test_read_while_a_device_hangs_ends_at_the_deadline(lab: Lab, fleet: Fleet) -> None:
    """Silence costs the deadline and no more, and the device is readable again when it wakes up."""
    driver = fleet.driver(EOS)
    driver.open()
    lab.inject(Fault(FaultKind.HANG, EOS))
    with pytest.raises(ConnectionLostError):
        driver.read(["show version"], deadline_s=0.6)
    lab.clear(EOS)
    assert "Arista" in driver.read(["show version"])[0]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (FaultKind.CUT_MANAGEMENT, ConnectError),
        (FaultKind.WRONG_PASSWORD, AuthError),
        (FaultKind.CHANGED_HOST_KEY, HostKeyError),
    ],
)
def test_open_of_a_device_that_does_not_let_us_in_says_why(
    lab: Lab, fleet: Fleet, fault: FaultKind, error: type[Exception]
) -> None:
    """Unreachable, refused and unknown are three different errors, and one device's is not another's."""
    lab.inject(Fault(fault, EOS))
    outcomes = fleet.open_all(ROUTERS)
    assert isinstance(outcomes[EOS], error)
    assert outcomes[IOS] is None


# Guards ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROUTERS)
def test_guard_runs_from_commit_to_confirm(fleet: Fleet, name: str) -> None:
    """The change holds under a running timer, and stays when the timer is stopped."""
    driver = fleet.driver(name)
    guard = guard_of(driver)
    apply_guarded(guard)
    assert driver.pending_guard() is not None
    assert drained(driver)
    guard.confirm()
    assert driver.pending_guard() is None
    assert drained(driver)


@pytest.mark.parametrize("name", ROUTERS)
def test_guard_aborted_leaves_the_device_as_it_was(fleet: Fleet, name: str) -> None:
    """An abort gives back the very configuration that was there, and no timer."""
    driver = fleet.driver(name)
    before = driver.running_config()
    guard = guard_of(driver)
    apply_guarded(guard)
    guard.abort()
    assert driver.running_config() == before
    assert driver.pending_guard() is None


def test_guard_staged_and_not_committed_changes_nothing_and_can_be_dropped(fleet: Fleet) -> None:
    """A candidate has no effect, and its abort leaves none behind."""
    driver = fleet.driver(EOS)
    guard = guard_of(driver)
    guard.stage(DRAIN)
    assert not drained(driver)
    guard.abort()
    assert "pending" not in candidates(driver)


def test_guard_stage_of_a_refused_line_drops_the_candidate(fleet: Fleet) -> None:
    """A candidate that is not what was intended is not left for somebody to commit."""
    driver = fleet.driver(EOS)
    with pytest.raises(CommandRejectedError, match="metrik"):
        guard_of(driver).stage(("router ospf 1", "   max-metrik router-lsa"))
    assert "pending" not in candidates(driver)


def test_guard_commit_with_the_seconds_that_remain_arms_a_shorter_timer(fleet: Fleet) -> None:
    """All timers of a move can end together."""
    driver = fleet.driver(EOS)
    guard = guard_of(driver)
    guard.stage(DRAIN)
    guard.commit(DRAIN, seconds=20)
    pending = driver.pending_guard()
    assert pending is not None
    assert pending.seconds_left is not None
    assert pending.seconds_left <= 20


@pytest.mark.parametrize(
    ("name", "act"),
    [(EOS, "stage"), (EOS, "confirm"), (EOS, "abort"), (IOS, "arm"), (IOS, "confirm"), (IOS, "abort")],
)
def test_guard_of_somebody_else_is_never_touched(lab: Lab, fleet: Fleet, name: str, act: str) -> None:
    """With a foreign timer pending nothing is begun, confirmed or aborted."""
    driver = fleet.driver(name)
    lab.inject(Fault(FaultKind.FOREIGN_GUARD, name, seconds=600))
    foreign = driver.pending_guard()
    assert foreign is not None
    guard = guard_for(driver, "ss-t-0", 60, owner=lab.user)
    assert guard is not None
    with pytest.raises(CommandRejectedError, match="not ours"):
        guard.stage(DRAIN) if act == "stage" else getattr(guard, act)()
    still = driver.pending_guard()
    assert still is not None
    assert still.name == foreign.name


@pytest.mark.parametrize("name", ROUTERS)
@pytest.mark.parametrize("when", ["before_echo", "after_act"])
@pytest.mark.parametrize("act", ["confirm", "abort"])
def test_guard_ended_over_a_session_that_is_cut_is_settled_by_looking(
    lab: Lab, fleet: Fleet, name: str, when: str, act: str
) -> None:
    """Whether the act was done before the cut or not: the timer is seen gone, and the device is as was asked."""
    driver = fleet.driver(name)
    before = driver.running_config()
    guard = guard_of(driver)
    apply_guarded(guard)
    (line,) = getattr(guard.commands, act)
    lab.inject(Fault(FaultKind.CUT_SESSION, name, match=f"^{line}$", when=when, times=1))
    getattr(guard, act)()
    assert driver.pending_guard() is None
    assert (driver.running_config() == before) is (act == "abort")


@pytest.mark.parametrize("when", ["before_echo", "after_act"])
def test_guard_committed_over_a_session_that_is_cut_is_settled_by_looking(lab: Lab, fleet: Fleet, when: str) -> None:
    """A commit that was done is known as done; one that was not is told as unknown, and nothing has changed."""
    driver = fleet.driver(EOS)
    guard = guard_of(driver)
    guard.stage(DRAIN)
    lab.inject(Fault(FaultKind.CUT_SESSION, EOS, match="^commit timer", when=when, times=1))
    if when == "after_act":
        guard.commit(DRAIN)
    else:
        with pytest.raises(OutcomeUnknownError):
            guard.commit(DRAIN)
    assert drained(driver) is (when == "after_act")
    guard.abort()
    assert not drained(driver)


@pytest.mark.parametrize("name", ROUTERS)
def test_guard_confirmed_when_no_timer_runs_is_refused(fleet: Fleet, name: str) -> None:
    """A confirm that comes too late is no success."""
    driver = fleet.driver(name)
    guard = guard_of(driver)
    apply_guarded(guard)
    guard.abort()
    with pytest.raises(CommandRejectedError, match="no timer is pending"):
        guard.confirm()


def test_guard_that_needs_lines_the_device_lacks_prints_them(fleet: Fleet) -> None:
    """Without IOS's archive no timer can be armed, and the operator is told which lines make it possible."""
    driver = fleet.driver(IOS)
    _, _, behind = driver.running_config().partition("\narchive\n")
    section = ("archive", *takewhile(lambda line: line.startswith(" "), behind.splitlines()))
    driver.write(typed(("no archive",)))
    try:
        with pytest.raises(CommandRejectedError) as caught:
            guard_of(driver).arm()
        assert "path flash:" in caught.value.hint
    finally:
        driver.write(typed(section))


def test_guard_for_a_platform_without_timers_is_none(fleet: Fleet) -> None:
    """A node has no dead-man, and says so."""
    assert guard_for(fleet.driver(NODE), "ss-t-1", 60) is None


# Many at once ---------------------------------------------------------------------------------------------------------


def test_write_all_reaches_every_device_and_tells_each_outcome(lab: Lab, fleet: Fleet) -> None:
    """One refusing and one hanging device change nothing for the others."""
    names = ("p1", "p2", "s1", "l1", "l2")
    fleet.each(names, lambda driver: driver.read(["show version"]))
    lab.inject(Fault(FaultKind.HANG, "s1"))
    lab.inject(Fault(FaultKind.REJECT, "l1", match="max-metric"))
    outcomes = fleet.write_all({name: typed(DRAIN) for name in names}, deadline_s=1.0)
    assert [name for name, outcome in outcomes.items() if isinstance(outcome, Exchange)] == ["p1", "p2", "l2"]
    assert isinstance(outcomes["s1"], OutcomeUnknownError)
    assert isinstance(outcomes["l1"], CommandRejectedError)
    for name in ("s1", "l1"):
        lab.clear(name)
    again = fleet.write_all({name: typed(UNDRAIN) for name in names})
    assert all(isinstance(outcome, Exchange) for outcome in again.values())


def test_write_all_over_sessions_that_were_never_opened_opens_them(fleet: Fleet) -> None:
    """A device without a session takes the slow lane and is written to all the same."""
    outcomes = fleet.write_all({name: typed(DRAIN) for name in ROUTERS})
    assert all(isinstance(outcome, Exchange) for outcome in outcomes.values())
    assert all(drained(fleet.driver(name)) for name in ROUTERS)


def test_each_returns_the_exception_of_a_device_beside_the_results_of_others(fleet: Fleet) -> None:
    """Trouble on one device is a value, not the end of the others' work."""

    def look(driver: NetmikoDriver) -> str:
        if driver.device == IOS:
            raise ConnectError(driver.device, "as if")
        return driver.device

    outcomes = fleet.each(ROUTERS, look)
    assert outcomes[EOS] == EOS
    assert isinstance(outcomes[IOS], ConnectError)


def test_stream_gives_the_lines_of_a_ping_as_they_come(lab: Lab, fleet: Fleet) -> None:
    """A continuous ping is read line by line beside the terminal, until it is closed."""
    driver = fleet.driver(NODE)
    target = lab.fabric.nodes["n2"]["primary"].address.ip
    stream = driver.stream(f"ping -O -n -i 0.2 {target}")
    lines = [next(stream) for _ in range(4)]
    assert any("bytes from" in line for line in lines)
    assert "Linux" in driver.read(["uname -a"])[0]
    stream.close()
    assert [line for line in stream if not line.startswith(("64 bytes", "no answer", "---", "rtt"))] == []
    assert stream.ended
