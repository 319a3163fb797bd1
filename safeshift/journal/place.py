"""Where safeshift keeps its state and its locks, and whether those places can be trusted.

A journal holds device configurations and decides what a resume will type: nobody else may read or replace it. Locks
are the contrary: they say nothing secret, and every user of the machine must see the same ones.
Next: ``store.py`` and ``alive.py``, which live in the one place, and ``lock.py``, which lives in the other.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from safeshift.errors import JournalError

_ELSEWHERE_HINT = "name a directory of your own with SAFESHIFT_STATE=DIR"
_LOCKS_HINT = "have it made with mode 1777, or name another one, the same for all users, with SAFESHIFT_LOCKS=DIR"
_SHARED = (Path("/run/lock"), Path("/var/lock"))
"""Where locks belong, the first that is open to all; else ``/tmp``: never ``TMPDIR``, which each user may have anew."""
_MAKING = 100  # looks at a directory that another user made this instant and has not opened to all yet
_MAKING_S = 0.01  # between two of them


def state_directory(environ: Mapping[str, str] | None = None) -> Path:
    """Return the directory of safeshift's state, made and checked.

    It is ``SAFESHIFT_STATE``, else ``XDG_STATE_HOME/safeshift``, else ``~/.local/state/safeshift``.

    Raises:
        JournalError: as ``prepare_directory``.
    """
    known = os.environ if environ is None else environ
    if known.get("SAFESHIFT_STATE"):
        return prepare_directory(Path(known["SAFESHIFT_STATE"]).expanduser())
    base = known.get("XDG_STATE_HOME", "")
    if not base.startswith("/"):  # the XDG specification: a relative path is to be ignored
        base = os.path.join(known.get("HOME") or os.path.expanduser("~"), ".local", "state")
    return prepare_directory(Path(base) / "safeshift")


def locks_directory(environ: Mapping[str, str] | None = None) -> Path:
    """Return the directory of the locks, made if need be: the same one for every user of this machine.

    It is ``SAFESHIFT_LOCKS``, else ``safeshift`` in ``/run/lock`` or ``/var/lock`` where all users may write there,
    else in ``/tmp``.

    Raises:
        JournalError: it cannot be made or written, or what stands in its place is not what it must be: a directory,
            no link, in which nobody but its owner may remove what others put there.
    """
    path = locks_path(os.environ if environ is None else environ)
    parent = Path(os.path.realpath(path.parent))
    try:
        _make_way(parent, _LOCKS_HINT)
        return _shared_directory(parent / path.name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise JournalError(f"the directory of the locks {path} cannot be used: {reason}", hint=_LOCKS_HINT) from error


def locks_path(environ: Mapping[str, str]) -> Path:
    """Say where the locks of this machine are; nothing is made or checked."""
    named = environ.get("SAFESHIFT_LOCKS")
    if named:
        return Path(named).expanduser().absolute()
    base = next((path for path in _SHARED if _is_open_to_all(path)), Path("/tmp"))
    return base / "safeshift"


def _is_open_to_all(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o1777 == 0o1777 and found.st_uid == 0


def _shared_directory(path: Path) -> Path:
    """Make a directory for all users where there is none, and hold it to the rules.

    Raises:
        OSError: it cannot be made or opened.
        JournalError: somebody else's mode or a file of another kind is in the way.
    """
    for _ in range(_MAKING):
        with suppress(FileExistsError):  # another run may make it at the same time; it is checked like any other
            path.mkdir(0o700)
            path.chmod(0o1777)  # not by mkdir: the umask would take from it
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            mode = os.fstat(descriptor).st_mode
        finally:
            os.close(descriptor)
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise JournalError(f"anybody may remove the locks in {path}", hint=f"chmod +t {path}")
        if os.access(path, os.W_OK | os.X_OK):
            return path
        time.sleep(_MAKING_S)
    raise JournalError(f"the directory of the locks {path} is not open to this user", hint=_LOCKS_HINT)


def prepare_directory(path: Path) -> Path:
    """Make a directory (0700) where it does not exist yet, check the way to it, and return it resolved.

    Raises:
        JournalError: it cannot be made or written, it is not a directory, or someone other than root and this user
            owns or may write a component of its path (a sticky directory such as ``/tmp`` is good enough on the way).
    """
    resolved = Path(os.path.realpath(path))
    try:
        _make_way(resolved.parent, _ELSEWHERE_HINT)
        _make_component(resolved, _ELSEWHERE_HINT, last=True)
    except OSError as error:
        raise JournalError(
            f"the state directory {resolved} cannot be used: {error.strerror or error}", hint=_ELSEWHERE_HINT
        ) from error
    return resolved


def check_private_file(path: Path) -> None:
    """See that a file is a regular one of this user's that nobody else may write and we may.

    Only looks at the directory entry: the file is not opened, because closing a second descriptor of a SQLite
    database would drop the locks that this process holds on it.

    Raises:
        JournalError: it is not so.
    """
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise JournalError(f"{path} is not a regular file, so it is no journal of ours", hint="move it away")
    if found.st_uid != os.geteuid():
        raise JournalError(
            f"{path} belongs to user {found.st_uid}, and this is user {os.geteuid()}",
            hint=f"run as the user whose runs these are, or {_ELSEWHERE_HINT}",
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise JournalError(f"{path} can be written by others: it proves nothing", hint=f"chmod 600 {path}")
    if not found.st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        raise JournalError(f"{path} is read-only, so nothing could be recorded", hint=f"chmod 600 {path}")


def _make_way(path: Path, hint: str) -> None:
    for component in (*reversed(path.parents), path):
        _make_component(component, hint, last=False)


def _make_component(path: Path, hint: str, *, last: bool) -> None:
    if not os.path.lexists(path):
        path.mkdir(0o700, exist_ok=True)  # another process may make it too; it is checked like any other
    _check_component(path, hint, last=last)


def _check_component(path: Path, hint: str, *, last: bool) -> None:
    """Hold one component of the path to the rules; a link that appeared since it was resolved is not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    owners = {os.geteuid()} if last else {0, os.geteuid()}
    if found.st_uid not in owners:
        raise JournalError(f"{path} belongs to user {found.st_uid}, who could replace what is in it", hint=hint)
    others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others_write and (last or not found.st_mode & stat.S_ISVTX):
        raise JournalError(
            f"{path} can be written by others, who could replace what is in it", hint=f"chmod go-w {path}"
        )
    if last and not os.access(path, os.W_OK | os.X_OK):
        raise JournalError(f"{path} is read-only, so nothing could be recorded", hint=hint)
