"""Who looks at whom: nodes, else routers, else this machine; and addresses that nobody has."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from safeshift.model.fabric import Fabric, load
from safeshift.probes.pairs import CHANNELS, DEAD, LOCALHOST, NOBODY, PARTNERS, Watch, choose

DC1 = Path(__file__).parents[3] / "inventories" / "dc1.fabric.yml"
NODES = tuple(f"n{number}" for number in range(1, 9))


@cache
def _dc1() -> Fabric:
    return load(DC1)


def _duo(**more: Any) -> Fabric:
    """Two routers and one cable: the least that a site can begin with."""
    written = {
        "networks": {"primary": {"role": "primary"}},
        "routers": {"a": {"network": "primary"}, "b": {"network": "primary"}},
        "links": [{"ends": ["a e1", "b e1"], "subnet": "10.0.1.0/31", "capacity": "40G"}],
        **more,
    }
    return Fabric.model_validate(written)


def _wide(nodes: int) -> Fabric:
    """Two leaves with many nodes on both networks, each exchanging with all of the other leaf."""

    def ways(number: int) -> dict[str, dict[str, str]]:
        return {
            name: {"port": f"{'ab'[number % 2]} {name}", "address": f"10.{kind}.{number % 2}.{11 + number}/24"}
            for kind, name in enumerate(("primary", "secondary"), 1)
        }  # fmt: skip

    networks = {"primary": {"role": "primary"}, "secondary": {"role": "secondary"}}
    return _duo(networks=networks, nodes={f"x{number}": ways(number) for number in range(nodes)})


def _addresses(fabric: Fabric) -> set[str]:
    nodes = {
        str(address.ip)
        for ways in fabric.nodes.values()
        for way in ways.values()
        for address in (way.address, way.gateway)
    }
    return nodes | {str(address.ip) for link in fabric.links for address in link.addresses}


def _assert_dead_is_dead(watch: Watch, fabric: Fabric) -> None:
    assert {pair.target for pair in watch.dead} == {DEAD}
    assert not {pair.address for pair in watch.dead} & _addresses(fabric)
    assert sorted(pair.network for pair in watch.dead) == sorted(watch.networks)


def test_nodes_of_dc1_look_at_those_they_exchange_with_on_both_networks() -> None:
    """Each node asks its two partners across the leaf on each network: 32 pairs, no rack-mate, nobody else."""
    watch = choose(_dc1(), (*NODES, *_dc1().routers))
    assert watch.observers == NODES
    assert watch.networks == ("primary", "secondary")
    assert len(watch.pairs) == 32
    assert watch.peers["n1"] == watch.peers["n2"] == ("n3", "n4")
    asked = {(pair.target, pair.network, pair.address) for pair in watch.pairs if pair.observer == "n1"}
    assert asked == {
        ("n3", "primary", "10.1.2.13"), ("n4", "primary", "10.1.2.14"),
        ("n3", "secondary", "10.2.0.13"), ("n4", "secondary", "10.2.0.14"),
    }  # fmt: skip
    _assert_dead_is_dead(watch, _dc1())


def test_dead_targets_of_dc1_are_in_the_prefix_of_somebody_who_answers() -> None:
    """Only an address that would be routed tells a lying observer from a deaf one."""
    watch = choose(_dc1(), NODES)
    assert [(pair.observer, pair.address) for pair in watch.dead] == [("n1", "10.1.2.254"), ("n1", "10.2.0.254")]


def test_node_that_the_inventory_does_not_have_is_asked_and_does_not_ask() -> None:
    """Nobody can log in to it, but its address answers like any other."""
    watch = choose(_dc1(), ("n1", "n5"))
    assert watch.observers == ("n1", "n5")
    assert {pair.target for pair in watch.pairs} == {"n3", "n4", "n7", "n8"}
    assert watch.peers["n3"] == ("n1",)
    assert set(watch.peers) == {"n1", "n5", "n3", "n4", "n7", "n8"}


def test_routers_look_when_the_inventory_has_no_node() -> None:
    """Each router asks each node on each network; a node is isolated when every router lost it everywhere."""
    watch = choose(_dc1(), ("p1", "p2"))
    assert watch.observers == ("p1", "p2")
    assert len(watch.pairs) == 2 * 8 * 2
    assert watch.peers["n1"] == ("p1", "p2")
    _assert_dead_is_dead(watch, _dc1())


def test_this_machine_looks_when_the_inventory_has_nobody() -> None:
    """There is always somebody who looks."""
    watch = choose(_dc1(), ())
    assert watch.observers == (LOCALHOST,)
    assert len(watch.pairs) == 8 * 2
    _assert_dead_is_dead(watch, _dc1())


def test_two_routers_without_nodes_look_at_each_other() -> None:
    """Each asks the other's address on their link; none asks itself."""
    fabric = _duo()
    watch = choose(fabric, ("a", "b"))
    assert [(pair.observer, pair.target, pair.address) for pair in watch.pairs] == [
        ("a", "b", "10.0.1.1"), ("b", "a", "10.0.1.0"),
    ]  # fmt: skip
    assert watch.peers == {"a": ("b",), "b": ("a",)}
    assert [pair.address for pair in watch.dead] == [NOBODY]
    _assert_dead_is_dead(watch, fabric)


def test_two_routers_that_nobody_can_log_in_to_are_asked_from_here() -> None:
    """Without inventory and nodes the routers themselves are the targets."""
    watch = choose(_duo(), ())
    assert [(pair.observer, pair.target) for pair in watch.pairs] == [(LOCALHOST, "a"), (LOCALHOST, "b")]


def test_node_asks_no_more_peers_than_its_channels_allow() -> None:
    """Pairs, dead targets and the terminal of one observer fit into what sshd grants one connection."""
    fabric = _wide(24)
    watch = choose(fabric, fabric.nodes)
    for node in fabric.nodes:
        used = [pair for pair in (*watch.pairs, *watch.dead) if pair.observer == node]
        assert len(used) + 1 <= CHANNELS
        assert 1 <= len(watch.peers[node]) <= PARTNERS
        assert set(watch.peers[node]) <= set(fabric.peers(node))
    _assert_dead_is_dead(watch, fabric)


def test_nodes_of_a_wide_fabric_do_not_all_ask_the_same_few() -> None:
    """The choice begins elsewhere for each node, so that every node is asked by somebody."""
    fabric = _wide(24)
    assert {pair.target for pair in choose(fabric, fabric.nodes).pairs} == set(fabric.nodes)


def test_choice_is_the_same_every_time() -> None:
    """``check`` and ``run`` look through the same eyes."""
    fabric = _wide(24)
    assert choose(fabric, fabric.nodes) == choose(fabric, list(fabric.nodes))


def test_dead_target_of_a_full_prefix_is_an_address_for_documentation() -> None:
    """Where every address is taken, or the prefix is too small, one is asked that nobody on any network may have."""
    nodes = {
        "m1": {"primary": {"port": "a v1", "address": "10.1.1.2/30"}},
        "m2": {"primary": {"port": "b v1", "address": "10.1.2.2/30"}},
    }
    watch = choose(_duo(nodes=nodes), ("m1", "m2"))
    assert [pair.address for pair in watch.dead] == [NOBODY]
    assert ip_address(NOBODY).is_private  # TEST-NET-1: not globally reachable


def test_peer_that_is_not_on_a_network_is_not_asked_there() -> None:
    """A node on one network is asked on that one only."""
    nodes = {
        "m1": {
            "primary": {"port": "a v1", "address": "10.1.1.11/24"},
            "secondary": {"port": "a v2", "address": "10.2.1.11/24"},
        },
        "m2": {"primary": {"port": "b v1", "address": "10.1.2.12/24"}},
    }
    networks = {"primary": {"role": "primary"}, "secondary": {"role": "secondary"}}
    watch = choose(_duo(networks=networks, nodes=nodes), ("m1", "m2"))
    assert {pair.network for pair in watch.pairs} == {"primary"}
