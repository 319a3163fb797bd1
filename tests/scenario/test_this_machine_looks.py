"""The machine that safeshift runs on as the only observer: an inventory that names nobody of the fabric.

Then nothing can be changed: what is not a router of the fabric is only read. The machine's own ``ping`` is played by
a program, as in ``test_local_ping.py``: not every machine has one, and none has a way into the lab's networks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from safeshift.journal.events import Event, Json, Kind
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import DESCRIBE, DUO_FABRIC, HERE, Finished, found, play

pytestmark = pytest.mark.timeout(400)
PING = """\
#!{python}
import itertools, sys, time
address = sys.argv[-1]
back = "64 bytes from {{}}: icmp_seq={{}} ttl=64 time=0.04 ms"
told = back if address in {answering} else "no answer yet for icmp_seq={{1}}"
for number in itertools.count(1):
    print(told.format(address, number), flush=True)
    time.sleep(0.2)
"""
OTHERS = DUO_FABRIC.replace(" a:", " r1:").replace(" b:", " r2:").replace("[a ", "[r1 ").replace(", b ", ", r2 ")
"""A fabric of two routers that the lab's inventory does not know."""
READ = "- {name: Ask, command: show version}\n- {name: Wait, pause: 500ms}\n"


@dataclass(frozen=True)
class End:
    """How the run ended, its journal, and what the devices' own logs have beside reads."""

    finished: Finished
    events: tuple[Event, ...]
    written: dict[str, tuple[str, ...]]

    def data(self, kind: Kind) -> Mapping[str, Json]:
        return found(self.events, kind)[0].data


def run_where(steps: str, *answering: str) -> Scenario:
    """Return a run on one lab device, on a machine whose ping is answered by some addresses."""

    def scenario(stage: Stage) -> End:
        site = stage.site("duo")
        fabric, ping = site.folder / "others.fabric.yml", site.folder / "ping"
        fabric.write_text(OTHERS)
        ping.write_text(PING.format(python=sys.executable, answering=answering))
        ping.chmod(0o755)
        path = site.playbook(play(steps, require="primary", hosts="a"))
        environment = {**site.environment(), "PATH": f"{site.folder}{os.pathsep}{os.environ['PATH']}"}
        words = site.command("run", path, "--fabric", fabric)
        done = subprocess.run(words, env=environment, cwd=HERE, capture_output=True, text=True, check=False)
        events = site.events() if site.journal.exists() else ()
        return End(Finished(done.returncode, done.stdout, done.stderr), events, site.written())

    return scenario


SCENARIOS = {
    "well": run_where(READ, "10.0.1.0", "10.0.1.1"),
    "one_is_gone": run_where(READ, "10.0.1.0"),
    "all_answer": run_where(READ, "10.0.1.0", "10.0.1.1", "192.0.2.254"),
    "change": run_where(DESCRIBE, "10.0.1.0", "10.0.1.1"),
}


def test_run_with_this_machine_as_its_only_observer_completes(ends: Ends) -> None:
    """A device is read while this machine alone asks both routers; what it asked is the baseline."""
    end: End = ends.of("well")
    assert end.finished.code == 0, end.finished.said
    baseline = end.data(Kind.BASELINE)
    assert baseline["networks"] == {"primary": "PASS"}
    nodes = baseline["nodes"]
    assert isinstance(nodes, list)
    asked = [(one["node"], one["outward"]["sent"], one["inward"]["sent"] > 0) for one in nodes if isinstance(one, dict)]
    assert asked == [("r1", 0, True), ("r2", 0, True)]
    assert end.written == {}


def test_run_whose_router_does_not_answer_this_machine_is_refused(ends: Ends) -> None:
    """Its own eyes are judged like any other: exit 3, and the router is named."""
    end: End = ends.of("one_is_gone")
    assert end.finished.code == 3, end.finished.said
    assert "the baseline is not PASS" in end.finished.err
    assert "r2" in end.finished.err


def test_run_on_a_machine_to_whose_ping_everything_answers_is_refused(ends: Ends) -> None:
    """An address that nobody has answered this machine: its ping cannot be trusted; exit 3."""
    end: End = ends.of("all_answer")
    assert end.finished.code == 3, end.finished.said
    assert "192.0.2.254 asked by localhost" in end.finished.err


def test_device_outside_of_the_fabric_is_never_changed(ends: Ends) -> None:
    """Nothing is known of its traffic and nobody of the fabric looks: exit 2, nothing was sent."""
    end: End = ends.of("change")
    assert end.finished.code == 2, end.finished.said
    assert end.written == {}
