"""What an act brings back: the outcome the machine is told, and the findings that the journal keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from safeshift.engine.states import Cause, Outcome
from safeshift.journal.events import Json


@dataclass(frozen=True, slots=True)
class Report:
    """The end of one act; see ``states.Came`` for all but ``findings``."""

    outcome: Outcome
    detail: str = ""
    needed: tuple[str, ...] = ()
    cause: Cause | None = None
    foreign: str = ""
    findings: Mapping[str, Json] = field(default_factory=dict)
