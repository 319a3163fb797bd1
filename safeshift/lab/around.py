"""What a lab device can see of the network around it: the seam between how devices talk and what traffic does.

``world.py`` implements it from the fabric model (real routers may, later); ``dialects/`` only ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PortView:
    """One interface as the network sees it now.

    Attributes:
        carrier: The far end is there, enabled and at the same speed.
        speed: Bit/s the link runs at.
        peer: Name of the device at the far end; None when nothing is connected.
        peer_port: The far end's interface.
        octets_in: Total octets received; grows with the load carried.
        octets_out: Total octets sent.
        rate_in: Bit/s now.
        rate_out: Bit/s now.
    """

    carrier: bool
    speed: int
    peer: str | None = None
    peer_port: str | None = None
    octets_in: int = 0
    octets_out: int = 0
    rate_in: float = 0.0
    rate_out: float = 0.0


@dataclass(frozen=True, slots=True)
class NeighborView:
    """One OSPF adjacency in state FULL."""

    router_id: IPv4Address
    address: IPv4Address
    interface: str
    up_since: float


@dataclass(frozen=True, slots=True)
class RouteView:
    """One route in the table. ``protocol`` is ``C`` connected, ``S`` static, ``O`` OSPF."""

    prefix: IPv4Network
    protocol: str
    distance: int
    metric: int
    next_hops: tuple[tuple[IPv4Address | None, str], ...]
    since: float


@dataclass(frozen=True, slots=True)
class HopView:
    """What the probes of one TTL met.

    Attributes:
        address: Who answered; None: nobody did.
        rtts: Milliseconds of each of three probes; None where it was lost.
        ends: Why nobody looks further: ``reached``, ``N`` (network unreachable), ``H`` (host unreachable); empty: on.
    """

    address: IPv4Address | None
    rtts: tuple[float | None, ...]
    ends: str = ""


@dataclass(frozen=True, slots=True)
class RouterLsaView:
    """One router LSA of the OSPF area: whose, with how many links, and when it was made (monotonic seconds)."""

    router_id: IPv4Address
    links: int
    since: float


class Around(Protocol):
    """The network around the devices.

    Guarantees:
        Called from the lab's own event loop only; never blocks. Answers include the convergence delay: after a
        configuration change, forwarding follows only when it is over.
    """

    def port(self, device: str, interface: str) -> PortView:
        """Return what one interface sees."""
        ...

    def neighbors(self, device: str) -> tuple[NeighborView, ...]:
        """Return the adjacencies of a router."""
        ...

    def routes(self, device: str) -> tuple[RouteView, ...]:
        """Return the routing table of a router."""
        ...

    def ping(self, device: str, target: IPv4Address, source: IPv4Address | None) -> float | None:
        """Roll one round trip from a device; milliseconds, or None when it was lost."""
        ...

    def ttl(self, device: str, target: IPv4Address, source: IPv4Address | None) -> int:
        """Return the time to live that is left in a target's answer."""
        ...

    def trace(self, device: str, target: IPv4Address, source: IPv4Address | None) -> tuple[HopView, ...]:
        """Roll a traceroute along the way that packets take now; empty: the device knows no way to the target."""
        ...

    def database(self, device: str) -> tuple[RouterLsaView, ...]:
        """Return the router LSAs that a router has, by router id."""
        ...

    def changed(self, device: str) -> None:
        """Be told that a device's running configuration, or whether it is up, changed."""
        ...


Running = Callable[[str], str]
"""Device name to its running configuration text."""
