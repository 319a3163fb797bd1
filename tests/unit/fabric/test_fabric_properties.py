"""What holds on any fabric: conservation, independence of names, and that losing an element connects nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeshift.fabric.load import carry
from safeshift.fabric.routing import Network
from safeshift.fabric.state import MAX_METRIC, RouterState
from safeshift.fabric.whatif import Limits, Situation, judge, single_failures
from safeshift.model.fabric import Fabric
from tests.unit.fabric.sketching import G, sketch

ROUTERS = ("a", "b", "c", "d", "e", "f")
NODES = ("n1", "n2", "n3", "n4")


@dataclass(frozen=True)
class Site:
    """A drawn fabric, its states, and what it was drawn from."""

    fabric: Fabric
    states: Mapping[str, RouterState]
    links: tuple[tuple[str, str, int, int], ...]
    homes: Mapping[str, str]


@st.composite
def sites(draw: st.DrawFn, *, capacity: int | None = None) -> Site:
    """Up to six routers, links with costs per direction, four nodes, demands, some routers at max-metric."""
    cost = st.integers(1, 4)
    ends = st.tuples(st.sampled_from(ROUTERS), st.sampled_from(ROUTERS)).filter(lambda pair: pair[0] != pair[1])
    links = draw(st.lists(st.tuples(ends, cost, cost), min_size=1, max_size=10))
    drawn = tuple((a, b, there, back) for (a, b), there, back in links)
    used = sorted({name for link in drawn for name in link[:2]})
    homes = {node: draw(st.sampled_from(used)) for node in NODES}
    pairs = [("n1", "n2"), ("n3", "n4"), ("n1", "n4")]
    demands = [(a, b, draw(st.integers(1, 5))) for a, b in pairs]
    limits = {name: capacity for name in used if draw(st.booleans())} if capacity else {}
    fabric, states = sketch(drawn, nodes=homes, demands=demands, capacity=limits)
    for name in draw(st.sets(st.sampled_from(used), max_size=2)):
        states[name] = replace(states[name], max_metric=True)
    return Site(fabric, states, drawn, homes)


def distances(site: Site) -> dict[tuple[str, str], float]:
    """All shortest distances between routers, worked out another way (Floyd and Warshall's)."""
    found = {(a, b): 0.0 if a == b else float("inf") for a, b in product(site.fabric.routers, repeat=2)}
    for a, b, there, back in site.links:
        for start, end, cost in ((a, b, there), (b, a, back)):
            written = MAX_METRIC if site.states[start].max_metric else cost
            found[start, end] = min(found[start, end], written)
    for middle, a, b in product(site.fabric.routers, repeat=3):
        found[a, b] = min(found[a, b], found[a, middle] + found[middle, b])
    return found


@settings(deadline=None)
@given(sites())
def test_metrics_are_the_shortest_distances(site: Site) -> None:
    """Every OSPF metric equals the distance that an independent algorithm finds, plus the port's own cost of 10."""
    network, shortest = Network(site.fabric, site.states), distances(site)
    for name in site.fabric.routers:
        metrics = {route.prefix: route.metric for route in network.routes(name) if route.protocol == "O"}
        for end, gateway in site.fabric.ports.items():
            distance = shortest[name, end.router]
            if end.router != name:
                assert metrics.get(gateway.network, float("inf")) == distance + 10


@settings(deadline=None)
@given(sites())
def test_without_overload_what_is_reachable_is_delivered_whole(site: Site) -> None:
    """A share is 1 where there is a path and 0 where there is none; nothing in between is made up."""
    traffic, shortest = carry(Network(site.fabric, site.states)), distances(site)
    for a, b in product(NODES, repeat=2):
        reachable = shortest[site.homes[a], site.homes[b]] < float("inf")
        assert traffic.share(a, b, "primary") == pytest.approx(1.0 if reachable else 0.0)


@settings(deadline=None)
@given(sites())
def test_routers_send_on_what_they_receive(site: Site) -> None:
    """Without overload: what enters a router by links and nodes is what it offers to links and nodes."""
    network = Network(site.fabric, site.states)
    traffic, shortest = carry(network), distances(site)
    for name in site.fabric.routers:
        balance = 0.0
        for link in site.fabric.links_of(name):
            balance += traffic.load(link, link.far_end(name).router) - traffic.load(link, name)
        for demand in site.fabric.demands:
            for a, b in demand.pairs:
                if shortest[site.homes[a], site.homes[b]] < float("inf"):
                    balance += demand.rate_per_pair * ((site.homes[a] == name) - (site.homes[b] == name))
        assert balance == pytest.approx(0.0, abs=1.0)


@settings(deadline=None)
@given(sites())
def test_losing_an_element_connects_nobody(site: Site) -> None:
    """Where OSPF alone decides, every pair that talks under a failure talked before it."""
    network = Network(site.fabric, site.states)
    before = carry(network)
    for failure in single_failures(site.fabric):
        after = carry(network.failing(failure))
        for a, b in product(NODES, repeat=2):
            if after.share(a, b, "primary") > 0:
                assert before.share(a, b, "primary") > 0


@settings(deadline=None)
@given(sites(capacity=6))
def test_shares_lie_between_nothing_and_everything(site: Site) -> None:
    """With overload too, no share leaves 0 to 1, no more is carried than fits, and no more than is offered."""
    traffic = carry(Network(site.fabric, site.states))
    for a, b in product(NODES, repeat=2):
        assert 0.0 <= traffic.share(a, b, "primary") <= 1.0 + 1e-9
    for link in site.fabric.links:
        for end in link.ends:
            assert traffic.carried(link, end.router) <= min(100 * G, traffic.load(link, end.router)) + 1.0


@settings(deadline=None, max_examples=25)
@given(sites(capacity=6), st.permutations(("zeta", "alpha", "mid", "omega")))
def test_names_of_nodes_change_no_verdict(site: Site, names: list[str]) -> None:
    """Other names for the same nodes: the same findings about the same elements, by their new names."""
    new = dict(zip(NODES, names, strict=True))
    renamed = site.fabric.model_copy(
        update={
            "nodes": {new[node]: ways for node, ways in site.fabric.nodes.items()},
            "demands": tuple(
                demand.model_copy(update={"between": tuple(tuple(new[n] for n in side) for side in demand.between)})
                for demand in site.fabric.demands
            ),
        }
    )
    drained = {**site.states, "a": replace(site.states["a"], max_metric=True)} if "a" in site.states else site.states
    situations = [Situation("start", site.states), Situation("middle", drained), Situation("end", site.states)]
    first, second = (judge(fabric, situations, Limits()) for fabric in (site.fabric, renamed))
    for one, other in (
        (first.refusals, second.refusals),
        (first.exposures, second.exposures),
        (first.standing, second.standing),
    ):
        assert {(f.invariant, f.failure, frozenset(new.get(e, e) for e in f.elements), f.load) for f in one} == {
            (f.invariant, f.failure, frozenset(f.elements), f.load) for f in other
        }
    assert first.loads == second.loads
