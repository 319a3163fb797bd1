"""A session over a link in memory: what only a flood of bytes can show."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from collections.abc import Iterator

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.errormap import Phase
from safeshift.drivers.sessions import ANSWER_BYTES, Session
from safeshift.errors import ConnectionLostError, OutcomeUnknownError
from safeshift.platforms.cisco_ios import CISCO_IOS
from safeshift.platforms.linux import LINUX


class FloodLink:
    """A link that greets, echoes, and then never stops."""

    where = "nowhere"

    def __init__(self) -> None:
        self.pending = b"p1#"
        self.read_bytes = 0
        self.closed = False

    def write(self, text: str) -> None:
        self.pending = text.encode()

    def read(self, timeout_s: float) -> bytes:
        data, self.pending = self.pending, b"x" * 65536
        self.read_bytes += len(data)
        return data

    def is_open(self) -> bool:
        return not self.closed

    def waiting(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("phase", "error"), [(Phase.READ, ConnectionLostError), (Phase.WRITE, OutcomeUnknownError)])
def test_session_flooded_without_end_gives_up_and_closes(phase: Phase, error: type[Exception]) -> None:
    """Output without end does not fill the memory, and such a session is never used again."""
    link = FloodLink()
    session = Session(link, CISCO_IOS.dialogue, device="p1", clock=SystemClock())
    session.greet(deadline_s=1)
    with pytest.raises(error, match=f"more than {ANSWER_BYTES} bytes"):
        session.exchange(["show long"], phase=phase, deadline_s=30)
    assert link.closed
    assert not session.is_usable()
    assert link.read_bytes < ANSWER_BYTES + 2 * 65536


class ShellLink:
    """A real shell on a real terminal of this machine."""

    where = "here"

    def __init__(self) -> None:
        self.terminal, other = pty.openpty()
        self.shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
            env={**os.environ, "PS1": r"ops@n1:\w\$ ", "TERM": "vt100", "COLUMNS": "511"},
        )
        os.close(other)

    def write(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def read(self, timeout_s: float) -> bytes:
        if not select.select([self.terminal], [], [], timeout_s)[0]:
            raise TimeoutError
        return os.read(self.terminal, 65536)

    def is_open(self) -> bool:
        return True

    def waiting(self) -> bool:
        return bool(select.select([self.terminal], [], [], 0)[0])

    def close(self) -> None:
        self.shell.kill()

    def end(self) -> None:
        self.shell.kill()
        self.shell.wait()
        os.close(self.terminal)


@pytest.fixture
def shell() -> Iterator[ShellLink]:
    """A shell that is gone at the end."""
    link = ShellLink()
    yield link
    link.end()


def test_session_on_a_real_shell_reads_what_was_typed_ahead(shell: ShellLink) -> None:
    """A terminal's own echo, line editing and escapes are understood, also while an earlier command still runs."""
    session = Session(shell, LINUX.dialogue, device="n1", clock=SystemClock())
    session.greet(deadline_s=10)
    answers = session.exchange(["echo one", "sleep 0.2", "printf 'a\\nb\\n'"], phase=Phase.READ, deadline_s=10)
    assert [answer for _, answer in answers] == ["one", "", "a\nb"]
    assert session.is_usable()
