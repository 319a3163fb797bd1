"""The lab that stands in for the site during one command: brought up for it, or found, and taken down if it was ours.

What a lab is and how its process lives is the lab's. Next: ``plays.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safeshift import api
from safeshift.errors import InputError
from safeshift.lab.process import find_lab, lab_directory, start_lab, stop_lab
from safeshift.lab.running import Origin, RunningLab


@dataclass(frozen=True, slots=True)
class LabChoice:
    """Whether and which lab stands in for the site."""

    wanted: bool
    truth: Path | None
    faults: Path | None


@dataclass(slots=True)
class Stand:
    """Where a command plays: in the lab of ``handle``, or at the site when there is none. ``keep`` leaves it up."""

    handle: RunningLab | None
    keep: bool = False

    def still_up(self) -> bool:
        """Tell whether there is a lab, and it runs."""
        return self.handle is not None and find_lab(self.handle.state_dir) is not None


@contextmanager
def standing_in(job: api.Job, choice: LabChoice) -> Iterator[Stand]:
    """Bring up a lab around one command, or use the one that is up; take down only what was brought up, and cleanly.

    Raises:
        InputError: a lab was described and none is wanted.
        LabError: as ``start_lab``.
    """
    if not choice.wanted:
        if choice.truth or choice.faults:
            raise InputError("--truth and --faults are about the lab", hint="add --lab")
        yield Stand(None)
        return
    fresh = find_lab(lab_directory(job.fabric_path)) is None
    handle = start_lab(job.fabric_path, job.inventory, truth=choice.truth, faults=choice.faults or (), fresh=fresh)
    stand = Stand(handle)
    try:
        yield stand
    finally:
        if handle.origin is not Origin.FOUND and not stand.keep:
            stop_lab(handle.state_dir)
