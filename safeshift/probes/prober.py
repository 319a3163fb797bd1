"""All observers of a run together: started once, stopped once, feeding one judge.

Next: ``judge.py``, which says what they saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from safeshift.clock import Clock
from safeshift.platforms.base import Platform
from safeshift.probes.base import Observation, Observer, Pair, Silence
from safeshift.probes.observers import RouterObserver, StreamingDriver, local_observer, node_observer
from safeshift.probes.pairs import LOCALHOST

MakeDriver = Callable[[str], StreamingDriver]


class Prober:
    """Keeps every observer looking.

    Guarantees:
        ``start`` and ``stop`` may each be called once; after ``stop`` nothing is reported any more.
    """

    def __init__(self, pairs: Iterable[Pair], make_driver: MakeDriver, clock: Clock) -> None:
        """Prepare observers.

        Args:
            make_driver: Gives an observer a session of its own, apart from the one that changes devices.
        """
        self._by_observer: dict[str, list[Pair]] = {}
        for pair in pairs:
            self._by_observer.setdefault(pair.observer, []).append(pair)
        self._make_driver = make_driver
        self._clock = clock
        self._observers: list[Observer] = []
        self._drivers: list[StreamingDriver] = []

    def start(self, report: Callable[[Observation | Silence], None]) -> None:
        """Let all observers look and report; returns at once."""
        for name, pairs in self._by_observer.items():
            observer = self._observer(name)
            self._observers.append(observer)
            observer.start(pairs, report)

    def _observer(self, name: str) -> Observer:
        if name == LOCALHOST:
            return local_observer(name, self._clock)
        driver = self._make_driver(name)
        self._drivers.append(driver)
        if streams(driver.platform):
            return node_observer(name, driver, self._clock)
        return RouterObserver(name, driver, self._clock)

    def stop(self) -> None:
        """End it all, all at once; never raises; idempotent."""
        if not self._observers:
            return
        with ThreadPoolExecutor(len(self._observers), thread_name_prefix="safeshift-stop") as pool:
            tuple(pool.map(lambda observer: observer.stop(), self._observers))
        for driver in self._drivers:
            driver.close()


def streams(platform: Platform) -> bool:
    """Tell whether a platform's shell can run an endless ping beside the terminal."""
    return platform.name == "linux"
