"""What is tried again, how often and when: two named policies, both for reads only.

A write is never tried again, whatever happened to it: its outcome is settled by reading the device.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_none,
    wait_random,
)

from safeshift.clock import Clock
from safeshift.drivers.errormap import is_unreachable
from safeshift.errors import ConnectionLostError

LOGIN_ATTEMPTS = 3
"""A device that refuses three connections in a row is down, not busy."""
LOGIN_PAUSE_S = (0.1, 0.6)
"""Spread, so that many devices behind one lost path do not all come back at the same instant."""


def login_policy(clock: Clock, *, limit_s: float) -> Retrying:
    """Try a login again only when nothing answered; never after a refused password, a wrong key or a bad algorithm.

    Args:
        limit_s: No new attempt starts later than this after the first, so that a silent device costs one time-out.

    """
    return Retrying(
        retry=retry_if_exception(is_unreachable),
        stop=stop_after_attempt(LOGIN_ATTEMPTS) | stop_after_delay(limit_s),
        wait=wait_random(*LOGIN_PAUSE_S),
        sleep=lambda seconds: _pause(clock, seconds),
        reraise=True,
    )


def read_policy(clock: Clock, *, until: float, wanted: Callable[[], bool]) -> Retrying:
    """Read once more, over a new session, when the old one was lost or spoke nonsense.

    Args:
        until: The moment, on the monotonic clock, behind which no second attempt makes sense.
        wanted: Whether anybody still waits for the answer.

    """

    def is_worth_it(error: BaseException) -> bool:
        return isinstance(error, ConnectionLostError) and clock.monotonic() < until and wanted()

    return Retrying(
        retry=retry_if_exception(is_worth_it),
        stop=stop_after_attempt(2),
        wait=wait_none(),
        reraise=True,
    )


def _pause(clock: Clock, seconds: float | None) -> None:
    clock.wait(threading.Event(), seconds or 0.0)
