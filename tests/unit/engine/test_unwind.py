"""What is tried on one device to undo a move: every chain of tries, whatever each of them brings."""

from __future__ import annotations

import pytest

from safeshift.engine.states import Act, Outcome, Stage, Standing
from safeshift.engine.unwind import next_undo
from safeshift.platforms.base import GuardStyle
from tests.unit.engine.chains import Chain, chains, given_up_too_early

ALL = tuple(chains(next_undo))
DONE, FAILED, UNKNOWN = Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN
CHECK = Act.CHECK_RESTORED
RESTORED, UNSETTLED = Stage.RESTORED, Stage.UNSETTLED


def test_undo_always_ends_restored_or_unsettled() -> None:
    """Whatever happens to a device, it is settled after a bounded number of tries."""
    assert {chain.end for chain in ALL} == {RESTORED, UNSETTLED}
    assert max(len(chain.tried) for chain in ALL) <= 12


def test_undo_says_restored_only_of_a_device_that_was_read_and_is_equal() -> None:
    """The last look at a device that counts as restored found it as it was."""
    assert [chain for chain in ALL if chain.end is RESTORED and chain.last(CHECK) is not DONE] == []


def test_undo_sends_nothing_after_the_look_that_proved_it_but_dropping_the_guard() -> None:
    """What was proven equal is not touched again; a timer is stopped, or waited for and looked at once more."""
    for chain in ALL:
        if chain.end is RESTORED:
            after = chain.acts[len(chain.acts) - chain.acts[::-1].index(CHECK) :]
            assert after in ((), (Act.DROP_GUARD,))


def test_undo_looks_at_the_device_after_every_try() -> None:
    """No two tries follow each other blindly, whatever came back of the first."""
    for chain in ALL:
        for first, second in zip(chain.acts, chain.acts[1:], strict=False):
            assert CHECK in (first, second)


def test_undo_gives_no_device_up_while_a_means_is_left() -> None:
    """UNSETTLED is said of a device only after inverse lines, the whole restore and its own timer had their chance."""
    assert given_up_too_early(next_undo) == []


def test_undo_restores_the_whole_configuration_only_as_the_last_means() -> None:
    """A whole restore would undo other people's edits: it comes once, and only after a look found a difference."""
    for chain in ALL:
        if Act.REVERT in chain.acts:
            before = chain.tried[: chain.acts.index(Act.REVERT)]
            assert chain.style is GuardStyle.REVERT_TIMER and chain.stage is not Stage.CONFIRMED
            assert before[-1] == (CHECK, FAILED)
            assert chain.acts.count(Act.REVERT) == 1


def test_undo_aborts_only_what_is_pending() -> None:
    """The device's own abort is for a candidate or a running commit timer; what was confirmed goes back by lines."""
    for chain in ALL:
        if Act.ABORT in chain.acts:
            assert chain.style is GuardStyle.STAGED and chain.stage is not Stage.CONFIRMED
            assert chain.acts[0] is Act.ABORT and chain.acts.count(Act.ABORT) <= 2


def test_undo_leaves_no_revert_timer_behind() -> None:
    """A timer that may still run would undo other people's later edits: it was stopped, ended, or used up."""
    for chain in ALL:
        if chain.end is RESTORED and chain.style is GuardStyle.REVERT_TIMER and chain.stage is not Stage.CONFIRMED:
            assert chain.last(Act.DROP_GUARD) is DONE or {Act.AWAIT_GUARD, Act.REVERT} & set(chain.acts)


@pytest.mark.parametrize(
    ("style", "stage", "tried", "following"),
    [
        (GuardStyle.STAGED, Stage.GUARDED, (), Act.ABORT),
        (GuardStyle.STAGED, Stage.APPLIED, (), Act.ABORT),
        (GuardStyle.STAGED, Stage.CONFIRMED, (), Act.UNDO),
        (GuardStyle.STAGED, Stage.APPLIED, ((Act.ABORT, DONE), (CHECK, DONE)), RESTORED),
        (GuardStyle.STAGED, Stage.APPLIED, ((Act.ABORT, FAILED), (CHECK, FAILED)), Act.ABORT),
        (GuardStyle.STAGED, Stage.APPLIED, ((Act.ABORT, FAILED), (CHECK, FAILED)) * 2, Act.UNDO),
        (GuardStyle.REVERT_TIMER, Stage.GUARDED, (), CHECK),
        (GuardStyle.REVERT_TIMER, Stage.GUARDED, ((CHECK, DONE),), Act.DROP_GUARD),
        (GuardStyle.REVERT_TIMER, Stage.GUARDED, ((CHECK, FAILED),), Act.REVERT),
        (GuardStyle.REVERT_TIMER, Stage.APPLIED, (), Act.UNDO),
        (GuardStyle.REVERT_TIMER, Stage.APPLIED, ((Act.UNDO, UNKNOWN),), CHECK),
        (GuardStyle.REVERT_TIMER, Stage.APPLIED, ((Act.UNDO, DONE), (CHECK, DONE)), Act.DROP_GUARD),
        (GuardStyle.REVERT_TIMER, Stage.APPLIED, ((Act.UNDO, DONE), (CHECK, FAILED)), Act.REVERT),
        (GuardStyle.REVERT_TIMER, Stage.CONFIRMED, ((Act.UNDO, DONE), (CHECK, DONE)), RESTORED),
        (GuardStyle.REVERT_TIMER, Stage.APPLIED, ((Act.UNDO, DONE), (CHECK, UNKNOWN)), Act.AWAIT_GUARD),
        (GuardStyle.NONE, Stage.APPLIED, (), Act.UNDO),
        (GuardStyle.NONE, Stage.CONFIRMED, ((Act.UNDO, DONE), (CHECK, FAILED)), Act.UNDO),
    ],
)
def test_next_undo_of_a_device(
    style: GuardStyle, stage: Stage, tried: tuple[tuple[Act, Outcome], ...], following: Act | Stage
) -> None:
    """The order of means is the one of the design, by how the device is guarded and how far it had come."""
    assert next_undo(style, Standing(stage, tried)) is following


def test_chains_show_that_the_longest_way_is_walked() -> None:
    """Chains in which every means of a platform was tried are among those above: none passes for want of cases."""
    tried: set[frozenset[Act]] = {frozenset(_means(chain)) for chain in ALL}
    assert frozenset({Act.UNDO, Act.REVERT, Act.AWAIT_GUARD}) in tried
    assert frozenset({Act.ABORT, Act.UNDO, Act.AWAIT_GUARD}) in tried


def _means(chain: Chain) -> tuple[Act, ...]:
    return tuple(act for act in chain.acts if act is not CHECK)
