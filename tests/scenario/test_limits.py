"""What a live run does when a limit that its play sets is over: the longest exposure, traffic that has not left."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from safeshift.api import RunResult
from safeshift.engine.states import Final
from safeshift.errors import ExitCode
from safeshift.journal.events import Kind
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import DESCRIBE, found, play

pytestmark = pytest.mark.timeout(400)
EXPOSED = play(
    """
    - {name: Drain, drain: {}}
    - {name: Linger, pause: 20s}
    - {name: Undrain, undrain: {}}
    """,
    hosts="s",
    more="exposure: {max: 5s, reason: a test}",
)
NEVER_LEFT = play(DESCRIBE + "- {name: Drained, wait_drained: {below: 1%, within: 2s}}\n", hosts="a")


@dataclass(frozen=True)
class End:
    """How a run ended, and which routers are not as before."""

    result: RunResult
    changed: tuple[str, ...]


def playing(text: str) -> Scenario:
    """Return the scenario of a play."""

    def scenario(stage: Stage) -> End:
        site = stage.site()
        return End(site.run(text), site.changed())

    return scenario


SCENARIOS = {"exposed": playing(EXPOSED), "never_left": playing(NEVER_LEFT)}


def test_run_whose_longest_exposure_is_over_is_undone(ends: Ends) -> None:
    """Exposed for 5 s and then paused for longer: it is undone in the midst of the pause, for that cause; exit 4."""
    end: End = ends.of("exposed")
    assert end.result.final is Final.ROLLED_BACK, (end.result.reason, end.result.refusal)
    assert (end.result.exit_code, end.result.todo, end.changed) == (ExitCode.ROLLED_BACK, (), ())
    opened = [event.data["move"] for event in found(end.result.events, Kind.MOVE_OPENED)]
    assert opened == ["1.1.1", "1.1.2"]
    assert found(end.result.events, Kind.SIGNAL)[0].data["cause"] == "exposure"
    unwound = found(end.result.events, Kind.UNWIND_OPENED)[0].data
    assert (unwound["cause"], unwound["moves"]) == ("exposure", ["1.1.1"])
    assert "longest exposure is over" in end.result.reason


def test_run_whose_traffic_does_not_leave_is_undone(ends: Ends) -> None:
    """Nothing was drained: the wait fails, names the interface and its share, and what was done before is undone."""
    end: End = ends.of("never_left")
    assert end.result.final is Final.ROLLED_BACK, (end.result.reason, end.result.refusal)
    assert (end.result.exit_code, end.result.todo, end.changed) == (ExitCode.ROLLED_BACK, (), ())
    assert found(end.result.events, Kind.UNWIND_OPENED)[0].data["moves"] == ["1.1.1"]
    assert "traffic has not left: a Ethernet1 4 Gbit/s (10 %)" in end.result.reason
