"""How a person stops a run: once to undo, twice to stop at once. Whoever owns the process wires signals to it."""

from __future__ import annotations

import threading


class Interrupts:
    """Counts requests to stop; shared between a run and whoever may stop it.

    Guarantees:
        Thread-safe and safe to call from a signal handler: it only counts and sets.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self.changed = threading.Event()

    def request(self, name: str) -> None:
        """Ask once: the run undoes what it did. Ask twice: it stops where it is."""
        self._names.append(name)
        self.changed.set()

    @property
    def first(self) -> str:
        """The name of the first request; empty while there is none."""
        return self._names[0] if self._names else ""

    @property
    def at_once(self) -> bool:
        """Whether a second request came."""
        return len(self._names) > 1
