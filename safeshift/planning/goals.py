"""What must be seen on the devices for a batch to count as done: the play's goal, and that what was typed is in force.

Only what the run means is observed: what somebody else writes elsewhere in a configuration meanwhile is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

from safeshift.actions.config import typed_lines
from safeshift.errors import PlanError
from safeshift.model.play import Step
from safeshift.model.steps import Arguments, ConfigArguments, LinkSpeedArguments
from safeshift.planning.bench import Bench
from safeshift.planning.plan import Change, GoalCheck, Move
from safeshift.planning.site import Site
from safeshift.platforms.base import Lines, Platform
from safeshift.units import show_gbit


def observe_goal(bench: Bench, step: Step, arguments: Arguments, host: str) -> Iterator[GoalCheck]:
    """Give what shows that a goal is reached on a host, once the plan's own end has been held against it.

    Raises:
        PlanError: the plan would not reach the goal.
    """
    needed = bench.goal(step.action, arguments, host)
    for device, missing in needed.items():
        if missing:
            hint = "add the step that reaches it, or change the goal"
            message = f"the plan ends without its goal {step.action}: {device} would still need {missing[-1].strip()!r}"
            raise PlanError(message, place=step.place, hint=hint)
    if isinstance(arguments, LinkSpeedArguments):
        for link in bench.at(host).own_links(arguments.links):
            for end in link.ends:
                text = f"{end.interface} runs at {show_gbit(arguments.speed)} Gbit/s"
                yield GoalCheck(end.router, text, "speed", end.interface, str(arguments.speed))
        return
    lines = typed_lines(arguments) if isinstance(arguments, ConfigArguments) else _said(bench, step, arguments, host)
    if lines:
        yield GoalCheck(host, f"the configuration is as after {step.action}", "lines", expected="\n".join(lines))


def observe_changes(moves: tuple[Move, ...], site: Site) -> Iterator[GoalCheck]:
    """Give, per touched device, the lines of a batch that its end still holds; not where the run may leave a host out.

    Lines that a later move takes back are not observed; those that take them back are.
    """
    undecided = {change.device for move in moves for change in move.changes if change.host in move.when}
    typed: dict[str, list[Change]] = {}
    for move in moves:
        for change in move.changes:
            if change.lines and change.device not in undecided:
                typed.setdefault(change.device, []).append(change)
    for device, changes in typed.items():
        lines = _left(changes, site.platforms[device])
        yield GoalCheck(device, "what was sent is in force", "lines", expected="\n".join(lines))


def _said(bench: Bench, step: Step, arguments: Arguments, host: str) -> Lines:
    """Return the lines that say a drain or undrain that is there already: those that would bring it back.

    None where a device cannot tell how to be otherwise: then what the batch itself sends is what can be observed.
    """
    trial = bench.copy()
    try:
        trial.change("undrain" if step.action == "drain" else "drain", arguments, host, host)
        changes = trial.change(step.action, arguments, host, host)
    except PlanError:
        return ()
    return tuple(line for change in changes for line in change.lines)


def _left(changes: list[Change], platform: Platform) -> Lines:
    """Return the lines of a device's changes of which typing any again would change nothing at their end."""
    end = changes[-1].after
    kept = [change for change in changes if platform.equal(platform.apply(end, change.lines), end)]
    rest = platform.remediate(changes[0].before, end) if len(kept) < len(changes) else ()
    return (*(line for change in kept for line in change.lines), *rest)
