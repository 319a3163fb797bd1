"""A lab in a process of its own, with its devices' state on disk: it outlives a run that is killed, as real devices do.

``start_lab`` launches it, ``find_lab`` finds it again, ``stop_lab`` ends it. Whether one lives is told by a lock that
dies with it, never by a pid. Next: ``life.py`` (what that process does) and ``running.py`` (how it is asked).
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from safeshift.errors import JournalError, LabError
from safeshift.journal.lock import Holder, find_holder, names_of
from safeshift.journal.place import prepare_directory, state_directory
from safeshift.lab.control import ask
from safeshift.lab.faults import Fault
from safeshift.lab.lab import WhichInventory
from safeshift.lab.order import ALIVE, LOG, ORDER, STATE, Order, name_of, remove_state
from safeshift.lab.running import PUBLISHED, Origin, RunningLab, read_published

IDLE_S = 3600.0
_START_S = 60.0  # a hundred devices with keys of their own take five
_STOP_S = 10.0


def start_lab(
    fabric: str | Path,
    inventory: WhichInventory,
    *,
    truth: str | Path | None = None,
    faults: str | Path | Iterable[Fault] = (),
    state_dir: Path | None = None,
    idle_s: float = IDLE_S,
    seed: int = 1,
    fresh: bool = False,
) -> RunningLab:
    """Start a lab in a process of its own, or find it when it runs already; ``origin`` says which.

    Args:
        state_dir: Where its devices keep their state; None: ``lab_directory(fabric)``.
        idle_s: It ends itself after so long without an SSH session or a request; its devices' state stays.
        fresh: Forget the devices' state of a lab that ended without being taken down; otherwise it is resumed:
            same configurations, ports, keys and password, and rollback timers that ran on meanwhile.

    Guarantees:
        Returns when every device listens. Two callers at once get one lab. The process holds no file, terminal or
        session of the caller.

    Raises:
        InputError: One of the files is wrong; nothing was started.
        LabError: A lab of something else runs or rests there, or this one cannot start, with the reason.
    """
    path = Path(fabric)
    order = Order.of(path, inventory, truth, faults, seed=seed, idle_s=idle_s)
    where = _prepared(state_dir or lab_directory(path))
    with _locked(where / "start.lock"):
        found = find_lab(where)
        if found is not None:
            if found.digest != order.digest:
                raise _other_lab(f"a lab that was told something else runs in {where}")
            return dataclasses.replace(found, origin=Origin.FOUND)
        _forget_control(where)
        if fresh:
            remove_state(where)
        rested = (where / ORDER).exists()
        if rested and Order.read(where).digest != order.digest:
            raise _other_lab(f"a lab that was told something else left its devices' state in {where}")
        order.write(where)
        try:
            _launch(where)
        except LabError:
            if not rested and _pid_of(where) is None:
                remove_state(where, STATE)  # a start that failed leaves nothing to resume, only its log
            raise
        return read_published(where / PUBLISHED)


def find_lab(state_dir: Path) -> RunningLab | None:
    """Give the lab that runs in a state directory; None when there is none (any more)."""
    try:
        lab = read_published(state_dir / PUBLISHED)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return lab if _pid_of(state_dir) == lab.pid else None


def find_labs() -> tuple[RunningLab, ...]:
    """Give all labs that run in the usual place, by name."""
    base = _home()
    found = (find_lab(path) for path in sorted(base.iterdir()) if path.is_dir()) if base.is_dir() else ()
    return tuple(lab for lab in found if lab is not None)


def find_resting_labs() -> tuple[Path, ...]:
    """Give the state directories, in the usual place, of labs whose process has ended and whose devices are kept."""
    base = _home()
    found = sorted(base.iterdir()) if base.is_dir() else ()
    return tuple(path for path in found if (path / ORDER).exists() and _pid_of(path) is None)


def find_run(state_dir: Path) -> Holder | None:
    """Say which run goes on at the devices of a lab, whoever started it; None when none does.

    A lab that died is asked about as well: its run waits for the devices to come back.

    Raises:
        LabError: the locks of runs cannot be looked at.
    """
    try:
        lab = read_published(state_dir / PUBLISHED)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        return find_holder({one.name: names_of(one.host, one.port) for one in lab.devices})
    except JournalError as error:
        raise LabError(error.message, hint=error.hint) from error


def stop_lab(state_dir: Path, *, patience_s: float = _STOP_S) -> bool:
    """End the lab of a state directory and forget its devices' state; return whether there was anything to end.

    Args:
        patience_s: How long a lab may take to answer, and to end; one that takes longer is killed.

    Guarantees:
        When it returns, no process, socket or state of the lab is left.
    """
    if not state_dir.is_dir():
        return False
    with _locked(state_dir / "start.lock"):
        lab, pid = find_lab(state_dir), _pid_of(state_dir)
        if lab is not None:
            with contextlib.suppress(LabError):  # it hangs, or ends just now: seen by the lock, next
                ask(lab.control, {"do": "down"}, deadline_s=patience_s)
        if pid is not None and not _ended(state_dir, patience_s if lab is not None else 0.0):
            os.kill(pid, signal.SIGKILL)  # its lock is still held: the pid is still the lab's
            _ended(state_dir, _STOP_S)
        rested = any((state_dir / name).exists() for name in STATE)
        _forget_control(state_dir)
        remove_state(state_dir)
    return pid is not None or rested


def lab_directory(fabric: str | Path) -> Path:
    """Give the usual place for the state of a fabric's lab: ``lab/<name>`` in safeshift's state directory."""
    return _home() / name_of(fabric)


def _home() -> Path:
    try:
        return state_directory() / "lab"
    except JournalError as error:
        raise LabError(error.message, hint=error.hint) from error


def _prepared(path: Path) -> Path:
    try:
        return prepare_directory(path)
    except JournalError as error:
        raise LabError(f"the lab cannot keep its state: {error.message}", hint=error.hint) from error


def _other_lab(sentence: str) -> LabError:
    hint = "name the same fabric, inventory, truth, faults and seed; or end it first: safeshift lab down"
    return LabError(sentence, hint=hint)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # freed by the kernel however the holder ends
        yield


def _pid_of(where: Path) -> int | None:
    """Give the process that holds a lab's lock, which only a living lab does; None: there is none."""
    try:
        with (where / ALIVE).open("r", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int((where / ALIVE).read_text(encoding="ascii") or -1)
    return None


def _ended(where: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _pid_of(where) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _forget_control(where: Path) -> None:
    """Remove the socket of a lab that is gone, where it had to be outside of the state directory."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # nothing was published, or it is gone already
        control = read_published(where / PUBLISHED).control
        if control.parent != where:
            control.unlink(missing_ok=True)
            control.parent.rmdir()


def _launch(where: Path) -> None:
    """Start the process and wait until it says that it is ready.

    Raises:
        LabError: It said why it is not, died without a word, or is too slow (then it is left alone: it may come).
    """
    hearing, telling = os.pipe()
    with open(hearing, "rb", buffering=0) as ears, open(telling, "wb", buffering=0) as mouth:
        log_file = os.open(where / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(log_file, "ab") as log, _kept_from_the_lab():
            subprocess.run(
                _command(where, telling),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(telling,),
                cwd=where,
                start_new_session=True,
                check=False,
            )
        mouth.close()  # only the lab holds it now: its end is heard, too
        said = _hear(ears)
    if said is None:
        raise LabError(f"the lab's process died as it started; its last words are in {where / LOG}")
    if said["error"]:
        raise LabError(said["error"], hint=said["hint"])


@contextlib.contextmanager
def _kept_from_the_lab() -> Iterator[None]:
    """Hold back a Ctrl-C, which a terminal sends to our whole group, until the lab has left it; then it is ours."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _command(where: Path, telling: int) -> list[str]:
    """Run this very safeshift, wherever it was imported from: the lab gets our module path as it is."""
    program = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from safeshift.lab.life import main; main()"
    path = [os.path.abspath(entry) for entry in sys.path]
    return [sys.executable, "-P", "-c", program, json.dumps(path), str(where), str(telling)]


def _hear(ears: io.FileIO) -> Mapping[str, str] | None:
    deadline, data = time.monotonic() + _START_S, b""
    while True:
        ready, _, _ = select.select([ears], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise LabError(f"the lab is not ready after {_START_S:.0f} s", hint="safeshift lab status")
        part = ears.read(65536)
        if not part:
            return json.loads(data) if data else None
        data += part
