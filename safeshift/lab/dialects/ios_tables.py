"""The smaller tables of an IOS-XE-like device that other people's tools read: ARP, VLANs, memory, processor.

What safeshift itself reads is in ``ios_network.py`` and ``ios_show.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeshift.lab.dialects import facts
from safeshift.lab.dialects.facts import dotted_mac
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
