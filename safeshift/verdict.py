"""Verdicts and the gate's table: the only order of severity in safeshift.

A verdict is what was measured, never an exception. Next: ``engine/gate.py`` turns verdicts into a decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """What a measurement says. There is no fourth answer, and none of them is truthy by accident."""

    PASS = "PASS"
    UNKNOWN = "UNKNOWN"
    FAIL = "FAIL"

    def __bool__(self) -> bool:
        raise TypeError("a verdict has three values: compare it with `is`")


_SEVERITY = (Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Combine verdicts: the worst wins, whatever their order; no verdict at all is UNKNOWN.

    Example:
        >>> worst([Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN]).value
        'FAIL'
        >>> worst([]).value
        'UNKNOWN'
    """
    return max(verdicts, key=_SEVERITY.index, default=Verdict.UNKNOWN)
