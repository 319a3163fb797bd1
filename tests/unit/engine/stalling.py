"""Effects that never come back: walking everything that the machine can do around one device that says no more.

The machine has no clock and waits for ever; the shell bounds each wait. Going forward: the step's deadline, which
sounds as Alarm(DEADLINE) (``engine/deadlines.py``); looks by ``settle``, ``hold`` and ``soak`` (``engine/waiting.py``).
After that, and while undoing: the driver's own deadline, which makes a write or a read UNKNOWN (``Driver.write`` and
``Driver.running_config``, ``ACT_S`` in ``drivers/guards.py``, the timer itself for ``AWAIT_GUARD``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from safeshift.engine.states import (
    UNDOING,
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
from tests.unit.engine.exploration import ALARMS, REAL, Engine, comings, machine_place

_MAY_FOLLOW = UNDOING - {Act.PROVE} | {Act.READ_BACK}
"""What may still be asked for while something is missing: what was sent is read, what was done is undone."""
_SETTLED = (Stage.CLEAN, Stage.RESTORED, Stage.UNSETTLED)


@dataclass(frozen=True)
class Stall:
    """A place at which one effect has not come back and never will.

    Attributes:
        asked: What was asked for in the step that led here, after the effect was lost.
    """

    state: State
    lost: Effect
    asked: tuple[Effect, ...] = ()

    @property
    def at_rest(self) -> bool:
        """Whether nothing happens any more unless a clock says so: all else came back, and the run was stopped."""
        return self.state.stop is not None and self.state.flying == {self.lost}


def stalls(outline: Outline, engine: Engine = REAL) -> Iterator[Stall]:
    """Yield every place that can be reached without one effect, for each effect that can be asked for.

    The device that is lost goes first and the others stand still until then, so that every other device's whole way
    is walked beside each of its acts; what it did before is then never asked for again.
    """
    known: set[object] = set()
    for device in dict.fromkeys(("", *(device for move in outline.moves for device in move.guards))):
        todo = deque(Stall(state, lost) for state in _places(outline, device, engine) for lost in _of(state, device))
        while todo:
            stall = todo.popleft()
            if (place := _place(stall)) in known:
                continue
            known.add(place)
            yield stall
            if stall.lost in stall.state.flying:
                todo.extend(_go_on(stall, engine))


def _of(state: State, device: str) -> list[Effect]:
    return [effect for effect in state.flying if effect.device == device]


def _go_on(stall: Stall, engine: Engine) -> Iterator[Stall]:
    for event in _happenings(stall.state, stall.state.flying - {stall.lost}):
        state, asked = engine.step(stall.state, event)
        yield Stall(state, stall.lost, asked)


def _places(outline: Outline, first: str, engine: Engine) -> Iterator[State]:
    """Yield every state in which, since the run was stopped, only the first device and those it waits for went on."""
    state, _ = engine.start(outline)
    known, todo = {machine_place(state)}, deque([state])
    while todo:
        state = todo.popleft()
        yield state
        alone = frozenset(_of(state, first)) if state.stop is not None else frozenset()
        for event in _happenings(state, alone or state.flying):
            after, _ = engine.step(state, event)
            if (place := machine_place(after)) not in known:
                known.add(place)
                todo.append(after)


def _happenings(state: State, flying: frozenset[Effect]) -> Iterator[Event]:
    """All that can happen next but for what is left out: going forward in any order, going back one after the other."""
    effects = sorted(flying, key=lambda effect: (effect.device, effect.act.value))
    for effect in effects[:1] if state.phase is Phase.UNWINDING else effects:
        yield from comings(state, effect)
    if state.stop is None and state.phase is not Phase.ENDED:
        yield from (Alarm(cause, "somebody said stop") for cause in ALARMS)


def _place(stall: Stall) -> object:
    """What can still matter: how the lost device was undone so far does not, for it is asked for nothing more."""
    state, lost = stall.state, stall.lost
    if state.stop is not None and lost.device in state.standing.get(lost.move, {}):
        state = state.moved(lost.device, Standing(), lost.move)
    return machine_place(state), lost, frozenset(effect.act for effect in stall.asked)


def broken_by(stall: Stall, engine: Engine = REAL) -> Iterator[str]:
    """Yield a sentence for each promise about lost effects that this place breaks."""
    yield from _broken_by_late(stall, engine)
    if stall.lost not in stall.state.flying:
        if stall.lost.act.changes_a_device:
            yield "a write was given up: only the device's driver knows when it is over"
        return
    allowed = _MAY_FOLLOW if stall.state.stop is None else UNDOING - {Act.PROVE}
    yield from (f"{e.act.value} on {e.device} was asked for" for e in stall.asked if e.act not in allowed)
    if stall.state.phase is Phase.ENDED:
        yield "the run ended without it"
    if stall.at_rest:
        yield from _left_alone(stall)
    if stall.state.flying == {stall.lost}:
        yield from _stuck_after_its_bound(stall, engine)


def _left_alone(stall: Stall) -> Iterator[str]:
    """Every other device must be settled in the moves that wait for no other: the lost one's and those after it."""
    for move, devices in stall.state.standing.items():
        for device, standing in devices.items():
            if device == stall.lost.device and move <= stall.lost.move:
                continue
            if move >= stall.lost.move and standing.stage not in _SETTLED:
                yield f"{device} was not undone in move {move}"


def _stuck_after_its_bound(stall: Stall, engine: Engine) -> Iterator[str]:
    """When all else has come back, the clock that bounds the lost effect must lead on."""
    ends: Event = Came(stall.lost, Outcome.UNKNOWN, "no answer within its deadline")
    if stall.state.stop is None:
        ends = Alarm(Cause.DEADLINE, "no answer within its deadline")
    after, _ = engine.step(stall.state, ends)
    if after.phase is not Phase.ENDED and (after == stall.state or not after.flying):
        yield "the run stands still although its deadline is over"


def _broken_by_late(stall: Stall, engine: Engine) -> Iterator[str]:
    """What comes back although nobody waits for it, because it was called off, changes nothing."""
    for act in Act:
        late = Effect(act, stall.lost.move, stall.lost.device)
        if late not in stall.state.flying and engine.step(stall.state, Came(late, Outcome.DONE)) != (stall.state, ()):
            yield f"{act.value} came back although nobody waited for it, and changed something"
