"""The run as it goes on, on the console.

An observer: told each event after it is journaled, unable to stop anything. Next: ``narration.py`` (the words).
"""

from __future__ import annotations

from rich.console import Console

from safeshift.journal.events import Event, Kind
from safeshift.reporting.lines import Line, write
from safeshift.reporting.narration import Narrator


class LiveConsole:
    """Prints each event's lines with the seconds since the run began; falls silent for good when nobody reads.

    Args:
        full: As for ``Narrator``.
    """

    def __init__(self, console: Console, *, full: bool = False) -> None:
        self._console = console
        self._narrator = Narrator(full=full)
        self._began: float | None = None
        self._gone = False

    @property
    def is_silent(self) -> bool:
        """Whether the reader has gone away."""
        return self._gone

    def __call__(self, event: Event) -> None:
        """Print one event."""
        if self._began is None or event.kind is Kind.RUN_OPENED:
            self._began = event.mono
        since = f"{event.mono - self._began:7.1f} s  "
        lines = self._narrator.tell(event)
        if self._gone:
            return
        try:
            write(self._console, (Line(f"{since}{line}", line.tone) for line in lines))
        except OSError:
            self._gone = True  # a closed terminal or pipe is no reason to stop, nor to complain once per event
