"""Verdicts: three values, none of them truthy by accident, and one order of severity."""

from __future__ import annotations

from itertools import product

import pytest

from safeshift.verdict import Verdict, worst

PASS, UNKNOWN, FAIL = Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL


@pytest.mark.parametrize(("one", "other"), list(product(Verdict, repeat=2)))
def test_worst_of_two_verdicts(one: Verdict, other: Verdict) -> None:
    """The nine cells: FAIL beats UNKNOWN beats PASS."""
    expected = FAIL if FAIL in (one, other) else UNKNOWN if UNKNOWN in (one, other) else PASS
    assert worst((one, other)) is expected


def test_worst_of_nothing_is_unknown() -> None:
    """No evidence is never success."""
    assert worst([]) is UNKNOWN


@pytest.mark.parametrize("verdict", list(Verdict))
def test_verdict_cannot_be_used_as_a_boolean(verdict: Verdict) -> None:
    """``if verdict`` is a bug that shows itself at once."""
    with pytest.raises(TypeError, match="compare it with `is`"):
        bool(verdict)
