"""What a router's own configuration and the network around it say about its interfaces: the source of show commands.

Read from the lab's own tree; the two vendors' lines are told apart by their words alone.
"""

from __future__ import annotations

import re
import time
import zlib
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TYPE_CHECKING

from safeshift.lab.around import PortView
from safeshift.lab.dialects.configtree import Node

if TYPE_CHECKING:
    from safeshift.lab.device import Device

_VIRTUAL = ("Vlan", "Loopback", "Port-Channel", "Port-channel", "Tunnel", "Vxlan", "BDI", "Null")
_NOTHING = PortView(carrier=False, speed=0)


@dataclass(frozen=True, slots=True)
class InterfaceFacts:
    """One interface, as the device would report it.

    Attributes:
        physical: It has a port; others exist in configuration only.
        enabled: Not shut down.
        up: Line protocol.
        load_interval: Seconds over which rates are averaged.
        mac: Twelve hexadecimal digits.
        cost: The OSPF cost written on it.
        area: The OSPF area it is in, dotted; None: OSPF does not run on it.
        switched: It bridges (no address possible).

    """

    name: str
    physical: bool
    enabled: bool
    up: bool
    description: str
    address: IPv4Interface | None
    mtu: int | None
    port: PortView
    cost: int | None
    area: str | None
    passive: bool
    switched: bool
    vlan: str
    load_interval: int
    mac: str


def hardware_address(seed: str) -> str:
    """Return a steady hardware address, twelve hexadecimal digits."""
    return f"001c73{zlib.crc32(seed.encode()) & 0xFFFFFF:06x}"


def dotted_mac(mac: str) -> str:
    """Write ``001c.7312.3456``."""
    return ".".join(mac[at : at + 4] for at in (0, 4, 8))


def is_virtual(name: str) -> bool:
    """Tell whether an interface exists in configuration only."""
    return name.startswith(_VIRTUAL) or "." in name.rsplit("/", 1)[-1]


def interfaces(device: Device) -> tuple[InterfaceFacts, ...]:
    """Return all interfaces in the order shown."""
    return tuple(
        _facts(device, node.line.removeprefix("interface "), node)
        for node in device.running.children
        if node.line.startswith("interface ")
    )


def interface_named(device: Device, name: str) -> InterfaceFacts | None:
    """Return one interface by its full name."""
    return next((found for found in interfaces(device) if found.name == name), None)


@dataclass(frozen=True, slots=True)
class ArpEntry:
    """Who has which address on a cable, and how long that is known, seconds."""

    address: IPv4Address
    mac: str
    interface: str
    age_s: int


def arp_entries(device: Device) -> tuple[ArpEntry, ...]:
    """Return the far ends of all cables between two that are up."""
    found = []
    for face in interfaces(device):
        if face.address is None or not face.up or face.port.peer is None or face.address.network.prefixlen < 30:
            continue
        far = next((host for host in face.address.network.hosts() if host != face.address.ip), None)
        if far is not None:
            mac = hardware_address(f"{face.port.peer}/{face.port.peer_port}")
            found.append(ArpEntry(far, mac, face.name, int(device.uptime_s) % 1200))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Lsa:
    """One router LSA: whose, how old (seconds), its sequence number and checksum, and how many links it has."""

    router_id: IPv4Address
    age_s: int
    sequence: int
    checksum: int
    links: int


def router_lsas(device: Device) -> tuple[Lsa, ...]:
    """Return the router LSAs that a device has, by router id; they are made anew every half hour."""
    found = []
    for view in device.around.database(device.name):
        refreshed, seconds = divmod(int(age(view.since)), 1800)
        checksum = zlib.crc32(f"{view.router_id} {view.links} {refreshed}".encode()) & 0xFFFF
        found.append(Lsa(view.router_id, seconds, 0x80000002 + refreshed, checksum, view.links))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Bgp:
    """What is configured of BGP: the AS, the router id, and the neighbours with their AS. None of them is there."""

    asn: str
    router_id: IPv4Address
    neighbors: tuple[tuple[str, str], ...]


def bgp(device: Device) -> Bgp | None:
    """Return what is configured of BGP; None: it does not run."""
    process = next((node for node in device.running.children if node.line.startswith("router bgp ")), None)
    if process is None:
        return None
    written = process.value("router-id") or process.value("bgp router-id")
    matches = (re.fullmatch(r"neighbor ([\d.]+) remote-as (\S+)", line.line) for line in process.children)
    neighbors = tuple((match[1], match[2]) for match in matches if match)
    return Bgp(process.line.split()[2], IPv4Address(written) if written else router_id(device), neighbors)


def gateways(device: Device) -> tuple[tuple[int, InterfaceFacts], ...]:
    """Return the VLAN interfaces that are up, by number: the only addresses in their VLANs that the lab knows."""
    faces = (face for face in interfaces(device) if face.name.startswith("Vlan") and face.up)
    return tuple(sorted(((int(face.name[4:]), face) for face in faces), key=lambda pair: pair[0]))


def _facts(device: Device, name: str, node: Node) -> InterfaceFacts:
    physical = not is_virtual(name)
    enabled = not node.under("shutdown")
    port = device.around.port(device.name, name) if physical else _NOTHING
    if name.startswith("GigabitEthernet"):  # the management port, whatever the platform's other ports can do
        port = replace(port, speed=min(port.speed, 10**9))
    address = _address(node)
    mtu = node.value("mtu") or node.value("ip mtu")
    cost = node.value("ip ospf cost")
    bridges = physical and device.dialect == "arista_eos" and not name.startswith("Management")
    switched = bridges and not node.child("switchport")
    return InterfaceFacts(
        name=name,
        physical=physical,
        enabled=enabled,
        up=enabled and (port.carrier if physical else True),
        description=node.value("description") or "",
        address=address,
        mtu=int(mtu) if mtu else None,
        port=port,
        cost=int(cost) if cost else None,
        area=_area(device.running, node, address),
        passive=_is_passive(device.running, name),
        switched=switched,
        vlan=node.value("switchport access vlan") or "1",
        load_interval=int(node.value("load-interval") or 300),
        mac=hardware_address(f"{device.name}/{name}"),
    )


def _address(node: Node) -> IPv4Interface | None:
    for line in node.under("ip address"):
        words = line.line.split()[2:]
        if words[-1] == "secondary":
            continue
        try:
            return IPv4Interface("/".join(words))
        except ValueError:
            continue
    return None


def ospf_process(tree: Node) -> Node | None:
    """Return the first OSPF process."""
    return next((node for node in tree.children if node.line.startswith("router ospf ")), None)


def _area(tree: Node, node: Node, address: IPv4Interface | None) -> str | None:
    process = ospf_process(tree)
    if process is None or process.under("shutdown") or address is None:
        return None
    for line in node.children:
        if match := re.fullmatch(r"ip ospf (?:\d+ )?area (\S+)", line.line):
            return _dotted(match[1])
    for line in process.under("network"):
        if (found := _network_area(line.line)) and address.ip in found[0]:
            return found[1]
    return None


def _network_area(line: str) -> tuple[IPv4Network, str] | None:
    words = line.split()
    if "/" in words[1]:
        return IPv4Network(words[1], strict=False), _dotted(words[3])
    mask = IPv4Address(int(IPv4Address(words[2])) ^ 0xFFFFFFFF)
    try:
        return IPv4Network(f"{words[1]}/{mask}", strict=False), _dotted(words[4])
    except ValueError:
        return None


def _dotted(area: str) -> str:
    return str(IPv4Address(int(area))) if area.isdigit() else area


def _is_passive(tree: Node, name: str) -> bool:
    process = ospf_process(tree)
    if process is None:
        return False
    if process.child("passive-interface default"):
        own = process.child(f"passive-interface {name}")
        return own is None or not own.line.startswith("no ")
    return process.child(f"passive-interface {name}") is not None


def router_id(device: Device) -> IPv4Address:
    """Return the OSPF router id: as written, else the highest loopback's, else the highest address."""
    process = ospf_process(device.running)
    written = process.value("router-id") if process else None
    if written:
        return IPv4Address(written)
    own = [(face.name.startswith("Loopback"), face.address.ip) for face in interfaces(device) if face.address]
    return max(own, default=(False, IPv4Address(0)))[1]


def max_metric(device: Device) -> bool:
    """Tell whether OSPF asks the others not to use this router for transit."""
    process = ospf_process(device.running)
    return bool(process and process.under("max-metric router-lsa"))


def clock_text(seconds: float) -> str:
    """Write seconds as ``HH:MM:SS``."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def age(since: float) -> float:
    """Return seconds since an instant of the monotonic clock."""
    return max(0.0, time.monotonic() - since)


def dead_time(name: str) -> str:
    """Return a believable dead timer: between 30 and 39 seconds, steady for a while."""
    return clock_text(30 + (zlib.crc32(name.encode()) + int(time.monotonic())) % 10)
