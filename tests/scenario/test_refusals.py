"""Everything that ends a run before it begins: the exit code of the table, a sentence and what to do, nothing sent."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from safeshift.journal.events import Event, Kind
from safeshift.journal.store import Journal
from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import (
    ANOTHER_NODE,
    DC1,
    DESCRIBE,
    PLAYBOOKS,
    Finished,
    Site,
    forget_host_keys,
    found,
    play,
    wait_until,
)

pytestmark = pytest.mark.timeout(400)
HARMLESS = play(DESCRIBE)
APPROVED = play(DESCRIBE + "- approve: shall we?\n")


@dataclass(frozen=True)
class Case:
    """One trouble: how it is set up, the code, and words that the operator must find on standard error."""

    code: int
    words: tuple[str, ...]
    faults: tuple[Fault, ...] = ()
    text: str = HARMLESS
    flags: tuple[str, ...] = ()
    prepare: Callable[[Site], object] = lambda site: None
    truth: str = ""


@dataclass(frozen=True)
class End:
    """What came of it, and what the devices' own logs have beside reads."""

    finished: Finished
    written: dict[str, tuple[str, ...]]
    events: tuple[Event, ...] = ()


QUICK = "deadline: 10s, settle: 5s, hold: 4s"
SHUT = """
- name: Shut
  config: {parents: [interface Ethernet1], lines: [shutdown]}
"""

CASES = {
    "wrong_password": Case(3, ("b: ", "refused the login", "not tried again"), (Fault(FaultKind.WRONG_PASSWORD, "b"),)),
    "changed_host_key": Case(
        3, ("b: ", "SHA256:", "ssh-keygen -f", "ssh-keyscan"), (Fault(FaultKind.CHANGED_HOST_KEY, "b"),)
    ),
    "unknown_host_keys": Case(3, ("SHA256:", "ssh-keyscan -t"), prepare=forget_host_keys),
    "device_down": Case(3, ("a: ", "cannot be reached"), (Fault(FaultKind.CUT_MANAGEMENT, "a"),)),
    "two_devices_down": Case(
        3,
        ("2 devices cannot be used", "a: ", "m1: "),
        (Fault(FaultKind.CUT_MANAGEMENT, "a"), Fault(FaultKind.CUT_MANAGEMENT, "m1")),
    ),
    "foreign_guard_on_eos": Case(
        3, ("somebody else's undo timer is pending on a",), (Fault(FaultKind.FOREIGN_GUARD, "a"),)
    ),
    "foreign_guard_on_ios": Case(
        3, ("somebody else's undo timer is pending on b",), (Fault(FaultKind.FOREIGN_GUARD, "b"),)
    ),
    "foreign_guard_elsewhere": Case(
        3, ("somebody else's undo timer is pending on s",), (Fault(FaultKind.FOREIGN_GUARD, "s"),)
    ),
    "link_down": Case(
        3,
        ("out of service before the first step", "a:Ethernet2--s:Ethernet1"),
        (Fault(FaultKind.LINK_DOWN, "a", interface="Ethernet2"),),
    ),
    "silent_node": Case(3, ("the baseline is not PASS", "m1"), (Fault(FaultKind.STOP_ANSWERING, "m1"),)),
    "gray_link": Case(
        3,
        ("the baseline is not PASS", "primary"),
        truth='links: [{ends: ["a Ethernet1", "b HundredGigE1/0/1"], gray: 0.3}]',
    ),
    "dead_target_answers": Case(3, ("an address that nobody should have answered",), truth="NODES"),
    "nobody_to_approve": Case(3, ("asks for an approval", "--yes"), text=APPROVED),
    "takes_a_link_down": Case(3, ("takes down a:Ethernet1--b:HundredGigE1/0/1",), text=play(SHUT, hosts="a")),
    "no_such_step": Case(2, ("no step 'Descripe'", "did you mean 'Describe'"), flags=("--start-at-step", "Descripe")),
    "no_such_host": Case(2, ("'nobody'", "inventory --graph"), text=play(DESCRIBE, hosts="nobody")),
    "limit_matches_nobody": Case(2, ("zz",), flags=("-l", "zz")),
    "typo_in_a_key": Case(
        2, ("play.yml:", "stagees", "did you mean 'stages'"), text=HARMLESS.replace("stages:", "stagees:")
    ),
    "typo_in_an_action": Case(
        2, ("play.yml:", "confg", "did you mean 'config'"), text=HARMLESS.replace("config:", "confg:")
    ),
    "not_yaml": Case(2, ("play.yml:",), text="- name: [\n"),
    "key_twice": Case(2, ("play.yml:", "twice"), text=HARMLESS.replace("  hosts: a:b\n", "  hosts: a:b\n  hosts: a\n")),
    "no_such_playbook": Case(2, ("no-such.yml",), text="no-such.yml"),
    "no_such_inventory": Case(2, ("no-such-inventory",), flags=("-i", "no-such-inventory")),
    "no_such_fabric": Case(2, ("no-such.fabric.yml",), flags=("--fabric", "no-such.fabric.yml")),
    "no_such_variable": Case(2, ("play.yml:", "prot"), text=HARMLESS.replace("{{ port }}", "{{ prot }}")),
    "network_unknown": Case(2, ("play.yml:", "tertiary"), text=play(DESCRIBE, require="primary, tertiary")),
    "guard_never_confirmed": Case(
        3, ("guard", "too short"), text=play(DESCRIBE, hosts="a", more="guard: 20s", verify=QUICK)
    ),
    "guard_too_short": Case(3, ("guard", "too short"), text=play(DESCRIBE, more="guard: 60s", verify="settle: 2m")),
}


def meeting(case: Case) -> Scenario:
    """Return the scenario of a case."""

    def scenario(stage: Stage) -> End:
        more: dict[str, Any] = {}
        if case.truth:
            path = stage.desk().folder / "truth.yml"
            path.write_text(ANOTHER_NODE if case.truth == "NODES" else case.truth)
            more["truth"] = path
        site = stage.site(faults=case.faults, **more)
        case.prepare(site)
        playbook = Path(case.text) if case.text == "no-such.yml" else site.playbook(case.text)
        finished = site.safeshift("run", playbook, *case.flags)
        return End(finished, site.written(), site.events() if site.journal.exists() and _runs(site) else ())

    return scenario


def _runs(site: Site) -> int:
    store = Journal.open(site.journal, create=False)
    try:
        return len(store.runs())
    finally:
        store.close()


def at_the_same_time(stage: Stage) -> End:
    """A second run, and a check, while a first one watches its change."""
    site = stage.site()
    slow = site.playbook(play(DESCRIBE, verify="settle: 60s"), "slow.yml")
    with site.begin("run", slow) as first:
        site.wait_for("a", "by safeshift")
        before = site.written()
        second, checked = site.safeshift("run", slow), site.safeshift("check", slow)
        told = Finished(second.code, checked.err, second.err)
        grown = {name: lines[len(before[name]) :] for name, lines in site.written().items()}
        first.send_signal(signal.SIGINT)
        wait_until(lambda: first.poll() is not None)
        assert (checked.code, first.returncode) == (3, 130)
        first.communicate()
    return End(told, {name: lines for name, lines in grown.items() if any("description" in line for line in lines)})


SCENARIOS = {**{name: meeting(case) for name, case in CASES.items()}, "second_run": at_the_same_time}


@pytest.mark.parametrize("name", CASES)
def test_run_is_refused_with_the_tables_code_and_nothing_sent(ends: Ends, name: str) -> None:
    """Wrong input is 2, a wrong world 3; the operator is told what and where; devices got reads only."""
    end: End = ends.of(name)
    assert end.finished.code == CASES[name].code, end.finished.said
    for word in CASES[name].words:
        assert word in end.finished.err
    assert end.written == {}
    assert "Traceback" not in end.finished.said


@pytest.mark.parametrize("name", CASES)
def test_refused_run_closes_its_journal(ends: Ends, name: str) -> None:
    """A run that was opened in the journal is closed there, with the code that the command ended in."""
    end: End = ends.of(name)
    if end.events:
        closed = found(end.events, Kind.RUN_CLOSED)
        assert [(event.data["state"], event.data["exit_code"]) for event in closed] == [("REFUSED", CASES[name].code)]


def test_second_run_at_the_same_time_is_told_who_holds_the_fabric(ends: Ends) -> None:
    """Exit 3 by run and by check: both name the run, the user and the process that hold the fabric; nothing is sent."""
    end: End = ends.of("second_run")
    assert end.finished.code == 3, end.finished.said
    for said in (end.finished.err, end.finished.out):
        assert "run 20" in said and "pid " in said
    assert end.written == {}


def test_run_on_an_inventory_without_a_fabric_file_names_the_file_it_misses(stage: Stage) -> None:
    """An inventory without a fabric beside it: exit 2, and the name of the file that was looked for."""
    desk = stage.desk()
    hosts = desk.folder / "hosts.yml"
    hosts.write_text("all: {hosts: {a: {}}}\n")
    finished = desk.safeshift("run", desk.playbook(HARMLESS), "-i", hosts)
    assert finished.code == 2
    assert "hosts.fabric.yml" in finished.err


def test_lab_flags_without_a_lab_are_bad_input(stage: Stage) -> None:
    """``--truth`` without ``--lab``, and ``--offline`` with it, are exit 2 with what to do."""
    desk = stage.desk()
    upgrade = PLAYBOOKS / "upgrade-primary.yml"
    without = desk.safeshift("run", upgrade, "-i", DC1, "--truth", "x.yml")
    both = desk.safeshift("check", upgrade, "-i", DC1, "--offline", "--lab")
    assert (without.code, both.code) == (2, 2)
    assert "add --lab" in without.err
    assert "leave one of them out" in both.err
