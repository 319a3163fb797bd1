"""What a live run does when a limit that its play sets is over: the longest exposure, traffic that has not left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from safeshift.journal.events import Event, Json, Kind
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import DESCRIBE, Finished, found, play

pytestmark = pytest.mark.timeout(400)
EXPOSED = play(
    """
    - {name: Shift, shift: {to: primary}}
    - {name: Linger, pause: 20s}
    - {name: Unshift, unshift: {}}
    """,
    hosts="p1",
    verify="hold: 40s",
    more="exposure: {max: 5s, reason: a test}",
)
NEVER_LEFT = play(DESCRIBE + "- {name: Drained, wait_drained: {below: 1%, within: 2s}}\n", hosts="a")


@dataclass(frozen=True)
class End:
    """How a run ended, its journal, and which routers are not as before."""

    finished: Finished
    events: tuple[Event, ...]
    changed: tuple[str, ...]

    @property
    def closed(self) -> Mapping[str, Json]:
        return found(self.events, Kind.RUN_CLOSED)[0].data

    @property
    def unwound(self) -> Mapping[str, Json]:
        return found(self.events, Kind.UNWIND_OPENED)[0].data


def playing(text: str, which: str) -> Scenario:
    """Return the scenario of a play on a site."""

    def scenario(stage: Stage) -> End:
        site = stage.site(which)
        finished = site.safeshift("run", site.playbook(text))
        return End(finished, site.events(), site.changed())

    return scenario


SCENARIOS = {"exposed": playing(EXPOSED, "dc1"), "never_left": playing(NEVER_LEFT, "trio")}


def test_run_whose_longest_exposure_is_over_is_undone(ends: Ends) -> None:
    """Exposed for 5 s and then paused for longer: it is undone in the midst of the pause, for that cause; exit 4."""
    end: End = ends.of("exposed")
    assert end.finished.code == 4, end.finished.said
    assert (end.closed["state"], end.closed["todo"], end.changed) == ("ROLLED_BACK", [], ())
    assert [event.data["move"] for event in found(end.events, Kind.MOVE_OPENED)] == ["1.1.1", "1.1.2"]
    assert (end.unwound["cause"], end.unwound["moves"]) == ("exposure", ["1.1.1"])
    assert "longest exposure is over" in str(end.closed["reason"])


def test_run_whose_traffic_does_not_leave_is_undone(ends: Ends) -> None:
    """Nothing was drained: the wait fails, names the interface and its share, and what was done before is undone."""
    end: End = ends.of("never_left")
    assert end.finished.code == 4, end.finished.said
    assert (end.closed["state"], end.closed["todo"], end.changed) == ("ROLLED_BACK", [], ())
    assert end.unwound["moves"] == ["1.1.1"]
    busy = r"traffic has not left: a Ethernet1 \d[\d.]* Gbit/s \(\d[\d.]* %\)"
    assert re.fullmatch(busy, str(end.closed["reason"]))
    assert re.search(busy, end.finished.out)
