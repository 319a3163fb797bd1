"""What the network carries: the demands laid on the routes, what overload loses, and who is lost by it.

Traffic is a fluid: above its capacity a link's direction or a router passes ``capacity / load`` of all that arrives,
alike for every flow. Pure and deterministic. It judges nothing against limits: read ``whatif.py`` next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from safeshift.fabric.routing import Forwarding, Network
from safeshift.model.fabric import Link

LOST_BELOW = 0.5  # of the round trips; Source: the glossary's word "lost"
SWEEPS = 12  # loss upstream lowers the load downstream: at most so many rounds until the two agree
SETTLED = 1e-6  # the change of a share at which they do; without overload there is no round at all
HOPS = 64  # the time to live that hosts give their packets: where a loop ends
_TINY = 1e-9  # what floating-point sums may be off, as a share


@dataclass(frozen=True, slots=True)
class ElementLoad:
    """The load offered to one direction of a link, or to one router.

    Attributes:
        element: The router's name, or ``Link.name``.
        leaving: The router that a link's direction leaves; None for a router.
        load: Bit/s, before anything is lost on the way.
        capacity: Bit/s.
    """

    element: str
    leaving: str | None
    load: float
    capacity: float

    @property
    def utilisation(self) -> float:
        """Load as a share of capacity; above 1 is overload."""
        return self.load / self.capacity


@dataclass(frozen=True, slots=True)
class Spill:
    """Traffic of one network that crosses a router of another: what happened in 2011.

    Attributes:
        rate: Bit/s that arrive there, before anything is lost on the way.
        nodes: Whose traffic it is: the sending nodes, in the order of the file.
    """

    network: str
    router: str
    rate: float
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """All traffic of one network that is forwarded alike: what enters, by router."""

    forwarding: Forwarding
    network: str
    entering: tuple[tuple[int, float], ...]


@dataclass(slots=True)
class _Sweep:
    """Arrivals in bit/s, by edge and by router, and the share of them that each passes on."""

    edges: list[float]
    routers: list[float]
    edge_shares: list[float]
    router_shares: list[float]


class Traffic:
    """The steady state of a network under its fabric's demands. Ask it; it is never changed."""

    def __init__(self, network: Network, groups: Sequence[_Group], offered: _Sweep, settled: _Sweep) -> None:
        self.network = network
        self._groups = groups
        self._offered = offered
        self._settled = settled
        self._shares: dict[int, list[float]] = {}

    def load(self, link: Link, from_router: str) -> float:
        """Give the bit/s offered to a link in the direction that leaves ``from_router``, before any loss."""
        return self._offered.edges[self._edge(link, from_router)]

    def carried(self, link: Link, from_router: str) -> float:
        """Give the bit/s that really pass a link in that direction, after all loss: what its counters would show."""
        edge = self._edge(link, from_router)
        return self._settled.edges[edge] * self._settled.edge_shares[edge]

    def router_load(self, name: str) -> float:
        """Give the bit/s offered to a router, all directions summed, before any loss."""
        return self._offered.routers[self.network.wiring.index[name]]

    def loads(self) -> tuple[ElementLoad, ...]:
        """Give the load of every router that has a capacity and of every direction of every link that is up."""
        return tuple(self._loads())

    def share(self, source: str, target: str, network: str) -> float:
        """Give the share of packets from one node that reach another on a network; 0 when either is not on it."""
        fabric, wiring = self.network.fabric, self.network.wiring
        there, here = fabric.nodes[target].get(network), fabric.nodes[source].get(network)
        if here is None or there is None or not wiring.serves(here.port):
            return 0.0
        forwarding = self.network.toward_port(int(there.address.ip), there.port)
        return self._delivered(forwarding)[wiring.index[here.port.router]]

    def share_between(self, start_router: str, address: IPv4Address) -> float:
        """Give the share of packets that a router sends to an address (a node's or a router's) and that arrive."""
        at = self.network.wiring.index[start_router]
        port = self.network.fabric.port_of(address)
        if port is not None:
            return self._delivered(self.network.toward_port(int(address), port))[at]
        return self._delivered(self.network.toward_router(int(address)))[at]

    def round_trip(self, a: str, b: str, network: str) -> float:
        """Give the share of packets from ``a`` to ``b`` whose answers come back; each way takes its own path."""
        return self.share(a, b, network) * self.share(b, a, network)

    def lost(self, node: str, network: str) -> tuple[str, ...]:
        """Give the peers of a node that are lost to it on a network; all of them when it is not on that network."""
        return tuple(peer for peer in self.network.fabric.peers(node) if self._is_lost(node, peer, network))

    def isolated(self) -> tuple[str, ...]:
        """Give the nodes whose peers are lost on every network (management ones aside), in the order of the file."""
        fabric = self.network.fabric
        return tuple(
            node
            for node in fabric.nodes
            if fabric.peers(node)
            and all(self._is_lost(node, peer, network) for network in fabric.carrying for peer in fabric.peers(node))
        )

    def spills(self) -> tuple[Spill, ...]:
        """Give what crosses routers that are not its network's own, largest first."""
        wiring, home = self.network.wiring, self.network.fabric.home
        rates: dict[tuple[str, int], float] = {}
        for group in self._groups:
            lone = _empty(self.network)
            _push(self.network, group, lone)
            for at, rate in enumerate(lone.routers):
                if rate > _TINY and wiring.names[at] not in home[group.network]:
                    rates[group.network, at] = rates.get((group.network, at), 0.0) + rate
        found = (Spill(net, wiring.names[at], rate, self._crossing(net, at)) for (net, at), rate in rates.items())
        return tuple(sorted(found, key=lambda spill: (-spill.rate, spill.network, spill.router)))

    def _is_lost(self, node: str, peer: str, network: str) -> bool:
        return self.round_trip(node, peer, network) < LOST_BELOW - _TINY

    def _edge(self, link: Link, from_router: str) -> int:
        wiring = self.network.wiring
        at = wiring.index[from_router]
        cable = wiring.cable_at[at, link.end_at(from_router).interface]
        return 2 * cable + wiring.cables[cable].routers.index(at)

    def _loads(self) -> Iterator[ElementLoad]:
        wiring = self.network.wiring
        for at, name in enumerate(wiring.names):
            capacity = self.network.fabric.routers[name].capacity
            if capacity is not None:
                yield ElementLoad(name, None, self._offered.routers[at], capacity)
        for at, cable in enumerate(wiring.cables):
            if self.network.up[at]:
                for side in (0, 1):
                    leaving, load = wiring.names[cable.routers[side]], self._offered.edges[2 * at + side]
                    yield ElementLoad(cable.link.name, leaving, load, cable.capacity)

    def _delivered(self, forwarding: Forwarding) -> list[float]:
        """The share of what arrives at each router that reaches the destination."""
        found = self._shares.get(id(forwarding))
        if found is None:
            found = self._shares[id(forwarding)] = [0.0] * len(forwarding.edges)
            if forwarding.order is not None:
                for at in reversed(forwarding.order):
                    found[at] = self._delivered_from(at, forwarding, found)
            else:
                for _ in range(HOPS):
                    found[:] = [self._delivered_from(at, forwarding, found) for at in range(len(found))]
        return found

    def _delivered_from(self, at: int, forwarding: Forwarding, beyond: Sequence[float]) -> float:
        passed = self._settled.router_shares[at] if self.network.alive[at] else 0.0
        if at in forwarding.delivers:
            return passed
        edges = forwarding.edges[at]
        through = sum(
            self._settled.edge_shares[edge] * beyond[self.network.target(edge)] for edge in edges if edge >= 0
        )
        return passed * through / len(edges) if edges else 0.0

    def _crossing(self, network: str, router: int) -> tuple[str, ...]:
        """The nodes whose traffic on a network can come by a router."""
        fabric, wiring = self.network.fabric, self.network.wiring
        found = set()
        for demand in fabric.demands:
            for source, target in demand.pairs if demand.network == network else ():
                here, there = fabric.nodes[source][network], fabric.nodes[target][network]
                forwarding = self.network.toward_port(int(there.address.ip), there.port)
                if wiring.serves(here.port) and router in _reached(
                    self.network, forwarding, wiring.index[here.port.router]
                ):
                    found.add(source)
        return tuple(node for node in fabric.nodes if node in found)


def carry(network: Network) -> Traffic:
    """Lay the fabric's demands on a network."""
    groups = _groups(network)
    before = _empty(network)
    offered = settled = _swept(network, groups, before)
    for _ in range(SWEEPS):
        if _agree(before, settled):
            break
        before, settled = settled, _swept(network, groups, settled)
    return Traffic(network, groups, offered, settled)


def _agree(before: _Sweep, after: _Sweep) -> bool:
    pairs = (
        *zip(before.edge_shares, after.edge_shares, strict=True),
        *zip(before.router_shares, after.router_shares, strict=True),
    )
    return all(abs(one - other) < SETTLED for one, other in pairs)


def _groups(network: Network) -> tuple[_Group, ...]:
    wiring = network.wiring
    entering: dict[tuple[int, str], dict[int, float]] = {}
    forwardings: dict[int, Forwarding] = {}
    for flow in wiring.flows:
        at = wiring.index[flow.source.router]
        if network.alive[at] and wiring.serves(flow.source):
            forwarding = network.toward_port(int(flow.target.address.ip), flow.target.port)
            forwardings[id(forwarding)] = forwarding
            rates = entering.setdefault((id(forwarding), flow.network), {})
            rates[at] = rates.get(at, 0.0) + flow.rate
    return tuple(_Group(forwardings[which], name, tuple(rates.items())) for (which, name), rates in entering.items())


def _empty(network: Network) -> _Sweep:
    edges, routers = 2 * len(network.up), len(network.alive)
    return _Sweep([0.0] * edges, [0.0] * routers, [1.0] * edges, [1.0] * routers)


def _swept(network: Network, groups: Sequence[_Group], before: _Sweep) -> _Sweep:
    """Lay all traffic on the network while every element passes on the share that it passed before."""
    found = _Sweep([0.0] * len(before.edges), [0.0] * len(before.routers), before.edge_shares, before.router_shares)
    for group in groups:
        _push(network, group, found)
    capacities = [network.fabric.routers[name].capacity for name in network.wiring.names]
    found.edge_shares = [
        _passed(load, network.wiring.cables[edge >> 1].capacity) for edge, load in enumerate(found.edges)
    ]
    found.router_shares = [_passed(load, capacity) for load, capacity in zip(found.routers, capacities, strict=True)]
    return found


def _passed(load: float, capacity: float | None) -> float:
    return 1.0 if capacity is None or load <= capacity * (1 + _TINY) else capacity / load


def _push(network: Network, group: _Group, sweep: _Sweep) -> None:
    """Add one group's arrivals to a sweep, hop by hop; in a loop until the packets' time to live ends."""
    forwarding = group.forwarding
    arriving = dict(group.entering)
    if forwarding.order is not None:
        for at in forwarding.order:
            if at in arriving:
                _send(network, forwarding, at, arriving, sweep)
        return
    for _ in range(HOPS):
        beyond: dict[int, float] = {}
        for at in sorted(arriving):
            _send(network, forwarding, at, arriving, sweep, beyond)
        arriving = beyond


def _send(
    network: Network,
    forwarding: Forwarding,
    at: int,
    arriving: dict[int, float],
    sweep: _Sweep,
    beyond: dict[int, float] | None = None,
) -> None:
    rate = arriving[at]
    sweep.routers[at] += rate
    edges = forwarding.edges[at]
    if at in forwarding.delivers or not edges:
        return
    each = rate * sweep.router_shares[at] / len(edges)
    onward = arriving if beyond is None else beyond
    for edge in edges:
        if edge >= 0:
            sweep.edges[edge] += each
            target = network.target(edge)
            onward[target] = onward.get(target, 0.0) + each * sweep.edge_shares[edge]


def _reached(network: Network, forwarding: Forwarding, start: int) -> frozenset[int]:
    found, ahead = {start}, [start]
    while ahead:
        for edge in forwarding.edges[ahead.pop()]:
            if edge >= 0 and network.target(edge) not in found:
                found.add(network.target(edge))
                ahead.append(network.target(edge))
    return frozenset(found)
