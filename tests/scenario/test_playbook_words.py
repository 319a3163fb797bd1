"""Ansible's words in real runs, one small run each: conditions, answers, loops, tags, limits, batches, blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from safeshift.api import RunResult
from safeshift.engine.states import Final
from safeshift.journal.events import Kind
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import DESCRIBE, found, play

pytestmark = pytest.mark.timeout(400)
TAGGED = """
- name: First
  config: {parents: ["interface {{ port }}"], lines: [description first]}
  tags: one
- name: Second
  config: {parents: ["interface {{ port }}"], lines: [description second]}
  tags: two
"""


@dataclass(frozen=True)
class Case:
    """A play, what the command line selects, and the text that each router must hold at its end (or must not)."""

    steps: str
    holds: dict[str, str]
    lacks: dict[str, str] = field(default_factory=dict)
    hosts: str = "a:b"
    more: str = ""
    flags: dict[str, Any] = field(default_factory=dict)
    final: Final = Final.COMPLETED
    moves: int = 1


CASES = {
    "when_on_a_variable": Case(
        DESCRIBE.rstrip() + '\n  when: inventory_hostname == "b"\n', {"b": "by safeshift"}, {"a": "by safeshift"}
    ),
    "register_and_when": Case(
        """
        - name: Ask
          command: show version
          register: version
        - name: On EOS only
          when: '"Arista" in version.stdout[0]'
          config: {parents: ["interface {{ port }}"], lines: [description by safeshift]}
        """,
        {"a": "by safeshift"},
        {"b": "by safeshift"},
        moves=2,
    ),
    "register_and_assert_that_fails": Case(
        DESCRIBE
        + """
- name: Ask
  command: show version
  register: version
- name: Doubt
  assert: {that: ['"Juniper" in version.stdout[0]'], fail_msg: this is no Juniper}
""",
        {},
        {"a": "by safeshift", "b": "by safeshift"},
        final=Final.ROLLED_BACK,
        moves=3,
    ),
    "loop": Case(
        """
        - name: Describe {{ item }}
          loop: [Ethernet1, Ethernet2]
          config: {parents: ["interface {{ item }}"], lines: ["description {{ item }} by safeshift"]}
        """,
        {"a": "description Ethernet2 by safeshift"},
        hosts="a",
        moves=2,
    ),
    "tags": Case(TAGGED, {"a": "first", "b": "first"}, {"a": "second"}, flags={"tags": ("one",)}),
    "skip_tags": Case(TAGGED, {"a": "second", "b": "second"}, flags={"skip_tags": ("one",)}),
    "start_at_step": Case(TAGGED, {"a": "second"}, {"a": "first"}, flags={"start_at_step": "Second"}),
    "limit": Case(DESCRIBE, {"a": "by safeshift"}, {"b": "by safeshift"}, flags={"limit": "a"}),
    "serial": Case(DESCRIBE, {"a": "by safeshift", "b": "by safeshift"}, more="serial: 1", moves=2),
    "block": Case(
        """
        - name: Both at once
          block:
            together: true
            steps:
              - config: {parents: ["interface {{ port }}"], lines: [description by safeshift]}
              - config: {parents: [interface Ethernet2], lines: [description by safeshift too]}
                delegate_to: s
        """,
        {"a": "by safeshift", "s": "by safeshift too"},
        hosts="a",
    ),
    "delegate_to": Case(
        """
        - name: Elsewhere
          delegate_to: s
          config: {parents: [interface Ethernet2], lines: ["description for {{ inventory_hostname }}"]}
        """,
        {"s": "description for a"},
        {"a": "description for a"},
        hosts="a",
    ),
    "approved": Case("- approve: shall we?\n" + DESCRIBE.lstrip(), {"a": "by safeshift"}, moves=2),
    "pause": Case("- pause: 200ms\n" + DESCRIBE.lstrip(), {"a": "by safeshift"}, moves=2),
    "drain_and_undrain": Case(
        """
        - {name: Drain, drain: {}}
        - {name: Undrain, undrain: {}}
        """,
        {},
        {"s": "max-metric"},
        hosts="s",
        more="exposure: {max: 5m, reason: a test}",
        moves=2,
    ),
}


def playing(case: Case) -> Scenario:
    """Return the scenario of a case."""

    def scenario(stage: Stage) -> tuple[RunResult, dict[str, str]]:
        site = stage.site()
        text = play(case.steps, hosts=case.hosts, more=case.more)
        result = site.run(text, approve=lambda message: True, **case.flags)
        return result, {name: site.lab.running(name) for name in site.kept}

    return scenario


SCENARIOS = {name: playing(case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_playbook_words_mean_in_a_run_what_they_mean_in_ansible(ends: Ends, name: str) -> None:
    """The run takes the moves that the words leave, and each router ends with the lines that it should have."""
    result, running = ends.of(name)
    case = CASES[name]
    assert result.final is case.final, (result.reason, result.todo, result.refusal)
    assert len(found(result.events, Kind.MOVE_OPENED)) == case.moves
    for device, text in case.holds.items():
        assert text in running[device]
    for device, text in case.lacks.items():
        assert text not in running[device]
