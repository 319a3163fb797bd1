"""What must be seen on the devices for a batch to count as done: the play's goal, and the predicted configurations."""

from __future__ import annotations

from collections.abc import Iterator

from safeshift.actions.catalog import ACTIONS
from safeshift.errors import PlanError
from safeshift.model.play import Step
from safeshift.model.steps import Arguments, LinkSpeedArguments
from safeshift.planning.bench import Bench
from safeshift.planning.plan import GoalCheck, Move
from safeshift.units import show_gbit


def observe_goal(bench: Bench, step: Step, arguments: Arguments, host: str) -> Iterator[GoalCheck]:
    """Give what shows that a goal is reached on a host, once the plan's own end has been held against it.

    Raises:
        PlanError: the plan would not reach the goal.
    """
    at = bench.site.situation(host, bench.configs, bench.states, bench.undrained)
    action = ACTIONS[step.action]
    for device in action.devices(arguments, at):
        bench.site.platform(device)
        missing = action.lines(arguments, at, device)
        if missing:
            hint = "add the step that reaches it, or change the goal"
            message = f"the plan ends without its goal {step.action}: {device} would still need {missing[-1].strip()!r}"
            raise PlanError(message, place=step.place, hint=hint)
    if isinstance(arguments, LinkSpeedArguments):
        for link in at.own_links(arguments.links):
            for end in link.ends:
                text = f"{end.interface} runs at {show_gbit(arguments.speed)} Gbit/s"
                yield GoalCheck(end.router, text, "speed", end.interface, str(arguments.speed))
    else:
        for device in action.devices(arguments, at):
            text = f"the configuration is as after {step.action}"
            yield GoalCheck(device, text, "config", expected=bench.configs[device])


def observe_changes(moves: tuple[Move, ...]) -> Iterator[GoalCheck]:
    """Give the configuration that each touched device ends with; not where the run may leave a host out."""
    expected: dict[str, str] = {}
    for move in moves:
        for change in move.changes:
            expected[change.device] = change.after
    for move in moves:
        for change in move.changes:
            if change.host in move.when:
                expected.pop(change.device, None)
    for device, config in expected.items():
        yield GoalCheck(device, "the configuration is as planned", "config", expected=config)
