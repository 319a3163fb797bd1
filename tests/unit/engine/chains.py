"""All that can be tried to undo a move on one device: every chain of tries, whatever becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from safeshift.engine.states import Act, Outcome, Stage, Standing
from safeshift.platforms.base import GuardStyle

NextUndo = Callable[[GuardStyle, Standing], Act | Stage]
Tried = tuple[tuple[Act, Outcome], ...]
LONGEST = 16  # tries after which a chain counts as endless; the longest real one is shorter


@dataclass(frozen=True)
class Chain:
    """What was tried on a device of one style that had come so far, and how it ended."""

    style: GuardStyle
    stage: Stage
    tried: Tried
    end: Stage

    @property
    def acts(self) -> tuple[Act, ...]:
        """What was tried, in order."""
        return tuple(act for act, _ in self.tried)

    def last(self, act: Act) -> Outcome | None:
        """What the last try of an act brought; None when it was not tried."""
        return next((outcome for tried, outcome in reversed(self.tried) if tried is act), None)


def chains(next_undo: NextUndo) -> Iterator[Chain]:
    """Yield every chain for every style and stage that a device can be in when a run is stopped.

    Raises:
        AssertionError: some chain does not end.
    """
    for style in GuardStyle:
        for stage in (Stage.GUARDED, Stage.APPLIED, Stage.CONFIRMED):
            if style is not GuardStyle.NONE or stage is not Stage.GUARDED:
                yield from _follow(next_undo, style, stage, ())


def _follow(next_undo: NextUndo, style: GuardStyle, stage: Stage, tried: Tried) -> Iterator[Chain]:
    assert len(tried) < LONGEST, tried
    following = next_undo(style, Standing(stage, tried))
    if isinstance(following, Stage):
        yield Chain(style, stage, tried, following)
        return
    for outcome in Outcome:
        yield from _follow(next_undo, style, stage, (*tried, (following, outcome)))


def given_up_too_early(next_undo: NextUndo) -> list[Chain]:
    """Return the chains that end UNSETTLED although some means was left.

    A device that cannot be read must have been given the time of its own timer. One that was read and differs must
    have been sent inverse lines, and the whole restore where its revert timer was still running.
    """
    return [chain for chain in chains(next_undo) if chain.end is Stage.UNSETTLED and _means_left(chain)]


def _means_left(chain: Chain) -> bool:
    if chain.last(Act.CHECK_RESTORED) is Outcome.UNKNOWN:
        return Act.AWAIT_GUARD not in chain.acts
    pending = chain.style is GuardStyle.REVERT_TIMER and chain.stage is not Stage.CONFIRMED
    return Act.UNDO not in chain.acts or (pending and Act.REVERT not in chain.acts)
