"""One session's terminal: echo, line editing, questions, pager, and the faults that strike a session.

Decides when bytes are echoed, when an answer is sent and when the session dies; a subclass decides what is answered.
Bytes come in through ``received``; one task reads them as lines. Read ``router.py`` and ``linux.py`` next.
Over 350 lines, because every key passes all of echo, editing and faults, in this order.
"""

from __future__ import annotations

import asyncio
import re
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from safeshift.lab.dialects.base import Wire
from safeshift.lab.faults import FaultKind

if TYPE_CHECKING:
    from safeshift.lab.device import Device

LONGEST_LINE = 4096  # bytes; what is typed beyond is dropped, as a terminal's line buffer does
LONGEST_INPUT = 256 * 1024  # bytes typed ahead; a client that sends more unread is cut
MOST_HELD = 1000  # pieces of output kept while the device is silent
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_ENTER = re.compile(rb"[\r\n]")
_ESCAPE = re.compile(rb"\x1b(\[[0-9;]*[A-Za-z~]|O[A-Za-z]|[^\[O])")


class SessionEnd(Exception):
    """The session is over; ``status`` is what an exec channel reports."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__(status)
        self.status = status


class Interrupted(Exception):
    """Ctrl-C was typed while a command ran or a line was edited."""


class Terminal(ABC):
    """A session on a device.

    Guarantees:
        Everything happens on the device's event loop. After ``closed`` nothing of the session goes on.
    """

    more_prompt = " --More-- "
    more_wipe = "\b \b" * 10

    def __init__(self, device: Device, wire: Wire) -> None:
        self.device = device
        self.wire = wire
        self.user = wire.user
        self.page_length = 0
        self.monitoring = False
        self.opened_at = time.time()
        self.last_input_at = time.monotonic()
        self.number = device.attach(self)
        self._buffer = bytearray()
        self._typed = bytearray()
        self._out: list[str] = []
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._swallow_newline = False
        self._reading = False
        self._dead = False
        self._task: asyncio.Task[None] | None = None

    # What a subclass decides -----------------------------------------------------------------------------------------

    @abstractmethod
    def prompt(self) -> str:
        """Return the prompt of the present mode."""

    def mode(self) -> str:
        """Name the present mode for the device's log."""
        return ""

    def greeting(self) -> str:
        """Return what comes before the first prompt."""
        return ""

    @abstractmethod
    async def execute(self, line: str) -> str:
        """Carry out one line and return what it prints (text with Unix line ends)."""

    def refuse(self, line: str, text: str) -> str:
        """Return the answer to a line that a fault refuses."""
        return text or f"% Invalid input: {line}"

    def helped(self, typed: str) -> str | None:
        """Return the help for a ``?`` typed after this text; None: ``?`` is an ordinary character."""
        return None

    def completed(self, typed: str) -> str:
        """Return the text after Tab."""
        return typed

    @abstractmethod
    def leave_mode(self) -> None:
        """Act on Ctrl-Z, before the prompt comes again."""

    # The wire's side -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to talk."""
        self._task = asyncio.get_running_loop().create_task(self._live())

    def received(self, data: bytes) -> None:
        """Take bytes from the client."""
        self.last_input_at = time.monotonic()
        self._buffer += data
        if len(self._buffer) > LONGEST_INPUT:
            self.cut()
            return
        if not self._reading and b"\x03" in data:
            del self._buffer[: self._buffer.rfind(b"\x03") + 1]
            self._stop.set()
        self._news.set()

    def closed(self) -> None:
        """Learn that the channel is gone; what runs in the session ends now."""
        self._dead = True
        self.device.detach(self.number)
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    def cut(self) -> None:
        """End the connection at once, without a word."""
        self._dead = True
        self._out.clear()
        self.wire.abort()
        self.closed()

    def wake(self) -> None:
        """Look again at what changed outside (a fault was set or cleared)."""
        self._news.set()

    def interject(self, text: str) -> None:
        """Print console text now, and the prompt and what was typed again behind it."""
        self.emit(f"\n{text}\n")
        if self._reading:
            self.emit(self.prompt() + self._typed.decode("utf-8", "replace"))
        self.flush()

    def emit(self, text: str) -> None:
        """Add text to what is sent with the next flush; what a silent device cannot get rid of is dropped."""
        if self.device.silent and len(self._out) > MOST_HELD:
            return
        self._out.append(text)

    def flush(self) -> None:
        """Send what is waiting, unless the device is silent."""
        if self._out and not self._dead and not self.device.silent:
            text = "".join(self._out)
            self._out.clear()
            self._send(text, errors=False)

    def complain_aside(self, text: str) -> None:
        """Print text where errors go."""
        if self.wire.pty:
            self.emit(text)
        else:
            self.flush()
            self._send(text, errors=True)

    def _send(self, text: str, *, errors: bool) -> None:
        text = text.replace("\n", "\r\n") if self.wire.pty else text
        self.wire.send(text.encode("utf-8", "replace"), errors)

    # Waiting ---------------------------------------------------------------------------------------------------------

    async def pause(self, seconds: float) -> None:
        """Let time pass while a command runs.

        Raises:
            Interrupted: Ctrl-C was typed meanwhile.

        """
        self.flush()
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return
        self._stop.clear()
        raise Interrupted

    async def _byte_waits(self) -> None:
        """Wait until there is input and the device is not silent."""
        while not self._buffer or self.device.silent:
            self.flush()
            self._news.clear()
            await self._news.wait()

    # Reading ---------------------------------------------------------------------------------------------------------

    async def read_key(self) -> str:
        """Wait for one key and return it, without echo."""
        while True:
            await self._byte_waits()
            key = bytes(self._buffer[:1])
            del self._buffer[:1]
            if key == b"\n" and self._swallow_newline:
                self._swallow_newline = False
                continue
            self._swallow_newline = key == b"\r"
            if key not in (b"\x00",):
                return key.decode("latin-1")

    async def read_line(self, *, echo: bool = True) -> str:
        """Wait for a line and return it without its end.

        Raises:
            Interrupted: Ctrl-C or Ctrl-Z was typed; ``str()`` is which.
            SessionEnd: Ctrl-D on an empty line.

        """
        self._reading = True
        self._typed.clear()
        try:
            while True:
                await self._byte_waits()
                await self._strike_before_echo()
                if self._take_input(echo):
                    return self._typed.decode("utf-8", "replace")
        finally:
            self._reading = False

    async def _strike_before_echo(self) -> None:
        if _ENTER.search(self._buffer) is None:
            return
        line = (bytes(self._typed) + _ENTER.split(bytes(self._buffer), maxsplit=1)[0]).decode("utf-8", "replace")
        if line.strip() and self.device.faults.due(FaultKind.CUT_SESSION, line, when="before_echo"):
            self.log(line)
            self.cut()
            raise asyncio.CancelledError

    def _take_input(self, echo: bool) -> bool:
        """Move input into the line being typed; return whether Enter was reached."""
        while self._buffer:
            found = _CONTROL.search(self._buffer)
            end = found.start() if found else len(self._buffer)
            if end:
                self._type(bytes(self._buffer[:end]), echo)
                del self._buffer[:end]
                self._swallow_newline = False
                continue
            key = self._buffer[0]
            if key in (0x0D, 0x0A):
                del self._buffer[:1]
                if key == 0x0A and self._swallow_newline:
                    self._swallow_newline = False
                    continue
                self._swallow_newline = key == 0x0D
                self.emit("\n")
                return True
            if key == 0x1B:
                escape = _ESCAPE.match(self._buffer)
                del self._buffer[: escape.end() if escape else 1]
                continue
            del self._buffer[:1]
            self._control(key, echo)
        return False

    def _type(self, data: bytes, echo: bool) -> None:
        for part in re.split(rb"(\?)", data) if echo else (data,):
            text = self._typed.decode("utf-8", "replace")
            if part == b"?" and (help_text := self.helped(text)) is not None:
                self.emit(f"?\n{help_text}{self.prompt()}{text}")
                continue
            part = part[: max(0, LONGEST_LINE - len(self._typed))]
            self._typed += part
            if echo and part:
                self.emit(part.decode("utf-8", "replace"))

    def _control(self, key: int, echo: bool) -> None:
        if key in (0x08, 0x7F) and self._typed:
            text = self._typed.decode("utf-8", "replace")[:-1]
            self._typed[:] = text.encode()
            self.emit("\b \b" if echo else "")
        elif key == 0x15:  # Ctrl-U
            self.emit("\b \b" * len(self._typed.decode("utf-8", "replace")) if echo else "")
            self._typed.clear()
        elif key in (0x03, 0x1A):
            raise Interrupted("^C" if key == 0x03 else "^Z")
        elif key == 0x04 and not self._typed:
            raise SessionEnd
        elif key == 0x09 and echo:
            before = self._typed.decode("utf-8", "replace")
            after = self.completed(before)
            self._typed[:] = after.encode()
            self.emit(after[len(before) :])

    async def ask(self, question: str, *, echo: bool = True) -> str:
        """Print a question in the place of a prompt and return the answer."""
        self.emit(question)
        return await self.read_line(echo=echo)

    # Living ----------------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        try:
            if self.wire.command is not None:
                raise SessionEnd(await self.obey(self.wire.command))
            self.emit(self.greeting())
            while True:
                await self._one_line()
        except SessionEnd as end:
            self.flush()
            self.wire.end(end.status)
        except asyncio.CancelledError:
            if not self._dead:
                raise

    async def _one_line(self) -> None:
        self.emit(self.prompt())
        try:
            line = await self.read_line()
        except Interrupted as key:
            self.emit(f"{key}\n")
            if str(key) == "^Z":
                self.leave_mode()
            return
        await self.obey(line)

    async def obey(self, line: str) -> int:
        """Log a line, let the faults strike, carry it out and print the answer; return an exit status."""
        self.log(line)
        if not line.strip():
            await self._cost(line)
            return 0
        faults = self.device.faults
        await self._cost(line)
        self._stop.clear()
        refused = faults.due(FaultKind.REJECT, line)
        try:
            answer = self.refuse(line, refused.text) if refused else await self.execute(line)
        except Interrupted:
            answer = "^C\n"
        if faults.due(FaultKind.CUT_SESSION, line, when="after_act"):
            self.cut()
            raise asyncio.CancelledError
        noise = faults.due(FaultKind.NOISE, line)
        if noise is not None:
            answer = _with_noise(answer, noise.text or "%SYS-5-CONFIG_I: Configured from console by console")
        await self.show(answer)
        return self.status()

    def status(self) -> int:
        """Return the exit status of the last line."""
        return 0

    def log(self, line: str) -> None:
        """Write a line into the device's own log."""
        self.device.log_received(self.number, self.user, self.mode(), line)

    async def _cost(self, line: str) -> None:
        slow = self.device.faults.due(FaultKind.SLOW, line)
        seconds = self.device.spec.latency_s + (slow.seconds or 0.0 if slow else 0.0)
        if seconds > 0:
            self.flush()
            await asyncio.sleep(seconds)
        while self.device.silent:
            self._news.clear()
            await self._news.wait()

    async def show(self, answer: str) -> None:
        """Print an answer, page by page when the session pages."""
        if answer and not answer.endswith("\n"):
            answer += "\n"
        lines = answer.split("\n")[:-1]
        room = self.page_length - 1
        if room <= 0 or len(lines) <= room or self.wire.command is not None:
            self.emit(answer)
            return
        at, step = 0, room
        while at < len(lines):
            self.emit("".join(f"{line}\n" for line in lines[at : at + step]))
            at += step
            if at >= len(lines):
                return
            self.emit(self.more_prompt)
            key = await self.read_key()
            self.emit(self.more_wipe)
            if key in ("\r", "\n"):
                step = 1
            elif key == " ":
                step = room
            else:
                return


def _with_noise(answer: str, text: str) -> str:
    lines = answer.split("\n")
    middle = len(lines) // 2
    return "\n".join([*lines[:middle], text, *lines[middle:]])
