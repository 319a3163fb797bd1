"""Machines get everything, unshortened, as plain JSON."""

from __future__ import annotations

import json
from pathlib import Path

from safeshift.engine.states import Act
from safeshift.journal.store import Journal
from safeshift.reporting.structured import event_json, run_json, runs_json, verify_json
from tests.unit.reporting.recorded import Script, record


def test_run_as_json_has_its_end_its_differences_and_every_event(tmp_path: Path) -> None:
    """What the text tells stands in fields; the events are whole."""
    events = record(tmp_path, Script(isolated_in=Act.WATCH, after={"p1": {"error": "gone"}}))
    found = json.loads(json.dumps(run_json(events, head="abc")))
    assert (found["run"], found["state"], found["exit_code"], found["head"]) == ("r1", "ROLLED_BACK", 4, "abc")
    assert (found["operator"], found["playbook"], len(found["plan_hash"])) == ("alice", "up.yml", 64)
    assert [difference["device"] for difference in found["differences"]] == ["p1"]
    assert [event["seq"] for event in found["events"]] == list(range(1, len(events) + 1))
    assert found["events"][0] == json.loads(json.dumps(event_json(events[0])))


def test_run_that_has_not_ended_has_a_null_state(tmp_path: Path) -> None:
    """Null is not a state: a machine cannot take it for an end."""
    found = run_json(record(tmp_path, Script())[:5])
    assert (found["state"], found["exit_code"], found["differences"]) == (None, None, None)
    assert run_json([])["run"] is None


def test_runs_and_verify_as_json(tmp_path: Path) -> None:
    """Instants are ISO 8601, flags are booleans, and the head is there."""
    events = record(tmp_path, Script())
    journal = Journal.open(tmp_path / "journal.db")
    (row,) = json.loads(json.dumps(runs_json(journal.runs())))
    report = json.loads(json.dumps(verify_json(journal.verify())))
    journal.close()
    assert (row["id"], row["opened"], row["orphaned"]) == ("r1", events[0].at.isoformat(), False)
    assert (report["sound"], report["runs"][0]["events"]) == (True, len(events))
