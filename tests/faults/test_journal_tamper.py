"""J10: any changed bit, and any row that is removed, added, swapped or moved, is found by verify."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from safeshift.errors import JournalError
from safeshift.journal.events import Kind
from safeshift.journal.reserve import reserve_path
from safeshift.journal.store import Journal

COLUMNS = ("run", "seq", "at", "mono", "kind", "data", "hash")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed journal with three small runs in it."""
    path = tmp_path / "journal.db"
    journal = Journal.open(path)
    for run in ("r1", "r2", "r3"):
        with journal.begin(run, f"fabric of {run}") as writer:
            writer.append(Kind.RUN_OPENED, {"operator": "alice"})
            writer.append_many([(Kind.NOTE, {"text": f"note {n}", "n": n}) for n in range(3)])
            writer.append(Kind.RUN_CLOSED, {"state": "COMPLETED", "exit_code": 0})
    journal.close()
    return path


@pytest.fixture
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """The same journal in the hands of someone with SQL and without scruples."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        yield connection


def is_sound(path: Path) -> bool:
    """What verify says about the whole."""
    journal = Journal.open(path, create=False)
    try:
        return journal.verify().is_sound
    finally:
        journal.close()


def test_untouched_journal_is_sound(path: Path, raw: sqlite3.Connection) -> None:
    """The tests below prove something only if this one holds."""
    assert is_sound(path)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events WHERE run = 'r2' AND seq = 3",
        "DELETE FROM events WHERE run = 'r2' AND seq = 1",
        "DELETE FROM runs WHERE id = 'r2'",
        "DELETE FROM runs WHERE id = 'r3'",
        "DELETE FROM events WHERE run = 'r2' AND seq < 3",
        "INSERT INTO events SELECT run, 6, at, mono, kind, data, hash FROM events WHERE run = 'r2' AND seq = 5",
        "INSERT INTO events SELECT 'r9', seq, at, mono, kind, data, hash FROM events WHERE run = 'r2'",
        "UPDATE events SET data = json_set(data, '$.operator', 'mallory') WHERE run = 'r2' AND seq = 1",
        "UPDATE events SET seq = seq + 1 WHERE run = 'r2' AND seq = 5",
        "UPDATE events SET seq = -seq WHERE run = 'r2' AND seq IN (2, 3);"
        "UPDATE events SET seq = 5 + seq WHERE run = 'r2' AND seq < 0",
        "UPDATE events SET run = 'x' WHERE run = 'r1'; UPDATE events SET run = 'r1' WHERE run = 'r2';"
        "UPDATE events SET run = 'r2' WHERE run = 'x'",
        "UPDATE events SET data = CAST(data AS BLOB) WHERE run = 'r2' AND seq = 2",
        "UPDATE events SET hash = upper(hash) WHERE run = 'r2' AND seq = 2",
        "UPDATE runs SET fabric = 'another' WHERE id = 'r2'",
        "UPDATE runs SET number = 4 WHERE id = 'r3'",
        "UPDATE runs SET id = 'r4' WHERE id = 'r3'",
    ],
)
def test_rows_that_were_tampered_with_are_found(path: Path, raw: sqlite3.Connection, statement: str) -> None:
    """Every kind of change to the rows shows, wherever in the run it is."""
    raw.executescript(statement)
    assert not is_sound(path)


def test_tail_that_was_cut_shows_in_the_head(path: Path, raw: sqlite3.Connection) -> None:
    """A shorter chain is a sound chain: only the head that was printed at the end of the run gives it away."""
    before = Journal.open(path).verify("r3").runs[0].head
    raw.execute("DELETE FROM events WHERE run = 'r3' AND seq = 5")
    journal = Journal.open(path)
    (after,) = journal.verify("r3").runs
    assert (after.problems, after.events) == ((), 4)
    assert after.head != before


def test_damaged_run_is_not_acted_on_but_can_be_shown(path: Path, raw: sqlite3.Connection) -> None:
    """Resume gets nothing from a broken chain; a person gets what came before the damage; other runs are whole."""
    raw.execute("UPDATE events SET data = '{}' WHERE run = 'r2' AND seq = 3")
    journal = Journal.open(path)
    for ask in (journal.events, journal.reopen):
        with pytest.raises(JournalError, match="event 3 was changed"):
            ask("r2")
    assert [event.seq for event in journal.events("r2", trusted=False)] == [1, 2]
    assert len(journal.events("r1")) == 5
    assert {chain.run: bool(chain.problems) for chain in journal.verify().runs} == {
        "r1": False,
        "r2": True,
        "r3": False,
    }


def bits_of(value: object) -> int:
    """How many bits of a stored value are tried."""
    return len(value) * 8 if isinstance(value, str) else 64 if isinstance(value, float) else 8


def flipped(value: object, bit: int) -> object:
    """The value with one bit of its stored bytes changed; for a text the bytes, which may no longer be UTF-8."""
    if isinstance(value, int):
        return value ^ (1 << bit)
    if isinstance(value, float):
        whole = struct.unpack("<Q", struct.pack("<d", value))[0] ^ (1 << bit)
        return float(struct.unpack("<d", struct.pack("<Q", whole))[0])
    data = bytearray(str(value).encode())
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def test_every_flipped_bit_of_every_field_is_found(path: Path, raw: sqlite3.Connection) -> None:
    """One bit, anywhere in any field of an event: the chain does not hold, or the database refused the change."""
    journal = Journal.open(path, create=False)
    of_event = f"SELECT rowid, {', '.join(COLUMNS)} FROM events WHERE run = 'r2' AND seq = 3"
    rowid, *row = raw.execute(of_event).fetchone()
    flips = [(column, value, bit) for column, value in zip(COLUMNS, row, strict=True) for bit in range(bits_of(value))]
    missed = []
    for column, value, bit in flips:
        update = f"UPDATE OR IGNORE events SET {column} = {{}} WHERE rowid = {rowid}"
        changed = flipped(value, bit)
        done = raw.execute(update.format("CAST(? AS TEXT)" if isinstance(changed, bytes) else "?"), (changed,))
        if done.rowcount and journal.verify().is_sound:
            missed.append((column, bit))
        raw.execute(update.format("?"), (value,))
    assert missed == []
    assert len(flips) > 1000
    assert journal.verify().is_sound


def test_flipped_bits_of_the_file_are_found_or_change_nothing(path: Path) -> None:
    """Through the whole file, a flipped bit is found, or it lies where no event is and every event reads the same."""
    journal = Journal.open(path)
    expected = [journal.events(run) for run in ("r1", "r2", "r3")]
    heads = [chain.head for chain in journal.verify().runs]
    journal.close()
    whole = path.read_bytes()
    found = 0
    for position in range(0, len(whole), 97):
        data = bytearray(whole)
        data[position] ^= 1 << position % 8
        path.write_bytes(data)
        try:
            damaged = Journal.open(path, create=False)
        except JournalError:
            found += 1
            continue
        report = damaged.verify()
        if report.is_sound:
            assert [damaged.events(run) for run in ("r1", "r2", "r3")] == expected
            assert [chain.head for chain in report.runs] == heads
        else:
            found += 1
        damaged.close()
    assert found > 20


def test_every_flipped_bit_of_a_used_reserve_is_found(path: Path) -> None:
    """The reserve is as well protected as the database."""
    journal = Journal.open(path)
    with journal.begin("r4", "dc1") as writer:
        writer.append(Kind.NOTE, {})
        writer.emergency(Kind.UNWIND_OPENED, {"reason": "test"})
        writer.emergency(Kind.RUN_CLOSED, {"state": "ROLLED_BACK"})
    reserve = reserve_path(path, "r4")
    whole = reserve.read_bytes()
    used = whole.rstrip(b"\0")
    missed = []
    for bit in range(0, len(used) * 8, 5):
        data = bytearray(used)
        data[bit // 8] ^= 1 << bit % 8
        reserve.write_bytes(data)
        if journal.verify("r4").is_sound:
            missed.append(bit)
    assert missed == []
    reserve.write_bytes(used)
    assert journal.verify("r4").is_sound
