"""Whatever steps are written, a plan hangs together, goes back the way it came, and never cuts traffic unseen."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeshift.errors import InputError, LintError
from safeshift.fabric.load import carry
from safeshift.fabric.routing import Network
from safeshift.planning.forecast import foresee
from safeshift.planning.lint import check_rules
from safeshift.planning.plan import Plan
from safeshift.planning.worlds import walk
from tests.unit.planning.building import EXPOSED, configs, fabric, plan_of, playbook_of, site

STEPS = st.sampled_from(
    [
        "{drain: {}}",
        "{undrain: {}}",
        "{shift: primary}",
        "{drain: interface_cost}",
        "{undrain: interface_cost}",
        "{wait_drained: {}}",
        "{wait_drained: {links: [Ethernet1]}}",
        "{link_speed: 100G}",
        "{link_speed: {speed: 100G, links: [Ethernet1]}}",
        "{link_speed: 40G}",
        "{config: {lines: [shutdown], parents: [interface Ethernet1]}}",
        "{config: {lines: [no shutdown], parents: [interface Ethernet1]}}",
        "{config: {lines: [shutdown], parents: [interface Ethernet2]}, delegate_to: l3}",
        "{config: [ip route 10.1.1.0/24 10.0.35.1]}",
        "{config: [vlan 7], loop: [1, 2]}",
        "{block: {together: true, steps: [{drain: {}}, {config: vlan 8, delegate_to: l1}]}}",
    ]
)


@settings(deadline=None, max_examples=15)
@given(steps=st.lists(STEPS, min_size=1, max_size=6), hosts=st.sampled_from(["p1", "primary_routers"]))
def test_any_plan_hangs_together_and_goes_back_the_way_it_came(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], hosts: str
) -> None:
    """Each change starts where the last one ended; all inverses, newest first, lead to the beginning; it is JSON."""
    plan = made(tmp_path_factory, steps, hosts)
    if plan is None:
        return
    known = configs()
    changes = [change for move in plan.moves for change in move.changes]
    for change in changes:
        assert change.before == known[change.device]
        known[change.device] = change.after
    for change in reversed(changes):
        known[change.device] = site().platforms[change.device].apply(known[change.device], change.inverse)
    assert all(site().platforms[name].equal(known[name], config) for name, config in configs().items())
    assert json.loads(json.dumps(plan.to_json())) == plan.to_json()


@settings(deadline=None, max_examples=15)
@given(steps=st.lists(STEPS, min_size=1, max_size=6), hosts=st.sampled_from(["p1", "primary_routers"]))
def test_plan_that_keeps_the_rules_takes_no_link_down_under_traffic(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], hosts: str
) -> None:
    """Looked at from outside: what the rules let through never drops a link that carries anything."""
    plan = made(tmp_path_factory, steps, hosts)
    if plan is None:
        return
    try:
        check_rules(plan, site(), configs())
    except LintError:
        return
    for frame in walk(plan, site(), configs()):
        before = Network(fabric(), frame.before)
        traffic = carry(before)
        for _, states in (*frame.halves, ((), frame.after)):
            now = Network(fabric(), states)
            for link in fabric().links:
                if before.link_up(link) and not now.link_up(link):
                    assert max(traffic.load(link, end.router) for end in link.ends) < 1


@settings(deadline=None, max_examples=5)
@given(steps=st.lists(STEPS, min_size=1, max_size=4))
def test_judgement_of_a_plan_is_the_same_each_time(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """A forecast depends on nothing but its input, and a refusal always has a reason."""
    plan = made(tmp_path_factory, steps, "p1")
    if plan is not None:
        judgement = foresee(plan, site(), configs())
        assert judgement == foresee(plan, site(), configs())
        assert bool(judgement.reason) is bool(judgement.refusals)


def made(tmp_path_factory: pytest.TempPathFactory, steps: list[str], hosts: str) -> Plan | None:
    """The plan of some steps; None where the files make none."""
    listed = "\n".join(f"- {step}" for step in steps)
    try:
        return plan_of(playbook_of(tmp_path_factory.mktemp("any"), listed, f"hosts: {hosts}\n{EXPOSED}"))
    except InputError:
        return None
