"""The gate's whole table, as data: every pair of verdicts on two networks, before and after each time is over."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeshift.engine.gate import Decision, Ruling, decide
from safeshift.engine.states import Cause
from safeshift.planning.plan import Checks
from safeshift.probes.judge import Count, NodeView, View
from safeshift.verdict import Verdict

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
CONTINUE, HOLD, ROLL_BACK = Decision.CONTINUE, Decision.HOLD, Decision.ROLL_BACK
SETTLE, OBSERVER_GRACE, HOLD_ENDS = 5.0, 10.0, 60.0
CHECKS = Checks(("primary", "secondary"), settle_s=SETTLE, observer_grace_s=OBSERVER_GRACE, hold_s=HOLD_ENDS)
EARLY, SETTLED, LATE = 4.9, 12.0, 60.0  # before all times; after settling and grace; after everything
HARSHER = (CONTINUE, HOLD, ROLL_BACK)


def _node(name: str, network: str, verdict: Verdict) -> NodeView:
    count = Count(25, 0, 0.4)
    reason = "" if verdict is PASS else f"{name} is {verdict.value} on {network}"
    return NodeView(name, network, verdict, (), count, count, reason)


def _view(primary: Verdict, secondary: Verdict, *, isolated: tuple[str, ...] = (), silent_s: float = 0.1) -> View:
    nodes = (_node("n1", "primary", primary), _node("n1", "secondary", secondary))
    return View(nodes, isolated, silent_s)


def _decide(view: View, elapsed_s: float, checks: Checks = CHECKS) -> Ruling:
    return decide(view, checks, elapsed_s=elapsed_s, watch_s=SETTLE, patience_s=SETTLE)


TABLE = {
    # worst of the two: (before settling is over, after it, after the hold)
    PASS: (HOLD, CONTINUE, CONTINUE),
    UNKNOWN: (HOLD, HOLD, ROLL_BACK),
    FAIL: (HOLD, ROLL_BACK, ROLL_BACK),
}
WORST = {
    (PASS, PASS): PASS, (PASS, UNKNOWN): UNKNOWN, (PASS, FAIL): FAIL,
    (UNKNOWN, PASS): UNKNOWN, (UNKNOWN, UNKNOWN): UNKNOWN, (UNKNOWN, FAIL): FAIL,
    (FAIL, PASS): FAIL, (FAIL, UNKNOWN): FAIL, (FAIL, FAIL): FAIL,
}  # fmt: skip


@pytest.mark.parametrize("when", [EARLY, SETTLED, LATE])
@pytest.mark.parametrize("blind", [False, True])
@pytest.mark.parametrize("isolated", [(), ("n1",)])
@pytest.mark.parametrize("pair", list(WORST))
def test_gate_decides_as_the_table_says(
    pair: tuple[Verdict, Verdict], isolated: tuple[str, ...], blind: bool, when: float
) -> None:
    """All 108 cells: isolation first, then blindness once its grace is over, then the worst network by the times."""
    view = _view(*pair, isolated=isolated, silent_s=11.0 if blind else 0.1)
    ruling = _decide(view, when)
    expected = TABLE[WORST[pair]][(EARLY, SETTLED, LATE).index(when)]
    if blind and when > OBSERVER_GRACE:
        expected = ROLL_BACK
    if isolated:
        expected = ROLL_BACK
    assert ruling.decision is expected
    assert (ruling.cause is None) is (expected is not ROLL_BACK)
    assert ruling.sentence


def test_gate_names_the_cause_of_a_rollback() -> None:
    """Isolation, blindness and a bad network are told apart; the sentence names who and where."""
    assert _decide(_view(FAIL, FAIL, isolated=("n1", "n2")), 0.0) == Ruling(
        ROLL_BACK, "n1 and n2 are isolated: all peers lost on primary and secondary", Cause.ISOLATION
    )
    assert _decide(_view(UNKNOWN, UNKNOWN, silent_s=math.inf), SETTLED).cause is Cause.BLIND
    failed = _decide(_view(PASS, FAIL), SETTLED)
    assert (failed.cause, failed.sentence) == (Cause.NETWORK, "n1 is FAIL on secondary")
    unknown = _decide(_view(UNKNOWN, PASS), LATE)
    assert (unknown.cause, unknown.sentence) == (Cause.NETWORK, "not known for 60 s: n1 is UNKNOWN on primary")


def test_gate_at_the_very_end_of_a_time_counts_it_as_over() -> None:
    """At the settling time itself PASS continues and FAIL rolls back; at the hold's end UNKNOWN does."""
    assert _decide(_view(PASS, PASS), SETTLE).decision is CONTINUE
    assert _decide(_view(PASS, FAIL), SETTLE).decision is ROLL_BACK
    assert _decide(_view(PASS, UNKNOWN), HOLD_ENDS).decision is ROLL_BACK


def test_gate_ignores_a_network_that_is_not_required() -> None:
    """A step that takes one network down on purpose is judged on the other alone; isolation still counts."""
    checks = Checks(("primary",), settle_s=SETTLE, hold_s=HOLD_ENDS)
    assert _decide(_view(PASS, FAIL), SETTLED, checks).decision is CONTINUE
    assert _decide(_view(UNKNOWN, PASS), SETTLED, checks).decision is HOLD
    assert _decide(_view(PASS, FAIL, isolated=("n2",)), 0.0, checks).decision is ROLL_BACK


def test_gate_without_any_node_on_a_required_network_never_continues() -> None:
    """Nobody looks at a required network: that is UNKNOWN, however long one waits."""
    view = View((_node("n1", "primary", PASS),), (), 0.1)
    assert _decide(view, SETTLED).decision is HOLD
    assert _decide(view, LATE).decision is ROLL_BACK


verdicts = st.sampled_from([PASS, UNKNOWN, FAIL])
networks = st.sampled_from(["primary", "secondary"])
nodes = st.lists(st.tuples(st.sampled_from([f"n{number}" for number in range(9)]), networks, verdicts), max_size=12)
seconds = st.floats(0, 200)


def _seen(found: list[tuple[str, str, Verdict]], silent_s: float = 0.1) -> View:
    return View(tuple(_node(*one) for one in found), (), silent_s)


@given(found=nodes, elapsed=seconds, watch=seconds, patience=seconds, silent=seconds)
def test_gate_never_continues_on_anything_but_pass(
    found: list[tuple[str, str, Verdict]], elapsed: float, watch: float, patience: float, silent: float
) -> None:
    """Neither FAIL nor UNKNOWN nor a network that nobody looks at leads to CONTINUE, at any time."""
    view = _seen(found, silent)
    ruling = decide(view, CHECKS, elapsed_s=elapsed, watch_s=watch, patience_s=patience)
    if ruling.decision is CONTINUE:
        assert {verdict for _, _, verdict in found} == {PASS}
        assert {network for _, network, _ in found} == set(CHECKS.require)
        assert elapsed >= watch


@given(found=nodes, elapsed=seconds, patience=seconds, data=st.data())
def test_gate_does_not_look_at_the_order_of_nodes(
    found: list[tuple[str, str, Verdict]], elapsed: float, patience: float, data: st.DataObject
) -> None:
    """The same facts in any order give the same decision for the same cause."""
    shuffled = data.draw(st.permutations(found))
    one, other = (
        decide(_seen(list(order)), CHECKS, elapsed_s=elapsed, watch_s=SETTLE, patience_s=patience)
        for order in (found, shuffled)
    )
    assert (one.decision, one.cause) == (other.decision, other.cause)


@given(
    found=nodes.filter(bool), which=st.integers(0, 11), elapsed=seconds, watch=seconds, patience=seconds,
    silent=seconds,
)  # fmt: skip
def test_gate_is_monotone(
    found: list[tuple[str, str, Verdict]], which: int, elapsed: float, watch: float, patience: float, silent: float
) -> None:
    """Making one verdict worse, or a node isolated, never makes the decision milder (CONTINUE < HOLD < ROLL_BACK)."""
    name, network, verdict = found[which % len(found)]
    severity = [PASS, UNKNOWN, FAIL]
    rulings = []
    for worse in severity[severity.index(verdict) :]:
        changed = list(found)
        changed[which % len(found)] = (name, network, worse)
        rulings.append(
            decide(_seen(changed, silent), CHECKS, elapsed_s=elapsed, watch_s=max(watch, patience), patience_s=patience)
        )
    ranks = [HARSHER.index(ruling.decision) for ruling in rulings]
    assert ranks == sorted(ranks)


@given(pair=st.tuples(verdicts, verdicts), early=seconds, later=seconds)
def test_gate_that_gave_up_never_takes_it_back(pair: tuple[Verdict, Verdict], early: float, later: float) -> None:
    """On unchanged facts, time alone turns HOLD into an end, and no end into another."""
    first, second = sorted((early, later))
    before, after = (_decide(_view(*pair), at).decision for at in (first, second))
    assert before is HOLD or before is after


def test_gate_table_has_a_cell_for_every_pair() -> None:
    """The table above is whole: no combination of two verdicts is missing."""
    assert set(WORST) == set(product((PASS, UNKNOWN, FAIL), repeat=2))
