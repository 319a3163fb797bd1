"""What typing does on Cisco IOS and IOS-XE: the tables that ``platforms/typed.py`` works from."""

from __future__ import annotations

import re

from safeshift.platforms.dialects import BGP, COVERED, FORGETTABLE, INTERFACE, OSPF, SINGLES, TOP, WIPES, WORDS
from safeshift.platforms.interfaces import InterfaceNames
from safeshift.platforms.typed import Grammar, Shown, Single, Wipe, vocabulary

INTERFACES = InterfaceNames(
    kinds=(
        "Loopback",
        "Tunnel",
        "Port-channel",
        "FastEthernet",
        "GigabitEthernet",
        "TwoGigabitEthernet",
        "FiveGigabitEthernet",
        "TenGigabitEthernet",
        "TwentyFiveGigE",
        "FortyGigabitEthernet",
        "FiftyGigE",
        "HundredGigE",
        "TwoHundredGigE",
        "FourHundredGigE",
        "AppGigabitEthernet",
        "Ethernet",
        "Serial",
        "Multilink",
        "BDI",
        "Vlan",
        "Null",
    ),
    short={
        "tw": "TwoGigabitEthernet",
        "twe": "TwentyFiveGigE",
        "fi": "FiveGigabitEthernet",
        "fo": "FortyGigabitEthernet",
        "fou": "FourHundredGigE",
    },
)
_DEFAULT_DISTANCE = re.compile(r"(ip route (?:vrf \S+ )?\S+ \S+ \S+(?: \d+\.\d+\.\d+\.\d+)?) 1(?=\s|$)")
_PATH = r"ip route (?:vrf \S+ )?\S+ \S+ (?:[A-Za-z]\S+(?: \d+\.\d+\.\d+\.\d+)?|\d+\.\d+\.\d+\.\d+)(?=\s|$)"


def respell(line: str) -> str:
    """Leave out the distance of a static route when it is the default, as IOS does."""
    return _DEFAULT_DISTANCE.sub(r"\1", line, count=1)


GRAMMAR = Grammar(
    indent=1,
    interfaces=INTERFACES,
    words=vocabulary((*WORDS, "vrf definition", "vrf forwarding", "log config", "negotiation", "write", "configure")),
    respell=respell,
    singles=(
        *SINGLES,
        Single(INTERFACE, re.compile(r"ip ospf \d+ area(?=\s|$)"), bare=False),
        Single(INTERFACE, re.compile(r"(?:ip )?vrf forwarding(?=\s|$)")),
        Single(OSPF, re.compile(r"distance(?: ospf)?(?=\s|$)"), bare=False),
        Single(TOP, re.compile(_PATH), bare=False),
        Single(re.compile(r"archive$"), re.compile(r"(?:path|maximum|time-period)(?=\s|$)")),
        Single(re.compile(r"line "), re.compile(r"(?:exec-timeout|transport input|transport output)(?=\s|$)")),
    ),
    shown=(
        Shown(INTERFACE, re.compile(r"ip address(?!.* secondary)"), text="ip address"),
        Shown(re.compile(r"interface (?:\S*Ethernet|\S*GigE|Port-channel)"), re.compile(r"switchport$"), hides=True),
        Shown(TOP, re.compile(r"ip routing$|logging (?:console|monitor)$"), hides=True),
        Shown(OSPF, re.compile(r"passive-interface (?!default)"), beside=re.compile(r"passive-interface default")),
        Shown(BGP, re.compile(r"bgp default ipv4-unicast$")),
    ),
    hidden=(
        (INTERFACE, re.compile(r"ip ospf network broadcast$|speed auto$|load-interval 300$")),
        (OSPF, re.compile(r"auto-cost reference-bandwidth 100$|distance 110$|distance ospf \S+ 110$")),
    ),
    forgettable=re.compile(FORGETTABLE),
    permanent=re.compile(r"interface \S*(?:Ethernet|GigE|Serial)[\d/]+$"),
    silent=re.compile(r"exit(?:-[a-z-]+)?$|no ip address$|ip routing$"),
    wipes=(
        *WIPES,
        Wipe(INTERFACE, re.compile(r"(?:no )?(?:ip )?vrf forwarding(?=\s|$)"), re.compile(r"ip address ")),
    ),
    covered=COVERED,
)
