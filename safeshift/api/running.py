"""``run``: preflight, then move by move, undoing by itself what does not go well.

Everything a run opens is closed here, in reverse order, however it ends. Next: ``engine/shell.py``.
"""

from __future__ import annotations

import getpass
import secrets
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from safeshift.api.job import Job
from safeshift.api.opening import Overrides, Way, find_way, fly, open_preflight
from safeshift.clock import Clock, SystemClock
from safeshift.drivers.guards import guard_for
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.looking import Approver, Looker
from safeshift.engine.perform import Performer
from safeshift.engine.preflight import Preflight
from safeshift.engine.record import Observer, Recorder
from safeshift.engine.shell import Shell
from safeshift.engine.states import Final, MoveOutline, Outline, State, exit_code
from safeshift.errors import (
    ExitCode,
    JournalError,
    LockHeldError,
    PlanError,
    RefusedError,
    SafeshiftError,
    StoppedError,
)
from safeshift.journal.alive import Alive
from safeshift.journal.alive import begin as come_alive
from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.lock import Ways, names_of, take
from safeshift.journal.masking import masked
from safeshift.journal.place import state_directory
from safeshift.journal.store import Journal
from safeshift.journal.writer import RunWriter
from safeshift.planning.compile import needs_approval
from safeshift.planning.forecast import Judgement
from safeshift.planning.plan import Plan
from safeshift.platforms.base import GuardStyle
from safeshift.platforms.linux import LINUX

_LOOK_UPS = 16  # names of routers that are resolved at the same time: where no name server answers each takes long


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        todo: What a person must do now; empty unless ``NEEDS_OPERATOR``.
        plan: None when the run was refused before a plan could be made.
        refusal: The error that refused it; None when it began.
        head: The hash of the run's last journal event: kept elsewhere, it shows whether the journal was cut.
    """

    run: str
    final: Final
    exit_code: ExitCode
    reason: str
    todo: tuple[str, ...]
    plan: Plan | None
    judgement: Judgement | None
    refusal: SafeshiftError | None
    events: tuple[Event, ...]
    head: str = ""


def run(
    job: Job,
    *,
    lab: Overrides | None = None,
    override: str = "",
    approve: Approver | None = None,
    confirm_start: Callable[[Plan, Judgement], bool] | None = None,
    observers: Iterable[Observer] = (),
    interrupts: Interrupts | None = None,
    journal: Path | None = None,
    clock: Clock | None = None,
    argv: Sequence[str] = (),
) -> RunResult:
    """Do it: preflight, then move by move, undoing by itself what does not go well.

    Args:
        override: The operator's reason to go on although the what-if foresees harm; empty: do not.
        approve: Asks a person for an ``approve`` step; None: a plan with one is refused.
        confirm_start: Asked once before the first change; None: begin.
        observers: Told every journal event, in order; they cannot stop the run.
        journal: The journal's file; None: in the state directory.

    Returns:
        How it ended. A refusal is a result too (``final`` REFUSED), so that it can be shown with its plan.

    Raises:
        JournalError: the journal cannot be used; nothing was sent.
        InputError: the files do not go together; nothing was sent.
    """
    order = _Order(
        job=job,
        lab=lab,
        way=find_way(job, lab),
        override=override,
        approve=approve,
        confirm_start=confirm_start,
        observers=tuple(observers),
        interrupts=interrupts or Interrupts(),
        clock=clock or SystemClock(),
        argv=tuple(argv),
    )
    with ExitStack() as stack:
        store = Journal.open(journal or state_directory() / "journal.db")
        stack.callback(store.close)
        run_id = new_run_id(order.clock)
        ways = ways_held(order.way)
        try:
            held = take(ways, run_id, getpass.getuser(), clock=order.clock)
        except LockHeldError as error:
            return _refused(run_id, error, None, ())
        stack.callback(held.release)
        life = come_alive(run_id, tuple(name for names in ways.values() for name in names))
        stack.callback(life.end)
        writer = stack.enter_context(store.begin(run_id, str(job.fabric_path)))
        return _carry_out(order, writer, life, stack)


@dataclass(frozen=True, slots=True)
class _Order:
    """What ``run`` was asked for."""

    job: Job
    lab: Overrides | None
    way: Way
    override: str
    approve: Approver | None
    confirm_start: Callable[[Plan, Judgement], bool] | None
    observers: tuple[Observer, ...]
    interrupts: Interrupts
    clock: Clock
    argv: tuple[str, ...]


def _carry_out(order: _Order, writer: RunWriter, life: Alive, stack: ExitStack) -> RunResult:
    """With the fabric locked and the journal open: look, and when nothing speaks against it, go."""
    recorder = Recorder(writer, order.observers)
    stack.callback(recorder.close)
    _open_run(recorder, order, life)
    flight = open_preflight(order.job, order.way, order.clock, order.interrupts, recorder.note, stack)
    try:
        _see_that_somebody_answers(order)
        fly(order.job, flight, override=order.override)
        plan, judgement = _agreed(order, flight)
    except SafeshiftError as error:
        if recorder.trouble:
            raise JournalError(recorder.trouble, hint="nothing was sent") from error
        _close_refused(recorder, error)
        return replace(_refused(recorder.run, error, flight, recorder.events), head=writer.head)
    if recorder.trouble:
        raise JournalError(recorder.trouble, hint="nothing was sent")
    for orphan in life.orphans:
        life.settle(orphan)  # not before: a run that was refused has not dealt with what the orphan left
    shell = _shell(order, flight, plan, judgement, recorder)
    stack.callback(life.die)  # unless it ends as it should: then nobody closed the journal, and the next run is told
    try:
        state = shell.run()
    finally:
        if recorder.closed:
            life.end()
    return RunResult(
        run=recorder.run,
        final=state.final or Final.NEEDS_OPERATOR,
        exit_code=exit_code(state, journal_lost=bool(recorder.trouble)),
        reason=state.stop.detail if state.stop else "",
        todo=state.unsettled,
        plan=plan,
        judgement=judgement,
        refusal=None,
        events=recorder.events,
        head=writer.head,
    )


def ways_held(way: Way) -> Ways:
    """Name what a run holds: each router of its fabric, whatever part of it is changed, by its management addresses.

    A host is only looked from, so that any number of runs may use it at once.
    """
    routers = {name: one for name, one in way.connections.items() if one.platform != LINUX.name and not one.local}
    with ThreadPoolExecutor(_LOOK_UPS) as pool:
        names = pool.map(lambda one: names_of(one.address, one.port), routers.values())
        return dict(zip(routers, names, strict=True))


def new_run_id(clock: Clock) -> str:
    """Name a run: when it began, and four letters that no other run of that second has."""
    return f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _open_run(recorder: Recorder, order: _Order, life: Alive) -> None:
    versions: dict[str, Json] = {name: version(name) for name in ("safeshift", "netmiko", "paramiko")}
    recorder.note(
        Kind.RUN_OPENED,
        operator=getpass.getuser(),
        host=socket.gethostname(),
        argv=list(masked(order.argv)),
        playbook=order.job.playbook.path,
        fabric=str(order.job.fabric_path),
        versions={**versions, "python": sys.version.split()[0]},
        lab=str(order.lab.known_hosts.parent) if order.lab is not None else "",
        override=order.override,
    )
    recorder.note(Kind.PREFLIGHT, check="lock", verdict="PASS", detail="this run holds the fabric")
    for orphan in life.orphans:
        text = f"run {orphan} held this fabric and never closed its journal: see safeshift show {orphan}"
        recorder.note(Kind.NOTE, text=text)


def _see_that_somebody_answers(order: _Order) -> None:
    """Refuse what asks for a person, where there is none, before anybody logs in.

    The plan made from the files can be impossible where the one made from the devices is not: then it says nothing.
    """
    if order.approve is not None:
        return
    try:
        asks = needs_approval(order.job.compile(None))
    except PlanError:
        asks = False
    if asks:
        raise _nobody_answers()


def _nobody_answers() -> RefusedError:
    hint = "run it at a terminal, or with --yes"
    return RefusedError("the plan asks for an approval and nobody is there to give it", hint=hint)


def _agreed(order: _Order, flight: Preflight) -> tuple[Plan, Judgement]:
    if flight.plan is None or flight.judgement is None:
        raise AssertionError("a preflight that raised nothing has a plan")
    if needs_approval(flight.plan) and order.approve is None:
        raise _nobody_answers()
    if order.confirm_start is not None and not order.confirm_start(flight.plan, flight.judgement):
        if order.interrupts.first:
            raise StoppedError(f"stopped by {order.interrupts.first} before anything was sent")
        raise RefusedError("not started: the answer was no")
    return flight.plan, flight.judgement


def _shell(order: _Order, flight: Preflight, plan: Plan, judgement: Judgement, recorder: Recorder) -> Shell:
    if flight.judge is None or flight.seen is None:
        raise AssertionError("a preflight that raised nothing has looked")
    gatherer = flight.gatherer
    recorder.note(Kind.FACTS, when="before", facts=gatherer.facts(plan.touched))

    def look_back(state: State) -> None:
        recorder.note(Kind.FACTS, when="after", facts=gatherer.facts(plan.touched))

    performer = Performer(
        run=recorder.run,
        plan=plan,
        site=flight.site,
        gatherer=gatherer,
        looker=Looker(flight.site, gatherer, order.approve or (lambda message: False), order.clock),
        make_guard=guard_for,
        styles=flight.styles,
        clock=order.clock,
        expected=dict(flight.seen.configs),
    )
    return Shell(
        plan=plan,
        outline=outline_of(plan, flight.styles),
        performer=performer,
        judge=flight.judge,
        recorder=recorder,
        clock=order.clock,
        interrupts=order.interrupts,
        exposed=judgement.exposed_moves,
        before_end=look_back,
    )


def outline_of(plan: Plan, styles: Mapping[str, GuardStyle]) -> Outline:
    """Return the shape of a plan that the machine walks."""
    return Outline(
        tuple(
            tuple(
                MoveOutline(move.kind, {change.device: styles[change.device] for change in move.changes})
                for move in batch.moves
            )
            for batch in plan.batches
        )
    )


def _close_refused(recorder: Recorder, error: SafeshiftError) -> None:
    code = error.exit_code
    recorder.note(
        Kind.RUN_CLOSED, state=Final.REFUSED.value, cause="refused", reason=error.message, todo=[], exit_code=int(code)
    )


def _refused(run_id: str, error: SafeshiftError, flight: Preflight | None, events: tuple[Event, ...]) -> RunResult:
    plan = flight.plan if flight is not None else None
    judgement = flight.judgement if flight is not None else None
    return RunResult(run_id, Final.REFUSED, error.exit_code, error.message, (), plan, judgement, error, events)


@contextmanager
def open_journal(path: Path | None = None) -> Iterator[Journal]:
    """Open the journal for reading: the file that ``run`` writes, or the one named, which must exist.

    Raises:
        JournalError: as ``Journal.open``.
    """
    store = Journal.open(path or state_directory() / "journal.db", create=False)
    try:
        yield store
    finally:
        store.close()
