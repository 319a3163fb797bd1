"""A Linux node's sessions: a shell just big enough for the commands that observers and their operators type.

Decides how lines are split into commands, and what the few commands print. Pings run in ``pinging.py``.
"""

from __future__ import annotations

import json
import shlex
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING

from safeshift.lab.dialects import facts
from safeshift.lab.dialects.base import Wire
from safeshift.lab.dialects.configtree import Node, new_tree
from safeshift.lab.dialects.pending import Guard
from safeshift.lab.dialects.pinging import Ping, PingLoop
from safeshift.lab.dialects.terminal import Interrupted, SessionEnd, Terminal

if TYPE_CHECKING:
    from safeshift.lab.device import Device

KERNEL = "6.1.0-28-amd64"
_JOINTS = (";", "&", "&&", "||")
_PING_VALUES = {"-c": "count", "-i": "interval_s", "-W": "timeout_s", "-w": "deadline_s", "-s": "size", "-I": "source"}
_PING_FLAGS = {"-n": "", "-q": "quiet", "-O": "tell_missing", "-D": "stamps", "-4": "", "-B": ""}


@dataclass(frozen=True, slots=True)
class Result:
    """What a command printed, and its exit status."""

    text: str = ""
    status: int = 0


class UsageError(Exception):
    """A command was called wrongly; ``str()`` is what it prints."""


class LinuxTerminal(Terminal):
    """A shell on a node."""

    def __init__(self, device: Device, wire: Wire) -> None:
        super().__init__(device, wire)
        self._status = 0
        self._background: list[tuple[int, list[str]]] = []
        self._jobs = 0
        self._root = wire.user == "root"
        self._sudo = False

    def prompt(self) -> str:
        """See ``Terminal``."""
        user = "root" if self._root else self.user
        return f"{user}@{self.device.hostname}:~{'#' if self._root else '$'} "

    def mode(self) -> str:
        """See ``Terminal``."""
        return "root" if self._root else "shell"

    def status(self) -> int:
        """See ``Terminal``."""
        return self._status

    async def greet(self) -> None:
        """Say what a login says."""
        stamp = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime())
        self.emit(f"Last login: {stamp} from {self.wire.peer}\n")

    def refuse(self, line: str, text: str) -> str:
        """See ``Terminal``."""
        self._status = 126
        return text or f"bash: {line.split()[0]}: Permission denied"

    # The shell -------------------------------------------------------------------------------------------------------

    async def execute(self, line: str) -> str:
        """See ``Terminal``."""
        try:
            commands = _split_commands(line)
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
            self._out_text(str(error))
            return None

    async def _run(self, words: list[str]) -> None:
        words, muted = _without_redirections(words)
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
            result = Result(str(error), 2)
        self._status = result.status
        if not muted:
            self._out_text(result.text)
        if words[0] == "exec" and len(words) > 1:
            raise SessionEnd(self._status)

    def _out_text(self, text: str) -> None:
        if text:
            self.emit(text if text.endswith("\n") else text + "\n")

    async def _command(self, words: list[str]) -> Result:
        name, args = words[0], words[1:]
        match name:
            case "exec" if args:
                return await self._command(args)
            case "ping":
                ping = self._parse_ping(args)
                await self._ping_all([ping])
                return Result("", ping.status())
            case "exit" | "logout":
                return self._exit(args)
            case "sudo":
                return await self._sudo_command(args)
            case _:
                answer = self._answer(name, args)
                return Result(f"bash: {name}: command not found", 127) if answer is None else answer

    def _exit(self, args: list[str]) -> Result:
        if self._sudo:
            self._sudo = self._root = False
            return Result("exit")
        if self.wire.command is None:
            self.emit("logout\n")
        raise SessionEnd(int(args[0]) if args and args[0].isdigit() else self._status)

    async def _sudo_command(self, args: list[str]) -> Result:
        if args[:1] == ["-s"] or args[:1] == ["-i"]:
            if not self._root and await self.ask(f"[sudo] password for {self.user}: ", echo=False) != self._password():
                return Result("sudo: 1 incorrect password attempt", 1)
            self._sudo = not self._root or self._sudo
            self._root = True
            return Result()
        rest = args[1:] if args[:1] == ["-n"] else args
        return await self._command(rest) if rest else Result("usage: sudo -h | -K | -k | -V", 1)

    def _password(self) -> str | None:
        return self.device.spec.users.get(self.user)

    # Pings -----------------------------------------------------------------------------------------------------------

    async def _ping_all(self, pings: list[Ping]) -> None:
        try:
            await PingLoop(self.device, self.emit, self.pause).run(pings)
        except Interrupted:
            self._status = 130
            raise

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

    def _source(self, text: str | None) -> IPv4Address | None:
        if text is None:
            return None
        by_name = {name: address.ip for name, address in _interfaces(self.device)}
        if text in by_name:
            return by_name[text]
        try:
            source = IPv4Address(text)
        except ValueError:
            raise UsageError(f"ping: unknown iface: {text}") from None
        if source not in by_name.values():
            raise UsageError("ping: bind: Cannot assign requested address")
        return source

    # Small commands --------------------------------------------------------------------------------------------------

    def _answer(self, name: str, args: list[str]) -> Result | None:
        device = self.device
        match name, args:
            case ("true" | ":" | "export" | "unset" | "stty" | "set" | "trap"), _:
                return Result()
            case "false", _:
                return Result("", 1)
            case "echo", _:
                newline = args[:1] != ["-n"]
                text = " ".join(args if newline else args[1:])
                return Result(text + "\n" * newline)
            case "hostname", _:
                return Result(device.hostname)
            case "whoami", _:
                return Result("root" if self._root else self.user)
            case "id", _:
                return Result(_identity("root" if self._root else self.user))
            case "uname", _:
                return Result(_uname(device, args))
            case "uptime", _:
                return Result(_uptime(device))
            case "date", _:
                return Result(time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime()))
            case "cat", _:
                return _cat(device, args)
            case "ip", _:
                return _ip(device, args)
            case _:
                return None


def _split_commands(line: str) -> list[tuple[list[str], str]]:
    """Split a line into commands, each with what joins it to the next.

    Raises:
        ValueError: a quote is not closed.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    commands: list[tuple[list[str], str]] = [([], ";")]
    for token in lexer:
        if token in _JOINTS:
            commands[-1] = (commands[-1][0], token)
            commands.append(([], ";"))
        else:
            commands[-1][0].append(token)
    return [(words, joint) for words, joint in commands if words]


def _without_redirections(words: list[str]) -> tuple[list[str], bool]:
    """Take redirections out of a command; the second value tells whether standard output went away."""
    kept: list[str] = []
    muted = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("<", ">", ">>", ">&", "<&"):
            to_errors = bool(kept) and kept[-1] == "2"
            if kept and kept[-1] in ("1", "2"):
                kept.pop()
            target = rest.pop(0) if rest else ""
            muted = muted or (word in (">", ">>") and not to_errors and target == "/dev/null")
        else:
            kept.append(word)
    return kept, muted


def _interfaces(device: Device) -> tuple[tuple[str, IPv4Interface], ...]:
    return tuple((f"eth{at}", address) for at, address in enumerate(device.spec.addresses.values(), start=1))


def _gateway(address: IPv4Interface) -> IPv4Address:
    """Return the router's address: the first of the prefix."""
    return address.network.network_address + 1


def _identity(user: str) -> str:
    number = 0 if user == "root" else 1000
    return f"uid={number}({user}) gid={number}({user}) groups={number}({user})"


def _uname(device: Device, args: list[str]) -> str:
    if args[:1] == ["-r"]:
        return KERNEL
    if args[:1] == ["-n"]:
        return device.hostname
    return f"Linux {device.hostname} {KERNEL} #1 SMP Debian x86_64 GNU/Linux" if args else "Linux"


def _uptime(device: Device) -> str:
    minutes = int(device.uptime_s) // 60
    days = f"{minutes // 1440} day{'s' * (minutes >= 2880)}, " if minutes >= 1440 else ""
    hours = minutes % 1440 // 60
    length = f"{hours:2}:{minutes % 60:02}" if hours else f"{minutes % 60} min"
    users = len(device.terminals)
    now = time.strftime("%H:%M:%S", time.gmtime())
    return f" {now} up {days}{length}, {users:2} user{'s' * (users != 1)},  load average: 0.02, 0.01, 0.00"


def _cat(device: Device, args: list[str]) -> Result:
    files = {
        "/proc/uptime": f"{device.uptime_s:.2f} {device.uptime_s * 1.9:.2f}",
        "/etc/hostname": device.hostname,
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian',
    }
    missing = next((name for name in args if name not in files), None)
    if missing is not None:
        return Result(f"cat: {missing}: No such file or directory", 1)
    return Result("\n".join(files[name] for name in args))


# ip -------------------------------------------------------------------------------------------------------------------


def _ip(device: Device, args: list[str]) -> Result:
    flags = [word for word in args if word.startswith("-")]
    words = [word for word in args if not word.startswith("-")]
    structured, brief = "-j" in flags or "-json" in flags, "-br" in flags or "-brief" in flags
    what = words[0] if words else ""
    if what and any(full.startswith(what) for full in ("address", "addr")):
        return _addresses(device, structured=structured, brief=brief)
    if what and "route".startswith(what):
        return _routes(device, structured=structured)
    return Result(f'Object "{what}" is unknown, try "ip help".' if what else "Usage: ip [ OPTIONS ] OBJECT", 1)


def _addresses(device: Device, *, structured: bool, brief: bool) -> Result:
    faces = (("lo", IPv4Interface("127.0.0.1/8")), *_interfaces(device))
    if structured:
        return Result(json.dumps([_address_json(device, at, *face) for at, face in enumerate(faces, start=1)]))
    if brief:
        return Result("".join(f"{n:16} {'UNKNOWN' if n == 'lo' else 'UP':14} {a}\n" for n, a in faces))
    return Result("".join(_address_text(device, at, *face) for at, face in enumerate(faces, start=1)))


def _mac(device: Device, name: str) -> str:
    mac = facts.hardware_address(f"{device.name}/{name}")
    return ":".join(mac[at : at + 2] for at in range(0, 12, 2))


def _address_text(device: Device, at: int, name: str, address: IPv4Interface) -> str:
    if name == "lo":
        head = "<LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000"
        link = "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00"
        inet = f"    inet {address} scope host lo"
    else:
        head = "<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000"
        link = f"    link/ether {_mac(device, name)} brd ff:ff:ff:ff:ff:ff"
        inet = f"    inet {address} brd {address.network.broadcast_address} scope global {name}"
    return f"{at}: {name}: {head}\n{link}\n{inet}\n       valid_lft forever preferred_lft forever\n"


def _address_json(device: Device, at: int, name: str, address: IPv4Interface) -> dict[str, object]:
    loop = name == "lo"
    inet: dict[str, object] = {"family": "inet", "local": str(address.ip), "prefixlen": address.network.prefixlen}
    if not loop:
        inet["broadcast"] = str(address.network.broadcast_address)
    inet |= {"scope": "host" if loop else "global", "label": name}
    return {
        "ifindex": at,
        "ifname": name,
        "flags": ["LOOPBACK", "UP", "LOWER_UP"] if loop else ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
        "mtu": 65536 if loop else 1500,
        "qdisc": "noqueue" if loop else "mq",
        "operstate": "UNKNOWN" if loop else "UP",
        "group": "default",
        "txqlen": 1000,
        "link_type": "loopback" if loop else "ether",
        "address": "00:00:00:00:00:00" if loop else _mac(device, name),
        "broadcast": "00:00:00:00:00:00" if loop else "ff:ff:ff:ff:ff:ff",
        "addr_info": [inet],
    }


def _routes(device: Device, *, structured: bool) -> Result:
    faces = _interfaces(device)
    if structured:
        rows: list[dict[str, object]] = [
            {"dst": "default", "gateway": str(_gateway(a)), "dev": n, "metric": 100 * at, "flags": []}
            for at, (n, a) in enumerate(faces, start=1)
        ]
        rows += [
            {"dst": str(a.network), "dev": n, "protocol": "kernel", "scope": "link", "prefsrc": str(a.ip), "flags": []}
            for n, a in faces
        ]
        return Result(json.dumps(rows))
    text = "".join(f"default via {_gateway(a)} dev {n} metric {100 * at}\n" for at, (n, a) in enumerate(faces, start=1))
    text += "".join(f"{a.network} dev {n} proto kernel scope link src {a.ip}\n" for n, a in faces)
    return Result(text)


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
