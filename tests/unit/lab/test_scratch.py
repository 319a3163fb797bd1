"""A lab's temporary directory: held while its process lives, removed after it, and never anybody else's."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from safeshift.lab.scratch import LOCK, PREFIX, Scratch

CLAIM = (
    "from safeshift.lab.scratch import Scratch; import time; print(Scratch.claim().path, flush=True); time.sleep(60)"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for temporary directories that no other test uses."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_directory_of_a_killed_process_goes_with_the_next_claim(temporary: Path) -> None:
    """It stays as long as the process lives, whatever others claim, and is gone at the first claim after its death."""
    with subprocess.Popen([sys.executable, "-c", CLAIM], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().strip())
        (left / "password").write_text("secret\n")
        Scratch.claim().release()
        assert (left / "password").exists()
        other.send_signal(signal.SIGKILL)
    ours = Scratch.claim()
    assert [path for path in temporary.iterdir() if path.name.startswith(PREFIX)] == [ours.path]
    ours.release()
    assert not list(temporary.iterdir())


def test_whatever_does_not_say_that_it_was_a_labs_stays(temporary: Path) -> None:
    """A directory without the lock, a file, a link to somewhere, a lock that is a link: none of them is touched."""
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    (temporary / f"{PREFIX}mine").mkdir()
    (temporary / f"{PREFIX}file").touch()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    linked = temporary / f"{PREFIX}linked"
    linked.mkdir()
    (linked / LOCK).symlink_to(elsewhere / LOCK)
    before = {path.name for path in temporary.iterdir()}
    Scratch.claim().release()
    assert {path.name for path in temporary.iterdir()} == before
    assert (elsewhere / LOCK).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's directory")
def test_another_users_directory_stays(temporary: Path) -> None:
    """Root, too, removes only what is root's own."""
    left = temporary / f"{PREFIX}theirs"
    left.mkdir()
    (left / LOCK).touch()
    os.chown(left, 12345, -1)
    Scratch.claim().release()
    assert left.exists()


def test_claim_that_is_swept_before_it_is_held_makes_another(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between making and locking a directory another lab may take it for a dead one's: nothing is lost by that."""
    taken: list[Path] = []
    flock = fcntl.flock

    def swept(lock: int, how: int) -> None:
        flock(lock, how)
        if not taken:
            taken.extend(path for path in temporary.iterdir())
            (taken[0] / LOCK).unlink()

    monkeypatch.setattr(fcntl, "flock", swept)
    ours = Scratch.claim()
    assert ours.path not in taken
    assert (ours.path / LOCK).exists()
    ours.release()
