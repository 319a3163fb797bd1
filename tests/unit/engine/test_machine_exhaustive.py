"""Every state that the machine can reach for two moves on two devices, whatever each effect does."""

from __future__ import annotations

import pytest
from safeshift.actions.base import MoveKind
from safeshift.engine.invariants import check
from safeshift.engine.states import Cause, Final, MoveOutline, Outline, Phase, Stage
from safeshift.platforms.base import GuardStyle

from tests.unit.engine.exploration import Visit, entries, explore

STYLES = {
    "staged and revert timer": (GuardStyle.STAGED, GuardStyle.REVERT_TIMER),
    "staged and none": (GuardStyle.STAGED, GuardStyle.NONE),
}


def _visits(styles: tuple[GuardStyle, GuardStyle]) -> list[Visit]:
    move = MoveOutline(MoveKind.CHANGE, dict(zip(("p1", "l1"), styles, strict=True)))
    return list(explore(Outline(((move, move),))))


@pytest.fixture(scope="module", params=STYLES.values(), ids=STYLES.keys())
def visits(request: pytest.FixtureRequest) -> list[Visit]:
    """All reachable states of a two-move, two-device plan."""
    return _visits(request.param)


def test_machine_in_every_reachable_state_keeps_every_invariant(visits: list[Visit]) -> None:
    """No sequence of successes, failures, doubts, alarms and lost acts breaks an invariant."""
    broken = [(violation, visit.journal) for visit in visits for violation in check(entries(visit))]
    assert not broken, f"{broken[0][0]}\n" + "\n".join(map(str, broken[0][1]))
    assert len(visits) > 1000


def test_machine_in_every_reachable_state_has_something_under_way(visits: list[Visit]) -> None:
    """A run that has not ended always waits for something: it can never stand still in between."""
    stuck = [visit for visit in visits if visit.state.phase is not Phase.ENDED and not visit.state.flying]
    assert stuck == []


def test_machine_can_reach_every_end(visits: list[Visit]) -> None:
    """All four ends are reachable, so none of the other tests passes for want of cases."""
    assert {visit.state.final for visit in visits} == {*Final, None}


def test_machine_that_ends_rolled_back_has_restored_every_device(visits: list[Visit]) -> None:
    """ROLLED_BACK is said only when each touched device was proven to be as it was."""
    for visit in visits:
        if visit.state.final is Final.ROLLED_BACK:
            stages = {one.stage for devices in visit.state.standing.values() for one in devices.values()}
            assert stages <= {Stage.RESTORED}


def test_machine_that_sees_isolation_before_anything_was_sent_refuses(visits: list[Visit]) -> None:
    """Isolation seen before the first line is somebody else's: nothing is sent, nothing is undone."""
    for visit in visits:
        stop = visit.state.stop
        if stop is not None and stop.cause is Cause.ISOLATION and not visit.state.sent:
            assert visit.state.final is Final.REFUSED
