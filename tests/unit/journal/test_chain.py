"""One form of bytes per value, nothing but plain JSON, and hashes that hold a chain together."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeshift.errors import JournalError
from safeshift.journal.chain import Record, canonical, genesis, seal, walk
from safeshift.journal.events import Event, Kind
from safeshift.model.vault import Secret

WHEN = datetime(2011, 4, 21, 7, 47, tzinfo=UTC)
START = genesis("r1", "dc1", 1)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def chain_of(count: int) -> list[Record]:
    """A sound chain of so many notes."""
    records: list[Record] = []
    for seq in range(1, count + 1):
        previous = records[-1].hash if records else START
        records.append(seal(previous, Event("r1", seq, WHEN, float(seq), Kind.NOTE, {"text": f"note {seq}"})))
    return records


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.text(), TREES))
def test_canonical_data_reads_back_equal_and_canonical(data: dict[str, object]) -> None:
    """What is written reads back equal, and writing that again gives the same bytes, pure ASCII."""
    text = canonical(data)  # type: ignore[arg-type]  # the strategy makes JSON only
    assert json.loads(text) == data
    assert canonical(json.loads(text)) == text
    assert text.isascii()


def test_canonical_data_does_not_depend_on_the_order_of_keys_or_on_tuples() -> None:
    """Equal data has equal bytes, however it was put together."""
    assert canonical({"a": 1, "b": (1, 2)}) == canonical({"b": [1, 2], "a": 1})


@pytest.mark.parametrize(
    "value",
    [b"bytes", {1, 2}, frozenset(), math.nan, math.inf, WHEN, Path("x"), object(), {1: "number as a key"}, Kind.NOTE],
    ids=lambda value: type(value).__name__,
)
def test_canonical_refuses_what_is_not_json_and_says_where(value: object) -> None:
    """Whatever JSON cannot hold without loss is refused, with its place in the data."""
    with pytest.raises(JournalError, match=r"data\.deep\[1\]"):
        canonical({"deep": [0, value]})  # type: ignore[list-item]  # the point of the test


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: [s], lambda s: {"k": {"k": s}}])
def test_canonical_refuses_a_secret_at_any_depth_without_showing_it(wrap: object) -> None:
    """A secret never gets into the journal, and the refusal does not show it."""
    with pytest.raises(JournalError, match="secret") as caught:
        canonical({"password": wrap(Secret("hunter2-hunter2"))})  # type: ignore[operator]  # the point of the test
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_seal_gives_one_hash_for_one_instant_in_any_zone() -> None:
    """The wall clock is stored in UTC: the zone of the machine plays no part."""
    zone = timezone(timedelta(hours=5, minutes=30))
    events = [Event("r1", 1, at, 1.0, Kind.NOTE, {}) for at in (WHEN, WHEN.astimezone(zone))]
    assert seal(START, events[0]) == seal(START, events[1])


def test_record_reads_back_as_the_event_that_was_sealed() -> None:
    """Sealing loses nothing."""
    event = Event("r1", 1, WHEN + timedelta(microseconds=1), 0.1 + 0.2, Kind.OUTCOME, {"elapsed_s": 0.25, "ok": True})
    assert seal(START, event).event() == event


def test_record_of_an_unknown_kind_is_refused() -> None:
    """A journal written by a newer safeshift is never read by skipping what is not understood."""
    with pytest.raises(JournalError, match="event 1 of run r1"):
        replace(chain_of(1)[0], kind="teleported").event()


def test_walk_follows_a_sound_chain_to_its_end() -> None:
    """A chain that nobody touched holds, and its head is the last hash."""
    records = chain_of(5)
    found = walk(START, "r1", records)
    assert (found.good, found.head, found.problem) == (5, records[-1].hash, "")


@pytest.mark.parametrize(
    ("change", "good"),
    [
        (lambda r: [*r[:2], *r[3:]], 2),
        (lambda r: [r[0], r[2], r[1], *r[3:]], 1),
        (lambda r: [*r[:3], r[2], *r[3:]], 3),
        (lambda r: [r[0], replace(r[1], data='{"text":"x"}'), *r[2:]], 1),
        (lambda r: [r[0], replace(r[1], seq=3), replace(r[2], seq=2), *r[3:]], 1),
        (lambda r: [*r[:4], replace(r[4], mono=5)], 4),
        (lambda r: r[1:], 0),
    ],
    ids=["removed", "swapped", "doubled", "rewritten", "renumbered", "retyped", "beheaded"],
)
def test_walk_stops_where_a_chain_was_touched(change: object, good: int) -> None:
    """Whatever is done to a chain, what comes before still holds and what comes after does not."""
    found = walk(START, "r1", change(chain_of(5)))  # type: ignore[operator]  # a table of functions
    assert found.good == good
    assert found.problem


def test_walk_refuses_a_chain_under_another_run_fabric_or_number() -> None:
    """A whole run can't be passed off as another run, as a run on another fabric, or as an older one."""
    records = chain_of(2)
    for start in (genesis("r2", "dc1", 1), genesis("r1", "dc2", 1), genesis("r1", "dc1", 2)):
        assert walk(start, "r1", records).good == 0
