"""What traffic does in the lab: from the devices' running configurations, over time, to what each of them can see.

A change shows at once where it cuts (a link down, a port shut) and in forwarding when routing has converged; until then
packets still go the old way, into the hole. ``trips.py`` and ``currents.py`` say how they fare; this room keeps the
time, the counters and the dice. Nothing here runs by itself: all is worked out when somebody looks.
Over 350 lines, because it answers every question of ``Around`` about one and the same moment.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from safeshift.clock import Clock
from safeshift.fabric.routing import Failure, Network, Route
from safeshift.fabric.state import RouterState
from safeshift.lab.around import HopView, NeighborView, PortView, RouterLsaView, RouteView, Running
from safeshift.lab.blueprint import node_interface, router_id
from safeshift.lab.currents import Currents, Rates, Reach
from safeshift.lab.trips import WELL, Condition, ConditionOf, Trips, is_attached
from safeshift.lab.truth import Truth
from safeshift.lab.ways import MOST_HOPS, Ways
from safeshift.model.fabric import End, Fabric, Link
from safeshift.platforms.base import Platform

BASE_MS = 0.15  # the two hosts' own share of a round trip
NODE_PORT_SPEED = 100 * 10**9  # bit/s; the fabric file does not say how fast nodes are attached
MANAGEMENT_SPEED = 10**9
_TTL = 64  # that Linux gives a packet, and EOS with it
_TTL_OF = {"cisco_ios": 255, "cisco_xe": 255}
_MEANINGS_KEPT = 16  # texts per router; a change and its undo flip between two
_WORTH_SOLVING_S = 0.25  # a shorter moment that nobody looked at is counted at the next one's rates


@dataclass(slots=True)
class _Moment:
    """The routers as they were from some time on; its network is built when it is first needed."""

    states: Mapping[str, RouterState]
    failures: frozenset[Failure]
    built: Network | None = field(default=None, repr=False)

    def network(self, fabric: Fabric) -> Network:
        if self.built is None:
            self.built = Network(fabric, self.states, self.failures)
        return self.built


class World:
    """The network around the lab's devices; implements ``Around``.

    Args:
        truth: What is built, what it must carry and what is wrong with it.
        running: Device name to its running configuration; asked first when somebody looks first.
        platforms: By router: who reads its configuration.
        seed: Of the dice; the same seed and the same calls at the same times give the same answers.
        condition: Device name to how it is.

    Guarantees:
        Not thread-safe: for one event loop. Every answer is worked out at the time it is asked for.
    """

    def __init__(
        self,
        truth: Truth,
        running: Running,
        platforms: Mapping[str, Platform],
        *,
        seed: int,
        clock: Clock,
        condition: ConditionOf = lambda _: WELL,
    ) -> None:
        self.truth = truth
        self._fabric = truth.fabric
        self._running = running
        self._platforms = platforms
        self._clock = clock
        self._condition = condition
        self._dice = random.Random(seed)
        self._meanings: dict[str, dict[str, RouterState]] = {name: {} for name in self._fabric.routers}
        self._links = {end: link for link in self._fabric.links for end in link.ends}
        self._nodes = {
            way.address.ip: (node, net) for node, ways in self._fabric.nodes.items() for net, way in ways.items()
        }
        self._sending = _sending_rates(self._fabric)
        self._states: dict[str, RouterState] = {}
        self._conditions: dict[str, Condition] = {}
        self._cuts: deque[tuple[float, _Moment]] = deque()  # what is so at once
        self._turns: deque[tuple[float, _Moment]] = deque()  # what forwarding follows, later
        self._live = self._routed = _Moment({}, frozenset())
        self._currents: Currents | None = None
        self._rates_now: Mapping[tuple[str, str], Rates] | None = None
        self._trips: tuple[Trips, Ways] | None = None
        self._counted_at = 0.0
        self._octets: dict[tuple[str, str], tuple[float, float]] = {}
        self._turned_at = 0.0
        self._routes_since: dict[str, dict[IPv4Network, tuple[Route, float]]] = {}
        self._neighbors_since: dict[str, dict[str, float]] = {}

    # Around ----------------------------------------------------------------------------------------------------------

    def changed(self, device: str) -> None:
        """See ``Around``. A text that means the same as before changes nothing."""
        if not self._states:
            self._begin()
            return
        if device not in self._fabric.routers:
            return  # a node has no say in routing; how it is, is asked whenever it matters
        state, condition = self._read(device), self._condition(device)
        if state == self._states[device] and condition == self._conditions[device]:
            return
        self._states[device], self._conditions[device] = state, condition
        moment, now = self._moment(), self._clock.monotonic()
        self._cuts.append((now, moment))
        self._turns.append((now + self.truth.convergence_s, moment))

    def port(self, device: str, interface: str) -> PortView:
        """See ``Around``. A node's interfaces are ``eth1``, ``eth2``, ...; one that the fabric lacks has no carrier."""
        self._advance()
        rates = self._rates().get((device, interface), Rates())
        received, sent = self._octets.get((device, interface), (0.0, 0.0))
        seconds = max(0.0, self._clock.monotonic() - self._counted_at)
        view = (
            self._node_port(device, interface) if device in self._fabric.nodes else self._router_port(device, interface)
        )
        return replace(
            view,
            octets_in=int(received + rates.received * seconds / 8),
            octets_out=int(sent + rates.sent * seconds / 8),
            rate_in=rates.received,
            rate_out=rates.sent,
        )

    def neighbors(self, device: str) -> tuple[NeighborView, ...]:
        """See ``Around``."""
        self._advance()
        if device not in self._fabric.routers:
            return ()
        since = self._neighbors_since.get(device, {})
        found = self._routed.network(self._fabric).adjacencies(device)
        self._neighbors_since[device] = {one.interface: since.get(one.interface, self._turned_at) for one in found}
        return tuple(
            NeighborView(
                router_id(self._fabric, one.neighbor),
                one.neighbor_address,
                one.interface,
                self._neighbors_since[device][one.interface],
            )
            for one in found
        )

    def routes(self, device: str) -> tuple[RouteView, ...]:
        """See ``Around``."""
        self._advance()
        if device not in self._fabric.routers:
            return ()
        known = self._routes_since.get(device, {})
        fresh: dict[IPv4Network, tuple[Route, float]] = {}
        for route in self._routed.network(self._fabric).routes(device):
            before = known.get(route.prefix)
            fresh[route.prefix] = before if before is not None and before[0] == route else (route, self._turned_at)
        self._routes_since[device] = fresh
        return tuple(
            RouteView(route.prefix, route.protocol, route.distance, route.metric, route.next_hops, since)
            for route, since in fresh.values()
        )

    def ping(self, device: str, target: IPv4Address, source: IPv4Address | None) -> float | None:
        """See ``Around``. Each call rolls the dice twice, whatever comes of it."""
        return self._roll(self.round_trip(device, target, source))

    def ttl(self, device: str, target: IPv4Address, source: IPv4Address | None) -> int:
        """See ``Around``."""
        trips, ways = self._trips_now()
        far = self._platforms.get(trips.owner(target) or "")
        return _TTL_OF.get(far.name if far else "", _TTL) - ways.crossed(device, target, source)

    def trace(self, device: str, target: IPv4Address, source: IPv4Address | None) -> tuple[HopView, ...]:
        """See ``Around``. Whoever is met last is asked again as long as it does not answer."""
        stops = self._trips_now()[1].stops(device, target, source)
        found: list[HopView] = []
        while stops and len(found) < MOST_HOPS and not (found and found[-1].ends):
            stop = stops[min(len(found), len(stops) - 1)]
            rtts = tuple(self._roll(stop.reach) for _ in range(3))
            answered = any(rtt is not None for rtt in rtts)
            found.append(HopView(stop.address, rtts, stop.ends) if answered else HopView(None, rtts))
        return tuple(found)

    def database(self, device: str) -> tuple[RouterLsaView, ...]:
        """See ``Around``."""
        self._advance()
        network, found = self._routed.network(self._fabric), [device]
        for name in found:  # grows while it is walked
            found += [one.neighbor for one in network.adjacencies(name) if one.neighbor not in found]
        links = {name: self._announced_links(name, len(network.adjacencies(name))) for name in found}
        views = (RouterLsaView(router_id(self._fabric, name), links[name], self._turned_at) for name in found)
        return tuple(sorted(views, key=lambda view: view.router_id))

    # For the lab -----------------------------------------------------------------------------------------------------

    def round_trip(self, device: str, target: IPv4Address, source: IPv4Address | None = None) -> Reach:
        """Give the share of round trips that come back now, and the milliseconds that they take in the network."""
        return self._trips_now()[0].round_trip(device, target, source)

    def _trips_now(self) -> tuple[Trips, Ways]:
        self._advance()
        if self._trips is None:
            currents = self._now()
            trips = Trips(self._fabric, currents, self._condition)
            self._trips = (trips, Ways(self._fabric, currents, self._condition, trips))
        return self._trips

    def _roll(self, reach: Reach) -> float | None:
        luck, jitter = self._dice.random(), self._dice.uniform(0.9, 1.15)
        return (BASE_MS + reach[1]) * jitter if luck < reach[0] else None

    def _announced_links(self, router: str, neighbors: int) -> int:
        """Count the links of a router LSA: two for each neighbour, and one for each prefix without any."""
        faces = self._routed.states[router].interfaces.values()
        ends = {link.end_at(router).interface for link in self._fabric.links_of(router)}
        alone = sum(face.ospf and face.enabled and face.address is not None for face in faces if face.name not in ends)
        return 2 * neighbors + alone

    # Time ------------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        for name in self._fabric.routers:
            self._states[name], self._conditions[name] = self._read(name), self._condition(name)
        self._live = self._routed = self._moment()
        self._counted_at = self._turned_at = self._clock.monotonic()

    def _advance(self) -> None:
        """Let everything happen that was due by now, in order, counting the octets that flowed until each event."""
        if not self._states:
            self._begin()
        now = self._clock.monotonic()
        while (due := self._next_due()) <= now:
            if self._currents is not None or due - self._counted_at >= _WORTH_SOLVING_S:
                self._count(due)
            if self._cuts and self._cuts[0][0] == due:
                self._live = self._cuts.popleft()[1]
            else:
                self._routed, self._turned_at = self._turns.popleft()[1], due
            self._currents = self._rates_now = self._trips = None

    def _next_due(self) -> float:
        return min(queue[0][0] if queue else float("inf") for queue in (self._cuts, self._turns))

    def _count(self, until: float) -> None:
        seconds = until - self._counted_at
        self._counted_at = until
        for port, rates in self._rates().items():
            received, sent = self._octets.get(port, (0.0, 0.0))
            self._octets[port] = (received + rates.received * seconds / 8, sent + rates.sent * seconds / 8)

    def _now(self) -> Currents:
        if self._currents is None:
            routed, live = self._routed.network(self._fabric), self._live.network(self._fabric)
            gray = {"gray_routers": self.truth.gray_routers, "gray_links": self.truth.gray_links}
            self._currents = Currents(routed, live, **gray)
        return self._currents

    def _rates(self) -> Mapping[tuple[str, str], Rates]:
        if self._rates_now is None:
            self._rates_now = self._measure(self._now())
        return self._rates_now

    def _measure(self, currents: Currents) -> Mapping[tuple[str, str], Rates]:
        found = {(end.router, end.interface): rates for end, rates in currents.rates.items()}
        for address, (node, network) in self._nodes.items():
            received = currents.delivered.get(int(address), 0.0)
            found[node, node_interface(self._fabric, node, network)] = Rates(
                received, self._sending.get((node, network), 0.0)
            )
        return found

    # States ----------------------------------------------------------------------------------------------------------

    def _read(self, router: str) -> RouterState:
        text, known = self._running(router), self._meanings[router]
        if text not in known:
            if len(known) >= _MEANINGS_KEPT:
                known.clear()
            platform = self._platforms[router]
            known[text] = platform.read_meaning(platform.normalise(text))
        return known[text]

    def _moment(self) -> _Moment:
        """Take a picture of the routers as they are now: what they say, less what is broken."""
        failures = {Failure("link", name) for name in self.truth.down}
        states = dict(self._states)
        for name, condition in self._conditions.items():
            if not condition.up:
                failures.add(Failure("router", name))
            for interface in condition.cut:
                link = self._links.get(End(name, interface))
                if link is not None:
                    failures.add(Failure("link", link.name))
                else:
                    states[name] = _with_interface(states[name], interface, enabled=False)
        for name, most in self.truth.caps.items():
            _cap(states, self._fabric.link(name), most)
        return _Moment(states, frozenset(failures))

    # Ports -----------------------------------------------------------------------------------------------------------

    def _router_port(self, device: str, interface: str) -> PortView:
        link = self._links.get(End(device, interface))
        state = self._states[device].interfaces.get(interface)
        enabled = self._conditions[device].up and state is not None and state.enabled
        if link is not None:
            far = link.far_end(device)
            speed = state.speed if state is not None and state.speed else link.capacity
            carrier = self._live.network(self._fabric).link_up(link)
            return PortView(carrier, speed, far.router if carrier else None, far.interface if carrier else None)
        if interface.startswith("Management"):
            return PortView(self._conditions[device].up, MANAGEMENT_SPEED)
        attached = End(device, interface) in self._fabric.ports and interface not in self._conditions[device].cut
        return PortView(enabled and (attached or interface.startswith("Loopback")), NODE_PORT_SPEED)

    def _node_port(self, node: str, interface: str) -> PortView:
        for network, way in self._fabric.nodes[node].items():
            if node_interface(self._fabric, node, network) == interface:
                carrier = is_attached(self._fabric, self._condition, node, network)
                return PortView(carrier, NODE_PORT_SPEED, way.port.router if carrier else None, way.port.interface)
        return PortView(False, NODE_PORT_SPEED)


def _sending_rates(fabric: Fabric) -> Mapping[tuple[str, str], float]:
    """Give the bit/s that each node sends on each network."""
    found: dict[tuple[str, str], float] = {}
    for demand in fabric.demands:
        for source, _ in demand.pairs:
            key = (source, demand.network)
            found[key] = found.get(key, 0.0) + demand.rate_per_pair
    return found


def _with_interface(state: RouterState, interface: str, **changes: object) -> RouterState:
    face = state.interfaces.get(interface)
    if face is None:
        return state
    return replace(state, interfaces={**state.interfaces, interface: replace(face, **changes)})  # type: ignore[arg-type]


def _cap(states: dict[str, RouterState], link: Link, most: int) -> None:
    """Let a link carry less than its two ends are set to; where they disagree it is down anyway."""
    faces = [states[end.router].interfaces.get(end.interface) for end in link.ends]
    speeds = {face.speed or link.capacity for face in faces if face is not None}
    if len(speeds) != 1 or most >= speeds.pop():
        return
    for end in link.ends:
        states[end.router] = _with_interface(states[end.router], end.interface, speed=most)
