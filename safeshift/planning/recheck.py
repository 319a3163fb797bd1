"""One move judged again just before it is sent, on what the devices hold now: as planned still, and harmless still.

The engine reads, this decides; what the plan foresaw and was accepted with it is no reason to stop. Pure.
Next: ``forecast.py``, which judged the whole plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from safeshift.actions.base import States
from safeshift.errors import PlanError
from safeshift.fabric.routing import Failure
from safeshift.fabric.whatif import Limits, Situation, judge
from safeshift.model.steps import ARGUMENTS, Arguments
from safeshift.planning.bench import DRAINS, UNDRAINS, Bench, merge_changes
from safeshift.planning.lint import traffic_cut
from safeshift.planning.plan import Change, Checks, Move, Plan
from safeshift.planning.site import Site
from safeshift.planning.worlds import out_of_service, with_failures


def resolve(plan: Plan, move: Move, site: Site, configs: Mapping[str, str], *, without: Collection[str] = ()) -> Move:
    """Return a move with its changes worked out anew on what the devices hold now.

    What already is true has no lines. Devices that were not read are as the plan predicts.

    Args:
        without: Hosts that the run leaves out, because their ``when`` is false.

    Raises:
        PlanError: the action cannot be done on what the devices hold now.
    """
    bench = _bench_before(plan, move, site, configs)
    changes = merge_changes(tuple(_redone(move, bench, without, set())), site)
    return replace(move, hosts=tuple(host for host in move.hosts if host not in without), changes=changes)


def recheck(
    plan: Plan,
    move: Move,
    site: Site,
    configs: Mapping[str, str],
    failures: frozenset[Failure] = frozenset(),
    *,
    without: Collection[str] = (),
) -> str:
    """Say why a move must not be sent now although it was planned; empty: nothing speaks against it.

    Harm that the plan foresaw, and that was accepted with it, is no reason. What is out of service though the plan
    did not take it out always is, and so is traffic on a link that the move takes down.

    Args:
        configs: Of every device read just now, at least of those that the move touches.
        failures: Links and routers that are down now, as the devices' adjacencies tell.
        without: As for ``resolve``.
    """
    if not move.changes:
        return ""
    silent = next((device for device in move.devices if Failure("router", device) in failures), "")
    if silent:
        return f"{silent} does not answer"
    bench = _bench_before(plan, move, site, configs)
    before, down = with_failures(bench.states, failures, site), set[str]()
    try:
        changes = merge_changes(tuple(_redone(move, bench, without, down)), site)
    except PlanError as cause:
        return cause.message
    after = with_failures(bench.states, failures, site)
    harms = _harms(site, before, after, move.checks)
    return (
        _unexplained(plan, move, site, failures, harms)
        or _otherwise(move, changes, without)
        or traffic_cut(move, site, before, after, down)
        or _unforeseen(plan, move, site, harms)
    )


def _unexplained(plan: Plan, move: Move, site: Site, failures: Collection[Failure], harms: tuple[str, ...]) -> str:
    """Say what is out of service that the plan did not take out, and what the move would do on top of it."""
    if not failures:
        return ""
    start, now = _bench_before(plan, plan.moves[0], site, {}).states, _bench_before(plan, move, site, {})
    out = set(out_of_service(site, start, dict(now.states)))
    out |= out_of_service(site, start, _moved_on(now, move))
    for one in plan.moves:
        out |= set(one.takes_down)
        if one.id == move.id:
            break
    out |= {link.name for name in out & set(site.fabric.routers) for link in site.fabric.links_of(name)}
    for failure in sorted(failures, key=lambda one: (one.kind != "router", one.name)):
        if failure.kind == "router" or failure.name not in out:
            what = failure.name if failure.kind == "router" else f"the link {failure.name}"
            return f"{what} is out of service, and not by this plan" + (f": {harms[0]}" if harms else "")
    return ""


def _otherwise(move: Move, changes: tuple[Change, ...], without: Collection[str]) -> str:
    """Say which device would need other lines than those that were planned for a host that takes part."""
    planned = {change.device: change for change in move.changes if change.host not in without}
    for now in changes:
        if now.device in planned and now.lines and now.lines != planned[now.device].lines:
            return f"{now.device} is no longer as planned: {_difference(planned[now.device], now)}"
    return ""


def _unforeseen(plan: Plan, move: Move, site: Site, harms: tuple[str, ...]) -> str:
    if not harms:
        return ""
    foreseen = _bench_before(plan, move, site, {})
    known = _harms(site, dict(foreseen.states), _moved_on(foreseen, move), move.checks)
    return next((harm for harm in harms if harm not in known), "")


def _bench_before(plan: Plan, move: Move, site: Site, configs: Mapping[str, str]) -> Bench:
    """The bench as the plan's earlier moves leave it, with what was read now in the place of what was predicted."""
    predicted: dict[str, str] = {}
    undrained: dict[str, str] = {}
    for earlier in _flat(plan.moves):
        for change in earlier.changes:
            predicted.setdefault(change.device, change.before)
    for earlier in plan.moves:
        if earlier.id == move.id:
            break
        for one in _flat((earlier,)):
            for change in one.changes:
                predicted[change.device] = change.after
                if one.action in DRAINS and change.lines:
                    undrained.setdefault(change.device, change.before)
                if one.action in UNDRAINS:
                    undrained.pop(change.device, None)
    return Bench(site, {**predicted, **configs}, undrained)


def _flat(moves: Iterable[Move]) -> Iterator[Move]:
    for move in moves:
        yield from move.steps or (move,)


def _redone(move: Move, bench: Bench, without: Collection[str], down: set[str]) -> Iterator[Change]:
    """Work a move out on a bench; the links that it says it takes down are added to ``down``."""
    for one in _flat((move,)):
        for host in (host for host in one.hosts if host not in without):
            arguments, target = _arguments(one, host), one.targets.get(host, host)
            down |= set(bench.takes_down(one.action, arguments, target))
            yield from bench.change(one.action, arguments, host, target)


def _arguments(move: Move, host: str) -> Arguments:
    return ARGUMENTS[move.action].model_validate(dict(move.arguments[host]))


def _moved_on(bench: Bench, move: Move) -> States:
    """Return the states after a move, worked out on a bench."""
    for _ in _redone(move, bench, (), set()):
        pass
    return bench.states


def _harms(site: Site, before: States, after: States, checks: Checks) -> tuple[str, ...]:
    """Say what is wrong after a move without any further failure."""
    limits = Limits(utilisation=checks.utilisation_max, required=frozenset(checks.require))
    forecast = judge(site.fabric, [Situation("before", before), Situation("after", after)], limits)
    return tuple(f.sentence for f in forecast.refusals if f.failure is None and f.situation == "after")


def _difference(planned: Change, current: Change) -> str:
    added = [line.strip() for line in current.lines if line not in planned.lines]
    missing = [line.strip() for line in planned.lines if line not in current.lines]
    told = [f"it would need {added[0]!r}"] if added else []
    told += [f"no longer needs {missing[0]!r}"] if missing else []
    return " and ".join(told) or "the same lines in another order"
