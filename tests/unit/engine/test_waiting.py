"""A gate that is open: what it forgives while the networks are proven to be well again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from safeshift.engine.gate import Decision
from safeshift.engine.states import Act, Cause, Effect
from safeshift.engine.waiting import Wait
from safeshift.planning.plan import Checks
from safeshift.probes.base import Observation, Pair
from safeshift.probes.judge import Judge

NETWORKS = ("primary", "secondary")
CHECKS = Checks(NETWORKS, hold_s=60.0, observer_grace_s=10.0)
PAIRS = tuple(Pair(a, b, on, f"{a} {on}") for on in NETWORKS for a, b in (("n1", "n3"), ("n3", "n1")))


def ruled(act: Act, *, heard: Iterable[tuple[float, float]]) -> tuple[float, Decision, Cause | None]:
    """Open a gate at 30 s, hear answers only within these times, and return when it ruled, how, and why."""
    judge = Judge(PAIRS, {"n1": ("n3",), "n3": ("n1",)}, loss_max=0.01, stale_s=3.0)
    times = tuple(heard)
    wait = None
    for tick in range(1200):
        now = tick / 5
        if any(begin <= now < end for begin, end in times):
            for pair in PAIRS:
                judge.record(Observation(pair, now, True, 0.5))
        if now == 30.0:
            wait = Wait.opened(Effect(act, 0), CHECKS, judge, now)
        answer = None if wait is None else wait.ruled(NETWORKS, now)
        if answer is not None:
            return now, answer[0].decision, answer[0].cause
    raise AssertionError("it never ruled")


def test_proof_waits_for_observers_that_were_cut_off_by_what_was_just_undone() -> None:
    """Nobody was heard for 37 s: they are on their way back, and are listened to for a whole window then."""
    now, decision, _ = ruled(Act.PROVE, heard=[(0.0, 8.0), (45.0, 999.0)])
    assert decision is Decision.CONTINUE
    assert 48.5 < now < 60.0


def test_proof_does_not_wait_for_observers_that_stay_away() -> None:
    """When the hold is over and nobody was heard, the networks are not proven: an operator must look."""
    now, decision, cause = ruled(Act.PROVE, heard=[(0.0, 8.0)])
    assert (decision, cause) == (Decision.ROLL_BACK, Cause.BLIND)
    assert now == pytest.approx(90.0)


@pytest.mark.parametrize("act", [Act.WATCH, Act.SOAK])
def test_gate_on_the_way_forward_forgives_blindness_no_longer_than_its_grace(act: Act) -> None:
    """There nothing was undone that could have cut them off: assume that the change did."""
    now, decision, cause = ruled(act, heard=[(0.0, 30.2), (45.0, 999.0)])
    assert (decision, cause) == (Decision.ROLL_BACK, Cause.BLIND)
    assert now < 45.0
