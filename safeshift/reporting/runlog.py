"""A run's own log file: every event as one JSON line, for whoever lost the terminal and for log collectors.

The journal is what happened; this is only a copy of it that ordinary tools can follow, and like every observer it can
never stop a run.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from safeshift.journal.events import Event
from safeshift.journal.place import prepare_directory
from safeshift.reporting.structured import event_json

LOGS = "logs"  # the folder beside the journal


class RunLog:
    """Writes ``<folder>/<run>.jsonl``, readable by its owner only.

    Attributes:
        path: The file, once the first event named the run; None before.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: TextIO | None = None
        self._log: structlog.typing.FilteringBoundLogger | None = None
        self.path: Path | None = None
        self._gone = False

    def __call__(self, event: Event) -> None:
        """Write one event; a disk that takes no more ends the file for good, silently: the journal tells of it."""
        if self._gone:
            return
        fields = {key: value for key, value in event_json(event).items() if key not in ("kind", "run")}
        try:
            if self._log is None:
                self._open(event.run)
            if self._log is not None:
                self._log.info(event.kind.value, **fields)
        except OSError:
            self._gone = True

    def _open(self, run: str) -> None:
        prepare_directory(self._folder)
        self.path = self._folder / f"{run}.jsonl"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)
        self._log = structlog.wrap_logger(
            structlog.WriteLogger(self._file),
            processors=[_without_level, structlog.processors.JSONRenderer(sort_keys=True)],
            wrapper_class=structlog.make_filtering_bound_logger("INFO"),
        ).bind(run=run)

    def close(self) -> None:
        """Close the file; idempotent, never raises."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk did not take
                self._file.close()


def _without_level(logger: WrappedLogger, method: str, fields: EventDict) -> EventDict:
    """A journal event has no level: it happened."""
    fields.pop("level", None)
    return fields
