"""A command that goes on talking: its lines as they come, over a channel of its own beside the terminal.

It carries lines and knows nothing of what they mean; opening it anew after a loss is its user's business (probes).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import paramiko

from safeshift.drivers.errormap import FOREIGN_ERRORS, Phase, doubt, translate

STATUS_S = 1.0
"""A command that ended says so at once; a session that died says nothing."""
LINE_BYTES = 64 * 1024
"""A line that is longer is cut here: no probe prints one."""


class LineStream:
    """The output of one command, line by line.

    Guarantees:
        Iteration blocks until a line comes, ends when the command ends or the stream was closed, and raises
        ``ConnectionLostError`` when the session died. ``close`` may be called from any thread and frees a reader.
        Closing ends the command on the other side (its channel is gone).
    """

    def __init__(self, channel: paramiko.Channel, *, device: str, command: str) -> None:
        self.device = device
        self.command = command
        self._channel = channel
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
        return self._take_line()

    @property
    def ended(self) -> bool:
        """Tell whether the command has ended (or the stream was closed) and every line was read."""
        return self._ended and not self._rest

    def close(self) -> None:
        """End the command and free whoever reads; never raises, and may be called twice."""
        self._closed = True
        with contextlib.suppress(*FOREIGN_ERRORS):
            self._channel.close()

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


def open_stream(transport: paramiko.Transport, command: str, *, device: str, timeout_s: float) -> LineStream:
    """Start a command on an open SSH connection.

    Raises:
        ConnectError: the device grants no further channel.

    """
    try:
        channel = transport.open_session(timeout=timeout_s)
        channel.set_combine_stderr(True)
        channel.exec_command(command)
    except FOREIGN_ERRORS as error:
        raise translate(error, device=device, phase=Phase.LOGIN, where="a further channel") from error
    return LineStream(channel, device=device, command=command)
