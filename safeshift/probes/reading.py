"""Reading the output of ``ping -O`` line by line: which probe came back, which did not. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_BACK = re.compile(r"^\d+ bytes from .*icmp_(?:seq|req)=(?P<seq>\d+) .*time=(?P<ms>[\d.]+) ms")
_NOT_YET = re.compile(r"^no answer yet for icmp_seq=(?P<seq>\d+)")
_ERROR = re.compile(r"^From .*icmp_seq=(?P<seq>\d+) ")


@dataclass(slots=True)
class PingReader:
    """Turns the lines of one ``ping -O`` into settled probes.

    Attributes:
        timeout_s: How long an answer may take; ping itself only says "not yet".
    """

    timeout_s: float
    _waiting: dict[int, float] = field(default_factory=dict)

    def read(self, line: str, now: float) -> Iterator[tuple[bool, float | None]]:
        """Take one line; yield (came back, milliseconds) for every probe that it settles."""
        if back := _BACK.match(line):
            self._waiting.pop(int(back["seq"]), None)
            yield True, float(back["ms"])
        elif lost := _ERROR.match(line):
            self._waiting.pop(int(lost["seq"]), None)
            yield False, None
        elif late := _NOT_YET.match(line):
            self._waiting[int(late["seq"])] = now
        yield from self.settle(now)

    def settle(self, now: float) -> Iterator[tuple[bool, float | None]]:
        """Yield the probes whose time is over."""
        over = [seq for seq, since in self._waiting.items() if now - since >= self.timeout_s]
        for seq in over:
            del self._waiting[seq]
            yield False, None
