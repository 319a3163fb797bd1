"""Lines that lead from one configuration to another."""

from __future__ import annotations

import pytest

from safeshift.errors import PlanError
from safeshift.platforms import platform_named

# What someone typed, and the exact lines that take it back.
CASES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "eos cost": (
        "arista_eos",
        ("interface Ethernet1", "ip ospf cost 65535"),
        ("interface Ethernet1", "   ip ospf cost 10"),
    ),
    "eos cost where there was none": (
        "arista_eos",
        ("interface Loopback0", "ip ospf cost 65535"),
        ("interface Loopback0", "   no ip ospf cost"),
    ),
    "eos max-metric": (
        "arista_eos",
        ("router ospf 1", "max-metric router-lsa include-stub"),
        ("router ospf 1", "   no max-metric router-lsa"),
    ),
    "eos speed and shutdown": (
        "arista_eos",
        ("interface Ethernet2", "speed 100gfull", "shutdown"),
        ("interface Ethernet2", "   no shutdown", "   speed forced 40gfull"),
    ),
    "eos static routes": (
        "arista_eos",
        ("ip route 10.1.2.0/24 10.0.31.1", "no ip route 10.9.0.0/16"),
        ("no ip route 10.1.2.0/24 10.0.31.1", "ip route 10.9.0.0/16 Null0"),
    ),
    "eos routed port made a switched one": (
        "arista_eos",
        ("interface Ethernet1", "switchport"),
        ("interface Ethernet1", "   no switchport"),
    ),
    "eos new vlan interface": ("arista_eos", ("interface Vlan30", "ip address 10.3.0.1/24"), ("no interface Vlan30",)),
    "eos removed vlan interface": (
        "arista_eos",
        ("no interface Vlan10",),
        (
            "interface Vlan10",
            "   description storage nodes",
            "   load-interval 30",
            "   ip address 10.1.1.1/24",
            "   ip helper-address 192.0.2.67",
        ),
    ),
    "eos banner": (
        "arista_eos",
        ("no banner login",),
        (
            "banner login",
            "*** l1: authorised use only ***",
            "",
            "! this line is part of the banner",
            "   and so is this one   ",
            "EOF",
        ),
    ),
    "ios cost and speed": (
        "cisco_ios",
        ("interface hu1/0/1", "ip ospf cost 65535", "speed 100000"),
        ("interface HundredGigE1/0/1", " ip ospf cost 10", " speed 40000"),
    ),
    "ios passive interface": (
        "cisco_ios",
        ("router ospf 1", "passive-interface hu1/0/1"),
        ("router ospf 1", " no passive-interface HundredGigE1/0/1"),
    ),
    "ios address": (
        "cisco_ios",
        ("interface vlan10", "no ip address"),
        ("interface Vlan10", " ip address 10.1.2.1 255.255.255.0"),
    ),
    "ios process": (
        "cisco_ios",
        ("no router ospf 1",),
        (
            "router ospf 1",
            " router-id 10.255.0.12",
            " auto-cost reference-bandwidth 100000",
            " passive-interface default",
            " no passive-interface HundredGigE1/0/1",
            " no passive-interface HundredGigE1/0/2",
            " no passive-interface HundredGigE1/0/3",
            " network 10.1.0.0 0.0.255.255 area 0",
        ),
    ),
    "ios archive": (
        "cisco_ios",
        ("no archive",),
        ("archive", " log config", "  logging enable", " path flash:ss-archive", " maximum 14"),
    ),
    "ios vrf, which takes the address away": (
        "cisco_ios",
        ("interface hu1/0/2", "vrf forwarding STORAGE"),
        ("interface HundredGigE1/0/2", " no vrf forwarding", " ip address 10.0.22.0 255.255.255.254"),
    ),
}


@pytest.mark.parametrize(("platform", "typed", "expected"), CASES.values(), ids=CASES)
def test_remediate_what_was_typed_is_taken_back(
    platform: str, typed: tuple[str, ...], expected: tuple[str, ...], eos_text: str, ios_text: str
) -> None:
    """What someone typed is undone by just the lines that it takes, and the result is the text from before."""
    found = platform_named(platform)
    before = found.normalise(eos_text if platform == "arista_eos" else ios_text)
    after = found.apply(before, typed)
    lines = found.remediate(after, before)
    assert lines == expected
    assert found.equal(found.apply(after, lines), before)


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios"])
def test_remediate_equal_texts_need_no_line(platform: str, eos_text: str, ios_text: str) -> None:
    """What is already true is not sent again."""
    text = eos_text if platform == "arista_eos" else ios_text
    assert platform_named(platform).remediate(text, text) == ()


def test_remediate_keeps_what_others_added(eos_text: str) -> None:
    """The inverse of one change, computed from the texts around it, leaves an edit that is in both alone."""
    eos = platform_named("arista_eos")
    before = eos.apply(eos_text, ("ip route 10.77.0.0/16 Null0",))
    after = eos.apply(before, ("router ospf 1", "max-metric router-lsa"))
    assert not any("10.77" in line for line in eos.remediate(after, before))


def test_remediate_to_a_text_that_was_cut_off_is_refused(ios_text: str) -> None:
    """Lines that would delete half a configuration because its capture was cut off are never made."""
    ios = platform_named("cisco_ios")
    whole = ios.normalise(ios_text)
    with pytest.raises(PlanError, match="still differ: -end"):
        ios.remediate(whole, whole[: whole.index("router ospf 1")])


def test_remediate_order_of_an_access_list_is_refused() -> None:
    """Where order is the meaning and lines cannot restore it, nothing is pretended."""
    ios = platform_named("cisco_ios")
    with pytest.raises(PlanError) as refused:
        ios.remediate(
            "ip access-list standard A\n deny any\n permit 10.0.0.0\nend\n",
            "ip access-list standard A\n permit 10.0.0.0\n deny any\nend\n",
        )
    assert "rollback" in refused.value.hint
