"""Which of this user's runs are going on, and which died: one small file per run, locked for as long as it lives.

A run removes its file when it ends; one whose process was killed leaves it behind, and with it the routers that it
held. It lies with the journal, so that it outlives a restart of the machine, which the locks on routers do not.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from safeshift.errors import JournalError
from safeshift.journal.lock import holding
from safeshift.journal.place import prepare_directory, state_directory

_PLACE = "alive"  # in the state directory
_ENDING = ".alive"
_MAKING = ".making"


class Alive:
    """The sign that a run lives, until ``end`` or death.

    Attributes:
        orphans: The runs that died holding one of this run's routers and were not settled since, oldest first.
    """

    def __init__(self, directory: Path, descriptor: int, run: str, orphans: tuple[str, ...]) -> None:
        self._directory = directory
        self._descriptor = descriptor
        self._run = run
        self.orphans = orphans

    def settle(self, run: str) -> None:
        """Forget an orphan: it was told of, was undone to its end, or an operator vouches for it."""
        self.orphans = tuple(orphan for orphan in self.orphans if orphan != run)
        (self._directory / f"{run}{_ENDING}").unlink(missing_ok=True)

    def end(self) -> None:
        """Say that the run has ended, its journal closed. Idempotent."""
        if self._descriptor >= 0:
            (self._directory / f"{self._run}{_ENDING}").unlink(missing_ok=True)
        self.die()

    def die(self) -> None:
        """Leave the sign behind as that of a run which died: nobody closed its journal. Idempotent."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


def begin(run: str, held: tuple[str, ...]) -> Alive:
    """Say that a run lives, and what it holds; ``held`` are the names of its locks.

    Raises:
        JournalError: the state directory cannot be used or written. No sign is left.
    """
    directory = _directory()
    orphans = tuple(path.stem for path in _dead(directory) if _held_by(path) & set(held))
    path, making = directory / f"{run}{_ENDING}", directory / f"{run}{_MAKING}"
    try:
        descriptor = os.open(making, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(descriptor, json.dumps(sorted(held)).encode())
            os.fsync(descriptor)
            os.link(making, path)  # only now it is seen, and it is locked already; never over another
        except BaseException:
            os.close(descriptor)
            raise
        finally:
            making.unlink(missing_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise JournalError(f"{path} cannot be written: {why}", hint="free some space in the state directory") from error
    return Alive(directory, descriptor, run, orphans)


def is_alive(run: str) -> bool:
    """Tell whether a process drives this run now; errors as ``living``."""
    return run in living()


def living() -> frozenset[str]:
    """Return the ids of all runs that are under way, also those that have another state directory, as their locks tell.

    Raises:
        JournalError: the state directory or the locks cannot be used.
    """
    signs = (state_directory() / _PLACE).glob(f"*{_ENDING}")
    return frozenset(path.stem for path in signs if not _is_dead(path)) | holding()


def _directory() -> Path:
    return prepare_directory(state_directory() / _PLACE)


def _dead(directory: Path) -> Iterator[Path]:
    """Give the signs of runs that died, oldest first: a run's id begins with when it began."""
    for path in sorted(directory.glob(f"*{_ENDING}")):
        if _is_dead(path):
            yield path


def _is_dead(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:  # it ended just now
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _held_by(path: Path) -> set[str]:
    """Read what a run held; nothing when its sign cannot be read any more."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        return {str(name) for name in found} if isinstance(found, list) else set()
    return set()
