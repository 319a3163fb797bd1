"""Walking everything that the machine can do, with the invariants' watchmen walking along.

A place is a state of the machine together with what each watchman remembers: two ways to the same state that the
invariants tell apart are two places, so no breach is missed because the state was known already. For plans too large
for that a place is the state alone; every transition is still judged, with one history that leads to it.

Three reductions keep it small and lose nothing: while a run unwinds, devices are independent of each other (each has
its own chain of undos, and only "all are settled" is asked of them together), so one device at a time is enough; the
history of a device that is settled is never asked for again, so it is not part of a place; and neither is why a run was
stopped, which ``test_machine_exhaustive.py`` proves to change nothing. What never comes back is in ``stalling.py``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from safeshift.engine import chronicle, machine
from safeshift.engine.invariants import Watchman, watchmen
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

Records = tuple[tuple[Kind, Mapping[str, Json]], ...]
Writer = Callable[[State | None, Event | None, State, tuple[Effect, ...]], Records]

_SETTLED = (Stage.RESTORED, Stage.UNSETTLED)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_STILL_AWAKE = ("I6", "I8", "I9", "I12")
"""Whose memory counts once a run was stopped: any act forward is then a breach of I6, whatever the others remember."""
ALARMS = (Cause.ISOLATION, Cause.DEADLINE, Cause.INTERRUPT, Cause.JOURNAL, Cause.EXPOSURE)
"""What can sound at any place. The other causes are handed on by a gate, or sound as these do."""
_LOOKS = (Act.LOOK, Act.WATCH, Act.SOAK, Act.PROVE)


@dataclass(frozen=True)
class Engine:
    """The machine and the chronicle that are walked: the real ones, or copies with a defect."""

    start: Callable[[Outline], tuple[State, tuple[Effect, ...]]] = machine.start
    step: Callable[[State, Event], tuple[State, tuple[Effect, ...]]] = machine.step
    records: Callable[..., Records] = chronicle.records


REAL = Engine()


@dataclass(frozen=True)
class Visit:
    """One place, the records that lead there from the place before, and what they break."""

    state: State
    written: Records
    came_from: Visit | None
    watching: tuple[Watchman, ...]
    broken: tuple[str, ...]

    @property
    def journal(self) -> Records:
        """The whole journal that leads here."""
        parts: list[Records] = []
        visit: Visit | None = self
        while visit is not None:
            parts.append(visit.written)
            visit = visit.came_from
        return tuple(record for part in reversed(parts) for record in part)

    def told(self) -> str:
        """What is broken here, with the journal that leads to it."""
        return "\n".join([*self.broken, *map(str, self.journal)])


def explore(outline: Outline, engine: Engine = REAL, *, by_history: bool = True) -> Iterator[Visit]:
    """Yield every reachable place once, and whatever breaks an invariant.

    Args:
        by_history: Whether what the watchmen remember is part of a place.
    """
    write = writer(outline, engine)
    state, effects = engine.start(outline)
    first = _visit(state, prelude(outline) + write(None, None, state, effects), None, watchmen())
    known, todo = {_identity(first, by_history)}, deque([first])
    while todo:
        visit = todo.popleft()
        yield visit
        for event in happenings(visit.state):
            after, effects = engine.step(visit.state, event)
            following = _visit(after, write(visit.state, event, after, effects), visit, visit.watching)
            identity = _identity(following, by_history)
            if following.broken or identity not in known:
                known.add(identity)
                todo.append(following)


def _visit(state: State, written: Records, came_from: Visit | None, watching: tuple[Watchman, ...]) -> Visit:
    if not written:
        return Visit(state, written, came_from, watching, ())
    copies = tuple(map(_copy, watching))
    found = [f"{one.name}: {text}" for event in entries(written) for one in copies for text in one.see(event)]
    if state.phase is Phase.ENDED:
        found += [f"{one.name}: {text}" for one in copies for text in one.end()]
    return Visit(state, written, came_from, copies, tuple(found))


def _copy(watchman: Watchman) -> Watchman:
    copy: Any = type(watchman)()
    for name in _memory(watchman):
        value = getattr(watchman, name)
        setattr(copy, name, type(value)(value) if isinstance(value, set | dict) else value)
    result: Watchman = copy
    return result


def _memory(watchman: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(watchman))


def entries(records: Records) -> tuple[Entry, ...]:
    """Return records as the journal's events; no time passes in them, and they are not numbered."""
    return tuple(Entry("run", 0, _NOW, 0.0, kind, data) for kind, data in records)


def happenings(state: State) -> Iterator[Event]:
    """All that can happen next: each effect in flight comes back in every way, or something is seen meanwhile."""
    flying = sorted(state.flying, key=lambda effect: (effect.device, effect.act.value))
    for effect in flying[:1] if state.phase is Phase.UNWINDING else flying:
        yield from comings(state, effect)
    if state.stop is None and state.phase is not Phase.ENDED:
        yield from (Alarm(cause, "somebody said stop") for cause in ALARMS)


def comings(state: State, effect: Effect) -> Iterator[Came]:
    """Every way in which one effect can come back."""
    for outcome in Outcome:
        if effect.act is Act.CAPTURE and outcome is Outcome.DONE:
            devices = tuple(state.outline.moves[effect.move].guards)
            yield Came(effect, outcome, needed=devices)
            if len(devices) > 1:
                yield Came(effect, outcome, needed=devices[:1])
            yield Came(effect, outcome, "already as wanted")
        else:
            yield Came(effect, outcome, "it said so")


def _identity(visit: Visit, by_history: bool) -> object:
    state = visit.state
    remembered = tuple(
        bool(getattr(one, name)) if name == "stopped" else _frozen(getattr(one, name))
        for one in visit.watching
        if by_history and (state.stop is None or one.name in _STILL_AWAKE)
        for name in _memory(one)
    )
    return machine_place(state), remembered


def machine_place(state: State) -> tuple[object, ...]:
    """Return what the machine can still ask of a state: two that are alike in this go on alike."""
    standing = tuple(
        (move, tuple((device, _standing_identity(one)) for device, one in sorted(devices.items())))
        for move, devices in sorted(state.standing.items())
    )
    parts = (state.phase, state.move, standing, state.flying, state.queue, state.safe, state.stop is not None)
    return (*parts, state.sent, bool(state.unsettled), state.final)


def _frozen(value: object) -> object:
    match value:
        case set():
            return frozenset(value)
        case dict():
            return frozenset(value.items())
        case Entry():
            return value.kind, value.data["move"], value.data["outcome"]
        case _:
            return value


def _standing_identity(one: Standing) -> object:
    if one.stage in _SETTLED:
        return one.stage
    counts = tuple(sorted(Counter(act.value for act, _ in one.undo).items()))
    return one.stage, one.undo[-1:], counts


def prelude(outline: Outline) -> Records:
    """What a run has written before its first move."""
    return (
        (Kind.RUN_OPENED, {"operator": "somebody"}),
        (Kind.PREFLIGHT, {"check": "lock", "verdict": "PASS"}),
        (Kind.PREFLIGHT, {"check": "nothing out of service", "verdict": "PASS"}),
        (Kind.PLANNED, {"plan": {"batches": [{} for _ in outline.batches]}}),
        (Kind.FORECAST, {"verdict": "PASS"}),
    )


def move_names(outline: Outline) -> tuple[str, ...]:
    """The moves' ids, as a plan would number them."""
    return tuple(f"1.1.{number}" for number in range(1, len(outline.moves) + 1))


def writer(outline: Outline, engine: Engine = REAL) -> Writer:
    """Return what writes the records of one step of a run of this outline."""
    names = move_names(outline)

    def details(effect: Effect) -> Mapping[str, Json]:
        if not effect.device:
            return {}
        guard = outline.moves[effect.move].guards.get(effect.device)
        return {"lines": ["a"], "guard": guard.value if guard else "none", "guard_s": 120}

    def write(before: State | None, event: Event | None, after: State, effects: tuple[Effect, ...]) -> Records:
        findings = _findings(event) if isinstance(event, Came) else {}
        return engine.records(before, event, after, effects, names=names, findings=findings, details=details)

    return write


def _findings(event: Came) -> dict[str, Json]:
    if event.effect.act is Act.CAPTURE:
        return {"devices": {device: {"config": "", "lines": ["a"], "inverse": ["no a"]} for device in event.needed}}
    if event.effect.act in _LOOKS:
        verdict = "PASS" if event.outcome is Outcome.DONE else "FAIL"
        return {"networks": {"primary": verdict, "secondary": verdict}, "isolated": [], "freshness_s": 10.0}
    return {}
