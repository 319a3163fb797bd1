"""What typing does on Arista EOS: the tables that ``platforms/typed.py`` works from."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Interface

from safeshift.platforms.dialects import COVERED, FORGETTABLE, INTERFACE, OSPF, SINGLES, TOP, WIPES, WORDS, masked
from safeshift.platforms.interfaces import InterfaceNames
from safeshift.platforms.typed import Grammar, Shown, Single, Wipe, vocabulary

INTERFACES = InterfaceNames(
    kinds=("Port-Channel", "Ethernet", "Loopback", "Management", "Recirc-Channel", "Tunnel", "Vlan", "Vxlan", "Null"),
    short={"v": "Vlan"},
)
_ADDRESS = r"(\d+\.\d+\.\d+\.\d+)"
_ROUTE = re.compile(rf"ip route (vrf \S+ )?{_ADDRESS}(?: {_ADDRESS}|/(\d+))(?=\s|$)(.*)")
_INTERFACE_ADDRESS = re.compile(rf"ip address {_ADDRESS} {_ADDRESS}( secondary)?")
_AREA = re.compile(r"^(ip ospf area|area|network \S+(?: \S+)? area) (\d+)(?=\s|$)")
_WILDCARD = re.compile(rf"network {_ADDRESS} {_ADDRESS} area")


def respell(line: str) -> str:
    """Write prefixes by length and areas as dotted quads, as EOS shows them."""
    if match := _INTERFACE_ADDRESS.fullmatch(line):
        return f"ip address {_with_length(match[1], match[2])}{match[3] or ''}"
    if match := _ROUTE.fullmatch(line):
        rest = re.sub(
            r"^( \S+(?: \d+\.\d+\.\d+\.\d+)?) 1(?=\s|$)", r"\1", match[5]
        )  # the default distance is not shown
        return f"ip route {match[1] or ''}{masked(match[2], match[3] or match[4])}{rest}"
    if match := _WILDCARD.match(line):
        line = f"network {_by_wildcard(match[1], match[2])} area{line[match.end() :]}"
    return _AREA.sub(lambda match: f"{match[1]} {IPv4Address(int(match[2]))}", line, count=1)


def _by_wildcard(address: str, wildcard: str) -> str:
    """Write address and wildcard as a prefix; as they came where the wildcard has holes."""
    bits = int(IPv4Address(wildcard)) if max(map(int, wildcard.split("."))) < 256 else 2
    if bits & (bits + 1):
        return f"{address} {wildcard}"
    return masked(address, str(32 - bits.bit_length()))


def _with_length(address: str, mask: str) -> str:
    try:
        return str(IPv4Interface(f"{address}/{mask}"))
    except ValueError:
        return f"{address} {mask}"


GRAMMAR = Grammar(
    indent=3,
    interfaces=INTERFACES,
    words=vocabulary((*WORDS, "write", "configure", "vrf instance", "max-lsa", "max-metric router-lsa wait-for-bgp")),
    respell=respell,
    singles=(
        *SINGLES,
        Single(INTERFACE, re.compile(r"ip ospf area(?=\s|$)")),
        Single(INTERFACE, re.compile(r"vrf(?=\s|$)")),
        Single(OSPF, re.compile(r"distance ospf (?:intra-area|inter-area|external)(?=\s|$)")),
    ),
    shown=(
        Shown(re.compile(r"interface (?:Ethernet|Port-Channel)"), re.compile(r"switchport$"), hides=True),
        Shown(TOP, re.compile(r"ip routing(?: vrf \S+)?$")),
        Shown(re.compile(r"management |daemon |vrf "), re.compile(r"shutdown$")),
        Shown(OSPF, re.compile(r"passive-interface (?!default)"), beside=re.compile(r"passive-interface default")),
    ),
    hidden=(
        (INTERFACE, re.compile(r"ip ospf network broadcast$|speed auto$|load-interval 300$")),
        (OSPF, re.compile(r"auto-cost reference-bandwidth 100$|distance ospf \S+ 110$")),
        (TOP, re.compile(r"lldp run$")),
    ),
    forgettable=re.compile(FORGETTABLE),
    permanent=re.compile(r"interface (?:Ethernet|Management)[\d/]+$"),
    silent=re.compile(r"exit(?:-[a-z-]+)?$|no ip routing$"),
    wipes=(*WIPES, Wipe(INTERFACE, re.compile(r"(?:no )?vrf(?=\s|$)"), re.compile(r"ip address "))),
    covered=COVERED,
)
