"""The machine's own clock keeps the promises of ``Clock``."""

from __future__ import annotations

import threading
from datetime import UTC

from safeshift.clock import SystemClock


def test_system_clock_never_goes_back() -> None:
    """Durations are differences of ``monotonic``; none is negative."""
    clock = SystemClock()
    seen = [clock.monotonic() for _ in range(100)]
    assert seen == sorted(seen)


def test_system_clock_tells_the_time_in_utc() -> None:
    """The wall clock is aware, so that journals of two sites can be laid side by side."""
    assert SystemClock().now().tzinfo is UTC


def test_system_clock_wait_says_whether_the_event_came() -> None:
    """True when the event is set, False when the time is over; a time that is over already does not block."""
    clock, event = SystemClock(), threading.Event()
    assert clock.wait(event, 0.001) is False
    assert clock.wait(event, -5) is False
    event.set()
    assert clock.wait(event, 60) is True
