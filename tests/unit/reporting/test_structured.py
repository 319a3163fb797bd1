"""Machines get everything, unshortened, as plain JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from safeshift.engine.states import Act
from safeshift.journal.events import Kind
from safeshift.journal.store import Journal
from safeshift.reporting.runlog import RunLog
from safeshift.reporting.structured import event_json, run_json, runs_json, verify_json
from tests.unit.reporting.recorded import CONFIG, SECRET, Script, record


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


def test_configurations_are_named_by_their_hash_unless_they_are_asked_for(tmp_path: Path) -> None:
    """What is captured, planned and read back holds secrets; logs and pipes have more readers than the journal."""
    events = record(tmp_path, Script())
    captured = next(event for event in events if event.kind is Kind.CAPTURED)
    assert SECRET in json.dumps(captured.data)
    assert [SECRET in json.dumps(event_json(event)) for event in events] == [False] * len(events)
    (held,) = json.loads(json.dumps(event_json(captured)))["data"]["devices"].values()
    assert held["config"] == f"sha256:{hashlib.sha256(CONFIG.encode()).hexdigest()}"
    assert held["lines"] == ["router ospf 1", "   max-metric router-lsa"]  # what is sent is never hidden
    assert event_json(captured, configs=True)["data"] == captured.data
    assert SECRET not in json.dumps(run_json(events))
    assert json.dumps(run_json(events, configs=True)).count(SECRET) == json.dumps([e.data for e in events]).count(
        SECRET
    )


def test_answer_of_a_step_that_reads_a_configuration_is_named_by_its_hash(tmp_path: Path) -> None:
    """A ``command`` step may show what a capture does; whatever else it shows is told as it is."""
    told = {"show running-config": CONFIG, "show run | include secret": SECRET, "show version": "EOS\n4.30"}
    event = replace(record(tmp_path, Script())[0], kind=Kind.OUTCOME, data={"answers": {"p1": told}})
    shown = json.loads(json.dumps(event_json(event)))["data"]["answers"]["p1"]
    assert shown["show version"] == "EOS\n4.30"
    assert [shown[one][:7] for one in list(told)[:2]] == ["sha256:"] * 2


def test_log_of_a_run_holds_no_configuration(tmp_path: Path) -> None:
    """Every event stands in it, in a line of its own, and no secret."""
    events = record(tmp_path, Script(isolated_in=Act.WATCH))
    log = RunLog(tmp_path / "logs")
    for event in events:
        log(event)
    log.close()
    assert log.path is not None
    text = log.path.read_text()
    assert [json.loads(line)["seq"] for line in text.splitlines()] == [event.seq for event in events]
    assert SECRET not in text and "sha256:" in text
