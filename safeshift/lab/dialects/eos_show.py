"""What an EOS-like device prints when asked: text in the vendor's form, facts from the configuration and the network.

The box itself, its configuration and its sessions; ``eos_network.py`` prints interfaces, neighbours and routes, and
``eos_json.py`` says the same as structured data.
"""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING

from safeshift.lab.dialects import facts
from safeshift.lab.dialects.configtree import Node, render
from safeshift.lab.dialects.facts import clock_text, dotted_mac

if TYPE_CHECKING:
    from safeshift.lab.device import Device

VERSION, MODEL = "4.33.1F", "cEOSLab"
BUILD = "39879738"


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
