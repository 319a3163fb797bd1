"""What a router's configuration means for routing: the common language of platforms, what-if and lab.

``platforms/<os>/meaning.py`` reads a device's text into a ``RouterState``; ``routing.py`` computes paths from it.
Interface names are canonical and long, as the platform shows them (``Ethernet1``, ``HundredGigE1/0/1``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

MAX_METRIC = 65535  # RFC 6987: the metric of a router's links while it asks not to be used for transit
OSPF_DISTANCE = 110
STATIC_DISTANCE = 1


@dataclass(frozen=True, slots=True)
class InterfaceState:
    """One interface as configured.

    Attributes:
        address: Its IPv4 address and prefix length; None when it has none.
        enabled: Not administratively shut down.
        speed: Configured speed in bit/s; None when the text sets none (then the link's own capacity holds).
        cost: The OSPF cost written on it; None when OSPF derives it from bandwidth or uses its default.
        ospf: Whether OSPF runs on it (its prefix is announced).
        passive: Announced, but no adjacency is formed over it.
    """

    name: str
    address: IPv4Interface | None = None
    enabled: bool = True
    speed: int | None = None
    cost: int | None = None
    ospf: bool = False
    passive: bool = False

    @property
    def meets_neighbors(self) -> bool:
        """Whether OSPF can form an adjacency over it: it runs there, neither passive nor on a loopback."""
        return self.ospf and not self.passive and not self.name.startswith(("Loopback", "Null"))


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A static route: by next hop, by interface, or (both None) discarding."""

    prefix: IPv4Network
    next_hop: IPv4Address | None = None
    interface: str | None = None
    distance: int = STATIC_DISTANCE


@dataclass(frozen=True, slots=True)
class RouterState:
    """What one router's whole configuration means.

    Attributes:
        interfaces: By canonical name.
        max_metric: OSPF announces this router's links at ``MAX_METRIC`` (its stub prefixes keep their cost
            unless ``max_metric_stub``).
        reference_bandwidth: Bit/s that cost 1 when a cost is derived from bandwidth; None when the platform's
            default cost applies to interfaces without a written cost.
        ospf_distance: Administrative distance of OSPF routes.
        graceful_shutdown: BGP neighbours asked to avoid this router (graceful shutdown is on).
        unread: Lines that could change forwarding and that the platform cannot interpret: a change that touches one
            is unknown, and a forecast over one says that it left it out.
        pinned: Lines that routing need not know as long as they stay as they are (VLAN membership, MTU, timers,
            authentication). ``unreadable(before, after)`` says what a change to them makes unknown.
    """

    hostname: str
    interfaces: Mapping[str, InterfaceState] = field(default_factory=dict)
    statics: tuple[StaticRoute, ...] = ()
    ospf: bool = False
    max_metric: bool = False
    max_metric_stub: bool = False
    reference_bandwidth: int | None = None
    ospf_distance: int = OSPF_DISTANCE
    graceful_shutdown: bool = False
    unread: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()


def unreadable(before: RouterState, after: RouterState) -> tuple[str, ...]:
    """Return the lines that make a change's effect unknown: the unread and pinned ones that it adds, alters or removes.

    Args:
        before: The state that was measured to work. What stands in it unread goes on doing what it did; that is a
            weakness of every forecast here, and told as one, but not the change's doing.
    """
    old, new = (*before.unread, *before.pinned), (*after.unread, *after.pinned)
    touched = set(old) ^ set(new)
    return tuple(dict.fromkeys(line for line in (*old, *new) if line in touched))
