"""How Cisco IOS undoes a change by itself: it backs up its configuration and arms a timer, then lines are typed.

Firing restores the whole configuration as it was when armed, other people's edits included. Only the user who armed
the timer may confirm, cancel or set it anew. It counts whole minutes.
"""

from __future__ import annotations

import re

from safeshift.errors import PlanError
from safeshift.platforms.base import GuardCommands, GuardStyle, Lines, PendingGuard
from safeshift.platforms.configtext import Blocks
from safeshift.platforms.routerlike import change_name

LONGEST_MIN = 120
PREREQUISITES: Lines = ("archive", " path flash:ss-archive", " maximum 14")
_TIMER = re.compile(r"(?m)^\s*Timer value:\s*(\d+) min")
_USER = re.compile(r"(?m)^\s*User:\s*(\S+)")
_LEFT = re.compile(r"(?im)^\s*Time (?:left|remaining)[^:\n]*:\s*(?:(\d+) min(?:utes?)?)?\s*(?:(\d+) sec(?:onds?)?)?")


def guard(change: str, seconds: int) -> GuardCommands:
    """Return the commands of a revert timer, rounded up to whole minutes; IOS itself does not learn the change's name.

    Raises:
        PlanError: the time is one that IOS cannot take.
    """
    change_name(change)
    minutes = -(-seconds // 60)
    if not 1 <= minutes <= LONGEST_MIN:
        raise PlanError(f"a revert timer of {minutes} min is not possible on Cisco IOS", hint="use 1 min to 2 h")
    return GuardCommands(
        style=GuardStyle.REVERT_TIMER,
        enter=(f"configure terminal revert timer {minutes}",),
        confirm=("configure confirm",),
        abort=("configure revert now",),
        prerequisites=PREREQUISITES,
    )


def parse_pending(answer: str) -> PendingGuard | None:
    """Read ``show archive config rollback timer``.

    Returns:
        The timer; its name is the user who armed it, for that is all IOS tells. The time left is None unless the
        text says it: IOS prints when the timer was set, by the device's own clock.
    """
    if not _TIMER.search(answer):
        return None
    user = _USER.search(answer)
    left = _LEFT.search(answer)
    seconds = None
    if left and any(left.groups()):
        seconds = float(int(left[1] or 0) * 60 + int(left[2] or 0))
    return PendingGuard(user[1] if user else "", seconds)


def is_available(blocks: Blocks) -> bool:
    """Tell whether the configuration has an archive with a path."""
    return any(
        block.text == "archive" and any(child.text.startswith("path ") for child in block.children) for block in blocks
    )
