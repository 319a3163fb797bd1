"""A command over a channel of its own beside the terminal: its lines as they come, or its whole answer.

It carries lines and knows nothing of what they mean; opening it anew after a loss is its user's business (probes). What
is said to ``sudo`` before a command runs is ``sudo.py``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import paramiko

from safeshift.clock import Clock
from safeshift.drivers.errormap import FOREIGN_ERRORS, Phase, doubt, translate
from safeshift.drivers.sudo import Sudo, Talk
from safeshift.errors import AuthError

STATUS_S = 1.0
"""A command that ended says so at once; a session that died says nothing."""
LINE_BYTES = 64 * 1024
"""A line that is longer is cut here: no probe prints one."""


class LineStream:
    """The output of one command, line by line.

    Guarantees:
        Iteration blocks until a line comes, ends when the command ends or the stream was closed, and raises
        ``ConnectionLostError`` when the session died, ``AuthError`` when sudo does not run the command. ``close`` may
        be called from any thread and frees a reader.
        Closing ends the command on the other side (its channel is gone).
    """

    def __init__(self, channel: paramiko.Channel, *, device: str, command: str, talk: Talk | None = None) -> None:
        self.device = device
        self.command = command
        self._channel = channel
        self._talk = talk
        self._rest = b""
        self._closed = False
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.read_line(None)
        if line is None:
            raise StopIteration
        return line

    def read_line(self, timeout_s: float | None) -> str | None:
        """Return the next line without its end, or ``None`` when none came in time or no more will come.

        Args:
            timeout_s: Longest wait for bytes, seconds; ``None`` waits as long as the command runs.

        Raises:
            ConnectionLostError: the session died; the device was not changed.
            AuthError: sudo does not run the command.

        """
        while b"\n" not in self._rest and len(self._rest) < LINE_BYTES and not self._ended:
            try:
                self._channel.settimeout(timeout_s)
                data = self._channel.recv(65536)
            except TimeoutError:
                return None
            except FOREIGN_ERRORS as error:
                raise translate(error, device=self.device, phase=Phase.READ, where="the stream") from error
            self._rest += data
            self._ended = not data
            self._talk_to_sudo()
        return self._take_line()

    @property
    def ended(self) -> bool:
        """Tell whether the command has ended (or the stream was closed) and every line was read."""
        return self._ended and not self._rest

    @property
    def answered(self) -> bool:
        """Tell whether sudo was given the password."""
        return self._talk is not None and self._talk.answered

    @property
    def status(self) -> int:
        """Return the status that the command ended with; -1 while it runs."""
        return self._channel.exit_status

    def close(self) -> None:
        """End the command and free whoever reads; never raises, and may be called twice."""
        self._closed = True
        with contextlib.suppress(*FOREIGN_ERRORS):
            self._channel.close()

    def _talk_to_sudo(self) -> None:
        if self._talk is None:
            return
        try:
            self._rest = self._talk.hear(self._rest, self._channel.sendall)
        except AuthError:
            self.close()
            raise
        except FOREIGN_ERRORS as error:
            raise translate(error, device=self.device, phase=Phase.READ, where="the stream") from error

    def _take_line(self) -> str | None:
        line, found, rest = self._rest.partition(b"\n")
        if not found:
            line, rest = self._rest[:LINE_BYTES], self._rest[LINE_BYTES:]
        self._rest = rest
        if line or found:
            return line.rstrip(b"\r").decode("utf-8", errors="replace")
        if not self._closed and not self._told_its_end():
            raise doubt(self.device, Phase.READ, f"the session died while {self.command!r} was running")
        return None

    def _told_its_end(self) -> bool:
        """Tell whether the command ended; its status comes behind the end of its output, or never."""
        self._channel.status_event.wait(STATUS_S)
        return self._channel.exit_status != -1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, errors included, and the status that it ended with."""

    text: str
    status: int


def open_stream(
    transport: paramiko.Transport, command: str, *, device: str, timeout_s: float, sudo: Sudo | None = None
) -> LineStream:
    """Start a command on an open SSH connection, as another user where there is a ``sudo``.

    Raises:
        ConnectError: the device grants no further channel.
        AuthError: sudo refused before; nothing was sent.

    """
    line = command if sudo is None else sudo.wrap(command)
    try:
        channel = transport.open_session(timeout=timeout_s)
        channel.set_combine_stderr(True)
        channel.exec_command(line)
    except FOREIGN_ERRORS as error:
        raise translate(error, device=device, phase=Phase.LOGIN, where="a further channel") from error
    return LineStream(channel, device=device, command=command, talk=None if sudo is None else Talk(sudo))


def ask_as(sudo: Sudo, transport: paramiko.Transport, command: str, *, clock: Clock, deadline_s: float) -> Answer:
    """Run a command as another user and return its whole answer.

    Raises:
        ConnectError: the device grants no further channel.
        AuthError: sudo does not run it.
        ConnectionLostError: it did not end in time, or the session died.

    """
    ends = clock.monotonic() + deadline_s
    stream = open_stream(transport, command, device=sudo.device, timeout_s=deadline_s, sudo=sudo)
    lines: list[str] = []
    answered = False
    with contextlib.closing(stream):
        while not stream.ended:
            left_s = ends - clock.monotonic()
            line = stream.read_line(max(left_s, 0.0))
            if line is None and not stream.ended:
                raise doubt(sudo.device, Phase.READ, f"did not finish its answer to {command!r} in time")
            if stream.answered and not answered:  # what came before sudo's question was no answer
                lines.clear()
                answered = True
            if line is not None:
                lines.append(line)
        return Answer("\n".join(lines), stream.status)
