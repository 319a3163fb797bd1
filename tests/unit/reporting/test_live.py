"""The console follows a run, and can never stop it."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from safeshift.engine.states import Act
from safeshift.journal.events import Kind
from safeshift.reporting.live import LiveConsole
from tests.unit.reporting.recorded import Script, record


def followed(path: Path, script: Script) -> str:
    """What a pipe sees of a run."""
    out = io.StringIO()
    live = LiveConsole(Console(file=out))
    for event in record(path, script):
        live(event)
    return out.getvalue()


def test_each_move_appears_with_its_lines_its_networks_and_its_time(tmp_path: Path) -> None:
    """Who watches sees what is sent before it is done, what both networks look like, and how long it took."""
    shown = followed(tmp_path, Script())
    order = (
        "    0.0 s  run r1 by alice@jump1",
        "move 1.1.1 Shift traffic off p1 > Shift (shift on p1)",
        "p1 is sent (guard 120 s): router ospf 1 / max-metric router-lsa",
        "p1 sent in 0.25 s",
        "watching the networks ...",
        "primary PASS (0 of 40 probes missed, 1.5 ms), secondary PASS",
        "confirmed after ",
        "COMPLETED (exit 0) after ",
    )
    places = [shown.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "\x1b" not in shown


def test_undo_appears_with_its_reason_once(tmp_path: Path) -> None:
    """The reason is told when it is seen, and not a second time in the next line."""
    shown = followed(tmp_path, Script(isolated_in=Act.WATCH))
    before_the_end = shown[: shown.index("ROLLED_BACK")]
    assert before_the_end.count("n1 and n2 are isolated") == 1
    assert "undoing 1.1.1" in before_the_end


def test_what_a_device_said_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Escape sequences in a device's answer are gone before they reach the screen."""
    shown = followed(tmp_path, Script(failing={Act.STAGE: "% Invalid \x1b]0;owned\x07\x1b[2Jinput\r\nat marker"}))
    assert "p1 stage FAILED: % Invalid input at marker" in shown
    assert "\x1b" not in shown and "owned" not in shown


def test_reader_that_goes_away_does_not_stop_the_run(tmp_path: Path) -> None:
    """A closed pipe silences the console, and that is all: every event is taken without an error."""
    events = record(tmp_path, Script())
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        live = LiveConsole(Console(file=out))
        for event in events:
            live(event)
        assert live.is_silent
        replaced = os.open(os.devnull, os.O_WRONLY)
        os.dup2(replaced, out.fileno())
        os.close(replaced)


def test_console_may_join_a_run_midway(tmp_path: Path) -> None:
    """Without the beginning there are no names, and still every event is told."""
    out = io.StringIO()
    live = LiveConsole(Console(file=out), full=True)
    for event in record(tmp_path, Script())[8:]:
        live(replace(event, mono=event.mono + 1))
    assert "COMPLETED" in out.getvalue()
    assert Kind.RUN_CLOSED.value not in out.getvalue()
