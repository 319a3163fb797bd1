"""The fabric and its routers' states put side by side: which cable is sound, what is connected where, at what cost.

Failures are not known here: one wiring serves the fabric whole and under every failure. Routers are small ints from
here on, prefixes are ``(network, length)`` pairs of ints: routing is asked thousands of times per plan.
Read ``routing.py`` next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

from safeshift.fabric.state import MAX_METRIC, InterfaceState, RouterState, StaticRoute
from safeshift.model.fabric import Attachment, End, Fabric, Link

DEFAULT_COST = 10  # OSPF's where nothing is written and nothing derives one; EOS' and most platforms' own

Key = tuple[int, int]  # a prefix: network address, length


@dataclass(frozen=True, slots=True)
class Cable:
    """One link as both of its ends are configured. Pairs are in the order of ``link.ends``.

    Attributes:
        sound: Both ends are enabled, addressed in one subnet and of one speed: it is up unless something fails.
        routed: OSPF forms an adjacency over it while it is up.
        capacity: Bit/s per direction.
        costs: OSPF's, leaving by each end.
    """

    link: Link
    routers: tuple[int, int]
    interfaces: tuple[str, str]
    addresses: tuple[int, int]
    sound: bool
    routed: bool
    capacity: int
    costs: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Connected:
    """One addressed interface that is configured to be up; a router's are kept longest prefix first.

    Attributes:
        cable: The index of its cable; -1 for a port of nodes or a loopback.
        stub_cost: What OSPF announces its prefix at; None when it does not.
    """

    key: Key
    interface: str
    address: int
    cable: int
    stub_cost: int | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Traffic of one network that enters at a port for one node."""

    source: End
    target: Attachment
    network: str
    rate: float


class Wiring:
    """A fabric with the states of its routers; a router without a state forwards nothing."""

    def __init__(self, fabric: Fabric, states: Mapping[str, RouterState]) -> None:
        self.fabric = fabric
        self.names = tuple(fabric.routers)
        self.index = {name: at for at, name in enumerate(self.names)}
        self.states = tuple(states.get(name) or RouterState(name) for name in self.names)
        self.cables = tuple(self._cable(link) for link in fabric.links)
        self.cable_at = {
            (router, interface): at
            for at, cable in enumerate(self.cables)
            for router, interface in zip(cable.routers, cable.interfaces, strict=True)
        }
        self.connected = tuple(self._connected(at) for at in range(len(self.names)))
        self.statics = tuple(_by_prefix(state.statics) for state in self.states)
        self.flows = _flows(fabric)
        self._keys = {one.key for near in self.connected for one in near}.union(*self.statics)
        self._lengths = tuple(sorted({length for _, length in self._keys}, reverse=True))
        self._covering: dict[int, tuple[Key, ...]] = {}
        self._served = {port: self._serves(port) for port in fabric.ports}

    @property
    def keys(self) -> frozenset[Key]:
        """Every prefix that some router could know."""
        return frozenset(self._keys)

    def covering(self, address: int) -> tuple[Key, ...]:
        """Give the prefixes that hold an address, longest first."""
        found = self._covering.get(address)
        if found is None:
            masked = ((address >> (32 - length) << (32 - length), length) for length in self._lengths)
            found = self._covering[address] = tuple(key for key in masked if key in self._keys)
        return found

    def serves(self, port: End) -> bool:
        """Say whether the nodes on a port find their gateway there: enabled, with the address that they expect."""
        return self._served[port]

    def _serves(self, port: End) -> bool:
        state = self.states[self.index[port.router]].interfaces.get(port.interface)
        return state is not None and state.enabled and state.address == self.fabric.ports[port]

    def _cable(self, link: Link) -> Cable:
        routers = (self.index[link.ends[0].router], self.index[link.ends[1].router])
        faces = [self._face(end) for end in link.ends]
        speeds = [face.speed or link.capacity for face in faces]
        routed = all(face.ospf and not face.passive for face in faces) and all(self.states[at].ospf for at in routers)
        costs = [self._announced_cost(at, face, speed) for at, face, speed in zip(routers, faces, speeds, strict=True)]
        return Cable(
            link=link,
            routers=routers,
            interfaces=(link.ends[0].interface, link.ends[1].interface),
            addresses=(_number(faces[0].address), _number(faces[1].address)),
            sound=all(face.enabled for face in faces) and _agree(faces[0], faces[1]) and speeds[0] == speeds[1],
            routed=routed,
            capacity=min(speeds),
            costs=(costs[0], costs[1]),
        )

    def _face(self, end: End) -> InterfaceState:
        missing = InterfaceState(end.interface, enabled=False)
        return self.states[self.index[end.router]].interfaces.get(end.interface, missing)

    def _announced_cost(self, router: int, face: InterfaceState, speed: int | None) -> int:
        return MAX_METRIC if self.states[router].max_metric else self._own_cost(router, face, speed)

    def _own_cost(self, router: int, face: InterfaceState, speed: int | None) -> int:
        reference = self.states[router].reference_bandwidth
        if face.cost is not None:
            return face.cost
        return min(MAX_METRIC, max(1, reference // speed)) if reference and speed else DEFAULT_COST

    def _connected(self, router: int) -> tuple[Connected, ...]:
        name, state = self.names[router], self.states[router]
        found = []
        for face in state.interfaces.values():
            cable = self.cable_at.get((router, face.name), -1)
            # an interface that the fabric does not know has no cable in it: only a loopback is up by itself
            inner = End(name, face.name) in self.fabric.ports or face.name.lower().startswith("loopback")
            if face.address is None or not (self.cables[cable].sound if cable >= 0 else face.enabled and inner):
                continue
            speed = self.cables[cable].capacity if cable >= 0 else face.speed
            stub = self._stub_cost(router, face, speed) if state.ospf and face.ospf else None
            found.append(Connected(key_of(face.address.network), face.name, int(face.address), cable, stub))
        return tuple(sorted(found, key=lambda one: -one.key[1]))

    def _stub_cost(self, router: int, face: InterfaceState, speed: int | None) -> int:
        state = self.states[router]
        return MAX_METRIC if state.max_metric and state.max_metric_stub else self._own_cost(router, face, speed)


def key_of(prefix: IPv4Network) -> Key:
    """Give a prefix as two ints."""
    return int(prefix.network_address), prefix.prefixlen


def _number(address: IPv4Interface | None) -> int:
    return -1 if address is None else int(address)


def _agree(first: InterfaceState, second: InterfaceState) -> bool:
    a, b = first.address, second.address
    return a is not None and b is not None and a.network == b.network and a.ip != b.ip


def _by_prefix(statics: tuple[StaticRoute, ...]) -> Mapping[Key, tuple[StaticRoute, ...]]:
    found: dict[Key, list[StaticRoute]] = {}
    for static in statics:
        found.setdefault(key_of(static.prefix), []).append(static)
    return {key: tuple(sorted(ones, key=lambda one: one.distance)) for key, ones in found.items()}


def _flows(fabric: Fabric) -> tuple[Flow, ...]:
    """Sum the demands per port that they enter by and node that they go to."""
    rates: dict[tuple[End, str, str], float] = {}
    for demand in fabric.demands:
        for source, target in demand.pairs:
            key = (fabric.nodes[source][demand.network].port, target, demand.network)
            rates[key] = rates.get(key, 0.0) + demand.rate_per_pair
    return tuple(
        Flow(source, fabric.nodes[target][network], network, rate)
        for (source, target, network), rate in rates.items()
        if rate > 0
    )
