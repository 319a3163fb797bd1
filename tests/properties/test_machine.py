"""Random runs of long plans: whatever comes back and whenever an alarm sounds, the machine keeps its promises."""

from __future__ import annotations

import copy
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from safeshift.actions.base import MoveKind
from safeshift.engine import machine
from safeshift.engine.states import (
    UNDOING,
    Act,
    Alarm,
    Came,
    Cause,
    Effect,
    Event,
    Final,
    MoveOutline,
    Outcome,
    Outline,
    Phase,
    Stage,
    State,
)
from safeshift.planning.plan import WAVE
from safeshift.platforms.base import GuardStyle
from tests.unit.engine.walking import Walk

DEVICES = ("p1", "p2", "s1", "l1", "l2", "l3", "l4", "l5")
TRIES = 12  # undos and looks on one device in one move, at most (tests/unit/engine/test_unwind.py)
FORWARD = 8  # effects on one device in one move and in its save, on the way forward, and the move's own

changes = st.dictionaries(st.sampled_from(DEVICES), st.sampled_from(GuardStyle), min_size=1).map(
    lambda guards: MoveOutline(MoveKind.CHANGE, guards)
)
looks = st.sampled_from([kind for kind in MoveKind if kind is not MoveKind.CHANGE]).map(MoveOutline)
outlines = st.lists(
    st.lists(st.one_of(changes, changes, looks), min_size=1, max_size=4).map(tuple), min_size=1, max_size=4
).map(lambda batches: Outline(tuple(batches)))
seeds = st.integers(0, 2**32)  # of chance inside one run: long runs would exceed what hypothesis draws for one example
MOSTLY_DONE = (Outcome.DONE,) * 30 + (Outcome.FAILED, Outcome.UNKNOWN)


def _needed(chance: Random, state: State, effect: Effect) -> tuple[str, ...]:
    if effect.act is not Act.CAPTURE:
        return ()
    devices = tuple(state.outline.moves[effect.move].guards)
    return devices if chance.random() < 0.7 else tuple(device for device in devices if chance.random() < 0.5)


def _next(chance: Random, state: State) -> Event:
    if state.stop is None and chance.random() < 0.005:
        return Alarm(chance.choice(list(Cause)), "an alarm")
    effect = chance.choice(sorted(state.flying, key=lambda effect: (effect.act.value, effect.move, effect.device)))
    outcome = chance.choice(MOSTLY_DONE if state.stop is None else tuple(Outcome))
    return Came(effect, outcome, "it said so", _needed(chance, state, effect))


@settings(max_examples=400, deadline=None)
@given(shape=outlines, seed=seeds)
def test_any_run_of_any_plan_ends_and_breaks_no_invariant(shape: Outline, seed: int) -> None:
    """A run always ends, within a bound that follows from the plan's size, and its journal keeps every invariant."""
    walk, chance = Walk(shape), Random(seed)
    size = sum(1 + len(move.guards) for move in shape.moves)
    steps = 0
    while walk.state.phase is not Phase.ENDED:
        assert walk.state.flying, "a run that has not ended waits for something"
        walk.tell(_next(chance, walk.state))
        steps += 1
        assert steps <= size * (TRIES + FORWARD)
    assert walk.broken() == ()
    assert walk.most <= WAVE
    stages = {one.stage for devices in walk.state.standing.values() for one in devices.values()}
    match walk.state.final:
        case Final.COMPLETED:
            assert walk.state.safe == len(shape.moves) and walk.state.stop is None
        case Final.ROLLED_BACK:
            assert stages <= {Stage.RESTORED, Stage.CLEAN} and not walk.state.unsettled
        case Final.NEEDS_OPERATOR:
            assert walk.state.unsettled
        case _:
            assert not walk.state.sent


@settings(max_examples=150, deadline=None)
@given(shape=outlines, seed=seeds)
def test_step_is_pure_and_never_goes_forward_after_a_stop(shape: Outline, seed: int) -> None:
    """The same state and event give the same, the state taken in is left as it was, and a stop is final."""
    state, chance = machine.start(shape)[0], Random(seed)
    for _ in range(200):
        if state.phase is Phase.ENDED:
            break
        event, kept = _next(chance, state), copy.deepcopy(state)
        once, again = machine.step(state, event), machine.step(kept, event)
        assert once == again
        assert state == kept
        if state.stop is not None:
            assert {effect.act for effect in once[1]} <= UNDOING
            assert once[0].stop == state.stop
        state = once[0]


@settings(max_examples=150, deadline=None)
@given(shape=outlines, seed=seeds)
def test_run_in_which_all_goes_well_is_completed(shape: Outline, seed: int) -> None:
    """When every act is DONE, in whatever order they come back, the plan ends COMPLETED and each device is saved."""
    walk, chance = Walk(shape), Random(seed)
    while walk.state.phase is not Phase.ENDED:
        walk.answer(chance.choice(walk.in_order()))
    assert walk.state.final is Final.COMPLETED
    touched = {device for move in shape.moves for device in move.guards}
    assert {device for _, _, device in walk.acts(Act.SAVE)} == touched
    assert walk.acts(*UNDOING) == []
    assert walk.broken() == ()
