"""What typing lines into a configuration does to it."""

from __future__ import annotations

import pytest

from safeshift.platforms import platform_named

EOS = """\
hostname l1
interface Ethernet1
   description to p1
   no switchport
   speed 40gfull
   ip address 10.0.11.0/31
   ip ospf cost 10
   ip ospf area 0.0.0.0
interface Ethernet10
   switchport access vlan 10
interface Vlan10
   ip address 10.1.1.1/24
ip routing
ip route 10.9.0.0/16 Null0
router ospf 1
   router-id 10.255.0.11
   max-lsa 12000
end
"""
IOS = """\
hostname l2
archive
 path flash:ss-archive
interface HundredGigE1/0/1
 ip address 10.0.12.0 255.255.255.254
 ip ospf 1 area 0
 ip ospf cost 10
 speed 40000
interface Vlan10
 ip address 10.1.2.1 255.255.255.0
router ospf 1
 router-id 10.255.0.12
 passive-interface default
 no passive-interface HundredGigE1/0/1
ip route 10.9.0.0 255.255.0.0 Null0
end
"""

# What is typed, and what differs afterwards.
EOS_CASES = {
    "a new cost replaces the old": (
        ("interface Ethernet1", "   ip ospf cost 65535"),
        (" interface Ethernet1", "-   ip ospf cost 10", "+   ip ospf cost 65535"),
    ),
    "abbreviations": (
        ("int eth1", "ip os co 20", "sh", "desc spare"),
        (
            " interface Ethernet1",
            "-   description to p1",
            "-   ip ospf cost 10",
            "+   description spare",
            "+   ip ospf cost 20",
            "+   shutdown",
        ),
    ),
    "no without the value": (("int et1", "no ip ospf cost"), (" interface Ethernet1", "-   ip ospf cost 10")),
    "no with another value": (("int et1", "no ip ospf cost 77"), (" interface Ethernet1", "-   ip ospf cost 10")),
    "a line that is already there": (("router ospf 1", "   router-id 10.255.0.11"), ()),
    "no shutdown where nothing is shut": (("interface Ethernet1", "   no shutdown"), ()),
    "max-metric": (
        ("router ospf 1", "   max-metric router-lsa include-stub"),
        (" router ospf 1", "+   max-metric router-lsa include-stub"),
    ),
    "no max-metric where there is none": (("router ospf 1", "   no max-metric router-lsa"), ()),
    "routes by mask, with the default distance": (
        ("ip route 10.1.2.0 255.255.255.0 10.0.35.1 1", "ip route 10.1.3.7/24 10.0.35.1"),
        ("+ip route 10.1.2.0/24 10.0.35.1", "+ip route 10.1.3.0/24 10.0.35.1"),
    ),
    "no ip route without its next hop": (("no ip route 10.9.0.0/16",), ("-ip route 10.9.0.0/16 Null0",)),
    "a global line after a section, as a tired human types it": (
        ("interface Ethernet1", "ip route 10.1.2.0/24 10.0.31.1"),
        ("+ip route 10.1.2.0/24 10.0.31.1",),
    ),
    "the device does not look at indentation": (
        ("interface Ethernet1", "   speed 100gfull", "shutdown"),
        (" interface Ethernet1", "-   speed 40gfull", "+   speed 100gfull", "+   shutdown"),
    ),
    "exit leaves the section": (
        ("interface Ethernet1", "   exit", "frobnicate"),
        ("+frobnicate",),
    ),
    "switchport is the default": (
        ("interface Ethernet1", "   switchport"),
        (" interface Ethernet1", "-   no switchport"),
    ),
    "no switchport is shown": (
        ("interface Ethernet10", "no switchport"),
        (" interface Ethernet10", "+   no switchport"),
    ),
    "no ip routing": (("no ip routing",), ("-ip routing",)),
    "an area is shown as a dotted quad": (
        ("interface Vlan10", "   ip ospf area 0"),
        (" interface Vlan10", "+   ip ospf area 0.0.0.0"),
    ),
    "a wildcard network": (
        ("router ospf 1", "   network 10.1.0.0 0.0.255.255 area 0"),
        (" router ospf 1", "+   network 10.1.0.0/16 area 0.0.0.0"),
    ),
    "a wildcard of one address": (
        ("router ospf 1", "   network 10.255.0.11 0.0.0.0 area 0"),
        (" router ospf 1", "+   network 10.255.0.11/32 area 0.0.0.0"),
    ),
    "a wildcard with holes": (
        ("router ospf 1", "   network 10.0.0.1 0.255.0.0 area 0"),
        (" router ospf 1", "+   network 10.0.0.1 0.255.0.0 area 0.0.0.0"),
    ),
    "a mask on an interface": (
        ("interface Vlan10", "   ip address 10.1.1.2 255.255.255.0"),
        (" interface Vlan10", "-   ip address 10.1.1.1/24", "+   ip address 10.1.1.2/24"),
    ),
    "no interface removes a virtual one": (
        ("no interface Vlan10",),
        ("-interface Vlan10", "-   ip address 10.1.1.1/24"),
    ),
    "what is unknown stays as it was typed": (("default interface Ethernet1",), ("+default interface Ethernet1",)),
    "an unknown negative is kept, not swallowed": (("no ip icmp redirect",), ("+no ip icmp redirect",)),
    "a vrf takes the address away": (
        ("interface Vlan10", "   vrf STORAGE"),
        (" interface Vlan10", "-   ip address 10.1.1.1/24", "+   vrf STORAGE"),
    ),
}
IOS_CASES = {
    "abbreviated interface": (
        ("int hu1/0/1", " no ip ospf cost"),
        (" interface HundredGigE1/0/1", "- ip ospf cost 10"),
    ),
    "no ip address": (
        ("interface Vlan10", " no ip address"),
        (" interface Vlan10", "- ip address 10.1.2.1 255.255.255.0"),
    ),
    "no passive-interface is shown beside the default": (
        ("router ospf 1", " no passive-interface vl10"),
        (" router ospf 1", "+ no passive-interface Vlan10"),
    ),
    "passive again takes the exception away": (
        ("router ospf 1", " passive-interface Hu1/0/1"),
        (" router ospf 1", "- no passive-interface HundredGigE1/0/1"),
    ),
    "a static route's default distance is not shown": (
        ("ip route 10.1.2.0 255.255.255.0 10.0.35.1 1",),
        ("+ip route 10.1.2.0 255.255.255.0 10.0.35.1",),
    ),
    "the same route with another distance replaces it": (
        ("ip route 10.9.0.0 255.255.0.0 Null0 250",),
        ("-ip route 10.9.0.0 255.255.0.0 Null0", "+ip route 10.9.0.0 255.255.0.0 Null0 250"),
    ),
    "removing a process": (
        ("no router ospf 1",),
        (
            "-router ospf 1",
            "- router-id 10.255.0.12",
            "- passive-interface default",
            "- no passive-interface HundredGigE1/0/1",
        ),
    ),
    "a physical interface cannot be removed": (
        ("no interface HundredGigE1/0/1",),
        (
            "-interface HundredGigE1/0/1",
            "- ip address 10.0.12.0 255.255.255.254",
            "- ip ospf 1 area 0",
            "- ip ospf cost 10",
            "- speed 40000",
        ),
    ),
}


@pytest.mark.parametrize(("lines", "expected"), EOS_CASES.values(), ids=EOS_CASES)
def test_apply_typed_on_eos_changes_what_eos_shows(lines: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Typing lines on EOS changes its text as EOS would show it."""
    eos = platform_named("arista_eos")
    assert eos.differences(EOS, eos.apply(EOS, lines)) == expected


@pytest.mark.parametrize(("lines", "expected"), IOS_CASES.values(), ids=IOS_CASES)
def test_apply_typed_on_ios_changes_what_ios_shows(lines: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Typing lines on IOS changes its text as IOS would show it."""
    ios = platform_named("cisco_ios")
    assert ios.differences(IOS, ios.apply(IOS, lines)) == expected


def test_apply_ios_no_ip_address_is_shown() -> None:
    """IOS writes ``no ip address`` where an address was."""
    assert "interface Vlan10\n no ip address\n" in platform_named("cisco_ios").apply(IOS, ("int vl10", "no ip add"))


def test_apply_new_interface_stands_where_the_device_shows_it() -> None:
    """A new interface is sorted in by number, not by letter."""
    eos = platform_named("arista_eos")
    text = eos.apply(EOS, ("interface lo0", "   ip address 10.255.0.11/32", "int et2", "   mtu 9214"))
    names = [line.removeprefix("interface ") for line in text.splitlines() if line.startswith("interface ")]
    assert names == ["Ethernet1", "Ethernet2", "Ethernet10", "Loopback0", "Vlan10"]


def test_apply_new_global_line_stays_before_the_end() -> None:
    """Nothing stands after ``end``."""
    ios = platform_named("cisco_ios")
    assert ios.apply(IOS, ("snmp-server location row 7",)).endswith("snmp-server location row 7\nend\n")


def test_apply_typed_banner_is_kept_whole() -> None:
    """The lines of a banner are not read as commands."""
    eos = platform_named("arista_eos")
    text = eos.apply(EOS, ("banner motd", "interface Ethernet1", "shutdown", "EOF", "int et10", "   shutdown"))
    assert "banner motd\ninterface Ethernet1\nshutdown\nEOF\n" in text
    assert eos.differences(EOS, text)[:2] == (" interface Ethernet10", "+   shutdown")


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        (("ip route 10.9.0.0/16 Null0", "ip route 10.8.0.0/16 Null0"), ("ip route 10.8.0.0/16 Null0",)),
        (("int et1", " ip ospf cost 10", " mtu 9000"), ("int et1", " mtu 9000")),
        (
            ("interface Ethernet1", "  mtu 9000", "interface Ethernet10", "  switchport access vlan 10"),
            ("interface Ethernet1", "  mtu 9000"),
        ),
        (("interface Ethernet1", "  shutdown", "  no shutdown"), ()),
        (
            ("interface Ethernet1", "  mtu 9000", "  shutdown", "  no shutdown"),
            ("interface Ethernet1", "  mtu 9000", "  shutdown", "  no shutdown"),
        ),
        (("interface Loopback7",), ("interface Loopback7",)),
        (("router ospf 1", "  max-lsa 12000", "exit", "ip routing", "hostname l9"), ("hostname l9",)),
        (("banner motd", "stay out", "EOF", "hostname l1"), ("banner motd", "stay out", "EOF")),
    ],
)
def test_needed_lines_are_those_that_change_something_under_their_sections(
    typed: tuple[str, ...], left: tuple[str, ...]
) -> None:
    """As typed, in order; a section's line stays while something in it does."""
    assert platform_named("arista_eos").needed(EOS, typed) == left


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios"])
@pytest.mark.parametrize(
    ("typed", "acting"),
    [
        (("description x", "end"), "end"),
        (("end", "reload"), "end"),
        (("interface Loopback0", " description x", "exit", "exit", "reload"), "exit"),
        (("exit",), "exit"),
        (("vlan 7", "rel"), "rel"),
        (("commit timer 00:02:00",), "commit timer 00:02:00"),
        (("abor",), "abor"),
        (("rollback clean-config",), "rollback clean-config"),
        (("do wr",), "do wr"),
        (("configure confirm",), "configure confirm"),
        (("interface Loopback0", " sho ip route"), "sho ip route"),
        (("interface Loopback0", " sh", " no sh", "exit", "router ospf 1", " exit-address-family"), ""),
        (("enable secret x", "domain-name x", "route-map show permit 10", "default interface Vlan10"), ""),
        (("crypto key zeroize rsa",), "crypto key zeroize rsa"),
        (("crypto pki trustpoint x", " enrollment selfsigned"), ""),
        (("ip community-list 1 permit 1:1", "router ospf 1", " compatible rfc1583", " area 0 range 10.0.0.0/8"), ""),
    ],
)
def test_line_that_acts_is_told_from_configuration(platform: str, typed: tuple[str, ...], acting: str) -> None:
    """What keeps, undoes, leaves or acts at once, in any legal abbreviation; not what only looks alike."""
    stray = platform_named(platform).stray(typed)
    assert stray.startswith(f"{acting!r} does not configure but acts") if acting else stray == ""


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios"])
@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (("vlan 7", "banner login", "stay out", "EOF"), "'banner login' opens a text of several lines"),
        (("banner motd ^C", "x", "^C"), "'banner motd ^C' opens a text of several lines"),
        (("hostn x9",), "'hostname x9' changes the name"),
        (("interface Vlan10", " description x", "exit", "no hostname"), "'no hostname' changes the name"),
    ],
)
def test_line_that_cannot_be_part_of_a_run_is_told_with_the_reason(
    platform: str, typed: tuple[str, ...], why: str
) -> None:
    """What cannot be typed line by line, or would make the device a stranger in the middle."""
    assert platform_named(platform).stray(typed).startswith(why)


@pytest.mark.parametrize(
    ("platform", "typed", "touches"),
    [
        ("cisco_ios", ("line vty 0 4", " transport input none"), True),
        ("arista_eos", ("management ssh", " shutdown"), True),
        ("cisco_ios", ("aaa authentication login default group tacacs+",), True),
        ("cisco_ios", ("no username ops",), True),
        ("cisco_ios", ("archive", " no path"), True),
        ("arista_eos", ("interface Ethernet1", " ip ospf cost 10"), False),
        ("cisco_ios", ("ip route 10.0.0.0 255.0.0.0 10.1.1.1",), False),
    ],
)
def test_lines_that_decide_who_may_log_in_are_known(platform: str, typed: tuple[str, ...], touches: bool) -> None:
    """Before they are confirmed, somebody must have logged in anew."""
    assert platform_named(platform).touches_access(typed) is touches
