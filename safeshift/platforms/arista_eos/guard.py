"""How Arista EOS undoes a change by itself: a configuration session that is committed with a timer.

The timer covers exactly what the session holds. Any session of any user may confirm or abort it.
"""

from __future__ import annotations

import re

from safeshift.errors import PlanError
from safeshift.platforms.base import GuardCommands, GuardStyle, PendingGuard
from safeshift.platforms.routerlike import change_name

LONGEST_S = 23 * 3600 + 59 * 60 + 59  # the timer is written HH:MM:SS
_NAMED = re.compile(r"(?m)^\s*Session with pending commit timer:\s*(\S+)")
_LEFT = re.compile(r"(?m)^\s*Time left until commit timer expiry:\s*(?:in )?(?:(\d+) days?,? )?(?:(\d+):)?(\d+):(\d+)")
_ROW = re.compile(r"(?m)^\s*(\S+)\s+pendingCommitTimer\b[ \t]*(.*)$")
_SHORT = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def guard(change: str, seconds: int) -> GuardCommands:
    """Return the commands of a session named after the change.

    Raises:
        PlanError: the name or the time is one that EOS cannot take.
    """
    name = change_name(change)
    if not 1 <= seconds <= LONGEST_S:
        raise PlanError(f"a commit timer of {seconds} s is not possible on Arista EOS", hint="use less than 24 hours")
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    session = f"configure session {name}"
    return GuardCommands(
        style=GuardStyle.STAGED,
        enter=(session,),
        leave_staged=("end",),
        commit=(session, f"commit timer {clock}"),
        confirm=(f"{session} commit",),
        abort=(f"{session} abort",),
        discard=(f"{session} abort",),
    )


def parse_pending(answer: str) -> PendingGuard | None:
    """Read ``show configuration sessions detail``, as EOS printed it up to 4.31 and prints it since 4.32."""
    named = _NAMED.search(answer)
    if named:
        left = _LEFT.search(answer)
        return PendingGuard(named[1], None if left is None else _seconds(left.groups()))
    row = _ROW.search(answer)
    if row is None:
        return None
    for word in row[2].split():
        short = _SHORT.fullmatch(word)
        if short and any(short.groups()):
            return PendingGuard(row[1], _seconds(short.groups()))
    return PendingGuard(row[1], None)


def _seconds(parts: tuple[str | None, ...]) -> float:
    days, hours, minutes, seconds = (int(part or 0) for part in parts)
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
