"""A tiny SSH device for wire faults that no lab device has: it echoes, prompts, and misbehaves on chosen lines.

Real SSH on loopback, by asyncssh, so that client and server share no bug. ``faults`` maps a line to what goes wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh

USER, PASSWORD, ENABLE = "ops", "correct horse", "battery staple"
LONG_ANSWER = "\n".join(f"line {number}" for number in range(40))
NOISE = "*Nov 23 08:00:00.123: %SYS-5-CONFIG_I: Configured from console by console"


class ScriptedDevice:
    """One device; everything about it may be changed between two lines of a client."""

    def __init__(self, host: str = "p1") -> None:
        self.host = host
        self.faults: dict[str, str] = {}
        self.answers: dict[str, str] = {"show version": "Cisco IOS Software", "show long": LONG_ANSWER}
        self.running: list[str] = []
        self.received: list[str] = []
        self.logins = 0
        self.channels = 0
        self.unprivileged = False
        self.greeting = "Welcome\r\n"
        self.port = 0
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_keys: str | None = None
        self.connections: set[asyncssh.SSHServerConnection] = set()

    def known_hosts(self, path: Path, *, key: asyncssh.SSHKey | None = None) -> Path:
        """Write a known_hosts file that holds this device's key (or another one)."""
        public = (key or self.key).export_public_key("openssh").decode().strip()
        path.write_text(f"[127.0.0.1]:{self.port} {public}\n")
        return path


class _Server(asyncssh.SSHServer):
    def __init__(self, device: ScriptedDevice) -> None:
        self.device = device

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.device.connections.add(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.device.logins += 1
        return username == USER and password == PASSWORD

    def public_key_auth_supported(self) -> bool:
        return self.device.client_keys is not None

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.export_public_key("openssh").decode().split()[1] == (self.device.client_keys or "").split()[1]

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True  # so that it can be a jump host


class _Shell:
    """One terminal session on the device."""

    def __init__(self, device: ScriptedDevice, process: asyncssh.SSHServerProcess[str]) -> None:
        self.device = device
        self.process = process
        self.mode = ""
        self.sign = ">" if device.unprivileged else "#"

    async def run(self) -> None:
        self.device.channels += 1
        if self.process.command is not None:
            await self._stream(self.process.command)
            return
        self.say(self.device.greeting)
        if self.device.faults.get("login") == "press enter":
            await self.process.stdin.readline()
        self.prompt()
        while True:
            line = await self.process.stdin.readline()
            if not line:
                return
            await self.obey(line.rstrip("\n"))

    def say(self, text: str) -> None:
        self.process.stdout.write(text)

    def prompt(self) -> None:
        self.say(f"{self.device.host}{f'({self.mode})' if self.mode else ''}{self.sign}")

    async def obey(self, line: str) -> None:
        self.device.received.append(line)
        fault = self.device.faults.get(line, "")
        if fault.endswith("once"):
            del self.device.faults[line]
        if fault.startswith("cut before echo"):
            self.process.channel.abort()
            return
        if fault.startswith("silent"):
            await asyncio.sleep(3600)
        self.say(self.echo(line, fault) + "\r\n")
        if fault.startswith("slow"):
            await asyncio.sleep(0.3)
        await self.answer(line, fault)
        if fault.startswith("cut after act"):
            self.process.channel.abort()
            return
        self.prompt()
        if fault.startswith("afterthought"):
            asyncio.get_running_loop().call_later(0.02, self.say, "reload scheduled\r\n")
        if fault.startswith("noise at prompt"):
            self.say(f"\r\n{NOISE}\r\n")

    def echo(self, line: str, fault: str) -> str:
        if fault.startswith("no echo"):
            return ""
        if fault.startswith("garbled"):
            return line[:2] + "\x07\ufffd" + line[3:]
        if fault.startswith("doubled"):
            return line + line
        if fault.startswith("escapes"):
            return f"\x1b[?2004l\x1b[1m{line}\x1b[0m\x00"
        return line

    async def answer(self, line: str, fault: str) -> None:
        match line.split():
            case ["configure", *_]:
                self.mode = "config"
            case ["end"]:
                self.mode = ""
            case ["enable"]:
                self.say("Password: ")
                given = (await self.process.stdin.readline()).rstrip("\n")
                self.sign = "#" if given == ENABLE else ">"
                self.say("\r\n" if given == ENABLE else "\r\n% Bad secrets\r\n")
            case _ if fault.startswith("refused"):
                self.say("% Invalid input\r\n")
            case _ if line in self.device.answers:
                await self.print(self.device.answers[line].replace("\n", "\r\n") + "\r\n", fault)
            case [_, *_] if self.mode:
                self.device.running.append(line)

    async def print(self, text: str, fault: str) -> None:
        if fault.startswith("question"):
            self.say("Proceed with it? [confirm]")
            await self.process.stdin.readline()
        if fault.startswith("prompt inside"):
            first, rest = text.split("\r\n", 1)
            self.say(f"{first}\r\n{self.device.host}#")
            await asyncio.sleep(0.3)
            text = "\r\n" + rest
        if fault.startswith("noise"):
            first, rest = text.split("\r\n", 1)
            text = f"{first}\r\n{NOISE}\r\n{rest}"
        if fault.startswith("paged"):
            await self.print_paged(text)
            return
        self.say(text)

    async def print_paged(self, text: str) -> None:
        lines = text.split("\r\n")[:-1]
        for start in range(0, len(lines), 10):
            self.say("".join(f"{line}\r\n" for line in lines[start : start + 10]))
            if start + 10 < len(lines):
                self.say(" --More-- ")
                while (key := await self.process.stdin.read(1)) != " ":
                    if not key:
                        return
                self.say("\b" * 10 + " " * 10 + "\b" * 10)

    async def _stream(self, command: str) -> None:
        for number in range(1000):
            self.say(f"{number} bytes from {command.split()[-1]}\n")
            await asyncio.sleep(0.01)
            if self.device.faults.get("stream") == "ends" and number == 2:
                self.process.exit(0)
                return
            if self.device.faults.get("stream") == "dies" and number == 2:
                self.process.channel.get_connection().abort()
                return


@contextlib.contextmanager
def serving(device: ScriptedDevice) -> Iterator[ScriptedDevice]:
    """Run the device in a thread of its own until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"device {device.host}", daemon=True)
    thread.start()

    async def talk(process: asyncssh.SSHServerProcess[str]) -> None:
        with contextlib.suppress(asyncssh.Error, ConnectionError, BrokenPipeError):
            await _Shell(device, process).run()
        process.close()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[device.key],
            server_factory=lambda: _Server(device),
            process_factory=talk,
            line_editor=False,
        )

    async def stop(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        for connection in device.connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in device.connections))
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        device.port = acceptor.get_port()
        yield device
        asyncio.run_coroutine_threadsafe(stop(acceptor), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
