"""The dead-man on a device: armed, seen armed, stopped, seen stopped; never touched when it is somebody else's.

It decides what a pending timer proves after each act, also after one whose outcome is unknown (invariant I8: by
reading). When to arm, confirm or abort is the engine's business. The commands are the platform's (``GuardCommands``).
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Sequence

from safeshift.clock import Clock, SystemClock
from safeshift.drivers.base import Driver, Guard
from safeshift.errors import CommandRejectedError, DeviceError, OutcomeUnknownError
from safeshift.platforms.base import GuardCommands, GuardStyle, Lines, PendingGuard

ACT_S = 120.0
"""Longest wait for a commit, a confirm or an abort: a large IOS configuration takes minutes to roll back."""
DOUBT_S = 5.0
"""A timer that had this much less left than has passed may have fired by itself."""


def guard_for(
    driver: Driver, change: str, seconds: int, *, clock: Clock | None = None, owner: str | None = None
) -> Guard | None:
    """Return the guard for one change on one device, or ``None`` where the platform has none.

    Args:
        change: The change's name; the guard bears it where the platform lets it.
        seconds: What the timer gets when armed or committed, rounded up to the platform's unit.
        owner: Who armed it, where timers bear users and not changes (IOS), if that was before this process.

    Raises:
        PlanError: the platform cannot make such a guard; nothing was sent.

    """
    match driver.platform.guard_style:
        case GuardStyle.STAGED:
            return SessionGuard(driver, change, seconds, clock=clock or SystemClock())
        case GuardStyle.REVERT_TIMER:
            return RevertTimerGuard(driver, change, seconds, clock=clock or SystemClock(), owner=owner)
        case GuardStyle.NONE:
            return None


class _TimerGuard(ABC):
    """What both styles share: looking before touching, and settling what is unknown by looking again."""

    def __init__(self, driver: Driver, change: str, seconds: int, *, clock: Clock, owner: str | None) -> None:
        self.driver = driver
        self.change = change
        self.commands: GuardCommands = driver.platform.guard(change, seconds)
        self._clock = clock
        self._owner = owner
        self._fires_at: float | None = None

    def confirm(self) -> None:
        """See ``Guard``."""
        pending = self._own(self.commands.confirm)
        if pending is None:
            raise self._refusal(
                self.commands.confirm,
                "no timer is pending: it has fired, or somebody ended it",
                hint="Read the device: the change may have been undone already.",
            )
        fires_at = self._fires(pending)
        answered = self._end(self.commands.confirm)
        may_have_fired = not answered if fires_at is None else self._clock.monotonic() > fires_at - DOUBT_S
        if may_have_fired:
            raise OutcomeUnknownError(
                self.driver.device,
                "the timer is gone, but it may have fired before it was confirmed",
                hint="Read the device: the change is either kept or undone.",
            )

    def _abort_pending(self) -> bool:
        """End our timer by undoing; return whether there was one."""
        if self._own(self.commands.abort) is None:
            return False
        self._end(self.commands.abort)
        return True

    def _end(self, lines: Lines) -> bool:
        """Send what ends the timer until it is seen gone; again only when it is seen to run on after a doubt.

        Returns:
            Whether the device answered the lines; if not, all that is known is that no timer runs any more.

        """
        trouble: DeviceError | None = None
        for _ in range(2):
            answered = False
            try:
                self.driver.write(lines, deadline_s=ACT_S)
                answered = True
            except OutcomeUnknownError as error:
                trouble = error
            except CommandRejectedError as error:
                if trouble is None:
                    raise
                trouble = error  # the first one may have been carried out late
            if self._own(lines) is None:
                return answered
            if answered:
                raise self._refusal(lines, "accepted, but the timer still runs")
        assert trouble is not None, "two rounds without an answer leave an error"
        raise trouble

    def _own(self, about_to_send: Lines) -> PendingGuard | None:
        """Read which timer runs.

        Raises:
            CommandRejectedError: one runs that is not ours; nothing was sent.

        """
        pending = self.driver.pending_guard()
        if pending is not None and not self._is_own(pending):
            raise self._refusal(
                about_to_send,
                f"the pending timer {pending.name!r} is not ours",
                hint="Somebody else's change is waiting for its confirmation on this device; let them end it first.",
            )
        return pending

    def _refuse_any(self, about_to_send: Lines) -> None:
        """Refuse to begin while any timer runs, ours included: one of that name is a change that was begun before."""
        pending = self._own(about_to_send)
        if pending is not None:
            raise self._refusal(about_to_send, f"the timer {pending.name!r} is pending already")

    @abstractmethod
    def _is_own(self, pending: PendingGuard) -> bool:
        """Tell whether a pending timer may be ours."""

    def _fires(self, pending: PendingGuard) -> float | None:
        if pending.seconds_left is not None:
            return self._clock.monotonic() + pending.seconds_left
        return self._fires_at

    def _refusal(self, lines: Sequence[str], words: str, *, hint: str = "") -> CommandRejectedError:
        return CommandRejectedError(self.driver.device, lines[0], words, hint=hint)


class SessionGuard(_TimerGuard):
    """A candidate that is committed with a timer (STAGED: EOS); undoing it is exact."""

    def __init__(self, driver: Driver, change: str, seconds: int, *, clock: Clock) -> None:
        super().__init__(driver, change, seconds, clock=clock, owner=None)

    def arm(self) -> None:
        """See ``Guard``: there is nothing to arm before the lines are committed."""

    def stage(self, lines: Sequence[str]) -> None:
        """See ``Guard``; a candidate that was refused in part is dropped again."""
        self._refuse_any(self.commands.enter)
        try:
            self.driver.write([*self.commands.enter, *lines, *self.commands.leave_staged])
        except (CommandRejectedError, OutcomeUnknownError):
            with contextlib.suppress(DeviceError):  # the first error is the one to tell; a candidate alone does no harm
                self.driver.write(self.commands.discard)
            raise

    def commit(self, lines: Sequence[str], *, seconds: int | None = None) -> None:
        """See ``Guard``; the lines are the staged ones, and are not sent again."""
        del lines
        commit = self.commands.commit
        if seconds is not None:
            commit = self.driver.platform.guard(self.change, seconds).commit
        doubt: OutcomeUnknownError | None = None
        try:
            self.driver.write(commit, deadline_s=ACT_S)
        except OutcomeUnknownError as error:
            doubt = error
        if self._own(commit) is None:
            raise doubt or OutcomeUnknownError(
                self.driver.device, "the change was committed, but no timer runs", hint="Read the device and undo it."
            )

    def abort(self) -> None:
        """See ``Guard``; where neither timer nor candidate is left nothing is undone: reading back judges."""
        if self._abort_pending():
            return
        # Where no timer runs there may be a candidate, or nothing at all: then the device says that it knows none.
        with contextlib.suppress(CommandRejectedError):
            self.driver.write(self.commands.discard)

    def _is_own(self, pending: PendingGuard) -> bool:
        return any(pending.name in line.split() for line in self.commands.enter)


class RevertTimerGuard(_TimerGuard):
    """A timer that is armed before lines are typed (REVERT_TIMER: IOS); undoing restores the whole configuration."""

    def __init__(self, driver: Driver, change: str, seconds: int, *, clock: Clock, owner: str | None = None) -> None:
        super().__init__(driver, change, seconds, clock=clock, owner=owner)
        unit = driver.platform.guard_unit_s
        self._seconds = -(-seconds // unit) * unit

    def arm(self) -> None:
        """See ``Guard``."""
        enter = self.commands.enter
        self._refuse_any(enter)
        doubt: OutcomeUnknownError | None = None
        try:
            self.driver.write([*enter, self.driver.platform.dialogue.leave_config], deadline_s=ACT_S)
        except OutcomeUnknownError as error:
            doubt = error
        except CommandRejectedError as error:
            lines = "\n".join(self.commands.prerequisites)
            raise self._refusal(
                enter, error.answer, hint=f"A guard needs these lines on the device:\n{lines}" if lines else error.hint
            ) from error
        pending = self.driver.pending_guard()
        if pending is None:
            raise doubt or self._refusal(enter, "accepted, but no timer runs")
        self._owner = self._owner or pending.name
        self._fires_at = self._clock.monotonic() + self._seconds

    def stage(self, lines: Sequence[str]) -> None:
        """See ``Guard``: there is no candidate."""

    def commit(self, lines: Sequence[str], *, seconds: int | None = None) -> None:
        """See ``Guard``; the timer runs already, so that ``seconds`` changes nothing."""
        del seconds
        dialogue = self.driver.platform.dialogue
        self.driver.write([dialogue.enter_config, *lines, dialogue.leave_config], deadline_s=ACT_S)

    def abort(self) -> None:
        """See ``Guard``; without a timer there is nothing to undo by the device's own means.

        Raises:
            CommandRejectedError: no timer is pending; the device may hold the change or not: read it.

        """
        if not self._abort_pending():
            raise self._refusal(
                self.commands.abort,
                "no timer is pending: it has fired, or was confirmed",
                hint="Read the device: undo what is left of the change by its inverse lines.",
            )

    def _is_own(self, pending: PendingGuard) -> bool:
        # IOS tells who armed a timer and not what for; it refuses other users' confirmations by itself.
        return self._owner is None or pending.name == self._owner
