"""A real terminal for a command: what it prints can be read, answers typed, and the line can go dead in mid-run."""

from __future__ import annotations

import contextlib
import errno
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

_LONGEST_S = 120.0
_AS_ITS_OWN = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Makes standard input the terminal that controls a session, as a login does: losing it sends SIGHUP, too."""


class Terminal:
    """One end of a pseudo-terminal; at the other one, one command."""

    def __init__(self) -> None:
        self._line, self._command = pty.openpty()
        settings = termios.tcgetattr(self._command)
        settings[3] &= ~termios.ECHO  # what is read here is what the command printed, and nothing that was typed
        termios.tcsetattr(self._command, termios.TCSANOW, settings)
        self.seen = ""

    def begin(
        self, words: list[str], environment: Mapping[str, str], folder: Path, *, stderr: IO[str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command here, its standard error elsewhere if so asked."""
        process = subprocess.Popen(
            [sys.executable, "-c", _AS_ITS_OWN, *words],
            env=environment,
            cwd=folder,
            stdin=self._command,
            stdout=self._command,
            stderr=self._command if stderr is None else stderr,
            start_new_session=True,
        )
        os.close(self._command)
        return process

    def watch(self, so: Callable[[], bool]) -> None:
        """Read what comes until something is so, or until the command has left the terminal."""
        until = time.monotonic() + _LONGEST_S
        while not so() and self._read():
            if time.monotonic() > until:
                self.lose()  # or a command that waits for an answer would be waited for in its turn
                raise AssertionError(f"it never came; the terminal shows:\n{self.seen}")

    def _read(self) -> bool:
        ready, _, _ = select.select([self._line], [], [], 0.02)
        try:
            self.seen += os.read(self._line, 65536).decode(errors="replace") if ready else ""
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that nobody is at the other end any more
                raise
            return False
        return True

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._line, text.encode())

    def lose(self) -> None:
        """Hang up; idempotent."""
        line, self._line = self._line, -1
        if line >= 0:
            os.close(line)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *how: object) -> None:
        with contextlib.suppress(OSError):
            self.lose()
