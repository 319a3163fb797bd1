"""The run as a pure function: (state, event) -> (state, effects). No clock, no wire, no thread, no file.

Going forward is here; going back is ``unwind.py``. Effects that come out together may be performed together; each
comes back as exactly one event. ``shell.py`` performs them, journal first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from safeshift.actions.base import MoveKind
from safeshift.engine import unwind
from safeshift.engine.states import (
    UNDOING,
    Act,
    Alarm,
    Came,
    Cause,
    Effect,
    Event,
    Final,
    Outcome,
    Outline,
    Phase,
    Stage,
    State,
)
from safeshift.planning.plan import WAVE
from safeshift.platforms.base import GuardStyle

Step = tuple[State, tuple[Effect, ...]]


def start(outline: Outline) -> Step:
    """Begin a run: the state before the first move and the first thing to do."""
    return _enter(State(outline, Phase.CAPTURING), 0)


def step(state: State, event: Event) -> Step:
    """Take one event in.

    Guarantees:
        Total: an event that does not fit (a wait that was called off, an alarm after the end) changes nothing.
        Once ``stop`` is set no effect is asked for except those of ``unwind.py``.
    """
    if state.phase is Phase.ENDED:
        return state, ()
    if isinstance(event, Alarm):
        return _alarmed(state, event)
    if event.effect not in state.flying:
        return state, ()
    state = replace(state, flying=state.flying - {event.effect})
    if event.effect.act in UNDOING:
        return unwind.undone(state, event)
    if event.effect.act is Act.CONFIRM and event.outcome is Outcome.DONE:
        state = _mark(state, event.effect.device, Stage.CONFIRMED)
    if state.stop is not None:
        return unwind.go_on(_saved(state, event) if event.effect.act is Act.SAVE else state)
    return _HANDLERS[event.effect.act](state, event)


def _alarmed(state: State, alarm: Alarm) -> Step:
    """Stop, unless that was done already, or it comes too late: the last safe point is behind us, all is kept.

    Whoever interrupts then gets what was asked for at the beginning. Anything worse that is seen then is for an
    operator: there is nothing to go back from, and half-saved devices would help nobody.
    """
    if state.stop is not None:
        return state, ()
    if state.phase is Phase.SAVING and state.move + 1 == len(state.outline.moves):
        if alarm.cause is Cause.INTERRUPT:
            return state, ()
        sentence = f"every change is complete and kept, but while it was saved: {alarm.detail}"
        state = replace(state, unsettled=(*state.unsettled, sentence))
    return _stop(state, alarm)


def _ask(state: State, phase: Phase, *effects: Effect) -> Step:
    return replace(state, phase=phase, flying=state.flying | set(effects)), effects


def _mark(state: State, device: str, stage: Stage) -> State:
    return state.moved(device, replace(state.at(device), stage=stage))


def _stop(state: State, alarm: Alarm) -> Step:
    """Stop going forward. Waits and reads are called off; writes in flight are waited for, each on its device."""
    flying = frozenset(effect for effect in state.flying if effect.act.changes_a_device)
    return unwind.go_on(replace(state, stop=alarm, flying=flying, queue=()))


def _failed(state: State, event: Came) -> Step:
    cause = event.cause or Cause.STEP
    return _stop(state, Alarm(cause, event.detail))


def _enter(state: State, move: int) -> Step:
    """Begin a move, or end the run when there is none left."""
    state = replace(state, move=move)
    if move == len(state.outline.moves):
        return replace(state, phase=Phase.ENDED, final=Final.COMPLETED), ()
    if state.outline.moves[move].kind is MoveKind.CHANGE:
        return _ask(state, Phase.CAPTURING, Effect(Act.CAPTURE, move))
    return _ask(state, Phase.PERFORMING, Effect(Act.PERFORM, move))


def _captured(state: State, event: Came) -> Step:
    """Nothing to send: the move is over. Else look at the networks last of all, so that the PASS is fresh."""
    if event.outcome is not Outcome.DONE:
        return _failed(state, event)
    if not event.needed:
        return _leave(state)
    return _ask(replace(state, queue=event.needed), Phase.LOOKING, Effect(Act.LOOK, state.move))


def _looked(state: State, event: Came) -> Step:
    """Arm every timer that must run before lines are typed, and stage every candidate."""
    if event.outcome is not Outcome.DONE:
        return _failed(state, event)
    guards = state.outline.moves[state.move].guards
    effects = []
    for device in state.queue:
        state = _mark(state, device, Stage.CLEAN)  # in plan order, as the waves are: an unwind goes back by them
        if guards[device] is GuardStyle.NONE:
            continue
        effects.append(Effect(Act.ARM if guards[device] is GuardStyle.REVERT_TIMER else Act.STAGE, state.move, device))
        state = _mark(replace(state, sent=True), device, Stage.GUARDED)
    return _ask(state, Phase.GUARDING, *effects) if effects else _commit(replace(state, phase=Phase.COMMITTING))


def _guarded(state: State, event: Came) -> Step:
    if event.outcome is not Outcome.DONE:
        return _failed(state, event)
    if state.flying:
        return state, ()
    return _commit(replace(state, phase=Phase.COMMITTING))


def _commit(state: State) -> Step:
    """Let the next wave go when the one before is in and read back; when all are, watch."""
    if state.flying:
        return state, ()
    if not state.queue:
        return _ask(state, Phase.WATCHING, Effect(Act.WATCH, state.move))
    effects = tuple(Effect(Act.COMMIT, state.move, device) for device in state.queue[:WAVE])
    for effect in effects:
        state = _mark(replace(state, sent=True), effect.device, Stage.APPLIED)
    return _ask(replace(state, queue=state.queue[WAVE:]), Phase.COMMITTING, *effects)


def _committed(state: State, event: Came) -> Step:
    """A commit that was refused stops the move; one whose outcome is unknown is settled by reading, like any other."""
    if event.outcome is Outcome.FAILED:
        return _failed(state, event)
    return _ask(state, Phase.COMMITTING, Effect(Act.READ_BACK, state.move, event.effect.device))


def _read_back(state: State, event: Came) -> Step:
    return _commit(state) if event.outcome is Outcome.DONE else _failed(state, event)


def _watched(state: State, event: Came) -> Step:
    if event.outcome is not Outcome.DONE:
        return _failed(state, event)
    return _confirm(replace(state, queue=tuple(state.standing[state.move])))


def _confirm(state: State) -> Step:
    """Confirm in plan order, one after the other; what has no guard is confirmed by the gate itself."""
    guards = state.outline.moves[state.move].guards
    while state.queue:
        device, state = state.queue[0], replace(state, queue=state.queue[1:])
        if guards[device] is not GuardStyle.NONE:
            return _ask(state, Phase.CONFIRMING, Effect(Act.CONFIRM, state.move, device))
        state = _mark(state, device, Stage.CONFIRMED)
    return _leave(state)


def _confirmed(state: State, event: Came) -> Step:
    return _confirm(state) if event.outcome is Outcome.DONE else _failed(state, event)


def _performed(state: State, event: Came) -> Step:
    return _leave(state) if event.outcome is Outcome.DONE else _failed(state, event)


def _leave(state: State) -> Step:
    """Leave a move: on to the next one, or to the end of the batch."""
    if not state.outline.ends_batch(state.move):
        return _enter(state, state.move + 1)
    if changed_devices(state):
        return _ask(state, Phase.SOAKING, Effect(Act.SOAK, state.move))
    return _ask(state, Phase.OBSERVING, Effect(Act.OBSERVE, state.move))


def changed_devices(state: State) -> tuple[str, ...]:
    """Return the devices changed since the safe point, each once, in the order first touched."""
    return tuple(dict.fromkeys(device for devices in state.standing.values() for device in devices))


def _soaked(state: State, event: Came) -> Step:
    if event.outcome is not Outcome.DONE:
        return _failed(state, event)
    return _ask(state, Phase.OBSERVING, Effect(Act.OBSERVE, state.move))


def _observed(state: State, event: Came) -> Step:
    """The goal is there: this is the safe point, and what is kept is saved."""
    if event.outcome is not Outcome.DONE:
        return _failed(state, event)
    devices = changed_devices(state)
    state = replace(state, safe=state.move + 1, standing={})
    if not devices:
        return _enter(state, state.move + 1)
    return _ask(state, Phase.SAVING, *(Effect(Act.SAVE, state.move, device) for device in devices))


def _saved(state: State, event: Came) -> State:
    if event.outcome is Outcome.DONE:
        return state
    sentence = f"{event.effect.device}: the running configuration is as wanted, but was not saved: {event.detail}"
    return replace(state, unsettled=(*state.unsettled, sentence))


def _save_ended(state: State, event: Came) -> Step:
    state = _saved(state, event)
    if state.flying:
        return state, ()
    if state.unsettled:
        return _stop(state, Alarm(Cause.STEP, state.unsettled[0]))
    return _enter(state, state.move + 1)


_HANDLERS: dict[Act, Callable[[State, Came], Step]] = {
    Act.LOOK: _looked,
    Act.CAPTURE: _captured,
    Act.ARM: _guarded,
    Act.STAGE: _guarded,
    Act.COMMIT: _committed,
    Act.READ_BACK: _read_back,
    Act.WATCH: _watched,
    Act.CONFIRM: _confirmed,
    Act.PERFORM: _performed,
    Act.SOAK: _soaked,
    Act.OBSERVE: _observed,
    Act.SAVE: _save_ended,
}
