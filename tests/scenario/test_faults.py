"""What goes wrong with devices at the worst instants, and how a run ends then: undone and equal, or asking for help.

Each case is one real run on a site of its own; ``at`` names the journal event upon which the fault strikes.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from safeshift.api import RunResult
from safeshift.engine.states import Final
from safeshift.errors import ExitCode
from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import DESCRIBE, play

THREE_LINES = """
- name: Three lines
  config:
    parents: ["interface {{ port }}"]
    lines: [description by safeshift, load-interval 30, logging event link-status]
"""
SHORT_GUARD = "guard: 60s"  # the shortest that IOS has
HANG, CUT, MANAGEMENT = FaultKind.HANG, FaultKind.CUT_SESSION, FaultKind.CUT_MANAGEMENT
MUTE, REBOOT, REJECT, SLOW = FaultKind.STOP_ANSWERING, FaultKind.REBOOT, FaultKind.REJECT, FaultKind.SLOW
EVERYONE = ("a", "b", "s", "m1", "m2")


@dataclass(frozen=True)
class Case:
    """One scenario.

    Attributes:
        at: The event upon which the faults begin.
        faults: What goes wrong then.
        over: Seconds until it is over; 0: what the faults themselves say, or never.
        ends: How the run must end.
        says: What the reason of an undone run contains.
    """

    at: str
    faults: tuple[Fault, ...]
    over: float = 0.0
    ends: tuple[Final, ...] = (Final.ROLLED_BACK,)
    steps: str = DESCRIBE
    verify: str = ""
    hosts: str = "a:b"
    more: str = SHORT_GUARD
    says: str = ""


@dataclass(frozen=True)
class End:
    """How a scenario ended."""

    result: RunResult
    changed: tuple[str, ...]


def fault(kind: FaultKind, *devices: str, **more: Any) -> tuple[Fault, ...]:
    """Make one fault of the same kind for each device."""
    return tuple(Fault(kind, device, **more) for device in devices)


UNDONE = (Final.ROLLED_BACK,)
DONE = (Final.COMPLETED,)
HELP = (Final.NEEDS_OPERATOR,)

CASES = {
    "a_hangs_a_while_in_its_commit": Case("intent commit a", fault(HANG, "a"), 3.0, DONE),
    "b_hangs_a_while_in_its_commit": Case("intent commit b", fault(HANG, "b"), 3.0, DONE),
    "a_hangs_in_its_commit_beyond_the_deadline": Case("intent commit a", fault(HANG, "a"), 8.0, verify="deadline: 4s"),
    "b_hangs_in_its_commit_beyond_the_deadline": Case("intent commit b", fault(HANG, "b"), 8.0, verify="deadline: 4s"),
    "b_hangs_as_it_is_confirmed_beyond_the_deadline": Case(
        "intent confirm b", fault(HANG, "b"), 9.0, verify="deadline: 4s", says="was not confirmed within its deadline"
    ),
    "a_hangs_as_the_goal_is_observed_beyond_the_deadline": Case(
        "intent observe goal", fault(HANG, "a"), 9.0, verify="deadline: 4s", says="goal was not observed within its"
    ),
    "a_is_cut_before_the_echo_of_its_commit": Case(
        "intent commit a", fault(CUT, "a", match="commit timer", when="before_echo", times=1)
    ),
    "a_is_cut_after_its_commit": Case(
        "intent commit a", fault(CUT, "a", match="^commit timer", times=1), ends=(*DONE, *UNDONE)
    ),
    "b_is_cut_before_the_echo_of_its_line": Case(
        "intent commit b", fault(CUT, "b", match="description", when="before_echo", times=1)
    ),
    "b_is_cut_after_its_line": Case(
        "intent commit b", fault(CUT, "b", match="description", times=1), ends=(*DONE, *UNDONE)
    ),
    "b_is_cut_as_its_timer_is_armed": Case(
        "intent arm b", fault(CUT, "b", match="revert timer", times=1), ends=(*DONE, *UNDONE)
    ),
    "a_is_cut_as_it_stages": Case("intent stage a", fault(CUT, "a", match="description", times=1)),
    "a_is_cut_as_it_confirms": Case(
        "intent confirm a", fault(CUT, "a", match="commit$", times=1), ends=(*DONE, *UNDONE)
    ),
    "b_is_cut_as_it_confirms": Case(
        "intent confirm b", fault(CUT, "b", match="configure confirm", times=1), ends=(*DONE, *UNDONE)
    ),
    "a_refuses_a_line_in_the_middle": Case(
        "intent stage a", fault(REJECT, "a", match="load-interval"), steps=THREE_LINES
    ),
    "b_refuses_a_line_in_the_middle": Case(
        "intent commit b", fault(REJECT, "b", match="load-interval"), steps=THREE_LINES
    ),
    "a_applies_half": Case("intent stage a", fault(FaultKind.APPLY_HALF, "a", times=1), steps=THREE_LINES),
    "b_applies_half": Case("intent commit b", fault(FaultKind.APPLY_HALF, "b", lines=2), 2.0, steps=THREE_LINES),
    "a_ignores_a_line": Case("intent stage a", fault(FaultKind.IGNORE, "a", match="load-interval"), steps=THREE_LINES),
    "b_applies_half_and_takes_no_line_any_more": Case(
        "intent commit b", fault(FaultKind.APPLY_HALF, "b", lines=2), 0.0, (*UNDONE, *HELP), steps=THREE_LINES
    ),
    "a_takes_no_line_any_more_and_its_timer_is_gone": Case(
        "intent soak", fault(FaultKind.APPLY_HALF, "a", lines=0) + fault(MUTE, "m1"), 0.0, HELP, verify="soak: 20s"
    ),
    "b_ignores_a_line": Case("intent commit b", fault(FaultKind.IGNORE, "b", match="load-interval"), steps=THREE_LINES),
    "a_reboots_while_it_is_watched": Case("intent watch", fault(REBOOT, "a", seconds=3.0), verify="settle: 5s"),
    "b_reboots_while_it_is_watched": Case("intent watch", fault(REBOOT, "b", seconds=3.0), verify="settle: 5s"),
    "a_reboots_in_its_commit": Case("intent commit a", fault(REBOOT, "a", seconds=3.0)),
    "b_reboots_in_its_commit": Case("intent commit b", fault(REBOOT, "b", seconds=3.0)),
    "a_cannot_be_reached_after_its_commit": Case(
        "outcome commit a", fault(MANAGEMENT, "a", seconds=12.0), ends=(*DONE, *UNDONE)
    ),
    "b_cannot_be_reached_after_its_commit": Case(
        "outcome commit b", fault(MANAGEMENT, "b", seconds=12.0), ends=(*DONE, *UNDONE)
    ),
    "b_swallows_all_after_its_commit": Case(
        "outcome commit b", fault(MANAGEMENT, "b", seconds=12.0, when="blackhole"), ends=(*DONE, *UNDONE)
    ),
    "nobody_can_be_reached_for_long": Case(
        "intent watch", fault(MANAGEMENT, *EVERYONE, seconds=20.0), verify="settle: 2s, observer_grace: 5s, hold: 20s"
    ),
    "nobody_can_be_reached_from_the_commit_on": Case(
        "intent commit b", fault(MANAGEMENT, *EVERYONE, seconds=15.0), verify="observer_grace: 5s, hold: 20s"
    ),
    "a_node_is_silent_for_a_while": Case("intent watch", fault(MUTE, "m1"), 8.0, verify="settle: 5s, hold: 20s"),
    "a_node_is_silent_for_good": Case("intent watch", fault(MUTE, "m1"), 0.0, HELP, verify="settle: 5s"),
    "nodes_are_isolated_while_a_slow_device_is_sent_its_lines": Case(
        "intent commit b",
        (*fault(MUTE, "m1"), *fault(SLOW, "b", seconds=1.5, match="description|interface")),
        12.0,
        verify="hold: 20s",
    ),
    "all_answers_are_slow": Case("intent look", fault(SLOW, "a", "b", seconds=0.3), ends=DONE, verify="deadline: 25s"),
    "consoles_talk_into_the_answers": Case(
        "intent look",
        fault(
            FaultKind.NOISE,
            "a",
            "b",
            text="%LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet7, changed state to up",
        ),
        ends=DONE,
    ),
    "the_login_is_refused_after_a_cut": Case(
        "intent commit a",
        (*fault(CUT, "a", match="^commit timer", times=1), *fault(FaultKind.WRONG_PASSWORD, "a")),
        15.0,
    ),
    "nobody_could_log_in_any_more_after_lines_about_logins": Case(
        "intent watch",
        fault(FaultKind.WRONG_PASSWORD, "b"),
        8.0,
        steps="""
- name: Another operator
  config: {lines: [username ops privilege 15]}
""",
        hosts="b",
        says="nobody could log in to b any more",
    ),
    "a_is_gone_for_good": Case("outcome commit a", fault(MANAGEMENT, "a"), 0.0, HELP, hosts="a", more="guard: 35s"),
    "b_loses_a_line_of_others_that_came_in_between": Case(
        "intent watch", fault(REJECT, "b", match="configure confirm", times=1), ends=UNDONE
    ),
}


def playing(case: Case) -> Scenario:
    """Return the scenario of a case."""

    def scenario(stage: Stage) -> End:
        site = stage.site()
        timers: list[threading.Timer] = []

        def begin() -> None:
            for one in case.faults:
                site.lab.inject(one)
            if case.over:
                timers.append(threading.Timer(case.over, finish))
                timers[-1].start()

        def finish() -> None:
            for one in case.faults:
                site.lab.clear(one.device, one.kind)

        text = play(case.steps, hosts=case.hosts, verify=case.verify, more=case.more)
        result = site.run(text, at={case.at: begin})
        for timer in timers:
            timer.join()
        return End(result, site.changed())

    return scenario


SCENARIOS = {name: playing(case) for name, case in CASES.items()}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", CASES)
def test_run_with_a_fault_ends_legally_and_never_silently(ends: Ends, name: str) -> None:
    """COMPLETED as wanted, ROLLED_BACK with equal configurations, or NEEDS_OPERATOR with devices and what to type."""
    end: End = ends.of(name)
    final = end.result.final
    assert final in CASES[name].ends, (end.result.reason, end.result.todo)
    if final is Final.ROLLED_BACK:
        assert CASES[name].says in end.result.reason
        assert (end.changed, end.result.todo, end.result.exit_code) == ((), (), ExitCode.ROLLED_BACK)
        assert end.result.reason
    elif final is Final.COMPLETED:
        assert end.changed == tuple(CASES[name].hosts.split(":"))
    else:
        assert end.result.exit_code is ExitCode.NEEDS_OPERATOR
        assert end.result.todo
        named = {one.device for one in CASES[name].faults if one.kind is MANAGEMENT}  # nobody saw what it holds
        for device in (*end.changed, *named):
            assert any(line.startswith(f"{device}: to undo it, type:\n") for line in end.result.todo)
