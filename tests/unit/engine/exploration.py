"""Walking every state that the machine can reach, each with one journal that leads there.

Two reductions keep it small and lose nothing: while a run unwinds, devices are independent of each other (each has
its own chain of undos, and only "all are settled" is asked of them together), so one device at a time is enough; and
the history of a device that is settled is never asked for again, so it is not part of a state's identity.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from safeshift.engine import chronicle, machine
from safeshift.engine.states import (
    Act,
    Alarm,
    Came,
    Cause,
    Effect,
    Event,
    Outcome,
    Outline,
    Phase,
    Stage,
    Standing,
    State,
)
from safeshift.journal.events import Event as Entry
from safeshift.journal.events import Json, Kind

_SETTLED = (Stage.RESTORED, Stage.UNSETTLED)


@dataclass(frozen=True)
class Visit:
    """One state and one journal that leads to it."""

    state: State
    journal: tuple[tuple[Kind, Mapping[str, Json]], ...]


def explore(outline: Outline) -> Iterator[Visit]:
    """Yield every reachable state once."""
    names = tuple(f"1.1.{number}" for number in range(1, len(outline.moves) + 1))
    state, effects = machine.start(outline)
    first = Visit(state, (*_prelude(), *_records(None, None, state, effects, outline, names)))
    known, todo = {_identity(state)}, deque([first])
    while todo:
        visit = todo.popleft()
        yield visit
        for event in _events(visit.state):
            after, effects = machine.step(visit.state, event)
            identity = _identity(after)
            if identity in known:
                continue
            known.add(identity)
            written = _records(visit.state, event, after, effects, outline, names)
            todo.append(Visit(after, visit.journal + written))


def entries(visit: Visit) -> tuple[Entry, ...]:
    """Return a visit's journal as events; no time passes in it."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return tuple(Entry("run", seq, now, 0.0, kind, data) for seq, (kind, data) in enumerate(visit.journal, 1))


def _events(state: State) -> Iterator[Event]:
    """Everything that can happen next: each effect in flight comes back in every way, or something is seen meanwhile."""
    flying = sorted(state.flying, key=lambda effect: (effect.device, effect.act.value))
    for effect in flying[:1] if state.phase is Phase.UNWINDING else flying:
        for outcome in Outcome:
            if effect.act is Act.CAPTURE and outcome is Outcome.DONE:
                devices = tuple(state.outline.moves[effect.move].guards)
                yield Came(effect, outcome, needed=devices)
                yield Came(effect, outcome, needed=devices[:1])
                yield Came(effect, outcome, "already as wanted")
            else:
                yield Came(effect, outcome, "it said so")
    if state.stop is None and state.phase is not Phase.ENDED:
        yield Alarm(Cause.ISOLATION, "n1 is isolated")
        yield Alarm(Cause.DEADLINE, "an act never came back in time")


def _identity(state: State) -> object:
    standing = tuple(
        (move, tuple((device, _standing_identity(one)) for device, one in sorted(devices.items())))
        for move, devices in sorted(state.standing.items())
    )
    cause = state.stop.cause if state.stop else None
    parts = (state.phase, state.move, standing, state.flying, state.queue, state.safe, cause, state.sent)
    return (*parts, bool(state.unsettled), state.final)


def _standing_identity(one: Standing) -> object:
    if one.stage in _SETTLED:
        return one.stage
    counts = tuple(sorted(Counter(act.value for act, _ in one.undo).items()))
    return one.stage, one.undo[-1:], counts


def _prelude() -> tuple[tuple[Kind, Mapping[str, Json]], ...]:
    return (
        (Kind.RUN_OPENED, {"operator": "somebody"}),
        (Kind.PREFLIGHT, {"check": "lock", "verdict": "PASS"}),
        (Kind.FORECAST, {"verdict": "PASS"}),
    )


def _records(
    before: State | None,
    event: Event | None,
    after: State,
    effects: tuple[Effect, ...],
    outline: Outline,
    names: tuple[str, ...],
) -> tuple[chronicle.Record, ...]:
    def details(effect: Effect) -> Mapping[str, Json]:
        if not effect.device:
            return {}
        return {"lines": ["a line"], "guard": outline.moves[effect.move].guards[effect.device].value}

    findings = _findings(event) if isinstance(event, Came) else {}
    return chronicle.records(before, event, after, effects, names=names, findings=findings, details=details)


def _findings(event: Came) -> dict[str, Json]:
    if event.effect.act is Act.CAPTURE:
        return {"devices": {device: {"config": "", "lines": ["a"], "inverse": ["no a"]} for device in event.needed}}
    if event.effect.act in (Act.LOOK, Act.WATCH, Act.SOAK, Act.PROVE):
        verdict = "PASS" if event.outcome is Outcome.DONE else "FAIL"
        return {"networks": {"primary": verdict, "secondary": verdict}, "freshness_s": 10.0}
    return {}
