"""Which commands of EOS and IOS belong to the global mode, and which open a mode: tables for ``typed.py``.

A line that is in none of them is taken for a line of the section that is open, as a device tries it there first.
"""

from __future__ import annotations

import re
from re import Pattern


def either(*patterns: str | tuple[str, ...]) -> Pattern[str]:
    """Make one pattern of several, each matched up to the end of a word."""
    flat = [one for pattern in patterns for one in ((pattern,) if isinstance(pattern, str) else pattern)]
    return re.compile(r"(?:" + "|".join(flat) + r")(?=\s|$)")


SECTION = either(
    r"interface \S+",
    r"router \S+",
    r"route-map \S+",
    r"line \S+",
    r"archive",
    r"vlan \d[\d,-]*$",
    r"vrf (?:definition|instance) \S+",
    r"ip vrf (?!forwarding)\S+",
    r"(?:ip|ipv6|mac) access-list (?:standard |extended )?\S+",
    r"policy-map \S+",
    r"class-map \S+",
    r"control-plane",
    r"management \S+",
    r"daemon \S+",
    r"key chain \S+",
    r"redundancy",
    r"crypto pki \S+",
    r"aaa group server \S+",
    r"(?:radius|tacacs) server \S+",
    r"mlag configuration",
    r"event-handler \S+",
)
SUBSECTION = either(
    r"address-family \S+", r"template \S+", r"vrf \S+", r"class \S+", r"log config", r"key \d+", r"certificate \S+"
)
GLOBAL = either(
    "aaa",
    "access-list",
    "agent",
    "alias",
    "archive",
    "banner",
    "boot",
    "boot-end-marker",
    "boot-start-marker",
    "call-home",
    "cdp run",
    "class-map",
    "clock",
    "control-plane",
    "crypto",
    "daemon",
    "default interface",
    "diagnostic",
    "enable",
    "errdisable",
    "event manager",
    "event-handler",
    "exception",
    "hardware",
    "hostname",
    "interface",
    "ip (?:access-list|as-path|bgp-community|cef|classless|community-list|default-gateway|default-network)",
    r"ip (?:dhcp (?:pool|excluded-address|snooping)|domain|domain-name|forward-protocol|ftp|host|http|load-sharing)",
    r"ip (?:multicast-routing|name-server|prefix-list|radius|route|routing|scp|sla|source-route|ssh|subnet-zero)",
    r"ip (?:tacacs|tftp|vrf (?!forwarding)\S+)",
    "ipv6 (?:access-list|prefix-list|route|router|unicast-routing)",
    "key chain",
    "license",
    "line",
    "lldp run",
    r"logging (?:\d\S*|buffered|console|facility|host|monitor|on|source-interface|trap|vrf)",
    "login (?:block-for|delay|on-failure|on-success)",
    "mac (?:access-list|address-table)",
    "management",
    "memory",
    "mlag configuration",
    "monitor session",
    "multilink",
    "ntp",
    "parser",
    "platform",
    "policy-map",
    "port-channel load-balance",
    "privilege exec",
    "prompt",
    "queue-monitor",
    "radius",
    "radius-server",
    "redundancy",
    "route-map",
    "router",
    "service",
    "snmp-server",
    "spanning-tree (?:extend|mode|mst)",
    "subscriber",
    r"switch \d+",
    "tacacs",
    "tacacs-server",
    "transceiver qsfp",
    "username",
    "version",
    r"vlan (?:\d\S*|internal)",
    "vrf (?:definition|instance)",
)

# Words that a device takes inside a configuration mode and that configure nothing: they leave the mode, keep or drop
# a candidate, stop a timer, or act at once. With the fewest letters by which one of the platforms may take them.
_ACTS = {
    "abort": 3, "bash": 3, "clear": 3, "comment": 7, "commit": 4, "configure": 4, "copy": 3, "debug": 3, "delete": 3,
    "diff": 4, "disable": 4, "do": 2, "end": 3, "erase": 3, "format": 3, "logout": 4, "ping": 3, "reload": 3,
    "rollback": 3, "show": 3, "ssh": 3, "tclsh": 3, "telnet": 3, "terminal": 4, "traceroute": 4, "write": 2,
}  # fmt: skip


# Lines that are typed in a configuration mode, act at once, and that nothing takes back.
_FOR_EVER = re.compile(r"(?:no )?crypto (?:key|pki) (?!trustpoint|certificate|profile)|license (?:install|boot)")


def acts(line: str) -> bool:
    """Tell whether a line typed in a configuration mode does something else than configure."""
    word = line.split(maxsplit=1)[0].lower() if line.strip() else ""
    is_act = any(name.startswith(word) and len(word) >= fewest for name, fewest in _ACTS.items())
    return is_act or _FOR_EVER.match(line.strip()) is not None
