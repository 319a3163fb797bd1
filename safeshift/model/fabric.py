"""The fabric file: networks, routers, links, nodes, demands, storage; checked and frozen.

It says what is built and what it must carry; what the devices are configured to do with it is ``fabric/state.py``.
What its parts must have in common is in ``fabric_checks.py``. Next: ``source.py``, which turns YAML into these models
with file:line:column errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StrictInt, model_validator

from safeshift.errors import FabricError
from safeshift.model.fabric_checks import check_fabric
from safeshift.model.source import Rate, Written, load_source

_ROLE_ORDER = ("primary", "secondary", "management")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class End(NamedTuple):
    """One interface of one router; written as ``p1 Ethernet1``."""

    router: str
    interface: str

    def __str__(self) -> str:
        return f"{self.router}:{self.interface}"


def _split_end(written: object) -> object:
    if isinstance(written, End):
        return written
    words = written.split() if isinstance(written, str) else []
    if len(words) != 2:
        raise ValueError(f"{written!r} is not a router and an interface; write both with a space between: p1 Ethernet1")
    return End(*words)


def _plain_name(written: str) -> str:
    if not _NAME.fullmatch(written):
        raise ValueError(f"{written!r} cannot be a name; use letters, digits, and . _ - after the first")
    return written


def _subnet(written: object) -> object:
    if isinstance(written, IPv4Network):
        return written
    try:
        address = IPv4Interface(_with_length(written, "10.0.11.0/31"))
    except ValueError as cause:
        raise ValueError(f"{written!r} is not an IPv4 prefix; write 10.0.11.0/31") from cause
    if address.ip != address.network.network_address:
        raise ValueError(f"{written} is an address inside of a prefix; the prefix is {address.network}")
    return address.network


def _host_address(written: object) -> object:
    if isinstance(written, IPv4Interface):
        return written
    try:
        return IPv4Interface(_with_length(written, "10.1.1.11/24"))
    except ValueError as cause:
        raise ValueError(f"{written!r} is not an IPv4 address with a prefix length; write 10.1.1.11/24") from cause


def _with_length(written: object, example: str) -> str:
    if not isinstance(written, str) or "/" not in written:
        raise ValueError(f"{written!r} has no prefix length; write {example}")
    return written


def _both_ways(written: object) -> object:
    one = isinstance(written, int) and not isinstance(written, bool)
    return (written, written) if one else written


Name = Annotated[str, AfterValidator(_plain_name)]
Cost = Annotated[StrictInt, Field(ge=1, le=65535)]
_WrittenEnd = Annotated[
    End, BeforeValidator(_split_end), PlainSerializer(lambda end: f"{end.router} {end.interface}", return_type=str)
]


class NetworkSpec(Written):
    """An independent set of paths."""

    role: Literal["primary", "secondary", "management"] = Field(description="primary, secondary or management")


class Router(Written):
    """A device that forwards.

    Attributes:
        network: The network it belongs to.
        capacity: What it can forward in all, both directions summed, in bit/s; None: it is no bottleneck.
    """

    network: Name = Field(description="the network that it belongs to")
    capacity: Annotated[Rate, Field(gt=0)] | None = None


class Link(Written):
    """A cable between two routers.

    Attributes:
        ends: The first end has the subnet's first address, the second end the next.
        capacity: In bit/s, per direction, while neither end is configured to another speed.
        cost: OSPF's, from the first end and from the second; None: as the platform derives it.
    """

    ends: tuple[_WrittenEnd, _WrittenEnd] = Field(
        description="two of router and interface: [l1 Ethernet1, p1 Ethernet1]"
    )
    subnet: Annotated[IPv4Network, BeforeValidator(_subnet)] = Field(description="its IPv4 prefix: 10.0.11.0/31")
    capacity: Annotated[Rate, Field(gt=0)] = Field(description="its speed: 100G")
    cost: Annotated[tuple[Cost, Cost], BeforeValidator(_both_ways)] | None = None

    @cached_property
    def name(self) -> str:
        """``l1:Ethernet1--p1:Ethernet1``: the same in plans, reports and findings."""
        return f"{self.ends[0]}--{self.ends[1]}"

    @cached_property
    def addresses(self) -> tuple[IPv4Interface, IPv4Interface]:
        """The two ends' addresses: of a /31 the lower and the upper, else the first host and the next."""
        first = int(self.subnet.network_address) + (0 if self.subnet.prefixlen == 31 else 1)
        length = self.subnet.prefixlen
        return IPv4Interface((first, length)), IPv4Interface((first + 1, length))

    def end_at(self, router: str) -> End:
        """Give the end on ``router``; KeyError when the link does not touch it."""
        for end in self.ends:
            if end.router == router:
                return end
        raise KeyError(router)

    def far_end(self, router: str) -> End:
        """Give the end that is not on ``router``; KeyError when the link does not touch it."""
        return self.ends[1 - self.ends.index(self.end_at(router))]


class Attachment(Written):
    """How a node is attached to one network: the router's port and the node's own address, in that port's prefix."""

    port: _WrittenEnd = Field(description="router and interface: l1 Vlan10")
    address: Annotated[IPv4Interface, BeforeValidator(_host_address)] = Field(
        description="the node's address with the prefix length: 10.1.1.11/24"
    )

    @property
    def gateway(self) -> IPv4Interface:
        """The router's address on the port: the prefix's first."""
        first = int(self.address.network.network_address) + (0 if self.address.network.prefixlen == 31 else 1)
        return IPv4Interface((first, self.address.network.prefixlen))


class Demand(Written):
    """Traffic between two sides.

    Attributes:
        rate: In bit/s, the sum of both directions, split evenly over all ordered pairs across the two sides.
        traffic_class: Written ``class``: its kind, as verdicts tell it apart.
    """

    between: tuple[tuple[str, ...], tuple[str, ...]] = Field(description="two lists of nodes: [[n1, n2], [n3, n4]]")
    network: str = Field(description="the network that carries it")
    rate: Rate = Field(description="the sum of both directions: 35G")
    traffic_class: str = Field(default="default", alias="class")

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every ordered (source, target) across the sides, each once, in the order of the file."""
        left, right = self.between
        both = [(a, b) for a in left for b in right] + [(b, a) for a in left for b in right]
        return tuple(dict.fromkeys(pair for pair in both if pair[0] != pair[1]))

    @property
    def rate_per_pair(self) -> float:
        """Bit/s from each source to each target."""
        return self.rate / len(self.pairs)


class Storage(Written):
    """Who keeps whose replica, and how many replicas could be made anew before space runs out."""

    replicas: Mapping[str, tuple[str, ...]] = {}
    free_slots: Annotated[StrictInt, Field(ge=0)] = 0


class Fabric(Written):
    """Everything that a change can affect. ``nodes`` is by node, then by network; a node may miss a network."""

    networks: Annotated[Mapping[Name, NetworkSpec], Field(min_length=1)] = Field(
        description="the networks by name: primary: {role: primary}"
    )
    routers: Mapping[Name, Router] = Field(description="the routers by name: p1: {network: primary, capacity: 100G}")
    links: tuple[Link, ...] = ()
    nodes: Mapping[Name, Mapping[str, Attachment]] = {}
    demands: tuple[Demand, ...] = ()
    storage: Storage = Storage()

    @model_validator(mode="after")
    def _check_against_each_other(self) -> Fabric:
        check_fabric(self)
        return self

    def role(self, network: str) -> str:
        """Give the role of a network."""
        return self.networks[network].role

    @cached_property
    def carrying(self) -> tuple[str, ...]:
        """The networks that nodes live on: all but management ones, unless there is nothing else."""
        return tuple(name for name in self.networks if self.role(name) != "management") or tuple(self.networks)

    def link(self, name: str) -> Link:
        """Give a link by its name; KeyError when there is none."""
        return self._links_by_name[name]

    def links_of(self, router: str) -> tuple[Link, ...]:
        """Give the links that touch ``router``, in the order of the file."""
        return self._links_by_router.get(router, ())

    def network_of(self, link: Link) -> str | None:
        """Give the network that both ends of a link belong to; None when it joins two networks."""
        first, second = (self.routers[end.router].network for end in link.ends)
        return first if first == second else None

    @cached_property
    def ports(self) -> Mapping[End, IPv4Interface]:
        """The interfaces that nodes are attached to, with the router's address there, in the order of the file."""
        return {one.port: one.gateway for ways in self.nodes.values() for one in ways.values()}

    def port_of(self, address: IPv4Address) -> End | None:
        """Give the port that the node with this address is attached to; None when no node has it."""
        return self._port_by_address.get(address)

    @cached_property
    def home(self) -> Mapping[str, frozenset[str]]:
        """Per network the routers that its traffic may cross: its own, and those that its nodes are attached to."""
        return {
            network: frozenset(name for name, router in self.routers.items() if router.network == network)
            | {ways[network].port.router for ways in self.nodes.values() if network in ways}
            for network in self.networks
        }

    def leaf(self, node: str) -> str | None:
        """Give the router of the node's port on its first network by role; None when it is attached nowhere."""
        ways = sorted(self.nodes[node].items(), key=lambda way: _ROLE_ORDER.index(self.role(way[0])))
        return ways[0][1].port.router if ways else None

    def peers(self, node: str) -> tuple[str, ...]:
        """Give the nodes whose loss means something to ``node``: those it exchanges a demand with outside its own leaf.

        A node with no such demand has all nodes outside its leaf. In the order of the file; empty only when there is
        no node outside its leaf.
        """
        return self._peers[node]

    @cached_property
    def _peers(self) -> Mapping[str, tuple[str, ...]]:
        leaves = {node: self.leaf(node) for node in self.nodes}
        partners: dict[str, set[str]] = {node: set() for node in self.nodes}
        for demand in self.demands:
            for source, target in demand.pairs:
                if leaves[source] != leaves[target]:
                    partners[source].add(target)
        outside = {leaf: tuple(n for n in self.nodes if leaves[n] != leaf) for leaf in set(leaves.values())}
        return {
            node: tuple(n for n in outside[leaves[node]] if n in partners[node]) or outside[leaves[node]]
            for node in self.nodes
        }

    @cached_property
    def _port_by_address(self) -> Mapping[IPv4Address, End]:
        return {one.address.ip: one.port for ways in self.nodes.values() for one in ways.values()}

    @cached_property
    def _links_by_name(self) -> Mapping[str, Link]:
        return {link.name: link for link in self.links}

    @cached_property
    def _links_by_router(self) -> Mapping[str, tuple[Link, ...]]:
        by_router: dict[str, list[Link]] = {}
        for link in self.links:
            for end in link.ends:
                by_router.setdefault(end.router, []).append(link)
        return {router: tuple(links) for router, links in by_router.items()}


def load(path: Path) -> Fabric:
    """Read a fabric file.

    Raises:
        FabricError: With the place, what was expected and what to do. Nothing was contacted.
    """
    return load_source(path, Fabric, FabricError)
