"""``run``: preflight, then move by move, undoing by itself what does not go well.

Everything a run opens is closed here, in reverse order, however it ends. Next: ``engine/shell.py``.
"""

from __future__ import annotations

import getpass
import hashlib
import secrets
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from safeshift.engine.shell import Shell, exit_code
from safeshift.engine.states import Final, MoveOutline, Outline, State
from safeshift.errors import ExitCode, InputError, JournalError, LockHeldError, RefusedError, SafeshiftError
from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.lock import FabricLock, HeldLock, fabric_key
from safeshift.journal.place import state_directory
from safeshift.journal.store import Journal
from safeshift.journal.writer import RunWriter
from safeshift.planning.compile import needs_approval
from safeshift.planning.forecast import Judgement
from safeshift.planning.plan import Plan
from safeshift.platforms.base import GuardStyle


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
        fabric = fabric_held(job, lab)
        lock = FabricLock(store.locks, fabric)
        try:
            held = lock.acquire(run_id, getpass.getuser(), argv=order.argv, clock=order.clock)
        except LockHeldError as error:
            return _refused(run_id, error, None, ())
        stack.callback(held.release)
        writer = stack.enter_context(store.begin(run_id, fabric))
        return _carry_out(order, writer, held, stack)


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


def _carry_out(order: _Order, writer: RunWriter, held: HeldLock, stack: ExitStack) -> RunResult:
    """With the fabric locked and the journal open: look, and when nothing speaks against it, go."""
    recorder = Recorder(writer, order.observers)
    stack.callback(recorder.close)
    _open_run(recorder, order, held)
    flight = open_preflight(order.job, order.way, order.clock, order.interrupts, recorder.note, stack)
    try:
        fly(order.job, flight, override=order.override)
        plan, judgement = _agreed(order, flight)
    except SafeshiftError as error:
        if recorder.trouble:
            raise JournalError(recorder.trouble, hint="nothing was sent") from error
        _close_refused(recorder, error)
        return replace(_refused(recorder.run, error, flight, recorder.events), head=writer.head)
    if recorder.trouble:
        raise JournalError(recorder.trouble, hint="nothing was sent")
    state = _shell(order, flight, plan, judgement, recorder).run()
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


def fabric_held(job: Job, lab: Overrides | None) -> str:
    """Name what a run holds: the fabric, or the lab that stands in for it, which is another one."""
    key = fabric_key(job.fabric_path)
    return key if lab is None else f"{key}-lab-{hashlib.sha256(str(lab.known_hosts).encode()).hexdigest()[:8]}"


def new_run_id(clock: Clock) -> str:
    """Name a run: when it began, and four letters that no other run of that second has."""
    return f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _open_run(recorder: Recorder, order: _Order, held: HeldLock) -> None:
    versions: dict[str, Json] = {name: version(name) for name in ("safeshift", "netmiko", "paramiko")}
    recorder.note(
        Kind.RUN_OPENED,
        operator=getpass.getuser(),
        host=socket.gethostname(),
        argv=list(order.argv),
        playbook=order.job.playbook.path,
        fabric=str(order.job.fabric_path),
        versions={**versions, "python": sys.version.split()[0]},
        lab=str(order.lab.known_hosts.parent) if order.lab is not None else "",
        override=order.override,
    )
    recorder.note(Kind.PREFLIGHT, check="lock", verdict="PASS", detail="this run holds the fabric")
    for orphan in held.orphans:
        text = f"run {orphan} held this fabric and never closed its journal: see safeshift show {orphan}"
        recorder.note(Kind.NOTE, text=text)
        held.settle(orphan)


def _agreed(order: _Order, flight: Preflight) -> tuple[Plan, Judgement]:
    if flight.plan is None or flight.judgement is None:
        raise AssertionError("a preflight that raised nothing has a plan")
    if needs_approval(flight.plan) and order.approve is None:
        hint = "run it at a terminal, or with --yes"
        raise RefusedError("the plan asks for an approval and nobody is there to give it", hint=hint)
    if order.confirm_start is not None and not order.confirm_start(flight.plan, flight.judgement):
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
    code = refusal_code(error)
    recorder.note(
        Kind.RUN_CLOSED, state=Final.REFUSED.value, cause="refused", reason=error.message, todo=[], exit_code=int(code)
    )


def refusal_code(error: SafeshiftError) -> ExitCode:
    """Return the exit code of an error that ended a run before anything was sent."""
    if isinstance(error, JournalError):
        return ExitCode.JOURNAL
    return ExitCode.BAD_INPUT if isinstance(error, InputError) else ExitCode.REFUSED


def _refused(run_id: str, error: SafeshiftError, flight: Preflight | None, events: tuple[Event, ...]) -> RunResult:
    plan = flight.plan if flight is not None else None
    judgement = flight.judgement if flight is not None else None
    return RunResult(run_id, Final.REFUSED, refusal_code(error), error.message, (), plan, judgement, error, events)


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
