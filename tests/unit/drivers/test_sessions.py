"""A session over a link in memory: what only a flood of bytes can show."""

from __future__ import annotations

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.errormap import Phase
from safeshift.drivers.sessions import ANSWER_BYTES, Session
from safeshift.errors import ConnectionLostError, OutcomeUnknownError
from safeshift.platforms.cisco_ios import CISCO_IOS


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
