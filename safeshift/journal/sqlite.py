"""All that is particular to SQLite: pragmas, the birth of a database file, and how damage shows.

The tables and queries elsewhere are plain SQLAlchemy Core, so that PostgreSQL can be a sibling of this module.
Next: ``store.py``.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from safeshift.errors import JournalError
from safeshift.journal.chain import SCHEMA
from safeshift.journal.files import Files
from safeshift.journal.tables import EVENTS, META, METADATA, RUNS

BUSY_S = 5.0  # another run's commit takes milliseconds; who holds the database for longer holds up a rollback
WRITE_ERRORS = (SQLAlchemyError, sqlite3.Error, OSError)
"""Whatever can go wrong when something is written."""

_PRAGMAS = ("synchronous=FULL", "fullfsync=ON", "cell_size_check=ON", "trusted_schema=OFF")


def open_engine(path: Path) -> Engine:
    """Return an engine on an existing database; a writing transaction takes the write lock at once, not midway."""
    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, which must exist; any thread may use the connection, one at a time."""
    uri = f"file:{quote(str(path))}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def set_durable(connection: Connection, durable: bool) -> None:
    """Choose whether the next commits of this connection wait for the disk; must be called between transactions.

    A commit that does not wait survives the death of the process, and becomes durable with the next one that does.
    """
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")


def wal_path(database: Path) -> Path:
    """Name the write-ahead log, in which every commit lands first."""
    return database.with_name(database.name + "-wal")


def create_database(path: Path, *, files: Files) -> None:
    """Bring an empty journal into being, whole or not at all, however many processes try at once.

    Raises:
        JournalError: the disk or the directory refuses.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        draft.unlink(missing_ok=True)
        os.close(files.create(draft))
        _fill(draft)
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was faster; its journal is as good as ours
        files.sync_directory(path.parent)
    except WRITE_ERRORS as error:
        raise JournalError(
            f"the journal {path} cannot be made: {say_why(error)}",
            hint="look at the space and the rights of that directory",
        ) from error
    finally:
        for leftover in (draft, wal_path(draft), draft.with_name(draft.name + "-shm")):
            leftover.unlink(missing_ok=True)


def _fill(draft: Path) -> None:
    engine = open_engine(draft)
    with closing(connect(draft)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        METADATA.create_all(connection)
        connection.execute(META.insert().values(schema=SCHEMA))
        for table in (META, RUNS, EVENTS):
            for deed in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(
                    f"CREATE TRIGGER {table.name}_no_{deed.lower()} BEFORE {deed} ON {table.name} "
                    f"BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
                )


def integrity_problems(connection: Connection) -> tuple[str, ...]:
    """Ask SQLite to check the whole file; empty when it found nothing."""
    rows = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars()
    return tuple(f"the database file is damaged: {row}" for row in rows if row != "ok")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a journal is read into a ``JournalError`` that names the file."""
    try:
        yield
    except (SQLAlchemyError, UnicodeDecodeError) as error:  # a damaged name in an error text is not decoded by sqlite3
        raise JournalError(
            f"the journal {path} cannot be read: {say_why(error)}",
            hint="look at it with: safeshift journal verify; a copy from a backup may be whole",
        ) from error


def say_why(error: Exception) -> str:
    """Return the cause of an error in the fewest words: what the disk or the database itself said."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(getattr(error, "orig", None) or error)
