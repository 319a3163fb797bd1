"""A person stops a command while it still brings its lab up: no lab, and nothing of one, is left behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from safeshift.lab.order import ORDER
from safeshift.lab.running import PUBLISHED
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DC1, PLAYBOOKS, Desk, Finished, wait_until

pytestmark = pytest.mark.timeout(400)
UPGRADE = PLAYBOOKS / "upgrade-primary.yml"
Send = Callable[[int, signal.Signals], None]


@dataclass(frozen=True)
class End:
    """How the command ended, which labs are left, and what is left in the directory of its own."""

    finished: Finished
    labs: dict[str, Any]
    left: tuple[str, ...]


def stopped(number: signal.Signals, *, by: Send, verb: str = "run", once_there_is: str = ORDER) -> object:
    """Send a signal to a command, or to its whole process group, once its lab has got so far."""

    def scenario(stage: Stage) -> End:
        desk = stage.desk()
        where = desk.state / "lab" / "dc1"
        process = desk.begin(verb, UPGRADE, "-i", DC1, "--lab", session=True)
        wait_until(lambda: (where / once_there_is).exists())
        by(process.pid, number)
        out, err = process.communicate(timeout=60)
        return End(Finished(process.returncode, out, err), _labs(desk), tuple(path.name for path in where.iterdir()))

    return scenario


def _labs(desk: Desk) -> dict[str, Any]:
    labs: dict[str, Any] = json.loads(desk.safeshift("lab", "status", "--json").out)
    return labs


SCENARIOS = {
    "SIGINT": stopped(signal.SIGINT, by=os.kill),
    "SIGTERM": stopped(signal.SIGTERM, by=os.kill),
    "SIGINT_to_its_group": stopped(signal.SIGINT, by=os.killpg),  # as a terminal's Ctrl-C is
    "SIGTERM_to_its_group": stopped(signal.SIGTERM, by=os.killpg),
    "SIGINT_as_the_lab_is_up": stopped(signal.SIGINT, by=os.killpg, once_there_is=PUBLISHED),
    "SIGINT_of_a_check": stopped(signal.SIGINT, by=os.killpg, verb="check"),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_command_stopped_while_its_lab_comes_up_leaves_no_lab(ends: Ends, name: str) -> None:
    """Exit 130 with one sentence; no lab runs, none rests, and none of its files is left."""
    end: End = ends.of(name)
    assert end.finished.code == 130, end.finished.said
    assert end.finished.err.splitlines()[0].startswith("safeshift: refused: stopped by SIG")
    assert "Traceback" not in end.finished.said
    assert end.labs == {"running": [], "resting": []}
    assert set(end.left) <= {"start.lock"}
