"""Signals become requests to stop: once undoes, twice stops at once; a lost terminal never stops a run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from safeshift.engine.interrupts import Interrupts

_STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping(interrupts: Interrupts) -> Iterator[None]:
    """Wire SIGINT and SIGTERM to ``interrupts`` and ignore SIGHUP, for as long as the block lasts."""

    def ask(number: int, frame: FrameType | None) -> None:
        # It only counts: whatever else it did (a line to a terminal that is gone) could raise in the midst of an undo.
        interrupts.request(signal.Signals(number).name)

    before = {number: signal.signal(number, ask) for number in _STOPPING}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
