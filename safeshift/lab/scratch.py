"""The temporary directory of a lab that keeps nothing: made, held as long as its process lives, and swept up after it.

A process that is killed cannot clean up, so the next lab does. Whether a directory's owner lives is told by a lock that
the kernel frees however it ends, never by a name or a pid.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "safeshift-lab-"
LOCK = "in-use.lock"


class Scratch:
    """A private temporary directory, and the lock that says that it is in use.

    Guarantees:
        Of what earlier processes left, ``claim`` removes only directories of this user that a ``Scratch`` made and that
        no living process holds; whatever cannot be looked at or removed stays, without an error.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def claim(cls) -> Scratch:
        """Make a directory that nobody else uses, and remove those whose process is dead.

        Raises:
            OSError: It cannot be made.
        """
        for left in _left_behind():
            _remove(left)
        while True:
            path = Path(tempfile.mkdtemp(prefix=PREFIX))  # mkdtemp makes it 0700
            with contextlib.suppress(FileNotFoundError):  # another lab took it for a dead one's before it was locked
                lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
                fcntl.flock(lock, fcntl.LOCK_EX)  # held by another for as long as it sweeps
                if (path / LOCK).exists():
                    return cls(path, lock)
                os.close(lock)

    def release(self) -> None:
        """Remove the directory."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _left_behind() -> Iterator[Path]:
    """Find directories that look like ours, are this user's alone, and say that they were in use."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or not ours to look at
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and (path / LOCK).is_file():
                yield path


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # BlockingIOError: its process lives; gone: somebody else swept it
        lock = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
        finally:
            os.close(lock)
