"""An observer that cannot report is silent, never isolated: its partners testify, and the run goes on."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from safeshift.api import RunResult
from safeshift.engine.states import Final
from safeshift.journal.events import Event, Kind
from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DESCRIBE, found, play

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class End:
    """How the run ended, and which routers are not as before."""

    result: RunResult
    changed: tuple[str, ...]


def cut_off_while_it_watches(stage: Stage) -> End:
    """The SSH of m1 is cut when the watch of a move begins, and comes back only as the move is confirmed."""
    site = stage.site()
    at = {
        "intent watch": lambda: site.lab.inject(Fault(FaultKind.CUT_MANAGEMENT, "m1")),
        "intent confirm": lambda: site.lab.clear("m1"),
    }
    result = site.run(play(DESCRIBE, verify="settle: 5s, hold: 30s"), at=at)
    return End(result, site.changed())


SCENARIOS = {"cut": cut_off_while_it_watches}


def measured(end: End, act: str) -> Event:
    """Return what the gate saw when it ruled on a wait."""
    return next(event for event in found(end.result.events, Kind.MEASURED) if event.data["act"] == act)


def test_run_goes_on_when_the_ssh_of_a_node_is_cut(ends: Ends) -> None:
    """Through the whole watch nobody hears m1; m2 still asks it on both networks: COMPLETED, exit 0."""
    end: End = ends.of("cut")
    assert end.result.final is Final.COMPLETED, (end.result.reason, end.result.todo)
    assert (end.result.exit_code, end.changed) == (0, ("a", "b"))


def test_node_whose_ssh_is_cut_is_never_called_isolated(ends: Ends) -> None:
    """The verdict rests on what was asked of m1, none of it on m1's own words; no isolation was ever signalled."""
    end: End = ends.of("cut")
    seen = measured(end, "watch").data
    assert (seen["networks"], seen["isolated"]) == ({"primary": "PASS", "secondary": "PASS"}, [])
    nodes = seen["nodes"]
    assert isinstance(nodes, list)
    mine = [node for node in nodes if isinstance(node, dict) and node["node"] == "m1"]
    counts = [(node["network"], node["verdict"], node["outward"]["sent"], node["inward"]["sent"] > 0) for node in mine]
    assert counts == [("primary", "PASS", 0, True), ("secondary", "PASS", 0, True)]
    assert found(end.result.events, Kind.SIGNAL) == []
