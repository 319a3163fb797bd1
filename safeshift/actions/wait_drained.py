"""``wait_drained``: the traffic has really left, as the device's own counters tell.

A drain only asks; other routers may not have listened. Two readings of the counters, as far apart as the platform
refreshes them, decide. Next: ``drain.py``, ``shift.py``, which come before it in a plan.
"""

from __future__ import annotations

from collections.abc import Mapping

from safeshift.actions.base import MoveKind, Plain, Situation
from safeshift.errors import PlanError
from safeshift.model.steps import WaitDrainedArguments


class WaitDrained(Plain[WaitDrainedArguments]):
    """Each link carries less than a share of its capacity, in both directions."""

    name = "wait_drained"
    kind = MoveKind.DRAINED

    def facts(self, arguments: WaitDrainedArguments, at: Situation) -> Mapping[str, object]:
        """See ``Action``; ``interfaces`` has the bit/s that each watched interface of the host can carry.

        Raises:
            PlanError: there is no link to watch.
        """
        links = at.own_links(arguments.links)
        if not links:
            hint = "name the links to watch: wait_drained: {links: [...]}"
            raise PlanError(f"{at.host} has no link inside its own network to watch", hint=hint)
        ports = at.states[at.host].interfaces
        interfaces: dict[str, object] = {}
        for link in links:
            port = ports.get(link.end_at(at.host).interface)
            interfaces[link.end_at(at.host).interface] = (port.speed if port else None) or link.capacity
        return {
            "below": arguments.below,
            "within": arguments.within,
            "links": [link.name for link in links],
            "interfaces": interfaces,
        }
