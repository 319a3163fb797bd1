"""``command``: commands that only read, held to the platform's table of reads.

Whatever is not in the table is refused when the plan is made: a list of what is harmless, never of what harms.
"""

from __future__ import annotations

from safeshift.actions.base import MoveKind, Plain, Situation
from safeshift.errors import PlanError
from safeshift.model.steps import CommandArguments
from safeshift.platforms.base import Lines


class Command(Plain[CommandArguments]):
    """Read something; ``register`` keeps the answers."""

    name = "command"
    kind = MoveKind.READ

    def lines(self, arguments: CommandArguments, at: Situation, device: str) -> Lines:
        """See ``Action``: the commands, in order."""
        platform = at.platforms[device]
        for command in arguments.commands:
            if not platform.is_read(command):
                hint = "command only reads; write what changes a device as config lines"
                raise PlanError(f"{command!r} is not a command that only reads on {platform.title}", hint=hint)
        return arguments.commands
