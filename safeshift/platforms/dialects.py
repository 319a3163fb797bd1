"""What the command lines of EOS and IOS have in common, as tables; each platform adds its own in ``grammar.py``.

Next: ``arista_eos/grammar.py`` and ``cisco_ios/grammar.py``.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network

from safeshift.platforms.typed import Covered, Single, Wipe

TOP = re.compile(r"$")
INTERFACE = re.compile(r"interface ")
OSPF = re.compile(r"router ospf ")
BGP = re.compile(r"router bgp ")
VLAN = re.compile(r"vlan ")
ANY = re.compile(r"")

WORDS = (
    "interface",
    "router ospf",
    "router bgp",
    "router isis",
    "hostname",
    "ip route",
    "ip routing",
    "ip address",
    "ip ospf cost",
    "ip ospf area",
    "ip ospf network point-to-point",
    "ip ospf network broadcast",
    "ip ospf hello-interval",
    "ip ospf dead-interval",
    "ip ospf priority",
    "ip ospf authentication",
    "ip policy route-map",
    "ip access-group",
    "ip access-list",
    "ip prefix-list",
    "ip helper-address",
    "ip mtu",
    "ip domain",
    "ip name-server",
    "ip nat",
    "ip vrf",
    "ip proxy-arp",
    "ip redirects",
    "description",
    "shutdown",
    "speed",
    "duplex",
    "bandwidth",
    "delay",
    "mtu",
    "load-interval",
    "switchport mode access",
    "switchport mode trunk",
    "switchport access vlan",
    "switchport trunk",
    "max-metric router-lsa include-stub",
    "max-metric router-lsa on-startup",
    "max-metric router-lsa external-lsa",
    "max-metric router-lsa summary-lsa",
    "passive-interface",
    "auto-cost reference-bandwidth",
    "network",
    "neighbor",
    "area",
    "distance ospf intra-area",
    "distance ospf inter-area",
    "distance ospf external",
    "distribute-list",
    "router-id",
    "redistribute",
    "default-information originate",
    "default",
    "default-metric",
    "route-map",
    "set",
    "match",
    "vlan",
    "vrf",
    "channel-group",
    "service-policy",
    "service",
    "spanning-tree",
    "storm-control",
    "standby",
    "line",
    "logging",
    "username",
    "end",
    "exit",
)


def _single(section: re.Pattern[str], *keys: str, bare: bool = True) -> tuple[Single, ...]:
    return tuple(Single(section, re.compile(key + r"(?=\s|$)"), bare) for key in keys)


SINGLES = (
    *_single(
        INTERFACE,
        "description",
        "speed",
        "duplex",
        "bandwidth",
        "delay",
        "mtu",
        "ip mtu",
        "load-interval",
        "carrier-delay",
        "encapsulation",
        "ip ospf (?:cost|network|priority|hello-interval|dead-interval|retransmit-interval|transmit-delay)",
        "switchport (?:mode|access vlan|trunk native vlan|trunk allowed vlan)",
        "channel-group",
        "ip policy route-map",
    ),
    *_single(INTERFACE, r"ip address(?!.* secondary)", r"ip access-group (?=.* in$)", bare=False),
    *_single(
        OSPF,
        "router-id",
        "max-metric router-lsa",
        "auto-cost reference-bandwidth",
        "maximum-paths",
        "default-metric",
        "log-adjacency-changes",
        "max-lsa",
    ),
    *_single(BGP, "bgp router-id", "router-id"),
    *_single(BGP, r"neighbor \S+ (?:description|remote-as|update-source|ebgp-multihop)"),
    *_single(BGP, r"neighbor \S+ route-map (?=\S+ out$)", r"neighbor \S+ route-map (?=\S+ in$)", bare=False),
    Single(TOP, re.compile(r"ip routing$")),
    *_single(VLAN, "name"),
    *_single(
        TOP,
        "hostname",
        "clock timezone",
        "spanning-tree mode",
        "logging (?:buffered|console|trap|monitor|facility|source-interface)",
        "snmp-server (?:location|contact|source-interface)",
        "ntp source",
        "enable (?:secret|password)",
        "banner (?:exec|incoming|login|motd)",
        "ip (?:domain name|domain-name)",
        r"username \S+",
    ),
)

# What the default for all interfaces says, it says for those named before too.
_EACH_PASSIVE = re.compile(r"passive-interface (?!default)")
WIPES = (
    Wipe(OSPF, re.compile(r"passive-interface default$"), _EACH_PASSIVE),
    Wipe(OSPF, re.compile(r"no passive-interface default$"), re.compile(r"no passive-interface ")),
)
COVERED = (Covered(OSPF, _EACH_PASSIVE, beside=re.compile(r"passive-interface default$")),)

# Nothing to remove, nothing said.
FORGETTABLE = r"shutdown$|ip route |network |passive-interface |neighbor |ip ospf |ip address |description"


def masked(prefix: str, mask: str) -> str:
    """Write address and mask as ``10.1.2.0/24``, host bits cleared; the words as they came when they are no prefix."""
    try:
        return str(IPv4Network(f"{prefix}/{mask}", strict=False))
    except ValueError:
        return f"{prefix} {mask}"
