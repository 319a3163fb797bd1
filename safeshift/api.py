"""The verbs: ``load``, ``check``, ``run``. The command line says nothing that cannot be said here.

A ``Job`` is what people wrote, read and checked; ``check`` looks and judges; ``run`` goes on from there. Each call
owns everything it opens, so several runs in one process do not disturb each other. Next: ``engine/preflight.py``.
"""

from __future__ import annotations

import getpass
import secrets
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from safeshift.clock import Clock, SystemClock
from safeshift.drivers.fleet import Fleet
from safeshift.drivers.guards import guard_for
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.engine.gather import Gatherer
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.looking import Approver, Looker
from safeshift.engine.perform import Performer
from safeshift.engine.preflight import Preflight, Sink
from safeshift.engine.record import Observer, Recorder
from safeshift.engine.shell import Shell, exit_code
from safeshift.engine.states import Final, MoveOutline, Outline, State
from safeshift.errors import ExitCode, JournalError, RefusedError, SafeshiftError
from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.lock import FabricLock, fabric_key
from safeshift.journal.place import state_directory
from safeshift.journal.store import Journal
from safeshift.model import fabric as fabric_file
from safeshift.model.connection import Connection, ConnectionDefaults, connection_of
from safeshift.model.fabric import Fabric
from safeshift.model.inventory import Inventory, load_inventory
from safeshift.model.playbook import Playbook, load_playbook
from safeshift.model.templating import Templater
from safeshift.model.vault import Vault
from safeshift.planning.compile import compile_plan, needs_approval
from safeshift.planning.forecast import Judgement, foresee
from safeshift.planning.lint import check_rules
from safeshift.planning.plan import Plan
from safeshift.planning.selecting import Selection
from safeshift.planning.site import Site, site_of
from safeshift.platforms import platform_named
from safeshift.platforms.base import GuardStyle
from safeshift.probes.pairs import LOCALHOST, Watch, choose
from safeshift.probes.prober import Prober

NOTHING: Mapping[str, object] = MappingProxyType({})


class Overrides(Protocol):
    """What a lab replaces: how to reach each host. Any lab handle has it."""

    @property
    def overrides(self) -> Mapping[str, Mapping[str, object]]:
        """Connection variables by host."""
        ...

    @property
    def known_hosts(self) -> Path:
        """The lab's own host keys."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """What people wrote, read and found good: nothing was contacted yet.

    Attributes:
        extra_vars: ``-e``: they override every other variable.
        defaults: ``-u``, ``-k``, ``--private-key``, ``-K``: what the inventory does not say about logins.
        forks: How many logins happen at the same time.
    """

    playbook: Playbook
    inventory: Inventory
    fabric: Fabric
    fabric_path: Path
    selection: Selection = field(default_factory=Selection)
    extra_vars: Mapping[str, object] = field(default_factory=dict)
    defaults: ConnectionDefaults = field(default_factory=ConnectionDefaults)
    forks: int = 16

    @property
    def site(self) -> Site:
        """Inventory and fabric together."""
        return site_of(self.inventory, self.fabric)

    def compile(self, configs: Mapping[str, str] | None) -> Plan:
        """Make the plan for these configurations; None makes it from the files alone."""
        return compile_plan(
            self.playbook,
            self.inventory,
            self.fabric,
            configs=configs,
            selection=self.selection,
            extra_vars=self.extra_vars,
            fabric_name=str(self.fabric_path),
        )


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What ``check`` found.

    Attributes:
        plan: None when the devices could not even be read.
        refusal: Why a run would be refused now; None when it would start.
    """

    plan: Plan | None
    judgement: Judgement | None
    refusal: SafeshiftError | None
    configs: Mapping[str, str] = field(default_factory=dict)
    styles: Mapping[str, GuardStyle] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        todo: What a person must do now; empty unless ``NEEDS_OPERATOR``.
        plan: None when the run was refused before a plan could be made.
        refusal: The error that refused it; None when it began.
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


def find_fabric(sources: Sequence[str]) -> Path:
    """Return the fabric file that belongs to an inventory: the one beside it, ``inventories/dc1.fabric.yml``."""
    first = Path(sources[0].rstrip("/")) if sources else Path("inventories")
    stem = first.name if first.is_dir() else first.stem
    return first.parent / f"{stem}.fabric.yml"


def load(
    playbook: str | Path,
    inventory: str | Sequence[str],
    *,
    fabric: str | Path | None = None,
    vault: Vault | None = None,
    selection: Selection | None = None,
    extra_vars: Mapping[str, object] = NOTHING,
    defaults: ConnectionDefaults | None = None,
    forks: int = 16,
) -> Job:
    """Read everything that people wrote.

    Raises:
        PlaybookError, InventoryError, FabricError: with file, line, column and what to do; nothing was contacted.
    """
    sources = (inventory,) if isinstance(inventory, str) else tuple(inventory)
    fabric_path = Path(fabric) if fabric is not None else find_fabric(sources)
    book = load_playbook(Path(playbook))
    hosts = load_inventory(sources, vault=vault, playbook_dir=Path(playbook).parent, extra_vars=extra_vars)
    return Job(
        playbook=book,
        inventory=hosts,
        fabric=fabric_file.load(fabric_path),
        fabric_path=fabric_path,
        selection=selection or Selection(),
        extra_vars=extra_vars,
        defaults=defaults or ConnectionDefaults(),
        forks=forks,
    )


def check(
    job: Job,
    *,
    offline: bool = False,
    lab: Overrides | None = None,
    journal: Path | None = None,
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
    clock = clock or SystemClock()
    with ExitStack() as stack:
        flight = _preflight(job, lab, clock, interrupts or Interrupts(), lambda kind, **data: None, stack)
        refusal: SafeshiftError | None = None
        try:
            _see_lock(job, journal)
            _fly(job, flight, override="")
        except (RefusedError, SafeshiftError) as error:
            if isinstance(error, JournalError):
                raise
            refusal = error
        configs = flight.seen.configs if flight.seen is not None else {}
        return CheckResult(flight.plan, flight.judgement, refusal, configs, dict(flight.styles))


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
    return CheckResult(plan, judgement, refusal)


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
    clock, interrupts = clock or SystemClock(), interrupts or Interrupts()
    with ExitStack() as stack:
        store = Journal.open(journal or state_directory() / "journal.db")
        stack.callback(store.close)
        run_id = new_run_id(clock)
        lock = FabricLock(store.locks, fabric_key(job.fabric_path))
        try:
            held = lock.acquire(run_id, getpass.getuser(), argv=tuple(argv), clock=clock)
        except RefusedError as error:
            return _refused(run_id, error, None, ())
        stack.callback(held.release)
        writer = stack.enter_context(store.begin(run_id, fabric_key(job.fabric_path)))
        seen: list[Event] = []
        recorder = Recorder(writer, (seen.append, *observers))
        _open_run(recorder, job, lab, override, argv)
        for orphan in held.orphans:
            text = f"run {orphan} held this fabric and never closed its journal: see safeshift show {orphan}"
            recorder.note(Kind.NOTE, text=text)
            held.settle(orphan)
        flight = _preflight(job, lab, clock, interrupts, recorder.note, stack)
        try:
            _fly(job, flight, override=override)
            plan, judgement = _agreed(flight, approve, confirm_start)
        except (RefusedError, SafeshiftError) as error:
            if recorder.trouble:
                raise JournalError(recorder.trouble, hint="nothing was sent") from error
            _close_refused(recorder, error)
            return _refused(run_id, error, flight, tuple(seen))
        if recorder.trouble:
            raise JournalError(recorder.trouble, hint="nothing was sent")
        shell = _shell(flight, plan, judgement, recorder, approve, interrupts, clock)
        state = shell.run()
        code = exit_code(state, journal_lost=bool(recorder.trouble))
        return RunResult(
            run_id,
            state.final or Final.NEEDS_OPERATOR,
            code,
            state.stop.detail if state.stop else "",
            state.unsettled,
            plan,
            judgement,
            None,
            tuple(seen),
        )


def new_run_id(clock: Clock) -> str:
    """Name a run: when it began, and four letters that no other run of that second has."""
    return f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _open_run(recorder: Recorder, job: Job, lab: Overrides | None, override: str, argv: Sequence[str]) -> None:
    versions: dict[str, Json] = {name: version(name) for name in ("safeshift", "netmiko", "paramiko")}
    recorder.note(
        Kind.RUN_OPENED,
        operator=getpass.getuser(),
        host=socket.gethostname(),
        argv=list(argv),
        playbook=job.playbook.path,
        fabric=str(job.fabric_path),
        versions={**versions, "python": sys.version.split()[0]},
        lab=str(lab.known_hosts.parent) if lab is not None else "",
        override=override,
    )
    recorder.note(Kind.PREFLIGHT, check="lock", verdict="PASS", detail="this run holds the fabric")


def _preflight(
    job: Job, lab: Overrides | None, clock: Clock, interrupts: Interrupts, sink: Sink, stack: ExitStack
) -> Preflight:
    site = job.site
    watch = choose(job.fabric, site.platforms)
    connections = connect_all(job, _hosts(job, watch), lab)

    def make_driver(host: str) -> NetmikoDriver:
        connection = connections[host]
        return NetmikoDriver(connection, platform_named(connection.platform), clock=clock, others=tuple(connections))

    routers = tuple(name for name in job.fabric.routers if name in connections)
    fleet = Fleet({host: make_driver(host) for host in connections}, forks=job.forks)
    stack.callback(fleet.close_all)
    prober = Prober((*watch.pairs, *watch.dead), make_driver, clock)
    stack.callback(prober.stop)
    gatherer = Gatherer(fleet, job.fabric, routers, clock)
    return Preflight(site, fleet, gatherer, watch, prober, clock, interrupts, sink)


def _hosts(job: Job, watch: Watch) -> tuple[str, ...]:
    """The inventory's routers of this fabric, whoever looks, and whatever the plan names beside them."""
    routers = [name for name in job.fabric.routers if name in job.inventory.hosts]
    observers = [name for name in watch.observers if name != LOCALHOST]
    return tuple(dict.fromkeys((*routers, *observers, *job.compile(None).devices)))


def connect_all(job: Job, hosts: Iterable[str], lab: Overrides | None) -> dict[str, Connection]:
    """Work out how each host is reached; a lab replaces address, login and host keys of its devices."""
    defaults = job.defaults
    if lab is not None:
        defaults = replace(defaults, known_hosts=(lab.known_hosts,), ssh_config=Path("/dev/null"))
    result = {}
    for host in hosts:
        variables = {**job.inventory.host_vars(host), **(lab.overrides.get(host, {}) if lab is not None else {})}
        result[host] = connection_of(host, variables, defaults=defaults, render=Templater(variables).render)
    return result


def _see_lock(job: Job, journal: Path | None) -> None:
    with open_journal(journal) as store:
        holder = FabricLock(store.locks, fabric_key(job.fabric_path)).holder()
    if holder is not None:
        raise RefusedError(f"another run holds this fabric: {holder}", hint="wait until it has ended")


def _fly(job: Job, flight: Preflight, *, override: str) -> None:
    """Everything before the first change, in the order in which it may be refused."""
    flight.reach(flight.fleet.names)
    configs = flight.read()
    plan = flight.make_plan(job.compile, configs, override=override)
    flight.look(plan.batches[0].checks)


def _agreed(
    flight: Preflight, approve: Approver | None, confirm_start: Callable[[Plan, Judgement], bool] | None
) -> tuple[Plan, Judgement]:
    if flight.plan is None or flight.judgement is None:
        raise AssertionError("a preflight that raised nothing has a plan")
    if needs_approval(flight.plan) and approve is None:
        hint = "run it at a terminal, or with --yes"
        raise RefusedError("the plan asks for an approval and nobody is there to give it", hint=hint)
    if confirm_start is not None and not confirm_start(flight.plan, flight.judgement):
        raise RefusedError("not started: the answer was no")
    return flight.plan, flight.judgement


def _shell(
    flight: Preflight,
    plan: Plan,
    judgement: Judgement,
    recorder: Recorder,
    approve: Approver | None,
    interrupts: Interrupts,
    clock: Clock,
) -> Shell:
    if flight.judge is None:
        raise AssertionError("a preflight that raised nothing has looked")
    before = flight.gatherer.facts(plan.touched)
    recorder.note(Kind.FACTS, when="before", facts=before)

    def look_back(state: State) -> None:
        recorder.note(Kind.FACTS, when="after", facts=flight.gatherer.facts(plan.touched))

    looker = Looker(flight.gatherer, approve or (lambda message: False), clock)
    performer = Performer(recorder.run, plan, flight.site, flight.gatherer, looker, guard_for, flight.styles, clock)
    return Shell(
        plan,
        outline_of(plan, flight.styles),
        performer,
        flight.judge,
        recorder,
        clock,
        interrupts,
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
    from safeshift.errors import InputError

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
    store = Journal.open(path or state_directory() / "journal.db", create=path is None)
    try:
        yield store
    finally:
        store.close()
