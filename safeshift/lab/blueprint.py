"""From the fabric to each device's first day: startup configurations in the vendors' own form, and nodes' addresses.

Written apart from ``platforms/``: what a platform reads out of these texts must be what the fabric says, and a test
holds the two against each other. What the devices do with the texts is ``dialects/``; what traffic does, ``world.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from safeshift.errors import LabError
from safeshift.model.fabric import End, Fabric

OSPF_PROCESS = 1
_MTU = 9000  # bytes; storage networks run jumbo frames
_LOOPBACK_POOLS = tuple(IPv4Network(text) for text in ("10.255.0.0/16", "172.31.0.0/16", "192.168.0.0/16"))
# TEST-NET-2 (RFC 5737): believable servers that cannot exist
_LOG_HOSTS = ("198.51.100.10", "198.51.100.11")
_TIME_HOSTS = ("198.51.100.20", "198.51.100.21")


@dataclass(frozen=True, slots=True)
class Port:
    """One interface of a router as the fabric wants it.

    Attributes:
        speed: Bit/s; None on ports that are no cable (a VLAN interface, a loopback).
        cost: OSPF's; None where the platform derives it.
        to_nodes: Nodes are attached here: announced, but nobody to form an adjacency with.
    """

    name: str
    description: str
    address: IPv4Interface
    speed: int | None = None
    cost: int | None = None
    to_nodes: bool = False


def startup_config(fabric: Fabric, router: str, platform: str) -> str:
    """Write the configuration that a router boots with, in the form that its platform shows it.

    Raises:
        LabError: The lab has no dialect for the platform.
    """
    if platform not in _WRITERS:
        known = ", ".join(_WRITERS)
        raise LabError(
            f"the lab cannot play {router}: it knows no platform {platform!r}",
            hint=f"set ansible_network_os of {router} to one of: {known}",
        )
    lines = _WRITERS[platform](router, router_id(fabric, router), ports_of(fabric, router))
    return "\n".join(lines) + "\n"


def router_id(fabric: Fabric, router: str) -> IPv4Address:
    """Give a router's id, which is its loopback address: by its place in the fabric file, clear of all prefixes."""
    used = [link.subnet for link in fabric.links] + [port.network for port in fabric.ports.values()]
    pool = next((pool for pool in _LOOPBACK_POOLS if not any(pool.overlaps(prefix) for prefix in used)), None)
    if pool is None:
        raise LabError(
            "the fabric leaves no room for the lab's loopbacks",
            hint="keep one of 10.255.0.0/16, 172.31.0.0/16 and 192.168.0.0/16 free in the fabric file",
        )
    block, place = divmod(tuple(fabric.routers).index(router), 250)
    return IPv4Address(int(pool.network_address) + block * 256 + place + 1)


def ports_of(fabric: Fabric, router: str) -> tuple[Port, ...]:
    """Give the interfaces that the fabric wants on a router: cables in the order of the file, then node ports."""
    cables = []
    for link in fabric.links_of(router):
        here = link.ends.index(link.end_at(router))
        far = link.far_end(router)
        cost = link.cost[here] if link.cost else None
        name, address = link.ends[here].interface, link.addresses[here]
        cables.append(Port(name, f"to {far.router} {far.interface}", address, link.capacity, cost))
    towards_nodes = (
        Port(end.interface, f"{_network_at(fabric, end)} ports of the nodes", address, to_nodes=True)
        for end, address in fabric.ports.items()
        if end.router == router
    )
    return (*cables, *towards_nodes)


def node_addresses(fabric: Fabric, node: str) -> Mapping[str, IPv4Interface]:
    """Give a node's address per network, in the order of its interfaces ``eth1``, ``eth2``, ...: the fabric's."""
    ways = fabric.nodes[node]
    return {network: ways[network].address for network in fabric.networks if network in ways}


def node_interface(fabric: Fabric, node: str, network: str) -> str:
    """Give the name of a node's interface on a network."""
    return f"eth{list(node_addresses(fabric, node)).index(network) + 1}"


def interfaces_with_cables(fabric: Fabric, device: str) -> tuple[str, ...]:
    """Give the interfaces of a router or a node on which a cable can break, the ports towards nodes last."""
    if device in fabric.nodes:
        return tuple(node_interface(fabric, device, network) for network in node_addresses(fabric, device))
    ways = (way for networks in fabric.nodes.values() for way in networks.values())
    ports = (way.port.interface for way in ways if way.port.router == device)
    return tuple(dict.fromkeys((*(link.end_at(device).interface for link in fabric.links_of(device)), *ports)))


def _network_at(fabric: Fabric, end: End) -> str:
    return next(name for ways in fabric.nodes.values() for name, way in ways.items() if way.port == end)


def _by_kind(ports: tuple[Port, ...]) -> list[Port]:
    """As a device sorts them: cables by their numbers, then the ports towards nodes."""
    return sorted(ports, key=lambda port: (port.to_nodes, _numbers(port.name)))


def _numbers(name: str) -> tuple[int, ...]:
    digits = "".join(char if char.isdigit() else " " for char in name)
    return tuple(int(number) for number in digits.split())


def _vlans(ports: tuple[Port, ...]) -> Iterator[str]:
    return (port.name[4:] for port in _by_kind(ports) if port.name.startswith("Vlan"))


def _write_eos(hostname: str, ident: IPv4Address, ports: tuple[Port, ...]) -> Iterator[str]:
    yield from ("!", "no aaa root", "!", "username admin privilege 15 role network-admin nopassword")
    yield from ("!", "transceiver qsfp default-mode 4x10G", "!", "service routing protocols model ribd", "!")
    yield from (f"logging host {host}" for host in _LOG_HOSTS)
    yield from ("!", f"hostname {hostname}", "!")
    yield from (f"ntp server {host}" for host in _TIME_HOSTS)
    yield from ("!", "spanning-tree mode mstp", "!")
    for vlan in _vlans(ports):
        yield from (f"vlan {vlan}", f"   name nodes-{vlan}", "!")
    for port in _by_kind(ports):
        if not port.to_nodes:
            yield from _eos_port(port)
    yield from ("interface Loopback0", "   description router id", f"   ip address {ident}/32")
    yield from ("   ip ospf area 0.0.0.0", "!", "interface Management1", "   description out of band", "!")
    for port in _by_kind(ports):
        if port.to_nodes:
            yield from _eos_port(port)
    yield from ("ip routing", "!", f"router ospf {OSPF_PROCESS}", f"   router-id {ident}")
    yield from (f"   passive-interface {port.name}" for port in _by_kind(ports) if port.to_nodes)
    yield from ("   max-lsa 12000", "!", "end")


def _eos_port(port: Port) -> Iterator[str]:
    yield from (f"interface {port.name}", f"   description {port.description}", f"   mtu {_MTU}")
    if port.speed is not None:
        yield f"   speed {_eos_speed(port.speed)}"
    if not port.name.startswith("Vlan"):
        yield "   no switchport"
    yield f"   ip address {port.address}"
    if port.cost is not None:
        yield f"   ip ospf cost {port.cost}"
    if not port.to_nodes:
        yield "   ip ospf network point-to-point"
    yield from ("   ip ospf area 0.0.0.0", "!")


def _eos_speed(speed: int) -> str:
    return f"{speed // 10**9}gfull" if speed >= 10**9 else f"{speed // 10**6}full"


def _write_ios(hostname: str, ident: IPv4Address, ports: tuple[Port, ...]) -> Iterator[str]:
    yield from ("!", "version 17.9", "!", "service password-encryption", "service timestamps debug datetime msec")
    yield from ("service timestamps log datetime msec", "!", f"hostname {hostname}", "!", "boot-start-marker")
    yield from ("boot-end-marker", "!", "no aaa new-model", "!", "ip domain name lab.example", "!", "lldp run", "!")
    yield from ("archive", " path flash:archive", " maximum 14", "!", "username admin privilege 15", "!")
    for vlan in _vlans(ports):
        yield from (f"vlan {vlan}", f" name nodes-{vlan}", "!")
    yield from ("interface GigabitEthernet0/0", " description out of band", " no ip address", " shutdown", "!")
    for port in _by_kind(ports):
        if not port.to_nodes:
            yield from _ios_port(port)
    yield from ("interface Loopback0", " description router id", f" ip address {ident} 255.255.255.255")
    yield from (f" ip ospf {OSPF_PROCESS} area 0", "!")
    for port in _by_kind(ports):
        if port.to_nodes:
            yield from _ios_port(port)
    yield from (f"router ospf {OSPF_PROCESS}", f" router-id {ident}")
    yield from (f" passive-interface {port.name}" for port in _by_kind(ports) if port.to_nodes)
    yield from ("!", "ip forward-protocol nd", "!", "ip ssh version 2", "!")
    yield from (f"logging host {host}" for host in _LOG_HOSTS)
    yield from ("!", "line con 0", " stopbits 1", "!", "line vty 0 15", " login local", " transport input ssh", "!")
    yield from (f"ntp server {host}" for host in _TIME_HOSTS)
    yield from ("!", "end")


def _ios_port(port: Port) -> Iterator[str]:
    yield from (f"interface {port.name}", f" description {port.description}")
    if not port.name.startswith("Vlan"):
        yield " no switchport"
    yield from (f" ip address {port.address.ip} {port.address.netmask}", f" mtu {_MTU}")
    if not port.to_nodes:
        yield " ip ospf network point-to-point"
    yield f" ip ospf {OSPF_PROCESS} area 0"
    if port.cost is not None:
        yield f" ip ospf cost {port.cost}"
    if port.speed is not None:
        yield f" speed {port.speed // 10**6}"
    yield "!"


_Writer = Callable[[str, IPv4Address, tuple[Port, ...]], Iterator[str]]
_WRITERS: Mapping[str, _Writer] = {"arista_eos": _write_eos, "cisco_ios": _write_ios, "cisco_xe": _write_ios}
