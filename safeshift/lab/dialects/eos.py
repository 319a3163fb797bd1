"""An EOS-like device's sessions: prompts, wording, configuration sessions with their commit timer, the exec commands.

The tables are ``eos_config.py`` (configuration) and ``eos_commands.py`` (exec commands). Over 350 lines, because each
exec command is a method of the session that it acts on.
"""

from __future__ import annotations

import json
import re
import time
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from safeshift.lab.dialects import eos_show, facts
from safeshift.lab.dialects.base import Wire
from safeshift.lab.dialects.configtree import Node, half_way
from safeshift.lab.dialects.eos_config import KINDS, LANGUAGE
from safeshift.lab.dialects.grammar import (
    AmbiguousError,
    Grammar,
    IncompleteError,
    LineError,
    Match,
    Word,
)
from safeshift.lab.dialects.language import Done
from safeshift.lab.dialects.pending import Candidate, Guard
from safeshift.lab.dialects.pinging import Ping, PingLoop
from safeshift.lab.dialects.router import Command, Editing, RouterTerminal
from safeshift.lab.dialects.terminal import Interrupted, SessionEnd
from safeshift.lab.dialects.tracing import Tracer, trace_linux, unknown_host
from safeshift.lab.faults import FaultKind

if TYPE_CHECKING:
    from safeshift.lab.device import Device

MOST_PENDING = 5  # sessions with uncommitted changes
_TOO_MANY = (
    "% Maximum number of pending sessions has been reached. "
    "Please commit or abort previous sessions before creating a new one.\n"
)
COPIED = "Copy completed successfully.\n"
SHOWN_NAME = 6  # how much of a session's name the prompt shows


class EosTerminal(RouterTerminal):
    """A session on an EOS-like device."""

    language = LANGUAGE
    more_prompt = "--More--"
    more_wipe = "\r\x1b[K"

    def __init__(self, device: Device, wire: Wire) -> None:
        super().__init__(device, wire)
        self.page_length = wire.rows or 24
        self.candidate: Candidate | None = None

    def prompt(self) -> str:
        """See ``Terminal``."""
        name = self.device.hostname
        if self.editing is None:
            return f"{name}{'#' if self.privileged else '>'}"
        session = f"-s-{self.candidate.name[:SHOWN_NAME]}" if self.candidate else ""
        title = self.editing.places[-1].title
        return f"{name}(config{session}{'-' + title if title else ''})#"

    def complain(self, error: LineError, words: tuple[Word, ...], line: str) -> str:
        """See ``RouterTerminal``."""
        match error:
            case AmbiguousError():
                return f"% Ambiguous command (at token {error.at}: '{error.word}')\n"
            case IncompleteError():
                last = words[min(error.at, len(words)) - 1]
                return f"% Incomplete command (at token {len(words) - 1}: '{last.text}')\n"
            case _:
                return f"% Invalid input (at token {error.at}: '{error.word}')\n"

    # Configuration mode ----------------------------------------------------------------------------------------------

    async def control(self, words: tuple[Word, ...], line: str) -> str | None:
        """See ``RouterTerminal``: EOS takes every exec command in configuration mode, once no line of it fits."""
        first = words[0].text.lower()
        mine = self.candidate
        if mine is not None and (mine.state != "pending" or self.device.candidates.get(mine.name) is not mine):
            self.leave(everything=True)
            return f"% Session {mine.name} was closed by another user\n"
        if first in ("end", "exit") or (first == "quit" and len(words) == 1):
            return self.leave(everything=first == "end")
        if self.candidate is not None and first in ("commit", "abort", "rollback"):
            return self._session_verb(words)
        if _is_command(words, first):
            return await self.run_command(words, line)
        return None

    def edited(self) -> Node:
        """See ``RouterTerminal``."""
        return self.candidate.tree if self.candidate is not None else self.device.running

    def leave(self, *, everything: bool) -> str:
        """Go up one level, or out."""
        assert self.editing is not None
        if everything or len(self.editing.places) == 1:
            self.editing = self.candidate = None
        else:
            self.editing.places = self.editing.places[:-1]
        return ""

    def leave_mode(self) -> None:
        """See ``Terminal``."""
        if self.editing is not None:
            self.leave(everything=True)

    def applied(self, done: Done) -> str:
        """See ``RouterTerminal``."""
        if self.candidate is None:
            self.device.commit(self.user)
        else:
            self.device.keep()
        return done.note + "\n" if done.note else ""

    def enter(self, match: Match[Command]) -> str:
        """``configure [terminal]``."""
        self.candidate, self.editing = None, Editing()
        return ""

    # Sessions --------------------------------------------------------------------------------------------------------

    def enter_session(self, match: Match[Command]) -> str:
        """``configure session [NAME]``."""
        device = self.device
        name = match.args[0] if match.args else f"sess-{self.number}-{int(time.monotonic() * 1000)}"
        candidate = device.candidates.get(name)
        if candidate is not None and candidate.state != "pending":
            return f"% Cannot enter session {name}: it was committed\n"
        if candidate is None:
            pending = sum(1 for other in device.candidates.values() if other.state == "pending")
            if pending >= MOST_PENDING:
                return _TOO_MANY
            candidate = Candidate(name, self.user, device.running.copy(), device.running.copy())
            device.candidates[name] = candidate
            device.keep()
        self.candidate, self.editing = candidate, Editing()
        return ""

    def session_commit(self, match: Match[Command]) -> str:
        """``configure session NAME commit [timer HH:MM:SS]``."""
        return self._commit(match.args[0], match.args[1] if len(match.args) > 1 else None)

    def session_abort(self, match: Match[Command]) -> str:
        """``configure session NAME abort``."""
        return self._abort(match.args[0])

    def _session_verb(self, words: tuple[Word, ...]) -> str:
        assert self.candidate is not None
        texts = [word.text for word in words]
        try:
            verb = _VERBS.match(texts)
        except LineError as error:
            return self.complain(error, words, " ".join(texts))
        name = self.candidate.name
        if verb.rule == "rollback":
            self.candidate.tree = Node("", "")
            self.editing = Editing()
            self.device.keep()
            return ""
        answer = self._abort(name) if verb.rule == "abort" else self._commit(name, *verb.args)
        if not answer.startswith("%"):
            self.editing = self.candidate = None
        return answer

    def _commit(self, name: str, timer: str | None = None) -> str:
        device, guard = self.device, self.device.guard
        candidate = device.candidates.get(name)
        if candidate is None or candidate.state == "completed":
            return f"% Session {name} not found\n"
        if guard is not None and guard.name != name:
            return f"% Cannot commit session {name}: session {guard.name} has a pending commit timer\n"
        seconds = timer_seconds(timer) if timer else None
        if guard is not None:
            return self._settle_guard(candidate, guard, seconds)
        if device.faults.due(FaultKind.APPLY_HALF, name):
            device.commit(self.user, half_way(device.running, candidate.tree))
            return f"% Error: session {name} could not be committed completely\n"
        checkpoint = device.running.copy()
        if not device.faults.due(FaultKind.IGNORE, f"configure session {name} commit"):
            device.commit(self.user, candidate.tree.copy())
        if seconds is None:
            _complete(device, candidate)
            return ""
        candidate.state = "committed"
        now = time.time()
        device.arm(Guard(name, self.user, checkpoint, now, now + seconds, terminal=self.number))
        return ""

    def _settle_guard(self, candidate: Candidate, guard: Guard, seconds: int | None) -> str:
        """Confirm a commit whose timer runs, or set the timer anew."""
        if seconds is None:
            self.device.confirm()
            _complete(self.device, candidate)
        else:
            guard.deadline, guard.warned = time.time() + seconds, False
            self.device.arm(guard)
        return ""

    def _abort(self, name: str) -> str:
        device = self.device
        if name not in device.candidates or device.candidates[name].state == "completed":
            return f"% Session {name} not found\n"
        if device.guard is not None and device.guard.name == name:
            device.roll_back()
        device.candidates.pop(name, None)
        device.keep()
        return ""

    # Exec ------------------------------------------------------------------------------------------------------------

    async def run_match(self, match: Match[Command], filters: tuple[tuple[str, ...], ...]) -> str:
        """See ``RouterTerminal``; ``| json`` is another answer, not a filter."""
        if any(name == "json" for name, *_ in filters):
            if match.rule.json is None:
                return "% This is an unconverted command\n"
            return json.dumps(match.rule.json(self, match), indent=4) + "\n"
        return await super().run_match(match, filters)

    async def enable(self, match: Match[Command]) -> str:
        """``enable``."""
        secret = self.device.spec.enable_secret
        for _ in range(3) if secret is not None and not self.privileged else ():
            if await self.ask("Password: ", echo=False) == secret:
                break
        else:
            if secret is not None and not self.privileged:
                return "% Bad secret\n"
        self.privileged = True
        return ""

    def disable(self, match: Match[Command]) -> str:
        """``disable``."""
        self.privileged = False
        return ""

    def quit(self, match: Match[Command]) -> str:
        """``exit``."""
        raise SessionEnd(0)

    def save(self, match: Match[Command]) -> str:
        """``write memory`` and ``copy running-config startup-config``."""
        self.device.save()
        return COPIED

    def copy(self, match: Match[Command]) -> str:
        """``copy ... flash:FILE``."""
        device, source = self.device, match.words[1]
        tree = device.startup if source == "startup-config" else device.running
        device.files[match.args[-1]] = eos_show.body(tree)
        device.keep()
        return COPIED

    def replace(self, match: Match[Command]) -> str:
        """``configure replace flash:FILE``."""
        text = self.device.files.get(match.args[0])
        if text is None:
            return f"% Error opening {match.args[0]} (No such file or directory)\n"
        self.device.commit(self.user, LANGUAGE.read(text))
        return ""

    def set_length(self, match: Match[Command]) -> str:
        """``terminal length``."""
        self.page_length = int(match.args[0])
        return "Pagination disabled.\n" if self.page_length == 0 else f"Pagination set to {match.args[0]} lines.\n"

    def set_width(self, match: Match[Command]) -> str:
        """``terminal width``."""
        return f"Width set to {match.args[0]} columns.\n"

    def monitor(self, match: Match[Command]) -> str:
        """``terminal [no] monitor``."""
        self.monitoring = "no" not in match.words
        return ""

    async def reload(self, match: Match[Command]) -> str:
        """``reload``."""
        if len(match.words) == 1:
            answer = await self.ask("Proceed with reload? [confirm]")
            if answer.strip().lower() not in ("", "y", "yes"):
                return "Reload aborted.\n"
        self.device.reboot()
        raise SessionEnd(0)

    async def ping(self, match: Match[Command]) -> str:
        """``ping``: the words after the target in any order."""
        options = (
            dict(zip(match.args[1].split()[::2], match.args[1].split()[1::2], strict=False)) if match.args[1:] else {}
        )
        found = {full: options[k] for k in options for full in _PING_OPTIONS if full.startswith(k.lower())}
        try:
            target = IPv4Address(match.args[0])
            count, size = int(found.get("repeat", 5)), int(found.get("size", 72))
            timeout, interval = float(found.get("timeout", 10)), float(found.get("interval", 0.2))
        except ValueError:
            return f"ping: {match.args[0]}: Name or service not known\n"
        source = self._source(found.get("source"))
        ping = Ping(target, source, count=count, interval_s=interval, timeout_s=timeout, size=size)
        try:
            await PingLoop(self.device, self.emit, self.pause).run([ping])
        except Interrupted:
            return ""
        return ""

    async def trace(self, match: Match[Command]) -> str:
        """``traceroute``: Linux's own."""
        vrf = match.words[1].lower() == "vrf"
        host, *rest = match.args[1:] if vrf else match.args
        words = " ".join(rest).split()
        try:
            target = IPv4Address(host)
        except ValueError:
            return unknown_host(host)
        source = self._source(words[words.index("source") + 1]) if "source" in words[:-1] else None
        try:
            known = await trace_linux(Tracer(self.device, self.emit, self.pause), target, source)
        except Interrupted:
            return "\n"
        return "" if known else "connect: Network is unreachable\n"

    def _source(self, name: str | None) -> IPv4Address | None:
        if name is None:
            return None
        try:
            return IPv4Address(name)
        except ValueError:
            taken = KINDS["if"]([name])
            face = facts.interface_named(self.device, taken[1]) if taken else None
            return face.address.ip if face and face.address else None


_PING_OPTIONS = ("repeat", "size", "timeout", "source", "interval", "df-bit")
_VERBS: Grammar[str] = Grammar(
    (("commit [timer <hms>]", "commit"), ("abort", "abort"), ("rollback clean-config", "rollback")),
    {"hms": lambda words: (1, words[0]) if timer_seconds(words[0]) else None},
)


def timer_seconds(text: str) -> int | None:
    """Read ``HH:MM:SS``; None when it is not that, or nothing."""
    match = re.fullmatch(r"(\d{1,2}):(\d{1,2}):(\d{1,2})", text)
    if match is None:
        return None
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3]) or None


def _complete(device: Device, candidate: Candidate) -> None:
    """Mark a session as done; the device remembers only the last one."""
    for other in tuple(device.candidates.values()):
        if other.state == "completed":
            del device.candidates[other.name]
    candidate.state = "completed"
    device.keep()


def _is_command(words: tuple[Word, ...], first: str) -> bool:
    """Tell whether a line in configuration mode is an exec command."""
    if first == "ping" or first == "configure" or (first.startswith("conf") and "configure".startswith(first)):
        return True
    if len(first) >= 2 and any(verb.startswith(first) for verb in ("show", "write", "terminal")):
        return True
    return first in ("copy", "enable", "reload") and len(words) <= 3
