"""One lab device: what all of its sessions share, and what outlives them.

Decides when configuration changes, when timers fire and what is kept on disk. How the device talks is in
``dialects/``; what its configuration does to traffic is in ``world.py``; who may log in is in ``sshd.py``.
Over 350 lines, because the timer, the sessions and the disk must change together or not at all.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING

from safeshift.errors import LabError
from safeshift.lab.around import Around
from safeshift.lab.dialects.catalog import dialect_named
from safeshift.lab.dialects.configtree import Node
from safeshift.lab.dialects.linux_sudo import Sudoers
from safeshift.lab.dialects.pending import Candidate, Guard
from safeshift.lab.faults import Fault, FaultKind, Faults

if TYPE_CHECKING:
    from safeshift.lab.dialects.terminal import Terminal

LOG_LINES = 100_000  # what the device's own log keeps; bounds the memory of a lab that is up for days
LONGEST_STATE = 4 << 20  # bytes of appended states before the file is written anew
BOOT_S = 5.0  # how long a reboot takes when nothing else is said
FOREIGN_USER = "carol"


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """What a device is when it is taken out of its box.

    Attributes:
        name: Its name in the lab.
        dialect: ``arista_eos``, ``cisco_ios`` or ``linux``.
        hostname: What it calls itself when its configuration names none; empty: ``name``.
        startup: Its startup configuration.
        users: Password by login name.
        authorized_keys: Public keys in OpenSSH's form, good for every user.
        enable_secret: What ``enable`` asks for; None: nothing is asked.
        addresses: A node's address by network (linux only), in the order of its interfaces eth1, eth2, ...
        latency_s: How long each answer takes, seconds.
        needs_enable: A login lands at ``>``.
        sudo: What a node's sudoers file says (linux only).

    """

    name: str
    dialect: str
    hostname: str = ""
    startup: str = ""
    users: Mapping[str, str] = field(default_factory=dict)
    authorized_keys: tuple[str, ...] = ()
    enable_secret: str | None = None
    addresses: Mapping[str, IPv4Interface] = field(default_factory=dict)
    version: str = ""
    model: str = ""
    serial: str = ""
    latency_s: float = 0.0
    needs_enable: bool = False
    sudo: Sudoers = Sudoers.PASSWORD


@dataclass(frozen=True, slots=True)
class Received:
    """One line a device got: when (monotonic seconds), in which session, from whom, in which mode."""

    at: float
    session: int
    user: str
    mode: str
    line: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one configuration line; ``answer`` is what the device said (empty: nothing)."""

    at: float
    session: int
    user: str
    line: str
    accepted: bool
    answer: str = ""


class Device:
    """One device of the lab.

    Guarantees:
        Used from one event loop only. Every change of the running configuration is on disk (when ``state_path``
        is given) and told to ``around`` before the call that made it returns. A device made again with the same
        ``state_path`` goes on where the last one stopped: a timer that came due meanwhile fires in ``start``.

    Raises:
        LabError: the dialect is unknown, or the state on disk is not readable.

    """

    def __init__(self, spec: DeviceSpec, around: Around, *, state_path: Path | None = None) -> None:
        self.spec = spec
        self.name = spec.name
        self.dialect = spec.dialect
        self.around = around
        self.faults = Faults()
        self.up = True
        self.booted_at = time.monotonic()
        self.received: deque[Received] = deque(maxlen=LOG_LINES)
        self.settled: deque[Settled] = deque(maxlen=LOG_LINES)
        self.console: deque[str] = deque(maxlen=200)
        self.terminals: dict[int, Terminal] = {}
        self.candidates: dict[str, Candidate] = {}
        self.guard: Guard | None = None
        self.files: dict[str, str] = {}
        self.changed_at = time.time()
        self.changed_by = ""
        self.saved_at: float | None = None
        self.on_way: list[Callable[[], None]] = []
        self._state_path = state_path
        self._terminal_count = 0
        self._kept_bytes = LONGEST_STATE  # the first state of a process goes into a new file
        self._timers: list[asyncio.TimerHandle] = []
        self._guard_timer: asyncio.TimerHandle | None = None
        self.config = dialect_named(spec.dialect)
        self.running: Node = self.config.read(spec.startup)
        self.startup: Node = self.running.copy()
        if state_path is not None and state_path.exists():
            self._load(state_path)
        self._told = self.config.write(self.running)
        self._saved = self.config.write(self.startup)

    # What it is ------------------------------------------------------------------------------------------------------

    @property
    def hostname(self) -> str:
        """Return what the device calls itself now."""
        return self.running.value("hostname") or self.spec.hostname or self.spec.name

    @property
    def uptime_s(self) -> float:
        """Return seconds since the last boot."""
        return time.monotonic() - self.booted_at

    def running_text(self) -> str:
        """Return what ``show running-config`` prints."""
        return self.config.show_running(self)

    def startup_text(self) -> str:
        """Return what ``show startup-config`` prints."""
        return self.config.show_startup(self)

    # Life ------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to count time; a timer that is overdue fires now. Must be called inside the event loop."""
        self._schedule_guard()

    def stop(self) -> None:
        """Stop counting time and end all sessions; what is pending stays on disk."""
        self._cancel_guard()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.drop_sessions()

    def reboot(self, down_s: float = BOOT_S) -> None:
        """Lose what was not saved, drop all sessions, and be gone for a while."""
        self.running = self.startup.copy()
        self._told = self.config.write(self.running)
        self.candidates.clear()
        self._cancel_guard()
        self.guard = None
        self.up = False
        self.drop_sessions()
        self._keep()
        self._tell_way()
        self.around.changed(self.name)
        self._later(down_s, self._boot)

    def _boot(self) -> None:
        self.up = True
        self.booted_at = time.monotonic()
        self._tell_way()
        self.around.changed(self.name)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers = [timer for timer in self._timers if timer.when() > time.monotonic() and not timer.cancelled()]
        self._timers.append(asyncio.get_running_loop().call_later(seconds, act))

    # Sessions --------------------------------------------------------------------------------------------------------

    def attach(self, terminal: Terminal) -> int:
        """Register a session; return its number."""
        self._terminal_count += 1
        self.terminals[self._terminal_count] = terminal
        return self._terminal_count

    def detach(self, number: int) -> None:
        """Forget a session."""
        self.terminals.pop(number, None)

    def drop_sessions(self) -> None:
        """Cut every session without a word."""
        for terminal in tuple(self.terminals.values()):
            terminal.cut()

    def say(self, message: str, *, terminal: int = 0) -> None:
        """Put a line into the device's log and onto the consoles that listen (and onto one that must hear it)."""
        self.console.append(message)
        for number, session in tuple(self.terminals.items()):
            if session.monitoring or number == terminal:
                session.interject(message)

    def log_received(self, session: int, user: str, mode: str, line: str) -> None:
        """Write into the device's own log that a line came."""
        self.received.append(Received(time.monotonic(), session, user, mode, line))

    def log_settled(self, session: int, user: str, line: str, answer: str, *, accepted: bool) -> None:
        """Write into the device's own log what became of a configuration line."""
        self.settled.append(Settled(time.monotonic(), session, user, line, accepted, answer))

    # Configuration ---------------------------------------------------------------------------------------------------

    def commit(self, user: str, tree: Node | None = None) -> None:
        """Let the running configuration (or the tree given) be in force from now on."""
        if tree is not None:
            self.running = tree
        self.changed_at, self.changed_by = time.time(), user
        text, before = self.config.write(self.running), self._told
        self._told = text
        self._keep()
        if text != before:
            self.around.changed(self.name)

    def save(self) -> None:
        """Copy running to startup."""
        self.startup, self._saved = self.running.copy(), self._told
        self.saved_at = time.time()
        self._keep()

    def keep(self) -> None:
        """Put the state that changed beside the running configuration on disk."""
        self._keep()

    # The rollback timer ----------------------------------------------------------------------------------------------

    def arm(self, guard: Guard) -> None:
        """Start (or set anew) the pending rollback."""
        self.guard = guard
        self._schedule_guard()
        self._keep()

    def confirm(self) -> None:
        """Keep what is running, and stop the timer."""
        self._cancel_guard()
        self.guard = None
        self._keep()

    def roll_back(self) -> None:
        """Bring back what was saved when the timer was armed, now."""
        guard = self.guard
        if guard is None:
            return
        self._cancel_guard()
        self.guard = None
        self.candidates.pop(guard.name, None)
        self.say(self.config.rollback_message(self, guard), terminal=guard.terminal)
        self.commit(guard.user, guard.checkpoint.copy())

    def guard_left(self) -> float | None:
        """Return the seconds until the pending rollback; None when none is pending."""
        return None if self.guard is None else max(0.0, self.guard.deadline - time.time())

    def _schedule_guard(self) -> None:
        self._cancel_guard()
        guard, left = self.guard, self.guard_left()
        if guard is None or left is None:
            return
        warning = self.config.warning_s
        loop = asyncio.get_running_loop()
        if warning and not guard.warned and left > warning:
            self._guard_timer = loop.call_later(left - warning, self._warn)
        else:
            self._guard_timer = loop.call_later(left, self.roll_back)

    def _warn(self) -> None:
        if self.guard is None:
            return
        self.guard.warned = True
        self.say(self.config.warning_message(self, self.guard), terminal=self.guard.terminal)
        self._schedule_guard()

    def _cancel_guard(self) -> None:
        if self._guard_timer is not None:
            self._guard_timer.cancel()
            self._guard_timer = None

    # Faults ----------------------------------------------------------------------------------------------------------

    def inject(self, fault: Fault) -> None:
        """Let something go wrong from now on.

        Raises:
            LabError: the fault is another device's.

        """
        if fault.device != self.name:
            raise LabError(f"the fault is for {fault.device}, not for {self.name}")
        match fault.kind:
            case FaultKind.REBOOT:
                self.reboot(BOOT_S if fault.seconds is None else fault.seconds)
                return
            case FaultKind.FOREIGN_GUARD:
                self.config.arm_foreign(self, FOREIGN_USER, 600.0 if fault.seconds is None else fault.seconds)
                return
            case FaultKind.CUT_MANAGEMENT if fault.seconds is not None:
                self._later(fault.seconds, lambda: self.clear(fault.kind))
            case _:
                pass
        self.faults.add(fault)
        self._tell_faults(fault.kind)

    def clear(self, kind: FaultKind | None = None) -> None:
        """End the faults of a kind (None: all). What they did is not undone, but a foreign guard goes."""
        self.faults.clear(kind)
        if kind in (None, FaultKind.FOREIGN_GUARD) and self.guard is not None and self.guard.user == FOREIGN_USER:
            self.candidates.pop(self.guard.name, None)
            self.confirm()
        self._tell_faults(kind)

    def _tell_faults(self, kind: FaultKind | None) -> None:
        if kind in (None, FaultKind.CUT_MANAGEMENT, FaultKind.CHANGED_HOST_KEY):
            self._tell_way()
        if kind in (None, FaultKind.LINK_DOWN, FaultKind.STOP_ANSWERING):
            self.around.changed(self.name)
        for terminal in tuple(self.terminals.values()):
            terminal.wake()

    def _tell_way(self) -> None:
        for tell in tuple(self.on_way):
            tell()

    @property
    def silent(self) -> bool:
        """Tell whether the device keeps its connections and says nothing."""
        cut = self.faults.active(FaultKind.CUT_MANAGEMENT)
        return self.faults.active(FaultKind.HANG) is not None or (cut is not None and cut.when == "blackhole")

    # Disk ------------------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Append the whole state as one line: a line without its end was never kept, so a kill tears nothing.

        Renaming a new file over the old one for each change would cost milliseconds per configuration line.
        """
        path = self._state_path
        if path is None:
            return
        line = json.dumps(self._state()) + "\n"
        if self._kept_bytes + len(line) < LONGEST_STATE:
            with path.open("a", encoding="utf-8") as file:
                file.write(line)
        else:
            fresh = path.with_suffix(".new")
            fresh.write_text(line, encoding="utf-8")
            os.replace(fresh, path)
            self._kept_bytes = 0
        self._kept_bytes += len(line)

    def _state(self) -> dict[str, object]:
        text = self.config.write
        guard = self.guard
        return {
            "running": self._told,
            "startup": self._saved,
            "files": self.files,
            "changed": [self.changed_at, self.changed_by, self.saved_at],
            "candidates": [[c.name, c.user, text(c.tree), text(c.base), c.state] for c in self.candidates.values()],
            "guard": guard
            and [guard.name, guard.user, text(guard.checkpoint), guard.armed_at, guard.deadline, guard.idle],
        }

    def _load(self, path: Path) -> None:
        read = self.config.read
        try:
            *lines, torn = path.read_text(encoding="utf-8").split("\n")
            state = json.loads(lines[-1] if lines else torn)
            self.running, self.startup = read(state["running"]), read(state["startup"])
            self.files = dict(state["files"])
            self.changed_at, self.changed_by, self.saved_at = state["changed"]
            for name, user, tree, base, phase in state["candidates"]:
                self.candidates[name] = Candidate(name, user, read(tree), read(base), phase)
            if state["guard"]:
                name, user, checkpoint, armed_at, deadline, idle = state["guard"]
                self.guard = Guard(name, user, read(checkpoint), armed_at, deadline, idle)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabError(
                f"the state of lab device {self.name} cannot be read: {error}", hint=f"remove {path} to start it anew"
            ) from error
