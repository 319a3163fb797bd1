"""Combining verdicts: the worst wins, whatever their order, however they are grouped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safeshift.verdict import Verdict, worst

verdicts = st.sampled_from(Verdict)
many = st.lists(verdicts)
SEVERITY = (Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL)


@given(found=many, data=st.data())
def test_worst_does_not_look_at_the_order(found: list[Verdict], data: st.DataObject) -> None:
    """Any order of the same verdicts gives the same."""
    assert worst(data.draw(st.permutations(found))) is worst(found)


@given(one=many.filter(bool), other=many.filter(bool))
def test_worst_of_groups_is_the_worst_of_all(one: list[Verdict], other: list[Verdict]) -> None:
    """Verdicts may be combined node by node or all at once."""
    assert worst([worst(one), worst(other)]) is worst(one + other)


@given(found=many, more=verdicts)
def test_worst_never_gets_better_by_more_evidence_of_harm(found: list[Verdict], more: Verdict) -> None:
    """A further verdict never hides a worse one."""
    assert SEVERITY.index(worst([*found, more])) >= max((SEVERITY.index(one) for one in found), default=0)


@given(found=many)
def test_worst_is_pass_only_when_all_pass_and_there_is_one(found: list[Verdict]) -> None:
    """PASS means that something was measured and everything measured passed."""
    assert (worst(found) is Verdict.PASS) is (bool(found) and set(found) == {Verdict.PASS})
