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
