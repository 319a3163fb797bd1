"""The step of 21 April 2011: refused before anything is sent; sent all the same, it isolates, is seen and is undone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from safeshift.engine.states import UNDOING, Act
from safeshift.journal.events import Event, Kind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DC1, PLAYBOOKS, Finished, found

pytestmark = pytest.mark.timeout(400)
INCIDENT = PLAYBOOKS / "incident-2011.yml"
REASON = "I know this network"
ROUTES = [f"ip route 10.1.{number}.0/24 10.0.35.1" for number in (1, 2, 3, 4)]


@dataclass(frozen=True)
class End:
    """What is left when the step is over; ``written``: what the lab's own logs have beside reads."""

    finished: Finished
    events: tuple[Event, ...]
    written: dict[str, tuple[str, ...]]
    changed: tuple[str, ...]


def the_step(*words: str) -> object:
    """Play the step on the small site, by a command with these words."""

    def scenario(stage: Stage) -> End:
        site = stage.site("dc1")
        finished = site.safeshift(words[0], INCIDENT, *words[1:])
        events = site.events() if words[0] == "run" else ()
        return End(finished, events, site.written(), site.changed())

    return scenario


def the_step_on_a_lab_around_it(stage: Stage) -> End:
    """Play the step with ``--lab``."""
    desk = stage.desk()
    return End(desk.safeshift("run", INCIDENT, "-i", DC1, "--lab"), desk.events(), {}, ())


SCENARIOS = {
    "run": the_step("run"),
    "check": the_step("check"),
    "around": the_step_on_a_lab_around_it,
    "override": the_step("run", "--override-what-if", REASON),
}


@pytest.mark.parametrize("name", ["run", "check", "around"])
def test_incident_is_refused_in_one_sentence_with_nothing_sent(ends: Ends, name: str) -> None:
    """The refusal says what would happen in an operator's words, exit 3; the devices' own logs have reads only."""
    end: End = ends.of(name)
    assert end.finished.code == 3, end.finished.said
    assert "s1 would carry 45 of 20 Gbit/s" in end.finished.err
    assert (end.written, end.changed) == ({}, ())


def test_incident_overridden_is_told_loudly_and_journaled_with_its_reason(ends: Ends) -> None:
    """The what-if still runs and is printed, beside the reason of whoever knows better; both stay in the journal."""
    end: End = ends.of("override")
    assert f"THE WHAT-IF IS OVERRIDDEN: {REASON}" in end.finished.out
    assert "s1 would carry 45 of 20 Gbit/s" in end.finished.out
    assert found(end.events, Kind.RUN_OPENED)[0].data["override"] == REASON
    forecast = found(end.events, Kind.FORECAST)[0].data
    assert (forecast["verdict"], forecast["override"]) == ("FAIL", REASON)


def test_incident_overridden_isolates_is_seen_and_is_named(ends: Ends) -> None:
    """Isolation is seen while the move settles; the nodes that lost their peers and the move are told."""
    end: End = ends.of("override")
    signal = found(end.events, Kind.SIGNAL)[0]
    assert signal.data["cause"] == "isolation"
    isolated = signal.data["isolated"]
    assert isinstance(isolated, list) and isolated and set(isolated) <= {"n1", "n2", "n3", "n4"}
    assert signal.data["networks"] == {"primary": "FAIL", "secondary": "FAIL"}
    for node in ("n1", "n2", "n3", "n4"):
        assert f"{node} on primary FAIL" in end.finished.out
    assert "undoing 1.1.1 Shift traffic off p1 > Shift by hand" in end.finished.out
    reason = str(found(end.events, Kind.RUN_CLOSED)[0].data["reason"])
    assert "isolated" in reason and "Shift by hand" in reason


def test_incident_overridden_is_undone_and_proven_to_be(ends: Ends) -> None:
    """Exit 4: every router's configuration is what it was, and both networks were measured PASS after the undo."""
    end: End = ends.of("override")
    assert end.finished.code == 4, end.finished.said
    assert end.changed == ()
    proof = [event for event in found(end.events, Kind.MEASURED) if event.data["act"] == "prove networks"]
    assert [event.data["networks"] for event in proof] == [{"primary": "PASS", "secondary": "PASS"}]
    assert found(end.events, Kind.RUN_CLOSED)[0].data["state"] == "ROLLED_BACK"


def test_incident_overridden_sends_nothing_but_undo_after_isolation(ends: Ends) -> None:
    """Journal and devices agree: one device got the four routes once, and then only what ends its own session."""
    end: End = ends.of("override")
    stopped = found(end.events, Kind.UNWIND_OPENED)[0].seq
    undoing = {act.value for act in UNDOING}
    after = [event.data["act"] for event in found(end.events, Kind.INTENT) if event.seq > stopped]
    assert after and set(map(str, after)) <= undoing
    assert Act.COMMIT.value not in after
    assert list(end.written) == ["p1"]
    lines = [line.strip() for line in end.written["p1"]]
    assert [line for line in lines if line.startswith("ip route")] == ROUTES
    assert lines[-1].startswith("configure session ") and lines[-1].endswith(" abort")
