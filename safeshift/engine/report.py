"""What an act brings back: the outcome the machine is told, and the findings that the journal keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from safeshift.engine.states import Cause, Outcome
from safeshift.journal.events import Json


@dataclass(frozen=True, slots=True)
class Report:
    """The end of one act; see ``states.Came`` for the first four fields."""

    outcome: Outcome
    detail: str = ""
    needed: tuple[str, ...] = ()
    cause: Cause | None = None
    findings: Mapping[str, Json] = field(default_factory=dict)
