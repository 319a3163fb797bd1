"""Small fabrics in a line or two, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from safeshift.fabric.expected import expected_states
from safeshift.fabric.state import RouterState, StaticRoute
from safeshift.model.fabric import Fabric, load

G = 10**9
DC1 = Path(__file__).parents[3] / "inventories" / "dc1.fabric.yml"


def dc1() -> tuple[Fabric, dict[str, RouterState]]:
    """The README's site, configured as its file says."""
    fabric = load(DC1)
    return fabric, dict(expected_states(fabric))


def sketch(
    links: Sequence[tuple[str, str, int] | tuple[str, str, int, int]],
    *,
    nodes: Mapping[str, str] | None = None,
    demands: Sequence[tuple[str, str, int]] = (),
    capacity: Mapping[str, int] | None = None,
    secondary: Sequence[str] = (),
    speed: int = 100,
) -> tuple[Fabric, dict[str, RouterState]]:
    """Make a fabric and its expected states.

    Args:
        links: (router, router, cost) or with the cost of the way back. The n-th link (from 0) has the subnet
            10.0.n.0/31 and the interfaces ``e<n>`` on both ends.
        nodes: Node to its router. Router number m (from 0, in order of appearance) has the prefix 10.1.m.0/24.
        demands: (node, node, Gbit/s in both directions together).
        capacity: Of routers, Gbit/s.
        secondary: The routers that belong to the secondary network; all others, and all nodes, to the primary one.
        speed: Of all links, Gbit/s.
    """
    nodes, capacity = nodes or {}, capacity or {}
    names = list(dict.fromkeys([name for link in links for name in link[:2]] + list(nodes.values())))
    written: dict[str, Any] = {
        "networks": {"primary": {"role": "primary"}} | ({"secondary": {"role": "secondary"}} if secondary else {}),
        "routers": {
            name: {"network": "secondary" if name in secondary else "primary"}
            | ({"capacity": capacity[name] * G} if name in capacity else {})
            for name in names
        },
        "links": [
            {
                "ends": [f"{link[0]} e{at}", f"{link[1]} e{at}"],
                "subnet": f"10.0.{at}.0/31",
                "capacity": speed * G,
                "cost": [link[2], link[-1]],
            }
            for at, link in enumerate(links)
        ],
        "nodes": {
            node: {"primary": {"port": f"{router} v1", "address": f"10.1.{names.index(router)}.{11 + at}/24"}}
            for at, (node, router) in enumerate(nodes.items())
        },
        "demands": [{"between": [[a], [b]], "network": "primary", "rate": rate * G} for a, b, rate in demands],
    }
    fabric = Fabric.model_validate(written)
    return fabric, dict(expected_states(fabric))


def with_static(
    state: RouterState, prefix: str, hop: str | None, *, distance: int = 1, by: str | None = None
) -> RouterState:
    """A router with one static route more."""
    next_hop = None if hop is None else IPv4Address(hop)
    return replace(state, statics=(*state.statics, StaticRoute(IPv4Network(prefix), next_hop, by, distance)))


def with_interface(state: RouterState, name: str, **changes: Any) -> RouterState:
    """A router with one interface configured otherwise."""
    return replace(state, interfaces={**state.interfaces, name: replace(state.interfaces[name], **changes)})


def incident() -> tuple[Fabric, dict[str, RouterState], dict[str, RouterState]]:
    """The 2011 step on dc1: all leaf prefixes of p1 by way of s1. Fabric, states before, states after."""
    fabric, before = dc1()
    p1 = before["p1"]
    for leaf in (1, 2, 3, 4):
        p1 = with_static(p1, f"10.1.{leaf}.0/24", "10.0.35.1")
    return fabric, before, {**before, "p1": p1}
