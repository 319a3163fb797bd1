"""``pause``, ``approve`` and ``assert``: moves that send nothing and still decide whether the run goes on.

What they mean is the engine's to perform; nothing here changes a state of the network.
"""

from __future__ import annotations

from safeshift.actions.base import A, MoveKind, Plain, Situation
from safeshift.model.steps import ApproveArguments, AssertArguments, PauseArguments


class _Silent(Plain[A]):
    def devices(self, arguments: A, at: Situation) -> tuple[str, ...]:
        """See ``Action``: nobody is asked."""
        return ()


class Pause(_Silent[PauseArguments]):
    """Wait, probing all the time."""

    name = "pause"
    kind = MoveKind.PAUSE


class Approve(_Silent[ApproveArguments]):
    """Wait for a person's yes."""

    name = "approve"
    kind = MoveKind.APPROVE


class Assert(_Silent[AssertArguments]):
    """Stop the run unless every condition holds."""

    name = "assert"
    kind = MoveKind.ASSERT
