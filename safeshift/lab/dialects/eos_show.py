"""What an EOS-like device prints when asked: text in the vendor's form, facts from the configuration and the network.

Each function answers one command; ``eos_json.py`` says the same as structured data.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from safeshift.lab.around import RouteView
from safeshift.lab.dialects import facts
from safeshift.lab.dialects.configtree import Node, render
from safeshift.lab.dialects.eos_config import NAMES
from safeshift.lab.dialects.facts import InterfaceFacts, clock_text, dotted_mac

if TYPE_CHECKING:
    from safeshift.lab.device import Device

VERSION, MODEL = "4.33.1F", "cEOSLab"
BUILD = "39879738"
DEFAULT_COST = 10
MTU = 1500
BANDWIDTH = 10**9  # of interfaces without a port
OCTETS_PER_PACKET = 800  # counters are kept in octets; packets are derived


def version_of(device: Device) -> str:
    """Return the software version."""
    return device.spec.version or VERSION


def model_of(device: Device) -> str:
    """Return the model."""
    return device.spec.model or MODEL


def serial_of(device: Device) -> str:
    """Return the serial number."""
    return device.spec.serial or f"SSJ{facts.hardware_address(device.name)[4:].upper()}"


def body(tree: Node) -> str:
    """Print a configuration without its header."""
    return "".join(f"{line}\n" for line in render(tree, indent=3))


def config_text(device: Device, tree: Node, command: str) -> str:
    """Print a configuration with the vendor's header."""
    header = f"! Command: {command}\n! device: {device.hostname} ({model_of(device)}, EOS-{version_of(device)})\n"
    return header + (body(tree) or "!\n") + "end\n"


def startup_text(device: Device) -> str:
    """Print the startup configuration: the header tells when it was saved."""
    header = ""
    if device.saved_at is not None:
        header = time.strftime(
            "! Startup-config last modified at %a %b %d %H:%M:%S %Y by root\n", _utc(device.saved_at)
        )
    return config_text(device, device.startup, "show startup-config").replace("! device:", header + "! device:", 1)


def _utc(seconds: float) -> time.struct_time:
    return time.gmtime(seconds)


def section_text(device: Device, key: str) -> str:
    """Print one interface's part of the running configuration."""
    node = device.running.child(key)
    if node is None:
        return ""
    return "".join(f"{line}\n" for line in render(_only(node), indent=3, separator=""))


def _only(node: Node) -> Node:
    return Node("", "", children=[node])


def diff_text(before: Node, after: Node, name: str) -> str:
    """Print how a session differs from the running configuration."""
    old, new = list(render(before, indent=3, separator="")), list(render(after, indent=3, separator=""))
    lines = difflib.unified_diff(old, new, "system:/running-config", f"session:/{name}-session-config", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def version(device: Device) -> str:
    """Answer ``show version``."""
    mac = dotted_mac(facts.hardware_address(device.name))
    number = version_of(device)
    return (
        f"Arista {model_of(device)}\n"
        "Hardware version: \n"
        f"Serial number: {serial_of(device)}\n"
        f"Hardware MAC address: {mac}\n"
        f"System MAC address: {mac}\n\n"
        f"Software image version: {number}-{BUILD}.{number.replace('.', '')} (engineering build)\n"
        "Architecture: x86_64\n"
        f"Internal build version: {number}-{BUILD}.{number.replace('.', '')}\n"
        "Internal build ID: 6a9d0a3c-5fd5-4b10-a0d8-1d5b8bbe5a3c\n"
        "Image format version: 1.0\n"
        "Image optimization: None\n\n"
        "Kernel version: 5.15.0-1051\n\n"
        f"Uptime: {uptime_words(device.uptime_s)}\n"
        "Total memory: 8155564 kB\n"
        "Free memory: 5643412 kB\n\n"
    )


def uptime_words(seconds: float) -> str:
    """Write an uptime as the vendor does."""
    minutes = int(seconds) // 60
    weeks, days, hours = minutes // 10080, minutes // 1440 % 7, minutes // 60 % 24
    parts = [(weeks, "week"), (days, "day"), (hours, "hour"), (minutes % 60, "minute")]
    words = [f"{count} {name}{'s' * (count != 1)}" for count, name in parts if count]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words or ["0 minutes"])


def hostname(device: Device) -> str:
    """Answer ``show hostname``."""
    return f"Hostname: {device.hostname}\nFQDN:     {fqdn(device)}\n"


def fqdn(device: Device) -> str:
    """Return the full name."""
    domain = device.running.value("dns domain") or device.running.value("ip domain-name")
    return f"{device.hostname}.{domain}" if domain else device.hostname


def clock() -> str:
    """Answer ``show clock``."""
    return time.strftime("%a %b %d %H:%M:%S %Y\n", time.gmtime()) + "Timezone: UTC\nClock source: local\n"


def inventory(device: Device) -> str:
    """Answer ``show inventory``."""
    return (
        "System information\n"
        "  Model                    Description\n"
        "  ------------------------ ----------------------------------------------------\n"
        f"  {model_of(device):24} {model_of(device)}\n\n"
        "  HW Version  Serial Number  Mfg Date   Epoch\n"
        "  ----------- -------------- ---------- -----\n"
        f"  01.00       {serial_of(device):14} 2024-01-15 01.00\n\n"
    )


# OSPF -----------------------------------------------------------------------------------------------------------------


def ospf_neighbors(device: Device) -> str:
    """Answer ``show ip ospf neighbor``."""
    text = "Neighbor ID     Instance VRF      Pri State                  Dead Time   Address         Interface\n"
    process = facts.ospf_process(device.running)
    instance = process.line.split()[2] if process else "1"
    for n in device.around.neighbors(device.name):
        dead = facts.dead_time(n.interface)
        text += f"{n.router_id!s:15} {instance:8} default  0   FULL                   {dead}    {n.address!s:15} {n.interface}\n"
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
    text += f"It is not an autonomous system boundary router and is not an area border router\n"
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
    """Answer ``show interfaces counters``."""
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


# Sessions -------------------------------------------------------------------------------------------------------------


def sessions(device: Device, *, detail: bool) -> str:
    """Answer ``show configuration sessions``; the form changed with release 4.32."""
    old = release(device) < (4, 32)
    text = "Maximum number of completed sessions: 1\nMaximum number of pending sessions: 5\n"
    guard, left = device.guard, device.guard_left()
    if not old:
        text += "Merge on commit is disabled\nAutosave to startup-config on commit is disabled\n"
        if guard is not None:
            text += f"\nSession with pending commit timer: {guard.name}\n"
            text += f"Time left until commit timer expiry: in {short_clock(left or 0)}\n"
    left_column = " Commit Time Left  " if old and detail else ""
    text += f"\n  Name        State                  User     Terminal   PID  {left_column}{' Description' * detail}\n"
    text += "  ----------- ---------------------- -------- ---------- -----" + " ------------------" * bool(left_column)
    text += " -----------\n" if detail else "\n"
    for candidate in device.candidates.values():
        state, waits = candidate.state, guard is not None and guard.name == candidate.name
        if waits:
            state = "pendingCommitTimer" if old else "committed"
        line = f"  {candidate.name:11} {state:22} {candidate.user:8} {'':10} {'':5}"
        if left_column and waits and left is not None:
            line += f" {int(left) // 60}m{int(left) % 60}s"
        text += line.rstrip() + "\n"
    return text


def release(device: Device) -> tuple[int, ...]:
    """Return the version's first two numbers."""
    return tuple(int(part) for part in version_of(device).split(".")[:2] if part.isdigit())


def short_clock(seconds: float) -> str:
    """Write ``0:04:59``."""
    return clock_text(seconds).removeprefix("0")


def users(device: Device) -> str:
    """Answer ``show users``."""
    text = "    Line      User        Host(s)       Idle        Location\n"
    for number, session in device.terminals.items():
        text += f"    {number} vty {number}   {session.user:11} idle          00:00:00    {session.wire.peer}\n"
    return text


def logging(device: Device) -> str:
    """Answer ``show logging``."""
    return "".join(f"{line}\n" for line in device.console)
