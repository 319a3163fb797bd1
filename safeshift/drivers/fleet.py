"""Many devices at once: bounded logins, work per device in threads, and a rollback that writes to all before it reads.

It decides in which order bytes go out, never which; results come back per device, and no device's trouble is
another's. What one device does is ``netmiko_driver.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TypeVar

from safeshift.clock import Clock
from safeshift.drivers.base import Exchange
from safeshift.drivers.hands import Hands
from safeshift.drivers.netmiko_driver import NetmikoDriver, StartedWrite
from safeshift.errors import DeviceError
from safeshift.model.connection import Connection
from safeshift.platforms import platform_named

FORKS = 16
"""Logins at a time: more gain nothing (measured: the CPU is the limit), and AAA servers are kept from a storm."""

T = TypeVar("T")


class Fleet:
    """One driver per device, made at once and opened when first needed.

    Args:
        connections: The ways to the devices, one per device.
        forks: How many devices are worked on at the same time.

    Raises:
        InventoryError: a connection names a platform that safeshift does not know.

    Guarantees:
        Thread-safe as its drivers are. ``with Fleet(...)`` closes every session at the end.

    """

    def __init__(self, connections: Iterable[Connection], *, clock: Clock, forks: int = FORKS) -> None:
        known = {connection.host: connection for connection in connections}
        self.forks = forks
        self._clock = clock
        self._hands = Hands()
        self._drivers: Mapping[str, NetmikoDriver] = {
            name: NetmikoDriver(connection, platform_named(connection.platform), clock=clock, others=known)
            for name, connection in known.items()
        }

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close_all()

    @property
    def names(self) -> tuple[str, ...]:
        """The devices, in the order in which they were given."""
        return tuple(self._drivers)

    def driver(self, name: str) -> NetmikoDriver:
        """Return a device's driver, always the same one.

        Raises:
            KeyError: there is no such device (a bug).

        """
        return self._drivers[name]

    def open_all(self, names: Iterable[str] | None = None) -> Mapping[str, DeviceError | None]:
        """Log in everywhere (default: every device) and say of each what went wrong, or ``None``.

        Raises:
            Exception: only what is no ``DeviceError``, and so a bug.

        """
        results: dict[str, DeviceError | None] = {}
        for name, outcome in self.each(self.names if names is None else names, NetmikoDriver.open).items():
            if isinstance(outcome, Exception) and not isinstance(outcome, DeviceError):
                raise outcome
            results[name] = outcome
        return results

    def each(self, names: Iterable[str], function: Callable[[NetmikoDriver], T]) -> dict[str, T | Exception]:
        """Call a function with the driver of each device, ``forks`` of them at a time.

        Returns:
            Per device, in the order of ``names``, what the function returned or the exception that it raised.

        """
        wanted = tuple(dict.fromkeys(names))
        if not wanted:
            return {}
        waiting, ended = SimpleQueue[str](), SimpleQueue[None]()
        results: dict[str, T | Exception] = {}
        for name in wanted:
            waiting.put(name)

        def work() -> None:
            with suppress(Empty):
                while True:
                    name = waiting.get_nowait()
                    results[name] = _attempt(function, self._drivers[name])

        hands = min(self.forks, len(wanted))
        for _ in range(hands):
            self._hands.do(work, lambda: ended.put(None))
        for _ in range(hands):
            ended.get()
        return {name: results[name] for name in wanted}

    def write_all(
        self, blocks: Mapping[str, Sequence[str]], *, deadline_s: float = 30.0
    ) -> Mapping[str, Exchange | DeviceError]:
        """Write to every device before reading from any: the way to undo on many devices in milliseconds.

        A device whose session is not ready to take the lines at once (lost, busy, never opened, a long block) goes to
        a thread of its own and delays nobody.

        Returns:
            Per device what ``Driver.write`` returned or raised; nothing is tried twice.

        """
        for name, lines in blocks.items():
            self._drivers[name].check_lines(lines)
        started: dict[str, StartedWrite] = {}
        results: dict[str, Exchange | DeviceError] = {}
        try:
            slow = self._write_ready(blocks, started, results, deadline_s)
            with ThreadPoolExecutor(max(1, min(self.forks, len(slow))), thread_name_prefix="slow-lane") as pool:
                futures = {
                    name: pool.submit(self._drivers[name].write, blocks[name], deadline_s=deadline_s) for name in slow
                }
                while started:
                    name = next(iter(started))
                    results[name] = _settled(started.pop(name).finish)
            results |= {name: _settled(future.result) for name, future in futures.items()}
        finally:
            for write in started.values():
                write.abandon()
        return {name: results[name] for name in blocks}

    def close_all(self) -> None:
        """End every session for good; never raises."""
        for driver in self._drivers.values():
            driver.retire()
        self._hands.dismiss()

    def _write_ready(
        self,
        blocks: Mapping[str, Sequence[str]],
        started: dict[str, StartedWrite],
        results: dict[str, Exchange | DeviceError],
        deadline_s: float,
    ) -> tuple[str, ...]:
        """Send to every device that takes its lines at once; return the others."""
        slow = []
        for name, lines in blocks.items():
            try:
                write = self._drivers[name].start_write(lines, deadline_s=deadline_s)
            except DeviceError as error:
                results[name] = error
                continue
            if write is None:
                slow.append(name)
            else:
                started[name] = write
        return tuple(slow)


def _attempt(function: Callable[[NetmikoDriver], T], driver: NetmikoDriver) -> T | Exception:
    try:
        return function(driver)
    except Exception as error:  # whatever it is, it is this device's result; the caller tells bugs from trouble
        return error


def _settled(finish: Callable[[], Exchange]) -> Exchange | DeviceError:
    try:
        return finish()
    except DeviceError as error:
        return error
