"""What an IOS-XE-like device prints when asked about itself: the box, its configuration, its archive.

``ios_network.py`` prints interfaces, neighbours and routes.
"""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING

from safeshift.lab.dialects import facts
from safeshift.lab.dialects.configtree import Node, render

if TYPE_CHECKING:
    from safeshift.lab.device import Device

VERSION, MODEL = "17.09.04a", "C9500-32C"
FLASH_BYTES = 33554432


def version_of(device: Device) -> str:
    """Return the software version."""
    return device.spec.version or VERSION


def model_of(device: Device) -> str:
    """Return the model."""
    return device.spec.model or MODEL


def serial_of(device: Device) -> str:
    """Return the serial number."""
    return device.spec.serial or f"FDO{facts.hardware_address(device.name)[4:].upper()}"


# Configuration --------------------------------------------------------------------------------------------------------


def body(tree: Node) -> str:
    """Print a configuration without its header."""
    lines = render(tree, indent=1, closer=("address-family", "exit-address-family"))
    return "".join(f"{line}\n" for line in lines)


def stamp(seconds: float) -> str:
    """Write an instant as the vendor does."""
    return time.strftime("%H:%M:%S UTC %a %b %e %Y", time.gmtime(seconds))


def config_text(device: Device, tree: Node) -> str:
    """Print the running configuration with the vendor's header."""
    by = f" by {device.changed_by}" if device.changed_by else ""
    text = f"!\n! Last configuration change at {stamp(device.changed_at)}{by}\n"
    if device.saved_at is not None:
        text += f"! NVRAM config last updated at {stamp(device.saved_at)}\n"
    text += (body(tree) or "!\n") + "end\n"
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n{text}\n"


def startup_text(device: Device) -> str:
    """Answer ``show startup-config``."""
    text = (body(device.startup) or "!\n") + "end\n"
    return f"Using {len(text)} out of {FLASH_BYTES} bytes\n{text}\n"


def interface_text(device: Device, name: str) -> str:
    """Answer ``show running-config interface X``."""
    node = device.running.child(f"interface {name}")
    if node is None:
        return "                                          ^\n% Invalid input detected at '^' marker.\n\n"
    text = "".join(f"{line}\n" for line in ("!", *render(Node("", "", children=[node]), indent=1, separator="")))
    text += "end\n"
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n{text}\n"


def difference_text(before: Node, after: Node) -> str:
    """Answer ``show archive config differences``."""
    old, new = (list(render(tree, indent=1, separator="")) for tree in (before, after))
    lines = difflib.ndiff(old, new)
    shown = [line[0] + line[2:] for line in lines if line[0] in "+-"]
    return (
        "!Contextual Config Diffs:\n"
        + "".join(f"{line}\n" for line in shown)
        + ("" if shown else "!No changes were found\n")
    )


def undo_lines(before: Node, after: Node) -> tuple[str, ...]:
    """Return the commands that a rollback shows: what turns one configuration into the other."""
    old, new = set(before.walk()), set(after.walk())
    lines: list[str] = []
    place: tuple[str, ...] = ()
    changes = [(p, False) for p in before.walk() if p not in new] + [(p, True) for p in after.walk() if p not in old]
    for path, comes in changes:
        if path[:-1] != place and path[:-1]:
            lines += path[:-1]
        place = path[:-1]
        lines.append(path[-1] if comes else f"no {path[-1]}")
    return tuple(lines)


# The box --------------------------------------------------------------------------------------------------------------


def version(device: Device) -> str:
    """Answer ``show version``."""
    number, model = version_of(device), model_of(device)
    mac = facts.hardware_address(device.name)
    started = stamp(time.time() - device.uptime_s)
    return (
        f"Cisco IOS XE Software, Version {number}\n"
        f"Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), Version {_short(number)}, "
        "RELEASE SOFTWARE (fc3)\n"
        "Technical Support: http://www.cisco.com/techsupport\n"
        "Copyright (c) 1986-2023 by Cisco Systems, Inc.\n"
        "Compiled Fri 20-Oct-23 10:44 by mcpre\n\n\n"
        "ROM: IOS-XE ROMMON\n"
        "BOOTLDR: System Bootstrap, Version 17.10.1r, RELEASE SOFTWARE (P)\n\n"
        f"{device.hostname} uptime is {uptime_words(device.uptime_s)}\n"
        f"Uptime for this control processor is {uptime_words(device.uptime_s)}\n"
        "System returned to ROM by Reload Command\n"
        f"System restarted at {started}\n"
        'System image file is "flash:packages.conf"\n'
        "Last reload reason: Reload Command\n\n"
        f"cisco {model} (X86) processor with 2863432K/6147K bytes of memory.\n"
        f"Processor board ID {serial_of(device)}\n"
        f"{_port_count(device)} Hundred Gigabit Ethernet interfaces\n"
        "2048K bytes of non-volatile configuration memory.\n"
        "16010248K bytes of physical memory.\n"
        "11161600K bytes of Bootflash at bootflash:.\n\n"
        f"Base Ethernet MAC Address          : {':'.join(mac[at : at + 2] for at in range(0, 12, 2))}\n"
        f"Model Number                       : {model}\n"
        f"System Serial Number               : {serial_of(device)}\n\n"
        "Configuration register is 0x102\n\n"
    )


def _short(number: str) -> str:
    return ".".join(part.lstrip("0") or "0" for part in number.split("."))


def _port_count(device: Device) -> int:
    return sum(1 for face in facts.interfaces(device) if face.physical)


def uptime_words(seconds: float) -> str:
    """Write an uptime as the vendor does."""
    minutes = int(seconds) // 60
    parts = [(minutes // 10080, "week"), (minutes // 1440 % 7, "day"), (minutes // 60 % 24, "hour")]
    words = [f"{count} {name}{'s' * (count != 1)}" for count, name in parts if count]
    return ", ".join([*words, f"{minutes % 60} minute{'s' * (minutes % 60 != 1)}"])


def clock() -> str:
    """Answer ``show clock``."""
    return time.strftime("*%H:%M:%S.000 UTC %a %b ", time.gmtime()) + time.strftime("%d %Y\n", time.gmtime()).lstrip(
        "0"
    )


def inventory(device: Device) -> str:
    """Answer ``show inventory``."""
    model = model_of(device)
    return (
        f'NAME: "Chassis", DESCR: "Cisco Catalyst 9500 Series Chassis"\n'
        f"PID: {model:18}, VID: V02  , SN: {serial_of(device)}\n\n"
    )


def users(device: Device) -> str:
    """Answer ``show users``."""
    text = "    Line       User       Host(s)              Idle       Location\n"
    for at, (number, session) in enumerate(sorted(device.terminals.items())):
        del number
        text += f"   {at + 1} vty {at}     {session.user:10} idle                 00:00:00 {session.wire.peer}\n"
    return text


def hosts(device: Device) -> str:
    """Answer ``show hosts``."""
    domain = device.running.value("ip domain name")
    return (
        f"Default domain is {domain}\n" if domain else "Default domain is not set\n"
    ) + "Name/address lookup uses domain service\nName servers are 255.255.255.255\n"


# Archive --------------------------------------------------------------------------------------------------------------


def archive_path(device: Device) -> str | None:
    """Return where the configuration archive is kept; None when the archive is off."""
    node = device.running.child("archive")
    return node.value("path") if node else None


def archive_files(device: Device) -> tuple[str, ...]:
    """Return the names of the archived configurations, oldest first."""
    path = archive_path(device)
    return tuple(name for name in device.files if path and name.startswith(path))


def archive(device: Device) -> str:
    """Answer ``show archive``."""
    path = archive_path(device)
    if path is None:
        return " Archive feature not enabled\n"
    node = device.running.child("archive")
    most = int((node.value("maximum") if node else None) or 10)
    files = archive_files(device)[-most:]
    text = (
        f"The maximum archive configurations allowed is {most}.\n"
        f"There are currently {len(files)} archive configurations saved.\n"
        f"The next archive file will be named {path}-<timestamp>-{len(files)}\n Archive #  Name\n"
    )
    for at in range(1, max(most, len(files)) + 1):
        name = files[at - 1] if at <= len(files) else ""
        newest = " <- Most Recent" if at == len(files) and name else ""
        text += f"   {at:<9}{name}{newest}".rstrip() + " \n"
    return text


def rollback_timer(device: Device) -> str:
    """Answer ``show archive config rollback timer``."""
    guard = device.guard
    if guard is None:
        return "%No Rollback Confirmed Change pending\n"
    minutes = max(1, round((guard.deadline - guard.armed_at) / 60))
    return (
        f"Time configured(or reconfigured): {stamp(guard.armed_at)}\n"
        f"Timer type: {'idle' if guard.idle else 'absolute'} timer\n"
        f"Timer value: {minutes} min\n"
        f"User: {guard.user}\n"
    )
