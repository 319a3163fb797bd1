"""I7: two runs never hold the same fabric. One lock file per fabric, held by the kernel for the life of the run.

The kernel frees a dead holder's lock; the file's content still says which run died, so that the next start knows.
A courtesy on one machine, not a proof against another: on the devices a foreign pending guard stops a run as well.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from safeshift.clock import Clock, SystemClock
from safeshift.errors import JournalError, LockHeldError

_TRIES = 200  # a reader holds the file for microseconds; between tries the processor is given away
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def fabric_key(path: Path) -> str:
    """Name a fabric for locks and journal: its file's name and a hash of where that file really is.

    The content plays no part: a fabric that is edited while a run holds it is still the same fabric. Links to one
    file are one fabric; copies in two checkouts are two, and then only the devices' guards keep two runs apart.
    """
    real = os.path.realpath(path)
    stem = re.sub(r"\.fabric\.ya?ml$|\.ya?ml$", "", os.path.basename(real))
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[:40] or "fabric"
    return f"{name}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a fabric, or held it when it died. ``boot`` tells a process id of an earlier boot apart."""

    run: str
    operator: str
    host: str
    pid: int
    boot: str
    since: str
    argv: tuple[str, ...]

    def __str__(self) -> str:
        since = datetime.fromisoformat(self.since).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"run {self.run} of {self.operator} (pid {self.pid} on {self.host}) since {since}"


@dataclass(frozen=True, slots=True)
class _Content:
    """What the lock file says: who holds it, which runs died holding it, and how often it was taken."""

    holder: Owner | None = None
    orphans: tuple[str, ...] = ()
    token: int = 0


class HeldLock:
    """A fabric that is ours until ``release`` or death.

    Attributes:
        owner: What others are told about us.
        token: How often this fabric was ever taken: a later holder's is greater.
    """

    def __init__(self, descriptor: int, content: _Content, owner: Owner) -> None:
        self._descriptor = descriptor
        self._orphans = content.orphans
        self.owner = owner
        self.token = content.token

    @property
    def orphans(self) -> tuple[str, ...]:
        """The runs that died holding this fabric and that nobody has settled since, oldest first."""
        return self._orphans

    @property
    def orphan(self) -> str | None:
        """The latest of ``orphans``; None when there is none."""
        return self._orphans[-1] if self._orphans else None

    def settle(self, run: str) -> None:
        """Forget an orphan: it was resumed or undone to its end, or an operator vouches for it.

        Raises:
            JournalError: the lock file cannot be written; the orphan is not forgotten.
        """
        rest = tuple(orphan for orphan in self._orphans if orphan != run)
        _write(self._descriptor, _Content(self.owner, rest, self.token))
        self._orphans = rest

    def release(self) -> None:
        """Give the fabric back. Orphans that were not settled stay known. Idempotent.

        Raises:
            JournalError: the lock file cannot be written; the fabric is free all the same, and the next start takes
                this run for an orphan.
        """
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        try:
            _write(descriptor, _Content(None, self._orphans, self.token))
        finally:
            os.close(descriptor)


class FabricLock:
    """The lock of one fabric, in a directory that ``place.prepare_directory`` has checked."""

    def __init__(self, directory: Path, fabric: str) -> None:
        self.path = directory / f"{fabric}.lock"
        self.fabric = fabric

    def acquire(
        self, run: str, operator: str, *, argv: tuple[str, ...] | None = None, clock: Clock | None = None
    ) -> HeldLock:
        """Take the fabric for a run.

        Raises:
            LockHeldError: another run holds it; the sentence names that run. Nothing was changed.
            JournalError: the lock file cannot be used.
        """
        owner = _ourselves(run, operator, tuple(sys.argv) if argv is None else argv, clock or SystemClock())
        descriptor = _open(self.path)
        try:
            if not _try_exclusive(descriptor):
                raise _held_error(self.fabric, _read(descriptor).holder)
            before = _read(descriptor)
            died = () if before.holder is None else (before.holder.run,)
            kept = tuple(orphan for orphan in before.orphans if orphan not in died)
            content = _Content(owner, kept + died, before.token + 1)
            _write(descriptor, content)
        except BaseException:
            os.close(descriptor)
            raise
        return HeldLock(descriptor, content, owner)

    def holder(self) -> Owner | None:
        """Return who holds the fabric at this moment; None when nobody does. Takes nothing."""
        if not self.path.exists():
            return None
        descriptor = _open(self.path)
        try:
            return None if _try(descriptor, fcntl.LOCK_SH) else _read(descriptor).holder
        finally:
            os.close(descriptor)


def _ourselves(run: str, operator: str, argv: tuple[str, ...], clock: Clock) -> Owner:
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    since = clock.now().isoformat(timespec="seconds")
    return Owner(run, operator, socket.gethostname(), os.getpid(), boot, since, argv)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(
            f"the lock file {path} cannot be opened: {error.strerror or error}",
            hint="look at that file and its directory",
        ) from error


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _try_exclusive(descriptor: int) -> bool:
    """Take the lock unless a run holds it; the shared lock that ``holder`` takes for an instant is waited out."""
    for _ in range(_TRIES):
        if _try(descriptor, fcntl.LOCK_EX):
            return True
        if not _try(descriptor, fcntl.LOCK_SH):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.sched_yield()
    return False


def _held_error(fabric: str, holder: Owner | None) -> LockHeldError:
    if holder is None:
        return LockHeldError(f"fabric {fabric} is being taken by another run this very moment", hint="try again")
    return LockHeldError(
        f"fabric {fabric} is held by {holder}",
        hint=f"wait for it, watch it with: safeshift show {holder.run}, or ask it to undo with: kill -INT {holder.pid}",
    )


def _read(descriptor: int) -> _Content:
    """Read the file; what a holder left half-written is as if it had written nothing."""
    text = os.pread(descriptor, 1 << 20, 0)
    try:
        found = json.loads(text)
        return _Content(_owner(found["holder"]), tuple(map(str, found["orphans"])), int(found["token"]))
    except (ValueError, KeyError, TypeError):
        return _Content()


def _owner(found: Mapping[str, object] | None) -> Owner | None:
    if found is None:
        return None
    argv = found["argv"]
    if not isinstance(argv, list):
        raise TypeError("argv is no list")
    return Owner(**{**found, "argv": tuple(argv)})  # type: ignore[arg-type]  # a wrong shape raises TypeError, as wanted


def _write(descriptor: int, content: _Content) -> None:
    """Replace what the file says. The old content is overwritten in place: a lock file must keep its inode."""
    data = json.dumps(asdict(content)).encode() + b"\n"
    try:
        os.pwrite(descriptor, data, 0)
        os.ftruncate(descriptor, len(data))
        os.fsync(descriptor)
    except OSError as error:
        raise JournalError(
            f"the lock file cannot be written: {error.strerror or error}", hint="free some space in the state directory"
        ) from error
