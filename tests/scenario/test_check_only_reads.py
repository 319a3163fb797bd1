"""What check sends, by the devices' own account: reads of the platforms' tables alone; offline: nothing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DESCRIBE, PLAYBOOKS, Finished, Site, play

pytestmark = pytest.mark.timeout(400)


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


def refused_alike(kind: FaultKind, device: str = "b", **more: object) -> object:
    """Meet one trouble with check, then with run."""

    def scenario(stage: Stage) -> End:
        site = stage.site(faults=[Fault(kind, device, **more)])  # type: ignore[arg-type]
        path = site.playbook(play(DESCRIBE))
        return _end(site, site.safeshift("check", path), site.safeshift("run", path))

    return scenario


GOOD = {
    "upgrade": checked("upgrade-primary.yml", "--diff"),
    "json": checked("upgrade-primary.yml", "--json"),
    "incident": checked("incident-2011.yml"),
    "offline": checked("upgrade-primary.yml", "--offline"),
}
ALIKE = {
    "wrong_password": refused_alike(FaultKind.WRONG_PASSWORD),
    "changed_host_key": refused_alike(FaultKind.CHANGED_HOST_KEY),
    "device_down": refused_alike(FaultKind.CUT_MANAGEMENT),
    "foreign_guard": refused_alike(FaultKind.FOREIGN_GUARD, "a"),
    "foreign_guard_of_ios": refused_alike(FaultKind.FOREIGN_GUARD, "b"),
    "link_down": refused_alike(FaultKind.LINK_DOWN, "a", interface="Ethernet2"),
    "silent_node": refused_alike(FaultKind.STOP_ANSWERING, "m1"),
}
SCENARIOS = {**GOOD, **ALIKE}


@pytest.mark.parametrize("name", ["upgrade", "json", "incident"])
def test_check_sends_only_reads_of_the_tables_to_every_device(ends: Ends, name: str) -> None:
    """The lab's own logs show that every router and node was asked, and none sent anything but table-listed reads."""
    end: End = ends.of(name)
    assert end.check.code == (3 if name == "incident" else 0), end.check.said
    assert all(end.typed[router] for router in ("p1", "p2", "s1", "l1", "l2", "l3", "l4"))
    assert (end.written, end.unchanged) == ({}, True)


def test_check_tells_commands_inverses_checks_deadline_guard_and_verdict(ends: Ends) -> None:
    """Per move and device: what is sent, how it is undone, what is watched, how long, which guard, and the what-if."""
    said = ends.of("upgrade").check.out
    for word in ("max-metric router-lsa", "no max-metric router-lsa", "speed 100000", "commit timer", "revert timer"):
        assert word in said
    for word in ("settle", "deadline", "guard", "What-if", "check: a run would start"):
        assert word in said


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
