"""How a device pings: round trips in real time, printed as iputils prints them.

Many pings of one session share one loop that wakes once per instant, so that hundreds of them stay cheap.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeshift.lab.device import Device

TOGETHER_S = 0.002  # events this close are handled in one go; shorter round trips are printed at once
_HEADER = 28  # octets of IP and ICMP headers that the first line adds


def iputils_summary(target: str, sent: int, rtts: Sequence[float], elapsed_ms: int) -> str:
    """Write the summary of a Linux ping."""
    loss = 100.0 * (sent - len(rtts)) / sent if sent else 0.0
    text = f"--- {target} ping statistics ---\n"
    text += f"{sent} packets transmitted, {len(rtts)} received, {loss:.6g}% packet loss, time {elapsed_ms}ms\n"
    if rtts:
        mean = sum(rtts) / len(rtts)
        deviation = math.sqrt(max(0.0, sum(rtt * rtt for rtt in rtts) / len(rtts) - mean * mean))
        text += f"rtt min/avg/max/mdev = {min(rtts):.3f}/{mean:.3f}/{max(rtts):.3f}/{deviation:.3f} ms\n"
    return text


def time_words(rtt_ms: float) -> str:
    """Write a round-trip time with iputils' digits: 0.432, 4.32, 43.2, 432."""
    for limit, digits in ((1, 3), (10, 2), (100, 1)):
        if rtt_ms < limit:
            return f"{rtt_ms:.{digits}f}"
    return f"{rtt_ms:.0f}"


@dataclass(slots=True)
class Ping:
    """One ping command while it runs.

    Attributes:
        count: How many requests; None: until it is stopped.
        deadline_s: Longest run, seconds; None: none.
        tell_missing: Say ``no answer yet`` when the next request goes out.
        stamps: Begin each line with the wall clock.

    """

    target: IPv4Address
    source: IPv4Address | None = None
    count: int | None = None
    interval_s: float = 1.0
    timeout_s: float = 10.0
    deadline_s: float | None = None
    size: int = 56
    quiet: bool = False
    tell_missing: bool = False
    stamps: bool = False
    began: float = 0.0
    sent: int = 0
    rtts: list[float] = field(default_factory=list)
    answered: int = 0
    done: bool = False

    def header(self) -> str:
        """Return the first line."""
        source = f"from {self.source} : " if self.source else ""
        return f"PING {self.target} ({self.target}) {source}{self.size}({self.size + _HEADER}) bytes of data.\n"

    def summary(self, now: float) -> str:
        """Return the last lines."""
        return "\n" + iputils_summary(str(self.target), self.sent, self.rtts, int((now - self.began) * 1000))

    def status(self) -> int:
        """Return ping's exit status."""
        if not self.rtts or (self.count and self.deadline_s and len(self.rtts) < self.count):
            return 1
        return 0

    def reply(self, sequence: int, rtt: float, ttl: int) -> str:
        """Note an answer and return its line."""
        self.rtts.append(rtt)
        self.answered = max(self.answered, sequence)
        if self.quiet:
            return ""
        line = f"{self.size + 8} bytes from {self.target}: icmp_seq={sequence} ttl={ttl} time={time_words(rtt)} ms\n"
        return self._stamp() + line

    def missing(self, sequence: int) -> str:
        """Return the line for a request that has no answer yet."""
        if self.quiet or not self.tell_missing:
            return ""
        return f"{self._stamp()}no answer yet for icmp_seq={sequence}\n"

    def _stamp(self) -> str:
        return f"[{time.time():.6f}] " if self.stamps else ""


class PingLoop:
    """Runs the pings of one session.

    Args:
        emit: Takes finished lines.
        pause: Lets time pass; raises when the user interrupts.

    """

    def __init__(self, device: Device, emit: Callable[[str], None], pause: Callable[[float], Awaitable[None]]) -> None:
        self._device = device
        self._emit = emit
        self._pause = pause
        self._events: list[tuple[float, int, Ping, int, float]] = []
        self._count = 0
        self._running: list[Ping] = []

    async def run(self, pings: Sequence[Ping]) -> None:
        """Start pings together and return when all are done.

        Raises:
            Interrupted: as ``pause`` raised it; each ping's summary was printed first.

        """
        now = time.monotonic()
        for ping in pings:
            ping.began = now
            self._running.append(ping)
            self._emit(ping.header())
            self._plan(now, ping, 0, 0.0)
        try:
            while self._running:
                await self._turn()
        finally:
            now = time.monotonic()
            for ping in self._running:
                self._emit(ping.summary(now))
            self._running.clear()
            self._events.clear()

    async def _turn(self) -> None:
        wait = self._events[0][0] - time.monotonic()
        if wait > 0:
            await self._pause(wait)
        now = time.monotonic() + TOGETHER_S
        while self._events and self._events[0][0] <= now:
            at, _, ping, sequence, rtt = heapq.heappop(self._events)
            if ping.done:
                continue
            if sequence:
                self._answer(ping, sequence, rtt)
                self._end_if_over(ping)
            else:
                self._next(ping, at)

    def _answer(self, ping: Ping, sequence: int, rtt: float) -> None:
        ttl = self._device.around.ttl(self._device.name, ping.target, ping.source)
        self._emit(ping.reply(sequence, rtt, ttl))

    def _plan(self, at: float, ping: Ping, sequence: int, rtt: float) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, ping, sequence, rtt))

    def _next(self, ping: Ping, at: float) -> None:
        """Send the next request, or end."""
        over = ping.deadline_s is not None and at - ping.began >= ping.deadline_s
        if over or (ping.count is not None and ping.sent >= ping.count):
            self._end(ping)
            return
        if ping.sent and ping.answered < ping.sent:
            self._emit(ping.missing(ping.sent))
        ping.sent += 1
        rtt = self._device.around.ping(self._device.name, ping.target, ping.source)
        if rtt is not None:
            if rtt / 1000 < TOGETHER_S:
                self._answer(ping, ping.sent, rtt)
            else:
                self._plan(at + rtt / 1000, ping, ping.sent, rtt)
        last = ping.count is not None and ping.sent >= ping.count
        if last and self._end_if_over(ping):
            return
        self._plan(at + (ping.timeout_s if last else ping.interval_s), ping, 0, 0.0)

    def _end_if_over(self, ping: Ping) -> bool:
        if ping.count is not None and ping.sent >= ping.count and ping.answered >= ping.sent:
            self._end(ping)
        return ping.done

    def _end(self, ping: Ping) -> None:
        ping.done = True
        self._running.remove(ping)
        self._emit(ping.summary(time.monotonic()))
