"""Every state that the machine can reach for small plans, whatever each effect does."""

from __future__ import annotations

import pytest

from safeshift.engine.states import Cause, Final, Outline, Phase, Stage
from tests.unit.engine.exploration import Visit, explore
from tests.unit.engine.outlines import NONE, PAUSE, STAGED, TIMER, change, outline

BOTH = change(p1=STAGED, l1=TIMER)
BY_HISTORY: dict[str, Outline] = {
    "one move on two devices": outline((BOTH,)),
    "one move, one device without a guard": outline((change(p1=TIMER, l1=NONE),)),
    "two batches on one device": outline((change(p1=TIMER),), (change(p1=TIMER),)),
    "two moves on two devices": outline((change(p1=STAGED), change(l1=TIMER))),
    "a pause and a move": outline((PAUSE, change(p1=STAGED), PAUSE)),
}
BY_STATE: dict[str, Outline] = {"two moves on the same two devices": outline((BOTH, BOTH))}


@pytest.fixture(scope="module", params=[*BY_HISTORY, *BY_STATE])
def visits(request: pytest.FixtureRequest) -> list[Visit]:
    """All reachable places of a small plan."""
    shape = {**BY_HISTORY, **BY_STATE}[request.param]
    return list(explore(shape, by_history=request.param in BY_HISTORY))


def test_machine_in_every_reachable_state_keeps_every_invariant(visits: list[Visit]) -> None:
    """No sequence of successes, failures, doubts, alarms and lost acts breaks an invariant."""
    broken = [visit for visit in visits if visit.broken]
    assert not broken, broken[0].told()
    assert len(visits) > 300


def test_machine_in_every_reachable_state_has_something_under_way(visits: list[Visit]) -> None:
    """A run that has not ended always waits for something: it can never stand still in between."""
    stuck = [visit.told() for visit in visits if visit.state.phase is not Phase.ENDED and not visit.state.flying]
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
