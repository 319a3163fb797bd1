"""When the way forward is over: each part of a step has a clock of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safeshift.actions.base import MoveKind
from safeshift.engine.deadlines import Deadlines
from safeshift.engine.states import Act, Alarm, Cause, Effect, MoveOutline, Outline, Phase, State
from safeshift.planning.plan import Batch, Checks, Exposure, Move, Plan
from safeshift.platforms.base import GuardStyle

CHECKS = Checks(("primary",), deadline_s=4.0, freshness_s=2.0)
EXPOSURE = Exposure(20.0, "two routers")


def a_move(number: int, kind: MoveKind, **arguments: object) -> Move:
    """One step on p1."""
    return Move(
        f"1.1.{number}", 1, 1, "stage", f"step {number}", "x", kind, ("p1",), ("p1",), {"p1": arguments}, CHECKS
    )


MOVES = (
    a_move(1, MoveKind.CHANGE),
    a_move(2, MoveKind.PAUSE, duration=30.0),
    a_move(3, MoveKind.DRAINED, within=60.0),
    a_move(4, MoveKind.APPROVE, within=3600.0, message="go on?"),
    a_move(5, MoveKind.READ, commands=["show version"]),
    a_move(6, MoveKind.CHANGE),
)
PLAN = Plan("x.yml", "x.fabric.yml", ("primary",), (Batch(1, 1, "play", ("p1",), MOVES, CHECKS, exposure=EXPOSURE),))
OUTLINE = Outline((tuple(MoveOutline(move.kind, {"p1": GuardStyle.STAGED}) for move in MOVES),))


def deadlines(*exposed: str) -> Deadlines:
    """The clocks of a run that has not begun."""
    return Deadlines(PLAN, OUTLINE, frozenset(exposed))


def at(phase: Phase, move: int = 0) -> State:
    """A run that stands in one part of one step."""
    return replace(State(OUTLINE, phase), move=move)


@pytest.mark.parametrize(
    ("phase", "says"),
    [
        (Phase.CAPTURING, "'step 1': its devices were not read within its deadline"),
        (Phase.GUARDING, "'step 1': it was not sent and read back within its deadline"),
        (Phase.COMMITTING, "'step 1': it was not sent and read back within its deadline"),
        (Phase.CONFIRMING, "'step 1': it was not confirmed within its deadline"),
        (Phase.OBSERVING, "'step 1': the goal was not observed within its deadline"),
    ],
)
def test_each_part_of_a_change_that_talks_to_devices_has_the_deadline(phase: Phase, says: str) -> None:
    """Not overdue at the deadline, overdue behind it, with a sentence that names step and part."""
    clocks = deadlines()
    clocks.watch(at(phase), (), 100.0)
    assert clocks.overdue(at(phase), 104.0) is None
    assert clocks.overdue(at(phase), 104.1) == Alarm(Cause.DEADLINE, says)


@pytest.mark.parametrize(("move", "longest"), [(1, 34.0), (2, 64.0), (3, 3600.0), (4, 4.0)])
def test_a_wait_has_its_deadline_beside_what_it_was_told_to_wait(move: int, longest: float) -> None:
    """A pause of 30 s with a deadline of 4 s is overdue after 34 s, a read after 4; a person has what was told."""
    clocks, state = deadlines(), at(Phase.PERFORMING, move)
    clocks.watch(state, (), 0.0)
    assert clocks.overdue(state, longest) is None
    late = clocks.overdue(state, longest + 0.1)
    assert late is not None
    assert late.detail == f"'step {move + 1}': it was not done within its deadline"


def test_sending_and_reading_back_share_one_deadline_and_the_next_part_has_a_new_one() -> None:
    """Arming and committing are one part; a watch in between has none of its own."""
    clocks = deadlines()
    clocks.watch(at(Phase.GUARDING), (), 0.0)
    clocks.watch(at(Phase.COMMITTING), (), 3.0)
    assert clocks.overdue(at(Phase.COMMITTING), 4.1) is not None
    clocks.watch(at(Phase.WATCHING), (), 4.2)
    assert clocks.overdue(at(Phase.WATCHING), 1000.0) is None
    clocks.watch(at(Phase.CONFIRMING), (), 9.0)
    assert clocks.overdue(at(Phase.CONFIRMING), 12.9) is None


def test_an_undo_is_never_overdue() -> None:
    """Once the run goes back, nothing is given up because it takes long."""
    clocks, state = deadlines(), replace(at(Phase.UNWINDING), stop=Alarm(Cause.NETWORK, "why"))
    clocks.watch(at(Phase.COMMITTING), (), 0.0)
    clocks.watch(state, (), 1.0)
    assert clocks.overdue(state, 1e6) is None


def test_a_pass_that_is_no_longer_fresh_stops_the_arming() -> None:
    """What was seen to PASS 2 s ago must not let a change out later."""
    clocks = deadlines()
    clocks.watch(at(Phase.LOOKING), (), 0.0)
    clocks.looked(10.0)
    clocks.watch(at(Phase.GUARDING), (), 10.0)
    assert clocks.overdue(at(Phase.GUARDING), 12.0) is None
    late = clocks.overdue(at(Phase.GUARDING), 12.1)
    assert late is not None
    assert "no longer fresh" in late.detail
    assert clocks.overdue(at(Phase.COMMITTING), 12.1) is None


def test_exposure_runs_from_the_first_exposed_commit_until_one_that_is_not() -> None:
    """The play's longest time is counted over all exposed moves together."""
    clocks = deadlines("1.1.1")
    clocks.watch(at(Phase.COMMITTING), (Effect(Act.COMMIT, 0, "p1"),), 0.0)
    waiting = at(Phase.WATCHING)
    clocks.watch(waiting, (), 1.0)
    assert clocks.overdue(waiting, 20.0) is None
    assert clocks.overdue(waiting, 20.1) == Alarm(Cause.EXPOSURE, "the play's longest exposure is over")
    clocks.watch(at(Phase.COMMITTING, 5), (Effect(Act.COMMIT, 5, "p1"),), 15.0)
    clocks.watch(at(Phase.WATCHING, 5), (), 16.0)
    assert clocks.overdue(at(Phase.WATCHING, 5), 1000.0) is None
