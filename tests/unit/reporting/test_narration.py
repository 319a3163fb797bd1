"""The words for what a scripted run does not bring: labs, answers of read commands, goals, evidence of an alarm."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from safeshift.journal.events import Event, Json, Kind
from safeshift.reporting.narration import Narrator

NODE: dict[str, Json] = {
    "node": "n1",
    "network": "primary",
    "verdict": "FAIL",
    "lost": ["n3"],
    "sent": 20,
    "missed": 20,
}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (Kind.RUN_OPENED, {"lab": "/tmp/lab"}, "on the lab at /tmp/lab: no real device is touched"),
        (Kind.FORECAST, {"verdict": "PASS", "exposures": ["p2 fails"]}, "accepted exposure: p2 fails"),
        (Kind.FORECAST, {"verdict": "FAIL", "exposures": ["p2 fails"]}, "\nexposure: p2 fails"),
        (Kind.FORECAST, {"verdict": "PASS", "standing": ["s1 is weak"]}, "standing weakness: s1 is weak"),
        (Kind.PREFLIGHT, {"check": "guards", "verdict": "FAIL", "detail": "p1 (other)"}, "guards: FAIL, p1 (other)"),
        (Kind.CAPTURED, {"outcome": "failed", "detail": "p1 was changed"}, "not begun: p1 was changed"),
        (Kind.CAPTURED, {"outcome": "done", "detail": "already as wanted", "needed": []}, "already as wanted"),
        (Kind.INTENT, {"act": "commit", "device": "p1", "guard": "none", "lines": ["x"]}, "no guard on this device"),
        (Kind.INTENT, {"act": "undo", "device": "p1", "guard": "none", "lines": ["no x"]}, "p1 is sent the inverse"),
        (Kind.OUTCOME, {"act": "save", "device": "p1", "outcome": "unknown"}, "p1 save UNKNOWN"),
        (Kind.OUTCOME, {"outcome": "done", "answers": {"p1": {"show clock": "12:00"}}}, "p1> show clock\n12:00"),
        (Kind.OUTCOME, {"outcome": "unknown", "traceback": "Traceback\n  line 1"}, "Traceback\n  line 1"),
        (Kind.READ_BACK, {"device": "p1", "outcome": "unknown", "detail": "no answer"}, "p1 cannot be told: no answer"),
        (Kind.GOAL, {"outcome": "done", "detail": "goal observed"}, "goal observed"),
        (Kind.GOAL, {"outcome": "failed", "checks": [{"text": "Et1 100G", "met": False}]}, "NOT MET: Et1 100G"),
        (Kind.SIGNAL, {"cause": "isolation", "networks": {"primary": "FAIL"}, "nodes": [NODE]}, "lost: n3"),
        (Kind.UNWIND_OPENED, {"cause": "interrupt", "moves": []}, "undoing nothing"),
        (Kind.NOTE, {"text": "look here"}, "note: look here"),
        (Kind.RUN_CLOSED, {"state": "REFUSED", "exit_code": 3, "reason": "no"}, "REFUSED (exit 3) after 0 s, no"),
    ],
)
def test_event_is_told_in_words_an_operator_can_search_for(kind: Kind, data: dict[str, Json], words: str) -> None:
    """Each of these events is told in full, with the facts it holds."""
    event = Event("r1", 1, datetime(2011, 4, 21, tzinfo=UTC), 0.0, kind, data)
    told = "\n".join(line.text for line in Narrator(full=True).tell(event))
    assert words in told


@pytest.mark.parametrize("action", ["approve", "assert", "wait_drained"])
def test_failed_step_that_sends_nothing_is_told_by_its_action(action: str) -> None:
    """An operator reads the word of the playbook, not the engine's."""
    narrator, at = Narrator(), datetime(2011, 4, 21, tzinfo=UTC)
    move: dict[str, Json] = {"id": "1.1.2", "action": action, "name": "x", "hosts": ["p1"]}
    narrator.tell(Event("r1", 1, at, 0.0, Kind.PLANNED, {"plan": {"batches": [{"moves": [move]}]}, "hash": "0"}))
    failed: dict[str, Json] = {"act": "perform", "move": "1.1.2", "outcome": "failed", "detail": "not so"}
    told = narrator.tell(Event("r1", 2, at, 0.0, Kind.OUTCOME, failed))
    assert [line.text for line in told] == [f"{action} FAILED: not so"]
