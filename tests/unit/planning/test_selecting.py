"""Serial, tags and ``--start-at-step`` take what Ansible takes: the tables were made with ansible-core's own rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeshift.errors import PlanError
from safeshift.planning.selecting import Selection, Start, split_batches

HOSTS = tuple("abcdefghij")


@pytest.mark.parametrize(
    ("serial", "sizes"),
    [
        (None, [10]),
        ([1], [1] * 10),
        ([3], [3, 3, 3, 1]),
        ([20], [10]),
        (["30%"], [3, 3, 3, 1]),
        (["1%"], [1] * 10),
        (["25%"], [2, 2, 2, 2, 2]),
        (["100%"], [10]),
        ([1, 5], [1, 5, 4]),
        ([1, 2, "50%"], [1, 2, 5, 2]),
        (["10%", "20%"], [1, 2, 2, 2, 2, 1]),
    ],
)
def test_serial_splits_as_ansible_does(serial: list[int | str] | None, sizes: list[int]) -> None:
    """A percentage is of all hosts, rounded down, at least one; the last size of a list repeats."""
    assert [len(batch) for batch in split_batches(HOSTS, serial)] == sizes


@given(hosts=st.lists(st.text("abc", min_size=1), unique=True), serial=st.lists(st.integers(1, 9), max_size=4))
def test_batches_together_are_the_hosts_in_order(hosts: list[str], serial: list[int]) -> None:
    """No host is lost, doubled or moved, and no batch is empty."""
    batches = split_batches(hosts, serial or None)
    assert [host for batch in batches for host in batch] == hosts
    assert all(batches)


# own tags, --tags, --skip-tags, is it taken (ansible-core 2.19, playbook/taggable.py)
TAGS = [
    ("", "", "", True),
    ("a", "", "", True),
    ("never", "", "", False),
    ("never,a", "a", "", True),
    ("never", "never", "", True),
    ("never", "all", "", False),
    ("a", "a", "", True),
    ("a", "b", "", False),
    ("a,b", "b,c", "", True),
    ("", "a", "", False),
    ("", "untagged", "", True),
    ("a", "untagged", "", False),
    ("a", "tagged", "", True),
    ("", "tagged", "", False),
    ("never,a", "tagged", "", False),
    ("always", "a", "", True),
    ("always", "untagged", "", True),
    ("a", "all", "", True),
    ("a", "", "a", False),
    ("a", "", "b", True),
    ("a", "", "tagged", False),
    ("", "", "tagged", True),
    ("", "", "untagged", False),
    ("a", "", "all", False),
    ("always", "", "all", True),
    ("always", "", "always", False),
    ("always", "", "all,always", False),
    ("always,a", "", "a", False),
    ("a,b", "a", "b", False),
]


@pytest.mark.parametrize(("own", "only", "skip", "taken"), TAGS)
def test_tags_take_what_ansible_takes(own: str, only: str, skip: str, taken: bool) -> None:
    """``always``, ``never``, ``all``, ``tagged`` and ``untagged`` mean what they mean in Ansible."""
    selection = Selection(tags=_split(only), skip_tags=_split(skip))
    assert selection.takes(_split(own)) is taken


def _split(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


@pytest.mark.parametrize(("wanted", "first"), [("", 0), ("b", 1), ("b*", 1), ("*c", 2)])
def test_start_takes_every_step_from_the_named_one_on(wanted: str, first: int) -> None:
    """A glob names a step too; the first match counts."""
    start = Start(wanted)
    assert [start.takes(name) for name in ("a", "b", "bc")] == [at >= first for at in range(3)]
    start.check()


def test_start_at_no_step_is_refused_with_the_nearest_name() -> None:
    """A step that is not there is a mistake, not an empty plan."""
    start = Start("Raise the uplink")
    assert not start.takes("Raise the uplinks")
    with pytest.raises(PlanError, match="there is no step 'Raise the uplink' to start at") as caught:
        start.check()
    assert caught.value.hint == "did you mean 'Raise the uplinks'?"
