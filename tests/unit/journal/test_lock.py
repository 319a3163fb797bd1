"""I7: one run per fabric, the kernel as witness, and a dead holder that is not forgotten."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from safeshift.errors import JournalError, LockHeldError
from safeshift.journal.lock import FabricLock, fabric_key

HOLD = """
import sys, pathlib
from safeshift.journal.lock import FabricLock
held = FabricLock(pathlib.Path(sys.argv[1]), "dc1").acquire(sys.argv[2], "alice", argv=("safeshift", "run"))
print("held", flush=True)
sys.stdin.readline()
held.release()
"""


LOOK = """
import sys, pathlib
from safeshift.journal.lock import FabricLock
lock = FabricLock(pathlib.Path(sys.argv[1]), "dc1")
while True:
    lock.holder()
"""


def hold_and_die(directory: Path, run: str) -> None:
    """Let another process take the fabric and be killed while it holds it."""
    arguments = [sys.executable, "-c", HOLD, str(directory), run]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert FabricLock(directory, "dc1").holder() is not None
        child.send_signal(signal.SIGKILL)


def test_second_acquire_names_the_holder_and_says_what_to_do(tmp_path: Path) -> None:
    """Who is locked out learns which run holds the fabric, whose it is, since when, and what can be done."""
    held = FabricLock(tmp_path, "dc1").acquire("r1", "alice")
    with pytest.raises(
        LockHeldError, match=rf"dc1 is held by run r1 of alice \(pid {os.getpid()} on .*\) since 2"
    ) as caught:
        FabricLock(tmp_path, "dc1").acquire("r2", "bob")
    assert "safeshift show r1" in caught.value.hint
    held.release()


def test_fabric_is_free_after_release_and_tokens_grow(tmp_path: Path) -> None:
    """A released fabric can be taken again at once, leaves no orphan, and each holder has a greater token."""
    first = FabricLock(tmp_path, "dc1").acquire("r1", "alice")
    first.release()
    first.release()
    second = FabricLock(tmp_path, "dc1").acquire("r2", "bob")
    assert (second.token > first.token, second.orphan) == (True, None)
    second.release()


def test_two_fabrics_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Runs on different fabrics go on side by side."""
    one, other = FabricLock(tmp_path, "dc1").acquire("r1", "a"), FabricLock(tmp_path, "dc2").acquire("r2", "b")
    one.release()
    other.release()


def test_dead_holder_frees_the_fabric_and_is_named_as_orphan(tmp_path: Path) -> None:
    """After kill -9 the next start gets the fabric, and learns which run was left in the middle."""
    hold_and_die(tmp_path, "r1")
    lock = FabricLock(tmp_path, "dc1")
    assert lock.holder() is None
    held = lock.acquire("r2", "bob")
    assert held.orphan == "r1"
    held.release()


def test_orphan_is_remembered_until_it_is_settled(tmp_path: Path) -> None:
    """A start that only looks and gives up does not wipe out what the next one must know."""
    hold_and_die(tmp_path, "r1")
    hold_and_die(tmp_path, "r2")
    lock = FabricLock(tmp_path, "dc1")
    for _ in range(2):
        held = lock.acquire("r3", "bob")
        assert held.orphans == ("r1", "r2")
        held.release()
    held = lock.acquire("r1", "bob")
    held.settle("r1")
    held.release()
    held = lock.acquire("r4", "bob")
    assert held.orphan == "r2"
    held.release()


def test_holder_is_seen_without_disturbing_who_takes_the_fabric(tmp_path: Path) -> None:
    """Looking at a lock never makes a run's start fail, and never takes it."""
    lock = FabricLock(tmp_path, "dc1")
    lock.acquire("r0", "a").release()
    with subprocess.Popen([sys.executable, "-c", LOOK, str(tmp_path)]) as child:
        for number in range(300):
            lock.acquire(f"r{number}", "a").release()
        child.kill()
    assert lock.holder() is None


def test_lock_that_somebody_looks_at_forever_is_not_taken(tmp_path: Path) -> None:
    """Who holds the file without being a run cannot be told apart from one: the start is refused, and says so."""
    lock = FabricLock(tmp_path, "dc1")
    lock.acquire("r1", "a").release()
    with lock.path.open("rb") as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)
        with pytest.raises(LockHeldError, match="this very moment"):
            lock.acquire("r2", "a")


def test_half_written_lock_file_locks_nobody_out(tmp_path: Path) -> None:
    """Whatever a crash left in the file, the kernel alone says whether the fabric is held."""
    lock = FabricLock(tmp_path, "dc1")
    for garbage in (b"", b"{", b"[]", b'{"holder":{"argv":"x"},"orphans":[],"token":3}', b"\xff\0"):
        lock.path.write_bytes(garbage)
        held = lock.acquire("r1", "a")
        assert held.orphan is None
        held.release()


def test_lock_file_is_private_and_never_a_link(tmp_path: Path) -> None:
    """The file is 0600, and a link in its place is refused."""
    lock = FabricLock(tmp_path, "dc1")
    lock.acquire("r1", "a").release()
    assert stat.S_IMODE(lock.path.stat().st_mode) == 0o600
    (tmp_path / "dc2.lock").symlink_to(lock.path)
    with pytest.raises(JournalError, match="cannot be opened"):
        FabricLock(tmp_path, "dc2").acquire("r1", "a")


def test_fabric_key_follows_the_file_and_not_its_content_or_name(tmp_path: Path) -> None:
    """Links and edits are the same fabric; a copy elsewhere is another; the name can be read in it."""
    real = tmp_path / "dc1.fabric.yml"
    real.write_text("a: 1")
    (tmp_path / "link.fabric.yml").symlink_to(real)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "dc1.fabric.yml").write_text("a: 1")
    key = fabric_key(real)
    real.write_text("a: 2")
    assert key == fabric_key(real) == fabric_key(tmp_path / "link.fabric.yml")
    assert key.startswith("dc1-")
    assert fabric_key(tmp_path / "copy" / "dc1.fabric.yml") != key
