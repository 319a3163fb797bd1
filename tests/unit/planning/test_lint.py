"""No link goes down under traffic, whoever takes it down and however; nothing overrides that."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.errors import LintError
from safeshift.planning.compile import compile_plan
from safeshift.planning.lint import check_rules
from safeshift.planning.plan import Plan
from safeshift.planning.selecting import Selection
from tests.unit.planning.building import configs, fabric, inventory, plan_of, playbook_of, shipped, site, typed

LINK = "l1:Ethernet1--p1:Ethernet1"
SPEED = "- link_speed: {speed: 100G, links: [Ethernet1]}"
SHUT = "- config: {lines: [shutdown], parents: [interface Ethernet1]}"
FAR = "- {config: {lines: [shutdown], parents: [interface Ethernet1]}, delegate_to: l1}"
MISMATCH = "- config: {lines: [speed 10gfull], parents: [interface Ethernet1]}"
RENUMBER = "- config: {lines: [no ip address], parents: [interface Ethernet1]}"


def check(plan: Plan, start: dict[str, str] | None = None) -> None:
    """Hold a plan against the rules, on dc1 as the lab boots it."""
    check_rules(plan, site(), start or configs())


@pytest.mark.parametrize("name", ["upgrade-primary", "incident-2011"])
def test_shift_then_wait_then_touch_keeps_the_rules(name: str) -> None:
    """The good upgrade passes, and so does the 2011 one, which is refused for another reason."""
    check(plan_of(shipped(name)))
    check_rules(compile_plan(shipped(name), inventory(), fabric(), configs=None), site(), None)


def test_touch_before_drain_is_refused_naming_link_load_place_and_what_to_do() -> None:
    """The playbook that the README shows for it, in the words that an operator reads."""
    with pytest.raises(LintError) as caught:
        check(plan_of(shipped("touch-before-drain")))
    place = shipped("touch-before-drain").plays[0].steps[0].place
    assert str(caught.value) == (
        f"{place}: 'Raise the uplinks' on p1 takes down l1:Ethernet1--p1:Ethernet1 while it carries 17.5 Gbit/s"
    )
    assert caught.value.hint == "before this step: shift or drain p1, then wait_drained"


@pytest.mark.parametrize("touch", [SPEED, SHUT, FAR, MISMATCH], ids=["speed", "shut", "far end", "mismatch"])
@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("", f"takes down {LINK} while it carries 17.5 Gbit/s"),
        ("- wait_drained: {}", f"takes down {LINK} while it carries 17.5 Gbit/s"),
        ("- drain: {}", f"takes down {LINK} with no wait_drained that watches it since p1 was drained"),
        ("- wait_drained: {}\n- drain: {}", "with no wait_drained that watches it"),
        ("- drain: {}\n- wait_drained: {links: [Ethernet2]}", "with no wait_drained that watches it"),
        ("- drain: {}\n- wait_drained: {}\n- undrain: {}", "while it carries 17.5 Gbit/s"),
        ("- drain: {}\n- wait_drained: {}\n- undrain: {}\n- drain: {}", "with no wait_drained that watches it"),
    ],
)
def test_link_taken_down_out_of_order_is_refused(tmp_path: Path, touch: str, before: str, message: str) -> None:
    """By declared effect or by what the text means, at either end, the same rule."""
    with pytest.raises(LintError, match=message):
        check(plan_of(playbook_of(tmp_path, f"{before}\n{touch}")))


@pytest.mark.parametrize("touch", [SPEED, SHUT, FAR, MISMATCH])
@pytest.mark.parametrize(
    "drain", ["- drain: {}", "- shift: primary", "- config: {lines: [max-metric router-lsa], parents: [router ospf 1]}"]
)
def test_link_of_a_drained_and_seen_empty_router_may_go_down(tmp_path: Path, touch: str, drain: str) -> None:
    """A drain by raw lines counts by what it means."""
    check(plan_of(playbook_of(tmp_path, f"{drain}\n- wait_drained: {{}}\n{touch}")))


def test_link_that_flaps_while_lines_are_typed_is_taken_down_by_them(tmp_path: Path) -> None:
    """Where lines take effect as they are typed, ``shutdown`` and ``no shutdown`` in one block is an outage."""
    port = "HundredGigE1/0/1"
    bounce = f"- config: {{lines: [description x, shutdown, no shutdown], parents: [interface {port}]}}"
    with pytest.raises(LintError, match=f"takes down l1:[^ ]*--p2:{port}, and neither end of it is drained"):
        check(plan_of(playbook_of(tmp_path, bounce, "hosts: p2")))
    check(plan_of(playbook_of(tmp_path, bounce.replace(port, "Ethernet1"))))  # staged: nothing happens on the way


def test_router_that_was_drained_before_the_run_needs_only_the_wait(tmp_path: Path) -> None:
    """What someone drained by hand is drained."""
    start = typed("p1", "router ospf 1", " max-metric router-lsa")
    check(plan_of(playbook_of(tmp_path, f"- wait_drained: {{}}\n{SPEED}"), start=start), start)
    with pytest.raises(LintError, match="with no wait_drained"):
        check(plan_of(playbook_of(tmp_path, SPEED), start=start), start)


def test_link_that_is_down_already_may_be_touched(tmp_path: Path) -> None:
    """Nothing crosses it, so nothing is asked for."""
    start = typed("p1", "interface Ethernet1", " shutdown")
    check(plan_of(playbook_of(tmp_path, SPEED), start=start), start)


def test_empty_link_between_routers_in_service_is_refused(tmp_path: Path) -> None:
    """That the model has no traffic on it is not enough: a drained end is asked for."""
    with pytest.raises(LintError, match="takes down p1:Ethernet5--s1:Ethernet5, and neither end of it is drained"):
        check(plan_of(playbook_of(tmp_path, "- config: {lines: [shutdown], parents: [interface Ethernet5]}")))


@pytest.mark.parametrize(
    "selection",
    [Selection(start_at_step="Raise*"), Selection(skip_tags=("first",)), Selection(tags=("touch",))],
    ids=["start", "skip", "tags"],
)
def test_rules_hold_for_what_is_left_after_filtering(tmp_path: Path, selection: Selection) -> None:
    """A filter that drops the drain drops the permission."""
    steps = (
        "- {drain: {}, tags: first}\n- {wait_drained: {}, tags: first}\n"
        "- {name: Raise, tags: touch, link_speed: {speed: 100G, links: [Ethernet1]}}"
    )
    playbook = playbook_of(tmp_path, steps)
    check(plan_of(playbook))
    with pytest.raises(LintError, match="'Raise' on p1 takes down"):
        check(plan_of(playbook, selection=selection))


@pytest.mark.parametrize("conditional", ["drain: {}", "wait_drained: {}"])
def test_step_that_the_run_may_skip_gives_no_permission(tmp_path: Path, conditional: str) -> None:
    """A drain or a wait under a condition on a registered answer may not happen."""
    steps = ["drain: {}", "wait_drained: {}"]
    written = [f"- {{{step}{', when: v is defined' if step == conditional else ''}}}" for step in steps]
    with pytest.raises(LintError):
        check(plan_of(playbook_of(tmp_path, "\n".join(["- {command: show version, register: v}", *written, SPEED]))))


def test_link_lost_by_renumbering_is_seen_in_the_text(tmp_path: Path) -> None:
    """The rule looks at what the lines do to the link, not at their words."""
    with pytest.raises(LintError, match=f"takes down {LINK}"):
        check(plan_of(playbook_of(tmp_path, RENUMBER)))
