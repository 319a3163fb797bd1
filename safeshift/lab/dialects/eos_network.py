"""What an EOS-like device prints about the network: interfaces, OSPF, routes, LLDP, in the vendor's form.

Facts come from the configuration (``facts.py``) and from the network around; ``eos_json.py`` has them structured.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from safeshift.lab.around import RouteView
from safeshift.lab.dialects import facts
from safeshift.lab.dialects.eos_config import NAMES
from safeshift.lab.dialects.facts import InterfaceFacts, dotted_mac

if TYPE_CHECKING:
    from safeshift.lab.device import Device

DEFAULT_COST = 10
MTU = 1500
BANDWIDTH = 10**9  # of interfaces without a port
OCTETS_PER_PACKET = 800  # counters are kept in octets; packets are derived

# OSPF -----------------------------------------------------------------------------------------------------------------


def ospf_neighbors(device: Device) -> str:
    """Answer ``show ip ospf neighbor``."""
    text = "Neighbor ID     Instance VRF      Pri State                  Dead Time   Address         Interface\n"
    process = facts.ospf_process(device.running)
    instance = process.line.split()[2] if process else "1"
    for n in device.around.neighbors(device.name):
        dead = facts.dead_time(n.interface)
        head = f"{n.router_id!s:15} {instance:8} default  0   FULL                   {dead}"
        text += f"{head}    {n.address!s:15} {n.interface}\n"
    return text if process else ""


def cost_of(device: Device, face: InterfaceFacts) -> int:
    """Return the OSPF cost an interface has: written, or derived from the reference bandwidth, or the default."""
    if face.cost is not None:
        return face.cost
    process = facts.ospf_process(device.running)
    reference = process.value("auto-cost reference-bandwidth") if process else None
    if reference is None:
        return DEFAULT_COST
    return max(1, int(reference) * 10**6 // max(1, bandwidth_of(face)))


def bandwidth_of(face: InterfaceFacts) -> int:
    """Return the bandwidth shown, bit/s."""
    return face.port.speed or BANDWIDTH


def ospf_interfaces(device: Device) -> str:
    """Answer ``show ip ospf interface brief``."""
    process = facts.ospf_process(device.running)
    if process is None:
        return ""
    instance = process.line.split()[2]
    text = "   Interface          Instance VRF        Area            IP Address         Cost  State      Nbrs\n"
    counts = neighbor_counts(device)
    for face in facts.interfaces(device):
        if face.area is None or face.address is None:
            continue
        state = "Down" if not face.up else "P2P" if face.physical else "DR"
        text += (
            f"   {NAMES.short(face.name):18} {instance:8} default    {face.area:15} {face.address!s:18} "
            f"{cost_of(device, face):<5} {state:10} {counts.get(face.name, 0)}\n"
        )
    return text


def neighbor_counts(device: Device) -> dict[str, int]:
    """Count adjacencies by interface."""
    counts: dict[str, int] = {}
    for neighbor in device.around.neighbors(device.name):
        counts[neighbor.interface] = counts.get(neighbor.interface, 0) + 1
    return counts


def ospf(device: Device) -> str:
    """Answer ``show ip ospf``."""
    process = facts.ospf_process(device.running)
    if process is None:
        return ""
    areas = sorted({face.area for face in facts.interfaces(device) if face.area})
    text = (
        f"OSPF instance {process.line.split()[2]} with ID {facts.router_id(device)} VRF default\n"
        "Supports opaque LSA\n"
        "Maximum number of LSA allowed 12000\n"
    )
    if facts.max_metric(device):
        stub = "including stub links" if "include-stub" in process.under("max-metric")[0].line else "transit links only"
        text += f"Originating router-LSAs with maximum metric\n  Condition: Always ({stub})\n"
    text += "It is not an autonomous system boundary router and is not an area border router\n"
    for area in areas:
        inside = [face for face in facts.interfaces(device) if face.area == area]
        text += f"Area {area}\n  Number of interface in this area is {len(inside)}\n  It is a normal area\n"
    return text


# Interfaces -----------------------------------------------------------------------------------------------------------


def interfaces(device: Device, name: str | None = None) -> str:
    """Answer ``show interfaces``."""
    return "".join(_interface(face) for face in facts.interfaces(device) if name in (None, face.name))


def link_words(face: InterfaceFacts) -> tuple[str, str, str]:
    """Return link status, line protocol and the word in brackets."""
    if not face.enabled:
        return "administratively down", "down", "disabled"
    if face.up:
        return "up", "up", "connected"
    return "down", "down", "notconnect"


def _interface(face: InterfaceFacts) -> str:
    link, protocol, word = link_words(face)
    kind = "Ethernet" if face.physical else face.name.rstrip("0123456789")
    mac = dotted_mac(face.mac)
    text = f"{face.name} is {link}, line protocol is {protocol} ({word})\n"
    text += (
        f"  Hardware is {kind}, address is {mac} (bia {mac})\n" if kind != "Loopback" else "  Hardware is Loopback\n"
    )
    text += f"  Description: {face.description}\n" if face.description else ""
    if face.address is not None:
        text += f"  Internet address is {face.address}\n  Broadcast address is 255.255.255.255\n"
    mtu = f"IP MTU {face.mtu or MTU} bytes" if not face.switched else "Ethernet MTU 9214 bytes"
    bandwidth = f", BW {bandwidth_of(face) // 1000} kbit" if kind != "Loopback" else ""
    text += f"  {mtu}{' (default)' * (face.mtu is None)}{bandwidth}\n"
    if face.physical:
        text += "".join(_traffic(face))
    return text


def _traffic(face: InterfaceFacts) -> Iterator[str]:
    port = face.port
    yield f"  Full-duplex, {speed_words(port.speed)}, auto negotiation: off, uni-link: n/a\n"
    yield '  Last clearing of "show interface" counters never\n'
    minutes = f"{face.load_interval // 60} minutes" if face.load_interval % 60 == 0 else f"{face.load_interval} seconds"
    for way, rate in (("input", port.rate_in), ("output", port.rate_out)):
        share = 100 * rate / port.speed if port.speed else 0.0
        packets = int(rate / 8 / OCTETS_PER_PACKET)
        yield f"  {minutes} {way} rate {rate_words(rate)} ({share:.1f}% with framing overhead), {packets} packets/sec\n"
    yield f"     {port.octets_in // OCTETS_PER_PACKET} packets input, {port.octets_in} bytes\n"
    yield "     Received 0 broadcasts, 0 multicast\n     0 runts, 0 giants\n"
    yield "     0 input errors, 0 CRC, 0 alignment, 0 symbol, 0 input discards\n     0 PAUSE input\n"
    yield f"     {port.octets_out // OCTETS_PER_PACKET} packets output, {port.octets_out} bytes\n"
    yield "     Sent 0 broadcasts, 0 multicast\n     0 output errors, 0 collisions\n"
    yield "     0 late collision, 0 deferred, 0 output discards\n     0 PAUSE output\n"


def rate_words(rate: float) -> str:
    """Write a rate as the vendor does."""
    for size, unit in ((10**9, "Gbps"), (10**6, "Mbps"), (10**3, "kbps")):
        if rate >= size:
            return f"{rate / size:.3g} {unit}"
    return f"{rate:.0f} bps"


def speed_words(speed: int) -> str:
    """Write a speed as the vendor does."""
    return f"{speed // 10**9}Gb/s" if speed >= 10**9 else f"{speed // 10**6}Mb/s"


def interfaces_status(device: Device) -> str:
    """Answer ``show interfaces status``."""
    text = "Port       Name               Status       Vlan     Duplex Speed  Type            Flags Encapsulation\n"
    for face in facts.interfaces(device):
        if not face.physical:
            continue
        vlan = face.vlan if face.switched else "routed"
        speed = speed_words(face.port.speed).removesuffix("b/s") if face.port.speed else "unconf"
        text += (
            f"{NAMES.short(face.name):10} {face.description[:18]:18} {link_words(face)[2]:12} {vlan:8} "
            f"{'full':6} {speed:6} {'EbraTestPhyPort':15}\n"
        )
    return text


def interfaces_description(device: Device) -> str:
    """Answer ``show interfaces description``."""
    text = "Interface                      Status         Protocol           Description\n"
    for face in facts.interfaces(device):
        link = "admin down" if not face.enabled else "up" if face.up else "down"
        line = f"{NAMES.short(face.name):30} {link:14} {'up' if face.up else 'down':18} {face.description}"
        text += line.rstrip() + "\n"
    return text


def ip_interfaces(device: Device) -> str:
    """Answer ``show ip interface brief``."""
    text = (
        "                                                                               Address\n"
        "Interface         IP Address            Status       Protocol           MTU    Owner\n"
        "----------------- --------------------- ------------ -------------- ---------- -------\n"
    )
    for face in facts.interfaces(device):
        if face.switched:
            continue
        link = "admin" if not face.enabled else "up" if face.up else "down"
        address = str(face.address) if face.address else "unassigned"
        text += (
            f"{face.name:17} {address:21} {link + ' down' * (link == 'admin'):12} "
            f"{'up' if face.up else 'down':14} {face.mtu or MTU:>10}\n"
        )
    return text.replace("admin down", "adminDown ")


def counters(device: Device) -> str:
    """Answer ``show interfaces counters``.

    ntc-templates 9.3 has no template for it, takes that of ``show interfaces`` and refuses every table: a real one too.
    """
    text = ""
    for way in ("In", "Out"):
        text += (
            f"Port       {way + 'Octets':>18} {way + 'UcastPkts':>15} {way + 'McastPkts':>15} {way + 'BcastPkts':>15}\n"
        )
        for face in facts.interfaces(device):
            if face.physical:
                octets = face.port.octets_in if way == "In" else face.port.octets_out
                text += f"{NAMES.short(face.name):10} {octets:>18} {octets // OCTETS_PER_PACKET:>15} {0:>15} {0:>15}\n"
        text += "\n" * (way == "In")
    return text


# Routes ---------------------------------------------------------------------------------------------------------------

# The form of releases before 4.3x: newer ones write "Source Codes:", which ntc-templates 9.3 does not know yet.
_CODES = """
VRF: default
Codes: C - connected, S - static, K - kernel,
       O - OSPF, IA - OSPF inter area, E1 - OSPF external type 1,
       E2 - OSPF external type 2, N1 - OSPF NSSA external type 1,
       N2 - OSPF NSSA external type2, B - Other BGP Routes,
       B I - iBGP, B E - eBGP, R - RIP, I L1 - IS-IS level 1,
       I L2 - IS-IS level 2, O3 - OSPFv3, A B - BGP Aggregate,
       A O - OSPF Summary, NG - Nexthop Group Static Route,
       V - VXLAN Control Service, M - Martian,
       DH - DHCP client installed default route,
       DP - Dynamic Policy Route, L - VRF Leaked,
       RC - Route Cache Route

"""
PROTOCOLS = {"connected": "C", "static": "S", "ospf": "O"}


def chosen_routes(device: Device, wanted: str) -> tuple[RouteView, ...]:
    """Return the routes of a protocol, or the one that carries an address or prefix; empty text: all."""
    routes = device.around.routes(device.name)
    if not wanted:
        return routes
    if wanted in PROTOCOLS:
        return tuple(route for route in routes if route.protocol == PROTOCOLS[wanted])
    target = IPv4Network(wanted)
    if "/" in wanted:
        return tuple(route for route in routes if route.prefix == target)
    inside = [route for route in routes if target.subnet_of(route.prefix)]
    return (max(inside, key=lambda route: route.prefix.prefixlen),) if inside else ()


def routes(device: Device, wanted: str = "") -> str:
    """Answer ``show ip route``."""
    chosen = chosen_routes(device, wanted)
    text = _CODES
    if not wanted:
        default = next((route for route in chosen if route.prefix.prefixlen == 0), None)
        text += "Gateway of last resort is not set\n\n" if default is None else "Gateway of last resort:\n"
    for route in chosen:
        text += _route(route)
    return text + "\n"


def _route(route: RouteView) -> str:
    if route.protocol == "C":
        return "".join(f" C        {route.prefix} is directly connected, {face}\n" for _, face in route.next_hops)
    if not route.next_hops or route.next_hops[0][1].startswith("Null"):
        return f" {route.protocol:8} {route.prefix} is directly connected, Null0\n"
    lines = []
    for at, (hop, face) in enumerate(route.next_hops):
        head = f" {route.protocol:8} {route.prefix} [{route.distance}/{route.metric}]" if at == 0 else " " * 27
        lines.append(f"{head} via {hop}, {face}\n" if at == 0 else f"{head}via {hop}, {face}\n")
    return "".join(lines)


# LLDP -----------------------------------------------------------------------------------------------------------------


def lldp_ports(device: Device) -> tuple[InterfaceFacts, ...]:
    """Return the ports with somebody at the other end."""
    return tuple(face for face in facts.interfaces(device) if face.physical and face.up and face.port.peer)


def lldp(device: Device) -> str:
    """Answer ``show lldp neighbors``."""
    ports = lldp_ports(device)
    text = (
        "Last table change time   : 0:05:11 ago\n"
        f"Number of table inserts  : {len(ports)}\nNumber of table deletes  : 0\n"
        "Number of table drops    : 0\nNumber of table age-outs : 0\n\n"
        "Port          Neighbor Device ID       Neighbor Port ID    TTL\n"
        "---------- ------------------------ ---------------------- ---\n"
    )
    for face in ports:
        text += f"{NAMES.short(face.name):10} {face.port.peer or '':24} {face.port.peer_port or '':22} 120\n"
    return text


def lldp_detail(device: Device, name: str | None = None) -> str:
    """Answer ``show lldp neighbors detail``."""
    text = ""
    for face in lldp_ports(device):
        if name not in (None, face.name):
            continue
        peer = face.port.peer or ""
        mac = dotted_mac(facts.hardware_address(peer))
        text += (
            f"Interface {face.name} detected 1 LLDP neighbors:\n\n"
            f'  Neighbor {mac}/"{face.port.peer_port}", age 12 seconds\n'
            "  Discovered 0:05:11 ago; Last changed 0:05:11 ago\n"
            "  - Chassis ID type: MAC address (4)\n"
            f"    Chassis ID     : {mac}\n"
            "  - Port ID type: Interface name (5)\n"
            f'    Port ID     : "{face.port.peer_port}"\n'
            "  - Time To Live: 120 seconds\n"
            f'  - System Name: "{peer}"\n'
            "  - System Capabilities : Bridge, Router\n"
            "    Enabled Capabilities: Bridge, Router\n\n"
        )
    return text
