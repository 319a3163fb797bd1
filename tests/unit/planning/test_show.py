"""A plan in words: everything that ``check`` owes the operator, in plain text that fits a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.planning.compile import compile_plan
from safeshift.planning.forecast import Judgement, foresee
from safeshift.planning.plan import Plan
from safeshift.planning.show import WIDTH, describe, describe_differences, to_text
from safeshift.units import show_duration
from tests.unit.planning.building import (
    configs,
    fabric,
    inventory,
    plan_of,
    playbook_of,
    shipped,
    site,
    typed,
)


def text_of(plan: Plan, known: dict[str, str] | None = None, judgement: Judgement | None = None) -> str:
    """A plan as text."""
    return to_text(describe(plan, judgement or foresee(plan, site(), known or configs()), site()))


def section_of(text: str, title: str) -> str:
    """The section of a text that begins so."""
    return next(block for block in text.split("\n\n") if block.startswith(title))


def test_move_is_told_with_commands_inverse_deadline_guard_and_exposure() -> None:
    """Each device of a move has exactly what is sent, exactly what undoes it, and its own timer."""
    text = text_of(plan_of(shipped("upgrade-primary")))
    assert section_of(text, "1.1.1") == (
        "1.1.1  Shift [shift] on p1\n"
        f"  Shift traffic off p1; {shipped('upgrade-primary').plays[0].steps[0].place}\n"
        "  deadline: 30 s each to capture, to send and read back, to confirm\n"
        "  exposed: a single failure would break something while this stands (see What-if)\n"
        "  p1 (Arista EOS)\n"
        "    send  router ospf 1\n"
        "             max-metric router-lsa\n"
        "    undo  router ospf 1\n"
        "             no max-metric router-lsa\n"
        "    guard: commit timer, 2 min"
    )
    upgrade = section_of(text, "1.2.3")
    assert (
        "  p2 (Cisco IOS, unproven commands)\n    send  interface HundredGigE1/0/1\n           speed 100000\n"
        in upgrade
    )
    assert "takes down: l1:Ethernet2--p2:HundredGigE1/0/1," in upgrade and "guard: revert timer, 2 min" in upgrade


def test_batch_is_told_with_its_checks_and_its_goal() -> None:
    """What is measured, how long it may fail, and what must be seen at the end."""
    plan = plan_of(shipped("upgrade-primary"))
    batch = section_of(text_of(plan), "Batch 1 of 2: p1")
    settle = show_duration(plan.batches[0].checks.settle_s)
    words = " ".join(batch.split())
    assert "each move keeps primary, secondary: loss at most 1 %, load at most 80 %" in words
    assert f"failing undoes it after {settle}, not knowing after 60 s, isolation at once" in words
    assert "- Ethernet1 runs at 100 Gbit/s (l1, p1, l3)" in words
    assert "exposure accepted for at most 20 min: two routers" in words


def test_verdict_tells_refusal_exposure_and_standing_weakness_apart() -> None:
    """One sentence for the reason; the rest below it."""
    good = section_of(text_of(plan_of(shipped("upgrade-primary"))), "What-if")
    assert "no state of this plan, forward or back, breaks an invariant by itself" in good
    assert "fullest: p2 carries 70 of 100 Gbit/s after 'Shift' on p1" in good
    assert "exposure (declared):\n  - if p2 fails while p1 is out of service, s1 would carry 80 of 20 Gbit/s" in good
    assert "weak before the first step already" in good
    bad = section_of(text_of(plan_of(shipped("incident-2011"))), "What-if")
    assert "REFUSED: s1 would carry 45 of 20 Gbit/s after 'Shift by hand' on p1\n" in bad
    final = section_of(
        text_of(plan_of(shipped("upgrade-primary")), judgement=Judgement(("why",), overridable=False)), "What-if"
    )
    assert "REFUSED: why; no flag overrides this" in final


def test_plan_without_devices_says_where_its_inverses_come_from() -> None:
    """Offline, nothing is promised that only the device knows."""
    plan = compile_plan(shipped("upgrade-primary"), inventory(), fabric(), configs=None)
    text = to_text(describe(plan, foresee(plan, site(), None), site()))
    assert "    undo  from the device at run time\n" in text
    assert "guard: revert timer, 2 min, if its configuration lets it be armed" in text
    assert "made from the files alone" in text


def test_device_without_a_guard_is_told_why_and_what_it_needs(tmp_path: Path) -> None:
    """The lines that give an IOS its revert timer are printed, never sent."""
    start = typed("p2", "no archive")
    plan = plan_of(playbook_of(tmp_path, "- drain: {}", "hosts: p2"), start=start)
    words = " ".join(text_of(plan, start).split())
    assert "no guard: its configuration lacks what the timer needs; configure: archive / path flash:ss-archive" in words


@pytest.mark.parametrize(
    ("steps", "head", "size"),
    [
        ("- pause: 1s", "hosts: p1", "1 move in 1 batch, plan"),
        ("- pause: 1s\n- pause: 1s", "hosts: p1", "2 moves in 1 batch, plan"),
        ("- pause: 1s", "hosts: primary_routers\nserial: 1", "2 moves in 2 batches, plan"),
    ],
)
def test_size_of_a_plan_is_told_in_words_that_agree(tmp_path: Path, steps: str, head: str, size: str) -> None:
    """One batch is not ``1 batches``."""
    text = text_of(plan_of(playbook_of(tmp_path, steps, head)))
    assert size in " ".join(text.split())  # the path before it may be long enough for a new line


def test_approval_is_shown_once_for_all_hosts_of_a_batch(tmp_path: Path) -> None:
    """A person is asked each question once, so each is told once."""
    steps = "- approve: sure\n- approve: sure of {{ inventory_hostname }}"
    text = text_of(plan_of(playbook_of(tmp_path, steps, "hosts: primary_routers")))
    assert section_of(text, "1.1.1").count("asks a person") == 1
    assert "asks a person, within 60 min: sure of p1\n  asks a person, within 60 min: sure of p2" in section_of(
        text, "1.1.2"
    )


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("- {command: show version, register: v}", "p1: reads show version and keeps the answers as v, within 30 s"),
        ("- {command: uname -a, delegate_to: n1}", "n1: reads uname -a, within 30 s"),
        ("- pause: 90s", "p1: waits 90 s, probing all the time"),
        ("- approve: sure", "asks a person, within 60 min: sure"),
        ("- assert: '1 == 1'", "p1: its conditions held when this plan was made"),
        (
            "- wait_drained: {links: [Ethernet1]}",
            "p1: until Ethernet1 carry less than 1 %, by their counters, at most 60 s",
        ),
    ],
)
def test_move_that_sends_nothing_is_told_in_one_line(tmp_path: Path, step: str, words: str) -> None:
    """What the engine will do instead of sending."""
    assert words in section_of(text_of(plan_of(playbook_of(tmp_path, step))), "1.1.1").replace("\n  ", " ")


def test_condition_that_only_the_run_decides_is_shown(tmp_path: Path) -> None:
    """The operator sees which hosts may be left out, and why."""
    steps = "- {command: show version, register: v}\n- {drain: {}, when: v is defined}\n- {assert: v is defined}"
    text = text_of(plan_of(playbook_of(tmp_path, steps)))
    assert "on p1 only if the run finds: v is defined" in text
    assert "p1: goes on only if v is defined" in text
    assert "hosts that the run may leave out were judged both ways" in text


def test_what_is_already_true_is_shown_as_nothing_to_send(tmp_path: Path) -> None:
    """No command, no inverse, no guard."""
    start = typed("p1", "router ospf 1", " max-metric router-lsa")
    text = text_of(plan_of(playbook_of(tmp_path, "- drain: {}"), start=start), start)
    assert section_of(text, "1.1.1").endswith("p1 (Arista EOS)\n    already as wanted: nothing is sent")


def test_differences_are_unified_diffs_per_move_and_device() -> None:
    """``--diff`` shows each configuration before and after each move."""
    sections = describe_differences(plan_of(shipped("upgrade-primary")))
    assert len(sections) == 2 * (1 + 5 + 1)
    assert sections[0].title == "1.1.1 Shift on p1"
    assert sections[0].lines[:2] == ("--- before", "+++ after") and "+   max-metric router-lsa" in sections[0].lines


@pytest.mark.parametrize("name", ["upgrade-primary", "incident-2011", "touch-before-drain"])
def test_text_fits_the_width_and_keeps_numbers_with_their_units(name: str) -> None:
    """At most 100 columns, and no line begins with a lonely unit."""
    lines = text_of(plan_of(shipped(name))).splitlines()
    paths = [line for line in lines if str(shipped(name).path) in line]
    assert all(len(line) <= WIDTH for line in lines if line not in paths)
    assert not any(line.split()[:1] in (["s"], ["s,"], ["%"], ["Gbit/s"]) for line in lines)
