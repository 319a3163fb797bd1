"""Where safeshift keeps its state, and whether that place can be trusted.

A journal holds device configurations and decides what a resume will type: nobody else may read or replace it.
Next: ``lock.py`` and ``store.py``, which live there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from safeshift.errors import JournalError

_ELSEWHERE_HINT = "name a directory of your own with SAFESHIFT_STATE=DIR"


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


def locks_directory() -> Path:
    """Return the directory of the fabric locks, made if need be: one for all journals of this user.

    Raises:
        JournalError: as ``prepare_directory``.
    """
    return prepare_directory(state_directory() / "locks")


def prepare_directory(path: Path) -> Path:
    """Make a directory (0700) where it does not exist yet, check the way to it, and return it resolved.

    Raises:
        JournalError: it cannot be made or written, it is not a directory, or someone other than root and this user
            owns or may write a component of its path (a sticky directory such as ``/tmp`` is good enough on the way).
    """
    resolved = Path(os.path.realpath(path))
    try:
        for component in (*reversed(resolved.parents), resolved):
            if not os.path.lexists(component):
                component.mkdir(0o700, exist_ok=True)  # another process may make it too; it is checked like any other
            _check_component(component, last=component == resolved)
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


def _check_component(path: Path, *, last: bool) -> None:
    """Hold one component of the path to the rules; a link that appeared since it was resolved is not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    owners = {os.geteuid()} if last else {0, os.geteuid()}
    if found.st_uid not in owners:
        raise JournalError(
            f"{path} belongs to user {found.st_uid}, who could replace the journal", hint=_ELSEWHERE_HINT
        )
    others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others_write and (last or not found.st_mode & stat.S_ISVTX):
        raise JournalError(f"{path} can be written by others, who could replace the journal", hint=f"chmod go-w {path}")
    if last and not os.access(path, os.W_OK | os.X_OK):
        raise JournalError(f"{path} is read-only, so nothing could be recorded", hint=_ELSEWHERE_HINT)
