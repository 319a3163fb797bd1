"""What an IOS-XE-like device prints about the network: interfaces, OSPF, routes, LLDP, in the vendor's form.

Facts come from the configuration (``facts.py``) and from the network around. Mostly text: long by nature.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from safeshift.lab.around import RouteView
from safeshift.lab.dialects import facts
from safeshift.lab.dialects.facts import InterfaceFacts, clock_text, dotted_mac
from safeshift.lab.dialects.ios_config import NAMES

if TYPE_CHECKING:
    from safeshift.lab.device import Device

BANDWIDTH = 10**9  # of interfaces without a port
REFERENCE_MBIT = 100  # OSPF's reference bandwidth when none is written
OCTETS_PER_PACKET = 800  # counters are kept in octets; packets are derived

# OSPF -----------------------------------------------------------------------------------------------------------------


def process_id(device: Device) -> str:
    """Return the OSPF process number."""
    process = facts.ospf_process(device.running)
    return process.line.split()[2] if process else "1"


def ospf_neighbors(device: Device) -> str:
    """Answer ``show ip ospf neighbor``."""
    text = "\nNeighbor ID     Pri   State           Dead Time   Address         Interface\n"
    for n in device.around.neighbors(device.name):
        dead = facts.dead_time(n.interface)
        text += f"{n.router_id!s:15}   0   FULL/  -        {dead}    {n.address!s:15} {n.interface}\n"
    return text if facts.ospf_process(device.running) else ""


def cost_of(device: Device, face: InterfaceFacts) -> int:
    """Return the OSPF cost an interface has."""
    if face.cost is not None:
        return face.cost
    process = facts.ospf_process(device.running)
    reference = int((process and process.value("auto-cost reference-bandwidth")) or REFERENCE_MBIT)
    return max(1, reference * 10**6 // max(1, bandwidth_of(device, face)))


def bandwidth_of(device: Device, face: InterfaceFacts) -> int:
    """Return the bandwidth shown, bit/s: as written, or the port's."""
    node = device.running.child(f"interface {face.name}")
    written = node.value("bandwidth") if node else None
    if written:
        return int(written) * 1000
    return face.port.speed or (8_000_000_000 if face.name.startswith("Loopback") else BANDWIDTH)


def ospf_interfaces(device: Device) -> str:
    """Answer ``show ip ospf interface brief``."""
    text = "Interface    PID   Area            IP Address/Mask    Cost  State Nbrs F/C\n"
    counts: dict[str, int] = {}
    for neighbor in device.around.neighbors(device.name):
        counts[neighbor.interface] = counts.get(neighbor.interface, 0) + 1
    for face in facts.interfaces(device):
        if face.area is None or face.address is None:
            continue
        state = "DOWN" if not face.up else "LOOP" if face.name.startswith("Lo") else "P2P" if face.physical else "DR"
        number = counts.get(face.name, 0)
        area = str(int(IPv4Address(face.area)))
        text += (
            f"{NAMES.short(face.name):12} {process_id(device):5} {area:15} {face.address!s:18} "
            f"{cost_of(device, face):<5} {state:5} {number}/{number}\n"
        )
    return text


def ospf(device: Device) -> str:
    """Answer ``show ip ospf``."""
    process = facts.ospf_process(device.running)
    if process is None:
        return ""
    text = (
        f' Routing Process "ospf {process_id(device)}" with ID {facts.router_id(device)}\n'
        f" Start time: 00:00:01.000, Time elapsed: {clock_text(device.uptime_s)}.000\n"
        " Supports only single TOS(TOS0) routes\n Supports opaque LSA\n"
    )
    if facts.max_metric(device):
        stub = ", including stub links" if "include-stub" in process.under("max-metric")[0].line else ""
        text += f" Originating router-LSAs with maximum metric{stub}\n    Condition: always, State: active\n"
    text += f" Reference bandwidth unit is {process.value('auto-cost reference-bandwidth') or REFERENCE_MBIT} mbps\n"
    for area in sorted({face.area for face in facts.interfaces(device) if face.area}):
        inside = sum(1 for face in facts.interfaces(device) if face.area == area)
        name = "BACKBONE(0)" if area == "0.0.0.0" else area
        text += f"    Area {name}\n        Number of interfaces in this area is {inside}\n"
    return text


# Interfaces -----------------------------------------------------------------------------------------------------------


def interfaces(device: Device, name: str | None = None) -> str:
    """Answer ``show interfaces``."""
    return "".join("".join(_interface(device, f)) for f in facts.interfaces(device) if name in (None, f.name))


def link_words(face: InterfaceFacts) -> tuple[str, str]:
    """Return link status and line protocol."""
    if not face.enabled:
        return "administratively down", "down"
    return ("up", "up") if face.up else ("down", "down")


def _interface(device: Device, face: InterfaceFacts) -> Iterator[str]:
    link, protocol = link_words(face)
    mac, loop = dotted_mac(face.mac), face.name.startswith("Loopback")
    suffix = (
        ""
        if not face.physical
        else f" ({'connected' if face.up else 'disabled' if not face.enabled else 'notconnect'})"
    )
    kind, media = _hardware(face.name)
    yield f"{face.name} is {link}, line protocol is {protocol}{suffix} \n"
    yield f"  Hardware is {kind}\n" if loop else f"  Hardware is {kind}, address is {mac} (bia {mac})\n"
    if face.description:
        yield f"  Description: {face.description}\n"
    if face.address is not None:
        yield f"  Internet address is {face.address}\n"
    bandwidth = bandwidth_of(device, face) // 1000
    load = [
        min(255, max(1, int(255 * r / face.port.speed))) if face.port.speed else 1
        for r in (face.port.rate_out, face.port.rate_in)
    ]
    yield f"  MTU {face.mtu or 1500} bytes, BW {bandwidth} Kbit/sec, DLY 10 usec, \n"
    yield f"     reliability 255/255, txload {load[0]}/255, rxload {load[1]}/255\n"
    yield f"  Encapsulation {'LOOPBACK' if loop else 'ARPA'}, loopback not set\n  Keepalive set (10 sec)\n"
    if face.physical:
        yield f"  Full-duplex, {speed_words(face.port.speed)}, link type is force-up, media type is {media}\n"
        yield "  input flow-control is on, output flow-control is unsupported\n"
    yield from _traffic(face)


def _hardware(name: str) -> tuple[str, str]:
    """Return what an interface is, and what is plugged into it."""
    if name.startswith("Loopback"):
        return "Loopback", ""
    if name.startswith("Vlan"):
        return "Ethernet SVI", ""
    gigabit = name.startswith("GigabitEthernet")
    return ("Gigabit Ethernet", "RJ45") if gigabit else ("Hundred Gigabit Ethernet", "QSFP 100G SR4")


def _traffic(face: InterfaceFacts) -> Iterator[str]:
    port = face.port
    yield "  Last input 00:00:00, output 00:00:00, output hang never\n"
    yield '  Last clearing of "show interface" counters never\n'
    yield "  Input queue: 0/2000/0/0 (size/max/drops/flushes); Total output drops: 0\n  Queueing strategy: fifo\n"
    yield "  Output queue: 0/40 (size/max)\n"
    span = f"{face.load_interval // 60} minute" if face.load_interval % 60 == 0 else f"{face.load_interval} second"
    for way, rate in (("input", port.rate_in), ("output", port.rate_out)):
        yield f"  {span} {way} rate {int(rate)} bits/sec, {int(rate / 8 / OCTETS_PER_PACKET)} packets/sec\n"
    yield f"     {port.octets_in // OCTETS_PER_PACKET} packets input, {port.octets_in} bytes, 0 no buffer\n"
    yield "     Received 0 broadcasts (0 multicasts)\n     0 runts, 0 giants, 0 throttles \n"
    yield "     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored\n     0 watchdog, 0 multicast, 0 pause input\n"
    yield f"     {port.octets_out // OCTETS_PER_PACKET} packets output, {port.octets_out} bytes, 0 underruns\n"
    yield "     0 output errors, 0 collisions, 1 interface resets\n     0 unknown protocol drops\n"
    yield "     0 output buffer failures, 0 output buffers swapped out\n"


def speed_words(speed: int) -> str:
    """Write a speed as the vendor does."""
    return f"{speed // 10**9}Gb/s" if speed >= 10**9 else f"{speed // 10**6}Mb/s"


def interfaces_status(device: Device) -> str:
    """Answer ``show interfaces status``."""
    text = "\nPort         Name               Status       Vlan       Duplex  Speed Type\n"
    for face in facts.interfaces(device):
        if not face.physical:
            continue
        state = "disabled" if not face.enabled else "connected" if face.up else "notconnect"
        speed = speed_words(face.port.speed).removesuffix("b/s") if face.port.speed else "auto"
        text += (
            f"{NAMES.short(face.name):12} {face.description[:18]:18} {state:12} {'routed':10} {'full':>6} "
            f"{speed:>6} {_hardware(face.name)[1]}\n"
        )
    return text


def interfaces_description(device: Device) -> str:
    """Answer ``show interfaces description``."""
    text = "Interface                      Status         Protocol Description\n"
    for face in facts.interfaces(device):
        link = "admin down" if not face.enabled else link_words(face)[0]
        text += f"{NAMES.short(face.name):30} {link:14} {link_words(face)[1]:8} {face.description}".rstrip() + "\n"
    return text


def ip_interfaces(device: Device) -> str:
    """Answer ``show ip interface brief``."""
    text = "Interface              IP-Address      OK? Method Status                Protocol\n"
    for face in facts.interfaces(device):
        link, protocol = link_words(face)
        address = str(face.address.ip) if face.address else "unassigned"
        text += f"{face.name:22} {address:15} YES {'NVRAM' if face.address else 'unset':6} {link:21} {protocol:8}\n"
    return text


def ip_interface(device: Device, name: str | None = None) -> str:
    """Answer ``show ip interface``."""
    text = ""
    for face in facts.interfaces(device):
        if name not in (None, face.name):
            continue
        link, protocol = link_words(face)
        text += f"{face.name} is {link}, line protocol is {protocol}\n"
        if face.address is None:
            text += "  Internet protocol processing disabled\n"
        else:
            text += f"  Internet address is {face.address}\n  Broadcast address is 255.255.255.255\n"
            text += f"  Address determined by non-volatile memory\n  MTU is {face.mtu or 1500} bytes\n"
    return text


# Routes ---------------------------------------------------------------------------------------------------------------

_CODES = """\
Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area
       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2
       E1 - OSPF external type 1, E2 - OSPF external type 2, m - OMP
       n - NAT, Ni - NAT inside, No - NAT outside, Nd - NAT DIA
       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2
       ia - IS-IS inter area, * - candidate default, U - per-user static route
       H - NHRP, G - NHRP registered, g - NHRP registration summary
       o - ODR, P - periodic downloaded static route, l - LISP
       a - application route
       + - replicated route, % - next hop override, p - overrides from PfR
       & - replicated local route overrides by connected

"""
_PROTOCOLS = {"connected": "C", "static": "S", "ospf": "O"}
_NAMES = {"C": "connected", "S": "static"}


def routes(device: Device, wanted: str = "") -> str:
    """Answer ``show ip route``, whole or for one protocol."""
    found = device.around.routes(device.name)
    default = next((route for route in found if route.prefix.prefixlen == 0 and route.next_hops), None)
    text = _CODES
    if default is None:
        text += "Gateway of last resort is not set\n\n"
    else:
        text += f"Gateway of last resort is {default.next_hops[0][0]} to network 0.0.0.0\n\n"
    chosen = [route for route in found if not wanted or route.protocol == _PROTOCOLS[wanted]]
    for major in sorted({_major(route.prefix) for route in chosen}):
        inside = [route for route in chosen if _major(route.prefix) == major]
        masks = len({route.prefix.prefixlen for route in inside})
        text += f"      {major} is variably subnetted, {len(inside)} subnets, {masks} masks\n"
        text += "".join(_route(route) for route in sorted(inside, key=lambda route: route.prefix))
    return text


def _major(prefix: IPv4Network) -> IPv4Network:
    """Return the classful network that a prefix is listed under."""
    first = int(str(prefix.network_address).split(".", 1)[0])
    length = min(prefix.prefixlen, 8 if first < 128 else 16 if first < 192 else 24)
    return IPv4Network(f"{prefix.network_address}/{length}", strict=False)


def _route(route: RouteView) -> str:
    age = clock_text(facts.age(route.since))
    if route.protocol == "C":
        return "".join(f"C        {route.prefix} is directly connected, {face}\n" for _, face in route.next_hops)
    head = f"{route.protocol:8} {route.prefix}"
    if not route.next_hops or route.next_hops[0][0] is None:
        return f"{head} is directly connected, {route.next_hops[0][1] if route.next_hops else 'Null0'}\n"
    text = ""
    for at, (hop, face) in enumerate(route.next_hops):
        start = f"{head} [" if at == 0 else " " * len(head) + " ["
        tail = f", {age}, {face}" if route.protocol != "S" else ""
        text += f"{start}{route.distance}/{route.metric}] via {hop}{tail}\n"
    return text


def route_entry(device: Device, wanted: str) -> str:
    """Answer ``show ip route ADDRESS``."""
    target = IPv4Address(wanted)
    inside = [route for route in device.around.routes(device.name) if target in route.prefix]
    if not inside:
        known = any(target in _major(route.prefix) for route in device.around.routes(device.name))
        return "% Subnet not in table\n" if known else "% Network not in table\n"
    route = max(inside, key=lambda route: route.prefix.prefixlen)
    known_via = f"ospf {process_id(device)}" if route.protocol == "O" else _NAMES.get(route.protocol, route.protocol)
    kind = (
        ", type intra area" if route.protocol == "O" else " (connected, via interface)" if route.protocol == "C" else ""
    )
    text = f"Routing entry for {route.prefix}\n"
    text += f'  Known via "{known_via}", distance {route.distance}, metric {route.metric}{kind}\n'
    text += "  Routing Descriptor Blocks:\n"
    for at, (hop, face) in enumerate(route.next_hops or ((None, "Null0"),)):
        mark = "*" if at == 0 else " "
        where = (
            f"{hop}, from {hop}, {clock_text(facts.age(route.since))} ago, via {face}"
            if hop
            else f"directly connected, via {face}"
        )
        text += f"  {mark} {where}\n      Route metric is {route.metric}, traffic share count is 1\n"
    return text


# LLDP -----------------------------------------------------------------------------------------------------------------


def _lldp_ports(device: Device) -> tuple[InterfaceFacts, ...]:
    return tuple(face for face in facts.interfaces(device) if face.physical and face.up and face.port.peer)


_NO_LLDP = "% LLDP is not enabled\n"


def lldp(device: Device) -> str:
    """Answer ``show lldp neighbors``."""
    if device.running.child("lldp run") is None:
        return _NO_LLDP
    ports = _lldp_ports(device)
    text = (
        "\nCapability codes:\n    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n"
        "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\n\n"
        "Device ID           Local Intf     Hold-time  Capability      Port ID\n"
    )
    for face in ports:
        text += f"{(face.port.peer or '')[:20]:19} {NAMES.short(face.name):14} 120        B,R             "
        text += f"{face.port.peer_port}\n"
    return text + f"\nTotal entries displayed: {len(ports)}\n\n"


def lldp_detail(device: Device, name: str | None = None) -> str:
    """Answer ``show lldp neighbors detail``."""
    if device.running.child("lldp run") is None:
        return _NO_LLDP
    ports = [face for face in _lldp_ports(device) if name in (None, face.name)]
    text = ""
    for face in ports:
        text += (
            "------------------------------------------------\n"
            f"Local Intf: {NAMES.short(face.name)}\n"
            f"Chassis id: {dotted_mac(facts.hardware_address(face.port.peer or ''))}\n"
            f"Port id: {face.port.peer_port}\n"
            f"Port Description: {face.port.peer_port}\n"
            f"System Name: {face.port.peer}\n\n"
            "System Description: \nRouter\n\n"
            "Time remaining: 108 seconds\n"
            "System Capabilities: B,R\n"
            "Enabled Capabilities: B,R\n"
            "Management Addresses - not advertised\n"
            "Auto Negotiation - not supported\n"
            "Physical media capabilities - not advertised\n"
            "Media Attachment Unit type - not advertised\n"
            "Vlan ID: - not advertised\n\n"
        )
    return f"{text}\nTotal entries displayed: {len(ports)}\n\n" if ports else "\nTotal entries displayed: 0\n\n"
