"""The timers on the devices themselves: armed before anything is changed, and enough when safeshift is killed."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, field

import paramiko
import pytest

from safeshift.api import RunResult
from safeshift.engine.states import Final
from safeshift.journal.events import Kind
from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DESCRIBE, Finished, Site, found, play, wait_until

pytestmark = pytest.mark.timeout(400)
MARK = "description by safeshift"
WITHOUT_ARCHIVE = """
- name: Take the archive away
  config: {lines: [no archive]}
"""


@dataclass(frozen=True)
class Killed:
    """What the devices held when safeshift died, what they were typed then and until they were as before, and more."""

    at_death: tuple[str, ...]
    before: dict[str, tuple[str, ...]]
    after: dict[str, tuple[str, ...]]
    check: Finished
    next_run: Finished
    notes: tuple[str, ...] = ()


def killed_after_its_commit(stage: Stage) -> Killed:
    """SIGKILL while the change is watched; 60 s is the shortest timer that IOS has."""
    site = stage.site()
    path = site.playbook(play(DESCRIBE, more="guard: 60s", verify="settle: 20s"))
    with site.begin("run", path) as process:
        site.wait_for("a", MARK)
        site.wait_for("b", MARK)
        process.send_signal(signal.SIGKILL)
    at_death, before = site.changed(), site.written()
    check = site.safeshift("check", path)
    wait_until(lambda: site.changed() == (), seconds=90.0)
    after = site.written()
    next_run = site.safeshift("run", site.playbook(play(DESCRIBE), "again.yml"))
    notes = tuple(str(event.data["text"]) for event in found(site.events(), Kind.NOTE))
    return Killed(at_death, before, after, check, next_run, notes)


@dataclass(frozen=True)
class Short:
    """What a device held when safeshift died, and what it was typed then and until it was as before."""

    at_death: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


def killed_with_a_short_timer(stage: Stage) -> Short:
    """EOS counts seconds, not minutes."""
    site = stage.site()
    path = site.playbook(play(DESCRIBE, hosts="a", more="guard: 35s", verify="settle: 4s"))
    with site.begin("run", path) as process:
        site.wait_for("a", MARK)
        process.send_signal(signal.SIGKILL)
    at_death, before = site.changed(), site.writes("a")
    wait_until(lambda: site.changed() == (), seconds=60.0)
    return Short(at_death, before, site.writes("a"))


@dataclass(frozen=True)
class End:
    """A run's result, and each device's own log."""

    result: RunResult
    typed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changed: tuple[str, ...] = ()


def guarded(stage: Stage) -> End:
    """Play a harmless change with nothing going wrong."""
    site = stage.site()
    result = site.run(play(DESCRIBE))
    return End(result, {name: site.writes(name) for name in ("a", "b")})


def foreign_guard_in_between(stage: Stage) -> End:
    """Somebody else arms a timer after the preflight and before our change."""
    site = stage.site()
    at = {"intent look": lambda: site.lab.inject(Fault(FaultKind.FOREIGN_GUARD, "a"))}
    result = site.run(play(DESCRIBE), at=at)
    return End(result, {name: site.writes(name) for name in ("a", "b")}, site.changed())


def others_edit_under_the_ios_timer(stage: Stage) -> End:
    """Somebody else types on b while our change there is watched and then fails."""
    site = stage.site()

    def edit() -> None:
        type_as_carol(site, "b", ("configure terminal", "interface HundredGigE1/0/2", "description by carol", "end"))
        site.lab.inject(Fault(FaultKind.STOP_ANSWERING, "m1"))

    text = play(DESCRIBE, hosts="b", verify="settle: 4s")
    result = site.run(text, at={"intent watch": edit, "unwind_opened": lambda: site.lab.clear("m1")})
    return End(result, changed=site.changed())


def type_as_carol(site: Site, device: str, lines: tuple[str, ...]) -> None:
    """Type lines on a device as another person would, over SSH."""
    lab = site.lab
    host, port = lab.address(device)
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(lab.known_hosts))
        client.connect(host, port, lab.user, lab.password, look_for_keys=False, allow_agent=False)
        channel = client.invoke_shell()
        channel.settimeout(30.0)
        for line in ("", *lines):
            channel.send((line + "\n").encode())
            heard = b""
            while line.encode() not in heard or not heard.endswith((b"#", b"# ")):
                said = channel.recv(4096)
                assert said, f"{device} ended the session at {line!r}"
                heard += said


def ios_without_archive(stage: Stage) -> tuple[Finished, Finished, Finished]:
    """First the archive goes (guarded by itself), then a check and a run of a change on a device that has none."""
    site = stage.site()
    gone = site.safeshift("run", site.playbook(play(WITHOUT_ARCHIVE, hosts="b"), "gone.yml"))
    path = site.playbook(play(DESCRIBE, hosts="b"))
    return gone, site.safeshift("check", path), site.safeshift("run", path)


SCENARIOS = {
    "killed": killed_after_its_commit,
    "killed_short": killed_with_a_short_timer,
    "guarded": guarded,
    "foreign": foreign_guard_in_between,
    "others": others_edit_under_the_ios_timer,
    "no_archive": ios_without_archive,
}


def test_device_timers_undo_what_a_killed_run_left(ends: Ends) -> None:
    """SIGKILL after the commit: EOS and IOS restore themselves when the timer ends, with nobody there."""
    end: Killed = ends.of("killed")
    assert end.at_death == ("a", "b")
    assert order(end.before["a"], MARK, r"commit timer 00:0[01]:\d\d")
    assert order(end.before["b"], "configure terminal revert timer 1", MARK)
    assert end.after == end.before  # nobody typed anything: it was their timers


def test_check_after_a_killed_run_refuses_while_its_timers_are_pending(ends: Ends) -> None:
    """The timers that the dead run left are seen and named; nothing is started over them."""
    end: Killed = ends.of("killed")
    assert end.check.code == 3, end.check.said
    assert "timer is pending on a" in end.check.err


def test_run_after_a_killed_run_completes_and_names_the_orphan(ends: Ends) -> None:
    """The lock of a dead run is free; the next run says which run never closed its journal."""
    end: Killed = ends.of("killed")
    assert end.next_run.code == 0, end.next_run.said
    assert any("never closed its journal" in note for note in end.notes)


def test_eos_timer_shorter_than_a_minute_undoes_a_killed_runs_change(ends: Ends) -> None:
    """EOS counts seconds: committed with less than a minute, a dead run's change is gone, and nobody typed."""
    end: Short = ends.of("killed_short")
    assert end.at_death == ("a",)
    assert order(end.before, MARK, r"commit timer 00:00:\d\d")
    assert end.after == end.before


def order(typed: tuple[str, ...], *wanted: str) -> bool:
    """Tell whether a device was typed these lines (regular expressions), in this order."""
    rest = iter(line.strip() for line in typed)
    return all(any(re.fullmatch(one, line) for line in rest) for one in wanted)


def test_guard_is_armed_before_each_change_by_the_devices_own_logs(ends: Ends) -> None:
    """IOS gets its timer before the first line, EOS commits with a timer; each is confirmed once, at the end."""
    end: End = ends.of("guarded")
    ios, eos = end.typed["b"], end.typed["a"]
    armed, typed = ios.index("configure terminal revert timer 2"), ios.index(" description by safeshift")
    assert armed < typed < ios.index("configure confirm")
    (commit,) = (line for line in eos if line.startswith("commit"))
    assert re.fullmatch(r"commit timer 00:0[12]:\d\d", commit)  # the seconds that are left of its two minutes
    assert eos.index(" description by safeshift") < eos.index(commit)
    assert [line.endswith(" commit") for line in eos].count(True) == 1


def test_foreign_guard_that_appears_before_the_change_stops_the_run(ends: Ends) -> None:
    """A timer of somebody else's is never touched: the run stops, and what it staged elsewhere is undone."""
    end: End = ends.of("foreign")
    assert end.result.final is Final.ROLLED_BACK, (end.result.reason, end.result.todo)
    assert "not ours" in end.result.reason
    assert not any("commit" in line for line in end.typed["a"])
    assert end.changed == ()


def test_undo_on_ios_names_what_others_typed_meanwhile(ends: Ends) -> None:
    """What somebody else typed meanwhile is not taken back: it is named, and an operator decides."""
    end: End = ends.of("others")
    assert end.result.final is Final.NEEDS_OPERATOR, (end.result.reason, end.result.todo)
    assert "description by carol" in "".join(end.result.todo)
    assert "description by safeshift" not in "".join(end.result.todo)
    assert end.changed == ("b",)


def test_ios_without_archive_is_told_which_lines_a_guard_needs(ends: Ends) -> None:
    """Check prints the lines to configure; the run goes on without a guard and says so."""
    gone, check, run = ends.of("no_archive")
    assert gone.code == 0, gone.said
    assert check.code == 0, check.said
    assert "no guard on b" in check.out
    assert "archive / path" in check.out
    assert run.code == 0, run.said
