"""What is held against a move just before it is sent, on the README's site."""

from __future__ import annotations

from pathlib import Path

from safeshift.fabric.routing import Failure
from safeshift.planning.recheck import recheck, resolve
from tests.unit.planning.building import (
    configs,
    lines_of,
    plan_of,
    playbook_of,
    shipped,
    site,
    typed,
)

P2_DOWN = frozenset({Failure("router", "p2")})
L1_P2 = Failure("link", "l1:Ethernet2--p2:HundredGigE1/0/1")


def test_move_as_planned_has_nothing_against_it() -> None:
    """On devices that are as predicted, every move of the good upgrade may be sent."""
    plan, known = plan_of(shipped("upgrade-primary")), configs()
    for move in plan.moves:
        assert recheck(plan, move, site(), known) == ""
        known.update({change.device: change.after for change in move.changes})


def test_move_is_held_when_the_world_has_changed_since_the_plan() -> None:
    """Max-metric on p1 while p2 is down is the 2011 step, although nothing was wrong when it was planned."""
    plan = plan_of(shipped("upgrade-primary"))
    why = "is out of service, and not by this plan: s1 would carry"
    assert recheck(plan, plan.moves[0], site(), configs(), P2_DOWN) == f"p2 {why} 80 of 20 Gbit/s"
    told = recheck(plan, plan.moves[0], site(), configs(), frozenset({L1_P2}))
    assert told == f"the link {L1_P2.name} {why} 45 of 20 Gbit/s"


def test_harm_that_was_accepted_with_the_plan_is_no_reason_again() -> None:
    """What an override let through is not refused a second time; new harm is."""
    plan = plan_of(shipped("incident-2011"))
    assert recheck(plan, plan.moves[0], site(), configs()) == ""
    assert recheck(plan, plan.moves[0], site(), configs(), P2_DOWN).startswith("p2 is out of service, and not by this")


def test_failure_that_does_no_harm_yet_holds_the_move_all_the_same() -> None:
    """Redundancy that is used up elsewhere is no ground to go on from; a device of the move must answer."""
    plan, known = plan_of(shipped("upgrade-primary")), configs()
    s1 = frozenset({Failure("router", "s1")})
    assert recheck(plan, plan.moves[0], site(), known, s1).startswith("s1 is out of service, and not by this plan")
    l1 = frozenset({Failure("router", "l1")})
    known["p1"] = plan.moves[0].changes[0].after
    assert recheck(plan, plan.moves[2], site(), known, l1) == "l1 does not answer"


def test_link_that_this_plan_took_out_is_no_reason() -> None:
    """A link that was made faster may still be finding its neighbour; one of the other router has no such excuse."""
    plan, known = plan_of(shipped("upgrade-primary")), configs()
    for move in plan.moves[:3]:
        known.update({change.device: change.after for change in move.changes})
    own = frozenset({Failure("link", plan.moves[2].takes_down[0])})
    assert recheck(plan, plan.moves[3], site(), known, own) == ""
    assert "not by this plan" in recheck(plan, plan.moves[3], site(), known, own | {L1_P2})


def test_link_that_carries_traffic_again_is_not_taken_down() -> None:
    """Somebody undrained p1 between the drain and the step that takes its links down."""
    plan = plan_of(shipped("upgrade-primary"))
    told = recheck(plan, plan.moves[2], site(), configs())
    assert told.startswith("'Raise the uplinks' on p1 takes down ") and "while it carries" in told
    assert recheck(plan, plan.moves[2], site(), typed("p1", "router ospf 1", " max-metric router-lsa")) == ""


def test_remaining_hosts_are_held_to_their_plan_when_one_is_left_out(tmp_path: Path) -> None:
    """That p1 takes no part excuses nothing on p2."""
    steps = "- {command: show version, register: v}\n- {drain: {}, when: v is defined}"
    plan = plan_of(playbook_of(tmp_path, steps, "hosts: primary_routers"))
    moved = {name: text.replace("router ospf 1\n", "router ospf 7\n") for name, text in configs().items()}
    told = recheck(plan, plan.moves[1], site(), {**configs(), "p2": moved["p2"]}, without=("p1",))
    assert told.startswith("p2 is no longer as planned: it would need 'router ospf 7'")
    assert recheck(plan, plan.moves[1], site(), {**configs(), "p1": moved["p1"]}, without=("p1",)) == ""


def test_device_that_needs_other_lines_now_is_held() -> None:
    """A configuration that changed under the plan is not typed over."""
    plan = plan_of(shipped("upgrade-primary"))
    moved = {**configs(), "p1": configs()["p1"].replace("router ospf 1\n", "router ospf 7\n")}
    assert recheck(plan, plan.moves[0], site(), moved) == (
        "p1 is no longer as planned: it would need 'router ospf 7' and no longer needs 'router ospf 1'"
    )


def test_change_elsewhere_in_the_configuration_is_no_reason() -> None:
    """Someone else's description does not hold a shift."""
    plan = plan_of(shipped("upgrade-primary"))
    assert recheck(plan, plan.moves[0], site(), typed("p1", "interface Ethernet1", " description new")) == ""


def test_what_is_already_true_is_resolved_to_nothing() -> None:
    """A far end that someone upgraded in the meantime is left alone; the others keep their lines."""
    plan = plan_of(shipped("upgrade-primary"))
    drained = typed("p1", "router ospf 1", " max-metric router-lsa")
    now = typed("l1", "interface Ethernet1", " speed 100gfull", start=drained)
    move = resolve(plan, plan.moves[2], site(), now)
    assert lines_of(move)["l1"] == ()
    assert lines_of(move)["l2"] == lines_of(plan.moves[2])["l2"]
    assert recheck(plan, plan.moves[2], site(), now) == ""


def test_inverse_is_of_what_the_device_holds_now() -> None:
    """It takes back what this run adds, and leaves what others added since the plan."""
    plan = plan_of(shipped("upgrade-primary"))
    now = typed("p1", "interface Ethernet1", " description new")
    change = resolve(plan, plan.moves[0], site(), now).changes[0]
    eos = site().platforms["p1"]
    assert change.before == now["p1"] and eos.equal(eos.apply(change.after, change.inverse), now["p1"])


def test_host_that_is_left_out_has_no_part_in_the_move(tmp_path: Path) -> None:
    """What the run decided against is neither sent nor judged."""
    steps = "- {command: show version, register: v}\n- {drain: {}, when: v is defined}"
    plan = plan_of(playbook_of(tmp_path, steps, "hosts: primary_routers"))
    move = resolve(plan, plan.moves[1], site(), configs(), without=("p1",))
    assert (move.hosts, list(lines_of(move))) == (("p2",), ["p2"])
    assert recheck(plan, plan.moves[1], site(), configs(), without=("p1", "p2")) == ""


def test_block_is_worked_out_again_step_by_step(tmp_path: Path) -> None:
    """The steps of a block are tried in order on what the devices hold now."""
    steps = "- block: {together: true, steps: [{drain: interface_cost}, {config: vlan 7, delegate_to: l1}]}"
    plan = plan_of(playbook_of(tmp_path, steps))
    assert lines_of(resolve(plan, plan.moves[0], site(), configs())) == lines_of(plan.moves[0])
