"""The journal for machines: plain JSON values, whole and unshortened. ``json.dumps`` takes what these return."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.store import RunRow
from safeshift.journal.verify import VerifyReport
from safeshift.reporting.differences import find_differences
from safeshift.reporting.leftovers import Leftover, find_leftovers

_WHOLE_CONFIGURATIONS = frozenset({"config", "before", "after", "expected"})
_SHOWS_CONFIGURATION = re.compile(r"sh\w* +(run|start|arch|conf|sess|tech)", re.IGNORECASE)


def event_json(event: Event, *, configs: bool = False) -> dict[str, Json]:
    """Return one event; also one line of a run's ``--json`` progress.

    Args:
        configs: With whole device configurations, secrets in them included; else each is named by its hash.
    """
    return {
        "run": event.run,
        "seq": event.seq,
        "at": event.at.isoformat(),
        "mono": event.mono,
        "kind": event.kind.value,
        "data": event.data if configs else {key: _named(key, value) for key, value in event.data.items()},
    }


def _named(key: str, value: Json) -> Json:
    """Put a hash into the place of every configuration: logs and pipes are read by others than the journal."""
    if isinstance(value, dict):
        return {inner: _named(inner, one) for inner, one in value.items()}
    if isinstance(value, list):
        return [_named(key, one) for one in value]
    hidden = _SHOWS_CONFIGURATION.match(key) or (key in _WHOLE_CONFIGURATIONS and "\n" in str(value))
    if hidden and isinstance(value, str):
        return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
    return value


def run_json(events: Sequence[Event], *, head: str = "", alive: bool = False, configs: bool = False) -> dict[str, Json]:
    """Return one run: how it ended, what differs, and every event.

    Args:
        alive: A process drives it now.
        configs: As for ``event_json``.

    Returns:
        ``differences`` is null when the operational state was not recorded both before and after; ``state`` is null
        while the run has not ended. ``leftovers`` is what may still stand on the devices of a run that died, with
        what to type, in that order; instants as ISO 8601.
    """
    opened = _data_of(events, Kind.RUN_OPENED)
    closed = _data_of(events, Kind.RUN_CLOSED)
    found = find_differences(events)
    return {
        "run": events[0].run if events else None,
        "operator": opened.get("operator"),
        "playbook": opened.get("playbook"),
        "fabric": opened.get("fabric"),
        "plan_hash": _data_of(events, Kind.PLANNED).get("hash"),
        "opened": events[0].at.isoformat() if events else None,
        "state": closed.get("state"),
        "exit_code": closed.get("exit_code"),
        "reason": closed.get("reason"),
        "todo": closed.get("todo", []),
        "alive": alive,
        "leftovers": [] if alive else [_leftover_json(one) for one in find_leftovers(events)],
        "differences": None if found is None else [asdict(difference) for difference in found],
        "head": head or None,
        "events": [event_json(event, configs=configs) for event in events],
    }


def _leftover_json(one: Leftover) -> dict[str, Json]:
    timer = one.timer
    told = None if timer is None else {name: at.isoformat() for name, at in asdict(timer).items()}
    return {**asdict(one), "timer": told}


def runs_json(rows: Sequence[RunRow]) -> list[Json]:
    """Return the list of runs, in the order given; instants as ISO 8601."""
    return [
        {
            **asdict(row),
            "opened": row.opened.isoformat() if row.opened else None,
            "closed": row.closed.isoformat() if row.closed else None,
        }
        for row in rows
    ]


def verify_json(report: VerifyReport) -> dict[str, Json]:
    """Return what verifying the journal found."""
    return {"sound": report.is_sound, **asdict(report)}


def _data_of(events: Sequence[Event], kind: Kind) -> Mapping[str, Json]:
    """The data of the last event of a kind; empty when there is none."""
    return next((event.data for event in reversed(events) if event.kind is kind), {})
