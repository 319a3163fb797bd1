"""What an EOS-like device takes as configuration, in the order in which it shows it. A table: long by nature.

Sources: the CLI reference of the vendor for keywords and ranges; the order is that of running configurations seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeshift.lab.dialects.configtree import Node
from safeshift.lab.dialects.facts import is_virtual
from safeshift.lab.dialects.grammar import (
    Argument,
    Match,
    Taken,
    take_address,
    take_area,
    take_interface_address,
    take_options,
    take_prefix_length,
)
from safeshift.lab.dialects.language import Language, Rule
from safeshift.lab.dialects.names import Names, expand

NAMES = Names(
    {
        "Ethernet": "Et",
        "Vlan": "Vl",
        "Loopback": "Lo",
        "Port-Channel": "Po",
        "Management": "Ma",
        "Vxlan": "Vx",
        "Tunnel": "Tu",
    }
)


def _take_next_hop(words: Sequence[str]) -> Taken | None:
    if words[0].lower() in ("null0", "null"):
        return 1, "Null0"
    return NAMES.argument()(words)


KINDS: dict[str, Argument] = {
    "ip": take_address,
    "prefix": take_prefix_length,
    "ifaddr": take_interface_address,
    "area": take_area,
    "if": NAMES.argument(),
    "ifs": NAMES.argument(many=True),
    "hop-if": _take_next_hop,
    "stub": take_options({"external-lsa": "maybe", "include-stub": "", "on-startup": "must", "summary-lsa": "maybe"}),
    "vlans": lambda words: (1, words[0]) if words[0].replace(",", "").replace("-", "").isdigit() else None,
}

_SPEED = "speed = (auto|forced <word>|<speed>)"
KINDS["speed"] = lambda words: (1, words[0].lower()) if words[0][:1].isdigit() else None


_INTERFACE = (
    Rule("description = <line>"),
    Rule("shutdown"),
    Rule("load-interval = <0-600>"),
    Rule("mtu = <68-9214>"),
    Rule("bandwidth = <1-4294967295>"),
    Rule("logging event link-status", both=True),
    Rule(_SPEED),
    Rule("error-correction encoding = <line>"),
    Rule("flowcontrol (send|receive) = (on|off)"),
    Rule("switchport", default=True),
    Rule("switchport mode = (access|trunk|routed)"),
    Rule("switchport access vlan = <1-4094>"),
    Rule("switchport trunk native vlan = <1-4094>"),
    Rule("switchport trunk allowed vlan = <word>"),
    Rule("channel-group = <1-2000> mode (active|passive|on)"),
    Rule("port-channel min-links = <1-64>"),
    Rule("encapsulation dot1q vlan = <1-4094>"),
    Rule("vrf = <word>"),
    Rule("ip proxy-arp"),
    Rule("ip address <ifaddr> secondary"),
    Rule("ip address = <ifaddr>"),
    Rule("ip address virtual = <ifaddr>"),
    Rule("ip virtual-router address <ip>"),
    Rule("ip helper-address <ip>"),
    Rule("ip access-group <word> (in|out)"),
    Rule("ipv6 enable"),
    Rule("ipv6 address <word>"),
    Rule("ip ospf dead-interval = <1-8192>"),
    Rule("ip ospf hello-interval = <1-8192>"),
    Rule("ip ospf cost = <1-65535>"),
    Rule("ip ospf network = (point-to-point|broadcast|point-to-multipoint)"),
    Rule("ip ospf authentication = [message-digest]"),
    Rule("ip ospf priority = <0-255>"),
    Rule("ip ospf area = <area>"),
    Rule("isis enable = <word>"),
    Rule("isis metric = <1-16777215>"),
    Rule("isis network = point-to-point"),
    Rule("bfd interval = <50-60000> min-rx <50-60000> multiplier <3-50>"),
    Rule("vrrp <1-255> priority-level = <1-254>"),
    Rule("vrrp <1-255> ipv4 = <ip>"),
    Rule("storm-control (broadcast|multicast|unknown-unicast) level = <word>"),
    Rule("lldp transmit", default=True),
    Rule("lldp receive", default=True),
    Rule("spanning-tree portfast = [edge|network]"),
    Rule("spanning-tree bpduguard = (enable|disable)"),
    Rule("quiesce"),
)

_OSPF = (
    Rule("router-id = <ip>"),
    Rule("bfd default"),
    Rule("auto-cost reference-bandwidth = <1-4294967>"),
    Rule("distance ospf (external|inter-area|intra-area) = <1-255>"),
    Rule("passive-interface default"),
    Rule("passive-interface <if>", unless="passive-interface default"),
    Rule("redistribute (connected|static|bgp|isis) = [include leaked] [route-map <word>]"),
    Rule("area <area> (stub|nssa) = [no-summary|default-information-originate]"),
    Rule("area <area> range <prefix> = [advertise|not-advertise|cost <1-65535>]"),
    Rule("area <area> default-cost = <1-16777215>"),
    Rule("network <prefix> area = <area>"),
    Rule("max-lsa = <0-100000>"),
    Rule("log-adjacency-changes = [detail]"),
    Rule("timers spf delay initial = <0-600000> <0-600000> <0-600000>"),
    Rule("timers lsa rx min interval = <0-600000>"),
    Rule("maximum-paths = <1-128>"),
    Rule("default-information originate = [always]"),
    Rule("max-metric router-lsa = [<stub>]"),
    Rule("graceful-restart"),
    Rule("point-to-point routes", default=True),
    Rule("shutdown"),
)

_NEIGHBOR = "neighbor (<ip>|<word>)"
_BGP_FAMILY = (
    Rule("bgp next-hop address-family = ipv6"),
    Rule(f"{_NEIGHBOR} activate", both=True),
    Rule(f"{_NEIGHBOR} route-map = <word> (in|out)"),
    Rule(f"{_NEIGHBOR} prefix-list = <word> (in|out)"),
    Rule("network <prefix> = [route-map <word>]"),
    Rule("redistribute (connected|static|ospf|attached-host) = [route-map <word>]"),
)
_BGP = (
    Rule("router-id = <ip>"),
    Rule("bgp default ipv4-unicast", default=True),
    Rule("bgp log-neighbor-changes", default=True),
    Rule("bgp bestpath as-path multipath-relax", default=True),
    Rule("update wait-for-convergence"),
    Rule("update wait-install"),
    Rule("distance bgp = <1-255> [<1-255> <1-255>]"),
    Rule("graceful-restart restart-time = <1-3600>"),
    Rule("graceful-restart"),
    Rule("maximum-paths = <1-600> [ecmp <1-600>]"),
    Rule(f"{_NEIGHBOR} peer group = [<word>]"),
    Rule(f"{_NEIGHBOR} remote-as = <1-4294967295>"),
    Rule(f"{_NEIGHBOR} next-hop-self"),
    Rule(f"{_NEIGHBOR} shutdown"),
    Rule(f"{_NEIGHBOR} update-source = <if>"),
    Rule(f"{_NEIGHBOR} bfd"),
    Rule(f"{_NEIGHBOR} description = <line>"),
    Rule(f"{_NEIGHBOR} ebgp-multihop = [<1-255>]"),
    Rule(f"{_NEIGHBOR} timers = <0-3600> <0-3600>"),
    Rule(f"{_NEIGHBOR} route-map <word> = in"),
    Rule(f"{_NEIGHBOR} route-map <word> = out"),
    Rule(f"{_NEIGHBOR} send-community = [standard|extended|large]"),
    Rule(f"{_NEIGHBOR} maximum-routes = <0-4294967294> [warning-only]"),
    Rule(f"{_NEIGHBOR} password = <line>"),
    Rule("network <prefix> = [route-map <word>]"),
    Rule("redistribute (connected|static|ospf|attached-host) = [route-map <word>]"),
    Rule("address-family (ipv4|ipv6|evpn) [labeled-unicast]", opens="router-bgp-af"),
    Rule("vrf <word>", opens="router-bgp"),
)

_ROUTE_MAP = (
    Rule("description = <line>"),
    Rule("match ip address prefix-list = <word>"),
    Rule("match ip address access-list = <word>"),
    Rule("match interface = <if>"),
    Rule("match community = <word>"),
    Rule("match tag = <0-4294967295>"),
    Rule("continue = [<1-16777215>]"),
    Rule("set local-preference = <0-4294967295>"),
    Rule("set metric = <line>"),
    Rule("set community = <line>"),
    Rule("set as-path prepend = <line>"),
    Rule("set ip next-hop = <ip>"),
    Rule("set tag = <0-4294967295>"),
    Rule("set weight = <0-65535>"),
    Rule("set origin = (igp|egp|incomplete)"),
)

TABLE = {
    "config": (
        Rule("aaa root", default=True),
        Rule("aaa <line>", group="aaa"),
        Rule("username <word> = <line>"),
        Rule("load-interval default = <0-600>"),
        Rule("agent <line>", group="agent"),
        Rule("alias <word> = <line>"),
        Rule("daemon <word>", opens="daemon"),
        Rule("event-handler <word>", opens="event-handler"),
        Rule("transceiver qsfp default-mode = <word>"),
        Rule("service routing protocols model = (multi-agent|ribd)"),
        Rule("service <line>", group="service"),
        Rule("queue-monitor length = [<line>]"),
        Rule("logging buffered = [<line>]", group="logging", both=True),
        Rule("logging console = [<word>]", group="logging", both=True),
        Rule("logging monitor = [<word>]", group="logging", both=True),
        Rule("logging vrf <word> host <word> = [<line>]", group="logging"),
        Rule("logging host <word> = [<line>]", group="logging"),
        Rule("logging level <word> = <word>", group="logging"),
        Rule("logging source-interface = <if>", group="logging"),
        Rule("logging synchronous = [<line>]", group="logging"),
        Rule("logging format <line>", group="logging"),
        Rule("logging on", group="logging", default=True),
        Rule("hostname = <word>", group="hostname"),
        Rule("dns domain = <word>", group="hostname"),
        Rule("ip domain-name = <word>", group="hostname"),
        Rule("ip name-server [vrf <word>] <ip> = [priority <0-4>]", group="hostname"),
        Rule("ip domain lookup [vrf <word>] source-interface = <if>", group="hostname"),
        Rule("lldp run", default=True),
        Rule("lldp timer = <1-32768>"),
        Rule("ntp local-interface = [vrf <word>] <if>", group="ntp"),
        Rule("ntp server [vrf <word>] <word> = [prefer] [iburst] [local-interface <if>]", group="ntp"),
        Rule("snmp-server <line>", group="snmp"),
        Rule("spanning-tree mode = (mstp|rstp|rapid-pvst|none)", group="stp"),
        Rule("spanning-tree <line>", group="stp", both=True),
        Rule("clock timezone = <word>"),
        Rule("radius-server <line>", group="radius"),
        Rule("tacacs-server <line>", group="tacacs"),
        Rule("enable (password|secret) = <line>"),
        Rule("vlan <vlans>", opens="vlan"),
        Rule("vrf instance <word>", opens="vrf"),
        Rule("interface <ifs>", opens="if"),
        Rule("mac address-table aging-time = <0-1000000>"),
        Rule("ip access-list [standard] <word>", opens="acl"),
        Rule("ip virtual-router mac-address = <word>"),
        Rule("ip routing = [vrf <word>]"),
        Rule("ipv6 unicast-routing", both=True),
        Rule("ip prefix-list <word> seq <0-65535> = (permit|deny) <prefix> [(ge|le|eq) <1-32>] [le <1-32>]"),
        Rule("ip community-list <line>"),
        Rule("ip icmp <line>"),
        Rule("mlag configuration", opens="mlag"),
        Rule("ip route [vrf <word>] <prefix> / (<ip>|<hop-if>) [<ip>] = [<1-255>] [tag <0-4294967295>] [name <word>]"),
        Rule("route-map <word> [permit|deny] [<1-16777215>]", opens="route-map"),
        Rule("router bgp <1-4294967295>", opens="router-bgp"),
        Rule("router ospf <1-65535> [vrf <word>]", opens="router-ospf"),
        Rule("router isis <word>", opens="router-isis"),
        Rule("maintenance", opens="maintenance"),
        Rule("banner (login|motd)"),
        Rule("management api http-commands", opens="mgmt-api-http-cmds"),
        Rule("management api (gnmi|netconf|restconf)", opens="mgmt-api"),
        Rule("management ssh", opens="mgmt-ssh"),
        Rule("management console", opens="mgmt-console"),
    ),
    "if": _INTERFACE,
    "router-ospf": _OSPF,
    "router-bgp": _BGP,
    "router-bgp-af": _BGP_FAMILY,
    "route-map": _ROUTE_MAP,
    "router-isis": (
        Rule("net = <word>"),
        Rule("is-type = (level-1|level-2|level-1-2)"),
        Rule("set-overload-bit = [on-startup <1-3600>]"),
        Rule("address-family (ipv4|ipv6) unicast"),
        Rule("passive-interface <if>"),
    ),
    "vlan": (Rule("name = <word>"), Rule("state = (active|suspend)")),
    "vrf": (Rule("rd = <word>"), Rule("description = <line>")),
    "acl": (Rule("<1-4294967295> = (permit|deny) <line>"), Rule("(permit|deny|remark) <line>")),
    "daemon": (Rule("exec = <line>"), Rule("shutdown", both=True), Rule("option <word> = value <line>")),
    "event-handler": (Rule("trigger = <line>"), Rule("action bash = <line>"), Rule("delay = <0-2147483>")),
    "mlag": (
        Rule("domain-id = <word>"),
        Rule("local-interface = <if>"),
        Rule("peer-address = <ip>"),
        Rule("peer-link = <if>"),
        Rule("reload-delay = <line>"),
        Rule("shutdown"),
    ),
    "maintenance": (Rule("unit <word>", opens="maintenance-unit"), Rule("interface <if>", opens="maintenance-unit")),
    "maintenance-unit": (Rule("quiesce"),),
    "mgmt-api-http-cmds": (
        Rule("protocol <line>", both=True),
        Rule("shutdown", both=True),
        Rule("vrf <word>", opens="mgmt-api"),
    ),
    "mgmt-api": (Rule("transport <line>"), Rule("shutdown", both=True)),
    "mgmt-ssh": (
        Rule("idle-timeout = <0-86400>"),
        Rule("authentication mode = <word>"),
        Rule("connection limit = <1-100>"),
        Rule("shutdown", both=True),
    ),
    "mgmt-console": (Rule("idle-timeout = <0-86400>"),),
}

_TITLES = {"interface": "if-", "vlan": "vlan-", "vrf": "vrf-", "route-map": "route-map-", "unit": "unit-"}
_DOES_NOT_EXIST = "! Interface does not exist. The configuration will not be effective until the module is inserted."


def _title(mode: str, match: Match[Rule]) -> str:
    first = match.words[0]
    if first == "interface":
        return f"if-{NAMES.short(match.args[0])}"
    if first in _TITLES and match.args:
        return _TITLES[first] + match.args[0]
    return match.rule.opens


def _spread(tree: Node, match: Match[Rule], typed: bool) -> tuple[tuple[str, ...], str]:
    if match.words[0] == "interface":
        names = tuple(f"interface {name}" for name in expand(match.args[0]))
        missing = typed and any(tree.child(name) is None and not is_virtual(name.split()[1]) for name in names)
        return names, _DOES_NOT_EXIST if missing else ""
    if match.words[0] == "route-map":
        words = (*match.words, *("permit", "10")[len(match.words) - 2 :])
        return (" ".join(words),), ""
    return (match.text,), ""


def _removable(name: str) -> str | None:
    if name.startswith("interface ") and not is_virtual(name.split()[1]):
        return None
    return ""


LANGUAGE = Language(table=TABLE, kinds=KINDS, title=_title, spread=_spread, removable=_removable)
