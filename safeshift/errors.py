"""Every error that safeshift raises, and the exit code that each one ends in.

::

    SafeshiftError                      carries .hint: what to do next
      InputError                        the files or arguments are wrong; nothing was contacted     exit 2
        PlaybookError                   a playbook
        InventoryError                  an inventory, its variables, a vault, a host pattern
        FabricError                     a fabric file
        PlanError                       good files, impossible plan
      RefusedError                      looked, and said no; nothing was sent                       exit 3
        LockHeldError                   another run holds the fabric
        LintError                       the plan breaks a rule that nothing overrides
        WhatIfError                     the model foresees harm
        PreflightError                  baseline, dead target, foreign guard, unreachable device
        StoppedError                    a person stopped it before anything was sent                exit 130
      DeviceError                       talking to one device failed; chained to the foreign cause
        ConnectError                    no way to the device
        AuthError                       it would not let us in
        HostKeyError                    it is not the device we know (or we know none yet)
        ConnectionLostError             the session died before anything was asked
        CommandRejectedError            the device refused a line, in its own words
        OutcomeUnknownError             a write may or may not have happened: read the device
      ProbeError                        could not measure; becomes UNKNOWN, never escapes the engine
      JournalError                      cannot record                                               exit 6
      LabError                          the lab cannot start, or does not run                       exit 2

Anything else that escapes is a bug: exit 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """How the command line ends; decided by the final state of the run. ``docs/exit-codes.md`` is the same table."""

    COMPLETED = 0
    BUG = 1
    BAD_INPUT = 2
    REFUSED = 3
    ROLLED_BACK = 4
    NEEDS_OPERATOR = 5
    JOURNAL = 6
    INTERRUPTED = 130


class SafeshiftError(Exception):
    """An error that safeshift raises on purpose.

    ``str()`` is one sentence for an operator; ``hint`` says what to do next, or is empty. ``exit_code`` is what a
    command ends with that it stopped before anything was sent.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands; lines and columns count from 1, 0 means unknown."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.path
        return f"{self.path}:{self.line}:{self.column}" if self.column else f"{self.path}:{self.line}"


class InputError(SafeshiftError):
    """What a person wrote is wrong. Nothing was contacted, nothing was sent."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, message: str, *, place: Place | None = None, hint: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.place = place


class PlaybookError(InputError):
    """A playbook is wrong."""


class InventoryError(InputError):
    """An inventory, one of its variables, a vault or a host pattern is wrong."""


class FabricError(InputError):
    """A fabric file is wrong."""


class PlanError(InputError):
    """The files are good, but no plan can be made of them together."""


class RefusedError(SafeshiftError):
    """safeshift looked and said no. No change was sent to any device."""

    exit_code = ExitCode.REFUSED


class LockHeldError(RefusedError):
    """Another run holds this fabric."""


class LintError(RefusedError):
    """The plan breaks a rule that no flag overrides."""


class WhatIfError(RefusedError):
    """The model of the fabric foresees harm."""


class PreflightError(RefusedError):
    """The world is not as it must be before a first step."""


class StoppedError(RefusedError):
    """A person stopped the run before anything was sent."""

    exit_code = ExitCode.INTERRUPTED


class DeviceError(SafeshiftError):
    """Talking to one device failed. ``__cause__`` is the foreign exception, if there was one."""

    exit_code = ExitCode.REFUSED

    def __init__(self, device: str, message: str, *, hint: str = "") -> None:
        super().__init__(f"{device}: {message}", hint=hint)
        self.device = device


class ConnectError(DeviceError):
    """No session could be opened. The device was not changed."""


class AuthError(DeviceError):
    """The device refused the login. It was not changed; the login is never retried (lock-out)."""


class HostKeyError(DeviceError):
    """The device's host key is unknown or is not the known one. Nothing was sent to it."""


class ConnectionLostError(DeviceError):
    """The session died while nothing but a read was under way. The device was not changed by us."""


class CommandRejectedError(DeviceError):
    """The device refused a line. Lines before it may have taken effect: read back."""

    def __init__(self, device: str, command: str, answer: str, *, hint: str = "") -> None:
        super().__init__(device, f"refused {command!r}: {answer}", hint=hint)
        self.command = command
        self.answer = answer


class OutcomeUnknownError(DeviceError):
    """A write was under way and no answer came. It may or may not have happened: read the device."""


class ProbeError(SafeshiftError):
    """A measurement could not be made. It becomes UNKNOWN at the gate."""


class JournalError(SafeshiftError):
    """The journal cannot be written, or is not what safeshift wrote."""

    exit_code = ExitCode.JOURNAL


class LabError(SafeshiftError):
    """The lab cannot be started or reached."""

    exit_code = ExitCode.BAD_INPUT
