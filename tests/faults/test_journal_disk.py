"""The disk fails: a run that cannot record does not start, and one that can no longer record still records its undo."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from safeshift.errors import JournalError
from safeshift.journal.alive import begin, is_alive
from safeshift.journal.events import Kind
from safeshift.journal.files import SystemFiles
from safeshift.journal.lock import find_holder, take
from safeshift.journal.reserve import RESERVE_BYTES, reserve_path
from safeshift.journal.store import Journal
from safeshift.journal.writer import RunWriter

BIG = {"text": "x" * 20_000}


class FailingFiles(SystemFiles):
    """The machine's files, until the named operation is asked for the nth time; from then on it fails for good."""

    def __init__(self, operation: str, code: int, *, nth: int = 1) -> None:
        self.operation, self.code, self.left = operation, code, nth

    def _may_fail(self, operation: str) -> None:
        if operation == self.operation:
            self.left -= 1
            if self.left <= 0:
                raise OSError(self.code, os.strerror(self.code))

    def create(self, path: Path) -> int:
        """See ``Files``; only the reserve's creation is counted."""
        if "reserve" in path.name:
            self._may_fail("create")
        return super().create(path)

    def allocate(self, descriptor: int, size: int) -> None:
        """See ``Files``."""
        self._may_fail("allocate")
        super().allocate(descriptor, size)

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """See ``Files``."""
        self._may_fail("write")
        super().write(descriptor, data, offset)

    def sync(self, descriptor: int) -> None:
        """See ``Files``."""
        self._may_fail("sync")
        super().sync(descriptor)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the journal of the test lies."""
    return tmp_path / "state" / "journal.db"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 6 MiB, which can really be full."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "none", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: a full disk, because tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def append_until_it_fails(writer: RunWriter) -> int:
    """Write until the journal refuses; return how many events were acknowledged."""
    for count in range(10_000):
        try:
            writer.append(Kind.NOTE, BIG)
        except JournalError as error:
            assert "cannot be written" in error.message
            return count
    raise AssertionError("the journal never failed")


def undo_and_check(journal: Journal, writer: RunWriter, acknowledged: int) -> None:
    """Broken stays broken; the undo is recorded all the same; and nothing that was acknowledged is lost."""
    with pytest.raises(JournalError, match="lost earlier"):
        writer.append(Kind.NOTE, {"text": "small enough to fit"})
    writer.emergency(Kind.UNWIND_OPENED, {"reason": "the journal was lost"})
    closing_event = writer.emergency(Kind.RUN_CLOSED, {"state": "ROLLED_BACK", "exit_code": 6})
    writer.close()
    events = journal.events("r1")
    assert len(events) >= acknowledged + 2
    assert [event.kind for event in events[-2:]] == [Kind.UNWIND_OPENED, Kind.RUN_CLOSED]
    assert events[-1] == closing_event
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert journal.verify().is_sound
    assert journal.runs()[0].state == "ROLLED_BACK"


@pytest.mark.parametrize("operation", ["create", "allocate", "write", "sync"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_run_that_cannot_reserve_its_space_does_not_start(state: Path, operation: str, code: int) -> None:
    """Whichever step of taking the reserve fails, no run begins and nothing of it is left."""
    journal = Journal.open(state, files=FailingFiles(operation, code))
    with pytest.raises(JournalError, match="cannot reserve 4096 KiB"):
        journal.begin("r1", "dc1")
    assert [path.name for path in state.parent.iterdir()] == ["journal.db"]
    assert journal.runs() == ()


def test_full_disk_stops_a_run_before_it_starts(tiny_disk: Path) -> None:
    """On a disk without room for the reserve no run begins."""
    journal = Journal.open(tiny_disk / "journal.db")
    (tiny_disk / "filler").write_bytes(b"x" * (3 << 20))
    with pytest.raises(JournalError, match="cannot reserve"):
        journal.begin("r1", "dc1")
    assert sorted(path.name for path in tiny_disk.iterdir()) == ["filler", "journal.db"]


def test_full_disk_lets_no_journal_be_made_and_no_lock_be_taken(
    tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be written nothing begins, and no half-made journal is left."""
    monkeypatch.setenv("SAFESHIFT_STATE", str(tiny_disk / "state"))
    monkeypatch.setenv("SAFESHIFT_LOCKS", str(tiny_disk / "locks"))
    ways = {"p1": ("10.0.0.1:22",)}
    take(ways, "r0", "alice").release()
    begin("r0", ()).end()
    Journal.open(tiny_disk / "a" / "journal.db").close()
    fill(tiny_disk)
    with pytest.raises(JournalError, match=r"b/journal\.db cannot be made"):
        Journal.open(tiny_disk / "b" / "journal.db")
    assert list((tiny_disk / "b").iterdir()) == []
    with pytest.raises(JournalError, match=r"lock file .*cannot be (opened|written)"):
        take(ways, "r1", "alice")
    with pytest.raises(JournalError, match=r"r1\.alive cannot be written"):
        begin("r1", ())
    assert (find_holder(ways), is_alive("r1")) == (None, False)


def test_read_only_disk_is_refused(tiny_disk: Path) -> None:
    """A journal that could never be written is not opened."""
    Journal.open(tiny_disk / "journal.db").close()
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(JournalError, match="is read-only"):
        Journal.open(tiny_disk / "journal.db")


def fill(place: Path) -> None:
    """Leave not a byte free on a disk."""
    with pytest.raises(OSError, match="No space"), (place / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)


def test_full_disk_midway_still_records_the_undo(tiny_disk: Path) -> None:
    """Not a byte is free, and the undo is recorded in the space that was reserved."""
    journal = Journal.open(tiny_disk / "journal.db")
    writer = journal.begin("r1", "dc1")
    acknowledged = append_until_it_fails(writer)
    fill(tiny_disk)
    undo_and_check(journal, writer, acknowledged)


def test_database_at_its_greatest_size_midway_still_records_the_undo(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself says that the database is full."""
    monkeypatch.setattr("safeshift.journal.sqlite._PRAGMAS", ("synchronous=FULL", "max_page_count=40"))
    journal = Journal.open(state)
    writer = journal.begin("r1", "dc1")
    acknowledged = append_until_it_fails(writer)
    assert acknowledged > 0
    undo_and_check(journal, writer, acknowledged)


SMALL_FILES = """
import resource, sys
from safeshift.errors import JournalError
from safeshift.journal.events import Kind
from safeshift.journal.store import Journal
writer = Journal.open(sys.argv[1]).begin("r1", "dc1")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
count = 0
try:
    while True:
        writer.append(Kind.NOTE, {"text": "x" * 20_000})
        count += 1
except JournalError:
    writer.emergency(Kind.RUN_CLOSED, {"state": "ROLLED_BACK"})
    writer.close()
print(count)
"""


def test_kernel_that_refuses_to_let_files_grow_still_records_the_undo(state: Path) -> None:
    """The kernel's own limit on file size (EFBIG) is survived in a real process."""
    child = subprocess.run([sys.executable, "-c", SMALL_FILES, str(state)], capture_output=True, text=True)
    assert child.stderr == ""
    journal = Journal.open(state, create=False)
    events = journal.events("r1")
    assert len(events) >= int(child.stdout) + 1
    assert events[-1].kind is Kind.RUN_CLOSED
    assert journal.verify().is_sound


@pytest.mark.parametrize("name", ["journal.db-wal", "journal.db"])
@pytest.mark.parametrize("replace", [False, True], ids=["deleted", "replaced"])
def test_file_that_vanishes_midway_is_noticed_at_the_next_event(state: Path, name: str, replace: bool) -> None:
    """SQLite would go on writing into a file that nobody can find again; the journal does not."""
    writer = Journal.open(state).begin("r1", "dc1")
    writer.append(Kind.NOTE, {})
    content = (state.parent / name).read_bytes()
    (state.parent / name).unlink()
    if replace:
        (state.parent / name).write_bytes(content)
    with pytest.raises(JournalError, match="removed or replaced"):
        writer.append(Kind.NOTE, {})
    writer.emergency(Kind.RUN_CLOSED, {"state": "ROLLED_BACK"})
    writer.close()
    assert reserve_path(state, "r1").exists()


def test_database_deleted_midway_leaves_the_reserve_to_be_found(state: Path) -> None:
    """Nothing pretends that all is well: verify names the reserve of a run that the new journal does not know."""
    journal = Journal.open(state)
    writer = journal.begin("r1", "dc1")
    for path in state.parent.glob("journal.db*"):
        if "reserve" not in path.name:
            path.unlink()
    with pytest.raises(JournalError):
        writer.append(Kind.NOTE, {})
    writer.emergency(Kind.RUN_CLOSED, {"state": "ROLLED_BACK"})
    writer.close()
    report = Journal.open(state).verify()
    assert report.problems == ("journal.db.reserve-r1 belongs to a run that the journal does not list",)


def test_everything_deleted_midway_is_said_and_nothing_hangs(state: Path) -> None:
    """When even the reserve is gone, each call says so, and the undo can go on without a record."""
    writer = Journal.open(state).begin("r1", "dc1")
    shutil.rmtree(state.parent)
    for record in (writer.append, writer.emergency, writer.emergency):
        with pytest.raises(JournalError):
            record(Kind.NOTE, {})
    writer.close()


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_reserve_that_fails_too_stays_failed(state: Path, operation: str) -> None:
    """A write-through that failed once is never trusted again on the same file."""
    files = FailingFiles(operation, errno.EIO, nth=2)
    writer = Journal.open(state, files=files).begin("r1", "dc1")
    with pytest.raises(JournalError, match="reserve"):
        writer.emergency(Kind.NOTE, {})
    files.left = 1_000
    with pytest.raises(JournalError, match="reserve"):
        writer.emergency(Kind.NOTE, {})
    writer.close()


def test_reserve_that_is_full_says_so_and_keeps_what_it_has(state: Path) -> None:
    """The reserve has an end; a smaller record may still fit before it."""
    journal = Journal.open(state)
    writer = journal.begin("r1", "dc1")
    writer.emergency(Kind.NOTE, {"text": "x" * (RESERVE_BYTES - 2_000)})
    with pytest.raises(JournalError, match="is full"):
        writer.emergency(Kind.NOTE, {"text": "x" * 2_000})
    writer.emergency(Kind.RUN_CLOSED, {"state": "ROLLED_BACK"})
    writer.close()
    assert [event.seq for event in journal.events("r1")] == [1, 2]
    assert reserve_path(state, "r1").stat().st_size == RESERVE_BYTES


def test_database_held_by_another_program_is_a_lost_journal(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the database for longer than the busy time stops the run; the undo is still recorded."""
    monkeypatch.setattr("safeshift.journal.sqlite.BUSY_S", 0.05)
    journal = Journal.open(state)
    writer = journal.begin("r1", "dc1")
    writer.append(Kind.NOTE, {})
    with closing(sqlite3.connect(state, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked"):
            writer.append(Kind.NOTE, {})
    undo_and_check(journal, writer, 1)


def test_interrupted_commit_breaks_the_writer(state: Path) -> None:
    """Nobody knows how far an interrupted commit came, so it counts as failed, and the interrupt goes on its way."""

    class InterruptedFiles(SystemFiles):
        armed = False

        def identity(self, path: Path) -> tuple[int, int] | None:
            """See ``Files``; armed, the operator's Ctrl-C comes right here."""
            if self.armed:
                self.armed = False
                raise KeyboardInterrupt
            return super().identity(path)

    files = InterruptedFiles()
    journal = Journal.open(state, files=files)
    writer = journal.begin("r1", "dc1")
    files.armed = True
    with pytest.raises(KeyboardInterrupt):
        writer.append(Kind.NOTE, {})
    undo_and_check(journal, writer, 1)


def test_run_does_not_start_while_the_database_is_held(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that cannot be written at the start refuses begin and reopen, and no reserve is left behind."""
    monkeypatch.setattr("safeshift.journal.sqlite.BUSY_S", 0.05)
    journal = Journal.open(state)
    journal.begin("r1", "dc1").close()
    with closing(sqlite3.connect(state, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="cannot be written: database is locked"):
            journal.begin("r2", "dc1")
        with pytest.raises(JournalError, match="cannot be written: database is locked"):
            journal.reopen("r1")
    assert list(state.parent.glob("*reserve*")) == []


def test_database_that_vanished_stops_begin_and_reading(state: Path) -> None:
    """Whoever asks a journal that is gone gets a sentence."""
    journal = Journal.open(state)
    state.unlink()
    with pytest.raises(JournalError, match="unable to open"):
        journal.begin("r1", "dc1")
    with pytest.raises(JournalError, match="unable to open"):
        journal.runs()
    assert not journal.verify().is_sound


def test_reserve_that_cannot_be_read_is_a_problem(state: Path) -> None:
    """What may hold the record of an undo is not passed over in silence."""
    journal = Journal.open(state)
    journal.begin("r1", "dc1").close()
    reserve_path(state, "r1").mkdir()
    (chain,) = journal.verify("r1").runs
    assert "cannot be read" in chain.problems[0]


def test_event_in_doubt_is_neither_lost_nor_doubled(state: Path) -> None:
    """A commit that reached the disk although it was reported as failed reads back once."""

    class BlindFiles(SystemFiles):
        blind = False

        def identity(self, path: Path) -> tuple[int, int] | None:
            """See ``Files``; blind, it says that nothing is there: the commit was made, and is not believed."""
            return None if self.blind and "reserve" not in path.name else super().identity(path)

    files = BlindFiles()
    journal = Journal.open(state, files=files)
    writer = journal.begin("r1", "dc1")
    files.blind = True
    with pytest.raises(JournalError, match="removed or replaced"):
        writer.append(Kind.INTENT, {"lines": ["shutdown"]})
    files.blind = False
    undo_and_check(journal, writer, 1)
    assert [event.kind for event in journal.events("r1")].count(Kind.INTENT) == 1


def test_run_that_used_its_reserve_goes_on_in_the_database(state: Path) -> None:
    """Reopening moves the reserve's records into the database, under the hashes they had."""
    journal = Journal.open(state)
    with journal.begin("r1", "dc1") as writer:
        writer.append(Kind.NOTE, {"n": 1})
        writer.emergency(Kind.NOTE, {"n": 2})
    with journal.reopen("r1") as writer:
        assert writer.append(Kind.NOTE, {"n": 3}).seq == 3
    assert [event.data["n"] for event in journal.events("r1")] == [1, 2, 3]
    assert [path.name for path in state.parent.iterdir()] == ["journal.db"]
    assert journal.verify().is_sound
