"""The fabric file: what it says, what follows from it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from safeshift.errors import FabricError
from safeshift.model.fabric import End, Fabric, load
from safeshift.model.fabric_checks import check_spelling
from safeshift.model.source import parse_source

ROOT = Path(__file__).parents[3]
REFUSED = sorted((ROOT / "tests" / "refused" / "fabric").glob("*.yml"))


@pytest.fixture(scope="module")
def dc1() -> Fabric:
    """The README's small site."""
    return load(ROOT / "inventories" / "dc1.fabric.yml")


def read(text: str) -> Fabric:
    """A fabric from text."""
    return parse_source(text, "x.fabric.yml", Fabric, FabricError)


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_wrong_fabric_file_is_refused_in_the_words_that_it_begins_with(path: Path) -> None:
    """Each file of tests/refused/fabric carries its refusal in its first lines: place, sentence, hint."""
    first, second, *_ = path.read_text().splitlines()
    with pytest.raises(FabricError) as caught:
        load(path)
    assert str(caught.value) == f"{path}:{first.removeprefix('# ')}"
    assert f"# hint: {caught.value.hint}".rstrip() == second


def test_dc1_has_what_its_issue_says(dc1: Fabric) -> None:
    """Capacities, demands and storage are read into plain numbers."""
    assert {name: router.capacity for name, router in dc1.routers.items() if router.capacity} == {
        "p1": 100 * 10**9,
        "p2": 100 * 10**9,
        "s1": 20 * 10**9,
    }
    assert [demand.rate for demand in dc1.demands] == [35 * 10**9, 35 * 10**9, 5 * 10**9, 5 * 10**9]
    assert dc1.demands[0].traffic_class == "replication"
    assert dc1.storage.free_slots == 6


def test_link_names_and_numbers_its_ends_from_the_first(dc1: Fabric) -> None:
    """The first end has the lower address of a /31, and the name is made of both ends."""
    link = dc1.links[0]
    assert link.name == "l1:Ethernet1--p1:Ethernet1"
    assert [str(address) for address in link.addresses] == ["10.0.11.0/31", "10.0.11.1/31"]
    assert dc1.link(link.name) is link
    assert link.end_at("p1") == End("p1", "Ethernet1")
    assert link.far_end("p1") == End("l1", "Ethernet1")


def test_link_on_a_longer_prefix_begins_at_the_first_host() -> None:
    """A /30 has a network address that nobody has."""
    fabric = read(
        "networks: {primary: {role: primary}}\nrouters: {a: {network: primary}, b: {network: primary}}\n"
        "links: [{ends: [a e1, b e1], subnet: 10.0.0.4/30, capacity: 10G, cost: 7}]"
    )
    assert [str(address) for address in fabric.links[0].addresses] == ["10.0.0.5/30", "10.0.0.6/30"]
    assert fabric.links[0].cost == (7, 7)


def test_links_of_a_router_and_their_networks_are_told(dc1: Fabric) -> None:
    """A router's links are those that touch it; a link that joins two networks belongs to none."""
    assert [link.far_end("p1").router for link in dc1.links_of("p1")] == ["l1", "l2", "l3", "l4", "s1"]
    assert [dc1.network_of(link) for link in dc1.links_of("p1")] == ["primary"] * 4 + [None]
    assert dc1.links_of("nobody") == ()


def test_peers_are_those_of_a_demand_outside_of_the_leaf(dc1: Fabric) -> None:
    """A rack-mate is never a peer, nor a node that nothing is sent to."""
    assert dc1.peers("n1") == ("n3", "n4")
    assert dc1.peers("n8") == ("n5", "n6")
    assert dc1.leaf("n1") == "l1"


def test_peers_without_a_demand_are_all_nodes_outside_of_the_leaf(dc1: Fabric) -> None:
    """Where nothing says who talks to whom, everybody counts."""
    assert dc1.peers("n1") == ("n3", "n4")
    assert dc1.model_copy(update={"demands": ()}).peers("n1") == ("n3", "n4", "n5", "n6", "n7", "n8")


def test_demand_is_split_over_all_ordered_pairs(dc1: Fabric) -> None:
    """35 Gbit/s between two and two nodes are eight flows, each way counted."""
    demand = dc1.demands[0]
    assert len(demand.pairs) == 8
    assert {("n1", "n3"), ("n3", "n1")} <= set(demand.pairs)
    assert demand.rate_per_pair * 8 == demand.rate


def test_ports_have_the_first_address_of_their_prefix(dc1: Fabric) -> None:
    """The router is its nodes' gateway."""
    assert str(dc1.ports[End("l1", "Vlan10")]) == "10.1.1.1/24"
    assert str(dc1.ports[End("s1", "Vlan20")]) == "10.2.0.1/24"
    assert len(dc1.ports) == 5


def test_home_is_the_own_routers_and_those_that_nodes_are_attached_to(dc1: Fabric) -> None:
    """The 2011 spill is told by crossing a router that is not one of these."""
    assert dc1.home["primary"] == frozenset({"p1", "p2", "l1", "l2", "l3", "l4"})
    assert dc1.home["secondary"] == frozenset({"s1"})


def test_fabric_of_two_routers_and_nothing_else_is_legal() -> None:
    """That is what a user begins with: one network, no node, no demand."""
    fabric = read("networks: {only: {role: primary}}\nrouters: {a: {network: only}, b: {network: only}}")
    assert (fabric.links, fabric.nodes, fabric.demands, fabric.carrying) == ((), {}, (), ("only",))


def test_node_may_miss_a_network() -> None:
    """A node with a primary port alone is read, and is no part of the secondary network."""
    fabric = read(
        "networks: {p: {role: primary}, s: {role: secondary}, m: {role: management}}\n"
        "routers: {a: {network: p}, b: {network: s}}\n"
        "nodes: {n1: {p: {port: a v1, address: 10.1.1.11/24}}, n2: {}}"
    )
    assert tuple(fabric.nodes["n1"]) == ("p",)
    assert fabric.leaf("n2") is None
    assert fabric.carrying == ("p", "s")


def test_fabric_that_was_written_out_is_read_as_the_same(dc1: Fabric) -> None:
    """What a journal keeps of a fabric is that fabric."""
    assert Fabric.model_validate_json(dc1.model_dump_json(by_alias=True)) == dc1


def test_copy_with_a_fault_is_refused(dc1: Fabric) -> None:
    """A changed fabric is held to the same rules as a written one."""
    with pytest.raises(ValidationError):
        dc1.model_copy(update={"routers": {}})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("p1", "p01"), ("p1", "P1"), ("p1", "p-1"), ("p1", "p1.dc1.example.com"), ("n2", "N_02.example.com")],
)
def test_device_that_is_spelled_in_two_ways_is_refused_where_the_fabric_names_it(
    dc1: Fabric, ours: str, theirs: str
) -> None:
    """Two files mean one device: what would be changed is what would be read and foreseen."""
    path = ROOT / "inventories" / "dc1.fabric.yml"
    hosts = [theirs if name == ours else name for name in (*dc1.routers, *dc1.nodes)]
    with pytest.raises(FabricError, match=rf"dc1.fabric.yml:\d+:3: '{ours}' is not in the inventory") as refused:
        check_spelling(dc1, path, hosts)
    assert str(refused.value).endswith(f"which has '{theirs}'")
    assert refused.value.hint.startswith(f"did you mean '{theirs}'?")


@pytest.mark.parametrize("others", [["p3"], ["p10", "p11"], ["p01", "P1"], ["10.0.0.1", "leaf1"], []])
def test_hosts_that_are_others_are_not_taken_for_a_misspelling(dc1: Fabric, others: list[str]) -> None:
    """A site may have hosts that the fabric lacks, and lack some that the fabric has; two alike may both be meant."""
    hosts = [name for name in (*dc1.routers, *dc1.nodes) if name != "p1"]
    check_spelling(dc1, ROOT / "inventories" / "dc1.fabric.yml", [*hosts, *others])
    check_spelling(dc1, ROOT / "inventories" / "dc1.fabric.yml", [*hosts, "p1", "p01"])
