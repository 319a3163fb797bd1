"""What is foreseen for a plan on the README's site."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.planning.compile import compile_plan
from safeshift.planning.forecast import Judgement, foresee
from tests.unit.planning.building import (
    EXPOSED,
    configs,
    fabric,
    inventory,
    plan_of,
    playbook_of,
    shipped,
    site,
    typed,
)

STATIC = "ip route 10.1.2.0/24 10.0.35.1"


def judge_steps(tmp_path: Path, steps: str, head: str = f"hosts: p1\n{EXPOSED}") -> Judgement:
    """What is foreseen for a playbook of these steps."""
    return foresee(plan_of(playbook_of(tmp_path, steps, head)), site(), configs())


@pytest.mark.parametrize("offline", [False, True], ids=["from devices", "from files"])
def test_good_upgrade_is_not_refused_and_its_exposure_is_declared(offline: bool) -> None:
    """While one primary router is out, losing the other is told, accepted, and bound to its moves."""
    known = None if offline else configs()
    plan = compile_plan(shipped("upgrade-primary"), inventory(), fabric(), configs=known)
    judgement = foresee(plan, site(), known)
    assert judgement.refusals == () and judgement.covered
    assert judgement.exposures[0] == (
        "if p2 fails while p1 is out of service, s1 would carry 80 of 20 Gbit/s; "
        "4 other single failures would overload it too"
    )
    assert judgement.exposed_moves == {f"1.{batch}.{step}" for batch in (1, 2) for step in (1, 2, 3)}
    assert "if s1 fails, n1, n2, n3, n4, n5, n6, n7 and n8 would be lost on secondary" in judgement.standing
    fullest = max(judgement.loads, key=lambda load: load.load / load.capacity)
    assert (fullest.element, fullest.load, fullest.capacity) == ("p2", 70e9, 100e9)


@pytest.mark.parametrize("offline", [False, True], ids=["from devices", "from files"])
def test_step_of_2011_is_refused_in_one_sentence(offline: bool) -> None:
    """The first reason is the one that an operator can act on; what follows from it comes after."""
    known = None if offline else configs()
    plan = compile_plan(shipped("incident-2011"), inventory(), fabric(), configs=known)
    judgement = foresee(plan, site(), known)
    assert judgement.reason == "s1 would carry 45 of 20 Gbit/s after 'Shift by hand' on p1"
    assert any(one.startswith("n1, n2, n3 and n4 would be lost on primary and secondary") for one in judgement.refusals)
    assert judgement.overridable


def test_exposure_that_the_play_does_not_declare_is_refused(tmp_path: Path) -> None:
    """Standing on one leg has to be said."""
    judgement = judge_steps(tmp_path, "- drain: {}\n- undrain: {}", "hosts: p1")
    assert not judgement.covered
    assert judgement.reason == (
        "if p2 fails while p1 is out of service, s1 would carry 80 of 20 Gbit/s, and the play declares no exposure"
    )


def test_plan_that_ends_weaker_than_it_began_is_refused_whatever_it_declares(tmp_path: Path) -> None:
    """A new weakness at the end is no exposure: it would stay."""
    judgement = judge_steps(tmp_path, "- drain: {}")
    assert judgement.reason.startswith("if p2 fails while p1 is out of service, s1 would carry 80 of 20 Gbit/s")
    assert judgement.covered


def test_shift_that_cannot_keep_its_promise_cannot_be_overridden(tmp_path: Path) -> None:
    """Where p2 is shut already, taking traffic off p1 is the 2011 step whatever it is called."""
    start = typed("p2", "router ospf 1", " max-metric router-lsa")
    plan = plan_of(playbook_of(tmp_path, "- drain: {}\n- shift: primary", "hosts: [p1]"), start=start)
    shut = configs()
    for port in range(1, 5):
        shut = typed("p2", f"interface HundredGigE1/0/{port}", " shutdown", start=shut)
    shift = plan_of(playbook_of(tmp_path, "- shift: primary"), start=shut)
    drain = plan_of(playbook_of(tmp_path, "- drain: {}"), start=shut)
    assert "s1 would carry 80 of 20 Gbit/s after 'shift' on p1" in foresee(shift, site(), shut).refusals
    assert not foresee(shift, site(), shut).overridable
    assert foresee(drain, site(), shut).overridable
    assert plan.moves[0].changes[0].lines


def test_state_in_the_middle_of_a_move_is_judged(tmp_path: Path) -> None:
    """Two static routes that are harmless together and a loop alone: the half that loops is found."""
    steps = """
- block:
    together: true
    steps:
      - {config: ip route 10.1.2.0/24 10.0.11.0, delegate_to: p1}
      - {config: ip route 10.1.2.0/24 10.0.21.1, delegate_to: l1}
"""
    judgement = judge_steps(tmp_path, steps)
    assert any("while 'block' on p1 is applied to p1 only" in sentence for sentence in judgement.refusals)


def test_host_that_the_run_may_leave_out_is_judged_both_ways(tmp_path: Path) -> None:
    """An undrain under a condition may be skipped: then the plan would end with the router drained."""
    steps = "- {command: show version, register: v}\n- drain: {}\n- undrain: {}"
    assert judge_steps(tmp_path, steps).refusals == ()
    maybe = judge_steps(tmp_path, steps.replace("- undrain: {}", "- {undrain: {}, when: v is defined}"))
    assert maybe.reason.startswith("if p2 fails while p1 is out of service, s1 would carry 80 of 20 Gbit/s")
    wrong = f"- {{command: show version, register: v}}\n- {{config: [{STATIC}], when: v is defined}}"
    assert judge_steps(tmp_path, wrong).reason.endswith("after 'config' on p1")


def test_line_that_nobody_can_read_is_refused_not_ignored(tmp_path: Path) -> None:
    """Unknown is never harmless."""
    judgement = judge_steps(tmp_path, "- config: frobnicate all")
    assert any("'frobnicate all' on p1 would do to forwarding is not known" in one for one in judgement.refusals)
