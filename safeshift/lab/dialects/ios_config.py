"""What an IOS-XE-like device takes as configuration, in the order in which it shows it. A table: long by nature.

Sources: the command references of the vendor for keywords and ranges; the order is that of running configurations seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Interface

from safeshift.lab.dialects.configtree import Node
from safeshift.lab.dialects.facts import is_virtual
from safeshift.lab.dialects.grammar import (
    Argument,
    InvalidError,
    Match,
    Taken,
    take_address,
    take_address_and_mask,
    take_area,
    take_network_and_mask,
    take_options,
)
from safeshift.lab.dialects.language import Language, Rule
from safeshift.lab.dialects.names import Names, expand

NAMES = Names(
    {
        "GigabitEthernet": "Gi",
        "TenGigabitEthernet": "Te",
        "TwentyFiveGigE": "Twe",
        "FortyGigabitEthernet": "Fo",
        "HundredGigE": "Hu",
        "FourHundredGigE": "FH",
        "FastEthernet": "Fa",
        "Ethernet": "Et",
        "Loopback": "Lo",
        "Port-channel": "Po",
        "Vlan": "Vl",
        "Tunnel": "Tu",
        "BDI": "BD",
        "Null": "Nu",
    }
)


def _take_area(words: Sequence[str]) -> Taken | None:
    """Take an area and keep it as typed: IOS does."""
    return (1, words[0]) if take_area(words) else None


def _take_speed(words: Sequence[str]) -> Taken | None:
    megabits = ("10", "100", "1000", "2500", "5000", "10000", "25000", "40000", "50000", "100000", "200000", "400000")
    return (1, words[0]) if words[0] in megabits else None


def _take_hop(words: Sequence[str]) -> Taken | None:
    if words[0].lower() == "null0":
        return 1, "Null0"
    return NAMES.argument()(words)


KINDS: dict[str, Argument] = {
    "ip": take_address,
    "ipmask": take_address_and_mask,
    "netmask": take_network_and_mask,
    "area": _take_area,
    "if": NAMES.argument(),
    "ifs": NAMES.argument(many=True),
    "hop-if": _take_hop,
    "stub": take_options({"external-lsa": "maybe", "include-stub": "", "on-startup": "must", "summary-lsa": "maybe"}),
    "speed": _take_speed,
    "prefix": lambda words: (1, words[0]) if "/" in words[0] else None,
    "vlans": lambda words: (1, words[0]) if words[0].replace(",", "").replace("-", "").isdigit() else None,
}


def _overlaps(tree: Node, path: Sequence[str], match: Match[Rule]) -> str:
    """IOS refuses an address whose prefix another interface has."""
    wanted = IPv4Interface(match.args[0].replace(" ", "/")).network
    for node in tree.children:
        if not node.line.startswith("interface ") or node.line == path[0]:
            continue
        for line in node.under("ip address"):
            words = line.line.split()[2:4]
            if len(words) == 2 and IPv4Interface("/".join(words)).network.overlaps(wanted):
                return f"% {wanted.network_address} overlaps with {node.line.split()[1]}\n"
    return ""


_INTERFACE = (
    Rule("description = <line>"),
    Rule("switchport", both=True),
    Rule("switchport access vlan = <1-4094>"),
    Rule("switchport mode = (access|trunk|dynamic auto)"),
    Rule("switchport trunk (native|allowed) vlan = <word>"),
    Rule("vrf forwarding = <word>"),
    Rule("bandwidth = <1-1000000000>"),
    Rule("ip address <ipmask> secondary", check=_overlaps),
    Rule("ip address = <ipmask>", both=True, check=_overlaps),
    Rule("ip redirects", default=True),
    Rule("ip proxy-arp", default=True),
    Rule("ip unreachables", default=True),
    Rule("ip helper-address <ip>"),
    Rule("ip mtu = <68-9216>"),
    Rule("ip access-group <word> = (in|out)"),
    Rule("mtu = <64-9216>"),
    Rule("ip ospf authentication = [message-digest]"),
    Rule("ip ospf network = (point-to-point|broadcast|non-broadcast|point-to-multipoint)"),
    Rule("ip ospf dead-interval = <1-65535>"),
    Rule("ip ospf hello-interval = <1-65535>"),
    Rule("ip ospf priority = <0-255>"),
    Rule("ip ospf <1-65535> area = <area>"),
    Rule("ip ospf cost = <1-65535>"),
    Rule("ip ospf mtu-ignore"),
    Rule("ip ospf shutdown"),
    Rule("isis metric = <1-16777214> [level-1|level-2]"),
    Rule("ip router isis = [<word>]"),
    Rule("load-interval = <30-600>"),
    Rule("shutdown"),
    Rule("speed = (auto|nonegotiate|<speed>)"),
    Rule("duplex = (auto|full|half)"),
    Rule("negotiation = auto", both=True),
    Rule("carrier-delay = [msec] <0-60>"),
    Rule("cdp enable", default=True),
    Rule("lldp transmit", default=True),
    Rule("lldp receive", default=True),
    Rule("channel-group = <1-512> mode (active|passive|on)"),
    Rule("lacp rate = (fast|normal)"),
    Rule("port-channel min-links = <1-16>"),
    Rule("standby <0-255> ip = <ip>"),
    Rule("standby <0-255> priority = <0-255>"),
    Rule("standby <0-255> preempt"),
    Rule("vrrp <1-255> priority = <1-254>"),
    Rule("vrrp <1-255> ip = <ip>"),
    Rule("encapsulation dot1Q = <1-4094> [native]"),
    Rule("hold-queue <0-4096> = (in|out)"),
    Rule("bfd interval = <50-9999> min_rx <50-9999> multiplier <3-50>"),
    Rule("spanning-tree portfast = [trunk|edge]"),
)

_OSPF = (
    Rule("router-id = <ip>"),
    Rule("ispf"),
    Rule("log-adjacency-changes = [detail]", default=False),
    Rule("auto-cost reference-bandwidth = <1-4294967>"),
    Rule("max-metric router-lsa = [<stub>]"),
    Rule("nsf = [cisco|ietf]"),
    Rule("area <area> (stub|nssa) = [no-summary|default-information-originate]"),
    Rule("area <area> range <netmask> = [advertise|not-advertise|cost <0-16777215>]"),
    Rule("area <area> authentication = [message-digest]"),
    Rule("timers throttle (spf|lsa) = <0-600000> <0-600000> <0-600000>"),
    Rule("redistribute (connected|static|bgp <1-4294967295>) = [subnets] [metric <0-16777214>] [route-map <word>]"),
    Rule("passive-interface default"),
    Rule("passive-interface <if>", unless="passive-interface default"),
    Rule("network <ip> <ip> area = <area>"),
    Rule("maximum-paths = <1-64>"),
    Rule("default-information originate = [always] [metric <0-16777214>]"),
    Rule("distance ospf (external|inter-area|intra-area) = <1-255>"),
    Rule("distance = <1-255>"),
    Rule("bfd all-interfaces"),
    Rule("shutdown"),
)

_NEIGHBOR = "neighbor (<ip>|<word>)"
_BGP_POLICY = (
    Rule(f"{_NEIGHBOR} activate", both=True),
    Rule(f"{_NEIGHBOR} send-community = [standard|extended|both]"),
    Rule(f"{_NEIGHBOR} next-hop-self"),
    Rule(f"{_NEIGHBOR} soft-reconfiguration inbound"),
    Rule(f"{_NEIGHBOR} route-map <word> (in|out)"),
    Rule(f"{_NEIGHBOR} prefix-list <word> (in|out)"),
    Rule(f"{_NEIGHBOR} maximum-prefix = <1-2147483647> [<1-100>] [warning-only]"),
    Rule("network <ip> = [mask <ip>] [route-map <word>]"),
    Rule("redistribute (connected|static|ospf <1-65535>) = [route-map <word>]"),
    Rule("maximum-paths = <1-32>"),
    Rule("maximum-paths ibgp = <1-32>"),
)
_BGP = (
    Rule("bgp router-id = <ip>"),
    Rule("bgp log-neighbor-changes", both=True),
    Rule("bgp default ipv4-unicast", default=True),
    Rule("bgp bestpath as-path multipath-relax"),
    Rule("bgp graceful-restart"),
    Rule("bgp graceful-shutdown all neighbors = <1-65535> [local-preference <0-4294967295>] [community <word>]"),
    Rule("bgp graceful-shutdown all neighbors activate"),
    Rule("timers bgp = <0-65535> <0-65535>"),
    Rule(f"{_NEIGHBOR} peer-group = [<word>]"),
    Rule(f"{_NEIGHBOR} remote-as = <1-4294967295>"),
    Rule(f"{_NEIGHBOR} description = <line>"),
    Rule(f"{_NEIGHBOR} shutdown = [graceful <1-65535>] [local-preference <0-4294967295>] [community <word>]"),
    Rule(f"{_NEIGHBOR} update-source = <if>"),
    Rule(f"{_NEIGHBOR} ebgp-multihop = [<1-255>]"),
    Rule(f"{_NEIGHBOR} timers = <0-65535> <0-65535>"),
    Rule(f"{_NEIGHBOR} password = <line>"),
    Rule(f"{_NEIGHBOR} fall-over = [bfd]"),
    *_BGP_POLICY,
    Rule("address-family (ipv4|ipv6|vpnv4|l2vpn) [unicast|evpn|vrf <word>]", opens="config-router-af"),
)

_ROUTE_MAP = (
    Rule("description = <line>"),
    Rule("match ip address = [prefix-list] <word>"),
    Rule("match interface = <if>"),
    Rule("match community = <word>"),
    Rule("match tag = <0-4294967295>"),
    Rule("continue = [<1-65535>]"),
    Rule("set metric = <line>"),
    Rule("set local-preference = <0-4294967295>"),
    Rule("set weight = <0-65535>"),
    Rule("set community = <line>"),
    Rule("set as-path prepend = <line>"),
    Rule("set ip next-hop = <ip>"),
    Rule("set tag = <0-4294967295>"),
    Rule("set origin = (igp|incomplete)"),
)

_ROUTE = (
    "ip route [vrf <word>] <netmask> / (<ip>|<hop-if>) [<ip>] = "
    "[<1-255>] [tag <1-4294967295>] [name <word>] [permanent] [track <1-1000>]"
)

TABLE = {
    "config": (
        Rule("version <word>"),
        Rule("service <line>", both=True, group="service"),
        Rule("platform <line>", both=True, group="platform"),
        Rule("hostname = <word>"),
        Rule("boot-start-marker", group="boot"),
        Rule("boot-end-marker", group="boot"),
        Rule("vrf definition <word>", opens="config-vrf"),
        Rule("logging buffered = [<line>]", both=True, group="logging"),
        Rule("logging console = [<word>]", both=True, group="logging"),
        Rule("logging monitor = [<word>]", both=True, group="logging"),
        Rule("enable (secret|password) = <line>"),
        Rule("aaa <line>", both=True, group="aaa"),
        Rule("clock timezone = <line>"),
        Rule("clock summer-time = <line>"),
        Rule("ip domain name = <word>", group="domain"),
        Rule("ip domain lookup", default=True, group="domain"),
        Rule("ip name-server <ip>", group="domain"),
        Rule("ip cef = [distributed]", both=True),
        Rule("ip routing", default=True),
        Rule("login on-success log"),
        Rule("load-interval = <30-600>"),
        Rule("lldp run"),
        Rule("lldp timer = <5-65534>"),
        Rule("license <line>", group="license"),
        Rule("diagnostic <line>", group="diagnostic"),
        Rule("memory <line>", group="memory"),
        Rule("file prompt quiet"),
        Rule("archive", opens="config-archive"),
        Rule("spanning-tree <line>", both=True, group="stp"),
        Rule("username <word> = <line>"),
        Rule("redundancy", opens="config-red"),
        Rule("transceiver type all", opens="config-xcvr-type"),
        Rule("vlan <vlans>", opens="config-vlan"),
        Rule("cdp run", both=True),
        Rule("event manager applet <word>", opens="config-applet"),
        Rule("interface [range] <ifs>", opens="config-if"),
        Rule("router ospf <1-65535> [vrf <word>]", opens="config-router-ospf"),
        Rule("router isis [<word>]", opens="config-router-isis"),
        Rule("router bgp <1-4294967295>", opens="config-router-bgp"),
        Rule("ip forward-protocol nd", both=True),
        Rule("ip http server", both=True, group="http"),
        Rule("ip http secure-server", both=True, group="http"),
        Rule("ip http <line>", group="http"),
        Rule("ip bgp-community new-format"),
        Rule("ip ftp <line>", group="ftp"),
        Rule("ip tftp <line>", group="ftp"),
        Rule("ip scp server enable"),
        Rule(_ROUTE, missing="%No matching route to delete\n"),
        Rule("ip ssh <line>", group="ssh"),
        Rule("ip access-list (standard|extended) <word>", opens="config-nacl"),
        Rule("ip prefix-list <word> seq <1-4294967294> = (permit|deny) <prefix> [(ge|le) <1-32>] [le <1-32>]"),
        Rule("ip community-list <line>"),
        Rule("logging source-interface = <if>", group="log-host"),
        Rule("logging trap = [<word>]", group="log-host"),
        Rule("logging host <ip> = [<line>]", group="log-host"),
        Rule("access-list <line>"),
        Rule("route-map <word> [permit|deny] [<0-65535>]", opens="config-route-map"),
        Rule("snmp-server <line>", group="snmp"),
        Rule("tacacs <line>", group="tacacs"),
        Rule("radius <line>", group="radius"),
        Rule("control-plane", opens="config-cp"),
        Rule("banner (login|motd|exec) = <line>"),
        Rule("alias exec <word> = <line>"),
        Rule("line (con|vty|aux) <0-97> [<0-97>]", opens="config-line"),
        Rule("ntp source = <if>", group="ntp"),
        Rule("ntp server <word> = [prefer] [source <if>]", group="ntp"),
        Rule("netconf-yang"),
        Rule("restconf"),
    ),
    "config-if": _INTERFACE,
    "config-router-ospf": _OSPF,
    "config-router-bgp": _BGP,
    "config-router-af": _BGP_POLICY,
    "config-route-map": _ROUTE_MAP,
    "config-router-isis": (
        Rule("net <word>"),
        Rule("is-type = (level-1|level-1-2|level-2-only)"),
        Rule("metric-style = wide"),
        Rule("set-overload-bit = [on-startup <5-86400>]"),
        Rule("passive-interface <if>"),
    ),
    "config-archive": (
        Rule("log config", opens="config-archive-log-config"),
        Rule("path = <word>"),
        Rule("maximum = <1-14>"),
        Rule("write-memory"),
        Rule("time-period = <1-525600>"),
        Rule("rollback filter adaptive"),
    ),
    "config-archive-log-config": (Rule("logging enable"), Rule("logging size = <1-1000>"), Rule("hidekeys")),
    "config-vlan": (Rule("name = <word>"), Rule("state = (active|suspend)")),
    "config-vrf": (Rule("rd = <word>"), Rule("description = <line>"), Rule("address-family (ipv4|ipv6)")),
    "config-nacl": (Rule("<1-2147483647> = (permit|deny) <line>"), Rule("(permit|deny|remark) <line>")),
    "config-red": (Rule("mode = (sso|rpr|none)"),),
    "config-xcvr-type": (Rule("monitoring"),),
    "config-applet": (Rule("event <line>"), Rule("action <word> = <line>"), Rule("description = <line>")),
    "config-cp": (Rule("service-policy (input|output) = <word>"),),
    "config-line": (
        Rule("session-timeout = <0-35791>"),
        Rule("access-class <word> = (in|out) [vrf-also]"),
        Rule("exec-timeout = <0-35791> [<0-2147483>]"),
        Rule("privilege level = <0-15>"),
        Rule("password = <line>"),
        Rule("logging synchronous"),
        Rule("login = [local|authentication <word>]", both=True),
        Rule("length = <0-512>"),
        Rule("width = <0-512>"),
        Rule("stopbits = (1|2)"),
        Rule("transport (input|output|preferred) = (none|all|ssh|telnet|telnet ssh|ssh telnet)"),
    ),
}

_TITLES = {
    "config-router-ospf": "config-router",
    "config-router-bgp": "config-router",
    "config-router-isis": "config-router",
    "config-std-nacl": "config-std-nacl",
}


def _title(mode: str, match: Match[Rule]) -> str:
    if match.words[:2] == ("interface", "range"):
        return "config-if-range"
    if match.words[0] == "interface" and "." in match.args[0]:
        return "config-subif"
    if match.words[:2] == ("ip", "access-list"):
        return "config-std-nacl" if match.words[2] == "standard" else "config-ext-nacl"
    return _TITLES.get(match.rule.opens, match.rule.opens)


def _spread(tree: Node, match: Match[Rule], typed: bool) -> tuple[tuple[str, ...], str]:
    if match.words[0] == "interface":
        found = expand(match.args[0])
        if len(found) > 1 and "range" not in match.words:
            raise InvalidError(1, match.args[0])
        names = tuple(f"interface {name}" for name in found)
        if typed and any(tree.child(name) is None and not is_virtual(name.split()[1]) for name in names):
            raise InvalidError(1, match.args[0])
        return names, ""
    if match.words[0] == "route-map":
        return (" ".join((*match.words, *("permit", "10")[len(match.words) - 2 :])),), ""
    return (match.text,), ""


def _removable(name: str) -> str | None:
    if name.startswith("interface ") and not is_virtual(name.split()[1]):
        return "% Removal of physical interfaces is not permitted.\n"
    return ""


LANGUAGE = Language(table=TABLE, kinds=KINDS, title=_title, spread=_spread, removable=_removable)
