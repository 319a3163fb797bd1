"""What one step of the machine means for the journal, as a pure function.

The shell writes these records, in this order and in one commit, before it performs the step's effects; the
exhaustive exploration writes the same ones. So the invariants are checked on one and the same chronicle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from safeshift.actions.base import MoveKind
from safeshift.engine.states import Act, Alarm, Came, Effect, Event, Outcome, Phase, State
from safeshift.journal.events import Json, Kind

Record = tuple[Kind, dict[str, Json]]
Details = Callable[[Effect], Mapping[str, Json]]
"""What an INTENT says beyond its act: the lines, the inverse, the deadline."""

_ANSWER_KINDS = {
    Act.CAPTURE: Kind.CAPTURED,
    Act.LOOK: Kind.MEASURED,
    Act.WATCH: Kind.MEASURED,
    Act.SOAK: Kind.MEASURED,
    Act.PROVE: Kind.MEASURED,
    Act.READ_BACK: Kind.READ_BACK,
    Act.CHECK_RESTORED: Kind.RESTORED,
    Act.OBSERVE: Kind.GOAL,
}

_BATCH_END = frozenset({Phase.SOAKING, Phase.OBSERVING, Phase.SAVING})


def records(
    before: State | None,
    event: Event | None,
    after: State,
    effects: tuple[Effect, ...],
    *,
    names: tuple[str, ...],
    findings: Mapping[str, Json],
    details: Details,
) -> tuple[Record, ...]:
    """Return the journal records of one step.

    Args:
        before: The state before; None for the first step.
        event: What was taken in; None for the first step.
        names: The moves' ids, by index.
        findings: What the effect brought back beyond its outcome (answers, measurements, configurations).
    """
    result: list[Record] = []
    if isinstance(event, Alarm):
        result.append((Kind.SIGNAL, {"cause": event.cause.value, "detail": event.detail, **findings}))
    elif event is not None:
        result.append(_answer(event, names, findings))
    result += _transitions(before, after, names)
    result += [(Kind.INTENT, {**_subject(effect, names), **details(effect)}) for effect in effects]
    if after.phase is Phase.ENDED and after.final is not None:
        reason = after.stop.detail if after.stop else ""
        cause = after.stop.cause.value if after.stop else ""
        closing: dict[str, Json] = {"state": after.final.value, "cause": cause, "reason": reason}
        result.append((Kind.RUN_CLOSED, {**closing, "todo": list(after.unsettled)}))
    return tuple(result)


def _subject(effect: Effect, names: tuple[str, ...]) -> dict[str, Json]:
    subject: dict[str, Json] = {"act": effect.act.value, "move": names[effect.move] if effect.move < len(names) else ""}
    return {**subject, "device": effect.device} if effect.device else subject


def _answer(event: Came, names: tuple[str, ...], findings: Mapping[str, Json]) -> Record:
    kind = _ANSWER_KINDS.get(event.effect.act, Kind.OUTCOME)
    data: dict[str, Json] = {**_subject(event.effect, names), "outcome": event.outcome.value, "detail": event.detail}
    if event.cause is not None:
        data["cause"] = event.cause.value
    if kind in (Kind.READ_BACK, Kind.RESTORED):
        data["equal"] = event.outcome is Outcome.DONE and not event.foreign
    if event.effect.act is Act.CAPTURE:
        data["needed"] = list(event.needed)
    return kind, {**data, **findings}


def _transitions(before: State | None, after: State, names: tuple[str, ...]) -> list[Record]:
    if before is None:
        return _opened(None, after, names)
    if before.stop is None and after.stop is not None:
        moves: list[Json] = [names[move] for move in sorted(after.standing, reverse=True)]
        return [(Kind.UNWIND_OPENED, {"cause": after.stop.cause.value, "detail": after.stop.detail, "moves": moves})]
    if after.stop is not None:
        return []
    result: list[Record] = []
    if _left(before, after) and before.outline.moves[before.move].kind is MoveKind.CHANGE:
        kind = Kind.MOVE_CONFIRMED if before.move in before.standing else Kind.MOVE_SKIPPED
        result.append((kind, {"move": names[before.move]}))
    if after.safe != before.safe:
        result.append((Kind.SAFE_POINT, {"batch": after.outline.batch_of(before.move)}))
    return result + _opened(before, after, names)


def _left(before: State, after: State) -> bool:
    """Whether the step ended the move at hand: by going on to the next one, or to the end of the batch."""
    return before.phase not in _BATCH_END and (after.phase in _BATCH_END or after.move != before.move)


def _opened(before: State | None, after: State, names: tuple[str, ...]) -> list[Record]:
    if after.move >= len(names) or (before is not None and after.move == before.move):
        return []
    batch = after.outline.batch_of(after.move)
    opened: list[Record] = [(Kind.MOVE_OPENED, {"move": names[after.move]})]
    if before is None or after.outline.batch_of(before.move) != batch:
        opened.insert(0, (Kind.BATCH_OPENED, {"batch": batch}))
    return opened
