"""The few file operations that the journal's promises rest on, as a seam: faults are injected here.

SQLite does its own file work and is tested with real faults instead. Next: ``reserve.py``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

Identity = tuple[int, int]
"""Device and inode: the file itself, whatever it is called now."""


class Files(Protocol):
    """File operations that may fail; each raises ``OSError`` and then promises nothing."""

    def create(self, path: Path) -> int:
        """Make a new file, 0600, never through a symbolic link and never over another; return its descriptor."""
        ...

    def allocate(self, descriptor: int, size: int) -> None:
        """Make the file that long and own the space on the disk for it."""
        ...

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of the bytes at the place."""
        ...

    def sync(self, descriptor: int) -> None:
        """Return when the file's content is on the disk."""
        ...

    def sync_directory(self, path: Path) -> None:
        """Return when the directory's entries are on the disk."""
        ...

    def identity(self, path: Path) -> Identity | None:
        """Return which file the path names now; None when it names none."""
        ...


class SystemFiles:
    """The machine's own files."""

    def create(self, path: Path) -> int:
        """See ``Files``."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def allocate(self, descriptor: int, size: int) -> None:
        """See ``Files``."""
        os.posix_fallocate(descriptor, 0, size)

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """See ``Files``."""
        rest = memoryview(data)
        while rest:
            done = os.pwrite(descriptor, rest, offset)
            rest, offset = rest[done:], offset + done

    def sync(self, descriptor: int) -> None:
        """See ``Files``."""
        os.fsync(descriptor)

    def sync_directory(self, path: Path) -> None:
        """See ``Files``."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def identity(self, path: Path) -> Identity | None:
        """See ``Files``."""
        try:
            found = os.stat(path, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino
