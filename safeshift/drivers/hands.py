"""Threads that are kept for the next piece of work: starting one costs more than most reads take.

They are daemons: a device that hangs must not keep a run that was stopped at once from ending. What is done with
them is ``fleet.py``'s business.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

Work = Callable[[], None]


class Hands:
    """As many threads as there is work at one time, none of which ever waits for another."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[tuple[Work, Work] | None]] = []
        self._dismissed = False

    def do(self, work: Work, then: Work) -> None:
        """Have something done, at once, in a thread of its own, and ``then`` be told; neither may raise."""
        try:
            hand = self._idle.pop()
        except IndexError:
            hand = self._hire()
        hand.put((work, then))

    def dismiss(self) -> None:
        """Let the idle ones go at once, the others when they are done; waits for nobody."""
        self._dismissed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().put(None)

    def _hire(self) -> SimpleQueue[tuple[Work, Work] | None]:
        given: SimpleQueue[tuple[Work, Work] | None] = SimpleQueue()
        threading.Thread(target=self._serve, args=(given,), name="safeshift-fleet", daemon=True).start()
        return given

    def _serve(self, given: SimpleQueue[tuple[Work, Work] | None]) -> None:
        while (order := given.get()) is not None:
            work, then = order
            work()
            self._idle.append(given)  # before anybody is told: who asks again then finds this one free
            if self._dismissed:
                self.dismiss()
            then()
