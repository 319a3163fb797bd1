"""Which way packets go at one moment, and who answers a probe on it: what a traceroute and a TTL show.

Among equal paths one is chosen, always the same for the same two ends, as a router's hash does. How packets fare is
``currents.py``, whether both ends are well ``trips.py``; ``world.py`` rolls the dice.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from safeshift.lab.currents import LOST, Currents, Reach
from safeshift.lab.trips import ConditionOf, Trips, is_attached
from safeshift.model.fabric import End, Fabric

MOST_HOPS = 30
REACHED, NO_NETWORK, NO_HOST = "reached", "N", "H"


@dataclass(frozen=True, slots=True)
class Stop:
    """Whoever takes a packet next.

    Attributes:
        address: What it answers from.
        reach: The share of probes that it answers, and the milliseconds that those take in the network.
        ends: Why the way ends here: ``REACHED``, ``NO_NETWORK``, ``NO_HOST``; empty: it goes on, or nobody knows.
    """

    address: IPv4Address
    reach: Reach
    ends: str = ""


@dataclass(frozen=True, slots=True)
class _Course:
    """One way as it is walked: from whom to whom, and how many have come through so far."""

    device: str
    own: IPv4Address
    target: IPv4Address
    reach: Reach = (1.0, 0.0)


class Ways:
    """The ways of one moment."""

    def __init__(self, fabric: Fabric, currents: Currents, condition: ConditionOf, trips: Trips) -> None:
        self._fabric = fabric
        self._currents = currents
        self._condition = condition
        self._trips = trips
        self._crossed: dict[tuple[str, IPv4Address, IPv4Address], int] = {}

    def stops(self, device: str, target: IPv4Address, source: IPv4Address | None) -> tuple[Stop, ...]:
        """Give who is met from a device to a target, in order, at most ``MOST_HOPS``; empty: it knows no way out."""
        own = self._trips.source(device, target, source)
        if own is None or not self._condition(device).up:
            return ()
        if self._trips.owner(target) == device:
            return (Stop(target, (1.0, 0.0), REACHED),)
        return tuple(self._walk(_Course(device, own, target)))[:MOST_HOPS]

    def crossed(self, device: str, target: IPv4Address, source: IPv4Address | None) -> int:
        """Count the routers that an answer crosses on its way back from a target."""
        own, owner = self._trips.source(device, target, source), self._trips.owner(target)
        if own is None or owner is None:
            return 0
        key = (owner, own, target)
        if key not in self._crossed:
            self._crossed[key] = max(0, len(self.stops(owner, own, target)) - 1)
        return self._crossed[key]

    def _walk(self, course: _Course) -> Iterator[Stop]:
        entry, port = self._fabric.port_of(course.own), self._fabric.port_of(course.target)
        if entry is not None and not self._is_plugged(course.own):
            yield Stop(course.own, LOST)
        elif entry is not None and entry == port:
            yield self._node(course, entry)
        elif entry is not None and not self._currents.live.wiring.serves(entry):
            yield Stop(course.own, LOST)
        else:
            yield from self._routers(course, entry, port)

    def _routers(self, course: _Course, entry: End | None, port: End | None) -> Iterator[Stop]:
        """Follow the forwarding from router to router; a loop is cut where probes give up."""
        network, target = self._currents.routed, int(course.target)
        forwarding = network.toward_router(target) if port is None else network.toward_port(target, port)
        at = network.wiring.index[course.device if entry is None else entry.router]
        met = None if entry is None else self._fabric.ports[entry].ip
        for _ in range(MOST_HOPS):
            if at in forwarding.delivers and port is None:
                yield Stop(course.target, self._answered(course, at), REACHED)
                return
            ways = forwarding.edges[at]
            open_ways = [edge for edge in ways if edge >= 0]
            lasts = at in forwarding.delivers
            if met is not None:
                lost = "" if open_ways or lasts else NO_HOST if ways else NO_NETWORK
                yield Stop(met, self._answered(course, at), lost)
                course = _beyond(course, self._currents.through(at))
            if lasts and port is not None:
                yield self._node(course, port)
            if lasts or not open_ways:
                return
            edge = open_ways[zlib.crc32(f"{course.own} {course.target} {at}".encode()) % len(open_ways)]
            course = _beyond(course, self._currents.along(edge))
            cable = network.wiring.cables[edge >> 1]
            at, met = network.target(edge), IPv4Address(cable.addresses[1 - (edge & 1)])

    def _node(self, course: _Course, port: End) -> Stop:
        """Give the node at the end; where its cable is out, the router before it says so."""
        if not self._is_plugged(course.target):
            gateway, at = self._fabric.ports[port].ip, self._currents.routed.wiring.index[port.router]
            return Stop(gateway, self._answered(course, at), NO_HOST)
        owner = self._trips.owner(course.target) or ""
        silent = self._condition(owner).mute
        back = (
            (1.0, 0.0)
            if port == self._fabric.port_of(course.own)
            else self._trips.one_way(owner, course.target, course.own)
        )
        return Stop(course.target, LOST if silent else _joined(course.reach, back), REACHED)

    def _answered(self, course: _Course, at: int) -> Reach:
        """Say how probes fare that a router answers: there as far as it, and back from it."""
        name = self._currents.routed.wiring.names[at]
        condition = self._condition(name)
        if condition.mute or not condition.up:
            return LOST
        return _joined(course.reach, self._trips.one_way(name, None, course.own))

    def _is_plugged(self, address: IPv4Address) -> bool:
        node, network = self._trips.networks[address]
        return is_attached(self._fabric, self._condition, node, network)


def _joined(first: Reach, then: Reach) -> Reach:
    return first[0] * then[0], first[1] + then[1]


def _beyond(course: _Course, more: Reach) -> _Course:
    return _Course(course.device, course.own, course.target, _joined(course.reach, more))
