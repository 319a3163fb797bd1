"""What the model foresees for a plan, told per move.

Every situation of every world is judged by ``fabric/whatif.py``; what is decided here is what a finding means for the
plan: refused, exposed (and whether the play says so), or weak before it began. Next: ``worlds.py``, and ``recheck.py``
for the same question just before a move is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from safeshift.actions.base import States
from safeshift.fabric.whatif import Finding, Forecast, Limits, Situation, judge
from safeshift.planning.plan import Batch, Move, Plan
from safeshift.planning.site import Site
from safeshift.planning.worlds import (
    Frame,
    out_of_service,
    start_configs,
    walk,
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
