"""What an action declares is what its commands mean, on every platform, in any order, and back again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeshift.actions.base import MoveKind, States
from safeshift.actions.catalog import ACTIONS
from safeshift.errors import PlanError
from safeshift.model.steps import ARGUMENTS
from safeshift.planning.bench import Bench
from tests.unit.actions.building import PORTS, arguments_of, bench_on

Step = tuple[str, dict[str, object]]

BGP = ("router bgp 65000", "   neighbor 10.0.1.1 remote-as 65001")
STEPS: list[Step] = [
    ("shift", {"to": "primary"}),
    ("shift", {"to": "primary", "method": "interface_cost"}),
    ("unshift", {}),
    ("unshift", {"method": "interface_cost"}),
    ("drain", {}),
    ("drain", {"method": "interface_cost"}),
    ("undrain", {}),
    ("undrain", {"method": "interface_cost"}),
    ("link_speed", {"speed": "100G"}),
    ("link_speed", {"speed": "40G"}),
]


def try_step(bench: Bench, step: Step) -> tuple[States, States]:
    """Try an action on router ``a``; return what it declares and what its text means."""
    action, written = step
    arguments = arguments_of(action, written)
    at = bench.site.situation("a", dict(bench.configs), dict(bench.states), dict(bench.undrained))
    declared = ACTIONS[action].effect(arguments, at)
    assert declared is not None
    for change in bench.change(action, arguments, "a", "a"):
        platform = bench.site.platforms[change.device]
        assert platform.equal(platform.apply(change.before, change.lines), change.after)
        assert platform.equal(platform.apply(change.after, change.inverse), change.before)
    return declared, bench.states


def routing(states: States) -> States:
    """States without the lines that routing does not read."""
    return {name: replace(state, unread=(), pinned=()) for name, state in states.items()}


@pytest.mark.parametrize("platform", PORTS)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: "-".join([step[0], *map(str, step[1].values())]))
def test_declared_effect_is_the_meaning_of_the_commands(platform: str, step: Step) -> None:
    """For every action and platform, on a network in which the opposite was just done where there is one."""
    bench = bench_on(platform)
    opposite = {"unshift": "drain", "undrain": "drain"}.get(step[0])
    if opposite:
        try_step(bench, (opposite, step[1]))
    declared, meant = try_step(bench, step)
    assert routing(declared) == routing(meant)


@settings(deadline=None, max_examples=20)
@given(platform=st.sampled_from(list(PORTS)), steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=6))
def test_declared_effect_is_the_meaning_in_any_order(platform: str, steps: list[Step]) -> None:
    """Whatever came before, an action does what it says, and each inverse leads back; refusals change nothing."""
    bench = bench_on(platform)
    for step in steps:
        before = dict(bench.configs)
        try:
            declared, meant = try_step(bench, step)
        except PlanError:
            assert bench.configs == before
            continue
        assert routing(declared) == routing(meant)


def test_graceful_shutdown_declares_what_its_commands_mean_where_the_platform_has_it() -> None:
    """On EOS by a route-map of our own on every neighbour; taken back to what was there."""
    bench = bench_on("arista_eos", *BGP)
    start = bench.configs["a"]
    for action in ("drain", "undrain"):
        declared, meant = try_step(bench, (action, {"method": "bgp_graceful_shutdown"}))
        assert declared["a"].graceful_shutdown is meant["a"].graceful_shutdown is (action == "drain")
    assert bench.site.platforms["a"].equal(bench.configs["a"], start)


@pytest.mark.parametrize("platform", PORTS)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: "-".join([step[0], *map(str, step[1].values())]))
def test_action_that_was_done_sends_nothing_again(platform: str, step: Step) -> None:
    """What is already true is not sent."""
    bench = bench_on(platform)
    try_step(bench, step)
    assert not any(change.lines for change in bench.change(step[0], arguments_of(*step), "a", "a"))


@pytest.mark.parametrize("platform", PORTS)
def test_link_speed_takes_down_what_it_changes_and_nothing_else(platform: str) -> None:
    """A link with one end to change is taken down; one at that speed is left alone."""
    bench = bench_on(platform)
    port = PORTS[platform]
    arguments = arguments_of("link_speed", {"speed": "100G"})
    both = (f"a:{port}1--b:{port}1", f"a:{port}2--b:{port}2")
    assert bench.takes_down("link_speed", arguments, "a") == both
    half = arguments_of("link_speed", {"speed": "100G", "links": [f"{port}1"]})
    bench.change("link_speed", half, "a", "a")
    assert bench.takes_down("link_speed", arguments, "a") == both[1:]
    assert bench.links_up() >= {both[0]}


def test_every_action_has_arguments_and_every_argument_an_action() -> None:
    """The two tables name the same words, and only changes type configuration."""
    assert set(ACTIONS) == set(ARGUMENTS)
    assert {name for name, action in ACTIONS.items() if action.kind is MoveKind.CHANGE} == {
        "shift",
        "unshift",
        "drain",
        "undrain",
        "link_speed",
        "config",
    }
