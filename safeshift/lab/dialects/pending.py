"""What a device has pending beside its running configuration: candidates, and a rollback that waits for a confirm.

Data only; ``device.py`` keeps it and lets it fire, the dialects make it.
"""

from __future__ import annotations

from dataclasses import dataclass

from safeshift.lab.dialects.configtree import Node


@dataclass(slots=True)
class Candidate:
    """A named configuration session (EOS): its own copy of the configuration, or one that was committed."""

    name: str
    user: str
    tree: Node
    base: Node
    state: str = "pending"


@dataclass(slots=True)
class Guard:
    """A pending rollback: the configuration that comes back unless somebody confirms.

    Attributes:
        name: The session's name (EOS), or the archive file's (IOS).
        deadline: When it fires, wall clock, seconds since the epoch.
        armed_at: When it was set, wall clock.
        idle: It counts from the last input (IOS).
        terminal: The session that armed it; 0 when that is not known any more.

    """

    name: str
    user: str
    checkpoint: Node
    armed_at: float
    deadline: float
    idle: bool = False
    terminal: int = 0
    warned: bool = False
