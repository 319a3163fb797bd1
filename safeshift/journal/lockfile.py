"""One lock file that all users of a machine share: opened with care, taken, looked at, written and read.

Whoever can write its directory may have put anything in its place, so what is opened must be a plain file with one
name. Which files are taken, and what stands in them, is decided in ``lock.py``.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from safeshift.errors import JournalError

_TRIES = 200  # a looker holds the file for microseconds; between tries the processor is given away
_PATIENCE_S = 0.5  # for a run that has just made the file and not opened it to all users yet
_PAUSE_S = 0.005
_LONGEST = 4096  # bytes that are read: what safeshift writes is a tenth of it


def take_file(path: Path) -> int | None:
    """Take one lock; return its descriptor, or None when another holds it.

    The file that is locked must still be the one that the name means: a cleaner of old files may have removed it
    between the opening and the taking.

    Raises:
        JournalError: it cannot be opened or made, or is not what it must be.
    """
    for _ in range(_TRIES):
        descriptor = _open(path)
        try:
            if not _try_exclusive(descriptor):
                os.close(descriptor)
                return None
            if _is_named(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise JournalError(f"the lock file {path} is removed again and again", hint="find out who removes it")


def give_back(path: Path, descriptor: int) -> None:
    """Give a lock back, and remove its file where this user may; never raises.

    Who opened the file before it is gone sees that the name means another one, and begins anew.
    """
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
    with suppress(OSError):  # another user's file, in a directory where only its owner may remove it: it stays, empty
        if _is_named(descriptor, path):
            path.unlink()
    os.close(descriptor)


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        named = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino)


def _open(path: Path) -> int:
    """Open a lock for reading and writing, made where there is none: a plain file with one name, open to all users.

    Without ``O_CREAT`` first: in a sticky directory the kernel may refuse it for another user's file.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a fifo in its place must hold nobody up
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return _checked(os.open(path, flags), path)
        except FileNotFoundError:
            with suppress(FileExistsError):
                return _made(path)
        except PermissionError as error:
            if time.monotonic() > until:  # until then its maker may be about to open it to all
                raise _unusable(path, error) from error
            time.sleep(_PAUSE_S)
        except OSError as error:
            raise _unusable(path, error) from error


def _made(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise
    except OSError as error:
        raise _unusable(path, error) from error
    os.fchmod(descriptor, 0o666)  # not by open: the umask would take from it
    return descriptor


def _checked(descriptor: int, path: Path) -> int:
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_nlink <= 1:
        return descriptor
    os.close(descriptor)
    raise JournalError(f"the lock file {path} is not a plain file of its own", hint="look who put it there; remove it")


def _unusable(path: Path, error: OSError) -> JournalError:
    why = error.strerror or str(error)
    return JournalError(f"the lock file {path} cannot be opened: {why}", hint="look at that file and its directory")


def is_held(path: Path) -> bool:
    """Tell whether somebody has taken a lock; errors as ``take_file``."""
    if not os.path.lexists(path):
        return False
    descriptor = _open(path)
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def read_file(path: Path) -> bytes:
    """Return the beginning of what stands in a lock; empty when it cannot be read."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            return os.pread(descriptor, _LONGEST, 0)
        finally:
            os.close(descriptor)
    return b""


def write_file(descriptor: int, data: bytes) -> None:
    """Replace what stands in a lock that is taken, in place: it must keep its inode.

    Raises:
        JournalError: it cannot be written.
    """
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, data, 0)
    except OSError as error:
        why = error.strerror or str(error)
        raise JournalError(
            f"the lock file cannot be written: {why}", hint="free some space where the locks are"
        ) from error


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _try_exclusive(descriptor: int) -> bool:
    """Take the lock unless a run holds it; the shared lock of a looker, held for an instant, is waited out."""
    for _ in range(_TRIES):
        if _try(descriptor, fcntl.LOCK_EX):
            return True
        if not _try(descriptor, fcntl.LOCK_SH):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.sched_yield()
    return False
