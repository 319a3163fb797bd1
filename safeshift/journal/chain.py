"""How an event becomes bytes, and how each hash seals all that came before it.

One form of bytes per value (sorted keys, ASCII, no NaN), so that the same event has the same hash on every machine.
It decides what may be written at all: plain JSON, and never a secret. Next: ``writer.py``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from safeshift.errors import JournalError
from safeshift.journal.events import Event, Json, Kind

SCHEMA = 1
"""The version of tables, record bytes and reserve files together; a newer one is refused."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event exactly as it is stored: texts, not values, so that what is hashed is what lies on the disk."""

    run: str
    seq: int
    at: str
    mono: float
    kind: str
    data: str
    hash: str

    def event(self) -> Event:
        """Read the record.

        Raises:
            JournalError: it is of a kind that this version does not know, or is no record at all.
        """
        try:
            kind, data = Kind(self.kind), json.loads(self.data)
            return Event(self.run, self.seq, datetime.fromisoformat(self.at), self.mono, kind, data)
        except (ValueError, TypeError) as error:
            raise JournalError(
                f"event {self.seq} of run {self.run} cannot be read: {error}",
                hint="a newer safeshift may have written it; otherwise: safeshift journal verify",
            ) from error


def canonical(data: Mapping[str, Json]) -> str:
    """Write a JSON object in the one form that is hashed and stored.

    Raises:
        JournalError: something in it is not plain JSON (bytes, sets, NaN, other objects), or is a secret. Nothing
            was written.
    """
    return json.dumps(_plain(data, "data"), sort_keys=True, separators=(",", ":"), allow_nan=False)


def genesis(run: str, fabric: str, number: int) -> str:
    """Return the hash that a run's chain begins with: it binds a run to its fabric and its number."""
    return _digest(["safeshift journal", SCHEMA, run, fabric, number])


def seal(previous: str, event: Event) -> Record:
    """Make the record that follows the one whose hash is ``previous``.

    Raises:
        JournalError: as ``canonical``.
    """
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    bare = Record(event.run, event.seq, at, event.mono, event.kind.value, canonical(event.data), "")
    return replace(bare, hash=digest(previous, bare))


def digest(previous: str, record: Record) -> str:
    """Compute what the hash of a record must be, given the hash before it."""
    return _digest((previous, record.run, record.seq, record.at, record.mono, record.kind, record.data))


@dataclass(frozen=True, slots=True)
class Walk:
    """What following a chain showed: how far it holds, the hash it holds to, and where it first breaks.

    Attributes:
        good: How many records hold, from the first.
        head: The hash of the last record that holds (the genesis when none does).
        problem: One sentence on the first record that does not; empty when all do.
    """

    good: int
    head: str
    problem: str = ""


def walk(start: str, run: str, records: Iterable[Record]) -> Walk:
    """Follow a chain from its genesis, in the order of sequence numbers, to its end or to its first break."""
    head, good = start, 0
    for record in records:
        problem = _break_of(head, run, good + 1, record)
        if problem:
            return Walk(good, head, problem)
        head, good = record.hash, good + 1
    return Walk(good, head)


def _break_of(previous: str, run: str, expected: int, record: Record) -> str:
    if not all(isinstance(text, str) for text in (record.at, record.kind, record.data, record.hash)):
        return f"event {expected} was changed: a field is no longer text"
    if record.run != run or record.seq != expected:
        return f"event {expected} is missing: event {record.seq} stands in its place"
    if digest(previous, record) != record.hash:
        return f"event {expected} was changed, or one before it was: its hash does not fit"
    return ""


def _digest(fields: Sequence[str | int | float]) -> str:
    text = json.dumps(fields, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: object, where: str) -> Json:
    """Copy a value as plain JSON, or say where something that is not JSON stands."""
    if type(value).__name__ == "Secret":
        raise JournalError(f"{where} holds a secret, and a secret is never journaled", hint="this is a bug: report it")
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case list() | tuple():
            return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
        case Mapping():
            return {_key(key, where): _plain(item, f"{where}.{key}") for key, item in value.items()}
    raise JournalError(
        f"{where} is {_described(value)}, which the journal cannot hold", hint="this is a bug: report it"
    )


def _key(key: object, where: str) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise JournalError(f"{where} has the key {key!r}, which is not text", hint="this is a bug: report it")


def _described(value: object) -> str:
    """Name a value for an error without showing what is in it, save for numbers."""
    return repr(value) if isinstance(value, float) else f"of type {type(value).__name__}"
