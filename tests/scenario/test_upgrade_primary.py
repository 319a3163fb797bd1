"""The good upgrade of the README: one command without a terminal, every move shown, the goal observed, all saved."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from safeshift.journal.events import Event, Kind
from safeshift.lab.process import find_lab
from safeshift.platforms import platform_named
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DC1, PLAYBOOKS, Finished, Site, body, found

pytestmark = pytest.mark.timeout(400)
UPGRADE = PLAYBOOKS / "upgrade-primary.yml"
TOUCHED = ("p1", "p2", "l1", "l2", "l3", "l4")


@dataclass(frozen=True)
class End:
    """What is left when the upgrade is over."""

    finished: Finished
    events: tuple[Event, ...]
    lab_is_gone: bool = False
    unsaved: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    drained: tuple[str, ...] = ()


def upgrade_on_a_lab_around_it(stage: Stage) -> End:
    """Play the README's command."""
    desk = stage.desk()
    finished = desk.safeshift("run", UPGRADE, "-i", DC1, "--lab")
    return End(finished, desk.events(), find_lab(desk.state / "lab" / "dc1") is None)


def upgrade_of_devices_of_an_inventory(stage: Stage) -> End:
    """Play it on devices that an inventory names, as a site's are."""
    site = stage.site("dc1")
    finished = site.safeshift("run", UPGRADE)
    lab = site.lab
    unsaved = tuple(name for name in TOUCHED if body(lab.running(name)) != body(lab.startup(name)))
    drained = tuple(name for name in TOUCHED if "max-metric" in lab.running(name))
    return End(finished, site.events(), unsaved=unsaved, slow=slow_ends(site), drained=drained)


def slow_ends(site: Site) -> tuple[str, ...]:
    """Ends of the primary network's links that are not configured to run at 100 Gbit/s."""
    lab, slow = site.lab, []
    for end in (end for link in lab.fabric.links if lab.fabric.network_of(link) == "primary" for end in link.ends):
        platform = platform_named(lab.roster.dialects[end.router])
        meaning = platform.read_meaning(platform.normalise(lab.running(end.router)))
        if meaning.interfaces[end.interface].speed != 100 * 10**9:
            slow.append(f"{end.router} {end.interface}")
    return tuple(slow)


SCENARIOS = {"around": upgrade_on_a_lab_around_it, "inventory": upgrade_of_devices_of_an_inventory}


@pytest.mark.parametrize("name", SCENARIOS)
def test_upgrade_ends_completed_with_its_goal_observed(ends: Ends, name: str) -> None:
    """The good upgrade ends COMPLETED, exit 0, its goal observed for both batches; with --lab as on an inventory."""
    end: End = ends.of(name)
    assert end.finished.code == 0, end.finished.said
    assert end.finished.err == ""
    assert found(end.events, Kind.RUN_CLOSED)[0].data["state"] == "COMPLETED"
    goals = found(end.events, Kind.GOAL)
    assert [goal.data["outcome"] for goal in goals] == ["done", "done"]


def test_upgrade_shows_every_move_with_what_is_sent_and_what_both_networks_look_like(ends: Ends) -> None:
    """Every move of the plan appears by its id, with its lines, both networks' verdicts and how long it took."""
    end: End = ends.of("around")
    said = end.finished.out
    moves = [str(event.data["move"]) for event in found(end.events, Kind.MOVE_OPENED)]
    assert len(moves) == 8
    for move in moves:
        assert f"move {move} " in said
    assert said.count("primary PASS") >= 7  # the baseline, each change, each finished batch
    assert said.count("secondary PASS") == said.count("primary PASS")
    assert "p1 is sent (guard 120 s): router ospf 1 / max-metric router-lsa" in said
    assert said.count("confirmed after") == 6
    assert "COMPLETED (exit 0)" in said


def test_upgrade_with_a_lab_around_it_takes_the_lab_down(ends: Ends) -> None:
    """After a clean end no lab is left."""
    assert ends.of("around").lab_is_gone


def test_upgrade_saves_what_it_kept_on_every_touched_device(ends: Ends) -> None:
    """Every touched router would boot with what it runs, and runs its links at the new speed; nothing stays drained."""
    end: End = ends.of("inventory")
    assert (end.unsaved, end.slow, end.drained) == ((), (), ())
