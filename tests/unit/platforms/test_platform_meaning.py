"""What configuration text means for routing, and above all what is not understood."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from safeshift.fabric.state import InterfaceState, RouterState, StaticRoute, unreadable
from safeshift.platforms import platform_named


def read(platform: str, text: str, *lines: str) -> RouterState:
    """Read a configuration after lines were typed into it."""
    found = platform_named(platform)
    return found.read_meaning(found.apply(text, lines))


def test_read_meaning_of_an_eos_leaf_leaves_nothing_unread(eos_text: str) -> None:
    """A realistic EOS configuration is understood whole."""
    state = platform_named("arista_eos").read_meaning(eos_text)
    assert state.unread == ()
    assert (state.hostname, state.ospf, state.max_metric, state.reference_bandwidth) == ("l1", True, False, 10**11)
    assert state.interfaces["Ethernet2"] == InterfaceState(
        "Ethernet2", IPv4Interface("10.0.21.0/31"), speed=40 * 10**9, cost=20, ospf=True
    )
    assert state.interfaces["Ethernet12"].enabled is False
    assert state.interfaces["Vlan10"] == InterfaceState("Vlan10", IPv4Interface("10.1.1.1/24"), ospf=True, passive=True)
    assert state.interfaces["Management1"].address is None
    assert state.statics == (
        StaticRoute(IPv4Network("10.9.0.0/16")),
        StaticRoute(IPv4Network("10.8.0.0/24"), IPv4Address("10.0.31.1"), distance=200),
    )


def test_read_meaning_of_an_ios_leaf_leaves_nothing_unread(ios_text: str) -> None:
    """A realistic IOS-XE configuration is understood whole."""
    state = platform_named("cisco_ios").read_meaning(ios_text)
    assert state.unread == ()
    assert (state.hostname, state.ospf, state.reference_bandwidth) == ("l2", True, 10**11)
    assert state.interfaces["HundredGigE1/0/1"] == InterfaceState(
        "HundredGigE1/0/1", IPv4Interface("10.0.12.0/31"), speed=40 * 10**9, cost=10, ospf=True
    )
    assert state.interfaces["HundredGigE1/0/3"].cost == 1000  # bandwidth 100 Mbit/s of a reference of 100 Gbit/s
    assert state.interfaces["Vlan10"].passive
    assert state.interfaces["GigabitEthernet0/0"].address is None
    assert state.statics[0] == StaticRoute(IPv4Network("10.8.0.0/24"), IPv4Address("10.0.32.1"), distance=200)


MAX_METRIC = {
    "max-metric router-lsa": (True, False),
    "max-metric router-lsa include-stub": (True, True),
    "max-metric router-lsa external-lsa 16711680 include-stub summary-lsa": (True, True),
    "max-metric router-lsa on-startup 300": (False, False),
    "max-metric router-lsa include-stub on-startup wait-for-bgp": (False, False),
}


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios"])
@pytest.mark.parametrize("line", MAX_METRIC)
def test_read_meaning_max_metric_is_in_force_unless_on_startup(platform: str, line: str) -> None:
    """Max-metric counts now, except in the form that waits for the next boot."""
    state = read(platform, "ip routing\nend\n", "router ospf 1", line)
    assert (state.max_metric, state.max_metric_stub, state.unread) == (*MAX_METRIC[line], ())


STATICS = {
    ("arista_eos", "ip route 10.1.2.0/24 10.0.35.1"): StaticRoute(IPv4Network("10.1.2.0/24"), IPv4Address("10.0.35.1")),
    ("arista_eos", "ip route 10.1.2.0 255.255.255.0 10.0.35.1"): StaticRoute(
        IPv4Network("10.1.2.0/24"), IPv4Address("10.0.35.1")
    ),
    ("arista_eos", "ip route 10.1.2.0/24 eth5 10.0.35.1 name shift"): StaticRoute(
        IPv4Network("10.1.2.0/24"), IPv4Address("10.0.35.1"), "Ethernet5"
    ),
    ("arista_eos", "ip route 0.0.0.0/0 Null0"): StaticRoute(IPv4Network("0.0.0.0/0")),
    ("cisco_ios", "ip route 10.1.2.0 255.255.255.0 10.0.35.1 250 name shift"): StaticRoute(
        IPv4Network("10.1.2.0/24"), IPv4Address("10.0.35.1"), distance=250
    ),
    ("cisco_ios", "ip route 10.1.2.0 255.255.255.0 hu1/0/5"): StaticRoute(
        IPv4Network("10.1.2.0/24"), interface="HundredGigE1/0/5"
    ),
    ("cisco_ios", "ip route 10.1.2.0 255.255.255.0 nu0"): StaticRoute(IPv4Network("10.1.2.0/24")),
}


@pytest.mark.parametrize(("platform", "line"), STATICS)
def test_read_meaning_static_route_as_typed_is_read(platform: str, line: str) -> None:
    """A static route is read however it was typed."""
    state = read(platform, "ip routing\nend\n", line)
    assert (state.statics, state.unread) == ((STATICS[platform, line],), ())


SPEEDS = {
    ("arista_eos", "100gfull"): 100,
    ("arista_eos", "100g-4"): 100,
    ("arista_eos", "forced 40gfull"): 40,
    ("arista_eos", "auto 40gfull"): 40,
    ("arista_eos", "forced 10000full"): 10,
    ("cisco_ios", "100000"): 100,
    ("cisco_ios", "40000"): 40,
    ("cisco_ios", "nonegotiate"): None,
}


@pytest.mark.parametrize(("platform", "speed"), SPEEDS)
def test_read_meaning_speed_is_read_in_every_form(platform: str, speed: str) -> None:
    """The speed of a routed port is read in the platform's own words."""
    name = "Ethernet1" if platform == "arista_eos" else "HundredGigE1/0/1"
    address = "10.0.0.0/31" if platform == "arista_eos" else "10.0.0.0 255.255.255.254"
    state = read(platform, "ip routing\nend\n", f"interface {name}", f"ip address {address}", f"speed {speed}")
    gbit = SPEEDS[platform, speed]
    assert state.interfaces[name].speed == (None if gbit is None else gbit * 10**9)
    assert state.unread == ()


# Lines that may move traffic in ways the model does not follow, and the section they are typed in.
UNREAD = {
    "ip policy route-map DIVERT": "interface",
    "ip access-group DENY in": "interface",
    "ip address 10.5.0.1/24 secondary": "interface",
    "ip unnumbered Loopback0": "interface",
    "ip nat inside": "interface",
    "ip ospf area 0.0.0.7": "interface",
    "ip ospf network non-broadcast": "interface",
    "mpls ip": "interface",
    "traffic-policy input DIVERT": "interface",
    "frobnicate": "interface",
    "redistribute static route-map STATIC": "router ospf 1",
    "area 0.0.0.0 range 10.1.0.0/16": "router ospf 1",
    "area 0.0.0.1 stub": "router ospf 1",
    "default-information originate always": "router ospf 1",
    "distribute-list prefix-list X in": "router ospf 1",
    "maximum-paths 1": "router ospf 1",
    "shutdown": "router ospf 1",
    "network 10.0.0.0/8 area 0.0.0.5": "router ospf 1",
    "neighbor 10.0.0.1 remote-as 65001": "router bgp 65000",
    "router isis CORE": "",
    "router ospf 2": "",
    "router traffic-engineering": "",
    "ip default-network 10.0.0.0": "",
    "ip route 10.1.2.0/24 10.0.35.1 track 5": "",
    "ip route vrf STORAGE 10.1.2.0/24 10.0.35.1": "",
    "traffic-policies": "",
    "monitor connectivity": "",
    "default interface Ethernet1": "",
    "no ip routing": "",
}


@pytest.mark.parametrize("line", UNREAD)
def test_read_meaning_line_beyond_the_model_is_unread(line: str, eos_text: str) -> None:
    """What cannot be interpreted is never taken for harmless."""
    section = "interface Ethernet1" if UNREAD[line] == "interface" else UNREAD[line]
    state = read("arista_eos", eos_text, *((section,) if section else ()), line)
    assert any(line in unread for unread in state.unread), state.unread


def test_read_meaning_vrf_takes_an_interface_out_of_the_table(ios_text: str) -> None:
    """An interface in a VRF of its own forwards nothing that the model sees, and says so."""
    state = read("cisco_ios", ios_text, "interface HundredGigE1/0/1", "vrf forwarding STORAGE")
    assert (state.interfaces["HundredGigE1/0/1"].address, state.interfaces["HundredGigE1/0/1"].ospf) == (None, False)
    assert "interface HundredGigE1/0/1 / vrf forwarding STORAGE" in state.unread


def test_read_meaning_eos_without_ip_routing_is_unread() -> None:
    """EOS forwards nothing before ``ip routing``; a text without it is not taken for a router."""
    config = "interface Ethernet1\n   ip address 10.0.0.0/31\nend\n"
    assert platform_named("arista_eos").read_meaning(config).unread == ("no ip routing",)
    assert platform_named("cisco_ios").read_meaning("interface Vlan1\n ip address 10.0.0.1 255.0.0.0\n").unread == ()


PINNED = (
    ("interface Ethernet1", "mtu 1500"),
    ("interface Ethernet1", "ip ospf hello-interval 3"),
    ("interface Ethernet1", "no ip ospf network"),
    ("interface Ethernet10", "switchport access vlan 99"),
    ("interface Ethernet10", "shutdown"),
    ("no vlan 10",),
    ("route-map STATIC permit 10", "set metric 60"),
    ("router ospf 1", "router-id 10.255.0.99"),
    ("interface Management1", "shutdown"),
)


@pytest.mark.parametrize("lines", PINNED)
def test_unreadable_change_to_a_pinned_line_is_named(lines: tuple[str, ...], eos_text: str) -> None:
    """A line that is harmless while it stays makes a change that touches it unknown."""
    before, after = read("arista_eos", eos_text), read("arista_eos", eos_text, *lines)
    assert unreadable(before, before) == ()
    assert unreadable(before, after)


QUIET = (
    ("interface Ethernet1", "description spare"),
    ("interface Ethernet1", "load-interval 5"),
    ("ntp server 192.0.2.124",),
    ("vlan 10", "name nodes"),
    ("username nina secret sha512 x",),
    ("banner motd", "shutdown", "EOF"),
    ("management api http-commands", "protocol http"),
)


@pytest.mark.parametrize("lines", QUIET)
def test_unreadable_change_that_cannot_matter_is_none(lines: tuple[str, ...], eos_text: str) -> None:
    """A description, a clock or a user changes nothing that routing could notice."""
    before, after = read("arista_eos", eos_text), read("arista_eos", eos_text, *lines)
    assert unreadable(before, after) == ()
    assert before.interfaces == after.interfaces


def test_read_meaning_distance_and_passive_interfaces_are_read() -> None:
    """OSPF's distance and its passive interfaces are part of the state."""
    state = read(
        "arista_eos",
        "ip routing\nend\n",
        "interface et1",
        "ip address 10.0.0.0/31",
        "ip ospf area 0",
        "router ospf 1",
        "passive-interface default",
        "distance ospf intra-area 90",
    )
    assert (state.ospf_distance, state.interfaces["Ethernet1"].passive, state.unread) == (90, True, ())
    assert state.reference_bandwidth is None


def test_read_meaning_ios_process_that_does_not_exist_is_unread() -> None:
    """An interface in a process of another number is not taken to be in this one."""
    state = read(
        "cisco_ios", "end\n", "router ospf 1", "interface gi0/1", "ip address 10.0.0.1 255.0.0.0", "ip ospf 2 area 0"
    )
    assert state.unread == ("interface GigabitEthernet0/1 / ip ospf 2",)


def test_read_meaning_ios_graceful_shutdown_is_read() -> None:
    """IOS's own graceful shutdown of all neighbours is recognised."""
    state = read("cisco_ios", "end\n", "router bgp 65001", "bgp graceful-shutdown all neighbors activate")
    assert state.graceful_shutdown
