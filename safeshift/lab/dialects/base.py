"""What a dialect promises to ``device.py`` and ``sshd.py``; ``catalog.py`` lists the dialects that there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from safeshift.lab.dialects.configtree import Node
from safeshift.lab.dialects.pending import Guard

if TYPE_CHECKING:
    from safeshift.lab.device import Device
    from safeshift.lab.dialects.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Wire:
    """What a session is given of its connection.

    Attributes:
        user: Who logged in.
        send: Puts bytes on the wire; the second argument tells whether they are an error's (a stream of its own where
            there is no terminal).
        end: Closes the channel after what was sent, with an exit status (None: just closes).
        abort: Cuts the whole connection at once.
        command: What an exec channel asked for; None for a shell.
        pty: The client asked for a terminal.
        rows: The client's window; 0 when it has none.
        peer: The client's address.

    """

    user: str
    send: Callable[[bytes, bool], None]
    end: Callable[[int | None], None]
    abort: Callable[[], None]
    command: str | None = None
    pty: bool = True
    rows: int = 0
    peer: str = ""


class Dialect(Protocol):
    """One way to talk, and what its configuration looks like."""

    warning_s: float
    """How long before a rollback fires the device warns; 0: never."""

    def read(self, text: str) -> Node:
        """Make a configuration of text; lines that the dialect does not know are kept as they are."""
        ...

    def write(self, tree: Node) -> str:
        """Print a configuration so that ``read`` makes the same of it."""
        ...

    def show_running(self, device: Device) -> str:
        """Return the answer to ``show running-config``."""
        ...

    def show_startup(self, device: Device) -> str:
        """Return the answer to ``show startup-config``."""
        ...

    def rollback_message(self, device: Device, guard: Guard) -> str:
        """Return what the console says when a rollback fires."""
        ...

    def warning_message(self, device: Device, guard: Guard) -> str:
        """Return what the console says ``warning_s`` before that."""
        ...

    def arm_foreign(self, device: Device, user: str, seconds: float) -> None:
        """Make it so that somebody else has a rollback pending."""
        ...

    def terminal(self, device: Device, wire: Wire) -> Terminal:
        """Open a session."""
        ...
