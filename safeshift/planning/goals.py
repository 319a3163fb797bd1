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
        for link in bench.situation(host).own_links(arguments.links):
            for end in link.ends:
                text = f"{end.interface} runs at {show_gbit(arguments.speed)} Gbit/s"
                yield GoalCheck(end.router, text, "speed", end.interface, str(arguments.speed))
    elif isinstance(arguments, ConfigArguments):
        for device in needed:
            yield _in_force(device, f"the configuration is as after {step.action}", typed_lines(arguments))
    else:
        yield GoalCheck(host, f"the router is as after {step.action}", "drained", ...)


