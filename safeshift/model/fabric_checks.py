"""What the parts of a fabric must have in common: names that exist, interfaces used once, prefixes in one place.

Each check names the exact place in the file. It knows nothing of devices: what they are configured to is read later.
Part of ``fabric.py``, which calls it when a fabric is made. ``check_spelling`` is for whoever has the inventory too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from safeshift.errors import FabricError
from safeshift.model.source import Loc, misplaced, read_source, suggest

if TYPE_CHECKING:  # fabric.py imports this module
    from safeshift.model.fabric import Attachment, End, Fabric


def check_fabric(fabric: Fabric) -> None:
    """Check the parts of a fabric against each other.

    Raises:
        PydanticCustomError: As ``misplaced`` makes it: ``build`` turns it into an error with its place in the file.
    """
    _check_names(fabric)
    _check_links(fabric)
    _check_nodes(fabric)
    _check_prefixes(fabric)
    _check_demands(fabric)
    _check_storage(fabric)


def _check_known(word: str, known: Mapping[str, object], kind: str, loc: Loc, *, at_key: bool = False) -> None:
    if word not in known:
        listed = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "")
        hint = suggest(word, tuple(known), f"known: {listed or 'none'}")
        raise misplaced(loc, f"there is no {kind} {word!r}", hint, at_key=at_key)


def _check_names(fabric: Fabric) -> None:
    for name, router in fabric.routers.items():
        _check_known(router.network, fabric.networks, "network", ("routers", name, "network"))
    for node in fabric.nodes:
        if node in fabric.routers:
            raise misplaced(
                ("nodes", node), f"{node!r} is already the name of a router", "give one of them another name"
            )


def _check_links(fabric: Fabric) -> None:
    users: dict[End, str] = {}
    for at, link in enumerate(fabric.links):
        for which, end in enumerate(link.ends):
            loc: Loc = ("links", at, "ends", which)
            _check_known(end.router, fabric.routers, "router", loc)
            if end in users:
                raise misplaced(loc, f"{end} is already an end of {users[end]}", "an interface has one link")
            users[end] = link.name
        if link.ends[0].router == link.ends[1].router:
            hint = "a link joins two routers"
            raise misplaced(("links", at, "ends"), f"this link goes from {link.ends[0].router} to itself", hint)
        if link.subnet.prefixlen > 31:
            hint = "use a /31 or a /30"
            raise misplaced(("links", at, "subnet"), f"{link.subnet} has no two addresses for the two ends", hint)


def _attachments(fabric: Fabric) -> Iterator[tuple[str, str, Attachment]]:
    return ((node, network, way) for node, ways in fabric.nodes.items() for network, way in ways.items())


def _check_nodes(fabric: Fabric) -> None:
    cables = {end: link.name for link in fabric.links for end in link.ends}
    owners: dict[IPv4Address, str] = {}
    for node, network, way in _attachments(fabric):
        loc: Loc = ("nodes", node, network)
        _check_known(network, fabric.networks, "network", loc, at_key=True)
        _check_known(way.port.router, fabric.routers, "router", (*loc, "port"))
        if way.port in cables:
            raise misplaced(
                (*loc, "port"), f"{way.port} is already an end of {cables[way.port]}", "an interface has one link"
            )
        _check_host_address(way, (*loc, "address"))
        if way.address.ip in owners:
            raise misplaced((*loc, "address"), f"{way.address.ip} is already the address of {owners[way.address.ip]}")
        owners[way.address.ip] = node


def _check_host_address(way: Attachment, loc: Loc) -> None:
    prefix = way.address.network
    if prefix.prefixlen > 31:
        raise misplaced(
            loc, f"{way.address} leaves no address for the router", "write the port's prefix length: 10.1.1.11/24"
        )
    if way.address.ip == way.gateway.ip:
        raise misplaced(
            loc, f"{way.address.ip} is the router's own address on {way.port}", "the router has the prefix's first"
        )
    if prefix.prefixlen < 31 and way.address.ip in (prefix.network_address, prefix.broadcast_address):
        raise misplaced(loc, f"{way.address.ip} is not a host's address in {prefix}", "use one between its ends")


def _check_prefixes(fabric: Fabric) -> None:
    """Hold that every prefix is in one place: one link, or one port of a router."""
    of_port: dict[End, IPv4Network] = {}
    claims: list[tuple[IPv4Network, str, Loc]] = [
        (link.subnet, link.name, ("links", at, "subnet")) for at, link in enumerate(fabric.links)
    ]
    for node, network, way in _attachments(fabric):
        loc: Loc = ("nodes", node, network, "address")
        known = of_port.setdefault(way.port, way.address.network)
        if known != way.address.network:
            hint = "all nodes on a port share its prefix"
            raise misplaced(loc, f"{way.address} is outside of {known}, the prefix of {way.port}", hint)
        claims.append((known, str(way.port), loc))
    order = {loc: at for at, (_, _, loc) in enumerate(claims)}
    claims.sort(key=lambda claim: (int(claim[0].network_address), claim[0].prefixlen))
    # sorted by where they begin, two prefixes overlap only if a prefix overlaps the widest one that began before it
    widest = claims[0] if claims else None
    for claim in claims[1:]:
        assert widest is not None
        if claim[1] != widest[1] and claim[0].overlaps(widest[0]):
            first, second = sorted((widest, claim), key=lambda one: order[one[2]])
            overlap = "is already" if second[0] == first[0] else f"overlaps {first[0]},"
            sentence = f"{second[0]} {overlap} the prefix of {first[1]}"
            raise misplaced(second[2], sentence, "give each link and each port a prefix of its own")
        if claim[0].broadcast_address > widest[0].broadcast_address:
            widest = claim


def _check_demands(fabric: Fabric) -> None:
    for at, demand in enumerate(fabric.demands):
        _check_known(demand.network, fabric.networks, "network", ("demands", at, "network"))
        for side, nodes in enumerate(demand.between):
            for place, node in enumerate(nodes):
                loc: Loc = ("demands", at, "between", side, place)
                _check_known(node, fabric.nodes, "node", loc)
                if demand.network not in fabric.nodes[node]:
                    hint = f"give {node} a port on {demand.network}, or name another network"
                    raise misplaced(loc, f"{node} is not attached to {demand.network}", hint)
        if not demand.pairs:
            hint = "write two lists of nodes: [[n1, n2], [n3, n4]]"
            raise misplaced(("demands", at, "between"), "no two different nodes stand on the two sides", hint)


def _check_storage(fabric: Fabric) -> None:
    for node, holders in fabric.storage.replicas.items():
        _check_known(node, fabric.nodes, "node", ("storage", "replicas", node), at_key=True)
        for at, holder in enumerate(holders):
            loc: Loc = ("storage", "replicas", node, at)
            _check_known(holder, fabric.nodes, "node", loc)
            if holder == node:
                raise misplaced(loc, f"{node} cannot hold its own replica", "name another node")


def check_spelling(fabric: Fabric, path: Path, hosts: Iterable[str]) -> None:
    """Refuse a device that fabric file and inventory spell in two ways: p1 and p01, leaf-1 and Leaf1, s1 and s1.dc.

    Taken for two devices, one would be changed and its traffic not foreseen, and the other one never be read.

    Args:
        path: The fabric file, for the place.
        hosts: All hosts of the inventory.

    Raises:
        FabricError: With the place of the name in the fabric file.
    """
    known = dict.fromkeys(hosts)
    named = {**dict.fromkeys(fabric.routers, "routers"), **dict.fromkeys(fabric.nodes, "nodes")}
    strangers: dict[str, list[str]] = {}
    for host in known:
        if host not in named:
            strangers.setdefault(_sound_of(host), []).append(host)
    for name, section in named.items():
        alike = strangers.get(_sound_of(name), []) if name not in known else []
        if len(alike) == 1:
            _, places = read_source(path, FabricError)
            message = f"{name!r} is not in the inventory, which has {alike[0]!r}"
            hint = f"did you mean {alike[0]!r}? a device has the same name in both files"
            raise FabricError(message, place=places.key((section, name)), hint=hint)


def _sound_of(name: str) -> str:
    """Give what is left of a name without case, domain, dashes and leading zeros; an address is its own."""
    first, *domain = name.lower().split(".")
    plain = name if ":" in name or all(part.isdigit() for part in (first, *domain)) else first
    return re.sub(r"[-_]|(?<![0-9])0+(?=[0-9])", "", plain)
