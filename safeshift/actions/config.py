"""``config``: raw lines, as a person types them; they mean what the platform reads in them.

Nothing is declared: the effect is what the text means, and a line that the platform cannot read makes the state
unknown, never unchanged. The inverse comes from the captured configuration. Next: ``drain.py``, where more is known.
"""

from __future__ import annotations

from safeshift.actions.base import MoveKind, Plain, Situation, States
from safeshift.model.steps import ConfigArguments
from safeshift.platforms.base import GuardStyle, Lines


class Config(Plain[ConfigArguments]):
    """Lines under their parents; those that the device holds already are not sent again."""

    name = "config"
    kind = MoveKind.CHANGE

    def lines(self, arguments: ConfigArguments, at: Situation, device: str) -> Lines:
        """See ``Action``."""
        return at.missing(device, typed_lines(arguments))

    def takes_down(self, arguments: ConfigArguments, at: Situation) -> tuple[str, ...]:
        """See ``Action``: links whose own interface is shut on the way; where it ends is what the text says anyway.

        Where lines are staged, nothing happens on the way: the device goes from the first state to the last.
        """
        platform = at.platforms[at.host]
        if platform.guard_style is GuardStyle.STAGED or at.host not in at.fabric.routers:
            return ()
        lines = self.lines(arguments, at, at.host)
        typed = (platform.apply(at.configs[at.host], lines[:count]) for count in range(1, len(lines)))
        shut = {
            port.name
            for config in typed
            for port in platform.read_meaning(config).interfaces.values()
            if not port.enabled
        }
        links = ((link, link.end_at(at.host).interface) for link in at.fabric.links_of(at.host))
        return tuple(link.name for link, port in links if port in shut and _is_enabled(at, port))

    def effect(self, arguments: ConfigArguments, at: Situation) -> States | None:
        """See ``Action``."""
        return None


def _is_enabled(at: Situation, interface: str) -> bool:
    port = at.states[at.host].interfaces.get(interface)
    return port is not None and port.enabled


def typed_lines(arguments: ConfigArguments) -> Lines:
    """Return the lines under their parents, whatever the device holds."""
    parents = tuple(" " * depth + parent.strip() for depth, parent in enumerate(arguments.parents))
    indent = " " * len(parents)
    return parents + tuple(indent + line.rstrip() for line in arguments.lines)
