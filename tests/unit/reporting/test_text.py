"""A run told from its journal has everything in it that an operator asks for the day after."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeshift.actions.base import MoveKind
from safeshift.engine.states import Act, MoveOutline, Outline
from safeshift.journal.events import Event, Json, Kind
from safeshift.platforms.base import GuardStyle
from safeshift.reporting.narration import Narrator
from safeshift.reporting.text import show_run
from tests.unit.engine.exploration import entries, explore
from tests.unit.reporting.recorded import FACTS, Script, record

NO_NEIGHBOR: dict[str, Json] = {"p1": {**FACTS["p1"], "show ip ospf neighbor": []}}  # type: ignore[dict-item]  # a dict


def told(events: tuple[Event, ...], *, head: str = "") -> str:
    """The whole telling as one text."""
    return "\n".join(str(line) for line in show_run(events, head=head))


def test_completed_run_tells_who_what_where_and_every_line_sent(tmp_path: Path) -> None:
    """Operator, command line, versions, plan, each line, each measurement, each end of a move, the end and the head."""
    shown = told(record(tmp_path, Script()), head="abc123")
    for words in (
        "run r1 by alice@jump1, 2011-04-21 07:47:00 UTC",
        "safeshift run up.yml",
        "netmiko 4.6.0",
        "plan ",
        "2 moves in 1 batch, changes 1 device",
        "move 1.1.1 Shift traffic off p1 > Shift (shift on p1)",
        "p1 is sent (guard 120 s):",
        "   max-metric router-lsa",
        "p1 sent in 0.25 s",
        "p1 holds exactly what was sent",
        "networks after 5 s: primary PASS (0 of 40 probes missed, 1.5 ms), secondary PASS",
        "safe point: batch 1 has passed",
        "adjacencies, routes and interfaces are as they were before",
        "COMPLETED (exit 0)",
        "head abc123",
    ):
        assert words in shown


def test_undone_run_tells_when_and_why_and_what_differs_now(tmp_path: Path) -> None:
    """The isolation, the moves that were undone, the proof of it, and the operational state that is not the same."""
    shown = told(record(tmp_path, Script(isolated_in=Act.WATCH, after=NO_NEIGHBOR)))
    order = (
        "ISOLATION: n1 and n2 are isolated",
        "undoing 1.1.1 Shift traffic off p1 > Shift",
        "because of isolation: n1 and n2",
        "p1 is as it was before",
        "undone, and proven to be,",
        "p1: 10.0.0.2 Ethernet1: gone (was state FULL)",
        "ROLLED_BACK (exit 4)",
    )
    places = [shown.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


def test_measurement_that_decided_is_told_with_its_nodes(tmp_path: Path) -> None:
    """A FAIL is shown with who missed what, and who was lost."""
    shown = told(record(tmp_path, Script(failing={Act.WATCH: "n1 lost too much"})))
    assert "networks after 5 s: primary FAIL (30 of 40 probes missed, 1.5 ms), secondary PASS" in shown
    assert "n1 on primary FAIL, 30 of 40 probes missed, lost: n3" in shown


def test_run_that_needs_an_operator_ends_with_what_to_do(tmp_path: Path) -> None:
    """The last lines are the most important ones: which device, and what it differs in."""
    failing = {Act.WATCH: "bad", Act.ABORT: "no answer", Act.CHECK_RESTORED: "p1 is not as it was"}
    shown = told(record(tmp_path, Script(failing=failing)))
    assert "p1 abort FAILED: no answer" in shown
    assert "+ max-metric router-lsa" in shown
    assert shown.index("to be done by a person, now:") < shown.rindex("p1")
    assert "NEEDS_OPERATOR (exit 5)" in shown


def test_overridden_what_if_is_loud(tmp_path: Path) -> None:
    """Who goes on against the what-if finds the harm that was foreseen and the own words in the report."""
    harm = "s1 would carry 45 of 20 Gbit/s"
    forecast: dict[str, Json] = {
        "verdict": "FAIL",
        "reason": harm,
        "refusals": [harm, "and more"],
        "override": "we must",
    }
    shown = told(record(tmp_path, Script(opened={"override": "we must"}, forecast=forecast)))
    for words in (f"what-if: {harm}", "and more", "THE WHAT-IF IS OVERRIDDEN: we must", "because: we must"):
        assert words in shown


def test_state_that_could_not_be_looked_at_is_not_called_equal(tmp_path: Path) -> None:
    """A run without facts at its end says that nothing can be compared."""
    assert "nothing can be compared" in told(record(tmp_path, Script(after=None)))


@pytest.mark.parametrize("length", [0, 1, 5, 12])
def test_run_that_died_is_told_as_far_as_it_came(tmp_path: Path, length: int) -> None:
    """A journal may end anywhere; what there is of it is told, and that it did not end is said."""
    shown = told(record(tmp_path, Script())[:length])
    assert ("died" in shown) and ("COMPLETED" not in shown)


def test_every_state_of_the_machine_can_be_told() -> None:
    """Whatever journal the machine can write, it is told whole: its end, its reason, and every device in its list."""
    changes = [MoveOutline(MoveKind.CHANGE, {"a": style}) for style in (GuardStyle.STAGED, GuardStyle.NONE)]
    ends: set[str] = set()
    for visit in explore(Outline((tuple(changes),))):
        events = entries(visit.journal)
        shown = told(events)
        if events[-1].kind is Kind.RUN_CLOSED:
            ends.add(str(events[-1].data["state"]))
            todo = events[-1].data["todo"]
            assert isinstance(todo, list)
            assert all(str(sentence) in shown for sentence in (events[-1].data["state"], *todo))
    assert ends == {"COMPLETED", "ROLLED_BACK", "NEEDS_OPERATOR", "REFUSED"}


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["act", "batch", "checks", "detail", "device", "elapsed_s", "equal", "facts", "guard_s", "hash", "lines",
          "moves", "networks", "needed", "nodes", "outcome", "plan", "state", "todo", "versions", "when"]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(Kind), st.dictionaries(st.sampled_from(FIELDS), JUNK)), max_size=8))
def test_events_of_any_shape_are_told_without_failing(entries: list[tuple[Kind, dict[str, Json]]]) -> None:
    """An old, a newer or a damaged journal is told as well as it can be."""
    now = datetime(2011, 4, 21, tzinfo=UTC)
    events = [Event("r1", seq, now, 0.0, kind, data) for seq, (kind, data) in enumerate(entries, 1)]
    assert all("\n" not in str(line) for line in show_run(events))


@pytest.mark.parametrize("full", [False, True])
def test_every_kind_of_event_can_be_told_without_any_data(full: bool) -> None:
    """No kind was forgotten, and none relies on a field being there."""
    narrator = Narrator(full=full)
    now = datetime(2011, 4, 21, tzinfo=UTC)
    for kind in Kind:
        lines = narrator.tell(Event("r1", 1, now, 0.0, kind, {}))
        assert all(line.text for line in lines)
