"""The invariants and the exploration find what somebody might break: each defect is put in, and must be caught."""

from __future__ import annotations

import pytest

from safeshift.engine import unwind
from safeshift.engine.states import Phase
from tests.unit.engine.chains import given_up_too_early
from tests.unit.engine.defects import DEFECTS, Defect, undoing_with, with_defect
from tests.unit.engine.exploration import Engine, explore
from tests.unit.engine.outlines import STAGED, TIMER, change, outline
from tests.unit.engine.stalling import broken_by, stalls

OUTLINES = (outline((change(p1=STAGED), change(l1=TIMER))), outline((change(p1=STAGED, l1=TIMER),)))
"""On the real machine the exhaustive test finds nothing on these: what is caught here is the defect."""


def _first_breach(engine: Engine) -> tuple[str, ...]:
    for shape in OUTLINES:
        for visit in explore(shape, engine):
            if visit.broken:
                return visit.broken
            if visit.state.phase is not Phase.ENDED and not visit.state.flying:
                return ("stuck: nothing is under way",)
    return ()


@pytest.mark.parametrize(
    "defect", [d for d in DEFECTS if d.caught not in ("means", "lost")], ids=lambda defect: defect.name
)
def test_defect_is_caught_by_its_invariant(defect: Defect) -> None:
    """A machine with this defect breaks the invariant that forbids it, on some way that the exploration walks."""
    found = _first_breach(with_defect(defect))
    assert defect.caught in {sentence.partition(":")[0] for sentence in found}


@pytest.mark.parametrize("defect", [d for d in DEFECTS if d.caught == "means"], ids=lambda defect: defect.name)
def test_defect_that_gives_up_too_early_is_caught(defect: Defect) -> None:
    """A choice of undos that leaves a means untried is told from the real one."""
    assert given_up_too_early(undoing_with(defect)) != []
    assert given_up_too_early(unwind.next_undo) == []


@pytest.mark.parametrize("defect", [d for d in DEFECTS if d.caught == "lost"], ids=lambda defect: defect.name)
def test_defect_that_shows_when_an_effect_never_comes_back_is_caught(defect: Defect) -> None:
    """A machine that waits for a device that says no more, or goes on without it, is told from the real one."""
    engine = with_defect(defect)
    assert any(True for shape in OUTLINES for stall in stalls(shape, engine) for _ in broken_by(stall, engine))
