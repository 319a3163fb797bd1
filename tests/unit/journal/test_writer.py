"""Threads, commits and the order of numbers; what breaks a writer is in ``tests/faults``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from safeshift.errors import JournalError
from safeshift.journal.events import Kind
from safeshift.journal.store import Journal


def test_appends_from_many_threads_are_numbered_without_gaps(journal: Journal) -> None:
    """Each device has a thread, and the journal has one order."""
    with journal.begin("r1", "dc1") as writer, ThreadPoolExecutor(8) as pool:
        seqs = list(pool.map(lambda n: writer.append(Kind.NOTE, {"n": n}, durable=n % 3 == 0).seq, range(60)))
    assert sorted(seqs) == list(range(1, 61))
    assert len(journal.events("r1")) == 60
    assert journal.verify().is_sound


def test_append_many_is_all_or_nothing(journal: Journal) -> None:
    """When one entry cannot be journaled, none is, and the writer is as good as before."""
    with journal.begin("r1", "dc1") as writer:
        with pytest.raises(JournalError, match="bytes"):
            writer.append_many([(Kind.NOTE, {"n": 1}), (Kind.NOTE, {"n": b"x"})])
        assert journal.events("r1") == ()
        assert not writer.broken
        assert writer.append(Kind.NOTE, {}).seq == 1


def test_append_many_of_nothing_is_nothing(journal: Journal) -> None:
    """An empty list is no error and no event."""
    with journal.begin("r1", "dc1") as writer:
        assert writer.append_many([]) == ()
    assert journal.events("r1") == ()


def test_event_is_a_copy_of_what_was_given(journal: Journal) -> None:
    """Who changes the data afterwards does not change what happened."""
    data: dict[str, list[int]] = {"lines": [1]}
    with journal.begin("r1", "dc1") as writer:
        event = writer.append(Kind.NOTE, data)
    data["lines"].append(2)
    assert event.data == {"lines": [1]}


def test_head_is_what_verify_finds(journal: Journal) -> None:
    """The hash that is printed at the end of a run is the one that verify shows later."""
    with journal.begin("r1", "dc1") as writer:
        born = writer.head
        writer.append(Kind.NOTE, {})
        head = writer.head
    assert head != born
    assert [chain.head for chain in journal.verify("r1").runs] == [head]


def test_closed_writer_refuses_and_closes_again(journal: Journal) -> None:
    """Nothing is written after the end."""
    writer = journal.begin("r1", "dc1")
    writer.close()
    writer.close()
    with pytest.raises(JournalError, match="closed"):
        writer.append(Kind.NOTE, {})


def test_emergency_on_a_healthy_journal_goes_on_with_the_chain(journal: Journal) -> None:
    """Asking for the reserve gives the database up, and both together read as one chain."""
    with journal.begin("r1", "dc1") as writer:
        writer.append(Kind.NOTE, {"n": 1})
        assert writer.emergency(Kind.NOTE, {"n": 2}).seq == 2
        assert writer.broken
        with pytest.raises(JournalError, match="lost earlier"):
            writer.append(Kind.NOTE, {"n": 3})
    assert [event.data["n"] for event in journal.events("r1")] == [1, 2]
    (chain,) = journal.verify().runs
    assert (chain.reserved, chain.problems) == (1, ())
