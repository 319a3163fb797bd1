"""I7: two runs never hold the same fabric. What is held is its routers: one lock per management address, machine-wide.

So two users, two checkouts and two fabrics that share a router exclude each other, and the kernel frees what a dead
run held. A courtesy on one machine, not a proof against another: on the devices a foreign pending guard stops a run
as well. Anybody may write what stands in a lock: it is only ever shown. Next: ``lockfile.py``, then ``alive.py``.
"""

from __future__ import annotations

import getpass
import hashlib
import ipaddress
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from safeshift.clock import Clock, SystemClock
from safeshift.errors import LockHeldError
from safeshift.journal.lockfile import give_back, is_held, read_file, take_file, write_file
from safeshift.journal.place import locks_directory

Ways = Mapping[str, tuple[str, ...]]
"""By router, every ``host:port`` under which this machine knows it, as ``names_of`` gives them; never empty."""

_File = tuple[Path, str, str]
"""The lock of one address, the router that it belongs to, and the address as it is shown."""

_ENDING = ".lock"
_TRIES = 200  # times that all locks are tried while who held one gives it back before it says who it is
_PATIENCE_S = 0.5  # for a run that has just taken a lock to write down who it is
_PAUSE_S = 0.005
_LONGEST_NAME = 200  # bytes of a file's name; file systems take 255


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a router. ``began`` is when its process began, in the kernel's ticks: a number of its own."""

    run: str
    operator: str
    host: str
    pid: int
    began: str
    since: str

    def __str__(self) -> str:
        since = datetime.fromisoformat(self.since).strftime("%H:%M:%S UTC")
        return f"run {self.run}, by {self.operator} on {self.host} since {since} (pid {self.pid})"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds one of the routers that were asked for, and under which address; ``owner`` None: it does not say."""

    owner: Owner | None
    router: str
    address: str

    def __str__(self) -> str:
        who = self.owner or "one that does not say who it is"
        return f"{who}, through its router {self.router} ({self.address})"


class HeldLock:
    """Routers that are ours until ``release`` or death."""

    def __init__(self, files: tuple[tuple[Path, int], ...], owner: Owner) -> None:
        self._files = files
        self.owner = owner

    def release(self) -> None:
        """Give the routers back and leave no trace. Idempotent; never raises: what stays is known to be of the past."""
        files, self._files = self._files, ()
        for path, descriptor in files:
            give_back(path, descriptor)


def names_of(address: str, port: int) -> tuple[str, ...]:
    """Return every ``host:port`` that a device is known by here: as it is written, then as it resolves.

    Jump hosts play no part: who reaches a router through one and who sits on it mean the same router.
    """
    numeric = _numeric(address)
    if numeric:
        return (_joined(numeric, port),)
    found: tuple[str, ...] = ()
    with suppress(OSError, UnicodeError):  # a name that only a jump host can resolve is a name all the same
        answers = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)
        found = tuple(sorted({_numeric(str(answer[4][0])) for answer in answers} - {""}))
    return tuple(_joined(name, port) for name in (address.lower().rstrip("."), *found))


def take(ways: Ways, run: str, operator: str, *, clock: Clock | None = None) -> HeldLock:
    """Take all of these routers for a run, or none.

    Guarantees:
        Of two calls that share a router, at the same instant and from any process of any user of this machine,
        exactly one succeeds. Never waits for a router, so nothing can wait for each other.

    Raises:
        LockHeldError: another run holds one of them; the sentence names that run. Nothing was changed.
        JournalError: a lock cannot be used.
    """
    owner = _ourselves(run, operator, clock or SystemClock())
    for _ in range(_TRIES):
        found = _take_all(ways, owner)
        if isinstance(found, HeldLock):
            return found
        holder = _seen(*found)
        if holder is not None:
            raise _held_error(holder, operator)
    raise LockHeldError("other runs take and give back routers of this fabric all the time", hint="try again")


def find_holder(ways: Ways) -> Holder | None:
    """Return who holds one of these routers at this moment; None when nobody does. Takes nothing.

    Raises:
        JournalError: a lock cannot be looked at.
    """
    seen = (_seen(path, router, address) for path, router, address in _files(ways) if is_held(path))
    return next((holder for holder in seen if holder is not None), None)


def holding() -> frozenset[str]:
    """Return the ids of all runs that hold a router of this machine's now, whoever's they are.

    Raises:
        JournalError: the locks cannot be looked at.
    """
    found = ((path, _read(path)) for path in locks_directory().glob(f"*{_ENDING}"))
    return frozenset(owner.run for path, owner in found if owner is not None and is_held(path))


def _take_all(ways: Ways, owner: Owner) -> HeldLock | _File:
    """Take every lock and write into each who holds it; or take none, and return the first that another holds."""
    taken: list[tuple[Path, int]] = []
    try:
        # Everybody takes them in one order: of two runs, who gets the first that both want gets all that both want.
        for file in _files(ways):
            descriptor = take_file(file[0])
            if descriptor is None:
                HeldLock(tuple(taken), owner).release()
                return file
            taken.append((file[0], descriptor))
        for _, descriptor in taken:
            write_file(descriptor, json.dumps(asdict(owner)).encode() + b"\n")
    except BaseException:
        HeldLock(tuple(taken), owner).release()
        raise
    return HeldLock(tuple(taken), owner)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _numeric(address: str) -> str:
    """Return an IP address in the one way to write it; empty when it is none."""
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _files(ways: Ways) -> Iterator[_File]:
    """Give the lock of each address, with its router and how that is shown, in the order in which all take them."""
    shown = {name: (router, names[0]) for router, names in ways.items() for name in names}
    directory = locks_directory()
    paths = {directory / _file_name(name): shown[name] for name in shown}
    for path in sorted(paths):
        yield path, *paths[path]


def _file_name(address: str) -> str:
    name = quote(address, safe="[]:")
    name = name if len(name) <= _LONGEST_NAME else hashlib.sha256(os.fsencode(address)).hexdigest()
    return f"{name}{_ENDING}"


def _ourselves(run: str, operator: str, clock: Clock) -> Owner:
    since = clock.now().isoformat(timespec="seconds")
    return Owner(run, operator, socket.gethostname(), os.getpid(), _began(os.getpid()), since)


def _began(pid: int) -> str:
    """Return when a process began, as the kernel counts; empty when there is none, or none can be seen."""
    try:
        said = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    return said.rpartition(b")")[2].split()[19].decode()  # the name before it may hold spaces and brackets


def _seen(path: Path, router: str, address: str) -> Holder | None:
    """Say who holds a lock that was just seen held; None: it is free again.

    A run that took it this instant is given time to say who it is before what a dead one left there is believed.
    """
    until = time.monotonic() + _PATIENCE_S
    while True:
        owner = _read(path)
        if owner is not None and _began(owner.pid) == owner.began:
            return Holder(owner, router, address)
        if not is_held(path):
            return None
        if time.monotonic() > until:
            return Holder(owner, router, address)  # its process cannot be seen from here, in another container perhaps
        time.sleep(_PAUSE_S)


def _read(path: Path) -> Owner | None:
    """Read who a lock says its owner is; None when it says nothing that safeshift would have written."""
    try:
        found = json.loads(read_file(path))
        owner = Owner(**{**found, "pid": int(found["pid"])})
        str(owner)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return owner


def _held_error(holder: Holder, operator: str) -> LockHeldError:
    owner = holder.owner
    hint = "wait until it has ended"
    if owner is not None and operator == owner.operator == getpass.getuser():
        hint += f", watch it with: safeshift show {owner.run}, or ask it to undo with: kill -INT {owner.pid}"
    elif owner is not None:
        hint += f", or ask {owner.operator}"
    return LockHeldError(f"another run holds this fabric: {holder}", hint=hint)
