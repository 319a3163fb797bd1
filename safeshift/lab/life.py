"""The lab's own process: launched by ``process.py``, with a state directory and where to tell how it went.

It starts the devices, says whether that worked, answers requests, and ends when it is told to, or when nobody has used
it for long. What the devices hold stays on disk unless the lab is taken down.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import secrets
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType

from safeshift.errors import SafeshiftError
from safeshift.lab.access import write_private
from safeshift.lab.control import Answer, ControlServer, Request
from safeshift.lab.faults import FaultKind, load_fault
from safeshift.lab.lab import USER
from safeshift.lab.order import ALIVE, LOG, Order, remove_state
from safeshift.lab.running import PUBLISHED, LabDevice, Origin, RunningLab

_TICK_S = 0.5


class _Life:
    """One lab's life in its own process: serves until it is told to end, or nobody has used it for long."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self._order = Order.read(where)
        self._boot = secrets.token_hex(8)
        self._lab = self._order.lab(where)
        self._control = ControlServer(self._act)
        self._used_at = time.monotonic()
        self._ending = threading.Event()
        self._taken_down = False

    def begin(self) -> None:
        """Start all devices and let requests in."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._lab.start()
        self._lab.run_beside(self._control.open(self._where))
        write_private(self._where / PUBLISHED, self._published().to_json())

    def last(self) -> None:
        """Serve until the end, then clean up; what the devices hold stays unless the lab was taken down."""
        while not self._ending.wait(_TICK_S) and time.monotonic() - self._used_at < self._order.idle_s:
            if self._lab.sessions():
                self._used_at = time.monotonic()
        self._lab.run_beside(self._control.close())
        self._lab.close()
        (self._where / PUBLISHED).unlink(missing_ok=True)
        if self._taken_down:
            remove_state(self._where)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._ending.set()

    def _published(self) -> RunningLab:
        lab = self._lab
        devices = tuple(LabDevice(name, lab.roster.dialects[name], *lab.address(name)) for name in lab.devices)
        return RunningLab(
            pid=os.getpid(),
            boot=self._boot,
            fabric=self._order.name,
            digest=self._order.digest,
            origin=Origin.RESUMED if lab.resumed else Origin.STARTED,
            idle_s=self._order.idle_s,
            state_dir=self._where,
            control=self._control.path,
            user=USER,
            password=lab.password,
            known_hosts=lab.known_hosts,
            inventory=lab.inventory,
            devices=devices,
            overrides={name: dict(one) for name, one in lab.overrides.items()},
        )

    def _act(self, request: Request) -> Answer:
        self._used_at, lab = time.monotonic(), self._lab
        match request:
            case {"do": "status"}:
                return {
                    "pid": os.getpid(),
                    "boot": self._boot,
                    "sessions": lab.sessions(),
                    "idle_s": self._order.idle_s,
                }
            case {"do": "running", "device": str(device)}:
                return {"text": lab.running(device)}
            case {"do": "startup", "device": str(device)}:
                return {"text": lab.startup(device)}
            case {"do": "received", "device": str(device)}:
                return {"lines": [dataclasses.astuple(line) for line in lab.received(device)]}
            case {"do": "inject", "fault": dict(fault)}:
                lab.inject(load_fault(fault))
            case {"do": "clear", "device": str(device), "kind": kind}:
                lab.clear(device, None if kind is None else FaultKind(kind))
            case {"do": "fail_link", "one": str(one), "other": str(other)}:
                lab.fail_link(one, other)
            case {"do": "mend_link", "one": str(one), "other": str(other)}:
                lab.mend_link(one, other)
            case {"do": "down"}:
                self._taken_down = True
                self._ending.set()
            case _:
                raise ValueError(f"{request.get('do')!r} with {sorted(request)}")
        return {}


def main() -> None:
    """Be the lab's process: arguments ``STATE_DIR FD``; what became of the start is told as one JSON object.

    Guarantees:
        Whoever launched this waits for a process that ends at once: the lab is nobody's child.
    """
    where, telling = Path(sys.argv[1]), int(sys.argv[2])
    if os.fork():
        os._exit(0)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # whoever launched us held signals back until we were on our own
    with (where / ALIVE).open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for others only as long as they look whether we live
        lock.write(str(os.getpid()))
        lock.flush()
        life, said = _start(where)
        os.write(telling, json.dumps(said).encode())
        os.close(telling)
        if life is not None:
            life.last()


def _start(where: Path) -> tuple[_Life | None, dict[str, str]]:
    try:
        life = _Life(where)
        life.begin()
    except SafeshiftError as error:
        return None, {"error": error.message, "hint": error.hint}
    except Exception as error:  # a bug: whoever waits must hear of it, and the log must have it whole
        traceback.print_exc()
        return None, {"error": f"the lab failed as it started: {error!r}", "hint": f"see {where / LOG}"}
    return life, {"error": "", "hint": ""}


if __name__ == "__main__":
    main()
