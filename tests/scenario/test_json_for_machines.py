"""What a machine reads with ``--json``: JSON on standard output whatever happens, and nothing else."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import Any

import pytest

from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import DC1, DESCRIBE, PLAYBOOKS, Finished, play

pytestmark = pytest.mark.timeout(400)
UPGRADE = PLAYBOOKS / "upgrade-primary.yml"


@dataclass(frozen=True)
class End:
    """A run that was interrupted, and a second run and a check that were refused while it held the fabric."""

    run: Finished
    second: Finished
    check: Finished


def run_and_second_run(stage: Stage) -> End:
    """Play both on one lab."""
    site = stage.site()
    path = site.playbook(play(DESCRIBE, verify="settle: 200s", more="guard: 300s"))
    process = site.begin("run", path, "--json")
    site.wait_for("a", "by safeshift")
    second, check = (site.safeshift(verb, path, "--json") for verb in ("run", "check"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return End(Finished(process.returncode, out, err), second, check)


def answering(*words: str) -> Scenario:
    """Call a command from the files alone."""
    return lambda stage: stage.desk().safeshift(*words)


BAD_INPUT = {
    "no_such_playbook": answering("run", "no-such.yml", "-i", str(DC1), "--json"),
    "no_such_inventory": answering("run", str(UPGRADE), "-i", "no-such-inventory", "--json"),
    "no_such_host": answering("run", str(UPGRADE), "-i", str(DC1), "-l", "zz", "--json"),
    "flags_that_exclude_each_other": answering("check", str(UPGRADE), "-i", str(DC1), "--offline", "--lab", "--json"),
    "truth_without_a_lab": answering("run", str(UPGRADE), "-i", str(DC1), "--truth", "x.yml", "--json"),
}
SCENARIOS = {
    **BAD_INPUT,
    "both": run_and_second_run,
    "lists": answering("run", str(UPGRADE), "-i", str(DC1), "--list-hosts", "--list-steps", "--json"),
}


def lines_of(finished: Finished) -> list[dict[str, Any]]:
    """Read every line of standard output as the JSON object that it must be."""
    return [json.loads(line) for line in finished.out.splitlines()]


def test_run_tells_a_machine_each_event_in_a_line(ends: Ends) -> None:
    """From ``run_opened`` to ``run_closed``, numbered without a gap, and the last one has the exit code."""
    run: Finished = ends.of("both").run
    assert (run.code, run.err) == (130, "")
    told = lines_of(run)
    assert [line["seq"] for line in told] == list(range(told[0]["seq"], told[0]["seq"] + len(told)))
    assert (told[0]["kind"], told[-1]["kind"]) == ("run_opened", "run_closed")
    assert told[-1]["data"]["exit_code"] == 130


def test_run_refused_by_the_lock_tells_a_machine_so(ends: Ends) -> None:
    """A run that never opened has no events: one line says what is wrong, what to do and which code."""
    second: Finished = ends.of("both").second
    assert second.code == 3, second.said
    (told,) = lines_of(second)
    assert set(told) == {"kind", "message", "hint", "exit_code"}
    assert (told["kind"], told["exit_code"]) == ("error", 3)
    assert "another run holds" in told["message"] and told["hint"]
    assert told["message"] in second.err  # people find it where they always do


def test_check_refused_by_the_lock_is_one_json_document(ends: Ends) -> None:
    """A machine finds the refusal, its hint and the exit code in what check always answers."""
    check: Finished = ends.of("both").check
    told = json.loads(check.out)
    assert (check.code, told["exit_code"], told["plan"]) == (3, 3, None)
    assert "another run holds" in told["refusal"] and told["hint"]


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_tells_a_machine_in_one_line(ends: Ends, name: str) -> None:
    """Nothing was contacted: one JSON line on standard output, the same sentence on standard error, exit 2."""
    finished: Finished = ends.of(name)
    assert finished.code == 2, finished.said
    (told,) = lines_of(finished)
    assert set(told) == {"kind", "message", "hint", "exit_code"}
    assert (told["kind"], told["exit_code"]) == ("error", 2)
    assert told["message"] and told["message"] in finished.err


def test_lists_of_hosts_and_steps_are_one_json_document(ends: Ends) -> None:
    """Each batch with its hosts and with its steps by id, stage, name and action."""
    finished: Finished = ends.of("lists")
    assert (finished.code, finished.err) == (0, "")
    told = json.loads(finished.out)
    assert [(batch["batch"], batch["hosts"]) for batch in told] == [(1, ["p1"]), (2, ["p2"])]
    assert [step["action"] for step in told[0]["steps"]] == ["shift", "wait_drained", "link_speed", "unshift"]
    assert [step["id"] for step in told[1]["steps"]] == ["1.2.1", "1.2.2", "1.2.3", "1.2.4"]
