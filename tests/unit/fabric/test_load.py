"""Load, loss and who is lost: dc1's numbers to the letter, and fabrics small enough to work out by hand."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from safeshift.fabric.load import Traffic, carry
from safeshift.fabric.routing import Failure, Network
from tests.unit.fabric.sketching import G, dc1, incident, sketch, with_interface, with_static


def router_loads(traffic: Traffic, *names: str) -> list[float]:
    """Offered load of routers in Gbit/s."""
    return [round(traffic.router_load(name) / G, 9) for name in names]


def test_dc1_carries_what_its_issue_says() -> None:
    """Each primary router carries 35, the secondary one 10, and nobody loses anything."""
    traffic = carry(Network(*dc1()))
    assert router_loads(traffic, "p1", "p2", "s1", "l1") == [35, 35, 10, 35]
    assert traffic.isolated() == ()
    assert traffic.spills() == ()
    assert traffic.round_trip("n1", "n4", "primary") == 1.0
    assert traffic.round_trip("n1", "n8", "secondary") == 1.0


def test_dc1_with_p1_drained_moves_all_to_p2() -> None:
    """One primary router can carry both halves: 70 of 100, 17.5 on each leaf's uplink and in each direction."""
    fabric, states = dc1()
    traffic = carry(Network(fabric, {**states, "p1": replace(states["p1"], max_metric=True)}))
    assert router_loads(traffic, "p1", "p2", "s1") == [0, 70, 10]
    link = fabric.link("l1:Ethernet2--p2:HundredGigE1/0/1")
    assert (traffic.load(link, "l1"), traffic.load(link, "p2")) == (17.5 * G, 17.5 * G)
    assert traffic.isolated() == ()


def test_incident_overloads_s1_and_isolates_n1_to_n4() -> None:
    """45 of 20 on s1; a fifth of the round trips of n1 to n4 come back, on both networks; n5 to n8 keep primary."""
    fabric, _, after = incident()
    traffic = carry(Network(fabric, after))
    assert router_loads(traffic, "p1", "p2", "s1") == [35, 35, 45]
    for network in ("primary", "secondary"):
        assert traffic.round_trip("n1", "n4", network) == pytest.approx((20 / 45) ** 2)
        assert round(traffic.round_trip("n1", "n4", network), 4) == 0.1975
    assert traffic.round_trip("n5", "n8", "primary") == 1.0
    assert traffic.lost("n5", "secondary") == ("n7", "n8")
    assert traffic.isolated() == ("n1", "n2", "n3", "n4")


def test_incident_is_told_as_a_spill() -> None:
    """35 Gbit/s of primary traffic cross the secondary router, and it is known whose."""
    fabric, _, after = incident()
    spills = carry(Network(fabric, after)).spills()
    assert [(one.network, one.router, one.rate, one.nodes) for one in spills] == [
        ("primary", "s1", 35 * G, ("n1", "n2", "n3", "n4"))
    ]


def test_failure_of_p2_while_p1_is_drained_falls_on_s1() -> None:
    """The reason why the good upgrade declares its exposure: 80 of 20."""
    fabric, states = dc1()
    network = Network(fabric, {**states, "p1": replace(states["p1"], max_metric=True)})
    traffic = carry(network.failing(Failure("router", "p2")))
    assert router_loads(traffic, "p1", "s1") == [0, 80]


def test_equal_ways_share_evenly() -> None:
    """10 each way over two ways: 5 on each, and both routers in the middle carry half of the sum."""
    fabric, states = sketch(
        [("a", "b", 10), ("a", "c", 10), ("b", "d", 10), ("c", "d", 10)],
        nodes={"n1": "a", "n2": "d"},
        demands=[("n1", "n2", 20)],
    )
    traffic = carry(Network(fabric, states))
    assert [traffic.load(link, link.ends[0].router) for link in fabric.links] == [5 * G] * 4
    assert router_loads(traffic, "a", "b", "c", "d") == [20, 10, 10, 20]


def test_there_and_back_take_their_own_ways() -> None:
    """Asymmetric costs: each direction is carried and judged by itself."""
    fabric, states = sketch(
        [("a", "b", 10, 99), ("b", "d", 10, 99), ("a", "c", 50, 10), ("c", "d", 50, 10)],
        nodes={"n1": "a", "n2": "d"},
        demands=[("n1", "n2", 20)],
        capacity={"c": 4},
    )
    traffic = carry(Network(fabric, states))
    assert router_loads(traffic, "b", "c") == [10, 10]
    assert traffic.share("n1", "n2", "primary") == 1.0
    assert traffic.share("n2", "n1", "primary") == pytest.approx(0.4)
    assert traffic.lost("n1", "primary") == ("n2",)


def test_overload_of_a_link_loses_by_direction() -> None:
    """60 into 40 each way: two thirds come through one way, four ninths there and back."""
    fabric, states = sketch([("a", "b", 10)], nodes={"n1": "a", "n2": "b"}, demands=[("n1", "n2", 120)], speed=40)
    traffic = carry(Network(fabric, states))
    link = fabric.links[0]
    assert traffic.load(link, "a") == 60 * G
    assert traffic.carried(link, "a") == pytest.approx(40 * G)
    assert traffic.share("n1", "n2", "primary") == pytest.approx(2 / 3)
    assert traffic.round_trip("n1", "n2", "primary") == pytest.approx(4 / 9)


def test_loss_upstream_spares_what_is_downstream() -> None:
    """Two bottlenecks that each see only what the other has left; what is offered is told in full."""
    fabric, states = sketch(
        [("a", "b", 10), ("b", "c", 10), ("c", "d", 10)],
        nodes={"n1": "a", "n2": "d"},
        demands=[("n1", "n2", 40)],
        capacity={"b": 20, "c": 20},
    )
    traffic = carry(Network(fabric, states))
    assert router_loads(traffic, "b", "c") == [40, 40]
    # each direction loses first at one router and then at the other: both pass x of 20 + 20 x, so x x + x = 1
    golden = (5**0.5 - 1) / 2
    for ends in (("n1", "n2"), ("n2", "n1")):
        assert traffic.share(*ends, "primary") == pytest.approx(golden**2, abs=1e-5)


def test_loads_name_every_capacity_and_direction() -> None:
    """Routers without a capacity are no bottleneck and are not listed; a link is, once per direction."""
    fabric, states = sketch(
        [("a", "b", 10)], nodes={"n1": "a", "n2": "b"}, demands=[("n1", "n2", 10)], capacity={"b": 40}
    )
    loads = carry(Network(fabric, states)).loads()
    assert [(one.element, one.leaving, one.utilisation) for one in loads] == [
        ("b", None, 0.25),
        ("a:e0--b:e0", "a", 0.05),
        ("a:e0--b:e0", "b", 0.05),
    ]
    assert len(carry(Network(fabric, states, frozenset({Failure("router", "a")}))).loads()) == 1


def test_routing_loop_delivers_nothing() -> None:
    """Two statics that point at each other: packets end there, and the loop itself is loaded by them."""
    fabric, states = sketch([("a", "b", 10), ("b", "c", 10)], nodes={"n1": "a", "n2": "c"}, demands=[("n1", "n2", 2)])
    states["b"] = with_static(states["b"], "10.1.2.0/24", "10.0.0.0")
    traffic = carry(Network(fabric, states))
    assert traffic.share("n1", "n2", "primary") == 0.0
    assert traffic.isolated() == ("n1", "n2")
    # 1 Gbit/s comes back from n2; the 1 Gbit/s to n2 crosses this link in 32 of its 64 hops
    assert traffic.load(fabric.links[0], "b") == pytest.approx(33 * G)


@pytest.mark.parametrize("hop", [None, "10.0.1.9"])
def test_blackhole_delivers_nothing(hop: str | None) -> None:
    """A discarding static, and one towards an address that nobody has (on a /28, where it could be)."""
    fabric, states = sketch([("a", "b", 10), ("b", "c", 10)], nodes={"n1": "a", "n2": "c"})
    wide = fabric.links[1].model_copy(update={"subnet": "10.0.1.0/28"})
    fabric = fabric.model_copy(update={"links": (fabric.links[0], wide)})
    for end, address in zip(wide.ends, wide.addresses, strict=True):
        states[end.router] = with_interface(states[end.router], end.interface, address=address)
    assert carry(Network(fabric, states)).share("n1", "n2", "primary") == 1.0
    states["b"] = with_static(states["b"], "10.1.2.0/24", hop)
    traffic = carry(Network(fabric, states))
    assert traffic.share("n1", "n2", "primary") == 0.0
    assert traffic.share("n2", "n1", "primary") == 1.0


def test_half_of_the_ways_into_a_blackhole_delivers_half() -> None:
    """ECMP into a broken branch loses its share, which is what pings would show."""
    fabric, states = sketch(
        [("a", "b", 10), ("a", "c", 10), ("b", "d", 10), ("c", "d", 10)], nodes={"n1": "a", "n2": "d"}
    )
    states["b"] = with_static(states["b"], "10.1.3.0/24", None)
    traffic = carry(Network(fabric, states))
    assert traffic.share("n1", "n2", "primary") == 0.5
    assert traffic.lost("n1", "primary") == ()


def test_node_behind_a_port_that_is_shut_is_lost() -> None:
    """A port without its gateway takes its nodes off the network; so does a port on a failed router."""
    fabric, states = dc1()
    shut = {**states, "l1": with_interface(states["l1"], "Vlan10", enabled=False)}
    for traffic in (carry(Network(fabric, shut)), carry(Network(fabric, states).failing(Failure("router", "l1")))):
        assert traffic.lost("n1", "primary") == ("n3", "n4")
        assert traffic.lost("n3", "primary") == ("n1", "n2")
        assert traffic.lost("n5", "primary") == ()
        assert router_loads(traffic, "p1", "s1") == [0, 10]
        assert traffic.isolated() == ()


def test_node_that_is_on_one_network_only_is_isolated_with_it() -> None:
    """Not to be attached is to be lost there."""
    fabric, states = dc1()
    nodes = {name: {"primary": ways["primary"]} if name == "n1" else ways for name, ways in fabric.nodes.items()}
    bare = fabric.model_copy(update={"nodes": nodes, "demands": fabric.demands[:2]})
    traffic = carry(Network(bare, states).failing(Failure("router", "l1")))
    assert traffic.lost("n1", "secondary") == ("n3", "n4")
    assert traffic.isolated() == ("n1",)


def test_share_between_reaches_nodes_and_routers() -> None:
    """From a router to any address: a node's, a far router's, its own, nobody's."""
    fabric, _, after = incident()
    traffic = carry(Network(fabric, after))
    assert traffic.share_between("p2", IPv4Address("10.1.3.15")) == 1.0
    assert traffic.share_between("p1", IPv4Address("10.1.2.13")) == pytest.approx(20 / 45)
    assert traffic.share_between("l1", IPv4Address("10.0.22.1")) == 1.0
    assert traffic.share_between("l1", IPv4Address("10.0.11.0")) == 1.0
    assert traffic.share_between("l1", IPv4Address("192.0.2.1")) == 0.0
