"""Reading the output of ``ping -O`` line by line: which probe came back, which did not. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_BACK = re.compile(r"^\d+ bytes from .*icmp_(?:seq|req)=(?P<seq>\d+) .*time=(?P<ms>\d+(?:\.\d+)?) ms")
_NOT_YET = re.compile(r"^no answer yet for icmp_seq=(?P<seq>\d+)$")
_ERROR = re.compile(r"^From .*icmp_seq=(?P<seq>\d+) (?!Redirect|Source Quench)")


@dataclass(slots=True)
class PingReader:
    """Turns the lines of one ``ping -O`` into settled probes.

    Attributes:
        timeout_s: How long an answer may take; ping itself only says "not yet".

    Guarantees:
        Each probe is settled at most once, by the first word about it: neither an answer that comes after its time
        was over, nor a duplicate, nor an error about a probe that was given up counts a second time.
    """

    timeout_s: float
    _waiting: dict[int, float] = field(default_factory=dict)
    _settled: set[int] = field(default_factory=set)

    def read(self, line: str, now: float) -> Iterator[tuple[bool, float | None]]:
        """Take one line; yield (came back, milliseconds) for every probe that it settles."""
        line = line.rstrip()
        if back := _BACK.match(line):
            if self._settle(int(back["seq"])):
                yield True, float(back["ms"])
        elif lost := _ERROR.match(line):
            if self._settle(int(lost["seq"])):
                yield False, None
        elif (late := _NOT_YET.match(line)) and int(late["seq"]) not in self._settled:
            self._waiting[int(late["seq"])] = now
        yield from self.settle(now)

    def settle(self, now: float) -> Iterator[tuple[bool, float | None]]:
        """Yield the probes whose time is over."""
        over = [seq for seq, since in self._waiting.items() if now - since >= self.timeout_s]
        for seq in over:
            self._settle(seq)
            yield False, None

    def _settle(self, seq: int) -> bool:
        """Note that a probe is settled; return whether it was not before."""
        self._waiting.pop(seq, None)
        fresh = seq not in self._settled
        self._settled.add(seq)
        return fresh
