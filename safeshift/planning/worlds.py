"""Every state that a plan can bring the fabric into: after each move, in the middle of one, with hosts left out.

A ``when`` on a registered answer is decided by the run, so each such host is walked both ways. The devices of a wave
change in any order: each of its subsets is a state. Going back is not walked: an unwind undoes the same waves, newest
first, and so goes through the same states. Next: ``lint.py`` and ``forecast.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from safeshift.actions.base import States
from safeshift.fabric.routing import Failure, Network
from safeshift.fabric.state import MAX_METRIC, RouterState
from safeshift.planning.plan import WAVE, Change, Move, Plan
from safeshift.planning.site import Site, suggested_configs

Skipped = frozenset[tuple[str, str]]
"""Which (move id, host) the run leaves out."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One move in one world: the states before it, in the middle of it, and after it.

    Attributes:
        halves: Per state in the middle: which devices hold the change already.
        configs: The configurations after it.
    """

    move: Move
    before: States
    halves: tuple[tuple[tuple[str, ...], States], ...]
    after: States
    configs: Mapping[str, str]


def start_configs(plan: Plan, site: Site, configs: Mapping[str, str] | None) -> dict[str, str]:
    """Return the configurations that a plan starts from: as read, or as the files suggest."""
    return suggested_configs(site) if configs is None else dict(configs)


def worlds(plan: Plan) -> tuple[Skipped, ...]:
    """Return what the run may leave out: nothing; each undecided host alone; all of them."""
    undecided = [(move.id, host) for move in plan.moves for host in move.when if move.changes]
    alone = [frozenset((one,)) for one in undecided]
    return tuple(dict.fromkeys((frozenset[tuple[str, str]](), *alone, frozenset(undecided))))


def walk(plan: Plan, site: Site, configs: Mapping[str, str], skipped: Skipped = frozenset()) -> Iterator[Frame]:
    """Go through a plan move by move; what a host is left out of is not typed."""
    configs = dict(configs)
    states = dict(site.states_of(configs))
    for move in plan.moves:
        changes = [change for change in move.changes if change.lines and (move.id, change.host) not in skipped]
        after = {one.device: _typed(site, one, configs.get(one.device, one.before)) for one in changes}
        configs |= after
        changed = {name: site.meaning(name, config) for name, config in after.items() if name in states}
        halves = tuple(
            (subset, {**states, **{name: changed[name] for name in subset if name in changed}})
            for subset in _halves(tuple(after))
        )
        before, states = states, {**states, **changed}
        yield Frame(move, before, halves, states, dict(configs))


def _halves(devices: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give the devices that may hold the change while others do not: all waves before, and any part of the next one."""
    for begin in range(0, len(devices), WAVE):
        done, wave = devices[:begin], devices[begin : begin + WAVE]
        for size in range(1, len(wave) + 1):
            for part in combinations(wave, size):
                if len(done) + size < len(devices):
                    yield (*done, *part)


def with_failures(states: States, failures: frozenset[Failure], site: Site) -> States:
    """Return the states as if the failed elements were shut down: how a failure that is there now looks."""
    dead: set[tuple[str, str]] = set()
    for failure in failures:
        if failure.kind == "router":
            links = site.fabric.links_of(failure.name)
            dead |= {(failure.name, port) for port in states[failure.name].interfaces}
        else:
            links = (site.fabric.link(failure.name),)
        dead |= {(end.router, end.interface) for link in links for end in link.ends}
    return {name: _without(state, {port for router, port in dead if router == name}) for name, state in states.items()}


def out_of_service(site: Site, start: States, now: States) -> frozenset[str]:
    """Return what a plan holds out of service: routers that ask to be avoided, and links that went down elsewhere."""
    routers = {name for name, state in now.items() if is_avoided(state) and not is_avoided(start[name])}
    were, are = Network(site.fabric, start), Network(site.fabric, now)
    links = {
        link.name
        for link in site.fabric.links
        if were.link_up(link) and not are.link_up(link) and not any(end.router in routers for end in link.ends)
    }
    return frozenset(routers | links)


def is_avoided(state: RouterState) -> bool:
    """Tell whether a router asks the others to send their traffic elsewhere."""
    costs = [port.cost for port in state.interfaces.values() if port.meets_neighbors]
    return state.max_metric or state.graceful_shutdown or (bool(costs) and all(cost == MAX_METRIC for cost in costs))


def _typed(site: Site, change: Change, config: str) -> str:
    return change.after if config == change.before else site.platforms[change.device].apply(config, change.lines)


def _without(state: RouterState, ports: set[str]) -> RouterState:
    if not ports:
        return state
    return replace(
        state,
        interfaces={
            name: replace(port, enabled=False) if name in ports else port for name, port in state.interfaces.items()
        },
    )
