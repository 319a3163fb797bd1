"""For each invariant: journals that break just this one, and are told; and journals that look like it and are fine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from safeshift.engine.invariants import Violation, check
from safeshift.engine.states import Act, Cause, Outcome
from safeshift.journal.events import Event, Json, Kind
from tests.unit.engine.outlines import STAGED, TIMER, change, outline
from tests.unit.engine.walking import Walk

Journal = list[tuple[Kind, dict[str, Json]]]
Edit = Callable[[Journal], Journal]

TWO = outline((change(p1=STAGED), change(p1=TIMER)))


def _good() -> Journal:
    """Two moves on one device, COMPLETED."""
    walk = Walk(TWO)
    walk.finish()
    return [(kind, dict(data)) for kind, data in walk.journal]


def _undone() -> Journal:
    """The same, stopped while the second move was watched: ROLLED_BACK."""
    walk = Walk(TWO).until(Act.WATCH, move=1)
    walk.stop()
    walk.finish()
    return [(kind, dict(data)) for kind, data in walk.journal]


def _kept() -> Journal:
    """The same, with an alarm while the last batch was saved: NEEDS_OPERATOR, for all is complete and kept."""
    walk = Walk(TWO).until(Act.SAVE)
    walk.stop(Cause.ISOLATION)
    walk.finish()
    return [(kind, dict(data)) for kind, data in walk.journal]


def _given_up() -> Journal:
    """The same, but the first move could not be undone: NEEDS_OPERATOR."""
    walk = Walk(TWO).until(Act.WATCH, move=1)
    walk.stop()
    while walk.state.flying:
        effect = walk.in_order()[0]
        walk.answer(effect, Outcome.FAILED if effect.move == 0 else Outcome.DONE)
    return [(kind, dict(data)) for kind, data in walk.journal]


def _not_well() -> Journal:
    """The second move is refused, because the look before it failed."""
    walk = Walk(TWO).until(Act.LOOK, move=1)
    walk.answer(walk.flying(Act.LOOK), Outcome.FAILED)
    walk.finish()
    return [(kind, dict(data)) for kind, data in walk.journal]


def _judge(journal: Journal) -> tuple[Violation, ...]:
    """Check a journal in which a tenth of a second passes between two records."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return check([Event("run", seq, now, seq / 10, kind, data) for seq, (kind, data) in enumerate(journal, 1)])


def _is(record: tuple[Kind, dict[str, Json]], kind: Kind, match: dict[str, Json]) -> bool:
    return record[0] is kind and all(record[1].get(key) == value for key, value in match.items())


def without(kind: Kind, **match: Json) -> Edit:
    """Leave out the first record like this."""

    def edit(journal: Journal) -> Journal:
        at = next(i for i, record in enumerate(journal) if _is(record, kind, match))
        return journal[:at] + journal[at + 1 :]

    return edit


def saying(kind: Kind, match: dict[str, Json], **other: Json) -> Edit:
    """Let the first record like this say something else."""

    def edit(journal: Journal) -> Journal:
        at = next(i for i, record in enumerate(journal) if _is(record, kind, match))
        return [*journal[:at], (kind, {**journal[at][1], **other}), *journal[at + 1 :]]

    return edit


def after(kind: Kind, match: dict[str, Json], *records: tuple[Kind, dict[str, Json]]) -> Edit:
    """Add records behind the first one like this."""

    def edit(journal: Journal) -> Journal:
        at = next(i for i, record in enumerate(journal) if _is(record, kind, match)) + 1
        return [*journal[:at], *records, *journal[at:]]

    return edit


def both(*edits: Edit) -> Edit:
    """Make several edits."""

    def edit(journal: Journal) -> Journal:
        for one in edits:
            journal = one(journal)
        return journal

    return edit


def swap_undone_moves(journal: Journal) -> Journal:
    """Undo the first move where the second one was undone, and the other way round."""
    names: dict[Json, Json] = {"1.1.1": "1.1.2", "1.1.2": "1.1.1"}
    at = next(i for i, (kind, _) in enumerate(journal) if kind is Kind.UNWIND_OPENED)
    swapped = [(kind, {**data, "move": names.get(data.get("move"))}) for kind, data in journal[at + 1 :]]
    return journal[: at + 1] + swapped


M1: dict[str, Json] = {"move": "1.1.1"}
SENT: dict[str, Json] = {**M1, "device": "p1", "act": "commit"}
HELD: Json = {"p1": {"config": "", "lines": [], "inverse": []}}
SIGNAL: tuple[Kind, dict[str, Json]] = (Kind.SIGNAL, {"cause": "isolation", "detail": "n1 is isolated"})
AGAIN = (
    (Kind.INTENT, {**SENT, "guard": "staged", "lines": ["a"]}),
    (Kind.OUTCOME, {**SENT, "outcome": "done"}),
    (Kind.READ_BACK, {**M1, "device": "p1", "act": "read back", "outcome": "done", "equal": True}),
)
UNDO: dict[str, Json] = {"move": "1.1.2", "device": "p1", "act": "undo"}
UNDO_DONE: tuple[Kind, dict[str, Json]] = (Kind.OUTCOME, {**UNDO, "outcome": "done"})
STAGE: dict[str, Json] = {**M1, "act": "stage"}
OVERRIDDEN = saying(Kind.FORECAST, {}, verdict="FAIL", override="I know better")

BROKEN: dict[str, tuple[str, Callable[[], Journal], Edit]] = {
    "a move begins while another is open": ("I1", _good, without(Kind.MOVE_CONFIRMED, **M1)),
    "a move is called confirmed although its confirm failed": (
        "I1", _good, saying(Kind.OUTCOME, {**M1, "act": "confirm"}, outcome="failed")),
    "a safe point while a move is open": ("I1", _good, without(Kind.MOVE_CONFIRMED, move="1.1.2")),
    "nobody looked": ("I2", _good, without(Kind.MEASURED, **M1, act="look")),
    "the look was for another move": ("I2", _good, saying(Kind.MEASURED, {**M1, "act": "look"}, move="1.1.9")),
    "the look was too old": ("I2", _good, saying(Kind.MEASURED, {**M1, "act": "look"}, freshness_s=0.05)),
    "something was out of service": (
        "I2", _good, saying(Kind.PREFLIGHT, {"check": "nothing out of service"}, verdict="FAIL")),
    "nobody asked whether something was out of service": (
        "I2", _good, without(Kind.PREFLIGHT, check="nothing out of service")),
    "the guard could not be armed": ("I3", _good, saying(Kind.OUTCOME, {**M1, "act": "stage"}, outcome="failed")),
    "the confirm came when the timer was over": ("I3", _good, saying(Kind.INTENT, SENT, guard_s=0.3)),
    "no inverse was recorded": (
        "I4", _good, saying(Kind.CAPTURED, M1, devices={"p1": {"config": "", "lines": ["a"]}})),
    "other lines were sent than were recorded": ("I4", _good, saying(Kind.INTENT, SENT, lines=["b"])),
    "UNKNOWN was promoted": (
        "I5", _good, saying(Kind.MEASURED, {"act": "watch"}, networks={"primary": "PASS", "secondary": "UNKNOWN"})),
    "FAIL was promoted": ("I5", _good, saying(Kind.MEASURED, {"act": "soak"}, networks={"primary": "FAIL"})),
    "no evidence was promoted": ("I5", _good, saying(Kind.MEASURED, {"act": "watch"}, networks={})),
    "the watch failed": ("I5", _good, saying(Kind.MEASURED, {"act": "watch"}, outcome="failed")),
    "nobody watched": ("I5", _good, without(Kind.MEASURED, act="watch")),
    "nobody watched while it soaked": ("I5", _good, without(Kind.MEASURED, act="soak")),
    "a change after isolation was signalled": ("I6", _good, after(Kind.CAPTURED, M1, SIGNAL)),
    "a change after isolation was measured": ("I6", _good, saying(Kind.MEASURED, {"act": "look"}, isolated=["n1"])),
    "an undo that nothing asked for": ("I6", _undone, both(without(Kind.SIGNAL), without(Kind.UNWIND_OPENED))),
    "the fabric was not locked": ("I7", _good, without(Kind.PREFLIGHT, check="lock")),
    "the lock was refused": ("I7", _good, saying(Kind.PREFLIGHT, {"check": "lock"}, verdict="FAIL")),
    "a commit in doubt was not read": (
        "I8", _good, both(saying(Kind.OUTCOME, SENT, outcome="unknown"), without(Kind.READ_BACK, **M1))),
    "the device holds something else": ("I8", _good, saying(Kind.READ_BACK, M1, equal=False)),
    "an undo in doubt was repeated": (
        "I8", _undone, both(saying(Kind.OUTCOME, UNDO, outcome="unknown"),
                            after(Kind.OUTCOME, UNDO, (Kind.INTENT, UNDO), UNDO_DONE))),
    "something was sent while a write had not come back": (
        "I8", _undone, after(Kind.INTENT, UNDO, (Kind.INTENT, {**UNDO, "act": "revert"}))),
    "COMPLETED without its goal": ("I9", _good, without(Kind.GOAL)),
    "COMPLETED without a safe point": ("I9", _good, without(Kind.SAFE_POINT)),
    "COMPLETED with something left to do": ("I9", _good, saying(Kind.RUN_CLOSED, {}, todo=["p1: look at it"])),
    "COMPLETED although a save failed": ("I9", _good, saying(Kind.OUTCOME, {"act": "save"}, outcome="failed")),
    "ROLLED_BACK without the networks' PASS": ("I9", _undone, without(Kind.MEASURED, act="prove networks")),
    "ROLLED_BACK with a device that differs": ("I9", _undone, saying(Kind.RESTORED, M1, equal=False)),
    "ROLLED_BACK behind the last safe point": (
        "I9", _kept, saying(Kind.RUN_CLOSED, {}, state="ROLLED_BACK", todo=[])),
    "COMPLETED after an unwind": ("I9", _undone, saying(Kind.RUN_CLOSED, {}, state="COMPLETED")),
    "REFUSED after something was sent": ("I9", _undone, saying(Kind.RUN_CLOSED, {}, state="REFUSED")),
    "an end that is none": ("I9", _good, saying(Kind.RUN_CLOSED, {}, state="")),
    "an operator is needed and nobody says for what": ("I9", _given_up, saying(Kind.RUN_CLOSED, {}, todo=[])),
    "an operator is needed and the device is not named": (
        "I9", _given_up, saying(Kind.RUN_CLOSED, {}, todo=["look at it"])),
    "a write after the end": ("I9", _undone, after(Kind.RUN_CLOSED, {}, (Kind.INTENT, {**UNDO, "act": "revert"}))),
    "the what-if had refused": ("I12", _good, saying(Kind.FORECAST, {}, verdict="FAIL")),
    "nobody asked the what-if": ("I12", _good, without(Kind.FORECAST)),
    "the older move was undone first": ("I12", _undone, swap_undone_moves),
    "a device was changed that needed nothing": ("I13", _good, saying(Kind.CAPTURED, M1, needed=[])),
    "a device was changed without a line": (
        "I13", _good, both(saying(Kind.CAPTURED, M1, devices=HELD), saying(Kind.INTENT, STAGE, lines=[]),
                           saying(Kind.INTENT, SENT, lines=[]))),
    "a change was sent twice": ("I13", _good, after(Kind.READ_BACK, M1, *AGAIN)),
}  # fmt: skip


@pytest.mark.parametrize("case", list(BROKEN))
def test_journal_that_breaks_one_invariant_is_told(case: str) -> None:
    """The checker names the broken invariant, says how, and accuses no other one."""
    name, base, edit = BROKEN[case]
    found = _judge(edit(base()))
    assert {violation.invariant for violation in found} == {name}
    assert all(str(violation).startswith(f"{name} at event {violation.seq}: ") for violation in found)


FINE: dict[str, tuple[str, Callable[[], Journal], Edit]] = {
    "two moves one after the other": ("I1", _good, lambda journal: journal),
    "a look that is just young enough": ("I2", _good, saying(Kind.MEASURED, {"act": "look"}, freshness_s=0.31)),
    "a timer that is just long enough": ("I3", _good, saying(Kind.INTENT, SENT, guard_s=10)),
    "a device that has no guard": (
        "I3", _good, both(saying(Kind.INTENT, STAGE, guard="none"), saying(Kind.INTENT, SENT, guard="none"))),
    "a device captured that is not sent anything": (
        "I4", _good, after(Kind.CAPTURED, M1, (Kind.CAPTURED, {"move": "1.1.7", "devices": HELD, "needed": []}))),
    "a look that fails and ends the run": ("I5", _not_well, lambda journal: journal),
    "a signal and then an undo": ("I6", _undone, after(Kind.UNWIND_OPENED, {}, SIGNAL)),
    "a lock taken at the second attempt": (
        "I7", _good, after(Kind.RUN_OPENED, {}, (Kind.PREFLIGHT, {"check": "lock", "verdict": "FAIL"}))),
    "a commit in doubt that was read and is there": ("I8", _good, saying(Kind.OUTCOME, SENT, outcome="unknown")),
    "a device that could not be undone and is named": ("I9", _given_up, lambda journal: journal),
    "an alarm behind the last safe point": ("I9", _kept, lambda journal: journal),
    "a run that is still under way": ("I9", _good, lambda journal: journal[:-9]),
    "a what-if that was overridden": ("I12", _good, OVERRIDDEN),
    "a newer move that was looked at and given up": ("I12", _given_up, lambda journal: journal),
    "a change tried again in another move": ("I13", _good, lambda journal: journal),
}  # fmt: skip


@pytest.mark.parametrize("case", list(FINE))
def test_journal_that_only_looks_like_a_breach_is_fine(case: str) -> None:
    """The checker accuses nobody who kept the rules."""
    _, base, edit = FINE[case]
    assert _judge(edit(base())) == ()


def test_every_invariant_that_a_journal_can_show_has_both_kinds_of_case() -> None:
    """I1 to I9, I12 and I13; what is paused and released (I10, I11) is not in a run's journal yet."""
    names = {f"I{number}" for number in (*range(1, 10), 12, 13)}
    assert {name for name, _, _ in BROKEN.values()} == names
    assert {name for name, _, _ in FINE.values()} == names


def test_every_prefix_of_a_good_journal_is_good() -> None:
    """A run that was cut off anywhere had broken nothing until then."""
    for journal in (_good(), _undone(), _given_up()):
        for length in range(len(journal) + 1):
            assert _judge(journal[:length]) == ()


def test_violation_names_the_event() -> None:
    """Whoever reads a violation finds the record that it is about."""
    (violation,) = _judge(without(Kind.FORECAST)(_good()))[:1]
    assert violation == replace(violation, invariant="I12", seq=violation.seq)
    assert _good()[violation.seq][0] is Kind.INTENT
