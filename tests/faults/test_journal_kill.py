"""kill -9 in the middle of writing: what was acknowledged is there, what was not is there whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from safeshift.journal.events import Kind
from safeshift.journal.files import SystemFiles
from safeshift.journal.reserve import Reserve, read_reserve, reserve_path
from safeshift.journal.store import Journal

WRITE_FOREVER = """
import sys
from safeshift.journal.events import Kind
from safeshift.journal.store import Journal
writer = Journal.open(sys.argv[1]).begin("r1", "dc1")
how = sys.argv[2]
number = 0
while True:
    number += 1
    if how == "emergency":
        event = writer.emergency(Kind.NOTE, {"n": number})
    elif how == "many":
        event = writer.append_many([(Kind.NOTE, {"n": number})] * 3)[-1]
    else:
        event = writer.append(Kind.NOTE, {"n": number, "text": "x" * (number % 50) * 200}, durable=how == "durable")
    print(event.seq, flush=True)
"""


def kill_after(path: Path, how: str, acknowledgements: int) -> int:
    """Start a writer, kill it after so many acknowledged writes, and return the last number it acknowledged."""
    arguments = [sys.executable, "-c", WRITE_FOREVER, str(path), how]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        seen = [child.stdout.readline() for _ in range(acknowledgements)]
        child.send_signal(signal.SIGKILL)
        seen += child.stdout.readlines()
    return int([line for line in seen if line.endswith("\n")][-1])


@pytest.mark.parametrize("how", ["durable", "lazy", "many", "emergency"])
@pytest.mark.parametrize("acknowledgements", [1, 7, 40])
def test_no_acknowledged_event_is_lost_when_the_writer_is_killed(
    tmp_path: Path, how: str, acknowledgements: int
) -> None:
    """After kill -9 the journal opens, holds every acknowledged event, and its chain is whole."""
    path = tmp_path / "journal.db"
    last = kill_after(path, how, acknowledgements)
    journal = Journal.open(path, create=False)
    events = journal.events("r1")
    assert len(events) >= last
    assert len(events) % 3 == 0 or how != "many"
    assert journal.verify().is_sound
    assert journal.runs()[0].orphaned


def test_killed_run_is_reopened_and_closed(tmp_path: Path) -> None:
    """What the dead process left (its reserve too) is taken over, and nothing is left in the end."""
    path = tmp_path / "journal.db"
    last = kill_after(path, "emergency", 3)
    journal = Journal.open(path)
    with journal.reopen("r1") as writer:
        assert writer.append(Kind.RUN_CLOSED, {"state": "ROLLED_BACK"}).seq > last
    assert not journal.runs()[0].orphaned
    assert not reserve_path(path, "r1").exists()
    assert journal.verify().is_sound


def test_start_that_was_killed_before_its_run_existed_is_no_damage(tmp_path: Path) -> None:
    """A reserve without a run and without a record is what a kill may leave; verify is not alarmed by it."""
    journal = Journal.open(tmp_path / "journal.db")
    files = SystemFiles()
    Reserve.create(reserve_path(journal.path, "r1"), "r1", files=files).close(remove=False)
    assert journal.verify().is_sound


def test_every_torn_end_of_a_reserve_is_read_up_to_its_last_whole_record(tmp_path: Path) -> None:
    """Cut at any byte, a reserve gives the whole records before the cut and calls the rest unfinished, not damaged."""
    path = tmp_path / "journal.db"
    with Journal.open(path).begin("r1", "dc1") as writer:
        writer.append(Kind.NOTE, {"n": 0})
        for number in range(1, 4):
            writer.emergency(Kind.NOTE, {"n": number})
    reserve = reserve_path(path, "r1")
    whole = reserve.read_bytes()
    used = len(whole.rstrip(b"\0"))
    for cut in range(used + 1):
        reserve.write_bytes(whole[:cut] + b"\0" * (len(whole[:used]) - cut))
        content = read_reserve(reserve, "r1")
        assert content.problem == ""
        assert len(content.records) == max(0, whole[:cut].count(b"\n") - 1)
        assert content.torn == (cut > 0 and whole[cut - 1 : cut] != b"\n")
