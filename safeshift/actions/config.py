"""``config``: raw lines, as a person types them; they mean what the platform reads in them.

Nothing is declared: the effect is what the text means, and a line that the platform cannot read makes the state
unknown, never unchanged. The inverse comes from the captured configuration. Next: ``drain.py``, where more is known.
"""

from __future__ import annotations

from safeshift.actions.base import MoveKind, Plain, Situation, States
from safeshift.model.steps import ConfigArguments
from safeshift.platforms.base import Lines


class Config(Plain[ConfigArguments]):
    """Lines under their parents."""

    name = "config"
    kind = MoveKind.CHANGE

    def lines(self, arguments: ConfigArguments, at: Situation, device: str) -> Lines:
        """See ``Action``."""
        lines = typed_lines(arguments)
        platform, config = at.platforms[device], at.configs[device]
        return lines if not platform.equal(platform.apply(config, lines), config) else ()

    def effect(self, arguments: ConfigArguments, at: Situation) -> States | None:
        """See ``Action``."""
        return None


def typed_lines(arguments: ConfigArguments) -> Lines:
    """Return the lines under their parents, whatever the device holds."""
    parents = tuple(" " * depth + parent.strip() for depth, parent in enumerate(arguments.parents))
    indent = " " * len(parents)
    return parents + tuple(indent + line.rstrip() for line in arguments.lines)
