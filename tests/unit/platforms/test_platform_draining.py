"""How a router asks to be avoided, sets its speeds, and takes both back."""

from __future__ import annotations

import pytest

from safeshift.errors import InventoryError, PlanError
from safeshift.platforms import platform_named
from safeshift.platforms.base import Lines

BGP = """\
router bgp 65001
   router-id 10.255.0.11
   neighbor SPINES peer group
   neighbor 10.0.11.1 remote-as 65000
   neighbor 10.0.21.1 remote-as 65000
   neighbor 10.0.21.1 send-community
"""


def drain(platform: str, config: str, method: str) -> Lines:
    """Ask a platform to drain the router of a configuration."""
    found = platform_named(platform)
    return found.drain_lines(found.read_meaning(config), config, method=method)


def undrain(platform: str, config: str, method: str, captured: str | None = None) -> Lines:
    """Ask a platform to take a drain back."""
    found = platform_named(platform)
    return found.undrain_lines(found.read_meaning(config), config, method=method, captured=captured)


METHODS = [
    ("arista_eos", "ospf_max_metric", ("router ospf 1", "   max-metric router-lsa")),
    ("cisco_ios", "ospf_max_metric", ("router ospf 1", " max-metric router-lsa")),
    (
        "arista_eos",
        "interface_cost",
        (
            *("interface Ethernet1", "   ip ospf cost 65535"),
            *("interface Ethernet2", "   ip ospf cost 65535"),
            *("interface Ethernet3", "   ip ospf cost 65535"),
        ),
    ),
    (
        "cisco_ios",
        "interface_cost",
        (
            *("interface HundredGigE1/0/1", " ip ospf cost 65535"),
            *("interface HundredGigE1/0/2", " ip ospf cost 65535"),
            *("interface HundredGigE1/0/3", " ip ospf cost 65535"),
        ),
    ),
]


@pytest.mark.parametrize(("platform", "method", "expected"), METHODS)
def test_drain_says_each_thing_once_and_undrain_takes_it_back(
    platform: str, method: str, expected: Lines, eos_text: str, ios_text: str
) -> None:
    """Draining sends what is needed; draining again sends nothing; undraining leaves the text as it was."""
    found = platform_named(platform)
    before = found.normalise(eos_text if platform == "arista_eos" else ios_text)
    assert drain(platform, before, method) == expected
    drained = found.apply(before, expected)
    assert drain(platform, drained, method) == ()
    assert found.equal(found.apply(drained, undrain(platform, drained, method, before)), before)
    assert undrain(platform, before, method) == ()


def test_drain_max_metric_keeps_the_process_number(eos_text: str) -> None:
    """The process is the one that the device has, whatever its number."""
    config = eos_text.replace("router ospf 1\n", "router ospf 77\n")
    assert drain("arista_eos", config, "ospf_max_metric")[0] == "router ospf 77"


def test_drain_max_metric_would_replace_one_of_another_kind_and_is_refused(eos_text: str) -> None:
    """A drain never overwrites a line that its undrain could not bring back."""
    config = platform_named("arista_eos").apply(eos_text, ("router ospf 1", "max-metric router-lsa on-startup 300"))
    with pytest.raises(PlanError, match="on-startup 300"):
        drain("arista_eos", config, "ospf_max_metric")


def test_undrain_interface_cost_without_the_captured_text_is_refused(eos_text: str) -> None:
    """Costs that are not known are not guessed."""
    eos = platform_named("arista_eos")
    drained = eos.apply(eos_text, drain("arista_eos", eos_text, "interface_cost"))
    with pytest.raises(PlanError, match="before the drain"):
        undrain("arista_eos", drained, "interface_cost")


def test_drain_graceful_shutdown_on_eos_is_a_policy_of_our_own(eos_text: str) -> None:
    """EOS sends every neighbour the community by a route-map, and takes all of it off again."""
    eos = platform_named("arista_eos")
    before = eos.apply(eos_text, BGP.splitlines())
    lines = drain("arista_eos", before, "bgp_graceful_shutdown")
    assert lines == (
        "route-map SAFESHIFT-GSHUT permit 10",
        "   set community 65535:0 additive",
        "router bgp 65001",
        "   neighbor 10.0.11.1 send-community",
        "   neighbor 10.0.11.1 route-map SAFESHIFT-GSHUT out",
        "   neighbor 10.0.21.1 route-map SAFESHIFT-GSHUT out",
    )
    drained = eos.apply(before, lines)
    assert eos.read_meaning(drained).graceful_shutdown
    assert drain("arista_eos", drained, "bgp_graceful_shutdown") == ()
    assert eos.equal(eos.apply(drained, undrain("arista_eos", drained, "bgp_graceful_shutdown", before)), before)


def test_drain_graceful_shutdown_never_replaces_a_policy(eos_text: str) -> None:
    """A neighbour's own outbound policy is left alone: to replace it could leak every route."""
    eos = platform_named("arista_eos")
    config = eos.apply(eos_text, (*BGP.splitlines(), "router bgp 65001", "   neighbor 10.0.11.1 route-map OUT out"))
    with pytest.raises(PlanError, match=r"10\.0\.11\.1 .*already has an outbound policy"):
        drain("arista_eos", config, "bgp_graceful_shutdown")


REFUSED = [
    ("cisco_ios", "end\nrouter bgp 65001\n neighbor 10.0.0.1 remote-as 65000\n", "bgp_graceful_shutdown"),
    ("arista_eos", "end\n", "bgp_graceful_shutdown"),
    ("arista_eos", "end\n", "ospf_max_metric"),
    ("cisco_ios", "end\n", "ospf_max_metric"),
    ("cisco_ios", "end\n", "interface_cost"),
    ("arista_eos", "end\n", "frobnicate"),
]


@pytest.mark.parametrize(("platform", "config", "method"), REFUSED)
def test_drain_method_that_has_nothing_to_work_on_is_refused(platform: str, config: str, method: str) -> None:
    """A drain that could not drain is refused, and says what to do instead."""
    with pytest.raises(PlanError) as refused:
        drain(platform, config, method)
    assert refused.value.hint


def test_speed_lines_come_from_the_table() -> None:
    """A speed is written in the platform's own words, under the interface's full name."""
    assert platform_named("arista_eos").speed_lines("eth1", 100 * 10**9) == (
        "interface Ethernet1",
        "   speed 100gfull",
    )
    assert platform_named("cisco_ios").speed_lines("hu1/0/1", 100 * 10**9) == (
        "interface HundredGigE1/0/1",
        " speed 100000",
    )


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios"])
def test_speed_lines_mean_the_speed_that_was_asked_for(platform: str) -> None:
    """Every line of the table, once typed, is read as the speed that it was made for."""
    found = platform_named(platform)
    name = "Ethernet1" if platform == "arista_eos" else "HundredGigE1/0/1"
    for speed in (10**9, 10**10, 40 * 10**9, 100 * 10**9, 400 * 10**9):
        state = found.read_meaning(found.apply("end\n", found.speed_lines(name, speed)))
        assert state.interfaces[name].speed == speed


@pytest.mark.parametrize(
    ("interface", "speed"), [("Ethernet1", 7), ("lightwave 1", 10**10), ("Ethernet1\nreload", 10**10)]
)
def test_speed_lines_that_the_table_does_not_have_are_refused(interface: str, speed: int) -> None:
    """No speed and no interface is made up."""
    with pytest.raises(PlanError):
        platform_named("arista_eos").speed_lines(interface, speed)


def test_platform_named_knows_its_aliases_and_suggests() -> None:
    """IOS-XE is IOS; a slip of the finger gets a suggestion."""
    assert platform_named("cisco_xe") is platform_named("cisco_ios")
    with pytest.raises(InventoryError) as unknown:
        platform_named("arista_oes")
    assert "'arista_eos'" in unknown.value.hint
    with pytest.raises(InventoryError) as foreign:
        platform_named("zzz")
    assert "linux" in foreign.value.hint


def test_linux_changes_nothing() -> None:
    """A node refuses everything that would change it."""
    linux = platform_named("linux")
    state = platform_named("arista_eos").read_meaning("end\n")
    for attempt in (
        lambda: linux.apply("", ("reboot",)),
        lambda: linux.remediate("", "x"),
        lambda: linux.read_meaning(""),
        lambda: linux.drain_lines(state, "", method="ospf_max_metric"),
        lambda: linux.undrain_lines(state, "", method="ospf_max_metric"),
        lambda: linux.speed_lines("eth1", 10**10),
        lambda: linux.counters_command("eth1"),
        lambda: linux.parse_counters(""),
    ):
        with pytest.raises(PlanError, match="only observes"):
            attempt()
