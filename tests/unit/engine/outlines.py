"""Small plans' outlines, for the tests of this folder."""

from __future__ import annotations

from safeshift.actions.base import MoveKind
from safeshift.engine.states import MoveOutline, Outline
from safeshift.platforms.base import GuardStyle

STAGED, TIMER, NONE = GuardStyle.STAGED, GuardStyle.REVERT_TIMER, GuardStyle.NONE
PAUSE = MoveOutline(MoveKind.PAUSE)


def change(**guards: GuardStyle) -> MoveOutline:
    """A move that changes the named devices, in this order."""
    return MoveOutline(MoveKind.CHANGE, guards)


def outline(*batches: tuple[MoveOutline, ...]) -> Outline:
    """A plan of these batches."""
    return Outline(batches)
