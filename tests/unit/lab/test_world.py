"""The world turns configurations into traffic: who reaches whom, how slowly, and what the counters show."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from safeshift.fabric.load import carry
from safeshift.fabric.routing import Network
from safeshift.lab.access import roster_of
from safeshift.lab.blueprint import startup_config
from safeshift.lab.currents import LOST
from safeshift.lab.trips import WELL, Condition
from safeshift.lab.truth import Truth
from safeshift.lab.world import World
from safeshift.model.fabric import load
from safeshift.model.inventory import load_inventory
from safeshift.platforms import platform_named

INVENTORIES = Path(__file__).parents[3] / "inventories"
FABRIC = load(INVENTORIES / "dc1.fabric.yml")
DIALECTS = roster_of(FABRIC, load_inventory([str(INVENTORIES / "dc1")])).dialects
SECOND_ROUND_TRIP = pytest.approx((20 / 45) ** 2)
WRONG_SHIFT = tuple(f"ip route 10.1.{leaf}.0/24 10.0.35.1" for leaf in (1, 2, 3, 4))


@dataclass
class Hands:
    """A clock that is moved by hand."""

    time: float = 100.0

    def monotonic(self) -> float:
        """See ``Clock``."""
        return self.time

    def now(self) -> datetime:
        """See ``Clock``."""
        return datetime.fromtimestamp(self.time, UTC)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """See ``Clock``."""
        self.time += seconds
        return event.is_set()


@dataclass
class Site:
    """The README's site without servers: texts, conditions, a clock, and the world that reads them."""

    truth: Truth = field(default_factory=lambda: Truth(FABRIC))
    seed: int = 1

    def __post_init__(self) -> None:
        self.platforms = {name: platform_named(DIALECTS[name]) for name in FABRIC.routers}
        self.texts = {name: startup_config(self.truth.fabric, name, DIALECTS[name]) for name in FABRIC.routers}
        self.conditions: dict[str, Condition] = {}
        self.clock = Hands()
        self.world = World(
            self.truth,
            self.texts.__getitem__,
            self.platforms,
            seed=self.seed,
            clock=self.clock,
            condition=lambda name: self.conditions.get(name, WELL),
        )
        self.share("n1", "n3")  # somebody looks: the site as it booted is what later changes start from

    def type(self, router: str, *lines: str) -> None:
        """Type lines into a router's configuration."""
        platform = self.platforms[router]
        self.texts[router] = platform.apply(platform.normalise(self.texts[router]), lines)
        self.world.changed(router)

    def befall(self, device: str, condition: Condition) -> None:
        """Let something happen to a device."""
        self.conditions[device] = condition
        self.world.changed(device)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.time += seconds

    def share(self, node: str, peer: str, network: str = "primary") -> float:
        """Give the share of round trips from a node to a peer that come back now."""
        return self.world.round_trip(node, FABRIC.nodes[peer][network].address.ip)[0]


def test_healthy_site_loses_nothing() -> None:
    """Every node reaches every other on both networks, always."""
    site = Site()
    pairs = [(a, b) for a in FABRIC.nodes for b in FABRIC.nodes if a != b]
    assert {site.share(a, b, network) for a, b in pairs for network in FABRIC.networks} == {1.0}


def test_wrong_shift_isolates_half_the_nodes_on_both_networks() -> None:
    """The step of 2011: the secondary router carries 45 of 20, and a fifth of the round trips comes back."""
    site = Site()
    site.type("p1", *WRONG_SHIFT)
    site.wait(1)
    assert site.share("n1", "n3", "primary") == SECOND_ROUND_TRIP
    assert site.share("n1", "n3", "secondary") == SECOND_ROUND_TRIP
    assert site.share("n5", "n7", "primary") == 1.0


def test_world_and_forecast_agree_where_nothing_is_hidden() -> None:
    """In a steady state the lab's own solver and the what-if's find the same shares for every pair of nodes."""
    site = Site()
    site.type("p1", *WRONG_SHIFT)
    site.type("l3", "interface Ethernet2", "   ip ospf cost 500")
    site.type("l1", "interface Ethernet1", "   speed 10gfull")
    site.type("p1", "interface Ethernet1", "   speed 10gfull")
    site.wait(1)
    states = {name: site.platforms[name].read_meaning(text) for name, text in site.texts.items()}
    forecast = carry(Network(FABRIC, states))
    for network in FABRIC.networks:
        for node in FABRIC.nodes:
            for peer in FABRIC.peers(node):
                assert site.share(node, peer, network) == pytest.approx(
                    forecast.round_trip(node, peer, network), abs=1e-4
                )


def test_forwarding_follows_a_change_only_when_routing_has_converged() -> None:
    """Until the delay is over packets go the old way."""
    site = Site(Truth(FABRIC, convergence_s=2.0))
    site.type("p1", *WRONG_SHIFT)
    site.wait(1.9)
    assert site.share("n1", "n3") == 1.0
    site.wait(0.2)
    assert site.share("n1", "n3") == SECOND_ROUND_TRIP


def test_broken_link_swallows_at_once_and_is_avoided_later() -> None:
    """What used the link is lost until the others know, and then goes the other way."""
    site = Site()
    site.befall("p1", Condition(cut=frozenset({"Ethernet1"})))
    assert site.share("n1", "n3") == 0.0
    assert not site.world.port("l1", "Ethernet1").carrier
    site.wait(1)
    assert site.share("n1", "n3") == 1.0
    assert site.world.port("p2", "HundredGigE1/0/1").rate_in > 0


def test_link_needs_the_same_speed_at_both_ends() -> None:
    """One end set to another speed takes the link down; the other end following brings it up, faster."""
    site = Site()
    site.type("p1", "interface Ethernet1", "   speed 100gfull")
    assert not site.world.port("l1", "Ethernet1").carrier
    site.type("l1", "interface Ethernet1", "   speed 100gfull")
    view = site.world.port("p1", "Ethernet1")
    assert (view.carrier, view.speed, view.peer, view.peer_port) == (True, 100 * 10**9, "l1", "Ethernet1")


def test_drain_moves_the_traffic_and_loses_none() -> None:
    """Max-metric on one primary router leaves its links empty and the other with all 70 Gbit/s."""
    site = Site()
    site.type("p1", "router ospf 1", "   max-metric router-lsa")
    site.wait(1)
    assert site.share("n1", "n3") == site.share("n5", "n8") == 1.0
    assert sum(site.world.port("p1", f"Ethernet{port}").rate_out for port in range(1, 6)) == 0.0
    into_p2 = sum(site.world.port("p2", f"HundredGigE1/0/{port}").rate_in for port in range(1, 5))
    assert into_p2 == pytest.approx(70e9)


def test_counters_grow_by_what_is_carried() -> None:
    """Octets are the carried rate over time, on both ends of a link and on the nodes."""
    site = Site()
    before = site.world.port("p1", "Ethernet1")
    site.wait(4)
    after = site.world.port("p1", "Ethernet1")
    assert after.octets_in - before.octets_in == pytest.approx(4 * 17.5e9 / 8, abs=2)
    assert site.world.port("l1", "Ethernet1").octets_out == after.octets_in
    assert site.world.port("n1", "eth1").octets_out == pytest.approx(4 * 8.75e9 / 8, abs=2)


def test_counters_nobody_read_meanwhile_are_right_all_the_same() -> None:
    """A drain that happens between two readings ends the counting when forwarding moved, not when it was read."""
    site = Site(Truth(FABRIC, convergence_s=1.0))
    start = site.world.port("p1", "Ethernet1").octets_in
    site.wait(2)
    site.type("p1", "router ospf 1", "   max-metric router-lsa")
    site.wait(10)
    end = site.world.port("p1", "Ethernet1").octets_in
    assert end - start == pytest.approx(3 * 17.5e9 / 8, rel=1e-6)
    site.wait(10)
    assert site.world.port("p1", "Ethernet1").octets_in == end


def test_gray_router_drops_its_share_of_what_crosses_it() -> None:
    """What no model was told shows in the probes through that router, and only there."""
    site = Site(Truth(FABRIC, gray_routers={"p1": 0.3}))
    assert site.share("n1", "n3") == pytest.approx(0.49)
    assert site.share("n5", "n7") == 1.0
    assert site.world.round_trip("n1", IPv4Address("10.0.11.1"))[0] == 1.0  # what ends there does not cross it


def test_capped_link_carries_less_than_it_is_set_to() -> None:
    """The devices show the told speed and agree on it; the loss shows the truth."""
    link = FABRIC.links[0].name
    site = Site(Truth(FABRIC, caps={link: 10 * 10**9}))
    assert site.world.port("l1", "Ethernet1").speed == 40 * 10**9
    assert site.share("n1", "n3") == pytest.approx((10 / 17.5) ** 2)


def test_waiting_grows_with_load() -> None:
    """A round trip through overload takes some twenty milliseconds, an idle one less than one."""
    site = Site()
    idle = site.world.round_trip("n1", IPv4Address("10.1.2.13"))
    site.type("p1", *WRONG_SHIFT)
    site.wait(1)
    full = site.world.round_trip("n1", IPv4Address("10.1.2.13"))
    assert idle[1] < 1.0
    assert 15.0 < full[1] < 30.0


def test_same_seed_and_same_calls_give_the_same_answers() -> None:
    """A lab is repeated by its seed; another seed is another day with the same odds."""

    def day(seed: int) -> list[float | None]:
        site = Site(seed=seed)
        site.type("p1", *WRONG_SHIFT)
        site.wait(1)
        return [site.world.ping("n1", IPv4Address("10.1.2.13"), None) for _ in range(500)]

    first, again, other = day(1), day(1), day(2)
    assert first == again != other
    for answers in (first, other):
        assert 0.15 < sum(answer is not None for answer in answers) / 500 < 0.25


def test_mute_rebooting_and_unplugged_devices_do_not_answer() -> None:
    """Each way of being gone is silence to whoever asks."""
    site = Site()
    for condition in (Condition(mute=True), Condition(up=False), Condition(cut=frozenset({"eth1"}))):
        site.befall("n3", condition)
        assert site.share("n1", "n3") == 0.0
        assert site.share("n1", "n4") == 1.0
    site.befall("n3", WELL)
    assert site.share("n1", "n3") == 1.0


def test_router_that_reboots_is_routed_around_and_comes_back() -> None:
    """Its traffic is lost at first, then takes the other router, then returns."""
    site = Site()
    site.befall("p1", Condition(up=False))
    assert site.share("n1", "n3") == 0.0
    site.wait(1)
    assert site.share("n1", "n3") == 1.0
    assert [one.interface for one in site.world.neighbors("l1")] == ["Ethernet2", "Ethernet3"]
    site.befall("p1", WELL)
    site.wait(1)
    assert len(site.world.neighbors("l1")) == 3


def test_shut_node_port_cuts_off_its_nodes_at_once() -> None:
    """A gateway that is shut serves nobody, whatever routing still believes."""
    site = Site()
    site.type("l1", "interface Vlan10", "   shutdown")
    assert site.share("n1", "n3") == site.share("n3", "n1") == 0.0
    assert site.share("n1", "n3", "secondary") == 1.0


def test_routers_ping_by_their_own_routes() -> None:
    """A router asks from the interface its route leaves by, and can be asked."""
    site = Site()
    assert site.world.round_trip("p1", IPv4Address("10.1.3.15"))[0] == 1.0
    assert site.world.round_trip("n1", IPv4Address("10.0.35.1"))[0] == 1.0
    assert site.world.round_trip("p1", IPv4Address("10.0.11.1")) == (1.0, 0.0)
    assert site.world.round_trip("p1", IPv4Address("10.1.3.15"), IPv4Address("10.0.12.0")) == LOST  # not its address
    assert site.world.round_trip("n1", IPv4Address("192.0.2.99")) == LOST


def test_loop_loses_what_enters_it() -> None:
    """Two routers that send a prefix to each other deliver nothing, and the world still answers."""
    site = Site()
    site.type("p1", "ip route 10.1.2.0/24 10.0.35.1")
    site.type("s1", "ip route 10.1.2.0/24 10.0.35.0")
    site.wait(1)
    assert site.share("n1", "n3") == 0.0
    assert site.share("n5", "n7") == 1.0


def test_line_that_means_nothing_for_traffic_changes_nothing() -> None:
    """A description does not disturb routing: adjacencies and routes keep their age."""
    site = Site()
    before = site.world.routes("p1"), site.world.neighbors("p1")
    site.type("p1", "interface Ethernet1", "   description somebody was here")
    site.wait(1)
    assert (site.world.routes("p1"), site.world.neighbors("p1")) == before


def test_route_that_changed_is_younger_than_the_others() -> None:
    """Only what changed starts to count its age anew."""
    site = Site()
    before = {route.prefix: route.since for route in site.world.routes("p1")}
    site.wait(5)
    site.type("p1", WRONG_SHIFT[0])
    site.wait(1)
    younger = [route for route in site.world.routes("p1") if route.since > before[route.prefix]]
    assert [(str(route.prefix), route.protocol, route.distance) for route in younger] == [("10.1.1.0/24", "S", 1)]


# Ways -----------------------------------------------------------------------------------------------------------------


def met(site: Site, device: str, target: str) -> list[str]:
    """Trace from a device, and give who answered at each hop, with why the last one ends it."""
    hops = site.world.trace(device, IPv4Address(target), None)
    return [f"{hop.address or '*'}{f' {hop.ends}' if hop.ends else ''}" for hop in hops]


def test_trace_follows_the_routes_hop_by_hop() -> None:
    """From a node and from a router: the near side of each router on the way, and the target itself at the end."""
    site = Site()
    assert met(site, "n1", "10.1.2.13") == ["10.1.1.1", "10.0.11.1", "10.0.12.0", "10.1.2.13 reached"]
    assert met(site, "l1", "10.1.2.13") == ["10.0.11.1", "10.0.12.0", "10.1.2.13 reached"]
    assert met(site, "n1", "10.1.1.12") == ["10.1.1.12 reached"]
    assert met(site, "p1", "10.255.0.4")[-1] == "10.255.0.4 reached"


def test_trace_follows_a_shift_when_routing_has_converged() -> None:
    """After the cost went up, the way is another one; asked at once it is still the old one."""
    site = Site()
    site.type("l1", "interface Ethernet1", "   ip ospf cost 500")
    assert "10.0.11.1" in met(site, "n1", "10.1.2.13")
    site.wait(1)
    assert met(site, "n1", "10.1.2.13")[1:3] == ["10.0.21.1", "10.0.22.0"]


def test_trace_shows_where_packets_stay() -> None:
    """A silent router is a star, a node without a cable is told by its router, a prefix that nobody has by the last."""
    site = Site()
    site.befall("p1", Condition(mute=True))
    assert met(site, "n1", "10.1.2.13") == ["10.1.1.1", "*", "10.0.12.0", "10.1.2.13 reached"]
    site.befall("n3", Condition(cut=frozenset({"eth1"})))
    assert met(site, "n1", "10.1.2.13")[-1] == "10.1.2.1 H"
    site.befall("n4", Condition(mute=True))
    assert met(site, "n1", "10.1.2.14")[3:] == ["*"] * 27
    assert met(site, "n1", "192.0.2.1") == ["10.1.1.1 N"]
    assert met(site, "p1", "192.0.2.1") == []


def test_trace_into_an_overloaded_router_loses_some_probes() -> None:
    """Where a fifth of the round trips comes back, stars stand between the answers."""
    site = Site()
    site.type("p1", *WRONG_SHIFT)
    site.wait(1)
    hops = [hop for _ in range(20) for hop in site.world.trace("n1", FABRIC.nodes["n3"]["primary"].address.ip, None)]
    answers = [rtt for hop in hops for rtt in hop.rtts]
    assert 0 < sum(rtt is None for rtt in answers) < len(answers)


def test_trace_of_a_loop_ends_where_probes_give_up() -> None:
    """Two routers that send a prefix to each other are met in turns, thirty times."""
    site = Site()
    site.type("p1", "ip route 10.1.2.0/24 10.0.11.0")
    site.wait(1)
    hops = met(site, "n1", "10.1.2.13")
    assert len(hops) == 30
    assert set(hops[1:]) <= {"10.0.11.1", "10.0.11.0", "10.1.1.1", "*"}


def test_ttl_tells_how_many_routers_an_answer_crossed() -> None:
    """None between nodes in one VLAN, three between leaves; IOS begins at 255, Linux and EOS at 64."""
    site = Site()
    left = {
        target: site.world.ttl("n1", IPv4Address(target), None) for target in ("10.1.1.12", "10.2.0.13", "10.1.2.13")
    }
    assert left == {"10.1.1.12": 64, "10.2.0.13": 64, "10.1.2.13": 61}
    assert site.world.ttl("n1", IPv4Address("10.1.1.1"), None) == 64
    assert site.world.ttl("n1", IPv4Address("10.1.2.1"), None) == 255 - 2


def test_database_holds_every_router_that_ospf_reaches() -> None:
    """Two links for each neighbour and one for each other prefix; a router that is cut off is not in it."""
    site = Site()
    whole = site.world.database("l1")
    assert len(whole) == len(FABRIC.routers)
    assert {view.router_id: view.links for view in whole}[IPv4Address("10.255.0.4")] == 2 * 3 + 2
    site.befall("p1", Condition(up=False))
    site.wait(1)
    assert IPv4Address("10.255.0.1") not in {view.router_id for view in site.world.database("l1")}
