"""How one run writes its own events: durable before it goes on, and broken for good after the first failure.

A commit that failed may or may not have reached the disk, so nothing is tried twice: what was in doubt goes into the
reserve first, with the hash it had, and reading merges both (``store.py``). It decides nothing about the run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection

from safeshift.clock import Clock
from safeshift.errors import JournalError
from safeshift.journal.chain import Record, Walk, seal
from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.files import Files
from safeshift.journal.reserve import Reserve
from safeshift.journal.sqlite import WRITE_ERRORS, say_why, set_durable, wal_path
from safeshift.journal.tables import EVENTS

_BROKEN_HINT = "nothing new may be sent; what is undone now is recorded in the reserve"


class RunWriter:
    """The pen of one run. Made by ``Journal.begin`` or ``Journal.reopen``.

    Guarantees:
        Thread-safe. Events are numbered without gaps in the order in which the calls were served. When a call
        returns, its events are in the file that the journal's path names, and on the disk if ``durable``.
    """

    def __init__(
        self, connection: Connection, reserve: Reserve, *, run: str, tail: Walk, path: Path, clock: Clock, files: Files
    ) -> None:
        self.run = run
        self._connection = connection
        self._reserve = reserve
        self._seq = tail.good
        self._head = tail.head
        self._clock = clock
        self._files = files
        self._lock = threading.Lock()
        self._broken = ""
        self._doubtful: tuple[Record, ...] = ()
        self._durable = True
        self._closed = False
        self._watched = {name: files.identity(name) for name in (path, wal_path(path))}

    @property
    def head(self) -> str:
        """The hash of the last event: printed somewhere else, it shows later whether the journal's end was cut off."""
        return self._head

    @property
    def broken(self) -> bool:
        """Whether the database was given up; from then on only ``emergency`` records."""
        return bool(self._broken)

    @property
    def doubtful(self) -> tuple[Event, ...]:
        """The events of the commit that failed: they may be in the database, and open the reserve when it is used."""
        return tuple(record.event() for record in self._doubtful)

    def append(self, kind: Kind, data: Mapping[str, Json], *, durable: bool = True) -> Event:
        """Record one event.

        Args:
            durable: False leaves the wait for the disk to the next durable append; the event survives the death of
                this process, but perhaps not of the machine. For events that nothing depends on.

        Raises:
            JournalError: it could not be recorded, and nothing will be from now on, save by ``emergency``; or
                ``data`` cannot be journaled at all, and then the writer is as it was.
        """
        return self.append_many([(kind, data)], durable=durable)[0]

    def append_many(
        self, entries: Iterable[tuple[Kind, Mapping[str, Json]]], *, durable: bool = True
    ) -> tuple[Event, ...]:
        """Record several events with one commit: all of them or none. Raises as ``append``."""
        with self._lock:
            if self._broken:
                raise JournalError(f"the journal was lost earlier: {self._broken}", hint=_BROKEN_HINT)
            records = self._seal(entries, self._seq, self._head)
            try:
                self._commit(records, durable)
            except WRITE_ERRORS as error:
                self._give_up(say_why(error), records)
                raise JournalError(f"the journal cannot be written: {self._broken}", hint=_BROKEN_HINT) from error
            except BaseException:
                self._give_up("a commit was interrupted", records)
                raise
            self._advance(records)
            return tuple(record.event() for record in records)

    def emergency(self, kind: Kind, data: Mapping[str, Json]) -> Event:
        """Record one event in the reserved space, after the database was lost; the chain goes on.

        The first call gives the database up, even if it could still be written.

        Raises:
            JournalError: not even this is possible. An undo must go on without a record.
        """
        with self._lock:
            if not self._broken:
                self._give_up("the reserve was asked for", ())
            doubtful = self._doubtful
            last = doubtful[-1] if doubtful else None
            records = self._seal([(kind, data)], last.seq if last else self._seq, last.hash if last else self._head)
            self._reserve.write((*doubtful, *records))
            self._doubtful = ()
            self._advance(records)
            return records[0].event()

    def close(self) -> None:
        """Let the journal go; the reserve's space is given back unless it was needed. Idempotent, never raises."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            healthy = not self._broken
            self._broken = self._broken or "the run is closed"
            self._connection.close()
            self._reserve.close(remove=healthy)

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _seal(self, entries: Iterable[tuple[Kind, Mapping[str, Json]]], seq: int, head: str) -> tuple[Record, ...]:
        """Make the records that follow the one with this number and hash."""
        records: list[Record] = []
        for kind, data in entries:
            seq += 1
            event = Event(self.run, seq, self._clock.now(), self._clock.monotonic(), kind, data)
            records.append(seal(head, event))
            head = records[-1].hash
        return tuple(records)

    def _commit(self, records: tuple[Record, ...], durable: bool) -> None:
        if not records:
            return
        if durable != self._durable:
            set_durable(self._connection, durable)
            self._durable = durable
        with self._connection.begin():
            self._connection.execute(EVENTS.insert(), [asdict(record) for record in records])
        # SQLite goes on writing happily into a file that was deleted: the name must still lead to it.
        for path, identity in self._watched.items():
            if self._files.identity(path) != identity:
                raise FileNotFoundError(None, f"{path} was removed or replaced")

    def _advance(self, records: tuple[Record, ...]) -> None:
        if records:
            self._seq, self._head = records[-1].seq, records[-1].hash

    def _give_up(self, why: str, records: tuple[Record, ...]) -> None:
        self._broken, self._doubtful = why, records
