"""Signals become requests to stop: once undoes, twice stops at once; a lost terminal never stops a run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from safeshift.engine.interrupts import Interrupts
from safeshift.reporting.lines import printable

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


def answered(question: str, interrupts: Interrupts | None = None, *, aside: bool = False) -> bool:
    """Ask a person, on standard error where it is ``aside``; Enter alone and a closed terminal are a no.

    From the main thread Ctrl-C ends the question, as a no, and is counted in ``interrupts``; from another one (an
    ``approve`` step) it stops the run.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        if interrupts is not None:
            interrupts.request(signal.Signals(number).name)
        raise KeyboardInterrupt

    mine = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, stop) if mine else None
    try:
        return typer.confirm(printable(question), default=False, err=aside)
    except (KeyboardInterrupt, typer.Abort):
        return False
    finally:
        if mine:
            signal.signal(signal.SIGINT, before)
