"""Runs at a real terminal: what goes on when it is lost, and what a machine at one reads."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from safeshift.journal.events import Event, Kind
from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DESCRIBE, HERE, Site, acts, found, play
from tests.scenario.terminal import Terminal

pytestmark = pytest.mark.timeout(400)
MARK = "description by safeshift"


@dataclass(frozen=True)
class End:
    """How the command ended, what the terminal showed, its journal, and which routers are not as before."""

    code: int
    seen: str
    events: tuple[Event, ...]
    changed: tuple[str, ...]
    err: str = ""


def is_in(site: Site) -> bool:
    """Tell whether the change is on both routers."""
    return all(MARK in site.lab.running(name) for name in ("a", "b"))


def lost_while_watching(stage: Stage) -> End:
    """The terminal goes dead while the change settles."""
    site = stage.site()
    words = site.command("run", site.playbook(play(DESCRIBE, verify="settle: 4s")), "--yes")
    with Terminal() as terminal, terminal.begin(words, site.environment(), HERE) as process:
        terminal.watch(lambda: is_in(site))
        terminal.lose()
        code = process.wait(60)
    return End(code, terminal.seen, site.events(), site.changed())


def lost_while_undoing(stage: Stage) -> End:
    """The terminal goes dead while the undo is held up by a device that hangs; then that device goes on."""
    site = stage.site()
    words = site.command("run", site.playbook(play(DESCRIBE, verify="settle: 5s, hold: 20s")), "--yes")
    with Terminal() as terminal, terminal.begin(words, site.environment(), HERE) as process:
        terminal.watch(lambda: is_in(site))
        terminal.watch(lambda: "watch" in acts(site.events()))
        site.lab.inject(Fault(FaultKind.HANG, "a"))
        site.lab.inject(Fault(FaultKind.STOP_ANSWERING, "m1"))
        terminal.watch(lambda: bool(found(site.events(), Kind.UNWIND_OPENED)))
        at_loss = site.lab.running("a")
        terminal.lose()
        site.lab.clear("m1")
        site.lab.clear("a")
        code = process.wait(60)
    assert MARK in at_loss  # the undo was not over
    return End(code, terminal.seen, site.events(), site.changed())


def machine_at_a_terminal(stage: Stage) -> End:
    """Standard input and output are a terminal and JSON is asked for; the question is answered with yes."""
    site = stage.site()
    err = site.folder / "stderr"
    words = site.command("run", site.playbook(play(DESCRIBE)), "--json")
    with err.open("w") as aside, Terminal() as terminal:
        process = terminal.begin(words, site.environment(), HERE, stderr=aside)
        terminal.watch(lambda: "Begin?" in err.read_text())
        before = site.written()
        terminal.type("y\n")
        terminal.watch(lambda: False)
        code = process.wait(60)
    assert before == {}  # it asks before it sends
    return End(code, terminal.seen, site.events(), site.changed(), err.read_text())


SCENARIOS = {"watching": lost_while_watching, "undoing": lost_while_undoing, "json": machine_at_a_terminal}


def test_run_whose_terminal_is_lost_completes(ends: Ends) -> None:
    """A dead line (every print fails) and its SIGHUP stop nothing and change no exit code: COMPLETED, 0."""
    end: End = ends.of("watching")
    assert found(end.events, Kind.RUN_CLOSED)[0].data["state"] == "COMPLETED"
    assert (end.code, end.changed) == (0, ("a", "b"))
    assert "move 1.1.1" in end.seen  # it was there when the run began


def test_undo_whose_terminal_is_lost_goes_on_to_its_end(ends: Ends) -> None:
    """The terminal dies in the midst of an undo: all is undone and proven, exit 4."""
    end: End = ends.of("undoing")
    closed = found(end.events, Kind.RUN_CLOSED)[0].data
    assert (closed["state"], closed["cause"], closed["todo"]) == ("ROLLED_BACK", "network", [])
    assert (end.code, end.changed) == (4, ())


def test_machine_at_a_terminal_reads_json_alone(ends: Ends) -> None:
    """With ``--json`` the plan and the question go to standard error; standard output is the journal, line by line."""
    end: End = ends.of("json")
    assert end.code == 0, end.err
    assert all(line.startswith("{") for line in end.seen.splitlines())
    lines = [json.loads(line) for line in end.seen.splitlines()]
    assert [(line["kind"], line["seq"]) for line in lines] == [(event.kind.value, event.seq) for event in end.events]
    assert "description by safeshift" in end.err  # the plan
    assert end.err.count("Begin? [y/N]") == 1
