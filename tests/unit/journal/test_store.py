"""Opening, beginning, listing and reading: what the journal refuses, and what it gives back."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from safeshift.errors import InputError, JournalError
from safeshift.journal.alive import begin
from safeshift.journal.events import Kind
from safeshift.journal.files import SystemFiles
from safeshift.journal.sqlite import create_database
from safeshift.journal.store import Journal

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


def write_run(journal: Journal, run: str, *, close: bool = True) -> None:
    """One short run, as the engine would write it."""
    with journal.begin(run, "dc1") as writer:
        writer.append(Kind.RUN_OPENED, {"operator": "alice", "playbook": "up.yml", "fabric": "dc1.fabric.yml"})
        writer.append(Kind.NOTE, {"text": "hello"})
        if close:
            writer.append(Kind.RUN_CLOSED, {"state": "COMPLETED", "exit_code": 0})


def test_journal_files_are_private(journal: Journal) -> None:
    """Database, write-ahead log and reserve are 0600 in a directory 0700."""
    with journal.begin("r1", "dc1") as writer:
        writer.append(Kind.NOTE, {"text": "x"})
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in journal.path.parent.iterdir()}
    assert set(modes) == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.reserve-r1"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700


def test_events_read_back_equal_to_what_append_returned(journal: Journal) -> None:
    """What a reader sees is what the writer was given back, in order and numbered from 1."""
    with journal.begin("r1", "dc1") as writer:
        written = [
            writer.append(Kind.NOTE, {"text": "ä\0€", "n": [1, 2.5, None]}, durable=bool(n % 2)) for n in range(4)
        ]
        written += writer.append_many([(Kind.NOTE, {"n": 1}), (Kind.NOTE, {"n": 2})])
    assert journal.events("r1") == tuple(written)
    assert [event.seq for event in written] == [1, 2, 3, 4, 5, 6]


def test_reserve_is_given_back_on_a_clean_close(journal: Journal) -> None:
    """A run that never needed its reserve leaves nothing behind but its rows."""
    write_run(journal, "r1")
    assert [path.name for path in journal.path.parent.iterdir()] == ["journal.db"]


def test_runs_are_listed_newest_first_with_who_what_and_how_it_ended(journal: Journal) -> None:
    """The list says what an operator looks for, from the events alone."""
    write_run(journal, "r1")
    write_run(journal, "r2", close=False)
    newest, oldest = journal.runs()
    assert (oldest.id, oldest.playbook, oldest.operator, oldest.state) == ("r1", "up.yml", "alice", "COMPLETED")
    assert (oldest.exit_code, oldest.orphaned, oldest.fabric) == (0, False, "dc1.fabric.yml")
    assert oldest.opened is not None and oldest.closed is not None
    assert (newest.id, newest.state, newest.orphaned, newest.closed) == ("r2", "ORPHANED", True, None)


def test_run_whose_process_lives_is_running_not_orphaned(journal: Journal) -> None:
    """Only a run that nobody drives any more is an orphan."""
    life = begin("r1", ("10.0.0.1:22",))
    write_run(journal, "r1", close=False)
    assert [(row.state, row.orphaned) for row in journal.runs()] == [("RUNNING", False)]
    life.end()
    assert [(row.state, row.orphaned) for row in journal.runs()] == [("ORPHANED", True)]


def test_run_that_was_begun_and_wrote_nothing_is_listed(journal: Journal) -> None:
    """A process that died at once still shows."""
    journal.begin("r1", "dc1").close()
    (row,) = journal.runs()
    assert (row.opened, row.state, journal.events("r1")) == (None, "ORPHANED", ())


@pytest.mark.parametrize(("prefix", "found"), [("last", "b1"), ("a1", "a1"), ("a12", "a12"), ("b", "b1")])
def test_find_takes_a_unique_prefix_a_whole_id_or_last(journal: Journal, prefix: str, found: str) -> None:
    """A run is named by as much of its id as is unique; a whole id wins over longer ones."""
    for run in ("a1", "a12", "b1"):
        write_run(journal, run)
    assert journal.find(prefix) == found


@pytest.mark.parametrize(("prefix", "words"), [("a", "2 runs begin"), ("x", "no run begins"), ("A1", "no run")])
def test_find_refuses_what_names_no_run_or_several(journal: Journal, prefix: str, words: str) -> None:
    """It never guesses."""
    for run in ("a1", "a12"):
        write_run(journal, run)
    with pytest.raises(InputError, match=words):
        journal.find(prefix)


def test_find_last_in_an_empty_journal_says_so(journal: Journal) -> None:
    """Nothing was run yet: a sentence, not a crash."""
    with pytest.raises(InputError, match="no run"):
        journal.find("last")


@pytest.mark.parametrize("run", ["", "../evil", "a b", "x" * 65, "-x", "a/b"])
def test_begin_refuses_ids_that_are_no_file_name(journal: Journal, run: str) -> None:
    """A run's id becomes part of a file's name."""
    with pytest.raises(JournalError, match="cannot be a run's id"):
        journal.begin(run, "dc1")


def test_begin_refuses_an_id_that_is_taken_and_leaves_nothing(journal: Journal) -> None:
    """Two runs never share a chain."""
    write_run(journal, "r1")
    with pytest.raises(JournalError, match="already"):
        journal.begin("r1", "dc1")
    assert [path.name for path in journal.path.parent.iterdir()] == ["journal.db"]
    assert journal.verify().is_sound


def test_reopened_run_goes_on_with_its_chain(journal: Journal) -> None:
    """After a crash the run goes on where it stopped, in one unbroken chain."""
    write_run(journal, "r1", close=False)
    with journal.reopen("r1") as writer:
        event = writer.append(Kind.RUN_CLOSED, {"state": "ROLLED_BACK", "exit_code": 4})
    assert event.seq == 3
    assert journal.verify().is_sound
    assert [row.state for row in journal.runs()] == ["ROLLED_BACK"]


@pytest.mark.parametrize("ask", ["events", "reopen"])
def test_unknown_run_is_refused(journal: Journal, ask: str) -> None:
    """Asking for a run that never was gives a sentence."""
    with pytest.raises(JournalError, match="no run r9"):
        getattr(journal, ask)("r9")


def test_verify_of_an_unknown_run_is_not_sound(journal: Journal) -> None:
    """What cannot be looked at is never called sound."""
    assert not journal.verify("r9").is_sound


def test_readers_see_committed_events_while_a_run_writes(journal: Journal) -> None:
    """A second process may list and read while the first one writes."""
    other = Journal.open(journal.path, create=False)
    with journal.begin("r1", "dc1") as writer:
        for number in range(1, 5):
            writer.append(Kind.NOTE, {"n": number})
            assert len(other.events("r1")) == number
            assert other.verify().is_sound
    other.close()


def test_two_runs_write_side_by_side(journal: Journal) -> None:
    """Runs on two fabrics share the database and keep chains of their own."""
    with journal.begin("r1", "dc1") as one, Journal.open(journal.path).begin("r2", "dc2") as other:
        for number in range(20):
            one.append(Kind.NOTE, {"n": number})
            other.append(Kind.NOTE, {"n": -number})
    assert journal.verify().is_sound
    assert [event.data["n"] for event in journal.events("r2")] == [-number for number in range(20)]


def test_missing_journal_is_made_only_when_asked(tmp_path: Path) -> None:
    """Looking at runs does not bring a journal into being."""
    with pytest.raises(JournalError, match="no journal"):
        Journal.open(tmp_path / "journal.db", create=False)
    Journal.open(f"sqlite:///{tmp_path}/journal.db").close()
    Journal.open(tmp_path / "journal.db", create=False).close()


def test_other_database_servers_are_refused_by_name(tmp_path: Path) -> None:
    """A URL that is not SQLite's is not taken for a file's name."""
    with pytest.raises(JournalError, match="not in postgresql"):
        Journal.open("postgresql://db/safeshift")


@pytest.mark.parametrize(
    "content", [b"", b"hello\n" * 300, b"SQLite format 3\0" + b"\0" * 4080], ids=["empty", "text", "husk"]
)
def test_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """A wrong file name never turns someone's file into a journal."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(JournalError, match=r"notes\.txt"):
        Journal.open(path)
    assert path.read_bytes() == content


def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """A SQLite database that is not ours is left alone."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE runs (id)")
    path.chmod(0o600)
    with pytest.raises(JournalError, match="no journal of safeshift"):
        Journal.open(path)


def test_journal_of_a_newer_safeshift_is_refused(journal: Journal) -> None:
    """What was written by rules that this version does not know is not read by guesswork."""
    with closing(sqlite3.connect(journal.path)) as raw, raw:
        raw.execute("DROP TRIGGER safeshift_journal_no_update")
        raw.execute("UPDATE safeshift_journal SET schema = 2")
    with pytest.raises(JournalError, match="has version 2"):
        Journal.open(journal.path)


@pytest.mark.parametrize(
    ("mode", "words"), [(0o620, "written by others"), (0o602, "written by others"), (0o400, "read-only")]
)
def test_journal_with_wrong_rights_is_refused_with_the_command_that_helps(
    journal: Journal, mode: int, words: str
) -> None:
    """Rights that let others write, or us not, are refused before anything is read."""
    journal.path.chmod(mode)
    with pytest.raises(JournalError, match=words) as caught:
        Journal.open(journal.path)
    assert caught.value.hint == f"chmod 600 {journal.path}"


@NEEDS_ROOT
def test_journal_of_another_user_is_refused(journal: Journal) -> None:
    """Someone else's journal is neither read nor written, not even by root."""
    os.chown(journal.path, 12345, 12345)
    with pytest.raises(JournalError, match="belongs to user 12345"):
        Journal.open(journal.path)


def test_link_in_place_of_a_journal_is_refused(journal: Journal) -> None:
    """A link could lead anywhere."""
    link = journal.path.with_name("link.db")
    link.symlink_to(journal.path)
    with pytest.raises(JournalError, match="not a regular file"):
        Journal.open(link)


@pytest.mark.parametrize("statement", ["UPDATE events SET data = '{}'", "DELETE FROM events", "DELETE FROM runs"])
def test_database_itself_refuses_to_change_what_was_written(journal: Journal, statement: str) -> None:
    """Append-only is a property of the file, not a habit of this program."""
    write_run(journal, "r1")
    with closing(sqlite3.connect(journal.path)) as raw, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)


def test_journal_that_another_process_made_first_is_kept(journal: Journal) -> None:
    """Who comes second to the making of a journal changes nothing in it."""
    write_run(journal, "r1")
    create_database(journal.path, files=SystemFiles())
    assert [row.id for row in journal.runs()] == ["r1"]
    assert [path.name for path in journal.path.parent.iterdir()] == ["journal.db"]


def test_many_processes_may_make_the_same_journal_at_once(tmp_path: Path) -> None:
    """The first runs of a new user may start together: one journal comes out, with all of them in it."""
    script = (
        "import sys\nfrom safeshift.journal.store import Journal\nfrom safeshift.journal.events import Kind\n"
        "with Journal.open(sys.argv[1]).begin(sys.argv[2], 'dc1') as writer: writer.append(Kind.NOTE, {})"
    )
    path = tmp_path / "state" / "journal.db"
    children = [subprocess.Popen([sys.executable, "-c", script, str(path), f"r{n}"]) for n in range(4)]
    assert [child.wait() for child in children] == [0, 0, 0, 0]
    journal = Journal.open(path, create=False)
    assert {row.id for row in journal.runs()} == {"r0", "r1", "r2", "r3"}
    assert journal.verify().is_sound
    assert sorted(found.name for found in path.parent.iterdir()) == ["journal.db"]
    journal.close()
