"""Which runs go on and which died: said by the kernel, and not forgotten until somebody was told."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from safeshift.errors import JournalError
from safeshift.journal.alive import begin, is_alive, living
from safeshift.journal.lock import take

LIVE = """
import sys
from safeshift.journal.alive import begin
life = begin(sys.argv[1], tuple(sys.argv[2:]))
print("alive", flush=True)
sys.stdin.readline()
"""


def live_and_die(run: str, *held: str) -> None:
    """Let another process begin a run and be killed."""
    words = [sys.executable, "-c", LIVE, run, *held]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "alive\n"
        assert is_alive(run)
        child.send_signal(signal.SIGKILL)


def test_run_is_alive_from_its_beginning_to_its_end() -> None:
    """Nothing of it is left when it has ended, however often that is said."""
    assert not is_alive("r1")
    life = begin("r1", ("p1:22",))
    assert is_alive("r1")
    life.end()
    life.end()
    assert not is_alive("r1")
    assert begin("r2", ("p1:22",)).orphans == ()


def test_killed_run_is_an_orphan_of_the_next_one_on_its_routers_until_it_is_settled() -> None:
    """A start that only looks and gives up does not wipe out what the next one must know."""
    live_and_die("r1", "p1:22", "p2:22")
    live_and_die("r2", "p2:22")
    live_and_die("r3", "p3:22")
    for _ in range(2):
        life = begin("r4", ("p2:22", "s1:22"))
        assert life.orphans == ("r1", "r2")
        life.end()
    life = begin("r4", ("p2:22",))
    life.settle("r1")
    assert life.orphans == ("r2",)
    life.end()
    assert begin("r5", ("p2:22",)).orphans == ("r2",)
    assert not is_alive("r1")


def test_run_that_broke_off_in_a_living_process_is_an_orphan_of_the_next_one() -> None:
    """Its sign stays, whatever is said afterwards; one that had ended before has none that could stay."""
    broken, ended = begin("r1", ("p1:22",)), begin("r2", ("p1:22",))
    ended.end()
    for life in (broken, ended):
        life.die()
        life.end()
    assert not living() & {"r1", "r2"}
    life = begin("r3", ("p1:22",))
    assert life.orphans == ("r1",)
    life.end()


def test_two_runs_have_two_ids() -> None:
    """A run that lives cannot be begun a second time."""
    life = begin("r1", ())
    with pytest.raises(JournalError, match="r1"):
        begin("r1", ())
    life.end()


def test_run_with_another_state_directory_is_known_by_the_routers_that_it_holds() -> None:
    """Whoever reads its journal from elsewhere is not told that it died."""
    held = take({"p1": ("10.0.0.1:22",)}, "r1", "alice")
    life = begin("r2", ())
    assert living() >= {"r1", "r2"}
    held.release()
    life.end()
    assert not living() & {"r1", "r2"}
