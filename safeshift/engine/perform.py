"""Doing one act on one device, and saying what became of it. No act is chosen here and none is tried twice.

``Performer.perform`` never raises: whatever goes wrong becomes FAILED (it certainly did not do what was asked) or
UNKNOWN (it may have). Moves that change nothing are in ``looking.py``; what is read from devices in ``gather.py``.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from safeshift.clock import Clock
from safeshift.drivers.base import Driver, Guard
from safeshift.engine.gather import Gatherer, Seen
from safeshift.engine.looking import Looker
from safeshift.engine.report import Report
from safeshift.engine.states import Act, Alarm, Effect, Final, Outcome, Phase, Stage, State
from safeshift.errors import (
    AuthError,
    CommandRejectedError,
    ConnectError,
    ConnectionLostError,
    DeviceError,
    HostKeyError,
    OutcomeUnknownError,
    SafeshiftError,
)
from safeshift.journal.events import Json
from safeshift.planning.guarding import CONFIRM_MARGIN_S
from safeshift.planning.plan import Change, Move, Plan
from safeshift.planning.recheck import recheck, resolve
from safeshift.planning.site import Site
from safeshift.platforms.base import GuardStyle, Lines

_READS = frozenset({Act.CAPTURE, Act.READ_BACK, Act.CHECK_RESTORED, Act.OBSERVE, Act.PERFORM, Act.AWAIT_GUARD})
POLL_S = 1.0  # between two looks at a device whose timer must end by itself
LOCK_OUT_S = 20.0  # between two logins that were refused: three a minute lock no account that one may need to undo
GUARD_LATE_S = 90.0  # a device-side timer fires late, never early: by up to this much (vendor transcripts)

MakeGuard = Callable[[Driver, str, int], Guard | None]


@dataclass(slots=True)
class _Open:
    """What is under way on one device in one move; ``inverse`` is whole, ``change.inverse`` what is left of it."""

    change: Change
    guard: Guard | None
    inverse: Lines = ()
    restored: bool = False
    deadline: float = 0.0  # monotonic: when the device's timer ends; 0 while none runs


@dataclass(slots=True)
class Performer:
    """Performs effects for one run.

    Attributes:
        expected: By router, the configuration that the plan was made for, as changed by this run since.

    Guarantees:
        Thread-safe for effects on different devices, which is how the machine asks for them.
    """

    run: str
    plan: Plan
    site: Site
    gatherer: Gatherer
    looker: Looker
    make_guard: MakeGuard
    styles: Mapping[str, GuardStyle]
    clock: Clock
    expected: dict[str, str]
    _open: dict[tuple[int, str], _Open] = field(default_factory=dict)
    _ends: dict[int, float] = field(default_factory=dict)

    def perform(self, effect: Effect) -> Report:
        """Do one act and return what became of it, with how long it took."""
        began = self.clock.monotonic()
        try:
            report = self._acts()[effect.act](effect)
        except (OutcomeUnknownError, ConnectionLostError) as error:
            report = Report(Outcome.UNKNOWN, _sentence(error))
        except (ConnectError, AuthError, HostKeyError) as error:  # not let in: what the device holds was not seen
            report = Report(Outcome.UNKNOWN if effect.act in _READS else Outcome.FAILED, _sentence(error))
        except CommandRejectedError as error:
            said: dict[str, Json] = {"refused": error.command, "answer": error.answer}
            report = Report(Outcome.FAILED, _sentence(error), findings=said)
        except SafeshiftError as error:
            report = Report(Outcome.FAILED, _sentence(error))
        except Exception as error:  # a bug of ours must end in an undo like any other failure, and be told whole
            trace = traceback.format_exc(limit=8)
            report = Report(Outcome.UNKNOWN, f"bug in safeshift: {error!r}", findings={"traceback": trace})
        elapsed: Json = round(self.clock.monotonic() - began, 4)
        return replace(report, findings={**report.findings, "elapsed_s": elapsed})

    def _acts(self) -> Mapping[Act, Callable[[Effect], Report]]:
        return {
            Act.CAPTURE: self._capture,
            Act.ARM: self._arm,
            Act.STAGE: self._stage,
            Act.COMMIT: self._commit,
            Act.READ_BACK: self._read_back,
            Act.CONFIRM: self._confirm,
            Act.PERFORM: self._perform,
            Act.OBSERVE: self._observe,
            Act.SAVE: self._save,
            Act.ABORT: self._abort,
            Act.REVERT: self._abort,
            Act.UNDO: self._undo,
            Act.DROP_GUARD: self._drop_guard,
            Act.CHECK_RESTORED: self._check_restored,
            Act.AWAIT_GUARD: self._await_guard,
        }

    def details(self, effect: Effect) -> Mapping[str, Json]:
        """Return what the journal must hold before the effect is performed: lines, inverse, guard and deadline."""
        if not effect.device or not effect.act.changes_a_device:
            return {}
        style = self.styles.get(effect.device, GuardStyle.NONE).value
        if effect.act is Act.SAVE:
            return {"guard": style, "commands": [self.gatherer.driver(effect.device).platform.dialogue.save]}
        opened = self._open.get((effect.move, effect.device))
        if opened is None:
            return {"guard": style}
        change, checks = opened.change, self.plan.moves[effect.move].checks
        lines = change.inverse if effect.act is Act.UNDO else change.lines
        shown = list(lines) if effect.act in (Act.STAGE, Act.COMMIT, Act.UNDO) else []
        typed: Json = list(_typed(effect.act, opened, tuple(shown)))
        limits: dict[str, Json] = {"guard_s": checks.guard_s, "deadline_s": checks.deadline_s}
        return {"lines": shown, "commands": typed, "guard": style, **limits}

    def abandoned(self, state: State, stop: Alarm) -> State:
        """Return the state of a run that was stopped where it stands: each device that may differ, and its timer."""
        todo = list(state.unsettled)
        for move, devices in state.standing.items():
            for device, standing in devices.items():
                if standing.stage in (Stage.CLEAN, Stage.RESTORED):
                    continue
                todo.append(self._what_is_left(move, device, standing.stage))
        todo += [
            f"{effect.device}: may hold a running configuration that was not saved"
            for effect in sorted(state.flying, key=lambda effect: effect.device)
            if effect.act is Act.SAVE
        ]
        if state.sent and not todo:
            todo.append("nothing is left to undo, but the networks were not seen to PASS since: look at them")
        return replace(
            state,
            phase=Phase.ENDED,
            final=Final.NEEDS_OPERATOR if todo else Final.REFUSED,
            stop=stop,
            unsettled=tuple(todo),
        )

    def _what_is_left(self, move: int, device: str, stage: Stage) -> str:
        opened = self._open.get((move, device))
        if opened is None:
            return f"{device}: may hold part of move {self.plan.moves[move].id}"
        left = opened.deadline - self.clock.monotonic()
        if stage is not Stage.CONFIRMED and opened.guard is not None and left > 0:
            ends = self.clock.now() + timedelta(seconds=left)
            return (
                f"{device}: its own timer undoes move {self.plan.moves[move].id} "
                f"in about {left:.0f} s, at {ends:%H:%M:%S} UTC"
            )
        typed = self._to_paste(device, opened.change.inverse)
        return f"{device}: may hold move {self.plan.moves[move].id}; to undo it, type:{typed}"

    def _to_paste(self, device: str, lines: Lines) -> str:
        """Return lines as they can be pasted into the device from exec mode, each on a line of its own."""
        dialogue = self.gatherer.driver(device).platform.dialogue
        return "".join(f"\n  {line}" for line in (dialogue.enter_config, *lines, dialogue.leave_config))

    def advised(self, state: State) -> State:
        """Return the state of a run that ended for an operator with what to type on each device that is not as it was.

        What was kept at an earlier safe point, or proven to be undone, is no part of it.
        """
        if state.final is not Final.NEEDS_OPERATOR:
            return state
        typed: dict[str, Lines] = {}
        for move, devices in sorted(state.standing.items(), reverse=True):
            for device, standing in devices.items():
                if standing.stage is Stage.UNSETTLED and (move, device) in self._open:
                    typed[device] = typed.get(device, ()) + self._open[move, device].change.inverse
        advice = (
            f"{device}: to undo it, type:{self._to_paste(device, lines)}" for device, lines in typed.items() if lines
        )
        return replace(state, unsettled=(*state.unsettled, *advice))

    def _capture(self, effect: Effect) -> Report:
        """Read every device of the move, see that it still is as planned, and keep the inverse at hand."""
        seen = self.gatherer.see()
        move, objection = self._as_things_are(self.plan.moves[effect.move], seen)
        if objection:
            return Report(Outcome.FAILED, objection)
        changes = [change for change in move.changes if change.lines]
        for change in changes:
            guard = None
            if self.styles[change.device] is not GuardStyle.NONE:
                driver = self.gatherer.driver(change.device)
                guard = self.make_guard(driver, self._guard_name(effect.move), move.checks.guard_s)
            now = replace(change, before=seen.configs[change.device])
            self._open[effect.move, change.device] = _Open(now, guard, change.inverse)
        held: dict[str, Json] = {
            change.device: {
                "config": seen.configs[change.device],
                "lines": list(change.lines),
                "inverse": list(change.inverse),
            }
            for change in changes
        }
        needed = tuple(change.device for change in changes)
        detail = "" if needed else "already as wanted: nothing is sent"
        return Report(Outcome.DONE, detail, needed, findings={"devices": held})

    def _as_things_are(self, move: Move, seen: Seen) -> tuple[Move, str]:
        """Return the move worked out on what the devices hold now, and why it must not be sent; empty: it may.

        When nothing differs from what the plan was made for, its own answers hold and nothing is worked out twice.
        """
        taking = self.looker.hosts_that_take(move)
        without = tuple(host for host in move.hosts if host not in taking)
        if not without and not seen.down and dict(seen.configs) == self.expected:
            return move, ""
        objection = recheck(self.plan, move, self.site, seen.configs, seen.down, without=without)
        if objection:
            return move, objection
        self.expected.update(seen.configs)
        return resolve(self.plan, move, self.site, seen.configs, without=without), ""

    def _guard_name(self, move: int) -> str:
        """Name the guard after run and move: no two runs ever use the same, and 64 characters are never reached."""
        return f"ss-{self.run.rsplit('-', 1)[-1]}-{move + 1}"

    def _at(self, effect: Effect) -> _Open:
        return self._open[effect.move, effect.device]

    def _guard(self, effect: Effect) -> Guard:
        guard = self._at(effect).guard
        if guard is None:
            raise AssertionError(f"{effect.act.value} was asked for on {effect.device}, which has no guard")
        return guard

    def _move(self, effect: Effect) -> Move:
        return self.plan.moves[effect.move]

    def _end_of(self, move: int) -> float:
        """When the timers of a move end: all together, counted from the first that was started."""
        guard_s = self.plan.moves[move].checks.guard_s
        return self._ends.setdefault(move, self.clock.monotonic() + guard_s)

    def _arm(self, effect: Effect) -> Report:
        self._at(effect).deadline = self._end_of(effect.move)
        self._guard(effect).arm()
        return Report(Outcome.DONE)

    def _stage(self, effect: Effect) -> Report:
        self._guard(effect).stage(self._at(effect).change.lines)
        return Report(Outcome.DONE)

    def _commit(self, effect: Effect) -> Report:
        opened = self._at(effect)
        if opened.guard is None:
            self._type(effect.device, opened.change.lines, self._move(effect).checks.deadline_s)
            return Report(Outcome.DONE)
        opened.deadline = self._end_of(effect.move)
        left = max(1, math.ceil(opened.deadline - self.clock.monotonic()))
        opened.guard.commit(opened.change.lines, seconds=left)
        return Report(Outcome.DONE)

    def _type(self, device: str, lines: Lines, deadline_s: float) -> None:
        driver = self.gatherer.driver(device)
        dialogue = driver.platform.dialogue
        driver.write((dialogue.enter_config, *lines, dialogue.leave_config), deadline_s=deadline_s)

    def _read_back(self, effect: Effect) -> Report:
        driver, change = self.gatherer.driver(effect.device), self._at(effect).change
        config = driver.running_config()
        if driver.platform.equal(config, change.after):
            self.expected[effect.device] = config
            return Report(Outcome.DONE)
        differences = driver.platform.differences(change.after, config)
        found: dict[str, Json] = {"differences": list(differences)}
        sentence = f"{effect.device} does not hold what was sent: {_few(differences)}"
        return Report(Outcome.FAILED, sentence, findings=found)

    def _confirm(self, effect: Effect) -> Report:
        """Stop the timer, if there is time for it still once somebody has proven, where need be, that he can log in."""
        driver = self.gatherer.driver(effect.device)
        if driver.platform.touches_access(self._at(effect).change.lines):
            try:
                driver.prove_login()
            except DeviceError as error:
                return Report(Outcome.FAILED, f"nobody could log in to {effect.device} any more: {error.message}")
        left = self._at(effect).deadline - self.clock.monotonic()
        if left < CONFIRM_MARGIN_S:
            return Report(Outcome.FAILED, f"too late to confirm {effect.device}: {left:.0f} s left on its timer")
        self._guard(effect).confirm()
        self._at(effect).deadline = 0.0
        return Report(Outcome.DONE)

    def _perform(self, effect: Effect) -> Report:
        return self.looker.perform(self._move(effect))

    def _observe(self, effect: Effect) -> Report:
        batch = next(batch for batch in self.plan.batches if self._move(effect) in batch.moves)
        return self.looker.observe(batch)

    def _save(self, effect: Effect) -> Report:
        self.gatherer.driver(effect.device).save(deadline_s=self._move(effect).checks.deadline_s)
        return Report(Outcome.DONE)

    def _abort(self, effect: Effect) -> Report:
        self._guard(effect).abort()
        self._at(effect).deadline = 0.0
        return Report(Outcome.DONE)

    def _drop_guard(self, effect: Effect) -> Report:
        self._guard(effect).confirm()
        self._at(effect).deadline = 0.0
        return Report(Outcome.DONE)

    def _undo(self, effect: Effect) -> Report:
        """Type the inverse that lies ready; a failed check has put there what still differs."""
        lines = self._at(effect).change.inverse
        if lines:
            self._type(effect.device, lines, self._move(effect).checks.deadline_s)
        return Report(Outcome.DONE, findings={"lines": list(lines)})

    def _check_restored(self, effect: Effect) -> Report:
        """Is the device as captured? What is left of this run's own lines is what the next undo types, and no more.

        What somebody else changed meanwhile is not ours to take back: it is named, and an operator decides.
        """
        driver, opened = self.gatherer.driver(effect.device), self._at(effect)
        platform, config = driver.platform, driver.running_config()
        opened.restored = platform.equal(config, opened.change.before)
        if opened.restored:
            return Report(Outcome.DONE, "as it was")
        differences = platform.differences(opened.change.before, config)
        found: dict[str, Json] = {"differences": list(differences)}
        target = opened.change.before
        if not _is_ours(differences, platform.differences(target, opened.change.after), opened):
            target = platform.apply(config, opened.inverse)
        if platform.equal(target, config):
            sentence = f"{effect.device}: nothing of this run is left, but somebody else changed: {_few(differences)}"
            return Report(Outcome.DONE, sentence, foreign=sentence, findings=found)
        opened.change = replace(opened.change, inverse=platform.remediate(config, target))
        return Report(Outcome.FAILED, f"{effect.device} is not as it was: {_few(differences)}", findings=found)

    def _await_guard(self, effect: Effect) -> Report:
        """Wait until the device answers again, no longer than its own timer and the lateness that timers have.

        Where it already is as captured only the timer is waited for: it restores the same, and then is gone.
        """
        opened, driver = self._at(effect), self.gatherer.driver(effect.device)
        until = max(opened.deadline, self.clock.monotonic()) + (GUARD_LATE_S if opened.deadline else 30.0)
        while self.clock.monotonic() < until:
            try:
                pending = driver.pending_guard()
                if pending is None:
                    opened.deadline = 0.0
                    return Report(Outcome.DONE, "the device answers, and no timer runs on it")
                if not opened.restored:
                    return Report(Outcome.DONE, "the device answers; its timer still runs")
                pause_s = POLL_S
            except (AuthError, HostKeyError):
                pause_s = LOCK_OUT_S
            except DeviceError:  # it cannot be reached yet: that is what is being waited for
                pause_s = POLL_S
            self.looker.rest(pause_s)
        return Report(Outcome.UNKNOWN, f"{effect.device} did not answer until its timer must have ended")


def _typed(act: Act, opened: _Open, lines: Lines) -> Lines:
    """Everything that is typed for an act, the guard's own commands among it; empty where only the driver knows."""
    if opened.guard is None:
        return lines
    commands = opened.guard.commands
    if commands.style is GuardStyle.STAGED:
        staged = {Act.STAGE: (*commands.enter, *lines, *commands.leave_staged), Act.COMMIT: commands.commit}
        lines = staged.get(act, lines)
    guard = {Act.ARM: commands.enter, Act.CONFIRM: commands.confirm, Act.DROP_GUARD: commands.confirm}
    undo = {Act.ABORT: commands.abort, Act.REVERT: commands.abort}
    return {**guard, **undo}.get(act, lines)


def _sentence(error: SafeshiftError) -> str:
    return (
        error.message
    )  # a hint is for whoever has not begun: "nothing was sent" would mislead in the midst of an undo


def _is_ours(differences: Lines, planned: Lines, opened: _Open) -> bool:
    """Whether all that differs from the captured configuration is this run's: planned by it, or typed there or back."""
    own = {(line[:1], line[1:].strip()) for line in planned}
    own |= {("+", line.strip()) for line in (*opened.change.lines, *opened.inverse)}
    return all((line[:1], line[1:].strip()) in own for line in differences if line[:1] in "+-")


def _few(lines: tuple[str, ...]) -> str:
    return "; ".join(line.strip() for line in lines[:4]) + (" ..." if len(lines) > 4 else "")
