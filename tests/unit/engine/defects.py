"""Copies of the machine, the unwinding and the chronicle with one defect each: what the invariants must catch.

A defect is a text that stands exactly once in a module's source, and what stands there instead. The files are not
touched: the changed source is executed as a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from safeshift.engine import chronicle, machine, unwind
from safeshift.engine.states import Act, Stage, Standing
from safeshift.platforms.base import GuardStyle
from tests.unit.engine.exploration import Engine

NextUndo = Callable[[GuardStyle, Standing], Act | Stage]


@dataclass(frozen=True)
class Defect:
    """One thing that somebody might break.

    Attributes:
        caught: The invariant that must tell; ``stuck`` where a run would stand still; ``means`` where a device would be
            given up too early, which no journal shows; ``lost`` where it shows only when an effect never comes back.
    """

    name: str
    module: ModuleType
    old: str
    new: str
    caught: str


def _unless_done(handler: str, then: str) -> tuple[str, str]:
    """The text by which a handler leaves the way forward, and the same without it."""
    whole = f"def {handler}(state: State, event: Came) -> Step:\n"
    check = "    if event.outcome is not Outcome.DONE:\n        return _failed(state, event)\n"
    return whole + check + then, whole + then


DEFECTS = (
    Defect(
        "an unknown commit goes forward without being read",
        machine,
        "    return _ask(state, Phase.COMMITTING, Effect(Act.READ_BACK, state.move, event.effect.device))",
        "    return _commit(state)",
        "I8",
    ),
    Defect(
        "what was read back does not matter",
        machine,
        "return _commit(state) if event.outcome is Outcome.DONE else _failed(state, event)",
        "return _commit(state)",
        "I8",
    ),
    Defect("a watch that failed goes on", machine, *_unless_done("_watched", "    return _confirm("), "I5"),
    Defect(
        "a watch that ended UNKNOWN goes on",
        machine,
        "def _watched(state: State, event: Came) -> Step:\n    if event.outcome is not Outcome.DONE:",
        "def _watched(state: State, event: Came) -> Step:\n    if event.outcome is Outcome.FAILED:",
        "I5",
    ),
    Defect(
        "a move is confirmed before it is watched",
        machine,
        "        return _ask(state, Phase.WATCHING, Effect(Act.WATCH, state.move))",
        "        return _confirm(replace(state, queue=tuple(state.standing[state.move])))",
        "I5",
    ),
    Defect(
        "the way forward goes on after a stop",
        machine,
        "    if state.stop is not None:\n        return unwind.go_on(",
        "    if state.stop is not None and event.effect.act is Act.SAVE:\n        return unwind.go_on(",
        "I6",
    ),
    Defect(
        "an alarm is not heard",
        machine,
        "        return _alarmed(state, event)",
        "        return state, ()",
        "I6",
    ),
    Defect(
        "nobody looks before a move",
        machine,
        "    return _ask(replace(state, queue=event.needed), Phase.LOOKING, Effect(Act.LOOK, state.move))",
        "    return _looked(replace(state, queue=event.needed), event)",
        "I2",
    ),
    Defect(
        "a look that failed goes on",
        machine,
        'every candidate."""\n    if event.outcome is not Outcome.DONE:\n        return _failed(state, event)\n',
        'every candidate."""\n',
        "I5",
    ),
    Defect(
        "no guard is armed",
        machine,
        "        if guards[device] is GuardStyle.NONE:\n            continue",
        "        if guards[device] in GuardStyle:\n            continue",
        "I3",
    ),
    Defect(
        "a guard that could not be armed does not matter",
        machine,
        "def _guarded(state: State, event: Came) -> Step:\n    if event.outcome is not Outcome.DONE:",
        "def _guarded(state: State, event: Came) -> Step:\n    if event is None:",
        "I3",
    ),
    Defect(
        "lines are sent where nothing is needed",
        machine,
        "replace(state, queue=event.needed), Phase.LOOKING",
        "replace(state, queue=tuple(state.outline.moves[state.move].guards)), Phase.LOOKING",
        "I4",
    ),
    Defect(
        "a device that was sent its lines stays in the queue",
        machine,
        "replace(state, queue=state.queue[WAVE:])",
        "state",
        "I13",
    ),
    Defect(
        "one kind of guard is forgotten when a move is confirmed",
        machine,
        "        if guards[device] is not GuardStyle.NONE:\n            return _ask(state, Phase.CONFIRMING",
        "        if guards[device] is GuardStyle.STAGED:\n            return _ask(state, Phase.CONFIRMING",
        "I1",
    ),
    Defect(
        "a confirm that was refused does not matter",
        machine,
        "return _confirm(state) if event.outcome is Outcome.DONE else _failed(state, event)",
        "return _confirm(state)",
        "I1",
    ),
    Defect("a batch is not soaked", machine, "    if changed_devices(state):\n", "    if not state.outline:\n", "I5"),
    Defect("a soak that failed goes on", machine, *_unless_done("_soaked", "    return _ask("), "I5"),
    Defect(
        "a goal that is not there is a safe point",
        machine,
        'saved."""\n    if event.outcome is not Outcome.DONE:\n        return _failed(state, event)\n',
        'saved."""\n',
        "I9",
    ),
    Defect(
        "the running configuration is saved before the soak",
        machine,
        "        return _ask(state, Phase.SOAKING, Effect(Act.SOAK, state.move))",
        "        return _observed(state, Came(Effect(Act.OBSERVE, state.move), Outcome.DONE))",
        "I5",
    ),
    Defect(
        "a save that failed is forgotten",
        machine,
        "    return replace(state, unsettled=(*state.unsettled, sentence))",
        "    return state",
        "I9",
    ),
    Defect(
        "whatever is seen while the last batch is saved is called a rollback",
        machine,
        "        state = replace(state, unsettled=(*state.unsettled, sentence))\n    return _stop(state, alarm)",
        "    return _stop(state, alarm)",
        "I9",
    ),
    Defect(
        "an undo does not wait for the write that is under way",
        machine,
        "    flying = frozenset(effect for effect in state.flying if effect.act.changes_a_device)",
        "    flying: frozenset[Effect] = frozenset()",
        "I8",
    ),
    Defect(
        "the oldest move is undone first",
        unwind,
        "    for move in sorted(state.standing, reverse=True):",
        "    for move in sorted(state.standing):",
        "I12",
    ),
    Defect(
        "only the newest move is undone",
        unwind,
        "    for move in sorted(state.standing, reverse=True):",
        "    for move in sorted(state.standing)[-1:]:",
        "I9",
    ),
    Defect(
        "a device is skipped when a move is undone",
        unwind,
        "    for device in wave:\n        standing",
        "    for device in wave[:1]:\n        standing",
        "stuck",
    ),
    Defect(
        "a skipped device is not waited for",
        unwind,
        "        if effects or any(standing.stage not in _SETTLED for standing in state.standing[move].values()):",
        "        if effects:",
        "I12",
    ),
    Defect(
        "no device is undone before all have said what became of the change",
        unwind,
        "    state = replace(state, phase=Phase.UNWINDING)\n",
        "    state = replace(state, phase=Phase.UNWINDING)\n    if state.flying:\n        return state, ()\n",
        "lost",
    ),
    Defect(
        "the networks are proven while something is missing",
        unwind,
        "    if state.flying:\n        return state, ()\n    return _prove(state)",
        "    return _prove(state)",
        "lost",
    ),
    Defect(
        "a read that was called off is taken in when it comes back",
        machine,
        "    if event.effect not in state.flying:\n        return state, ()\n",
        "",
        "lost",
    ),
    Defect(
        "a time limit is not heard",
        machine,
        "    if isinstance(event, Alarm):\n",
        "    if isinstance(event, Alarm) and event.cause is Cause.DEADLINE:\n        return state, ()\n"
        "    if isinstance(event, Alarm):\n",
        "lost",
    ),
    Defect(
        "what was confirmed counts as settled",
        unwind,
        "_SETTLED = frozenset({",
        "_SETTLED = frozenset({Stage.CONFIRMED, ",
        "I9",
    ),
    Defect(
        "the networks are not looked at after an undo",
        unwind,
        "    if not state.sent:\n        return replace(state, phase=Phase.ENDED, final=Final.REFUSED), ()\n",
        "    if not state.sent:\n        return replace(state, phase=Phase.ENDED, final=Final.REFUSED), ()\n"
        "    return _proven(state, Came(Effect(Act.PROVE, state.move), Outcome.DONE)), ()\n",
        "I9",
    ),
    Defect(
        "networks that do not PASS again count as proven",
        unwind,
        "    if event.outcome is not Outcome.DONE:\n        unsettled =",
        "    if event.outcome is Outcome.FAILED:\n        unsettled =",
        "I9",
    ),
    Defect(
        "whatever the device holds counts as restored",
        unwind,
        "    if outcome is Outcome.DONE:\n        return _when_equal(style, standing)",
        "    if outcome is not Outcome.UNKNOWN:\n        return _when_equal(style, standing)",
        "I9",
    ),
    Defect(
        "an undo that came back counts as restored",
        unwind,
        "    if act is Act.DROP_GUARD and outcome is Outcome.DONE:",
        "    if act in (Act.DROP_GUARD, Act.UNDO) and outcome is Outcome.DONE:",
        "I9",
    ),
    Defect(
        "an undo in doubt is repeated without a look",
        unwind,
        "    if act is not Act.CHECK_RESTORED:\n        return Act.CHECK_RESTORED",
        "    if act is not Act.CHECK_RESTORED:\n"
        "        return Act.CHECK_RESTORED if outcome is not Outcome.UNKNOWN or _tried(standing, act) > 2 else act",
        "I8",
    ),
    Defect(
        "the whole restore is never tried",
        unwind,
        "        if style is GuardStyle.REVERT_TIMER and not _tried(standing, Act.REVERT):\n            return Act.REVERT",
        "        if style is GuardStyle.REVERT_TIMER and _tried(standing, Act.REVERT):\n            return Act.REVERT",
        "means",
    ),
    Defect(
        "a device that cannot be read is not given the time of its timer",
        unwind,
        "    return Stage.UNSETTLED if _tried(standing, Act.AWAIT_GUARD) else Act.AWAIT_GUARD",
        "    return Stage.UNSETTLED",
        "means",
    ),
    Defect(
        "what could not be undone is not told",
        unwind,
        "            state = replace(state, unsettled=(*state.unsettled, sentence))",
        "",
        "I9",
    ),
    Defect(
        "the journal calls a confirmed move skipped",
        chronicle,
        "Kind.MOVE_CONFIRMED if before.move in before.standing else Kind.MOVE_SKIPPED",
        "Kind.MOVE_SKIPPED",
        "I1",
    ),
    Defect(
        "the journal does not tell that the run was stopped",
        chronicle,
        "        return [(Kind.UNWIND_OPENED, {",
        "        return [(Kind.NOTE, {",
        "I6",
    ),
    Defect(
        "the journal does not hold what a move needs",
        chronicle,
        '        data["needed"] = list(event.needed)',
        '        data["needed"] = []',
        "I13",
    ),
    Defect(
        "the journal does not hold what was captured",
        chronicle,
        "    return kind, {**data, **findings}",
        "    return kind, data",
        "I4",
    ),
)


def undoing_with(defect: Defect) -> NextUndo:
    """Return the choice of the next undo as it is with the defect."""
    changed: NextUndo = _changed(unwind, defect).next_undo
    return changed


def with_defect(defect: Defect) -> Engine:
    """Return an engine that has the defect.

    Raises:
        AssertionError: what is to be replaced does not stand there exactly once: the defect must be written anew.
    """
    modules = {module: _changed(module, defect) for module in (unwind, machine, chronicle)}
    modules[machine].__dict__["unwind"] = modules[unwind]
    made = modules[machine]
    return Engine(made.start, made.step, modules[chronicle].records)


def _changed(module: ModuleType, defect: Defect) -> ModuleType:
    source = Path(str(module.__file__)).read_text()
    if module is defect.module:
        assert source.count(defect.old) == 1, f"{defect.name}: stands {source.count(defect.old)} times: {defect.old}"
        source = source.replace(defect.old, defect.new)
    made = ModuleType(f"{module.__name__}_with_defect")
    exec(compile(source, str(module.__file__), "exec"), made.__dict__)
    return made
