"""``drain`` and ``undrain``: ask the rest of the network to avoid a router, and take that back.

The typed effect says what the network shall see; which lines say it is the platform's. Next: ``shift.py``, the same
lines with a promise about where the traffic goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from safeshift.actions.base import MoveKind, Plain, Situation, States
from safeshift.fabric.state import MAX_METRIC, RouterState
from safeshift.model.steps import MethodArguments
from safeshift.platforms.base import Lines


class Drain(Plain[MethodArguments]):
    """Traffic that has another way leaves the host; nothing is promised about which way it takes."""

    name = "drain"
    kind = MoveKind.CHANGE

    def devices(self, arguments: MethodArguments, at: Situation) -> tuple[str, ...]:
        """See ``Action``: only a router of the fabric."""
        at.router()
        return (at.host,)

    def lines(self, arguments: MethodArguments, at: Situation, device: str) -> Lines:
        """See ``Action``."""
        return drain_lines(at, arguments.method)

    def effect(self, arguments: MethodArguments, at: Situation) -> States:
        """See ``Action``."""
        return drained(at, arguments.method)


class Undrain(Plain[MethodArguments]):
    """The host carries traffic again, at the costs it had before this plan drained it."""

    name = "undrain"
    kind = MoveKind.CHANGE

    def devices(self, arguments: MethodArguments, at: Situation) -> tuple[str, ...]:
        """See ``Action``: only a router of the fabric."""
        at.router()
        return (at.host,)

    def lines(self, arguments: MethodArguments, at: Situation, device: str) -> Lines:
        """See ``Action``."""
        return undrain_lines(at, arguments.method)

    def effect(self, arguments: MethodArguments, at: Situation) -> States:
        """See ``Action``."""
        return undrained(at, arguments.method)


def drain_lines(at: Situation, method: str) -> Lines:
    """Return the platform's lines that drain the host; none when they would change nothing."""
    platform, config = at.platforms[at.host], at.configs[at.host]
    lines = platform.drain_lines(at.states[at.host], config, method=method)
    return lines if not platform.equal(platform.apply(config, lines), config) else ()


def undrain_lines(at: Situation, method: str) -> Lines:
    """Return the platform's lines that undrain the host, back to what it was before this plan drained it."""
    platform, config = at.platforms[at.host], at.configs[at.host]
    captured = at.undrained.get(at.host)
    lines = platform.undrain_lines(at.states[at.host], config, method=method, captured=captured)
    return lines if not platform.equal(platform.apply(config, lines), config) else ()


def drained(at: Situation, method: str) -> States:
    """Return the states in which the host is drained."""
    state = at.states[at.host]
    match method:
        case "ospf_max_metric":
            state = replace(state, max_metric=True)
        case "interface_cost":
            raised = dict.fromkeys(_transit(state), MAX_METRIC)
            state = _with_costs(state, raised)
        case _:
            state = replace(state, graceful_shutdown=True)
    return {**at.states, at.host: state}


def undrained(at: Situation, method: str) -> States:
    """Return the states in which the host carries traffic again."""
    state = at.states[at.host]
    match method:
        case "ospf_max_metric":
            state = replace(state, max_metric=False, max_metric_stub=False)
        case "interface_cost":
            before = _costs_before(at)
            raised = [name for name in _transit(state) if state.interfaces[name].cost == MAX_METRIC]
            state = _with_costs(state, {name: before.get(name) for name in raised})
        case _:
            state = replace(state, graceful_shutdown=False)
    return {**at.states, at.host: state}


def _costs_before(at: Situation) -> dict[str, int | None]:
    before = at.undrained.get(at.host)
    if before is None:
        return {}
    meaning = at.platforms[at.host].read_meaning(before)
    return {name: port.cost for name, port in meaning.interfaces.items()}


def _transit(state: RouterState) -> list[str]:
    return [name for name, port in state.interfaces.items() if port.meets_neighbors]


def _with_costs(state: RouterState, costs: Mapping[str, int | None]) -> RouterState:
    ports = {name: replace(port, cost=costs.get(name, port.cost)) for name, port in state.interfaces.items()}
    return replace(state, interfaces=ports)
