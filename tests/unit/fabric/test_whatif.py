"""The what-if: dc1's good and bad plan in an operator's words, and what is a refusal, an exposure, a weakness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from safeshift.fabric.routing import Failure
from safeshift.fabric.state import RouterState
from safeshift.fabric.whatif import Finding, Forecast, Limits, Situation, judge, single_failures
from safeshift.model.fabric import Fabric
from tests.unit.fabric.sketching import G, dc1, incident, sketch, with_interface, with_static

P1 = frozenset({"p1"})


def drained(states: Mapping[str, RouterState], router: str) -> dict[str, RouterState]:
    """The same states with one router at max-metric."""
    return {**states, router: replace(states[router], max_metric=True)}


def plan(fabric: Fabric, *states: Mapping[str, RouterState], out: frozenset[str] = frozenset()) -> Forecast:
    """Judge a plan of a start, situations with ``out`` out of service, and an end."""
    last = len(states) - 1
    situations = [
        Situation(f"step {at}" if at else "start", each, out if 0 < at < last else frozenset())
        for at, each in enumerate(states)
    ]
    return judge(fabric, situations, Limits())


def told(findings: tuple[Finding, ...], invariant: str) -> list[str]:
    """The sentences of the findings about one invariant."""
    return [one.sentence for one in findings if one.invariant == invariant]


def test_incident_is_refused_with_its_load_in_one_sentence() -> None:
    """The sentence that the whole product is for."""
    fabric, before, after = incident()
    forecast = plan(fabric, before, after)
    assert forecast.reason == "s1 would carry 45 of 20 Gbit/s"
    first = forecast.refusals[0]
    assert (first.invariant, first.situation, first.failure, first.elements) == ("fits", "step 1", None, ("s1",))
    assert (first.load, first.capacity) == (45 * G, 20 * G)


def test_incident_names_who_is_lost_and_who_spills() -> None:
    """The harm after the cause: isolation, what each network loses, whose traffic left home."""
    fabric, before, after = incident()
    plain = [one.sentence for one in plan(fabric, before, after).refusals if one.failure is None]
    assert plain == [
        "s1 would carry 45 of 20 Gbit/s",
        "n1, n2, n3 and n4 would be lost on primary and secondary",
        "n1, n2, n3, n4, n5, n6, n7 and n8 would be lost on secondary",
        "n1, n2, n3 and n4 would be lost on primary",
        "35 Gbit/s of n1, n2, n3 and n4 on primary would cross s1, a router of secondary",
    ]


def test_incident_in_the_middle_of_a_plan_is_refused_as_well() -> None:
    """That a plan ends well does not help those who live through its middle."""
    fabric, before, after = incident()
    forecast = plan(fabric, before, drained(before, "p1"), after, before)
    assert forecast.reason == "s1 would carry 45 of 20 Gbit/s"
    assert {one.situation for one in forecast.refusals} == {"step 2"}


def test_good_upgrade_is_not_refused_and_shows_its_exposure() -> None:
    """While p1 is drained, p2 and each link to it must not fail."""
    fabric, states = dc1()
    forecast = plan(fabric, states, drained(states, "p1"), states, out=P1)
    assert forecast.refusals == ()
    assert forecast.reason == ""
    assert forecast.exposures[0].sentence == "if p2 fails while p1 is out of service, s1 would carry 80 of 20 Gbit/s"
    assert forecast.exposures[0].failure == Failure("router", "p2")
    assert told(forecast.exposures, "fits")[1:] == [
        f"if the link {name} fails while p1 is out of service, s1 would carry 45 of 20 Gbit/s"
        for name in (
            "l1:Ethernet2--p2:HundredGigE1/0/1",
            "l2:HundredGigE1/0/2--p2:HundredGigE1/0/2",
            "l3:Ethernet2--p2:HundredGigE1/0/3",
            "l4:HundredGigE1/0/2--p2:HundredGigE1/0/4",
        )
    ]


def test_standing_weakness_is_listed_and_is_no_exposure() -> None:
    """A leaf that fails takes its nodes' primary with it, before the plan as during it."""
    fabric, states = dc1()
    forecast = plan(fabric, states, drained(states, "p1"), states, out=P1)
    assert [one.sentence for one in forecast.standing] == [
        "if s1 fails, n1, n2, n3, n4, n5, n6, n7 and n8 would be lost on secondary",
        "if l1 fails, n1, n2, n3 and n4 would be lost on primary",
        "if l2 fails, n1, n2, n3 and n4 would be lost on primary",
        "if l3 fails, n5, n6, n7 and n8 would be lost on primary",
        "if l4 fails, n5, n6, n7 and n8 would be lost on primary",
    ]
    failing = {one.failure.name for one in forecast.exposures if one.failure}
    assert failing.isdisjoint({"s1", "l1", "l2", "l3", "l4"})


def test_new_weakness_at_the_end_is_a_refusal() -> None:
    """A plan that leaves p1 drained leaves the site one failure from 2011."""
    fabric, states = dc1()
    forecast = plan(fabric, states, drained(states, "p1"))
    assert forecast.reason == "if p2 fails after the last step, s1 would carry 80 of 20 Gbit/s"
    assert forecast.exposures == ()


def test_fullest_element_of_each_situation_is_told() -> None:
    """For the display: s1 at 10 of 20 before, p2 at 70 of 100 while p1 is drained."""
    fabric, states = dc1()
    forecast = plan(fabric, states, drained(states, "p1"), states)
    assert forecast.loads == (
        ("start", "s1", 10 * G, 20 * G),
        ("step 1", "p2", 70 * G, 100 * G),
        ("step 2", "s1", 10 * G, 20 * G),
    )


def test_limit_without_failure_is_lower_than_under_one() -> None:
    """85 of 100 is too much for a plan (80 %), and is allowed while something has failed (100 %)."""
    fabric, states = sketch(
        [("a", "b", 10), ("a", "c", 20), ("b", "d", 10), ("c", "d", 20)],
        nodes={"n1": "a", "n2": "d"},
        demands=[("n1", "n2", 85)],
        capacity={"b": 200, "c": 100},
    )
    forecast = plan(fabric, states, drained(states, "b"), states)
    assert forecast.reason == "c would carry 85 of 100 Gbit/s, more than 80 %"
    assert plan(fabric, states, states).refusals == ()
    assert told(plan(fabric, states, states).standing, "fits") == []


def test_overloaded_link_is_told_with_its_direction() -> None:
    """A link is named by its ends, and by the end that sends too much."""
    fabric, states = sketch([("a", "b", 10)], nodes={"n1": "a", "n2": "b"}, demands=[("n1", "n2", 90)], speed=40)
    forecast = plan(fabric, states)
    assert forecast.reason == ("before the first step already, the link a:e0--b:e0 would carry 45 of 40 Gbit/s from a")


def test_harm_at_the_start_is_a_refusal_and_says_so() -> None:
    """A change is no place to begin from when the site is broken already."""
    fabric, before, after = incident()
    forecast = plan(fabric, after, before)
    assert forecast.reason == "before the first step already, s1 would carry 45 of 20 Gbit/s"


def test_unread_configuration_is_unknown_and_refuses() -> None:
    """A line that nobody could interpret is never 'no effect', and is told once."""
    fabric, states = dc1()
    after = {**states, "p1": replace(states["p1"], unread=(" policy-map X", " route-map Y"))}
    forecast = plan(fabric, states, after, after)
    assert [(one.invariant, one.situation, one.sentence) for one in forecast.refusals] == [
        ("understood", "step 1", "what 'policy-map X' and 1 more on p1 would do to forwarding is not known")
    ]
    missing = plan(fabric, {name: state for name, state in states.items() if name != "p2"})
    assert told(missing.refusals, "understood") == ["the configuration of p2 is not known"]


def test_pinned_line_is_harmless_until_it_is_touched() -> None:
    """What works and stays as it is needs no interpretation; what a plan changes does."""
    fabric, states = dc1()
    working = {**states, "p1": replace(states["p1"], pinned=("mtu 9214",))}
    touched = {**states, "p1": replace(states["p1"], pinned=("mtu 1500",))}
    assert plan(fabric, working, drained(working, "p1"), working).refusals == ()
    assert plan(fabric, working, touched, working).reason == (
        "what 'mtu 9214' and 1 more on p1 would do to forwarding is not known"
    )


def test_network_that_is_not_required_may_fall() -> None:
    """A plan that takes the secondary network down on purpose says what it requires."""
    fabric, states = dc1()
    down = {**states, "s1": with_interface(states["s1"], "Vlan20", enabled=False)}
    situations = [Situation("start", states), Situation("down", down, frozenset({"s1"})), Situation("end", states)]
    assert judge(fabric, situations, Limits()).reason == "n1, n2, n3, n4, n5, n6, n7 and n8 would be lost on secondary"
    assert judge(fabric, situations, Limits(required=frozenset({"primary"}))).refusals == ()


def test_isolation_under_failure_is_an_exposure_whatever_is_required() -> None:
    """With the secondary network down, losing a leaf is losing its nodes altogether."""
    fabric, states = dc1()
    down = {**states, "s1": with_interface(states["s1"], "Vlan20", enabled=False)}
    situations = [Situation("start", states), Situation("down", down, frozenset({"s1"})), Situation("end", states)]
    forecast = judge(fabric, situations, Limits(required=frozenset({"primary"})))
    assert told(forecast.exposures, "isolation")[0] == (
        "if l1 fails while s1 is out of service, n1, n2, n3 and n4 would be lost on primary and secondary"
    )


def test_pair_that_loses_each_other_is_told_when_its_nodes_keep_others() -> None:
    """A blackhole for one prefix parts two leaves and nobody else."""
    fabric, states = sketch(
        [("a", "hub", 10), ("b", "hub", 10), ("c", "hub", 10)], nodes={"n1": "a", "n2": "b", "n3": "c"}
    )
    parted = {**states, "a": with_static(states["a"], "10.1.2.0/24", None)}
    assert plan(fabric, states, parted).reason == "n1 and n2 would lose each other on primary"


def test_loop_is_refused() -> None:
    """Two statics that point at each other lose the nodes behind them."""
    fabric, states = sketch([("a", "b", 10), ("b", "c", 10)], nodes={"n1": "a", "n2": "c"}, demands=[("n1", "n2", 1)])
    looped = {**states, "b": with_static(states["b"], "10.1.2.0/24", "10.0.0.0")}
    assert told(plan(fabric, states, looped).refusals, "isolation") == ["n1 and n2 would be lost on primary"]


def test_fabric_without_nodes_can_be_judged() -> None:
    """Two routers and a link: nothing to lose, nothing refused."""
    fabric, states = sketch([("a", "b", 10)])
    forecast = plan(fabric, states, drained(states, "a"), states)
    assert (forecast.refusals, forecast.exposures, forecast.standing) == ((), (), ())


def test_every_router_and_link_is_a_single_failure() -> None:
    """Seven routers and fourteen links on dc1."""
    fabric, _ = dc1()
    assert len(single_failures(fabric)) == 21
