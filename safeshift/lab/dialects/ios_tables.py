"""The smaller tables of an IOS-XE-like device that people and their tools read: ARP, VLANs, MACs, LSAs, BGP, counters.

What safeshift itself reads is in ``ios_network.py`` and ``ios_show.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeshift.lab.dialects import facts
from safeshift.lab.dialects.facts import dotted_mac
from safeshift.lab.dialects.ios_config import NAMES
from safeshift.lab.dialects.ios_network import OCTETS_PER_PACKET
from safeshift.lab.dialects.ios_show import serial_of

if TYPE_CHECKING:
    from safeshift.lab.device import Device

_MEMORY = 2863432 * 1024  # bytes of the processor pool, as show version says
_USED = 311 * 10**6  # bytes


def arp(device: Device) -> str:
    """Answer ``show ip arp``."""
    own = [
        (face.address.ip, "-", face.mac, face.name)
        for face in facts.interfaces(device)
        if face.address is not None and face.up and not face.name.startswith("Loopback")
    ]
    learned = [
        (entry.address, str(entry.age_s // 60), entry.mac, entry.interface) for entry in facts.arp_entries(device)
    ]
    text = "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n"
    for address, age, mac, interface in sorted((*own, *learned), key=lambda row: row[0]):
        text += f"Internet  {address!s:15} {age:>10}   {dotted_mac(mac)}  ARPA   {interface}\n"
    return text


def vlans(device: Device) -> str:
    """Answer ``show vlan [brief]``."""
    numbers = sorted(int(face.name[4:]) for face in facts.interfaces(device) if face.name.startswith("Vlan"))
    rows = [(1, "default", "active"), *((number, f"VLAN{number:04d}", "active") for number in numbers if number != 1)]
    rows += [(1002, "fddi-default", "act/unsup"), (1003, "token-ring-default", "act/unsup")]
    rows += [(1004, "fddinet-default", "act/unsup"), (1005, "trnet-default", "act/unsup")]
    dashes = f"---- {'-' * 32} {'-' * 9} {'-' * 31}\n"
    head = f"\nVLAN Name{' ' * 29}Status    Ports\n{dashes}"
    return head + "".join(f"{number:<4} {name:32} {state}\n" for number, name, state in rows)


def macs(device: Device) -> str:
    """Answer ``show mac address-table``: the router's own, for the fabric does not say which ports nodes are in."""
    rows = [(" All", f"0100.0ccc.ccc{last}", "CPU") for last in "cd"]
    rows += [(f"{number:>4}", dotted_mac(face.mac), f"Vl{number}") for number, face in facts.gateways(device)]
    text = f"          Mac Address Table\n{'-' * 43}\n\nVlan    Mac Address       Type        Ports\n"
    text += "----    -----------       --------    -----\n"
    text += "".join(f"{vlan}    {mac}    STATIC      {port}\n" for vlan, mac, port in rows)
    return f"{text}Total Mac Addresses for this criterion: {len(rows)}\n"


def ospf_database(device: Device) -> str:
    """Answer ``show ip ospf database``: all links are point to point, so that there are router LSAs only."""
    process = facts.ospf_process(device.running)
    if process is None:
        return ""
    number = process.line.split()[2]
    text = f"\n            OSPF Router with ID ({facts.router_id(device)}) (Process ID {number})\n\n"
    text += "                Router Link States (Area 0)\n\n"
    text += "Link ID         ADV Router      Age         Seq#       Checksum Link count\n"
    for lsa in facts.router_lsas(device):
        text += f"{lsa.router_id!s:15} {lsa.router_id!s:15} {lsa.age_s:<11} 0x{lsa.sequence:08X} 0x{lsa.checksum:06X} "
        text += f"{lsa.links}\n"
    return text


def bgp(device: Device) -> str:
    """Answer ``show ip bgp summary``: nobody is at the other end of a session."""
    found = facts.bgp(device)
    if found is None:
        return "% BGP not active\n\n"
    text = (
        f"BGP router identifier {found.router_id}, local AS number {found.asn}\n"
        "BGP table version is 1, main routing table version 1\n\n"
        "Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\n"
    )
    for address, asn in found.neighbors:
        text += f"{address:15} 4 {asn:>12}{0:>8}{0:>8}{1:>9}{0:>5}{0:>5} {'never':8} Active\n"
    return text


def counters(device: Device) -> str:
    """Answer ``show interfaces counters``."""
    text = ""
    for way in ("In", "Out"):
        heads = (f"{way}{what}" for what in ("Octets", "UcastPkts", "McastPkts", "BcastPkts"))
        text += f"\nPort        {' '.join(f'{head:>14}' for head in heads)} \n"
        for face in facts.interfaces(device):
            if face.physical:
                octets = face.port.octets_in if way == "In" else face.port.octets_out
                cells = (octets, octets // OCTETS_PER_PACKET, 0, 0)
                text += f"{NAMES.short(face.name):11} {' '.join(f'{cell:>14}' for cell in cells)} \n"
    return text


def memory(device: Device) -> str:
    """Answer ``show memory statistics``."""
    rest = _MEMORY - _USED
    return (
        "                Head    Total(b)     Used(b)     Free(b)   Lowest(b)  Largest(b)\n"
        f"Processor  7F5C2D4010   {_MEMORY}   {_USED}  {rest}  {rest - 1024}  {rest // 2}\n"
        "reserve P  7F5C2D4068      102404          92      102312      102312      102312\n"
        " lsmpi_io  7F5C09C1A8     6295128     6294304         824         824         412\n"
    )


def processor(device: Device) -> str:
    """Answer ``show processes cpu``."""
    return (
        "CPU utilization for five seconds: 1%/0%; one minute: 1%; five minutes: 1%\n"
        " PID Runtime(ms)     Invoked      uSecs   5Sec   1Min   5Min TTY Process\n"
        "   1           8          53        150  0.00%  0.00%  0.00%   0 Chunk Manager\n"
        "   2        1037        9021        114  0.07%  0.02%  0.01%   0 Load Meter\n"
        " 224        4402       21877        201  0.15%  0.11%  0.10%   0 OSPF-1 Hello\n"
    )


def temperature(device: Device) -> str:
    """Answer ``show environment temperature status``."""
    return (
        "Switch 1: SYSTEM TEMPERATURE is OK\n"
        "Inlet Temperature Value: 24 Degree Celsius\nTemperature State: GREEN\n"
        "Yellow Threshold : 46 Degree Celsius\nRed Threshold    : 56 Degree Celsius\n\n"
        "Hotspot Temperature Value: 41 Degree Celsius\nTemperature State: GREEN\n"
        "Yellow Threshold : 105 Degree Celsius\nRed Threshold    : 125 Degree Celsius\n"
    )


def chassis(device: Device) -> str:
    """Answer ``show snmp chassis``."""
    return f"{serial_of(device)}\n"
