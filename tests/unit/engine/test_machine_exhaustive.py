"""Every state that the machine can reach for small plans, whatever each effect does: succeed, fail, stay unknown.

Effects that never come back are walked apart (``stalling.py``, which says what ends each of them in the shell).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from safeshift.engine import machine
from safeshift.engine.states import Act, Alarm, Cause, Effect, Final, Outline, Phase, Stage, State
from tests.unit.engine.exploration import Visit, explore, happenings, machine_place
from tests.unit.engine.outlines import NONE, PAUSE, STAGED, TIMER, change, outline
from tests.unit.engine.stalling import Stall, broken_by, stalls

BOTH = change(p1=STAGED, l1=TIMER)
BY_HISTORY: dict[str, Outline] = {
    "one move on two devices": outline((BOTH,)),
    "one move, one device without a guard": outline((change(p1=TIMER, l1=NONE),)),
    "two batches on one device": outline((change(p1=TIMER),), (change(p1=TIMER),)),
    "two moves on two devices": outline((change(p1=STAGED), change(l1=TIMER))),
    "a pause and a move": outline((PAUSE, change(p1=STAGED), PAUSE)),
}
BY_STATE: dict[str, Outline] = {"two moves on the same two devices": outline((BOTH, BOTH))}


PLANS = {**BY_HISTORY, **BY_STATE}


@pytest.fixture(scope="module", params=PLANS)
def visits(request: pytest.FixtureRequest) -> list[Visit]:
    """All reachable places of a small plan."""
    return list(explore(PLANS[request.param], by_history=request.param in BY_HISTORY))


@pytest.fixture(scope="module", params=PLANS)
def lost(request: pytest.FixtureRequest) -> list[Stall]:
    """All places of a small plan that can be reached without one effect, which never comes back."""
    return list(stalls(PLANS[request.param]))


def test_machine_in_every_reachable_state_keeps_every_invariant(visits: list[Visit]) -> None:
    """No sequence of successes, failures, doubts and alarms of any cause, at any place, breaks an invariant."""
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
            assert stages <= {Stage.RESTORED, Stage.CLEAN}


def test_machine_that_is_stopped_before_anything_was_sent_refuses(visits: list[Visit]) -> None:
    """What is seen before the first line is somebody else's: nothing is sent, nothing is undone."""
    unsent = [visit.state for visit in visits if visit.state.stop is not None and not visit.state.sent]
    assert unsent
    assert {state.final for state in unsent} == {Final.REFUSED}


def test_alarm_of_any_cause_at_any_place_stops_the_run_alike(visits: list[Visit]) -> None:
    """Only an interrupt while nothing but the last saves is under way comes too late; every other stops the run."""
    for state in _machine_places(visits):
        if state.stop is None and state.phase is not Phase.ENDED:
            found = {cause: machine.step(state, Alarm(cause)) for cause in Cause}
            last = state.phase is Phase.SAVING and state.move + 1 == len(state.outline.moves)
            if last:
                assert found.pop(Cause.INTERRUPT) == (state, ())
            assert {after.stop.cause for after, _ in found.values() if after.stop} == set(found)
            assert all(_but_for_cause(step) == _but_for_cause(found[Cause.ISOLATION]) for step in found.values())


def test_machine_never_asks_why_a_run_was_stopped(visits: list[Visit]) -> None:
    """Every run is undone in the same way whatever stopped it, so that one cause stands for all in the exploration."""
    unreadable = Alarm.__new__(Alarm)  # has neither cause nor detail: whoever reads them raises
    for state in _machine_places(visits):
        for event in happenings(state) if state.stop else ():
            after, _ = machine.step(replace(state, stop=unreadable), event)
            assert after.stop is unreadable


def _machine_places(visits: list[Visit]) -> Iterator[State]:
    """Each state once that the machine itself tells apart."""
    yield from {machine_place(visit.state): visit.state for visit in visits}.values()


def _but_for_cause(step: tuple[State, tuple[Effect, ...]]) -> tuple[State, tuple[Effect, ...]]:
    return replace(step[0], stop=None), step[1]


def test_effect_that_never_comes_back_holds_up_no_other_device(lost: list[Stall]) -> None:
    """Nothing goes forward beside it, all others are undone in its move and those after it, its deadline leads on."""
    broken = [(stall, sentence) for stall in lost for sentence in broken_by(stall)]
    assert broken == []
    assert any(stall.at_rest for stall in lost)


def test_every_act_can_be_the_one_that_never_comes_back() -> None:
    """The walk without one effect leaves no act out, neither of the way forward nor of the way back."""
    plans = PLANS["two moves on two devices"], PLANS["a pause and a move"]
    assert {stall.lost.act for plan in plans for stall in stalls(plan)} == set(Act)
