"""``shift`` and ``unshift``: take a router out of the way, and keep its traffic inside its own network.

It sends what ``drain`` sends. What makes it a shift is its promise: whatever crossed this router may then cross only
routers of the network that the router belongs to. The promise is judged on the model when the plan is made and again
on what the devices say just before sending (``planning/forecast.py``); traffic on the other network is the 2011 step.
"""

from __future__ import annotations

from safeshift.actions.base import MoveKind, Plain, Situation, States
from safeshift.actions.drain import Undrain, drain_lines, drained
from safeshift.errors import PlanError
from safeshift.model.source import suggest
from safeshift.model.steps import ShiftArguments
from safeshift.platforms.base import Lines


class Shift(Plain[ShiftArguments]):
    """Traffic leaves the host for other routers of its own network, or the plan is refused."""

    name = "shift"
    kind = MoveKind.CHANGE

    def devices(self, arguments: ShiftArguments, at: Situation) -> tuple[str, ...]:
        """See ``Action``.

        Raises:
            PlanError: the host is no router, or ``to`` is not its network.
        """
        router = at.router()
        if arguments.to not in at.fabric.networks:
            known = tuple(at.fabric.networks)
            raise PlanError(
                f"there is no network {arguments.to!r}", hint=suggest(arguments.to, known, ", ".join(known))
            )
        if arguments.to != router.network:
            hint = f"write to: {router.network}"
            raise PlanError(f"{at.host} is of network {router.network}; shift keeps traffic inside it", hint=hint)
        return (at.host,)

    def lines(self, arguments: ShiftArguments, at: Situation, device: str) -> Lines:
        """See ``Action``."""
        return drain_lines(at, arguments.method)

    def effect(self, arguments: ShiftArguments, at: Situation) -> States:
        """See ``Action``."""
        return drained(at, arguments.method)


class Unshift(Undrain):
    """Traffic may cross the host again."""

    name = "unshift"
