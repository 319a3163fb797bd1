"""A Linux node's sessions: a shell just big enough for the commands that observers and their operators type.

Decides how lines are split into commands, which run side by side, and as whom. Pings run in ``pinging.py``, the small
commands are in ``linux_tools.py``, sudo's rules in ``linux_sudo.py``, splitting in ``linux_lines.py``.
Over 350 lines, because a line passes splitting, joints, jobs, sudo and redirections in this order.
"""

from __future__ import annotations

import shlex
import time
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from safeshift.lab.dialects.base import Wire
from safeshift.lab.dialects.configtree import Node, new_tree
from safeshift.lab.dialects.linux_filters import is_filter, run_filter
from safeshift.lab.dialects.linux_lines import split_commands, split_pipes, without_redirections
from safeshift.lab.dialects.linux_sudo import USAGE, Wish, read_wish, refusal_of
from safeshift.lab.dialects.linux_tools import TOOLS, Result, identity, interfaces, read_file
from safeshift.lab.dialects.pending import Guard
from safeshift.lab.dialects.pinging import Ping, PingLoop
from safeshift.lab.dialects.terminal import Interrupted, SessionEnd, Terminal
from safeshift.lab.dialects.tracing import MOST_HOPS, Tracer, trace_linux, unknown_host

if TYPE_CHECKING:
    from safeshift.lab.device import Device

_SILENT = ("true", ":", "export", "unset", "stty", "set", "trap")
_PING_VALUES = {"-c": "count", "-i": "interval_s", "-W": "timeout_s", "-w": "deadline_s", "-s": "size", "-I": "source"}
_PING_FLAGS = {"-n": "", "-q": "quiet", "-O": "tell_missing", "-D": "stamps", "-4": "", "-B": ""}


class UsageError(Exception):
    """A command was called wrongly; ``str()`` is what it prints."""


class LinuxTerminal(Terminal):
    """A shell on a node."""

    def __init__(self, device: Device, wire: Wire) -> None:
        super().__init__(device, wire)
        self._status = 0
        self._background: list[tuple[int, list[str]]] = []
        self._jobs = 0
        self._users = [wire.user]  # who each shell inside the other runs as
        self._trusted = False
        self._piped: list[str] | None = None  # what the command prints goes here, not to the user: a pipe waits for it
        self._standard_input = ""

    def prompt(self) -> str:
        """See ``Terminal``."""
        return f"{self._me}@{self.device.hostname}:~{'#' if self._me == 'root' else '$'} "

    def mode(self) -> str:
        """See ``Terminal``."""
        return "root" if self._me == "root" else "shell"

    @property
    def _me(self) -> str:
        return self._users[-1]

    def status(self) -> int:
        """See ``Terminal``."""
        return self._status

    def greeting(self) -> str:
        """See ``Terminal``."""
        stamp = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime())
        return f"Last login: {stamp} from {self.wire.peer}\n"

    def leave_mode(self) -> None:
        """See ``Terminal``: a shell's prompt has no mode to leave."""

    def refuse(self, line: str, text: str) -> str:
        """See ``Terminal``."""
        self._status = 126
        return text or f"bash: {line.split()[0]}: Permission denied"

    # The shell -------------------------------------------------------------------------------------------------------

    async def execute(self, line: str) -> str:
        """See ``Terminal``."""
        try:
            commands = split_commands(line)
        except ValueError:
            self._status = 2
            return "bash: syntax error: unterminated quoted string\n"
        await self._run_all(commands)
        await self._finish_background()
        return ""

    async def _run_all(self, commands: list[tuple[list[str], str]]) -> None:
        """Run the parts of a line, each with the joint before it in mind."""
        joint = ";"
        for words, following in commands:
            skipped = (joint == "&&" and self._status != 0) or (joint == "||" and self._status == 0)
            joint = following
            if skipped:
                continue
            if following == "&":
                self._start(words)
            else:
                await self._run(words)

    def _start(self, words: list[str]) -> None:
        self._jobs += 1
        self._background.append((self._jobs, words))
        if self.wire.command is None:
            self.emit(f"[{self._jobs}] {20_000 + self.number * 100 + self._jobs}\n")

    async def _finish_background(self) -> None:
        """Run what was started with ``&`` to its end; several pings run side by side.

        A shell would show its prompt meanwhile. The lab's comes when the jobs are done: nobody who scripts a node
        types into it while pings run.
        """
        jobs, self._background = self._background, []
        pings: list[Ping] = []
        for _, words in jobs:
            ping = self._as_ping(words)
            if ping is not None:
                pings.append(ping)
            else:
                await self._run(words)
        if pings:
            await self._ping_all(pings)
        for number, words in jobs if self.wire.command is None else ():
            self.emit(f"[{number}]   Done                    {shlex.join(words)}\n")
        self._jobs = 0

    def _as_ping(self, words: list[str]) -> Ping | None:
        words = words[1:] if words[:1] == ["exec"] else words
        if words[:1] != ["ping"]:
            return None
        try:
            return self._parse_ping(words[1:])
        except UsageError as error:
            self._print(Result(str(error), 2, error=True))
            return None

    async def _run(self, words: list[str]) -> None:
        """Run a command, or several with pipes between them: one after the other, each with what the last printed."""
        *first, last = split_pipes(words)
        if first and not (last and all(first)):
            self._print(Result("bash: syntax error near unexpected token `|'", 2, error=True))
            self._status = 2
            return
        try:
            for part in first:
                self._piped = []
                await self._run_one(part)
                self._standard_input = "".join(self._piped)
                self._piped = None
            await self._run_one(last)
        finally:
            self._piped, self._standard_input = None, ""

    def _put(self, text: str) -> None:
        """Print what a command prints: to the user, or into the pipe behind it."""
        if self._piped is None:
            self.emit(text)
        else:
            self._piped.append(text)

    async def _run_one(self, words: list[str]) -> None:
        words, muted = without_redirections(words)
        words = [word.replace("$?", str(self._status)) for word in words]
        if not words:
            return
        if words[0] == "wait":
            await self._finish_background()
            self._status = 0
            return
        try:
            result = await self._command(words)
        except UsageError as error:
            result = Result(str(error), 2, error=True)
        self._status = result.status
        if result.error or not muted:
            self._print(result)
        if words[0] == "exec" and len(words) > 1:
            raise SessionEnd(self._status)

    def _print(self, result: Result) -> None:
        if result.text:
            put = self.complain_aside if result.error else self._put
            put(result.text if result.text.endswith("\n") or result.raw else result.text + "\n")

    async def _command(self, words: list[str]) -> Result:
        name, args = words[0].removeprefix("/usr/bin/"), words[1:]
        match name:
            case "exec" if args:
                return await self._command(args)
            case "ping" if args == ["-V"]:
                return Result("ping from iputils 20221126")
            case "ping":
                ping = self._parse_ping(args)
                await self._ping_all([ping])
                return Result("", ping.status())
            case "traceroute":
                return await self._trace(args)
            case "exit" | "logout":
                return self._exit(args)
            case "sudo":
                return await self._sudo_command(args)
            case _:
                answer = self._answer(name, args)
                return Result(f"bash: {name}: command not found", 127, error=True) if answer is None else answer

    def _exit(self, args: list[str]) -> Result:
        if len(self._users) > 1:
            self._users.pop()
            return Result("exit")
        if self.wire.command is None:
            self.emit("logout\n")
        raise SessionEnd(int(args[0]) if args and args[0].isdigit() else self._status)

    # sudo ------------------------------------------------------------------------------------------------------------

    async def _sudo_command(self, args: list[str]) -> Result:
        wish = read_wish(args)
        if isinstance(wish, str) or not (wish.command or wish.switches & set("sivk")):
            return Result(wish if isinstance(wish, str) else USAGE, 1, error=True)
        refusal = await self._sudo_refusal(wish)
        if refusal is not None:
            return Result(refusal, 1, error=True)
        if wish.shell:
            self._users.append(wish.user)
            return Result()
        if not wish.command:
            return Result()
        self.device.log_received(self.number, wish.user, "sudo", shlex.join(wish.command))
        self._users.append(wish.user)
        try:
            result = await self._command(list(wish.command))
        finally:
            self._users.pop()
        if result.status == 127:
            return Result(f"sudo: {wish.command[0]}: command not found", 1, error=True)
        return result

    async def _sudo_refusal(self, wish: Wish) -> str | None:
        if wish.user not in ("root", *self.device.spec.users):
            return f"sudo: unknown user {wish.user}\nsudo: error initializing audit plugin sudoers_audit"
        if self._me == "root" or self._trusted:
            return None
        refusal = await refusal_of(
            wish,
            self.device.spec.sudo,
            self._me,
            self.device.spec.users.get(self._me),
            host=self.device.hostname,
            terminal=self.wire.pty,
            ask=self._ask_password,
            complain=self.complain_aside,
        )
        self._trusted = refusal is None
        return refusal

    async def _ask_password(self, question: str) -> str:
        """Ask where the user is: at the terminal, or, without one, on standard error and standard input."""
        if self.wire.pty:
            return await self.ask(question, echo=False)
        self.complain_aside(question)
        given = ""
        while (key := await self.read_key()) not in ("\r", "\n"):
            given += key
        return given.encode("latin-1").decode("utf-8", "replace")

    # Pings -----------------------------------------------------------------------------------------------------------

    async def _ping_all(self, pings: list[Ping]) -> None:
        try:
            await PingLoop(self.device, self._put, self.pause).run(pings)
        except Interrupted:
            self._status = 130
            raise

    async def _trace(self, args: list[str]) -> Result:
        values, flags, rest = dict[str, str](), set[str](), list(args)
        target = ""
        while rest:
            word = rest.pop(0)
            if word in ("-s", "-m", "-w", "-q"):
                values[word] = rest.pop(0) if rest else ""
            elif word in ("-n", "-I"):
                flags.add(word)
            elif word.startswith("-"):
                raise UsageError(f"Bad option `{word}' (argc 1)")
            else:
                target = target or word
        try:
            address = IPv4Address(target)
        except ValueError:
            usage = "Usage: traceroute [ -n ] [ -m max_ttl ] [ -s src_addr ] host"
            raise UsageError(unknown_host(target) if target else usage) from None
        most = values.get("-m", str(MOST_HOPS))
        if not most.isdigit():
            raise UsageError(f"Cannot handle `-m' option with arg `{most}' (argc 1)")
        source = self._source(values.get("-s"), who="")
        known = await trace_linux(
            Tracer(self.device, self._put, self.pause), address, source, most=int(most), named="-n" not in flags
        )
        return Result() if known else Result("connect: Network is unreachable", 1, error=True)

    def _parse_ping(self, args: list[str]) -> Ping:
        options: dict[str, str] = {}
        target = ""
        rest = list(args)
        while rest:
            word = rest.pop(0)
            if word in _PING_FLAGS:
                options[_PING_FLAGS[word]] = "1"
            elif word[:2] in _PING_VALUES:
                value = word[2:] or (rest.pop(0) if rest else "")
                options[_PING_VALUES[word[:2]]] = value
            elif word.startswith("-") and len(word) > 2 and all(f"-{letter}" in _PING_FLAGS for letter in word[1:]):
                options |= {_PING_FLAGS[f"-{letter}"]: "1" for letter in word[1:]}
            elif word.startswith("-"):
                raise UsageError(f"ping: invalid option -- '{word[1:2]}'")
            else:
                target = word
        return self._make_ping(target, options)

    def _make_ping(self, target: str, options: dict[str, str]) -> Ping:
        if not target:
            raise UsageError("ping: usage error: Destination address required")
        try:
            address = IPv4Address(target)
        except ValueError:
            raise UsageError(f"ping: {target}: Name or service not known") from None
        try:
            ping = Ping(
                address,
                self._source(options.get("source")),
                count=int(options["count"]) if "count" in options else None,
                interval_s=max(0.002, float(options.get("interval_s", 1))),
                timeout_s=float(options.get("timeout_s", 10)),
                deadline_s=float(options["deadline_s"]) if "deadline_s" in options else None,
                size=int(options.get("size", 56)),
            )
        except ValueError:
            raise UsageError("ping: invalid argument") from None
        ping.quiet, ping.stamps = "quiet" in options, "stamps" in options
        ping.tell_missing = "tell_missing" in options
        return ping

    def _source(self, text: str | None, *, who: str = "ping: ") -> IPv4Address | None:
        if text is None:
            return None
        by_name = {name: address.ip for name, address in interfaces(self.device)}
        if text in by_name:
            return by_name[text]
        try:
            source = IPv4Address(text)
        except ValueError:
            raise UsageError(f"{who}unknown iface: {text}") from None
        if source not in by_name.values():
            raise UsageError(f"{who}bind: Cannot assign requested address")
        return source

    # Small commands --------------------------------------------------------------------------------------------------

    def _answer(self, name: str, args: list[str]) -> Result | None:
        if name in _SILENT:
            return Result()
        if is_filter([name]):
            return run_filter([name, *args], self._standard_input, lambda file: read_file(self.device, file))
        match name:
            case "false":
                return Result("", 1)
            case "echo":
                newline = args[:1] != ["-n"]
                text = " ".join(args if newline else args[1:])
                return Result(text, raw=not newline) if text else Result("\n" * newline)
            case "whoami":
                return Result(self._me)
            case "id":
                return Result(identity(self._me))
            case _:
                return TOOLS[name](self.device, args) if name in TOOLS else None


class Linux:
    """The Linux dialect: a node has no configuration of its own in the lab."""

    warning_s = 0.0

    def read(self, text: str) -> Node:
        """See ``Dialect``."""
        return new_tree()

    def write(self, tree: Node) -> str:
        """See ``Dialect``."""
        return ""

    def show_running(self, device: Device) -> str:
        """See ``Dialect``."""
        return ""

    def show_startup(self, device: Device) -> str:
        """See ``Dialect``."""
        return ""

    def rollback_message(self, device: Device, guard: Guard) -> str:
        """See ``Dialect``."""
        return ""

    def warning_message(self, device: Device, guard: Guard) -> str:
        """See ``Dialect``."""
        return ""

    def arm_foreign(self, device: Device, user: str, seconds: float) -> None:
        """See ``Dialect``: a node has no timer."""

    def terminal(self, device: Device, wire: Wire) -> Terminal:
        """See ``Dialect``."""
        return LinuxTerminal(device, wire)
