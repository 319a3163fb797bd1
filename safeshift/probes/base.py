"""What a probe promises: pairs, observations, and an observer that keeps sending until it is stopped.

Next: ``observers.py`` (who sends), ``pairs.py`` (who is asked), ``judge.py`` (what it means).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Pair:
    """One direction of looking: the observer asks the target's address on one network for an answer.

    Attributes:
        observer: The device that sends (a node, a router, or ``localhost``).
        target: The node (or router) whose address is asked.
        network: The network whose address is asked.
        address: The address asked, as text.
    """

    observer: str
    target: str
    network: str
    address: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One round trip that came back or did not.

    Attributes:
        at: When it was settled, on the run's monotonic clock, seconds.
        came_back: Whether the answer came within the probe's timeout.
        rtt_ms: Round-trip time in milliseconds; None when it did not come back.
    """

    pair: Pair
    at: float
    came_back: bool
    rtt_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """An observer stopped reporting, of one pair or of all: what it has not said may not be guessed, and is UNKNOWN."""

    observer: str
    at: float
    reason: str
    pair: Pair | None = None


class Observer(Protocol):
    """Something that sends probes without pause and reports each result as it is known.

    Guarantees:
        ``start`` returns at once; ``report`` is called from a thread of the observer's own. An observer that loses
        its session reports ``Silence`` and tries again by itself until stopped. ``stop`` waits some seconds for the
        last report; what it leaves on a device that cannot be reached ends there by itself within a minute.
    """

    name: str

    def start(self, pairs: Sequence[Pair], report: Callable[[Observation | Silence], None]) -> None:
        """Begin to probe each of the pairs every ``interval``."""
        ...

    def stop(self) -> None:
        """End it; idempotent; never raises."""
        ...
