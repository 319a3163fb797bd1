"""What packets meet on their way at one moment: how many come through, how long they wait, how much flows where.

Solved apart from ``fabric/load.py``, which predicts: here forwarding may be older than the cables and routers that it
sends into, and links and routers may drop what no model was told of. ``world.py`` makes one of these per moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address

from safeshift.fabric.routing import Forwarding, Network
from safeshift.model.fabric import End

HOP_MS = 0.05  # one router and one cable, one way, nothing queued
FULL_QUEUE_MS = 10.0  # one way through an overloaded element: 12 MB of buffer at 10 Gbit/s, what a switch port has
_QUEUE_MS = 0.02  # of waiting at 50 % utilisation
_TTL = 64  # hops; where a loop ends
_SWEEPS = 12  # loss upstream lowers the load downstream; a few rounds settle it
_SETTLED = 1e-6  # of a share: no further round
Reach = tuple[float, float]
"""Share of packets that arrive, and milliseconds that those took."""
LOST: Reach = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Rates:
    """Bit/s at one interface."""

    received: float = 0.0
    sent: float = 0.0


class Currents:
    """One moment: forwarding as the routers have installed it, on cables and routers as they are.

    Args:
        routed: The network whose forwarding is in force.
        live: The same fabric as it is configured and has failed by now.
        gray_routers: Share that each router drops of what crosses it.
        gray_links: Share that each link drops in each direction.
    """

    def __init__(
        self, routed: Network, live: Network, *, gray_routers: Mapping[str, float], gray_links: Mapping[str, float]
    ) -> None:
        self.routed = routed
        self.live = live
        wiring = live.wiring
        self._edge_keeps = [
            (1.0 - gray_links.get(cable.link.name, 0.0)) if live.up[at] else 0.0
            for at, cable in enumerate(wiring.cables)
            for _ in (0, 1)
        ]
        self._router_keeps = [
            (1.0 - gray_routers.get(name, 0.0)) if alive else 0.0
            for name, alive in zip(wiring.names, live.alive, strict=True)
        ]
        self._edge_capacity = [float(cable.capacity) for cable in wiring.cables for _ in (0, 1)]
        self._router_capacity = [float(live.fabric.routers[name].capacity or "inf") for name in wiring.names]
        self._edge_load = [0.0] * len(self._edge_keeps)
        self._router_load = [0.0] * len(self._router_keeps)
        self._reaches: dict[int, list[Reach]] = {}
        self._settle()

    def reach(self, forwarding: Forwarding, start: int, *, entering: bool, to_router: bool) -> Reach:
        """Say how packets fare from a router to the destination of a forwarding.

        Args:
            entering: They come into the router from a node and cross it; otherwise the router itself sends them.
            to_router: The destination is a router's own address: there they end and cross nothing.
        """
        if not self.live.alive[start]:
            return LOST
        beyond = self._beyond(forwarding, to_router=to_router)
        if entering:
            return beyond[start]
        return self._onward(forwarding, start, beyond)

    def along(self, edge: int) -> Reach:
        """Say how packets fare that a router sends over one cable."""
        return self._edge_share(edge), HOP_MS + _waiting(self._edge_load[edge], self._edge_capacity[edge])

    def through(self, at: int) -> Reach:
        """Say how packets fare that cross one router."""
        return self._router_share(at), _waiting(self._router_load[at], self._router_capacity[at])

    @cached_property
    def rates(self) -> Mapping[End, Rates]:
        """Give what flows at every interface of a router that a cable or a node is at."""
        wiring = self.live.wiring
        received: dict[End, float] = {}
        sent: dict[End, float] = {}
        for edge, load in enumerate(self._edge_load):
            here, there = (
                wiring.cables[edge >> 1].link.ends[edge & 1],
                wiring.cables[edge >> 1].link.ends[1 - (edge & 1)],
            )
            out = min(load, self._edge_capacity[edge]) if self.live.up[edge >> 1] else 0.0
            sent[here] = sent.get(here, 0.0) + out
            received[there] = received.get(there, 0.0) + out * self._edge_keeps[edge]
        for flow in self.routed.wiring.flows:
            received[flow.source] = received.get(flow.source, 0.0) + flow.rate
        for address, rate in self.delivered.items():
            port = self.live.fabric.port_of(IPv4Address(address))
            if port is not None:
                sent[port] = sent.get(port, 0.0) + rate
        return {end: Rates(received.get(end, 0.0), sent.get(end, 0.0)) for end in {*received, *sent}}

    @cached_property
    def delivered(self) -> Mapping[int, float]:
        """Give the bit/s that arrive at nodes, by the node's address as a number."""
        wiring, found = self.routed.wiring, dict[int, float]()
        for flow in wiring.flows:
            address = int(flow.target.address.ip)
            forwarding = self.routed.toward_port(address, flow.target.port)
            start = wiring.index[flow.source.router]
            share, _ = self.reach(forwarding, start, entering=True, to_router=False)
            served = self.live.wiring.serves(flow.source) and self.live.wiring.serves(flow.target.port)
            found[address] = found.get(address, 0.0) + (flow.rate * share if served else 0.0)
        return found

    # The fixed point -------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Push all demands through until what overload drops and what flows agree."""
        groups = self._groups()
        before: list[float] = []
        for _ in range(_SWEEPS):
            edges = [self._edge_share(edge) for edge in range(len(self._edge_load))]
            routers = [self._router_share(at) for at in range(len(self._router_load))]
            if before and all(abs(a - b) < _SETTLED for a, b in zip(before, edges + routers, strict=True)):
                return
            before = edges + routers
            self._edge_load = [0.0] * len(edges)
            self._router_load = [0.0] * len(routers)
            for forwarding, entering in groups:
                self._push(forwarding, dict(entering), edges, routers)

    def _groups(self) -> list[tuple[Forwarding, dict[int, float]]]:
        found: dict[int, tuple[Forwarding, dict[int, float]]] = {}
        wiring = self.routed.wiring
        for flow in wiring.flows:
            if not self.live.wiring.serves(flow.source):
                continue
            forwarding = self.routed.toward_port(int(flow.target.address.ip), flow.target.port)
            _, entering = found.setdefault(id(forwarding), (forwarding, {}))
            at = wiring.index[flow.source.router]
            entering[at] = entering.get(at, 0.0) + flow.rate
        return list(found.values())

    def _push(
        self, forwarding: Forwarding, arriving: dict[int, float], edges: list[float], routers: list[float]
    ) -> None:
        if forwarding.order is not None:
            for at in forwarding.order:
                if at in arriving:
                    self._send(forwarding, at, arriving[at] * routers[at], edges, arriving)
                    self._router_load[at] += arriving[at]
            return
        for _ in range(_TTL):
            beyond: dict[int, float] = {}
            for at, rate in sorted(arriving.items()):
                self._router_load[at] += rate
                self._send(forwarding, at, rate * routers[at], edges, beyond)
            arriving = beyond

    def _send(self, forwarding: Forwarding, at: int, rate: float, edges: list[float], beyond: dict[int, float]) -> None:
        if at in forwarding.delivers:
            return
        for edge in forwarding.edges[at]:
            if edge >= 0:
                each = rate / len(forwarding.edges[at])
                target = self.routed.target(edge)
                self._edge_load[edge] += each
                beyond[target] = beyond.get(target, 0.0) + each * edges[edge]

    def _edge_share(self, edge: int) -> float:
        return self._edge_keeps[edge] * _passing(self._edge_load[edge], self._edge_capacity[edge])

    def _router_share(self, at: int, *, crossed: bool = True) -> float:
        keeps = self._router_keeps[at] if crossed else float(self.live.alive[at])
        return keeps * _passing(self._router_load[at], self._router_capacity[at])

    # One destination -------------------------------------------------------------------------------------------------

    def _beyond(self, forwarding: Forwarding, *, to_router: bool) -> list[Reach]:
        """Per router: how what arrives there fares to the destination; solved once for each destination."""
        if id(forwarding) not in self._reaches:
            found = [LOST] * len(forwarding.edges)
            if forwarding.order is not None:
                for at in reversed(forwarding.order):
                    found[at] = self._through(forwarding, at, found, to_router)
            else:
                for _ in range(_TTL):
                    found = [self._through(forwarding, at, found, to_router) for at in range(len(found))]
            self._reaches[id(forwarding)] = found
        return self._reaches[id(forwarding)]

    def _through(self, forwarding: Forwarding, at: int, beyond: list[Reach], to_router: bool) -> Reach:
        ends_here = to_router and at in forwarding.delivers
        passing = self._router_share(at, crossed=not ends_here)
        share, delay = self._onward(forwarding, at, beyond)
        return passing * share, delay + _waiting(self._router_load[at], self._router_capacity[at])

    def _onward(self, forwarding: Forwarding, at: int, beyond: list[Reach]) -> Reach:
        if at in forwarding.delivers:
            return 1.0, HOP_MS
        ways = [
            (passing * share, waiting + delay)
            for edge in forwarding.edges[at]
            if edge >= 0
            for (passing, waiting), (share, delay) in ((self.along(edge), beyond[self.routed.target(edge)]),)
        ]
        through = sum(share for share, _ in ways)
        if through <= 0:
            return LOST
        return through / len(forwarding.edges[at]), sum(share * delay for share, delay in ways) / through


def _passing(load: float, capacity: float) -> float:
    return 1.0 if load <= capacity * (1 + 1e-9) else capacity / load


def _waiting(load: float, capacity: float) -> float:
    """Milliseconds in a queue: grows with utilisation as queues do, until the buffer is full."""
    spare = 1.0 - load / capacity
    return FULL_QUEUE_MS if spare <= 0 else min(FULL_QUEUE_MS, _QUEUE_MS * (1.0 - spare) / spare)
