"""Where packets go: from what the routers are configured to, less what has failed, to routes and next hops.

Connected, static and OSPF routes (single area, point-to-point links, ECMP, max-metric as RFC 6987 has it), longest
prefix first, then lowest distance. It knows no traffic: read ``load.py`` next. Steady states only: what happens while
routing converges is for the probes to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from safeshift.fabric.state import RouterState, StaticRoute
from safeshift.fabric.wiring import Connected, Key, Wiring
from safeshift.model.fabric import End, Fabric, Link

DISCARD = "Null0"  # the interface that a discarding route names
_NEVER = 255  # the administrative distance of a route that is not to be used; Source: every platform we know
_FAR = float("inf")


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """One element that stopped working; a link is named by ``Link.name``."""

    kind: Literal["link", "router"]
    name: str


@dataclass(frozen=True, slots=True)
class Adjacency:
    """One OSPF neighbour, as the router that has it sees it."""

    link: Link
    interface: str
    neighbor: str
    neighbor_interface: str
    neighbor_address: IPv4Address


@dataclass(frozen=True, slots=True)
class Route:
    """One installed route.

    Attributes:
        protocol: ``C`` connected, ``S`` static, ``O`` OSPF.
        next_hops: (next hop or None, outgoing interface), one for each equal-cost way; ``DISCARD`` is an interface.
    """

    prefix: IPv4Network
    protocol: Literal["C", "S", "O"]
    distance: int
    metric: int
    next_hops: tuple[tuple[IPv4Address | None, str], ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One way out of a router.

    Attributes:
        address: The next hop's; 0 when the route is connected or discarding.
        edge: Where packets go: twice the cable's index, plus one when they leave by its second end; -1: nowhere,
            because the route discards, or because nobody has the next hop's address.
    """

    address: int
    interface: str
    edge: int


@dataclass(frozen=True, slots=True)
class Best:
    """The route that one router has installed for one prefix."""

    protocol: Literal["C", "S", "O"]
    distance: int
    metric: int
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What every router does with packets to one destination, by router index.

    Attributes:
        delivers: The routers that hand them over to the destination.
        edges: The edges that the others send them out by, in equal shares; an edge of -1 loses them.
        order: The routers, each before those that it sends to; None when there is a loop.
    """

    delivers: frozenset[int]
    edges: tuple[tuple[int, ...], ...]
    order: tuple[int, ...] | None


class Network:
    """The forwarding of a fabric in one steady state. Immutable to its users; answers are computed when first asked."""

    def __init__(
        self,
        fabric: Fabric,
        states: Mapping[str, RouterState],
        failures: frozenset[Failure] = frozenset(),
        *,
        wiring: Wiring | None = None,
    ) -> None:
        self.fabric = fabric
        self.failures = failures
        self.wiring = wiring or Wiring(fabric, states)
        self._states = states
        dead = {self.wiring.index[one.name] for one in failures if one.kind == "router"}
        cut = {one.name for one in failures if one.kind == "link"}
        self.alive = tuple(at not in dead for at in range(len(self.wiring.names)))
        self.up = tuple(
            cable.sound and cable.link.name not in cut and dead.isdisjoint(cable.routers)
            for cable in self.wiring.cables
        )
        self._near = tuple(self._connected(at) for at in range(len(self.wiring.names)))
        self._into, self._out = self._adjacent()
        self._distances: dict[Key, list[float]] = {}
        self._best: dict[tuple[int, Key], Best | None] = {}
        self._forwarding: dict[object, Forwarding] = {}

    def failing(self, *failures: Failure) -> Network:
        """Give the same network with more failures; cheap, for what is read from the states is shared."""
        return Network(self.fabric, self._states, self.failures | frozenset(failures), wiring=self.wiring)

    def link_up(self, link: Link) -> bool:
        """Say whether both ends agree and nothing has failed."""
        end = link.ends[0]
        return self.up[self.wiring.cable_at[self.wiring.index[end.router], end.interface]]

    def link_capacity(self, link: Link) -> int:
        """Give bit/s per direction, as the ends are configured (the slower one where they differ)."""
        end = link.ends[0]
        return self.wiring.cables[self.wiring.cable_at[self.wiring.index[end.router], end.interface]].capacity

    def adjacencies(self, router: str) -> tuple[Adjacency, ...]:
        """Give the router's OSPF neighbours, in the order of the fabric's links."""
        found = []
        for edge, _, _ in self._out[self.wiring.index[router]]:
            cable, far = self.wiring.cables[edge >> 1], 1 - (edge & 1)
            address = IPv4Address(cable.addresses[far])
            name = self.wiring.names[cable.routers[far]]
            found.append(Adjacency(cable.link, cable.interfaces[1 - far], name, cable.interfaces[far], address))
        return tuple(found)

    def routes(self, router: str) -> tuple[Route, ...]:
        """Give all routes that the router has installed, by prefix."""
        at = self.wiring.index[router]
        found = ((key, self.best(at, key)) for key in sorted(self.wiring.keys))
        return tuple(_shown(key, best) for key, best in found if best is not None)

    def lookup(self, router: str, address: IPv4Address) -> Route | None:
        """Give the route that the router would use for an address; None when it has none."""
        at = self.wiring.index[router]
        for key in self.wiring.covering(int(address)):
            best = self.best(at, key)
            if best is not None:
                return _shown(key, best)
        return None

    def best(self, router: int, key: Key) -> Best | None:
        """Give the route that a router has installed for exactly this prefix."""
        if (router, key) not in self._best:
            ways = [way for way in self._candidates(router, key) if way.distance < _NEVER]
            # on equal distance the order of the candidates decides: connected, static, OSPF
            self._best[router, key] = min(ways, key=lambda way: way.distance) if ways else None
        return self._best[router, key]

    def toward_port(self, address: int, port: End) -> Forwarding:
        """Give the forwarding to a node's address; delivered where the node is attached, if its port serves it."""
        covering = self.wiring.covering(address)
        if (covering, port) not in self._forwarding:
            at = self.wiring.index[port.router]
            served = self.alive[at] and self.wiring.serves(port)
            self._forwarding[covering, port] = self._forward(covering, address, {at: port.interface} if served else {})
        return self._forwarding[covering, port]

    def toward_router(self, address: int) -> Forwarding:
        """Give the forwarding to a router's own address."""
        if address not in self._forwarding:
            owners = {
                at: "" for at, near in enumerate(self._near) if any(one.address == address for one in near.values())
            }
            self._forwarding[address] = self._forward(self.wiring.covering(address), address, owners)
        return self._forwarding[address]

    def _forward(self, covering: tuple[Key, ...], address: int, ends: Mapping[int, str]) -> Forwarding:
        """Decide for every router; ``ends`` are those that deliver: by the interface named, or (empty) themselves."""
        delivers: set[int] = set()
        edges: list[tuple[int, ...]] = []
        for at in range(len(self.alive)):
            best = next((way for way in (self.best(at, key) for key in covering) if way), None)
            sent: tuple[int, ...] = ()
            if at in ends and (not ends[at] or (best and best.protocol == "C" and best.hops[0].interface == ends[at])):
                delivers.add(at)
            elif best and best.protocol == "C":
                sent = (self._across(best.hops[0].edge, address),)
            elif best:
                sent = tuple(hop.edge for hop in best.hops)
            edges.append(sent)
        return Forwarding(frozenset(delivers), tuple(edges), self._ordered(edges))

    def _across(self, edge: int, address: int) -> int:
        """The edge, if the router at its far end has the address: on a link, nobody else could answer for it."""
        return edge if edge >= 0 and self.wiring.cables[edge >> 1].addresses[1 - (edge & 1)] == address else -1

    def target(self, edge: int) -> int:
        """Give the router that an edge leads to."""
        return self.wiring.cables[edge >> 1].routers[1 - (edge & 1)]

    def _ordered(self, edges: list[tuple[int, ...]]) -> tuple[int, ...] | None:
        waiting = [0] * len(edges)
        for sent in edges:
            for edge in sent:
                if edge >= 0:
                    waiting[self.target(edge)] += 1
        ready = [at for at, count in enumerate(waiting) if not count]
        for at in ready:  # grows while it is walked
            for edge in edges[at]:
                if edge >= 0:
                    waiting[self.target(edge)] -= 1
                    if not waiting[self.target(edge)]:
                        ready.append(self.target(edge))
        return tuple(ready) if len(ready) == len(edges) else None

    def _connected(self, router: int) -> dict[Key, Connected]:
        if not self.alive[router]:
            return {}
        return {one.key: one for one in self.wiring.connected[router] if one.cable < 0 or self.up[one.cable]}

    def _adjacent(self) -> tuple[list[list[tuple[int, int]]], list[list[tuple[int, int, int]]]]:
        """Per router: (cost, neighbour) of the edges into it, and (edge, cost, neighbour) of those out of it."""
        into: list[list[tuple[int, int]]] = [[] for _ in self.alive]
        out: list[list[tuple[int, int, int]]] = [[] for _ in self.alive]
        for at, cable in enumerate(self.wiring.cables):
            if self.up[at] and cable.routed:
                (a, b), (leaving_a, leaving_b) = cable.routers, cable.costs
                into[b].append((leaving_a, a))
                into[a].append((leaving_b, b))
                out[a].append((2 * at, leaving_a, b))
                out[b].append((2 * at + 1, leaving_b, a))
        return into, out

    def _candidates(self, router: int, key: Key) -> Iterator[Best]:
        near = self._near[router].get(key)
        if near is not None:
            yield Best("C", 0, 0, (Hop(0, near.interface, self._edge(router, near.cable)),))
        yield from self._static_candidates(router, key)
        state = self.wiring.states[router]
        if near is None and self.alive[router] and state.ospf:
            distances = self._ospf_distances(key)
            hops = tuple(
                Hop(self.wiring.cables[edge >> 1].addresses[1 - (edge & 1)], self._leaving(edge), edge)
                for edge, cost, neighbour in self._out[router]
                if cost + distances[neighbour] == distances[router] < _FAR
            )
            if hops:
                yield Best("O", state.ospf_distance, int(distances[router]), hops)

    def _static_candidates(self, router: int, key: Key) -> Iterator[Best]:
        resolved = [(one.distance, self._resolve(router, one)) for one in self.wiring.statics[router].get(key, ())]
        for distance in sorted({distance for distance, hop in resolved if hop is not None}):
            hops = tuple(hop for other, hop in resolved if other == distance and hop is not None)
            yield Best("S", distance, 0, hops)

    def _resolve(self, router: int, static: StaticRoute) -> Hop | None:
        """Find the way out that a static route names; None while it has none and is not installed."""
        if not self.alive[router]:
            return None
        address = int(static.next_hop) if static.next_hop is not None else 0
        if static.interface == DISCARD or (static.interface is None and not address):
            return Hop(0, DISCARD, -1)
        for near in self._near[router].values():
            if near.interface == static.interface if static.interface else _holds(near.key, address):
                if near.address == address:
                    return None  # no router takes its own address as a next hop
                edge = self._edge(router, near.cable)
                return Hop(address, near.interface, self._across(edge, address) if address else edge)
        return None

    def _edge(self, router: int, cable: int) -> int:
        return -1 if cable < 0 else 2 * cable + self.wiring.cables[cable].routers.index(router)

    def _leaving(self, edge: int) -> str:
        return self.wiring.cables[edge >> 1].interfaces[edge & 1]

    def _ospf_distances(self, key: Key) -> list[float]:
        """Every router's OSPF distance to a prefix: Dijkstra from those that announce it, against the edges."""
        if key not in self._distances:
            found = [_FAR] * len(self.alive)
            heap: list[tuple[float, int]] = []
            for at, near in enumerate(self._near):
                one = near.get(key)
                if one is not None and one.stub_cost is not None:
                    found[at] = one.stub_cost
                    heappush(heap, (one.stub_cost, at))
            while heap:
                distance, at = heappop(heap)
                if distance > found[at]:
                    continue
                for cost, neighbour in self._into[at]:
                    if distance + cost < found[neighbour]:
                        found[neighbour] = distance + cost
                        heappush(heap, (distance + cost, neighbour))
            self._distances[key] = found
        return self._distances[key]


def _holds(key: Key, address: int) -> bool:
    network, length = key
    return address >> (32 - length) == network >> (32 - length)


def _shown(key: Key, best: Best) -> Route:
    hops = tuple((IPv4Address(hop.address) if hop.address else None, hop.interface) for hop in best.hops)
    return Route(IPv4Network(key), best.protocol, best.distance, best.metric, hops)
