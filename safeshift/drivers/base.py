"""What a driver promises the engine: one device, one open session, nothing done twice.

A driver performs and reports; it takes no decision. Next: ``netmiko_driver.py``, then ``guards.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from safeshift.platforms.base import GuardCommands, PendingGuard, Platform

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one block of lines did: each line sent, the device's answer to it, and the mode it was left in.

    Attributes:
        answers: One (line, answer) pair per line sent, in order; answers are stripped of echo, noise and escapes.
        mode: The configuration mode named by the last prompt; empty in exec mode.
        elapsed_s: From the first byte written to the last prompt read.

    """

    answers: tuple[tuple[str, str], ...]
    mode: str
    elapsed_s: float


class Driver(Protocol):
    """One device.

    Guarantees:
        Thread-safe: one exchange at a time, others wait. Blocking, never longer than the given deadline plus one
        login. Reads are retried over a new session when the old one was lost; writes are never retried.
        Every error is one of ``safeshift.errors``; ``DeviceError`` where not said otherwise.
    """

    device: str
    platform: Platform

    def open(self) -> None:
        """Log in, verify the host key and that the prompt's host name is plausible; idempotent.

        Raises:
            ConnectError, AuthError, HostKeyError: nothing was sent.

        """
        ...

    def close(self) -> None:
        """End the session; never raises."""
        ...

    def prove_login(self) -> None:
        """Log in once more beside the session that is kept, and leave: nobody is locked out.

        Raises:
            ConnectError, AuthError, HostKeyError: nobody could be sure to get in again.
        """
        ...

    def give_way(self) -> None:
        """End the read that is under way, if one is, and do not try it again; never raises. A write goes on."""
        ...

    def read(self, commands: Sequence[str], *, deadline_s: float = 30.0) -> tuple[str, ...]:
        """Send read commands of the platform's table and return their answers in order.

        Raises:
            ValueError: a command is not in the platform's table of reads (a bug: nothing was sent).
            CommandRejectedError, ConnectionLostError, ConnectError: the device was not changed.

        """
        ...

    def running_config(self, *, deadline_s: float = 30.0) -> str:
        """Return the normalised running configuration, read over the session."""
        ...

    def write(self, lines: Sequence[str], *, deadline_s: float = 30.0) -> Exchange:
        """Send lines as one block from exec mode (they contain their own entering and leaving commands).

        Raises:
            CommandRejectedError: a line was refused; other lines of the block, before and behind it, may have taken
                effect. The session was brought back to exec mode.
            OutcomeUnknownError: the deadline passed, the session died, or the echo was not what was sent. The session
                is dropped: the next read is on a fresh one.
            ConnectError, AuthError, HostKeyError, ConnectionLostError: no session could be had; nothing was sent.

        """
        ...

    def pending_guard(self) -> PendingGuard | None:
        """Return the timer that runs on the device now, whoever armed it."""
        ...

    def save(self, *, deadline_s: float = 60.0) -> None:
        """Copy running to startup configuration.

        Raises:
            CommandRejectedError, OutcomeUnknownError: the startup configuration may be the old or the new one.

        """
        ...


class Drivers(Protocol):
    """The drivers of many devices, one each; a ``Fleet``."""

    def driver(self, name: str) -> Driver:
        """Return a device's driver, always the same one."""
        ...

    def each(self, names: Iterable[str], function: Callable[[Driver], T]) -> dict[str, T | Exception]:
        """Call a function with each driver, several at a time; per device what it returned or raised."""
        ...


class Guard(Protocol):
    """The dead-man on one device for one move; performs the commands of a platform's ``GuardCommands``.

    Each method may raise what ``Driver.write`` raises. Each refuses (``CommandRejectedError``) rather than touch a
    timer that is not its own.
    """

    commands: GuardCommands

    def arm(self) -> None:
        """Arm a timer that must run before lines are typed (REVERT_TIMER); nothing on STAGED."""
        ...

    def stage(self, lines: Sequence[str]) -> None:
        """Put lines into a candidate (STAGED); nothing on REVERT_TIMER."""
        ...

    def commit(self, lines: Sequence[str], *, seconds: int | None = None) -> None:
        """Make the lines take effect with the timer running.

        Args:
            seconds: What the timer gets (STAGED), so that all timers of a move end together; default: as the guard
                was made. A timer that runs already (REVERT_TIMER) is not changed.

        """
        ...

    def confirm(self) -> None:
        """Keep the change: stop the timer and see it stopped."""
        ...

    def abort(self) -> None:
        """Undo now by the device's own means (or drop an uncommitted candidate), and see the timer gone."""
        ...
