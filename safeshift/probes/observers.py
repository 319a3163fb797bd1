"""Those who look: nodes over SSH, routers by their own ping, the machine that safeshift runs on.

Each keeps sending until it is stopped, each pair in a thread of its own; one that cannot report says ``Silence`` and
tries again. What the observations mean is ``judge.py``.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

from safeshift.clock import Clock
from safeshift.drivers.base import Driver
from safeshift.errors import ProbeError
from safeshift.probes.base import Observation, Pair, Silence
from safeshift.probes.reading import PingReader

INTERVAL_S = 0.2  # the default of the design; ping lets an unprivileged user go no lower
TIMEOUT_S = 0.5  # beyond any round trip inside a data centre, even through a full queue
LIFETIME_S = 60  # a ping that nobody can end any more ends itself; one that is still wanted is begun anew
RETRY_S = 1.0
STOP_S = 5.0  # longest wait for an observer's threads to end; they are daemons, and what they read is nobody's any more
ROUND = 2  # probes in one ping of a router: a dead pair holds up the others for this many seconds

Report = Callable[[Observation | Silence], None]


class Lines(Protocol):
    """Lines of text that come one by one."""

    def read_line(self, timeout_s: float | None) -> str | None:
        """Return the next line, or None when none came in time or none will come."""
        ...

    @property
    def ended(self) -> bool:
        """Whether no further line will come."""
        ...

    def close(self) -> None:
        """End it and free whoever reads; never raises."""
        ...


class StreamingDriver(Driver, Protocol):
    """A driver that can also start a command on a channel of its own."""

    def stream(self, command: str) -> Lines:
        """Start a command; its lines come as they are printed."""
        ...


class PairObserver(ABC):
    """An observer with one thread per pair; subclasses say how one pair is probed until it breaks."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._stopping = threading.Event()
        self._threads: tuple[threading.Thread, ...] = ()

    def start(self, pairs: Sequence[Pair], report: Report) -> None:
        """See ``Observer``."""
        self._threads = tuple(
            threading.Thread(target=self._keep_looking, args=(pair, report), name=f"safeshift-probe-{pair.observer}")
            for pair in pairs
        )
        for thread in self._threads:
            thread.daemon = True  # a hung observer must not keep a finished run from ending
            thread.start()

    def stop(self) -> None:
        """See ``Observer``."""
        self._stopping.set()
        ends = self._clock.monotonic() + STOP_S
        for thread in self._threads:
            while thread.is_alive() and self._clock.monotonic() < ends:
                self._interrupt()  # again and again: a read whose session was ended is tried over a new one
                thread.join(timeout=0.1)

    def _keep_looking(self, pair: Pair, report: Report) -> None:
        while not self._stopping.is_set():
            try:
                self._look(pair, report)
            except Exception as error:  # a thread that died of a bug would be a silence that nobody reports
                if not self._stopping.is_set():
                    report(Silence(self.name, self._clock.monotonic(), str(error), pair))
                    self._clock.wait(self._stopping, RETRY_S)

    @abstractmethod
    def _look(self, pair: Pair, report: Report) -> None:
        """Probe one pair until it breaks or the observer is stopped."""

    @abstractmethod
    def _interrupt(self) -> None:
        """Free threads that wait for a device."""


class StreamObserver(PairObserver):
    """Looks by one endless ``ping`` per pair, whose lines ``open_lines`` brings."""

    def __init__(self, name: str, clock: Clock, open_lines: Callable[[Pair], Lines]) -> None:
        super().__init__(name, clock)
        self._open_lines = open_lines
        self._streams: queue.SimpleQueue[Lines] = queue.SimpleQueue()

    def _look(self, pair: Pair, report: Report) -> None:
        lines = self._open_lines(pair)
        self._streams.put(lines)
        reader, last, told = PingReader(TIMEOUT_S), "", False
        try:
            while not self._stopping.is_set() and not lines.ended:
                line = lines.read_line(INTERVAL_S)
                now = self._clock.monotonic()
                settled = reader.read(line, now) if line is not None else reader.settle(now)
                for came_back, rtt_ms in settled:
                    report(Observation(pair, now, came_back, rtt_ms))
                    told = True
                last = line or last
        finally:
            lines.close()
        if not told:  # no ping there, no route: begun anew at once it would be a loop that says nothing
            raise ProbeError(f"{self.name}: ping to {pair.address} ended without a result: {last.strip()}")

    def _interrupt(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._streams.get_nowait().close()


def ping_stream_command(address: str) -> str:
    """Return the command line of an endless, self-limiting ping (iputils)."""
    return f"ping -O -n -i {INTERVAL_S} -W 1 -w {LIFETIME_S} {address}"


def node_observer(name: str, driver: StreamingDriver, clock: Clock) -> StreamObserver:
    """A node looks over its SSH session."""

    def open_lines(pair: Pair) -> Lines:
        driver.open()
        return driver.stream(ping_stream_command(pair.address))

    return StreamObserver(name, clock, open_lines)


class _Process:
    """The lines of a ping on this machine."""

    def __init__(self, address: str) -> None:
        try:
            self._process = subprocess.Popen(
                ping_stream_command(address).split(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise ProbeError(f"this machine cannot ping: {error}", hint="install iputils-ping") from error
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._over = False
        self._reader = threading.Thread(target=self._pump, daemon=True, name="safeshift-ping")
        self._reader.start()

    def _pump(self) -> None:
        assert self._process.stdout is not None  # PIPE was asked for
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def read_line(self, timeout_s: float | None) -> str | None:
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self._over = line is None
        return line

    @property
    def ended(self) -> bool:
        return self._over

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(timeout=2.0)
        if self._process.stdout is not None:
            self._process.stdout.close()


def local_observer(name: str, clock: Clock) -> StreamObserver:
    """The machine that safeshift runs on looks by its own ping."""
    return StreamObserver(name, clock, lambda pair: _Process(pair.address))


class RouterObserver(PairObserver):
    """A router looks by its own ping, a few probes at a time, over a session of its own.

    The session is not the one that changes the router: a ping that waits for answers must not delay an undo.
    """

    def __init__(self, name: str, driver: Driver, clock: Clock) -> None:
        super().__init__(name, clock)
        self._driver = driver

    def _look(self, pair: Pair, report: Report) -> None:
        platform = self._driver.platform
        command = platform.ping_command(pair.address, count=ROUND, source=None, timeout_s=1)
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            (answer,) = self._driver.read((command,), deadline_s=10.0 + 2 * ROUND)
            try:
                sent, received, rtts = platform.parse_ping(answer)
            except ValueError as error:
                raise ProbeError(f"{self.name}: {error}") from error
            now = self._clock.monotonic()
            for number in range(sent):
                back = number < received
                report(Observation(pair, now, back, rtts[1] if back and len(rtts) > 1 else None))
            self._clock.wait(self._stopping, max(0.0, ROUND * INTERVAL_S - (now - began)))

    def _interrupt(self) -> None:
        self._driver.close()
