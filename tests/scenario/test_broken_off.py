"""Runs that are broken off in ways that nobody planned for: the Python API without handlers, a login that hangs."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from dataclasses import dataclass

import pytest

from safeshift.engine.interrupts import Interrupts
from safeshift.journal.events import Event, Kind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DC1, DESCRIBE, PLAYBOOKS, Finished, found, play

pytestmark = pytest.mark.timeout(400)

SCRIPT = """
import os, signal, sys
from pathlib import Path
from safeshift import api
from safeshift.journal.events import Kind

def press(event):
    if event.kind is Kind.READ_BACK and event.data["device"] == "a":
        os.kill(os.getpid(), signal.SIGINT)

job = api.load(sys.argv[1], sys.argv[2], fabric=Path(sys.argv[3]))
result = api.run(job, observers=[press])
print(result.final.value, int(result.exit_code))
"""
"""What somebody writes who knows nothing of signals; Ctrl-C comes as soon as a is changed and read back."""


@dataclass(frozen=True)
class End:
    """How the process ended, its journal, and which routers are not as before."""

    finished: Finished
    events: tuple[Event, ...] = ()
    changed: tuple[str, ...] = ()


def python_without_handlers(stage: Stage) -> End:
    """Play the script."""
    site = stage.site()
    path = site.playbook(play(DESCRIBE, verify="settle: 30s"))
    words = [sys.executable, "-c", SCRIPT, str(path), str(site.lab.inventory), str(site.fabric)]
    done = subprocess.run(words, env=site.environment(), cwd=site.folder, capture_output=True, text=True, timeout=120)
    return End(Finished(done.returncode, done.stdout, done.stderr), site.events(), site.changed())


def logins_that_hang(stage: Stage) -> End:
    """Every address of the site takes connections and never says a word; Ctrl-C comes when the first has been made."""
    desk = stage.desk()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        said = {"host": "127.0.0.1", "port": deaf.getsockname()[1], "user": "ops", "password": "x", "timeout": 900}
        given = [word for key, value in said.items() for word in ("-e", f"ansible_{key}={value}")]
        process = desk.begin("run", PLAYBOOKS / "upgrade-primary.yml", "-i", DC1, *given)
        deaf.settimeout(60)
        peer, _ = deaf.accept()
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()  # where it hangs, it would for a quarter of an hour
            peer.close()
    return End(Finished(process.returncode, out, err), desk.events())


class Gone(BaseException):
    """Nothing that safeshift takes for a bug of its own."""


class Vanishing(Interrupts):
    """Breaks the shell off for good as soon as it asks for a second interrupt, which no preflight does."""

    @property
    def at_once(self) -> bool:
        """See ``Interrupts``."""
        raise Gone


def shell_that_raises(stage: Stage) -> tuple[tuple[Event, ...], ...]:
    """One run whose shell is gone without a last word, and two after it; nothing was sent by the first."""
    site = stage.site("duo")
    text = play("- pause: 0s", require="primary")
    with pytest.raises(Gone):
        site.run(text, interrupts=Vanishing())
    return site.events(), site.run(text).events, site.run(text).events


SCENARIOS = {"python": python_without_handlers, "deaf": logins_that_hang, "gone": shell_that_raises}


def test_python_caller_who_presses_ctrl_c_has_everything_undone(ends: Ends) -> None:
    """KeyboardInterrupt in mid-move: ``api.run`` returns ROLLED_BACK and 130, and the journal says so to its end."""
    end: End = ends.of("python")
    assert (end.finished.code, end.finished.out) == (0, "ROLLED_BACK 130\n"), end.finished.said
    assert end.changed == ()
    assert (end.events[-1].kind, end.events[-1].data["exit_code"]) == (Kind.RUN_CLOSED, 130)


def test_command_interrupted_while_its_logins_hang_ends(ends: Ends) -> None:
    """Nobody waits for a device that takes a connection and stays silent: exit 130, nothing sent, no process left."""
    end: End = ends.of("deaf")
    assert end.finished.code == 130, end.finished.said
    assert "before anything was sent" in end.finished.said
    assert end.events[-1].kind is Kind.RUN_CLOSED


def test_run_whose_shell_is_gone_is_told_to_the_next_one(ends: Ends) -> None:
    """Its journal was never closed: the next run on its routers says so, and the one after that does not."""
    gone, following, last = ends.of("gone")
    assert Kind.RUN_CLOSED not in [event.kind for event in gone]
    orphaned = f"run {gone[0].run} held this fabric and never closed its journal"
    told = [[orphaned in str(event.data["text"]) for event in found(run, Kind.NOTE)] for run in (following, last)]
    assert [any(one) for one in told] == [True, False]
