"""Writing down what happens: into the journal, into its reserve when the journal is lost, and to the observers.

Observers are told after the journal, from the journal's own events, and can never stop a run.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Mapping

from safeshift.errors import JournalError
from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.writer import RunWriter

Observer = Callable[[Event], None]
"""Told each event once, in order, after it is in the journal; each observer from a thread of its own."""

PATIENCE_S = 0.5  # far more than a line on a terminal takes, far less than a site can be without its networks
LAST_WORDS_S = 5.0  # how long a finished run waits for an observer that is still busy


class Recorder:
    """The one hand that writes a run's journal.

    Attributes:
        trouble: Why the journal was lost; empty while it is not.
    """

    def __init__(self, writer: RunWriter, observers: Iterable[Observer] = ()) -> None:
        self._writer = writer
        self._listeners = tuple(_Listener(observer) for observer in observers)
        self._events: list[Event] = []
        self.trouble = ""

    @property
    def run(self) -> str:
        """The run's id."""
        return self._writer.run

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that was written so far, in order."""
        return tuple(self._events)

    @property
    def closed(self) -> bool:
        """Whether the run's last word was written."""
        return any(event.kind is Kind.RUN_CLOSED for event in self._events[-1:])

    def close(self) -> None:
        """Give every observer a moment to hear the rest; one that does not return is left behind."""
        for listener in self._listeners:
            listener.close()

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
                complain(f"not journaled ({error}): {kind.value} {dict(data)}")
        return False

    def note(self, kind: Kind, **data: Json) -> bool:
        """Write one record."""
        return self.write([(kind, data)])

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._events.append(event)
            for listener in self._listeners:
                listener.hear(event)


class _Listener:
    """One observer in a thread of its own: a terminal that stands still, or a pipe that is full, holds up no undo.

    One that keeps up is waited for, so that what it says stands before what happens next; the first time that it
    takes longer than ``PATIENCE_S`` is the last time that it is waited for.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._told: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._heard = threading.Event()
        self._keeps_up = True
        self._thread = threading.Thread(target=self._listen, name="safeshift-observer", daemon=True)
        self._thread.start()

    def hear(self, event: Event) -> None:
        self._heard.clear()
        self._told.put(event)
        if self._keeps_up:
            self._keeps_up = self._heard.wait(PATIENCE_S)

    def _listen(self) -> None:
        while (event := self._told.get()) is not None:
            try:
                self._observer(event)
            except Exception as error:  # an observer is somebody else's code: it must not stop a run
                complain(f"an observer failed: {error!r}")
            self._heard.set()

    def close(self) -> None:
        self._told.put(None)
        self._thread.join(timeout=LAST_WORDS_S)


def complain(sentence: str) -> None:
    """Say something on standard error, and never raise: a terminal that is gone is no reason to stop an undo."""
    with contextlib.suppress(OSError, ValueError):
        print(f"safeshift: {sentence}", file=sys.stderr, flush=True)
