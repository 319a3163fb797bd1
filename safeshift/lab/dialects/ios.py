"""An IOS-XE-like device's sessions: prompts, wording, the rollback timer armed before a change, the exec commands.

The tables are ``ios_config.py`` (configuration) and ``ios_commands.py`` (exec commands). Over 350 lines, because each
exec command is a method of the session that it acts on.
"""

from __future__ import annotations

import time
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from safeshift.lab.dialects import facts, ios_show
from safeshift.lab.dialects.configtree import Node
from safeshift.lab.dialects.grammar import AmbiguousError, IncompleteError, LineError, Match, Word, split_words
from safeshift.lab.dialects.ios_config import KINDS, LANGUAGE
from safeshift.lab.dialects.language import ROOT, Done, Place
from safeshift.lab.dialects.pending import Guard
from safeshift.lab.dialects.router import Command, Editing, RouterTerminal
from safeshift.lab.dialects.terminal import Interrupted, SessionEnd
from safeshift.lab.dialects.tracing import IOS_LOST_S, Tracer, trace_ios

if TYPE_CHECKING:
    pass

LONGEST_SHOWN_NAME = 20  # of a hostname, inside configuration mode
WARNING_S = 60.0  # the device warns this long before it rolls back
_NONE_PENDING = "%No Rollback Confirmed Change pending\n"
_OTHER_USER = "%Error: Rollback Confirmed Change was initiated by another user\n"
_ARCHIVE_OFF = "%Please turn config archive on\n"
_BANNER = "Enter configuration commands, one per line.  End with CNTL/Z.\n"


class IosTerminal(RouterTerminal):
    """A session on an IOS-XE-like device."""

    language = LANGUAGE

    def prompt(self) -> str:
        """See ``Terminal``."""
        name = self.device.hostname
        if self.editing is None:
            return f"{name}{'#' if self.privileged else '>'}"
        return f"{name[:LONGEST_SHOWN_NAME]}({self.editing.places[-1].title or 'config'})#"

    def greeting(self) -> str:
        """See ``Terminal``."""
        return "\n"

    def complain(self, error: LineError, words: tuple[Word, ...], line: str) -> str:
        """See ``RouterTerminal``."""
        match error:
            case AmbiguousError():
                return f'% Ambiguous command:  "{line.strip()}"\n'
            case IncompleteError():
                return "% Incomplete command.\n\n"
            case _:
                column = words[error.at].column if error.at < len(words) else len(line)
                return f"{' ' * (len(self.prompt()) + column)}^\n% Invalid input detected at '^' marker.\n\n"

    # Configuration mode ----------------------------------------------------------------------------------------------

    async def control(self, words: tuple[Word, ...], line: str) -> str | None:
        """See ``RouterTerminal``: IOS takes ``do`` before exec commands."""
        assert self.editing is not None
        first = words[0].text.lower()
        if first in ("end", "exit", "exit-address-family") and len(words) == 1:
            return self.leave(everything=first == "end")
        if first == "do" and len(words) > 1:
            rest = line[words[1].column :]
            return await self.run_command(split_words(rest), rest)
        return None

    def leave(self, *, everything: bool) -> str:
        """Go up one level, or out."""
        assert self.editing is not None
        if everything or len(self.editing.places) == 1:
            self.editing = None
            line = f"%SYS-5-CONFIG_I: Configured from console by {self.user} on vty0 ({self.wire.peer})"
            self.device.say(line)
        else:
            self.editing.places = self.editing.places[:-1]
        return ""

    def leave_mode(self) -> None:
        """See ``Terminal``."""
        if self.editing is not None:
            self.leave(everything=True)

    def applied(self, done: Done) -> str:
        """See ``RouterTerminal``."""
        self._touch_guard()
        self.device.commit(self.user)
        return done.note

    def _touch_guard(self) -> None:
        """Start an idle timer anew."""
        guard = self.device.guard
        if guard is not None and guard.idle and guard.user == self.user:
            length = guard.deadline - guard.armed_at
            guard.armed_at, guard.warned = time.time(), False
            guard.deadline = guard.armed_at + length
            self.device.arm(guard)

    def enter(self, match: Match[Command]) -> str:
        """``configure terminal``."""
        self.editing = Editing()
        return _BANNER

    # The rollback timer ----------------------------------------------------------------------------------------------

    def enter_guarded(self, match: Match[Command]) -> str:
        """``configure terminal revert timer N`` (or ``idle N``)."""
        if ios_show.archive_path(self.device) is None:
            return _ARCHIVE_OFF
        if self.device.guard is not None:
            return "%Rollback Confirmed Change already pending, please confirm or revert it first\n"
        name = self._arm(int(match.args[0]), idle="idle" in match.words)
        self.editing = Editing()
        return f"Rollback Confirmed Change: Backing up current running config to {name}\n\n{_BANNER}"

    def _arm(self, minutes: int, *, idle: bool) -> str:
        device, now = self.device, time.time()
        millis = time.strftime("%b-%e-%H-%M-%S.000", time.gmtime(now)).replace(" ", "")
        name = f"{ios_show.archive_path(device)}-{millis}-{len(ios_show.archive_files(device))}"
        device.files[name] = ios_show.body(device.running)
        guard = Guard(name, self.user, device.running.copy(), now, now + 60 * minutes, idle, self.number)
        device.arm(guard)
        device.say(f"%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_BACKUP: Backing up current running config to {name}")
        return name

    def _mine(self) -> str:
        """Say why the pending rollback may not be touched; empty: it may."""
        guard = self.device.guard
        if guard is None:
            return _NONE_PENDING
        return "" if guard.user == self.user else _OTHER_USER

    def confirm(self, match: Match[Command]) -> str:
        """``configure confirm``."""
        refusal = self._mine()
        if not refusal:
            self.device.confirm()
            self.device.say(
                f"%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_CONFIRM: User: {self.user}: Confirm the configuration change"
            )
        return refusal

    def revert_now(self, match: Match[Command]) -> str:
        """``configure revert now``."""
        refusal = self._mine()
        if not refusal:
            assert self.device.guard is not None
            self.device.guard.terminal = self.number
            self.device.roll_back()
        return refusal

    def retime(self, match: Match[Command]) -> str:
        """``configure revert timer N`` (or ``timer idle N``)."""
        refusal = self._mine()
        guard = self.device.guard
        if not refusal and guard is not None:
            guard.armed_at, guard.warned, guard.idle = time.time(), False, "idle" in match.words
            guard.deadline = guard.armed_at + 60 * int(match.args[0])
            self.device.arm(guard)
        return refusal

    # Files -----------------------------------------------------------------------------------------------------------

    def save(self, match: Match[Command]) -> str:
        """``write memory``."""
        self.device.save()
        return "Building configuration...\n[OK]\n"

    async def save_by_copy(self, match: Match[Command]) -> str:
        """``copy running-config startup-config``."""
        if not self._quiet():
            await self.ask("Destination filename [startup-config]? ")
        self.device.save()
        return "Building configuration...\n[OK]\n"

    def _quiet(self) -> bool:
        return self.device.running.child("file prompt quiet") is not None

    async def copy_out(self, match: Match[Command]) -> str:
        """``copy running-config FILE``."""
        name = match.args[0]
        if not self._quiet():
            short = name.partition(":")[2].lstrip("/")
            await self.ask(f"Destination filename [{short}]? ")
        tree = self.device.startup if match.words[1] == "startup-config" else self.device.running
        text = ios_show.body(tree)
        self.device.files[_file(name)] = text
        self.device.keep()
        return f"{len(text)} bytes copied in 0.104 secs ({len(text) * 10} bytes/sec)\n"

    async def copy_in(self, match: Match[Command]) -> str:
        """``copy FILE running-config``: the file's lines, as if typed."""
        text = self.device.files.get(_file(match.args[0]))
        if text is None:
            return f"%Error opening {match.args[0]} (No such file or directory)\n"
        if not self._quiet():
            await self.ask("Destination filename [running-config]? ")
        kept, self.editing = self.editing, Editing((Place(ROOT),))
        answers = []
        for line in text.splitlines():
            if line.strip() and line.strip() not in ("!", "end"):
                answers.append(await self.configure(split_words(line), line))
        self.editing = kept
        return "".join(answers) + f"{len(text)} bytes copied in 0.104 secs ({len(text) * 10} bytes/sec)\n"

    async def replace(self, match: Match[Command]) -> str:
        """``configure replace FILE [list] [force] [time N] [revert trigger error [timer N]]``."""
        text = self.device.files.get(_file(match.args[0]))
        options = (match.args[1] if len(match.args) > 1 else "").split()
        minutes = next((int(word) for word in options if word.isdigit()), None)
        if text is None:
            return f"%Error: {match.args[0]} is not a valid config file\n"
        if minutes is not None and ios_show.archive_path(self.device) is None:
            return _ARCHIVE_OFF
        if "force" not in options:
            answer = await self.ask(_REPLACE_QUESTION)
            if answer.strip().lower() not in ("y", "yes"):
                return ""
        if minutes is not None:
            self._arm(minutes, idle=False)
        self.device.commit(self.user, LANGUAGE.read(text))
        return "Total number of passes: 1\nRollback Done\n\n"

    def directory(self, match: Match[Command]) -> str:
        """``dir``."""
        wanted = _file(match.args[0]) if match.args else "flash:"
        if wanted in self.device.files:
            text = f"Directory of {match.args[0]}\n\n  1  -rw-  {len(self.device.files[wanted])}   {wanted[6:]}\n"
        elif wanted.endswith(":"):
            text = f"Directory of {wanted}/\n\n"
            files = sorted(self.device.files.items())
            text += "".join(
                f"  {at}  -rw-  {len(body)}   {name[6:]}\n" for at, (name, body) in enumerate(files, start=1)
            )
        else:
            return f"%Error opening {match.args[0]} (No such file or directory)\n"
        return text + f"\n{ios_show.FLASH_BYTES} bytes total ({ios_show.FLASH_BYTES // 2} bytes free)\n"

    def more(self, match: Match[Command]) -> str:
        """``more FILE``."""
        text = self.device.files.get(_file(match.args[0]))
        return text if text is not None else f"%Error opening {match.args[0]} (No such file or directory)\n"

    def differences(self, match: Match[Command]) -> str:
        """``show archive config differences [FILE [FILE]]``: the second file defaults to the running configuration."""
        trees: list[Node] = []
        for name in match.args or ("nvram:startup-config",):
            tree = self._config_named(name)
            if tree is None:
                return f"%Error opening {name} (No such file or directory)\n"
            trees.append(tree)
        return ios_show.difference_text(trees[0], trees[1] if len(trees) > 1 else self.device.running)

    def _config_named(self, name: str) -> Node | None:
        if name.endswith("running-config"):
            return self.device.running
        if name.endswith("startup-config"):
            return self.device.startup
        text = self.device.files.get(_file(name))
        return None if text is None else LANGUAGE.read(text)

    # Exec ------------------------------------------------------------------------------------------------------------

    async def enable(self, match: Match[Command]) -> str:
        """``enable``."""
        secret = self.device.spec.enable_secret
        if secret is None or self.privileged:
            self.privileged = True
            return ""
        for _ in range(3):
            if await self.ask("Password: ", echo=False) == secret:
                self.privileged = True
                return ""
        return "% Bad secrets\n\n"

    def disable(self, match: Match[Command]) -> str:
        """``disable``."""
        self.privileged = False
        return ""

    def quit(self, match: Match[Command]) -> str:
        """``exit``."""
        raise SessionEnd(0)

    def set_length(self, match: Match[Command]) -> str:
        """``terminal length``."""
        self.page_length = int(match.args[0])
        return ""

    def accept(self, match: Match[Command]) -> str:
        """Take a command that changes nothing the lab shows."""
        return ""

    def monitor(self, match: Match[Command]) -> str:
        """``terminal [no] monitor``."""
        self.monitoring = "no" not in match.words
        return ""

    async def reload(self, match: Match[Command]) -> str:
        """``reload``: asks, as the device does, whether to save first."""
        device = self.device
        if ios_show.body(device.running) != ios_show.body(device.startup):
            answer = await self.ask("\nSystem configuration has been modified. Save? [yes/no]: ")
            if answer.strip().lower().startswith("y"):
                device.save()
        answer = await self.ask("Proceed with reload? [confirm]")
        if answer.strip().lower() not in ("", "y", "yes"):
            return ""
        device.reboot()
        raise SessionEnd(0)

    async def ping(self, match: Match[Command]) -> str:
        """``ping``: the words after the target in any order."""
        words = [arg for arg in match.args[-1].split()] if len(match.args) > 1 else []
        options = {full: value for typed, value in _pairs(words) for full in _PING if full.startswith(typed.lower())}
        try:
            target = IPv4Address(match.args[0])
        except ValueError:
            return f'Translating "{match.args[0]}"\n% Unrecognized host or address, or protocol not running.\n\n'
        try:
            count, size = int(options.get("repeat", 5)), int(options.get("size", 100))
            timeout = int(options.get("timeout", 2))
        except ValueError:
            return "% Invalid input detected at '^' marker.\n\n"
        source = self._source(options.get("source"))
        self.emit("Type escape sequence to abort.\n")
        self.emit(f"Sending {count}, {size}-byte ICMP Echos to {target}, timeout is {timeout} seconds:\n")
        if source is not None:
            self.emit(f"Packet sent with a source address of {source} \n")
        return await self._ping(target, source, count=count, timeout_s=timeout)

    async def _ping(self, target: IPv4Address, source: IPv4Address | None, *, count: int, timeout_s: int) -> str:
        rtts: list[float] = []
        sent = 0
        try:
            while sent < count:
                rtt = self.device.around.ping(self.device.name, target, source)
                if rtt is not None and rtt <= timeout_s * 1000:
                    await self.pause(rtt / 1000)
                    rtts.append(rtt)
                    self.emit("!")
                else:
                    await self.pause(timeout_s)
                    self.emit(".")
                sent += 1
        except Interrupted:
            sent = max(sent, len(rtts))
        return f"\n{_success_rate(sent, rtts)}\n"

    async def trace(self, match: Match[Command]) -> str:
        """``traceroute``: the words after the target in any order."""
        host, *rest = match.args[1:] if match.words[1].lower() == "vrf" else match.args
        options = {
            full: value
            for typed, value in _pairs(" ".join(rest).replace("numeric", "").split())
            for full in _TRACE
            if full.startswith(typed.lower())
        }
        try:
            target = IPv4Address(host)
        except ValueError:
            return f'Translating "{host}"\n% Unrecognized host or address.\n\n'
        seconds = options.get("timeout", "")
        timeout_s = float(seconds) if seconds.isdigit() else IOS_LOST_S
        tracer = Tracer(self.device, self.emit, self.pause)
        return await trace_ios(tracer, target, self._source(options.get("source")), timeout_s=timeout_s)

    def _source(self, name: str | None) -> IPv4Address | None:
        if name is None:
            return None
        try:
            return IPv4Address(name)
        except ValueError:
            taken = KINDS["if"]([name])
            face = facts.interface_named(self.device, taken[1]) if taken else None
            return face.address.ip if face and face.address else None


_PING = ("repeat", "size", "timeout", "source", "df-bit")
_TRACE = ("source", "timeout")
_REPLACE_QUESTION = (
    "This will apply all necessary additions and deletions\n"
    "to replace the current running configuration with the\n"
    "contents of the specified configuration file, which is\n"
    "assumed to be a complete configuration, not a partial\n"
    "configuration. Enter Y if you are sure you want to proceed. ? [no]: "
)


def _success_rate(sent: int, rtts: list[float]) -> str:
    text = f"Success rate is {100 * len(rtts) // sent if sent else 0} percent ({len(rtts)}/{sent})"
    if not rtts:
        return text
    low, mean, high = (max(1, round(value)) for value in (min(rtts), sum(rtts) / len(rtts), max(rtts)))
    return f"{text}, round-trip min/avg/max = {low}/{mean}/{high} ms"


def _pairs(words: list[str]) -> tuple[tuple[str, str], ...]:
    kept = [word for word in words if not "df-bit".startswith(word.lower())]
    return tuple(zip(kept[::2], kept[1::2], strict=False))


def _file(name: str) -> str:
    """Write a file's name in one form: ``flash:/x`` and ``bootflash:x`` are ``flash:x``."""
    system, _, path = name.partition(":")
    return f"flash:{path.lstrip('/')}" if path or system in ("flash", "bootflash") else f"{system}:"
