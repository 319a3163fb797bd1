"""The model says one thing, the world another: the prediction is wrong, the verdict right, nothing stays changed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from safeshift.engine.states import Act
from safeshift.journal.events import Event, Kind
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import PLAYBOOKS, Finished, found

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class End:
    """How the good upgrade ended in a world that differs, and which routers are not as before."""

    finished: Finished
    events: tuple[Event, ...]
    changed: tuple[str, ...]
    written: dict[str, tuple[str, ...]]


PROVED = Act.PROVE.value
TRUTHS = {
    "half_capacity": "routers: {p2: {capacity: 50G}}",
    "narrow_links": "links: [{ends: [l1 Ethernet2, p2 HundredGigE1/0/1], capacity: 10G}]",
    "wrong_cost": """
links:
  - {ends: [l1 Ethernet2, p2 HundredGigE1/0/1], cost: [9000, 9000]}
  - {ends: [l2 HundredGigE1/0/2, p2 HundredGigE1/0/2], cost: [9000, 9000]}
""",
    "gray_link": "links: [{ends: [l1 Ethernet2, p2 HundredGigE1/0/1], gray: 0.3}]",
    "gray_router": "routers: {p2: {gray: 0.3}}",
    "gray_secondary": "routers: {s1: {gray: 0.2}}",
    "link_down": "links: [{ends: [l4 HundredGigE1/0/2, p2 HundredGigE1/0/4], down: true}]",
}
"""What the world is like; a wrong cost cannot be hidden from safeshift, which reads it from the devices."""


def upgrade_in_a_world(truth: str) -> Scenario:
    """Play the good upgrade where the truth is as written."""

    def scenario(stage: Stage) -> End:
        path = stage.desk().folder / "truth.yml"
        path.write_text(truth)
        site = stage.site("dc1", truth=path)
        finished = site.safeshift("run", PLAYBOOKS / "upgrade-primary.yml")
        return End(finished, site.events(), site.changed(), site.written())

    return scenario


SCENARIOS = {name: upgrade_in_a_world(truth) for name, truth in TRUTHS.items()}


def forecast_of(end: End) -> object:
    """Return what the what-if said."""
    return found(end.events, Kind.FORECAST)[0].data["verdict"]


@pytest.mark.parametrize("name", ["half_capacity", "narrow_links", "gray_link"])
def test_upgrade_in_a_world_that_is_worse_once_p1_is_shifted_is_undone(ends: Ends, name: str) -> None:
    """The model foresees no harm; the networks say otherwise once p1 is shifted: undone, both are back; exit 4."""
    end: End = ends.of(name)
    assert forecast_of(end) == "PASS"
    assert end.finished.code == 4, end.finished.said
    closed = found(end.events, Kind.RUN_CLOSED)[0].data
    assert (closed["state"], closed["todo"]) == ("ROLLED_BACK", [])
    undone = found(end.events, Kind.UNWIND_OPENED)[0].data
    assert undone["cause"] in ("network", "isolation") and undone["moves"] == ["1.1.1"]
    proof = [event.data["networks"] for event in found(end.events, Kind.MEASURED) if event.data["act"] == PROVED]
    assert proof == [{"primary": "PASS", "secondary": "PASS"}]
    assert end.changed == ()


def test_upgrade_in_a_world_with_other_costs_is_refused_by_what_the_devices_say(ends: Ends) -> None:
    """Costs are read from the devices, not believed: with p1 shifted all would cross s1; exit 3, and nothing sent."""
    end: End = ends.of("wrong_cost")
    assert end.finished.code == 3, end.finished.said
    assert "s1 would carry 45 of 20 Gbit/s" in end.finished.err
    assert (end.written, end.changed) == ({}, ())


@pytest.mark.parametrize("name", ["gray_router", "gray_secondary"])
def test_upgrade_in_a_gray_world_is_refused_at_its_baseline(ends: Ends, name: str) -> None:
    """A router that drops what it should forward fails no link; the probes see it before the first change: exit 3."""
    end: End = ends.of(name)
    assert end.finished.code == 3, end.finished.said
    assert "the baseline is not PASS" in end.finished.err
    assert {"gray_router": "primary", "gray_secondary": "secondary"}[name] in end.finished.err


def test_upgrade_in_a_world_without_redundancy_is_refused(ends: Ends) -> None:
    """A link that is down although both ends are enabled is seen by its missing adjacency, and named: exit 3."""
    end: End = ends.of("link_down")
    assert end.finished.code == 3, end.finished.said
    assert "l4:HundredGigE1/0/2--p2:HundredGigE1/0/4" in end.finished.err
