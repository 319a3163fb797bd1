"""Who looks at whom: observers, targets and pairs of one fabric, and the address that must not answer.

Pure. Nodes observe where the inventory has them; else the routers do; else the machine that safeshift runs on, so
that two real routers are enough to begin with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface

from safeshift.model.fabric import Fabric
from safeshift.probes.base import Pair

LOCALHOST = "localhost"
DEAD = "dead target"
PARTNERS = 4  # peers asked per node and network, where the channels suffice
CHANNELS = 10  # that one SSH connection may have open: MaxSessions of sshd_config(5), by default


@dataclass(frozen=True, slots=True)
class Watch:
    """What is probed during a run.

    Attributes:
        pairs: All pairs that are probed without pause.
        peers: For each target, those whose loss would isolate it (its partners, or whoever looks at it).
        dead: Pairs whose target must not answer; probed before the first step.
        observers: Everyone who sends, each once.
    """

    pairs: tuple[Pair, ...]
    peers: Mapping[str, tuple[str, ...]]
    dead: tuple[Pair, ...]

    @property
    def observers(self) -> tuple[str, ...]:
        """Everyone who sends, each once."""
        return tuple(dict.fromkeys(pair.observer for pair in (*self.pairs, *self.dead)))

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that are looked at, each once."""
        return tuple(dict.fromkeys(pair.network for pair in self.pairs))


def choose(fabric: Fabric, hosts: Iterable[str]) -> Watch:
    """Choose who looks at whom.

    Args:
        hosts: The inventory's hosts: whoever else there is cannot be asked to look.
    """
    known = frozenset(hosts)
    nodes = [node for node in fabric.nodes if node in known]
    if nodes:
        return _between_nodes(fabric, nodes)
    targets = _node_targets(fabric) if fabric.nodes else _router_targets(fabric)
    routers = [router for router in fabric.routers if router in known]
    return _from_outside(fabric, targets, (*routers, LOCALHOST) if not routers else tuple(routers))


def _between_nodes(fabric: Fabric, nodes: list[str]) -> Watch:
    pairs: list[Pair] = []
    peers: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        partners = _partners(fabric.peers(node), node, networks=len(fabric.nodes[node]))
        peers[node] = partners
        for network in fabric.nodes[node]:
            for peer in partners:
                if network in fabric.nodes[peer]:
                    pairs.append(Pair(node, peer, network, str(fabric.nodes[peer][network].address.ip)))
    for silent in (node for node in fabric.nodes if node not in peers):
        # Nobody can be asked to look from there; those who look at it are who could miss it.
        lookers = tuple(dict.fromkeys(pair.observer for pair in pairs if pair.target == silent))
        if lookers:
            peers[silent] = lookers
    return Watch(tuple(pairs), peers, _dead_pairs(fabric, pairs))


def _partners(peers: tuple[str, ...], node: str, *, networks: int) -> tuple[str, ...]:
    """Take at most ``PARTNERS``, beginning at a place that differs from node to node, so that all are asked.

    Each asked peer takes a channel per network; so do the dead target and, once, the terminal.
    """
    most = max(1, min(PARTNERS, (CHANNELS - 1 - networks) // max(1, networks)))
    if len(peers) <= most:
        return peers
    start = sum(node.encode()) % len(peers)
    return tuple((peers[start:] + peers[:start])[:most])


Targets = dict[str, dict[str, str]]


def _node_targets(fabric: Fabric) -> Targets:
    return {
        node: {network: str(way.address.ip) for network, way in ways.items()} for node, ways in fabric.nodes.items()
    }


def _router_targets(fabric: Fabric) -> Targets:
    """Each router is asked on its first link inside its own network."""
    targets: Targets = {}
    for link in fabric.links:
        for end, address in zip(link.ends, link.addresses, strict=True):
            network = fabric.routers[end.router].network
            if fabric.network_of(link) == network:
                targets.setdefault(end.router, {}).setdefault(network, str(address.ip))
    return targets


def _from_outside(fabric: Fabric, targets: Targets, observers: tuple[str, ...]) -> Watch:
    pairs = [
        Pair(observer, target, network, address)
        for observer in observers
        for target, addresses in targets.items()
        for network, address in addresses.items()
        if observer != target
    ]
    peers = {target: tuple(o for o in observers if o != target) for target in targets}
    return Watch(tuple(pairs), peers, _dead_pairs(fabric, pairs))


def _dead_pairs(fabric: Fabric, pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """On each network, the first observer asks an address that nobody has, in the prefix of its first target."""
    dead: dict[str, Pair] = {}
    used = {str(way.address.ip) for ways in fabric.nodes.values() for way in ways.values()}
    used |= {str(way.gateway.ip) for ways in fabric.nodes.values() for way in ways.values()}
    used |= {str(address.ip) for link in fabric.links for address in link.addresses}
    prefixes = {str(way.address.ip): way.address for ways in fabric.nodes.values() for way in ways.values()}
    for pair in pairs:
        address = _unused(prefixes.get(pair.address), used)
        dead.setdefault(pair.network, Pair(pair.observer, DEAD, pair.network, address))
    return tuple(dead.values())


NOBODY = "192.0.2.254"  # TEST-NET-1 (RFC 5737): no host on any network has it


def _unused(near: IPv4Interface | None, used: set[str]) -> str:
    """The highest address of the prefix that nobody has: only there can a lying observer be told from a deaf one."""
    if near is None or near.network.prefixlen > 29:
        return NOBODY
    last = int(near.network.broadcast_address) - 1
    for number in range(last, max(last - 64, int(near.network.network_address)), -1):
        candidate = str(near.ip.__class__(number))
        if candidate not in used:
            return candidate
    return NOBODY
