"""The smallest site: two routers, one network, no nodes; the routers look at each other."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from safeshift.journal.events import Event, Kind
from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import DESCRIBE, Finished, found, play

pytestmark = pytest.mark.timeout(400)
HARMLESS = play(DESCRIBE, require="primary", verify="hold: 40s")


@dataclass(frozen=True)
class End:
    """How it ended, its journal, and which routers are not as before."""

    finished: Finished
    events: tuple[Event, ...]
    changed: tuple[str, ...]


def on_two_routers(verb: str, *faults: Fault) -> Scenario:
    """Play a command on the smallest site."""

    def scenario(stage: Stage) -> End:
        site = stage.site("duo", faults=faults)
        finished = site.safeshift(verb, site.playbook(HARMLESS))
        return End(finished, site.events() if verb == "run" else (), site.changed())

    return scenario


SCENARIOS = {
    "confirmed": on_two_routers("run"),
    "undone": on_two_routers("run", Fault(FaultKind.IGNORE, "b", match="description")),
    "check": on_two_routers("check"),
}


def test_two_routers_confirm_a_guarded_harmless_change(ends: Ends) -> None:
    """A description on both: guarded, watched by the routers' own pings, confirmed, saved."""
    end: End = ends.of("confirmed")
    assert end.finished.code == 0, end.finished.said
    assert end.changed == ("a", "b")
    confirmed = [event.data["device"] for event in found(end.events, Kind.INTENT) if event.data["act"] == "confirm"]
    assert confirmed == ["a", "b"]
    baseline = found(end.events, Kind.BASELINE)[0].data
    assert baseline["networks"] == {"primary": "PASS"}


def test_two_routers_are_as_before_when_the_change_is_undone(ends: Ends) -> None:
    """One router swallows its line: read-back sees it, and both are as they were; exit 4."""
    end: End = ends.of("undone")
    assert end.finished.code == 4, end.finished.said
    assert "b does not hold what was sent" in end.finished.out
    assert end.changed == ()


def test_check_of_one_network_says_what_cannot_be_judged(ends: Ends) -> None:
    """One network is legal; that nobody can then be seen to be isolated on all of them is said."""
    end: End = ends.of("check")
    assert end.finished.code == 0, end.finished.said
    assert "one network" in end.finished.out
    assert end.changed == ()
