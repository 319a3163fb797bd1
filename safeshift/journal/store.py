"""The journal of all runs of one user on one machine: opened, begun, read, verified.

One database, one hash chain per run; a run's chain is its rows plus, when its database was lost midway, what its
reserve holds. It decides whether a chain can be trusted, never what it means (``engine/``). Next: ``writer.py``.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select
from sqlalchemy.exc import IntegrityError

from safeshift.clock import Clock, SystemClock
from safeshift.errors import InputError, JournalError
from safeshift.journal.alive import is_alive, living
from safeshift.journal.chain import SCHEMA, Record, Walk, genesis
from safeshift.journal.events import Event, Kind
from safeshift.journal.files import Files, SystemFiles
from safeshift.journal.place import check_private_file, prepare_directory
from safeshift.journal.reserve import RESERVE_BYTES, Reserve, read_reserve, reserve_path
from safeshift.journal.sqlite import WRITE_ERRORS, create_database, open_engine, reading, say_why
from safeshift.journal.tables import EVENTS, META, RUNS
from safeshift.journal.verify import FIELDS, Chain, VerifyReport, read_chain, verify_all, verify_one
from safeshift.journal.writer import RunWriter

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERIFY_HINT = "see what is wrong with: safeshift journal verify"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run at a glance.

    Attributes:
        opened: When its first event was written; None when it has none.
        closed: When it ended; None while it has not.
        state: What its RUN_CLOSED says; ``RUNNING`` or ``ORPHANED`` when there is none.
        orphaned: It has not ended, and no living process drives it: resume or undo it.
    """

    id: str
    fabric: str
    playbook: str
    operator: str
    opened: datetime | None
    closed: datetime | None
    state: str
    exit_code: int | None
    orphaned: bool


class Journal:
    """The store. Reading is safe at any time, from any process, while runs are being written."""

    def __init__(self, engine: Engine, path: Path, *, clock: Clock, files: Files) -> None:
        self.path = path
        self._engine = engine
        self._clock = clock
        self._files = files

    @classmethod
    def open(
        cls, place: str | Path, *, create: bool = True, clock: Clock | None = None, files: Files | None = None
    ) -> Journal:
        """Open a journal, and make it first where there is none.

        Args:
            place: The database file, or ``sqlite:///`` and its path.
            create: False refuses where there is none.

        Raises:
            JournalError: it cannot be made, read or written, is not private to this user, is no journal, or was
                written by a newer safeshift. Nothing of it was changed.
        """
        path = _path_of(place)
        directory = prepare_directory(path.parent)
        path, files = directory / path.name, files or SystemFiles()
        if files.identity(path) is None:
            if not create:
                raise JournalError(f"there is no journal at {path}", hint="no run was recorded there yet")
            create_database(path, files=files)
        check_private_file(path)
        engine = open_engine(path)
        _check_schema(engine, path)
        return cls(engine, path, clock=clock or SystemClock(), files=files)

    def begin(self, run: str, fabric: str) -> RunWriter:
        """Start a run: take its reserve, number it, and hand out its only writer.

        Raises:
            JournalError: the space cannot be reserved, the database cannot be written, or the id is taken. The run
                did not start; nothing of it is left.
        """
        if not _RUN_ID.fullmatch(run):
            raise JournalError(f"{run!r} cannot be a run's id", hint="use letters, digits, '.', '_' and '-'")
        with ExitStack() as undo:
            reserve = self._reserve(run, undo)
            connection = self._writing(undo)
            try:
                with connection.begin():
                    number = (connection.scalar(select(func.max(RUNS.c.number))) or 0) + 1
                    connection.execute(RUNS.insert().values(id=run, number=number, fabric=fabric))
            except IntegrityError as error:
                raise JournalError(f"run {run} is already in the journal", hint="every run needs its own id") from error
            except WRITE_ERRORS as error:
                raise _cannot_write(self.path, error) from error
            undo.pop_all()
        return self._writer(connection, reserve, run, Walk(0, genesis(run, fabric, number)))

    def reopen(self, run: str) -> RunWriter:
        """Go on with a run whose process died: what its reserve holds moves into the database first.

        The caller holds the fabric's routers, so that nobody else writes this run.

        Raises:
            JournalError: there is no such run, its chain is broken, or as ``begin``. Nothing is lost.
        """
        chain = self._chain(run)
        if chain.problems:
            raise JournalError(f"run {run} cannot go on: {chain.problems[0]}", hint=_VERIFY_HINT)
        with ExitStack() as undo:
            connection = self._writing(undo)
            try:
                with connection.begin():
                    if chain.reserved:
                        connection.execute(EVENTS.insert(), [asdict(record) for record in chain.reserved])
                reserve_path(self.path, run).unlink(missing_ok=True)
            except WRITE_ERRORS as error:
                raise _cannot_write(self.path, error) from error
            reserve = self._reserve(run, undo)
            undo.pop_all()
        return self._writer(connection, reserve, run, chain.walk)

    def runs(self) -> tuple[RunRow, ...]:
        """List the runs, newest first."""
        lived = living()  # asked before and after: a run that ends or begins meanwhile must not look like one that died
        with reading(self.path), self._engine.connect() as connection, connection.begin():
            rows = connection.execute(select(RUNS.c.id, RUNS.c.fabric).order_by(RUNS.c.number.desc())).all()
            return tuple(self._row(connection, run, fabric, lived) for run, fabric in rows)

    def events(self, run: str, *, trusted: bool = True) -> tuple[Event, ...]:
        """Return all events of a run, in order.

        Args:
            trusted: False returns what can be read of a damaged chain too, up to the damage: to be shown to a
                person, never to be acted on.

        Raises:
            JournalError: there is no such run, or (if ``trusted``) its chain does not hold.
        """
        chain = self._chain(run)
        if chain.problems and trusted:
            raise JournalError(f"the journal of run {run} is damaged: {chain.problems[0]}", hint=_VERIFY_HINT)
        return tuple(record.event() for record in chain.records[: chain.walk.good])

    def verify(self, run: str | None = None) -> VerifyReport:
        """Follow one chain, or all of them and the database itself, and say whether anything was changed.

        Guarantees:
            Any changed bit, and any row that was removed, inserted or swapped, is found; events cut off at the end
            show in ``head`` only.
        """
        try:
            with reading(self.path), self._engine.connect() as connection, connection.begin():
                return verify_all(connection, self.path) if run is None else verify_one(connection, self.path, run)
        except JournalError as error:
            return VerifyReport((), (error.message,))

    def find(self, prefix: str) -> str:
        """Return the id of the one run that the prefix names; ``last`` is the newest.

        Raises:
            InputError: no run, or more than one.
            JournalError: the journal cannot be read.
        """
        ids = self._run_ids()
        if not ids:
            raise InputError(f"no run was recorded yet in {self.path}", hint="the first one is: safeshift run --help")
        found = ids[-1:] if prefix == "last" else [name for name in ids if name == prefix]
        found = found or [name for name in ids if name.startswith(prefix)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise InputError(f"no run begins with {prefix!r}", hint="list them with: safeshift runs")
        raise InputError(
            f"{len(found)} runs begin with {prefix!r}: {', '.join(found[:5])}", hint="write more of the id"
        )

    def close(self) -> None:
        """Let the database go; writers that are open keep theirs. Idempotent."""
        self._engine.dispose()

    def _reserve(self, run: str, undo: ExitStack) -> Reserve:
        reserve = Reserve.create(reserve_path(self.path, run), run, files=self._files, size=RESERVE_BYTES)
        undo.callback(reserve.close, remove=True)
        return reserve

    def _writing(self, undo: ExitStack) -> Connection:
        try:
            connection = self._engine.connect().execution_options(writes=True)
        except WRITE_ERRORS as error:
            raise _cannot_write(self.path, error) from error
        undo.callback(connection.close)
        return connection

    def _writer(self, connection: Connection, reserve: Reserve, run: str, tail: Walk) -> RunWriter:
        return RunWriter(connection, reserve, run=run, tail=tail, path=self.path, clock=self._clock, files=self._files)

    def _run_ids(self) -> list[str]:
        with reading(self.path), self._engine.connect() as connection:
            return list(connection.scalars(select(RUNS.c.id).order_by(RUNS.c.number)))

    def _chain(self, run: str) -> Chain:
        with reading(self.path), self._engine.connect() as connection, connection.begin():
            return read_chain(connection, self.path, run)

    def _row(self, connection: Connection, run: str, fabric: str, lived: frozenset[str]) -> RunRow:
        ends = (Kind.RUN_OPENED.value, Kind.RUN_CLOSED.value)
        of_interest = select(*FIELDS).where(EVENTS.c.run == run, EVENTS.c.kind.in_(ends)).order_by(EVENTS.c.seq)
        stored = [Record(*row) for row in connection.execute(of_interest)]
        reserved = [record for record in read_reserve(reserve_path(self.path, run), run).records if record.kind in ends]
        events = {record.kind: record.event() for record in (*stored, *reserved)}
        opened, closed = events.get(Kind.RUN_OPENED.value), events.get(Kind.RUN_CLOSED.value)
        orphaned = closed is None and run not in lived and not is_alive(run)
        state = closed.data.get("state", "") if closed else "ORPHANED" if orphaned else "RUNNING"
        code = closed.data.get("exit_code") if closed else None
        said = opened.data if opened else {}
        return RunRow(
            id=run,
            fabric=str(said.get("fabric", fabric)),
            playbook=str(said.get("playbook", "")),
            operator=str(said.get("operator", "")),
            opened=opened.at if opened else None,
            closed=closed.at if closed else None,
            state=str(state),
            exit_code=code if isinstance(code, int) else None,
            orphaned=orphaned,
        )


def _path_of(place: str | Path) -> Path:
    text = str(place)
    scheme, separator, rest = text.partition("://")
    if separator and scheme != "sqlite":
        raise JournalError(f"a journal is kept in SQLite, not in {scheme}", hint="name a file, or sqlite:///FILE")
    return Path(rest.removeprefix("/") if separator else text)


def _check_schema(engine: Engine, path: Path) -> None:
    with reading(path), engine.connect() as connection:
        if not inspect(connection).has_table(META.name):
            raise JournalError(f"{path} is a database, but no journal of safeshift", hint="name another file")
        version = connection.scalar(select(META.c.schema))
    if version != SCHEMA:
        raise JournalError(
            f"the journal {path} has version {version}, and this safeshift knows version {SCHEMA}",
            hint="use the safeshift that wrote it, or a newer one",
        )


def _cannot_write(path: Path, error: Exception) -> JournalError:
    return JournalError(
        f"the journal {path} cannot be written: {say_why(error)}",
        hint="free some space, or name another directory with SAFESHIFT_STATE; no run starts without its journal",
    )
