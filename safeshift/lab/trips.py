"""Who answers whom: the way of a question and the way of its answer, at one moment.

It knows addresses, attachments and which devices are well; how packets fare in between is ``currents.py``, when one
moment ends and the next begins ``world.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from safeshift.lab.blueprint import node_interface
from safeshift.lab.currents import LOST, Currents, Reach
from safeshift.model.fabric import Fabric


@dataclass(frozen=True, slots=True)
class Condition:
    """How a device is, apart from its configuration.

    Attributes:
        up: It runs (not rebooting).
        mute: It answers no ping.
        cut: Its interfaces whose cable is broken.
    """

    up: bool = True
    mute: bool = False
    cut: frozenset[str] = frozenset()


WELL = Condition()
ConditionOf = Callable[[str], Condition]


class Trips:
    """The round trips of one moment; what was asked once is remembered, except whether both ends are well.

    Attributes:
        networks: By a node's address, the node and the network that it is on.
    """

    def __init__(self, fabric: Fabric, currents: Currents, condition: ConditionOf) -> None:
        self._fabric = fabric
        self._currents = currents
        self._condition = condition
        self.networks = {
            way.address.ip: (node, network) for node, ways in fabric.nodes.items() for network, way in ways.items()
        }
        self._known: dict[tuple[str, IPv4Address, IPv4Address | None], Reach] = {}

    def round_trip(self, device: str, target: IPv4Address, source: IPv4Address | None) -> Reach:
        """Give the share of round trips that come back, and the milliseconds they take in the network."""
        owner = self.owner(target)
        own = self.source(device, target, source)
        if owner is None or own is None or not self._are_well(device, owner, own, target):
            return LOST
        key = (device, target, own)
        if key not in self._known:
            self._known[key] = self._there_and_back(device, owner, own, target)
        return self._known[key]

    def _there_and_back(self, device: str, owner: str, own: IPv4Address, target: IPv4Address) -> Reach:
        if device == owner:
            return 1.0, 0.0
        there, back = self.one_way(device, own, target), self.one_way(owner, target, own)
        return there[0] * back[0], there[1] + back[1]

    def source(self, device: str, target: IPv4Address, wanted: IPv4Address | None) -> IPv4Address | None:
        """Give the address that a device asks from: the one wanted if it is its own, else its choice; or None."""
        own = wanted if wanted is not None else self._own_address(device, target)
        return own if own is not None and self.owner(own) == device else None

    def one_way(self, device: str, own: IPv4Address | None, target: IPv4Address) -> Reach:
        """Say how packets of a device fare to a target; ``own`` None: from whichever of a router's addresses."""
        serves, network = self._currents.live.wiring.serves, self._currents.routed
        entry, port = None if own is None else self._fabric.port_of(own), self._fabric.port_of(target)
        if (entry is not None and not serves(entry)) or (port is not None and not serves(port)):
            return LOST
        forwarding = network.toward_router(int(target)) if port is None else network.toward_port(int(target), port)
        start = network.wiring.index[device if entry is None else entry.router]
        return self._currents.reach(forwarding, start, entering=entry is not None, to_router=port is None)

    def _are_well(self, device: str, owner: str, own: IPv4Address, target: IPv4Address) -> bool:
        asked = self._condition(owner)
        if asked.mute or not asked.up or not self._condition(device).up:
            return False
        ends = (self.networks[address] for address in (own, target) if address in self.networks)
        return all(is_attached(self._fabric, self._condition, node, network) for node, network in ends)

    def owner(self, address: IPv4Address) -> str | None:
        """Say whose address this is; None: nobody's, or of an interface that is down."""
        if address in self.networks:
            return self.networks[address][0]
        live = self._currents.live
        return next((live.wiring.names[at] for at in live.toward_router(int(address)).delivers), None)

    def _own_address(self, device: str, target: IPv4Address) -> IPv4Address | None:
        """Choose the address a device asks from: a node's on the network where the target is, a router's way out."""
        if device in self._fabric.routers:
            network = self._currents.routed
            route = network.lookup(device, target)
            state = network.wiring.states[network.wiring.index[device]]
            face = state.interfaces.get(route.next_hops[0][1]) if route is not None else None
            return face.address.ip if face is not None and face.address is not None else None
        ways = self._fabric.nodes[device]
        beside = next((way for way in ways.values() if target in way.address.network), None)
        first = next((ways[network] for network in self._fabric.networks if network in ways), None)
        way = beside or ways.get(self._network_of(target), first)
        return way.address.ip if way is not None else None

    def _network_of(self, address: IPv4Address) -> str:
        if address in self.networks:
            return self.networks[address][1]
        owner = self.owner(address)
        return self._fabric.routers[owner].network if owner is not None else ""


def is_attached(fabric: Fabric, condition: ConditionOf, node: str, network: str) -> bool:
    """Say whether a node's cable on a network is whole, and both the node and the router there run."""
    port, here = fabric.nodes[node][network].port, condition(node)
    there = condition(port.router)
    whole = node_interface(fabric, node, network) not in here.cut and port.interface not in there.cut
    return here.up and there.up and whole
