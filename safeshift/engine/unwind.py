"""Going back, as a pure function: newest move first, every undo attempted, equality proven, then the networks.

What is tried on one device, and in which order, is ``next_undo``; nothing else in safeshift decides it.
"""

from __future__ import annotations

from dataclasses import replace

from safeshift.engine.states import Act, Came, Effect, Final, Outcome, Phase, Stage, Standing, State
from safeshift.planning.plan import WAVE
from safeshift.platforms.base import GuardStyle

_SETTLED = frozenset({Stage.CLEAN, Stage.RESTORED, Stage.UNSETTLED})

Step = tuple[State, tuple[Effect, ...]]


def next_undo(style: GuardStyle, standing: Standing) -> Act | Stage:
    """Say what to try next on a device, or that it is RESTORED or UNSETTLED.

    A pending EOS commit is aborted. On IOS, where an abort would restore the whole configuration and with it undo
    other people's edits, inverse lines come first, then the timer is dropped; the whole restore is the last means.
    What was confirmed goes back by inverse lines. Every means is followed by a look at the device; a device that
    cannot be read is given the time of its own timer. Each means is tried a bounded number of times.
    """
    if not standing.undo:
        return _first(style, standing.stage)
    act, outcome = standing.undo[-1]
    if act is Act.DROP_GUARD and outcome is Outcome.DONE:
        return Stage.RESTORED
    if act is not Act.CHECK_RESTORED:
        return Act.CHECK_RESTORED
    if outcome is Outcome.DONE:
        return _when_equal(style, standing)
    return _when_unread(standing) if outcome is Outcome.UNKNOWN else _when_unequal(style, standing)


def _tried(standing: Standing, act: Act) -> int:
    return sum(1 for tried, _ in standing.undo if tried is act)


def _first(style: GuardStyle, stage: Stage) -> Act:
    if stage is Stage.CONFIRMED or style is GuardStyle.NONE:
        return Act.UNDO
    if style is GuardStyle.STAGED:
        return Act.ABORT
    return Act.UNDO if stage is Stage.APPLIED else Act.CHECK_RESTORED


def _when_equal(style: GuardStyle, standing: Standing) -> Act | Stage:
    """The device is as captured; a timer that may still run is dropped, or left to end: it restores the same."""
    if style is GuardStyle.NONE or standing.stage is Stage.CONFIRMED:
        return Stage.RESTORED
    if style is GuardStyle.REVERT_TIMER and not _tried(standing, Act.REVERT) and not _tried(standing, Act.DROP_GUARD):
        return Act.DROP_GUARD
    means = (Act.ABORT, Outcome.DONE) if style is GuardStyle.STAGED else (Act.REVERT, Outcome.DONE)
    return Stage.RESTORED if means in standing.undo or _tried(standing, Act.AWAIT_GUARD) else Act.AWAIT_GUARD


def _when_unequal(style: GuardStyle, standing: Standing) -> Act | Stage:
    if standing.stage is not Stage.CONFIRMED:
        if style is GuardStyle.REVERT_TIMER and not _tried(standing, Act.REVERT):
            return Act.REVERT
        if (
            style is GuardStyle.STAGED
            and (Act.ABORT, Outcome.DONE) not in standing.undo
            and _tried(standing, Act.ABORT) < 2
        ):
            return Act.ABORT
    return Act.UNDO if _tried(standing, Act.UNDO) < 2 else Stage.UNSETTLED


def _when_unread(standing: Standing) -> Act | Stage:
    return Stage.UNSETTLED if _tried(standing, Act.AWAIT_GUARD) else Act.AWAIT_GUARD


def go_on(state: State) -> Step:
    """Ask for whatever can be undone now: the newest move that is not settled, on each device that is not busy."""
    state = replace(state, phase=Phase.UNWINDING)
    for move in sorted(state.standing, reverse=True):
        state, effects = _unwind_move(state, move)
        if effects or any(standing.stage not in _SETTLED for standing in state.standing[move].values()):
            return replace(state, flying=state.flying | set(effects)), effects
    if state.flying:
        return state, ()
    return _prove(state)


def _unwind_move(state: State, move: int) -> Step:
    """Undo the newest wave that is not settled: the same states as on the way forward.

    A device that cannot be reached holds up no wave before its own: its timer may take minutes.
    """
    devices, effects = tuple(state.standing[move]), list[Effect]()
    for begin in reversed(range(0, len(devices), WAVE)):
        wave = devices[begin : begin + WAVE]
        state, asked = _unwind_wave(state, move, wave)
        effects += asked
        if any(_holds_up(state, Effect(Act.AWAIT_GUARD, move, device), asked) for device in wave):
            break
    return state, tuple(effects)


def _holds_up(state: State, awaiting: Effect, asked: list[Effect]) -> bool:
    """Whether the waves before a device's own wait for it: it is not settled, and nobody waits for its timer."""
    standing = state.at(awaiting.device, awaiting.move)
    awaited = awaiting in state.flying or awaiting in asked or any(act is Act.AWAIT_GUARD for act, _ in standing.undo)
    return standing.stage not in _SETTLED and not awaited


def _unwind_wave(state: State, move: int, wave: tuple[str, ...]) -> tuple[State, list[Effect]]:
    busy = {effect.device for effect in state.flying}
    effects: list[Effect] = []
    guards = state.outline.moves[move].guards
    for device in wave:
        standing = state.at(device, move)
        if standing.stage in _SETTLED or device in busy:
            continue
        following = next_undo(guards[device], standing)
        if isinstance(following, Act):
            effects.append(Effect(following, move, device))
            continue
        state = state.moved(device, replace(standing, stage=following), move)
        if following is Stage.UNSETTLED:
            sentence = f"{device}: could not be proven to be as it was: {standing.note}"
            state = replace(state, unsettled=(*state.unsettled, sentence))
    return state, effects


def undone(state: State, event: Came) -> Step:
    """Take in what became of an undo, a check or the proof of the networks."""
    if event.effect.act is Act.PROVE:
        return _proven(state, event), ()
    move, device = event.effect.move, event.effect.device
    standing = state.at(device, move)
    tried = (*standing.undo, (event.effect.act, event.outcome))
    if event.foreign and event.foreign not in state.unsettled:
        state = replace(state, unsettled=(*state.unsettled, event.foreign))
    return go_on(state.moved(device, replace(standing, undo=tried, note=event.detail or standing.note), move))


def _prove(state: State) -> Step:
    if not state.sent:
        return replace(state, phase=Phase.ENDED, final=Final.REFUSED), ()
    effect = Effect(Act.PROVE, state.move)
    return replace(state, phase=Phase.PROVING, flying=frozenset({effect})), (effect,)


def _proven(state: State, event: Came) -> State:
    unsettled = state.unsettled
    if event.outcome is not Outcome.DONE:
        unsettled = (*unsettled, f"the networks did not all PASS again: {event.detail}")
    final = Final.NEEDS_OPERATOR if unsettled else Final.ROLLED_BACK
    return replace(state, phase=Phase.ENDED, final=final, unsettled=unsettled)
