"""Startup configurations say in the vendors' words what the fabric says, and their devices show them unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.errors import FabricError, LabError
from safeshift.fabric.expected import expected_states
from safeshift.fabric.load import carry
from safeshift.fabric.routing import Network
from safeshift.lab.access import roster_of
from safeshift.lab.blueprint import node_addresses, router_id, startup_config
from safeshift.lab.dialects.catalog import dialect_named
from safeshift.model.fabric import Fabric, load
from safeshift.model.inventory import load_inventory
from safeshift.model.source import parse_source
from safeshift.platforms import platform_named

INVENTORIES = Path(__file__).parents[3] / "inventories"
SITE = INVENTORIES / "dc1.fabric.yml"
FABRIC = load(SITE)
DIALECTS = roster_of(FABRIC, load_inventory([str(INVENTORIES / "dc1")])).dialects


@pytest.mark.parametrize("router", FABRIC.routers)
def test_text_means_what_the_fabric_says(router: str) -> None:
    """What the platform reads is the fabric's addresses, costs and speeds, with nothing it cannot judge."""
    platform = platform_named(DIALECTS[router])
    state = platform.read_meaning(platform.normalise(startup_config(FABRIC, router, DIALECTS[router])))
    assert (state.hostname, state.ospf, state.unread) == (router, True, ())
    for name, wanted in expected_states(FABRIC)[router].interfaces.items():
        found = state.interfaces[name]
        assert (found.address, found.cost, found.ospf, found.passive, found.enabled) == (
            wanted.address,
            wanted.cost,
            wanted.ospf,
            wanted.passive,
            True,
        )
    for link in FABRIC.links_of(router):
        assert state.interfaces[link.end_at(router).interface].speed == link.capacity


def test_all_texts_together_carry_what_the_fabric_foresees() -> None:
    """A site that boots from the texts has the loads of the fabric file, to the bit."""
    states = {
        name: platform_named(DIALECTS[name]).read_meaning(startup_config(FABRIC, name, DIALECTS[name]))
        for name in FABRIC.routers
    }
    booted, foreseen = carry(Network(FABRIC, states)), carry(Network(FABRIC, expected_states(FABRIC)))
    assert [booted.router_load(name) for name in FABRIC.routers] == [
        foreseen.router_load(name) for name in FABRIC.routers
    ]


@pytest.mark.parametrize("router", FABRIC.routers)
def test_device_shows_the_text_it_booted_from(router: str) -> None:
    """Loading the text and showing it again changes nothing, so that a new lab has no difference to explain."""
    text, player = startup_config(FABRIC, router, DIALECTS[router]), dialect_named(DIALECTS[router])
    normalise = platform_named(DIALECTS[router]).normalise
    assert normalise(player.write(player.read(text)) + "end\n") == normalise(text)


def test_router_ids_are_unique_and_clear_of_the_fabric() -> None:
    """Each router has an id of its own that no prefix of the fabric contains."""
    ids = [router_id(FABRIC, name) for name in FABRIC.routers]
    assert len(set(ids)) == len(ids)
    assert not any(ident in link.subnet for ident in ids for link in FABRIC.links)


def test_router_ids_give_way_to_a_fabric_that_uses_their_range() -> None:
    """A fabric that lies in the first range for loopbacks gets them from the next one."""
    text = SITE.read_text(encoding="utf-8").replace("10.0.", "10.255.")

    fabric = parse_source(text, "moved", Fabric, FabricError)
    assert str(router_id(fabric, "p1")).startswith("172.31.")


def test_node_has_its_addresses_in_the_order_of_the_networks() -> None:
    """eth1 is on the first network of the file, eth2 on the second."""
    assert [str(one) for one in node_addresses(FABRIC, "n3").values()] == ["10.1.2.13/24", "10.2.0.13/24"]
    assert list(node_addresses(FABRIC, "n3")) == ["primary", "secondary"]


def test_platform_without_a_dialect_is_refused() -> None:
    """A router of a platform that the lab cannot play is named, with what the lab can play."""
    with pytest.raises(LabError, match="cannot play p1") as caught:
        startup_config(FABRIC, "p1", "juniper_junos")
    assert "arista_eos" in caught.value.hint
