"""I7: one run per router, whoever starts it and from wherever, with the kernel as witness."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from safeshift.errors import JournalError, LockHeldError
from safeshift.journal.lock import Ways, find_holder, names_of, take

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
NOBODY = 65534
P1, P2, S1 = {"p1": ("10.0.0.1:22",)}, {"p2": ("10.0.0.2:22",)}, {"s1": ("10.0.0.3:22",)}

TAKE = """
import json, os, sys
from safeshift.errors import LockHeldError
from safeshift.journal.lock import names_of, take
if len(sys.argv) > 4:
    take({"other": names_of("10.0.0.99", 22)}, "r0", "root").release()  # loads all that the other user may not read
    os.setgid(int(sys.argv[4]))
    os.setuid(int(sys.argv[4]))
ways = {router: tuple(names) for router, names in json.loads(sys.argv[1]).items()}
for line in sys.stdin:
    try:
        held = take(ways, sys.argv[2], sys.argv[3])
    except LockHeldError as error:
        print(error.message, flush=True)
    else:
        print("held", flush=True)
        sys.stdin.readline()
        held.release()
        print("released", flush=True)
"""

LOOK = """
from safeshift.journal.lock import find_holder
while True:
    find_holder({"p1": ("10.0.0.1:22",)})
"""


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of locks for each test."""
    monkeypatch.setenv("SAFESHIFT_LOCKS", str(tmp_path / "locks"))
    return tmp_path / "locks"


@contextmanager
def taker(ways: Ways, run: str, operator: str, *who: int) -> Iterator[subprocess.Popen[str]]:
    """Give a process that takes these routers at a line of input and gives them back at the next one."""
    words = [sys.executable, "-c", TAKE, json.dumps(dict(ways)), run, operator, *map(str, who)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def tell(child: subprocess.Popen[str]) -> None:
    """Let a taker go on."""
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def answer(child: subprocess.Popen[str]) -> str:
    """Wait for what a taker says."""
    assert child.stdout is not None
    return child.stdout.readline().rstrip("\n")


def test_second_run_is_told_who_holds_which_router_since_when_and_what_to_do() -> None:
    """Whoever is locked out learns the run, its operator, machine, time and process, and the router they share."""
    held = take({**P2, "edge": ("10.0.0.1:22",)}, "r1", "alice")
    with pytest.raises(LockHeldError) as caught:
        take({**P1, **S1}, "r2", "bob")
    assert caught.value.message == f"another run holds this fabric: {held.owner}, through its router p1 (10.0.0.1:22)"
    assert str(held.owner).startswith(f"run r1, by alice on {os.uname().nodename} since ")
    assert str(held.owner).endswith(f" UTC (pid {os.getpid()})")
    assert "ask alice" in caught.value.hint
    held.release()


def test_own_run_can_be_watched_or_asked_to_undo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both runs are one user's, the hint has the commands."""
    monkeypatch.setenv("LOGNAME", "alice")
    held = take(P1, "r1", "alice")
    with pytest.raises(LockHeldError) as caught:
        take(P1, "r2", "alice")
    assert f"safeshift show r1, or ask it to undo with: kill -INT {os.getpid()}" in caught.value.hint
    held.release()


def test_routers_are_free_after_release_and_when_a_part_was_held(locks: Path) -> None:
    """A release gives all back and leaves no trace; a refused run leaves nothing held."""
    held = take({**P1, **P2}, "r1", "alice")
    with pytest.raises(LockHeldError):
        take({**P2, **S1}, "r2", "bob")
    other = take(S1, "r3", "carol")
    held.release()
    held.release()
    again = take({**P1, **P2}, "r4", "bob")
    again.release()
    other.release()
    assert list(locks.iterdir()) == []


def test_fabrics_without_a_common_router_do_not_disturb_each_other() -> None:
    """Runs on different routers go on side by side, also behind one address."""
    with ExitStack() as stack:
        for number, ways in enumerate((P1, P2, {"p1": ("10.0.0.1:2222",)})):
            stack.callback(take(ways, f"r{number}", "alice").release)
        assert find_holder(S1) is None


def test_killed_holder_frees_its_routers_and_is_not_named_again() -> None:
    """The kernel gives back what a run held that was killed, and its words are not taken for the next holder's."""
    with taker(P1, "r1", "alice") as child:
        tell(child)
        assert answer(child) == "held"
        assert str(find_holder(P1)).startswith("run r1, by alice")
        child.send_signal(signal.SIGKILL)
    assert find_holder(P1) is None
    take(P1, "r2", "bob").release()


@pytest.mark.parametrize(
    ("one", "other"), [(P1, P1), ({**P1, **P2}, {**P2, **S1}), ({**P2, **P1, **S1}, S1)], ids=["same", "part", "within"]
)
def test_of_two_runs_at_the_same_instant_exactly_one_goes_on(one: Ways, other: Ways) -> None:
    """Round after round two processes try at once: one gets all that it asked for, and the other is told who did."""
    with taker(one, "r1", "alice") as first, taker(other, "r2", "bob") as second:
        for _ in range(150):
            tell(first)
            tell(second)
            said = {"r1": answer(first), "r2": answer(second)}
            (winner,) = [run for run, words in said.items() if words == "held"]
            (loser,) = said.keys() - {winner}
            assert said[loser].startswith(f"another run holds this fabric: run {winner}, by "), said
            child = first if winner == "r1" else second
            tell(child)
            assert answer(child) == "released"


@NEEDS_ROOT
def test_two_users_share_the_locks_of_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's run is refused by name, and can write its own name where the first user's was."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        os.chmod(place, 0o1777)
        monkeypatch.setenv("SAFESHIFT_LOCKS", str(Path(place) / "safeshift"))
        held = take(P1, "r1", "alice")
        other = stack.enter_context(taker(P1, "r2", "nobody", NOBODY))
        tell(other)
        assert answer(other).startswith("another run holds this fabric: run r1, by alice on ")
        held.release()
        tell(other)
        assert answer(other) == "held"
        with pytest.raises(LockHeldError, match="run r2, by nobody on "):
            take(P1, "r3", "alice")


def test_holder_is_seen_without_disturbing_who_takes_the_router() -> None:
    """Looking at a lock never makes a run's start fail, and never takes it."""
    take(P1, "r0", "a").release()
    with subprocess.Popen([sys.executable, "-c", LOOK]) as child:
        for number in range(300):
            take(P1, f"r{number}", "a").release()
        child.kill()
    assert find_holder(P1) is None


def test_lock_that_somebody_holds_without_a_word_is_not_taken(locks: Path) -> None:
    """Who holds the file without being a run cannot be told apart from one: the start is refused, and says so."""
    take(P1, "r1", "a").release()
    with (locks / "10.0.0.1:22.lock").open("wb") as looker:
        fcntl.flock(looker, fcntl.LOCK_EX)
        with pytest.raises(LockHeldError, match="one that does not say who it is, through its router p1"):
            take(P1, "r2", "a")
    take(P1, "r2", "a").release()


@pytest.mark.parametrize("garbage", [b"{", b"[]", b'{"run":"x","pid":"y"}', b"\xff\0", b"[" * 9999, b"null"])
def test_lock_file_with_nonsense_in_it_locks_nobody_out(locks: Path, garbage: bytes) -> None:
    """Whatever stands in the file, the kernel alone says whether the router is held."""
    take(P1, "r0", "a").release()
    (locks / "10.0.0.1:22.lock").write_bytes(garbage)
    assert find_holder(P1) is None
    take(P1, "r1", "a").release()


def test_lock_file_that_a_cleaner_removed_is_not_removed_again_under_its_next_holder(locks: Path) -> None:
    """Who had the first file gives back that one, and not the other that now bears its name."""
    first = take(P1, "r1", "a")
    (locks / "10.0.0.1:22.lock").unlink()
    second = take(P1, "r2", "a")
    first.release()
    with pytest.raises(LockHeldError, match="run r2"):
        take(P1, "r3", "a")
    second.release()


@pytest.mark.parametrize("kind", ["link", "second name", "fifo", "directory"])
def test_lock_file_is_a_plain_file_of_its_own_for_all_users(locks: Path, tmp_path: Path, kind: str) -> None:
    """It is 0666, and whatever else stands in its place is refused and left as it is."""
    held = take(P1, "r1", "a")
    path, precious = locks / "10.0.0.2:22.lock", tmp_path / "precious"
    assert stat.S_IMODE((locks / "10.0.0.1:22.lock").stat().st_mode) == 0o666
    held.release()
    precious.write_text("mine")
    match kind:
        case "link":
            path.symlink_to(precious)
        case "second name":
            path.hardlink_to(precious)
        case "fifo":
            os.mkfifo(path)
        case _:
            path.mkdir()
    with pytest.raises(JournalError, match=r"cannot be opened|not a plain file"):
        take({**P1, **P2}, "r1", "a")
    assert precious.read_text() == "mine"
    take(P1, "r1", "a").release()


@pytest.mark.parametrize(
    ("address", "port", "names"),
    [
        ("10.0.0.1", 22, ("10.0.0.1:22",)),
        ("2001:DB8:0::1", 830, ("[2001:db8::1]:830",)),
        ("::ffff:10.0.0.1", 22, ("10.0.0.1:22",)),
        ("P1.invalid.", 22, ("p1.invalid:22",)),
    ],
)
def test_router_has_one_name_however_its_address_is_written(address: str, port: int, names: tuple[str, ...]) -> None:
    """An address is written in one way; a name that nobody resolves here is a name all the same."""
    assert names_of(address, port) == names


def test_name_and_address_of_one_router_exclude_each_other() -> None:
    """One inventory has the name, the other the address: it is one router."""
    assert "127.0.0.1:2201" in names_of("localhost", 2201)
    held = take({"p1": names_of("localhost", 2201)}, "r1", "a")
    with pytest.raises(LockHeldError, match="p1"):
        take({"p1": names_of("127.0.0.1", 2201)}, "r2", "a")
    held.release()


def test_address_that_is_no_file_name_is_locked_all_the_same(locks: Path) -> None:
    """What people write as an address may hold anything, and be long; it leads nowhere else."""
    held = take({"x": ("../../" + "é/" * 200 + ":22",), "y": ("../y:22",)}, "r1", "a")
    assert len(list(locks.iterdir())) == 2
    held.release()
