"""Moves that only look: when traffic counts as having left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from safeshift.actions.base import MoveKind
from safeshift.engine.gather import Gatherer
from safeshift.engine.looking import Looker
from safeshift.engine.report import Report
from safeshift.engine.states import Outcome
from safeshift.planning.plan import Checks, Move
from tests.unit.engine.bench import Eos, FastClock, Rack, Remembering
from tests.unit.planning.building import fabric, site

BEFORE, CLEARED = 10**12, 5 * 10**9


class Counting(Remembering):
    """A router whose one port says these octets, in both directions, one reading after the other."""

    def __init__(self, octets: Sequence[tuple[int, int]]) -> None:
        super().__init__("p1", Eos(), "")
        self._said: Iterator[tuple[int, int]] = iter(octets)
        self._last = (0, 0)

    def read(self, commands: Sequence[str], *, deadline_s: float = 30.0) -> tuple[str, ...]:
        """See ``Driver``."""
        self._last = octets_in, octets_out = next(self._said, self._last)
        return tuple(
            f"     7 packets input, {octets_in} bytes\n     7 packets output, {octets_out} bytes" for _ in commands
        )


def waited(*octets: tuple[int, int]) -> Report:
    """Wait until a port of 40 Gbit/s carries less than one percent, no longer than two readings."""
    rack = Rack()
    rack.drivers["p1"] = Counting(octets)
    clock = FastClock()
    looker = Looker(site(), Gatherer(rack, fabric(), (), clock), lambda message: False, clock)
    arguments: dict[str, object] = {"interfaces": {"Ethernet1": 40e9}, "below": 0.01, "within": 1}
    kind = MoveKind.DRAINED
    checks = Checks(("primary",))
    return looker.perform(Move("1.1.1", 1, 1, "s", "n", "x", kind, ("p1",), ("p1",), {"p1": arguments}, checks))


def test_port_whose_counters_stand_still_is_drained() -> None:
    """Two readings that are alike: nothing passed."""
    report = waited((BEFORE, BEFORE), (BEFORE, BEFORE))
    assert (report.outcome, report.detail) == (
        Outcome.DONE,
        "drained: at most p1 Ethernet1 0 Gbit/s (0 %)",
    )


@pytest.mark.parametrize(
    "second", [(CLEARED, CLEARED), (CLEARED, BEFORE), (BEFORE, CLEARED)], ids=["both", "in", "out"]
)
def test_port_whose_counters_fell_is_not_drained(second: tuple[int, int]) -> None:
    """They were cleared, or the router came back: how much passed meanwhile is not known, and so not little."""
    report = waited((BEFORE, BEFORE), second)
    assert report.outcome is Outcome.FAILED
    assert "p1 Ethernet1: its counters were reset while they were watched" in report.detail
    assert report.findings["loads"] == [
        {"device": "p1", "interface": "Ethernet1", "bits_per_second": None, "share": None}
    ]
