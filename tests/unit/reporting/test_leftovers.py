"""What a dead run may have left on the devices is worked out from its journal: too much rather than too little."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safeshift.engine.states import Act
from safeshift.journal.events import Event, Json, Kind
from safeshift.reporting.leftovers import Leftover, find_leftovers, show_leftovers
from safeshift.reporting.structured import run_json
from safeshift.reporting.text import show_run
from tests.unit.reporting.recorded import Script, record

AT = datetime(2011, 4, 21, 7, 47, tzinfo=UTC)
INVERSE = ("router ospf 1", "   no max-metric router-lsa")


def until(events: Iterable[Event], kind: Kind, act: str) -> tuple[Event, ...]:
    """Cut a run off right after an event: there it was killed."""
    kept: list[Event] = []
    for event in events:
        kept.append(event)
        if (event.kind, event.data.get("act")) == (kind, act):
            return tuple(kept)
    raise AssertionError(f"the run has no {kind.value} {act}")


def made(*entries: tuple[Kind, dict[str, Json]]) -> tuple[Event, ...]:
    """Write events that lie a second apart."""
    return tuple(
        Event("r1", number, AT + timedelta(seconds=number), float(number), kind, data)
        for number, (kind, data) in enumerate(entries)
    )


def intent(act: str, move: str, device: str, **more: Json) -> tuple[Kind, dict[str, Json]]:
    """An act that is about to be done."""
    return Kind.INTENT, {"act": act, "move": move, "device": device, **more}


def captured(move: str, **inverses: list[Json]) -> tuple[Kind, dict[str, Json]]:
    """What a move will need to be undone, by device."""
    return Kind.CAPTURED, {"move": move, "devices": {name: {"inverse": lines} for name, lines in inverses.items()}}


def done(act: str, move: str, device: str) -> tuple[Kind, dict[str, Json]]:
    """An act that was done."""
    return Kind.OUTCOME, {"act": act, "move": move, "device": device, "outcome": "done"}


def test_run_killed_after_its_commit_leaves_its_move_its_timer_and_what_to_type(tmp_path: Path) -> None:
    """The lines can be pasted: into the configuration, the inverse, and out again; the timer has its clock times."""
    events = until(record(tmp_path, Script()), Kind.INTENT, "watch")
    (left,) = find_leftovers(events)
    assert (left.device, left.moves, left.undo) == ("p1", ("1.1.1",), ("configure terminal", *INVERSE, "end"))
    assert left.timer is not None
    sent = next(event.at for event in events if event.data.get("act") == "commit")
    assert left.timer.ends == sent + timedelta(seconds=120)
    assert left.timer.at_the_latest > left.timer.ends
    shown = [str(line) for line in show_run(events)]
    at = shown.index("  p1: may hold move 1.1.1")
    ends, latest = (f"{when:%H:%M:%S} UTC" for when in (left.timer.ends, left.timer.at_the_latest))
    assert shown[at + 1] == f"    its own timer undoes the newest move at {ends}, at the latest at {latest}"
    assert [line.strip() for line in shown[at + 3 : at + 7]] == [line.strip() for line in left.undo]
    (told,) = json.loads(json.dumps(run_json(events)["leftovers"]))
    assert (told["undo"], told["timer"]["ends"]) == (list(left.undo), left.timer.ends.isoformat())


@pytest.mark.parametrize(
    ("kind", "act", "moves", "timer", "unsaved"),
    [
        (Kind.CAPTURED, "capture", None, False, False),
        (Kind.INTENT, "stage", None, False, False),
        (Kind.INTENT, "commit", ("1.1.1",), True, False),
        (Kind.INTENT, "confirm", ("1.1.1",), True, False),
        (Kind.OUTCOME, "confirm", ("1.1.1",), False, False),
        (Kind.MEASURED, "soak", ("1.1.1",), False, False),
        (Kind.INTENT, "save", (), False, True),
        (Kind.OUTCOME, "save", None, False, False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_left_follows_the_run(
    tmp_path: Path, kind: Kind, act: str, moves: tuple[str, ...] | None, timer: bool, unsaved: bool
) -> None:
    """Nothing before the commit, the move from then on, no timer once it was seen stopped, and only the save in doubt
    after the safe point.
    """
    found = find_leftovers(until(record(tmp_path, Script()), kind, act))
    assert [(one.moves, one.timer is not None, one.unsaved) for one in found] == (
        [] if moves is None else [(moves, timer, unsaved)]
    )


def test_run_killed_in_its_undo_leaves_nothing_once_the_device_was_seen_as_before(tmp_path: Path) -> None:
    """An undo that was sent is not an undo that was seen."""
    events = record(tmp_path, Script(isolated_in=Act.WATCH))
    assert [one.moves for one in find_leftovers(until(events, Kind.OUTCOME, "abort"))] == [("1.1.1",)]
    assert find_leftovers(until(events, Kind.RESTORED, "check restored")) == ()


def test_run_that_closed_its_journal_has_told_it_itself(tmp_path: Path) -> None:
    """Its own list is what counts; and a run that is under way undoes by itself what it has to."""
    events = record(tmp_path, Script())
    assert find_leftovers(events) == ()
    running = until(events, Kind.INTENT, "watch")
    assert run_json(running, alive=True)["leftovers"] == []
    assert "configure terminal" not in "\n".join(str(line) for line in show_run(running, alive=True))


def test_moves_of_one_device_are_undone_newest_first_and_the_first_device_last() -> None:
    """The far end of a link goes back before traffic returns to the near one; all of a device is one block."""
    guard: dict[str, Json] = {"guard": "none"}
    events = made(
        captured("1", p1=["undo one"]),
        intent("commit", "1", "p1", **guard),
        captured("2", p1=["undo two"], l1=["undo two there"]),
        intent("commit", "2", "p1", **guard),
        intent("commit", "2", "l1", **guard),
    )
    assert find_leftovers(events) == (
        Leftover("l1", ("2",), ("undo two there",)),
        Leftover("p1", ("2", "1"), ("undo two", "undo one")),
    )


def test_timer_that_was_armed_and_a_save_that_was_not_seen_are_told_without_lines_to_undo() -> None:
    """Where only a timer may run nothing is typed; what is kept but perhaps not saved is saved."""
    armed = made(captured("1", b=["no x"]), intent("arm", "1", "b", guard="revert timer", guard_s=60))
    (left,) = find_leftovers(armed)
    assert (left.moves, left.undo) == ((), ())
    assert any("a timer may run there and ends at 07:48:01 UTC" in str(line) for line in show_leftovers((left,)))
    saving = made(
        (Kind.SAFE_POINT, {"batch": 0}),
        intent("save", "1", "a", commands=["write memory"]),
        intent("save", "1", "b", commands=["write memory"]),
        done("save", "1", "a"),
    )
    (left,) = find_leftovers(saving)
    assert (left.device, left.unsaved, left.save) == ("b", True, ("write memory",))
    assert [str(line).strip() for line in show_leftovers((left,))][-1] == "write memory"
