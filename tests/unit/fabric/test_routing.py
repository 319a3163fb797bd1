"""Routes as routers would install them, on fabrics small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from safeshift.fabric.routing import DISCARD, Failure, Network, Route
from safeshift.fabric.state import MAX_METRIC, InterfaceState, RouterState
from safeshift.model.fabric import Fabric
from tests.unit.fabric.sketching import G, dc1, incident, sketch, with_interface, with_static

Site = tuple[Fabric, dict[str, RouterState]]


def route(network: Network, router: str, prefix: str) -> Route | None:
    """The route that a router has for exactly one prefix."""
    return next((one for one in network.routes(router) if one.prefix == IPv4Network(prefix)), None)


def shown(network: Network, router: str, prefix: str) -> tuple[str, int, int, list[str]] | None:
    """Protocol, distance, metric and next hops of a route, as short as in a test."""
    found = route(network, router, prefix)
    if found is None:
        return None
    hops = [f"{address or ''} {interface}".strip() for address, interface in found.next_hops]
    return found.protocol, found.distance, found.metric, hops


def changed(states: Mapping[str, RouterState], router: str, state: RouterState) -> dict[str, RouterState]:
    """The same states with another one for one router."""
    return {**states, router: state}


@pytest.fixture
def square() -> Site:
    """``a`` to ``d`` by way of ``b`` or of ``c``, at equal cost; ``n1`` on ``a`` and ``n2`` on ``d``."""
    return sketch([("a", "b", 10), ("a", "c", 10), ("b", "d", 10), ("c", "d", 10)], nodes={"n1": "a", "n2": "d"})


def test_routes_of_dc1_are_those_of_its_costs() -> None:
    """On l1: own prefix connected, the others by p1 or p2 as costs say, secondary over s1."""
    fabric, states = dc1()
    network = Network(fabric, states)
    assert shown(network, "l1", "10.1.1.0/24") == ("C", 0, 0, ["Vlan10"])
    assert shown(network, "l1", "10.1.2.0/24") == ("O", 110, 30, ["10.0.11.1 Ethernet1"])
    assert shown(network, "l3", "10.1.4.0/24") == ("O", 110, 30, ["10.0.23.1 Ethernet2"])
    assert shown(network, "l1", "10.2.0.0/24") == ("O", 110, 1010, ["10.0.31.1 Ethernet3"])


def test_routes_come_by_prefix_and_lookup_takes_the_longest() -> None:
    """The table is sorted; a /25 that is more specific wins over the /24, whatever its distance."""
    fabric, states = dc1()
    narrow = with_static(states["l1"], "10.1.2.0/25", "10.0.21.1", distance=200)
    network = Network(fabric, changed(states, "l1", narrow))
    prefixes = [one.prefix for one in network.routes("l1")]
    assert prefixes == sorted(prefixes)
    best = network.lookup("l1", IPv4Address("10.1.2.13"))
    assert best is not None
    assert (best.protocol, best.next_hops) == ("S", ((IPv4Address("10.0.21.1"), "Ethernet2"),))
    assert network.lookup("l1", IPv4Address("192.0.2.1")) is None


def test_equal_costs_give_both_next_hops(square: Site) -> None:
    """ECMP: every shortest way is in the route."""
    assert shown(Network(*square), "a", "10.1.3.0/24") == ("O", 110, 30, ["10.0.0.1 e0", "10.0.1.1 e1"])


def test_cost_counts_in_the_direction_of_travel() -> None:
    """The way there and the way back are chosen by different costs."""
    fabric, states = sketch(
        [("a", "b", 10, 99), ("b", "d", 10, 99), ("a", "c", 50, 10), ("c", "d", 50, 10)], nodes={"n1": "a", "n2": "d"}
    )
    network = Network(fabric, states)
    assert shown(network, "a", "10.1.2.0/24") == ("O", 110, 30, ["10.0.0.1 e0"])
    assert shown(network, "d", "10.1.0.0/24") == ("O", 110, 30, ["10.0.3.0 e3"])


def test_failed_element_is_routed_around(square: Site) -> None:
    """A failed link and a failed router leave the other way."""
    network = Network(*square)
    for failure in (Failure("link", "a:e0--b:e0"), Failure("router", "b")):
        assert shown(network.failing(failure), "a", "10.1.3.0/24") == ("O", 110, 30, ["10.0.1.1 e1"])
    dead = network.failing(Failure("router", "b"), Failure("router", "c"))
    assert route(dead, "a", "10.1.3.0/24") is None
    assert dead.routes("b") == ()


def test_max_metric_keeps_transit_away_and_own_prefixes_near(square: Site) -> None:
    """RFC 6987: others avoid the router while there is another way; its stub prefixes keep their cost."""
    fabric, states = square
    network = Network(fabric, changed(states, "b", replace(states["b"], max_metric=True)))
    assert shown(network, "a", "10.1.3.0/24") == ("O", 110, 30, ["10.0.1.1 e1"])
    assert shown(network, "a", "10.0.2.0/31") == ("O", 110, 20, ["10.0.0.1 e0"])
    last = network.failing(Failure("router", "c"))
    assert shown(last, "a", "10.1.3.0/24") == ("O", 110, 10 + MAX_METRIC + 10, ["10.0.0.1 e0"])


def test_max_metric_with_stubs_takes_the_prefixes_away_too(square: Site) -> None:
    """``include-stub``: what the router announces itself is far away as well."""
    fabric, states = square
    network = Network(fabric, changed(states, "b", replace(states["b"], max_metric=True, max_metric_stub=True)))
    assert shown(network, "a", "10.0.2.0/31") == ("O", 110, 30, ["10.0.1.1 e1"])


def test_cost_that_is_not_written_follows_bandwidth_or_the_default(square: Site) -> None:
    """Reference bandwidth over the link's speed, at least 1; 10 where nothing derives one."""
    fabric, states = square
    bare = with_interface(with_interface(states["a"], "e0", cost=None), "e1", cost=None)
    assert shown(Network(fabric, changed(states, "a", bare)), "a", "10.1.3.0/24") == (
        "O", 110, 30, ["10.0.0.1 e0", "10.0.1.1 e1"],
    )  # fmt: skip
    derived = replace(bare, reference_bandwidth=500 * G)
    assert shown(Network(fabric, changed(states, "a", derived)), "a", "10.1.3.0/24") == (
        "O", 110, 25, ["10.0.0.1 e0", "10.0.1.1 e1"],
    )  # fmt: skip
    small = replace(bare, reference_bandwidth=10**8)
    assert shown(Network(fabric, changed(states, "a", small)), "a", "10.1.3.0/24") == (
        "O", 110, 21, ["10.0.0.1 e0", "10.0.1.1 e1"],
    )  # fmt: skip


def test_faster_link_draws_traffic_where_costs_are_derived(square: Site) -> None:
    """Raising a speed moves routes when nothing else is written: part of the effect of ``link_speed``."""
    fabric, states = square
    for router, name in (("a", "e0"), ("b", "e0")):
        states = changed(states, router, with_interface(states[router], name, speed=400 * G, cost=None))
        states = changed(states, router, replace(states[router], reference_bandwidth=1000 * G))
    network = Network(fabric, states)
    link = fabric.link("a:e0--b:e0")
    assert (network.link_up(link), network.link_capacity(link)) == (True, 400 * G)
    assert shown(network, "a", "10.1.3.0/24") == ("O", 110, 22, ["10.0.0.1 e0"])


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled": False},
        {"address": None},
        {"address": InterfaceState("x").address},
        {"speed": 40 * G},
    ],
)
def test_link_is_up_only_when_both_ends_agree(square: Site, changes: dict[str, object]) -> None:
    """Shut down, unaddressed or of another speed: one end is enough to lose the link and its neighbour."""
    fabric, states = square
    network = Network(fabric, changed(states, "b", with_interface(states["b"], "e0", **changes)))
    assert not network.link_up(fabric.link("a:e0--b:e0"))
    assert [one.neighbor for one in network.adjacencies("a")] == ["c"]
    assert route(network, "a", "10.0.0.0/31") is None


def test_link_with_a_speed_on_both_ends_has_that_capacity(square: Site) -> None:
    """What is configured overrides the file when both ends say the same; the file's own speed may stay unwritten."""
    fabric, states = square
    link = fabric.link("a:e0--b:e0")
    both = changed(states, "a", with_interface(states["a"], "e0", speed=40 * G))
    assert not Network(fabric, both).link_up(link)
    both = changed(both, "b", with_interface(states["b"], "e0", speed=40 * G))
    assert (Network(fabric, both).link_up(link), Network(fabric, both).link_capacity(link)) == (True, 40 * G)
    one = changed(states, "a", with_interface(states["a"], "e0", speed=100 * G))
    assert (Network(fabric, one).link_up(link), Network(fabric, one).link_capacity(link)) == (True, 100 * G)


def test_adjacency_needs_ospf_on_both_ends_and_is_named(square: Site) -> None:
    """A passive end, an end without OSPF or a router without it has no neighbour; the link stays up."""
    fabric, states = square
    first = Network(fabric, states).adjacencies("a")[0]
    assert (first.interface, first.neighbor, first.neighbor_interface) == ("e0", "b", "e0")
    assert first.neighbor_address == IPv4Address("10.0.0.1")
    for state in (
        with_interface(states["b"], "e0", passive=True),
        with_interface(states["b"], "e0", ospf=False),
        replace(states["b"], ospf=False),
    ):
        network = Network(fabric, changed(states, "b", state))
        assert [one.neighbor for one in network.adjacencies("a")] == ["c"]
        assert network.link_up(fabric.link("a:e0--b:e0"))
        assert shown(network, "a", "10.0.0.0/31") == ("C", 0, 0, ["e0"])


def test_static_route_wins_over_ospf_and_loses_to_connected(square: Site) -> None:
    """Distances: 0, then what the static says (1), then 110."""
    fabric, states = square
    state = with_static(with_static(states["a"], "10.1.3.0/24", "10.0.1.1"), "10.1.0.0/24", "10.0.1.1")
    network = Network(fabric, changed(states, "a", state))
    assert shown(network, "a", "10.1.3.0/24") == ("S", 1, 0, ["10.0.1.1 e1"])
    assert shown(network, "a", "10.1.0.0/24") == ("C", 0, 0, ["v1"])


def test_floating_static_waits_until_ospf_is_gone(square: Site) -> None:
    """At distance 200 it is used only when no better route is left, and leaves with its own link."""
    fabric, states = square
    network = Network(fabric, changed(states, "a", with_static(states["a"], "10.1.3.0/24", "10.0.1.1", distance=200)))
    assert shown(network, "a", "10.1.3.0/24") == ("O", 110, 30, ["10.0.0.1 e0", "10.0.1.1 e1"])
    alone = network.failing(Failure("router", "d"))
    assert shown(alone, "a", "10.1.3.0/24") == ("S", 200, 0, ["10.0.1.1 e1"])
    assert route(alone.failing(Failure("link", "a:e1--c:e1")), "a", "10.1.3.0/24") is None


@pytest.mark.parametrize(("hop", "distance"), [("10.9.9.9", 1), ("10.0.1.1", 255), ("10.0.1.0", 1)])
def test_static_route_that_cannot_be_used_is_not_installed(square: Site, hop: str, distance: int) -> None:
    """No connected prefix for its next hop, distance 255, or the router's own address."""
    fabric, states = square
    state = with_static(states["a"], "192.0.2.0/24", hop, distance=distance)
    assert route(Network(fabric, changed(states, "a", state)), "a", "192.0.2.0/24") is None


def test_discard_and_interface_statics_are_installed(square: Site) -> None:
    """``Null0`` or no way at all discards; an interface alone sends over its link."""
    fabric, states = square
    state = with_static(states["a"], "192.0.2.0/25", None)
    state = with_static(state, "192.0.2.128/25", None, by=DISCARD)
    state = with_static(state, "198.51.100.0/24", None, by="e1")
    network = Network(fabric, changed(states, "a", state))
    assert shown(network, "a", "192.0.2.0/25") == ("S", 1, 0, ["Null0"])
    assert shown(network, "a", "192.0.2.128/25") == ("S", 1, 0, ["Null0"])
    assert shown(network, "a", "198.51.100.0/24") == ("S", 1, 0, ["e1"])


def test_two_statics_of_one_distance_share(square: Site) -> None:
    """Equal static routes are equal-cost ways, as on the devices."""
    fabric, states = square
    state = with_static(with_static(states["a"], "10.1.3.0/24", "10.0.0.1"), "10.1.3.0/24", "10.0.1.1")
    assert shown(Network(fabric, changed(states, "a", state)), "a", "10.1.3.0/24") == (
        "S", 1, 0, ["10.0.0.1 e0", "10.0.1.1 e1"],
    )  # fmt: skip


def test_loopback_is_announced_without_a_cable(square: Site) -> None:
    """A router's loopback is reached over OSPF; an interface that no cable is in is down."""
    fabric, states = square
    near = states["a"].interfaces["v1"].address
    assert near is not None
    faces = dict(states["d"].interfaces)
    for name, prefix in (("Loopback0", "10.255.0.4/32"), ("e99", "10.99.0.1/24")):
        faces[name] = InterfaceState(name, type(near)(prefix), ospf=True, cost=1)
    network = Network(fabric, changed(states, "d", replace(states["d"], interfaces=faces)))
    assert shown(network, "a", "10.255.0.4/32") == ("O", 110, 21, ["10.0.0.1 e0", "10.0.1.1 e1"])
    assert route(network, "d", "10.99.0.0/24") is None


def test_ospf_distance_of_the_router_decides(square: Site) -> None:
    """A static at 120 floats under OSPF's 110 and wins when OSPF is put at 130."""
    fabric, states = square
    state = with_static(states["a"], "10.1.3.0/24", "10.0.0.1", distance=120)
    assert shown(Network(fabric, changed(states, "a", state)), "a", "10.1.3.0/24") == (
        "O", 110, 30, ["10.0.0.1 e0", "10.0.1.1 e1"],
    )  # fmt: skip
    far = replace(state, ospf_distance=130)
    assert shown(Network(fabric, changed(states, "a", far)), "a", "10.1.3.0/24") == ("S", 120, 0, ["10.0.0.1 e0"])


def test_incident_statics_leave_p1_by_way_of_s1() -> None:
    """The 2011 step: every leaf prefix on p1 points at the secondary router."""
    fabric, _, after = incident()
    network = Network(fabric, after)
    for leaf in (1, 2, 3, 4):
        assert shown(network, "p1", f"10.1.{leaf}.0/24") == ("S", 1, 0, ["10.0.35.1 Ethernet5"])


def test_router_without_a_state_forwards_nothing(square: Site) -> None:
    """Nothing is assumed of a device whose configuration is not known."""
    fabric, states = square
    network = Network(fabric, {name: state for name, state in states.items() if name != "b"})
    assert network.routes("b") == ()
    assert shown(network, "a", "10.1.3.0/24") == ("O", 110, 30, ["10.0.1.1 e1"])
