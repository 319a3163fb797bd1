"""Whether a journal is what was written: chains followed to their end, and what no single chain can show.

It reads and says; it never repairs. A chain is a run's rows plus what its reserve holds. Next: ``store.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from safeshift.errors import JournalError
from safeshift.journal.chain import Record, Walk, genesis, walk
from safeshift.journal.reserve import read_reserve, reserve_path
from safeshift.journal.sqlite import integrity_problems
from safeshift.journal.tables import EVENTS, RUNS

FIELDS = tuple(EVENTS.c[name] for name in Record.__slots__)
"""The columns of ``EVENTS`` in the order of a ``Record``'s fields."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What verifying one run's chain showed.

    Attributes:
        events: How many of its events hold.
        head: The hash of the last one that holds. Only a head that was kept elsewhere (it is printed at the end of a
            run) can show that events were cut off at the end.
        reserved: How many of the events stand in the reserve.
        problems: One sentence each; empty when all is as it was written.
        notes: What is worth knowing and no damage.
    """

    run: str
    events: int
    head: str
    reserved: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What verifying a journal showed, per run and for the database as a whole."""

    runs: tuple[ChainReport, ...]
    problems: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return not self.problems and not any(run.problems for run in self.runs)


@dataclass(frozen=True, slots=True)
class Chain:
    """A run's records as read, database and reserve merged, and how far they hold."""

    records: tuple[Record, ...]
    reserved: tuple[Record, ...]
    walk: Walk
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def read_chain(connection: Connection, path: Path, run: str) -> Chain:
    """Read a run from the database and its reserve, and follow its chain.

    Raises:
        JournalError: there is no such run.
    """
    born = connection.execute(select(RUNS.c.fabric, RUNS.c.number).where(RUNS.c.id == run)).one_or_none()
    if born is None:
        raise JournalError(f"there is no run {run} in the journal", hint="list them with: safeshift runs")
    rows = connection.execute(select(*FIELDS).where(EVENTS.c.run == run).order_by(EVENTS.c.seq))
    stored = tuple(Record(*row) for row in rows)
    reserve = read_reserve(reserve_path(path, run), run)
    known = {record.seq: record for record in stored}
    beyond = tuple(record for record in reserve.records if record.seq not in known)
    twice = (record.seq for record in reserve.records if known.get(record.seq, record) != record)
    clashes = tuple(f"event {seq} stands in the database and in the reserve, and differs" for seq in twice)
    followed = walk(genesis(run, *born), run, stored + beyond)
    problems = tuple(filter(None, (followed.problem, *clashes, reserve.problem)))
    notes = ("a last record in the reserve was begun and not finished",) if reserve.torn else ()
    return Chain(stored + beyond, beyond, followed, problems, notes)


def verify_one(connection: Connection, path: Path, run: str) -> VerifyReport:
    """Follow one run's chain.

    Raises:
        JournalError: there is no such run.
    """
    return VerifyReport((_report(connection, path, run),))


def verify_all(connection: Connection, path: Path) -> VerifyReport:
    """Follow every chain, and look for what is wrong with the whole: lost runs, strays, damage to the file."""
    damage = integrity_problems(connection)
    born = connection.execute(select(RUNS.c.id, RUNS.c.number).order_by(RUNS.c.number)).all()
    ids = {run for run, _ in born}
    lost = [number for at, (_, number) in enumerate(born, 1) if number != at][:1]
    strays = sorted({str(run) for run in connection.scalars(select(EVENTS.c.run).distinct()) if run not in ids})
    reserves = sorted(reserve_path(path, run).name for run in _reserved_runs(path) if run not in ids)
    problems = (
        *damage,
        *(f"a run was removed before run number {number}" for number in lost),
        *(f"there are events of run {stray!r}, which the journal does not list" for stray in strays),
        *(f"{name} belongs to a run that the journal does not list" for name in reserves),
    )
    return VerifyReport(tuple(_report(connection, path, run) for run, _ in born), problems)


def _reserved_runs(path: Path) -> tuple[str, ...]:
    """Name the runs whose reserves hold something; a start that was killed leaves an empty one, which says nothing."""
    prefix = reserve_path(path, "").name
    runs = (found.name.removeprefix(prefix) for found in path.parent.glob(f"{prefix}*"))
    contents = ((run, read_reserve(reserve_path(path, run), run)) for run in runs)
    return tuple(run for run, content in contents if content.records or content.problem)


def _report(connection: Connection, path: Path, run: str) -> ChainReport:
    chain = read_chain(connection, path, run)
    return ChainReport(run, chain.walk.good, chain.walk.head, len(chain.reserved), chain.problems, chain.notes)
