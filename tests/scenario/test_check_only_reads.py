"""What check sends, by the devices' own account: reads of the platforms' tables alone; offline: nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import ANOTHER_NODE, DESCRIBE, PLAYBOOKS, Finished, Site, forget_host_keys, play

pytestmark = pytest.mark.timeout(400)
UPGRADE = PLAYBOOKS / "upgrade-primary.yml"
HARMLESS = play(DESCRIBE)


@dataclass(frozen=True)
class End:
    """What check and run said to the same thing, and what the devices' own logs have."""

    check: Finished
    typed: dict[str, int]
    written: dict[str, tuple[str, ...]]
    unchanged: bool
    run: Finished | None = None


def _end(site: Site, check: Finished, run: Finished | None = None) -> End:
    typed = {name: len(site.typed(name)) for name in site.lab.devices}
    saved = all(site.lab.startup(name) for name in site.kept)
    return End(check, typed, site.written(), not site.changed() and saved, run)


def checked(name: str, *words: str) -> object:
    """Play check of one shipped playbook on the small site."""

    def scenario(stage: Stage) -> End:
        site = stage.site("dc1")
        return _end(site, site.safeshift("check", PLAYBOOKS / name, *words))

    return scenario


def refused_alike(
    *faults: Fault,
    text: str = HARMLESS,
    truth: str = "",
    prepare: Callable[[Site], object] = lambda site: None,
) -> object:
    """Meet one trouble with check, then with run."""

    def scenario(stage: Stage) -> End:
        world = stage.desk().playbook(truth, "truth.yml") if truth else None
        site = stage.site(faults=faults, truth=world)
        prepare(site)
        path = site.playbook(text)
        return _end(site, site.safeshift("check", path), site.safeshift("run", path))

    return scenario


GOOD = {
    "upgrade": checked("upgrade-primary.yml", "--diff"),
    "json": checked("upgrade-primary.yml", "--json"),
    "incident": checked("incident-2011.yml"),
    "offline": checked("upgrade-primary.yml", "--offline"),
}
LINK = Fault(FaultKind.LINK_DOWN, "a", interface="Ethernet2")
ALIKE = {
    "wrong_password": refused_alike(Fault(FaultKind.WRONG_PASSWORD, "b")),
    "changed_host_key": refused_alike(Fault(FaultKind.CHANGED_HOST_KEY, "b")),
    "unknown_host_keys": refused_alike(prepare=forget_host_keys),
    "device_down": refused_alike(Fault(FaultKind.CUT_MANAGEMENT, "b")),
    "two_devices_down": refused_alike(Fault(FaultKind.CUT_MANAGEMENT, "a"), Fault(FaultKind.CUT_MANAGEMENT, "m1")),
    "foreign_guard": refused_alike(Fault(FaultKind.FOREIGN_GUARD, "a")),
    "foreign_guard_of_ios": refused_alike(Fault(FaultKind.FOREIGN_GUARD, "b")),
    "link_down": refused_alike(LINK),
    "silent_node": refused_alike(Fault(FaultKind.STOP_ANSWERING, "m1")),
    "dead_target_answers": refused_alike(truth=ANOTHER_NODE),
    "guard_too_short": refused_alike(text=play(DESCRIBE, more="guard: 60s", verify="settle: 2m")),
}
SCENARIOS = {**GOOD, **ALIKE}


@pytest.mark.parametrize("name", ["upgrade", "json", "incident"])
def test_check_sends_only_reads_of_the_tables_to_every_device(ends: Ends, name: str) -> None:
    """The lab's own logs show that every router and node was asked, and none sent anything but table-listed reads."""
    end: End = ends.of(name)
    assert end.check.code == (3 if name == "incident" else 0), end.check.said
    assert all(end.typed[router] for router in ("p1", "p2", "s1", "l1", "l2", "l3", "l4"))
    assert (end.written, end.unchanged) == ({}, True)


SETTINGS = """
  each move keeps primary, secondary: loss at most 1 %, load at most 80 %; failing undoes it after 5 s, not knowing
  after 60 s, isolation at once
  then watched for 3 s, observed and saved:
"""
SHIFT = f"""
1.1.1  Shift [shift] on p1
  Shift traffic off p1; {UPGRADE}:18:11
  deadline: 30 s each to capture, to send and read back, to confirm
  exposed: a single failure would break something while this stands (see What-if)
  p1 (Arista EOS)
    send  router ospf 1
             max-metric router-lsa
    undo  router ospf 1
             no max-metric router-lsa
    guard: commit timer, 2 min
"""
LINKS = "l1:Ethernet1--p1:Ethernet1, l2:HundredGigE1/0/1--p1:Ethernet2"
RAISE_ON_L2 = """
  l2 (Cisco IOS, unproven commands)
    send  interface HundredGigE1/0/1
           speed 100000
    undo  interface HundredGigE1/0/1
           speed 40000
    guard: revert timer, 2 min
"""


def test_check_tells_of_a_move_all_that_it_would_do(ends: Ends) -> None:
    """A move's block in full: what is sent to whom, how it is undone, deadline, guard; above it what is watched."""
    said = ends.of("upgrade").check.out
    assert one_line(SETTINGS) in one_line(said)
    assert SHIFT in said
    assert RAISE_ON_L2 in said
    assert f"takes down: {LINKS}" in one_line(said)
    assert said.endswith("check: a run would start\n")


def one_line(text: str) -> str:
    """A text as if no line of it had been broken."""
    return " ".join(text.split())


def test_check_json_is_one_json_document(ends: Ends) -> None:
    """Machines get the plan, its hash, the what-if and no refusal."""
    told = json.loads(ends.of("json").check.out)
    assert told["refusal"] is None
    assert len(told["hash"]) == 64
    assert told["plan"]["batches"]


def test_check_offline_contacts_nobody_and_says_where_inverses_come_from(ends: Ends) -> None:
    """No device hears anything, and every inverse is marked as the device's to decide."""
    end: End = ends.of("offline")
    assert end.check.code == 0, end.check.said
    assert not any(end.typed.values())
    assert "from the device at run time" in end.check.out


@pytest.mark.parametrize("name", ALIKE)
def test_check_refuses_as_run_does(ends: Ends, name: str) -> None:
    """Each trouble ends check and run with exit 3 and the same sentence; nothing but reads was sent."""
    end: End = ends.of(name)
    assert end.run is not None
    assert (end.check.code, end.run.code) == (3, 3), end.check.said + end.run.said
    assert _sentence(end.check) == _sentence(end.run) != ""
    assert end.written == {}


def _sentence(finished: Finished) -> str:
    """The refusal, without what was counted until then."""
    said = next((line for line in finished.err.splitlines() if line.startswith("safeshift: refused: ")), "")
    return re.sub(r"\d+", "N", said)
