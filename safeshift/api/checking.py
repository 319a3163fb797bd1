"""``check``: what a run would do now, and whether it would be refused. Reads and probes, never writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from safeshift.api.job import Job
from safeshift.api.opening import Overrides, Way, find_way, fly, open_preflight
from safeshift.api.running import ways_held
from safeshift.clock import Clock, SystemClock
from safeshift.engine.interrupts import Interrupts
from safeshift.errors import JournalError, RefusedError, SafeshiftError
from safeshift.journal.lock import find_holder
from safeshift.planning.compile import needs_approval
from safeshift.planning.forecast import Judgement, foresee
from safeshift.planning.lint import check_rules
from safeshift.planning.plan import Plan
from safeshift.platforms.base import GuardStyle
from safeshift.probes.judge import smallest_loss_seen
from safeshift.probes.observers import INTERVAL_S
from safeshift.probes.pairs import Watch
from safeshift.units import show_duration, show_percent


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What ``check`` found.

    Attributes:
        plan: None when the devices could not even be read.
        refusal: Why a run would be refused now; None when it would start.
        notes: Sentences about what was not followed, what the probes can see, and whom a run would need.
    """

    plan: Plan | None
    judgement: Judgement | None
    refusal: SafeshiftError | None
    configs: Mapping[str, str] = field(default_factory=dict)
    styles: Mapping[str, GuardStyle] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def check(
    job: Job,
    *,
    offline: bool = False,
    lab: Overrides | None = None,
    clock: Clock | None = None,
    interrupts: Interrupts | None = None,
) -> CheckResult:
    """Say what a run would do now, and whether it would be refused. Reads and probes, never writes.

    Args:
        offline: From the files alone; nothing is contacted.
        lab: Reach this lab's devices instead of the site's.

    Raises:
        InputError: the files do not go together.
    """
    if offline:
        return _check_offline(job)
    clock, way = clock or SystemClock(), find_way(job, lab)
    with ExitStack() as stack:
        flight = open_preflight(job, way, clock, interrupts or Interrupts(), lambda kind, **data: None, stack)
        refusal: SafeshiftError | None = None
        try:
            _see_lock(way)
            fly(job, flight, override="")
        except (RefusedError, SafeshiftError) as error:
            if isinstance(error, JournalError):
                raise
            refusal = error
        configs = flight.seen.configs if flight.seen is not None else {}
        notes = (*flight.notes, *_sight(flight.plan, flight.watch), *_asks(flight.plan))
        return CheckResult(flight.plan, flight.judgement, refusal, configs, dict(flight.styles), notes)


def _sight(plan: Plan | None, watch: Watch) -> Iterator[str]:
    """How sharply the probes see within each play's settling time."""
    if plan is None or not watch.pairs:
        return
    who = f"{len(watch.pairs)} pairs of {len(watch.observers)} observers, a probe each {INTERVAL_S * 1000:.0f} ms"
    for settle_s, loss_max in dict.fromkeys((batch.checks.settle_s, batch.checks.loss_max) for batch in plan.batches):
        least = smallest_loss_seen(int(settle_s / INTERVAL_S), loss_max, len(watch.pairs))
        seen = f"loss of {show_percent(least)} and more of one pair" if least <= 1 else "no loss of a single pair"
        yield f"probes: {who}; within settle ({show_duration(settle_s)}) they see {seen}"


def _asks(plan: Plan | None) -> Iterator[str]:
    """Whom a run would need: one that nobody answers is refused."""
    if plan is not None and needs_approval(plan):
        yield "the plan asks for an approval: a run of it needs a person at a terminal, or --yes"


def _check_offline(job: Job) -> CheckResult:
    plan = job.compile(None)
    judgement = foresee(plan, job.site, None)
    refusal: SafeshiftError | None = None
    try:
        check_rules(plan, job.site, None)
        if judgement.refusals:
            raise RefusedError(judgement.reason, hint="from the files alone; nothing was contacted")
    except RefusedError as error:
        refusal = error
    return CheckResult(plan, judgement, refusal, notes=tuple(_asks(plan)))


def _see_lock(way: Way) -> None:
    holder = find_holder(ways_held(way))
    if holder is not None:
        raise RefusedError(f"another run holds this fabric: {holder}", hint="wait until it has ended")
