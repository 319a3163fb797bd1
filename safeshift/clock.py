"""Time as a seam: everything that waits or stamps takes a ``Clock``, so that a simulation can own time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of time in the engine.

    Guarantees:
        ``monotonic`` never goes back and is what every duration is measured on; ``now`` is for people.
    """

    def monotonic(self) -> float:
        """Return seconds since some fixed instant."""
        ...

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Block until the event is set or the time is over; return whether it was set."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """See ``Clock``."""
        return time.monotonic()

    def now(self) -> datetime:
        """See ``Clock``."""
        return datetime.now(UTC)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """See ``Clock``."""
        return event.wait(max(0.0, seconds))
