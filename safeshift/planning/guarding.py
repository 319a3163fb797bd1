"""Which guard each move has, how long it runs, and what a device lacks that has none.

The engine arms what is decided here; a step whose guard would end before its verdict is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from safeshift.errors import LintError, PlanError
from safeshift.model.play import Step
from safeshift.planning.plan import Change, Checks, Plan
from safeshift.planning.site import Site
from safeshift.platforms.base import GuardStyle, Platform
from safeshift.units import show_duration

CONFIRM_MARGIN_S = 30.0  # a timer with less left may fire while we confirm: too late (design, section 7)

_NAME = "ss-check"  # any change's name gives the same prerequisites and means


def guarded_checks(checks: Checks, changes: tuple[Change, ...], site: Site, step: Step) -> Checks:
    """Return a move's checks with its guard rounded up to the coarsest unit among the timers of its devices.

    Raises:
        LintError: the timers would end before the verdict can be there, or too soon after it to be confirmed.
    """
    platforms = [site.platforms[change.device] for change in changes if change.lines and has_guard(change, site)]
    if not platforms:
        return checks
    unit = max(platform.guard_unit_s for platform in platforms)
    seconds = math.ceil(checks.guard_s / unit) * unit
    for platform in platforms:
        try:
            platform.guard(_NAME, seconds)
        except PlanError as cause:
            raise LintError(f"{step.place}: {cause.message}", hint=cause.hint) from cause
    verdict_s, confirm_s = checks.deadline_s + checks.settle_s + checks.hold_s, checks.settle_s + CONFIRM_MARGIN_S
    needed = max(verdict_s, confirm_s)
    if seconds <= needed:
        least = (math.floor(needed / unit) + 1) * unit
        hint = f"write guard: {least}s or more, or a shorter deadline, settle or hold"
        what = "apply, settle and hold may" if verdict_s >= confirm_s else "settle and the time to confirm"
        told = f"{what} take {show_duration(needed)}, its timers end after {show_duration(seconds)}"
        raise LintError(f"{step.place}: the guard of {step.name or step.action!r} is too short: {told}", hint=hint)
    return replace(checks, guard_s=seconds)


def has_guard(change: Change, site: Site) -> bool:
    """Tell whether the device of a change can undo it by itself; offline it is taken to be set up for that."""
    platform = site.platforms[change.device]
    if platform.guard_style is GuardStyle.NONE:
        return False
    return change.from_device or platform.guard_available(change.before)


def guard_notes(plan: Plan, site: Site) -> Iterator[str]:
    """Say which devices have no guard, why, and what each would need."""
    told = set()
    for move in plan.moves:
        for change in move.changes:
            if change.lines and change.device not in told and not has_guard(change, site):
                told.add(change.device)
                yield f"no guard on {change.device}: {why_none(site.platforms[change.device])}"


def why_none(platform: Platform) -> str:
    """Say why a device of this platform has no guard, and which lines would give it one."""
    if platform.guard_style is GuardStyle.NONE:
        return f"{platform.title} has no timer that undoes a change"
    lines = platform.guard(_NAME, 60).prerequisites
    return f"its configuration lacks what the timer needs; configure: {' / '.join(line.strip() for line in lines)}"
