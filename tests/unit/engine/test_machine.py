"""The way of a run through the machine, where the exhaustive walk is too small to reach."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safeshift.actions.base import MoveKind
from safeshift.engine import machine
from safeshift.engine.states import (
    UNDOING,
    Act,
    Alarm,
    Came,
    Cause,
    Effect,
    Final,
    MoveOutline,
    Outcome,
    Phase,
    Stage,
)
from safeshift.journal.events import Kind
from safeshift.planning.plan import WAVE
from tests.unit.engine.outlines import NONE, PAUSE, STAGED, TIMER, change, outline
from tests.unit.engine.walking import Walk

EIGHT = change(**{f"d{number}": STAGED if number % 2 else TIMER for number in range(8)})
THREE_BATCHES = outline(
    (change(p1=STAGED), PAUSE, change(p1=STAGED)), (change(p2=TIMER),), (change(s1=NONE), change(s1=NONE))
)


def _kinds(walk: Walk, *wanted: Kind) -> list[tuple[Kind, object]]:
    return [(kind, data.get("move", data.get("batch"))) for kind, data in walk.journal if kind in wanted]


def test_run_of_three_batches_ends_completed() -> None:
    """Every batch is soaked, observed and saved before the next one begins; the journal keeps every invariant."""
    walk = Walk(THREE_BATCHES)
    assert walk.finish().final is Final.COMPLETED
    ends = walk.acts(Act.SOAK, Act.OBSERVE, Act.SAVE, Act.CAPTURE)
    assert ends == [
        (Act.CAPTURE, 0, ""), (Act.CAPTURE, 2, ""), (Act.SOAK, 2, ""), (Act.OBSERVE, 2, ""), (Act.SAVE, 2, "p1"),
        (Act.CAPTURE, 3, ""), (Act.SOAK, 3, ""), (Act.OBSERVE, 3, ""), (Act.SAVE, 3, "p2"),
        (Act.CAPTURE, 4, ""), (Act.CAPTURE, 5, ""), (Act.SOAK, 5, ""), (Act.OBSERVE, 5, ""), (Act.SAVE, 5, "s1"),
    ]  # fmt: skip
    assert _kinds(walk, Kind.SAFE_POINT) == [(Kind.SAFE_POINT, batch) for batch in range(3)]


def test_run_stopped_in_the_third_batch_goes_back_to_the_second_safe_point() -> None:
    """What passed its gate and its soak stays; only what came after the last safe point is undone."""
    walk = Walk(THREE_BATCHES).until(Act.WATCH, move=5)
    walk.stop()
    assert walk.finish().final is Final.ROLLED_BACK
    assert walk.acts(Act.UNDO, Act.ABORT, Act.REVERT) == [(Act.UNDO, 5, "s1"), (Act.UNDO, 4, "s1")]


def test_unwind_over_moves_goes_newest_first_and_waits_for_each_move() -> None:
    """An older move is touched only when every device of the newer one is settled."""
    walk = Walk(outline((change(p1=STAGED, l1=TIMER), change(l1=TIMER), change(p2=NONE)))).until(Act.WATCH, move=2)
    walk.stop()
    assert walk.finish().final is Final.ROLLED_BACK
    undone = [move for act, move, _ in walk.acts(*UNDOING) if act is not Act.PROVE]
    assert undone == sorted(undone, reverse=True)
    assert walk.acts(Act.UNDO) == [(Act.UNDO, 2, "p2"), (Act.UNDO, 1, "l1"), (Act.UNDO, 0, "p1"), (Act.UNDO, 0, "l1")]


def test_unwind_goes_on_although_one_device_cannot_be_undone() -> None:
    """A device that is given up does not keep the older moves from being undone; the end names it."""
    walk = Walk(outline((change(p1=STAGED), change(p2=NONE)))).until(Act.WATCH, move=1)
    walk.stop()
    while walk.state.phase is not Phase.ENDED:
        effect = walk.in_order()[0]
        walk.answer(effect, Outcome.FAILED if effect.device == "p2" else Outcome.DONE)
    assert walk.state.final is Final.NEEDS_OPERATOR
    assert ["p2" in sentence for sentence in walk.state.unsettled] == [True]
    assert walk.state.at("p1", 0).stage is Stage.RESTORED
    assert walk.broken() == ()


def test_move_on_eight_devices_has_never_more_than_six_commits_in_flight() -> None:
    """A wave is full, and the next one begins when all of it is read back; in plan order."""
    walk = Walk(outline((EIGHT,))).until(Act.COMMIT)
    assert [e.device for e in walk.in_order()] == [f"d{number}" for number in range(WAVE)]
    walk.answer(walk.flying(Act.COMMIT, "d3"))
    walk.answer(walk.flying(Act.READ_BACK, "d3"))
    assert {e.device for e in walk.state.flying} == {"d0", "d1", "d2", "d4", "d5"}
    for device in ("d0", "d1", "d2", "d4", "d5"):
        walk.answer(walk.flying(Act.COMMIT, device))
        walk.answer(walk.flying(Act.READ_BACK, device))
    assert {e.device for e in walk.state.flying} == {"d6", "d7"}
    assert walk.finish().final is Final.COMPLETED
    assert walk.most == WAVE


def test_move_on_eight_devices_stops_the_window_when_one_commit_is_refused() -> None:
    """After a refusal no further device is sent the change; those in flight are waited for, then undone."""
    walk = Walk(outline((EIGHT,))).until(Act.COMMIT)
    walk.answer(walk.flying(Act.COMMIT, "d0"), Outcome.FAILED)
    assert {e.device for e in walk.state.flying if e.act is Act.COMMIT} == {"d1", "d2", "d3", "d4", "d5"}
    assert walk.finish().final is Final.ROLLED_BACK
    assert not [device for _, _, device in walk.acts(Act.COMMIT) if device in ("d6", "d7")]
    assert {stage.stage for stage in walk.state.standing[0].values()} == {Stage.RESTORED}


def test_confirms_come_in_plan_order_one_after_the_other() -> None:
    """A confirm is sent when the one before was acknowledged; a device without a guard needs none."""
    walk = Walk(outline((change(z9=TIMER, a1=STAGED, m5=NONE, b2=TIMER),))).until(Act.CONFIRM)
    seen = []
    while any(e.act is Act.CONFIRM for e in walk.state.flying):
        (effect,) = walk.state.flying
        seen.append(effect.device)
        walk.answer(effect)
    assert seen == ["z9", "a1", "b2"]
    assert walk.finish().final is Final.COMPLETED


def test_confirm_that_is_refused_unwinds_those_confirmed_by_inverse_lines() -> None:
    """The first device was confirmed and goes back by its inverse; the one still pending is aborted."""
    walk = Walk(outline((change(p1=STAGED, p2=STAGED),))).until(Act.CONFIRM)
    walk.answer(walk.flying(Act.CONFIRM, "p1"))
    walk.answer(walk.flying(Act.CONFIRM, "p2"), Outcome.FAILED)
    assert walk.finish().final is Final.ROLLED_BACK
    assert walk.acts(Act.UNDO, Act.ABORT) == [(Act.UNDO, 0, "p1"), (Act.ABORT, 0, "p2")]


def test_confirm_that_ends_after_the_stop_counts_as_confirmed() -> None:
    """What an alarm overtakes in flight is taken for what it became, so that the right undo is chosen."""
    walk = Walk(outline((change(p1=STAGED),))).until(Act.CONFIRM)
    walk.stop(Cause.ISOLATION)
    assert walk.acts(*UNDOING) == []
    walk.answer(walk.flying(Act.CONFIRM))
    assert walk.acts(*UNDOING) == [(Act.UNDO, 0, "p1")]
    assert walk.finish().final is Final.ROLLED_BACK


def test_move_with_nothing_needed_sends_nothing() -> None:
    """What is already true is not sent again: no guard, no watch, no soak, no save."""
    walk = Walk(outline((change(p1=STAGED),)))
    walk.answer(walk.flying(Act.CAPTURE), needed=())
    assert walk.finish().final is Final.COMPLETED
    assert [act for act, _, _ in walk.acts(*Act)] == [Act.CAPTURE, Act.OBSERVE]
    assert _kinds(walk, Kind.MOVE_SKIPPED, Kind.MOVE_CONFIRMED) == [(Kind.MOVE_SKIPPED, "1.1.1")]
    assert not walk.state.sent


def test_move_with_one_device_needed_leaves_the_other_alone() -> None:
    """Only the device that differs is guarded, changed, confirmed and saved."""
    walk = Walk(outline((change(p1=STAGED, p2=TIMER),)))
    walk.answer(walk.flying(Act.CAPTURE), needed=("p2",))
    assert walk.finish().final is Final.COMPLETED
    assert {device for _, _, device in walk.acts(*Act)} == {"", "p2"}


@pytest.mark.parametrize("kind", [kind for kind in MoveKind if kind is not MoveKind.CHANGE])
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
def test_move_that_only_looks_and_does_not_succeed_undoes_what_was_before(kind: MoveKind, outcome: Outcome) -> None:
    """A read, wait, question or assertion that fails, or may have failed, stops the run like any other step."""
    walk = Walk(outline((change(p1=STAGED), MoveOutline(kind)))).until(Act.PERFORM)
    walk.answer(walk.flying(Act.PERFORM), outcome)
    assert walk.finish().final is Final.ROLLED_BACK
    assert walk.acts(Act.UNDO) == [(Act.UNDO, 0, "p1")]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
def test_save_that_does_not_succeed_needs_an_operator_and_stops_the_next_batch(outcome: Outcome) -> None:
    """What runs is as wanted but would not outlive a reboot: the device is named, the next batch is not begun."""
    walk = Walk(outline((change(p1=STAGED, p2=STAGED),), (change(s1=STAGED),))).until(Act.SAVE)
    walk.answer(walk.flying(Act.SAVE, "p1"), outcome)
    assert walk.finish().final is Final.NEEDS_OPERATOR
    assert [sentence.partition(":")[0] for sentence in walk.state.unsettled] == ["p1"]
    assert walk.acts(Act.CAPTURE) == [(Act.CAPTURE, 0, "")]
    assert walk.acts(Act.UNDO, Act.ABORT) == []


def test_save_that_ends_after_a_stop_is_still_told() -> None:
    """An alarm while saving does not lose the news that a device was not saved."""
    walk = Walk(outline((change(p1=STAGED, p2=STAGED),))).until(Act.SAVE)
    walk.stop()
    walk.answer(walk.flying(Act.SAVE, "p1"), Outcome.FAILED)
    assert walk.finish().final is Final.NEEDS_OPERATOR
    assert [sentence.partition(":")[0] for sentence in walk.state.unsettled] == ["p1"]


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize(
    "act",
    [Act.CAPTURE, Act.LOOK, Act.ARM, Act.STAGE, Act.COMMIT, Act.READ_BACK, Act.WATCH, Act.CONFIRM, Act.PERFORM,
     Act.SOAK, Act.OBSERVE, Act.SAVE],
)  # fmt: skip
def test_alarm_in_every_phase_ends_with_everything_restored(act: Act, cause: Cause) -> None:
    """Whichever act is under way when the alarm sounds, nothing goes forward any more and all is undone and proven."""
    walk = Walk(outline((PAUSE, change(p1=STAGED, p2=TIMER, s1=NONE), PAUSE))).until(act)
    asked, sent = len(walk.asked), walk.state.sent
    walk.stop(cause)
    if act is Act.SAVE:  # all is done and kept: only the last saves are under way, and nothing can be undone
        final = Final.COMPLETED if cause is Cause.INTERRUPT else Final.NEEDS_OPERATOR
        assert walk.finish().final is final
        assert not walk.state.unsettled or "complete and kept" in walk.state.unsettled[0]
        return
    assert walk.finish().final is (Final.ROLLED_BACK if sent else Final.REFUSED)
    assert {effect.act for effect in walk.asked[asked:]} <= UNDOING
    stages = {one.stage for devices in walk.state.standing.values() for one in devices.values()}
    assert stages <= {Stage.RESTORED, Stage.CLEAN}
    assert walk.state.stop == Alarm(cause, "somebody said stop")


def test_second_alarm_changes_nothing() -> None:
    """The first cause is the one that is told, and an unwind is not begun twice."""
    walk = Walk(outline((change(p1=STAGED),))).until(Act.WATCH)
    once = walk.stop(Cause.EXPOSURE)
    assert machine.step(once, Alarm(Cause.ISOLATION, "later")) == (once, ())


def test_event_after_the_end_or_of_a_wait_called_off_changes_nothing() -> None:
    """An event that does not fit is ignored, whatever it says."""
    walk = Walk(outline((change(p1=STAGED),))).until(Act.WATCH)
    watch = walk.flying(Act.WATCH)
    stopped = walk.stop()
    assert machine.step(stopped, Came(watch, Outcome.DONE)) == (stopped, ())
    ended = walk.finish()
    for event in (Alarm(Cause.ISOLATION), Came(Effect(Act.PROVE, 0), Outcome.FAILED)):
        assert machine.step(ended, event) == (ended, ())


def test_gate_that_fails_hands_on_its_cause() -> None:
    """A watch that ended for isolation stops the run for isolation, so that the exit and the report say so."""
    walk = Walk(outline((change(p1=STAGED),))).until(Act.WATCH)
    walk.tell(Came(walk.flying(Act.WATCH), Outcome.FAILED, "n1 is isolated", cause=Cause.ISOLATION))
    assert walk.finish().stop == Alarm(Cause.ISOLATION, "n1 is isolated")


def test_networks_that_do_not_pass_again_need_an_operator() -> None:
    """Everything is restored, and yet the site is not well: that is not a clean rollback."""
    for outcome in (Outcome.FAILED, Outcome.UNKNOWN):
        walk = Walk(outline((change(p1=STAGED),))).until(Act.WATCH)
        walk.stop()
        walk.until(Act.PROVE).answer(walk.flying(Act.PROVE), outcome)
        assert walk.state.final is Final.NEEDS_OPERATOR
        assert walk.broken() == ()


def test_plan_without_moves_is_completed_at_once() -> None:
    """Nothing to do is done."""
    state, effects = machine.start(outline())
    assert (state.final, effects) == (Final.COMPLETED, ())


def test_outline_knows_the_batch_of_each_move() -> None:
    """Moves are numbered through all batches; an index beyond the last is refused."""
    shape = THREE_BATCHES
    assert [shape.batch_of(move) for move in range(6)] == [0, 0, 0, 1, 2, 2]
    assert [move for move in range(6) if shape.ends_batch(move)] == [2, 3, 5]
    with pytest.raises(IndexError):
        shape.batch_of(6)


def test_state_is_not_changed_by_what_is_derived_from_it() -> None:
    """Deriving a state leaves the one it came from as it was."""
    walk = Walk(outline((change(p1=STAGED),))).until(Act.COMMIT)
    before = walk.state
    kept = replace(before, standing={move: dict(devices) for move, devices in before.standing.items()})
    walk.stop()
    assert before == kept
