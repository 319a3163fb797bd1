"""What the model foresees for a plan, told per move; and the same question again just before a move is sent.

Every situation of every world is judged by ``fabric/whatif.py``; what is decided here is what a finding means for the
plan: refused, exposed (and whether the play says so), or weak before it began. Over 350 lines, because the plan and
its last check must judge alike, in the same words. Next: ``worlds.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from safeshift.actions.base import States
from safeshift.errors import PlanError
from safeshift.fabric.routing import Failure
from safeshift.fabric.whatif import Finding, Forecast, Limits, Situation, judge
from safeshift.model.steps import ARGUMENTS, Arguments
from safeshift.planning.bench import DRAINS, UNDRAINS, Bench, merge_changes
from safeshift.planning.lint import traffic_cut
from safeshift.planning.plan import Batch, Change, Checks, Move, Plan
from safeshift.planning.site import Site
from safeshift.planning.worlds import (
    Frame,
    out_of_service,
    start_configs,
    walk,
    with_failures,
    worlds,
)

_START = "start"


@dataclass(frozen=True, slots=True)
class Load:
    """The fullest element in one situation, without a failure; bit/s."""

    when: str
    element: str
    load: float
    capacity: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the what-if says about a plan, in sentences.

    Attributes:
        refusals: Why the plan is refused; empty: it is not.
        exposures: What a single failure could do while the plan holds something out of service.
        standing: What a single failure could do before the first step already.
        covered: Every exposure is one that its play declares.
        exposed_moves: Ids of the moves after (or during) which an exposure stands.
        overridable: ``--override-what-if`` may send it all the same; a typed promise that cannot be kept never is.
        loads: Per situation, what is fullest.
    """

    refusals: tuple[str, ...] = ()
    exposures: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    covered: bool = True
    exposed_moves: frozenset[str] = frozenset()
    overridable: bool = True
    loads: tuple[Load, ...] = ()

    @property
    def reason(self) -> str:
        """The one sentence why the plan is refused; empty when it is not."""
        return self.refusals[0] if self.refusals else ""


@dataclass(frozen=True, slots=True)
class _Moment:
    """A situation, and where in the plan it is."""

    situation: Situation
    told: str
    move: Move | None


def foresee(plan: Plan, site: Site, configs: Mapping[str, str] | None) -> Judgement:
    """Judge every situation of a plan, alone and under each single failure.

    Args:
        configs: As given to ``compile_plan``.

    Guarantees:
        Pure. States in the middle of a move and hosts that the run may leave out are among the situations; the way
        back goes through the same states.
    """
    begin, limits = start_configs(plan, site, configs), _limits(plan)
    judgement = Judgement()
    for skipped in worlds(plan):
        frames = tuple(walk(plan, site, begin, skipped))
        moments = tuple(_moments(frames, site, site.states_of(begin)))
        forecast = judge(site.fabric, [moment.situation for moment in moments], limits)
        judgement = _joined(judgement, _judged(plan, frames, moments, forecast))
    return judgement


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


def _limits(plan: Plan) -> Limits:
    checks = [batch.checks for batch in plan.batches]
    required = frozenset(name for one in checks for name in one.require)
    return Limits(utilisation=min(one.utilisation_max for one in checks), required=required)


def _moments(frames: tuple[Frame, ...], site: Site, start: States) -> Iterator[_Moment]:
    yield _Moment(Situation(_START, start), "before the first step", None)
    for frame in frames:
        if not frame.move.changes:
            continue
        for at, (devices, states) in enumerate(frame.halves):
            out = out_of_service(site, start, states)
            told = f"while {_named(frame.move)} is applied to {', '.join(devices)} only"
            situation = Situation(f"{frame.move.id}/{at}", states, out)
            yield _Moment(situation, told, frame.move)
        out = out_of_service(site, start, frame.after)
        situation = Situation(frame.move.id, frame.after, out)
        yield _Moment(situation, f"after {_named(frame.move)}", frame.move)


def _judged(plan: Plan, frames: tuple[Frame, ...], moments: tuple[_Moment, ...], forecast: Forecast) -> Judgement:
    by_label = {moment.situation.label: moment for moment in moments}
    batches = {move.id: batch for batch in plan.batches for move in batch.moves}
    out = {label: moment.situation.out for label, moment in by_label.items()}
    exposed_out = {out[finding.situation] for finding in forecast.exposures}
    exposures = _first_each(forecast.exposures, lambda finding: (finding.failure, out[finding.situation]))
    undeclared = [finding for finding in exposures if not _is_declared(by_label[finding.situation], batches)]
    return Judgement(
        refusals=(
            *(_told(finding, by_label) for finding in forecast.refusals),
            *(f"{finding.sentence}, and the play declares no exposure" for finding in undeclared),
        ),
        exposures=tuple(_grouped(exposures, out)),
        standing=tuple(_grouped(_first_each(forecast.standing, lambda one: one.failure), out)),
        covered=not undeclared,
        exposed_moves=frozenset(_exposed(frames, moments, exposed_out)),
        overridable=not any(_breaks_promise(finding, by_label) for finding in forecast.refusals),
        loads=tuple(Load(by_label[label].told, name, load, top) for label, name, load, top in forecast.loads),
    )


def _first_each(findings: Iterable[Finding], key: Callable[[Finding], object]) -> list[Finding]:
    """Keep the finding to tell first of each failure: its other consequences follow from the same cause."""
    kept: dict[object, Finding] = {}
    for finding in findings:
        kept.setdefault(key(finding), finding)
    return list(kept.values())


def _grouped(findings: Iterable[Finding], out: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Give one sentence for all failures that harm the same elements alike: the worst is told, the others counted."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault((out[finding.situation], finding.invariant, finding.elements), []).append(finding)
    for alike in groups.values():
        worst = max(alike, key=lambda finding: finding.load or 0.0)
        yield f"{worst.sentence}{_others(worst, len(alike) - 1)}"


def _others(worst: Finding, count: int) -> str:
    """Count the other failures that do what the worst of them does, whatever the amount."""
    if not count or worst.failure is None:
        return ""
    who = f"{count} other single failure{'' if count == 1 else 's'}"
    them = "it" if len(worst.elements) == 1 else "them"
    match worst.invariant:
        case "fits":
            return f"; {who} would overload it too"
        case "isolation" | "whole":
            return f"; {who} would lose {them} too"
        case _:
            return f"; {who} would do so too"


def _exposed(
    frames: tuple[Frame, ...], moments: tuple[_Moment, ...], exposed_out: set[frozenset[str]]
) -> Iterator[str]:
    """Give the moves during or after which an exposure stands; a move that changes nothing keeps what stood before."""
    during: dict[str, list[bool]] = {}
    for moment in moments:
        if moment.move is not None:
            during.setdefault(moment.move.id, []).append(moment.situation.out in exposed_out)
    stands = False
    for frame in frames:
        seen = during.get(frame.move.id, [stands])
        stands = seen[-1]
        if any(seen):
            yield frame.move.id


def _is_declared(moment: _Moment, batches: Mapping[str, Batch]) -> bool:
    return moment.move is not None and batches[moment.move.id].exposure is not None


def _told(finding: Finding, by_label: Mapping[str, _Moment]) -> str:
    moment = by_label[finding.situation]
    return finding.sentence if finding.failure or moment.move is None else f"{finding.sentence} {moment.told}"


def _breaks_promise(finding: Finding, by_label: Mapping[str, _Moment]) -> bool:
    """Tell whether a finding is that a ``shift`` cannot keep its traffic inside its own network."""
    move = by_label[finding.situation].move
    return move is not None and finding.failure is None and any(one.action == "shift" for one in (move, *move.steps))


def _joined(one: Judgement, other: Judgement) -> Judgement:
    return Judgement(
        refusals=_each(one.refusals, other.refusals),
        exposures=_each(one.exposures, other.exposures),
        standing=_each(one.standing, other.standing),
        covered=one.covered and other.covered,
        exposed_moves=one.exposed_moves | other.exposed_moves,
        overridable=one.overridable and other.overridable,
        loads=one.loads or other.loads,
    )


def _each(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _named(move: Move) -> str:
    return f"{move.name!r} on {', '.join(move.hosts)}"


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
    forecast = judge(site.fabric, [Situation(_START, before), Situation("after", after)], limits)
    return tuple(f.sentence for f in forecast.refusals if f.failure is None and f.situation == "after")


def _difference(planned: Change, current: Change) -> str:
    added = [line.strip() for line in current.lines if line not in planned.lines]
    missing = [line.strip() for line in planned.lines if line not in current.lines]
    told = [f"it would need {added[0]!r}"] if added else []
    told += [f"no longer needs {missing[0]!r}"] if missing else []
    return " and ".join(told) or "the same lines in another order"
