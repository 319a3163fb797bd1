"""Writing down what happens: into the journal, into its reserve when the journal is lost, and to the observers.

Observers are told after the journal, from the journal's own events, and can never stop a run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping

from safeshift.errors import JournalError
from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.writer import RunWriter

Observer = Callable[[Event], None]
"""Told each event once, in order, after it is in the journal; from one thread at a time."""


class Recorder:
    """The one hand that writes a run's journal.

    Attributes:
        trouble: Why the journal was lost; empty while it is not.
    """

    def __init__(self, writer: RunWriter, observers: Iterable[Observer] = ()) -> None:
        self._writer = writer
        self._observers = tuple(observers)
        self.trouble = ""

    @property
    def run(self) -> str:
        """The run's id."""
        return self._writer.run

    def write(self, entries: Iterable[tuple[Kind, Mapping[str, Json]]]) -> bool:
        """Write records in one durable commit and tell the observers.

        Returns:
            Whether they are in the journal itself. Once they were not, they never are again: what follows goes to
            the reserve, and when even that cannot be written, to standard error.
        """
        batch: tuple[tuple[Kind, Mapping[str, Json]], ...] = tuple(entries)
        if not batch:
            return not self.trouble
        if not self.trouble:
            try:
                self._tell(self._writer.append_many(batch))
                return True
            except JournalError as error:
                self.trouble = str(error)
                if self._writer.doubtful:  # the writer puts them into the reserve itself, before the next record
                    self._tell(self._writer.doubtful)
                    batch = ((Kind.NOTE, {"text": f"the journal is lost: {error}"}),)
        for kind, data in batch:
            try:
                self._tell((self._writer.emergency(kind, data),))
            except JournalError as error:
                print(f"safeshift: not journaled ({error}): {kind.value} {dict(data)}", file=sys.stderr, flush=True)
        return False

    def note(self, kind: Kind, **data: Json) -> bool:
        """Write one record."""
        return self.write([(kind, data)])

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            for observer in self._observers:
                try:
                    observer(event)
                except Exception as error:  # an observer is somebody else's code: it must not stop an undo
                    print(f"safeshift: an observer failed: {error!r}", file=sys.stderr, flush=True)
