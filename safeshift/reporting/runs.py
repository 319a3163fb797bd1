"""The list of runs: one row each, newest first, and what to do about those that nobody drives any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from safeshift.journal.store import RunRow
from safeshift.reporting.lines import Line, Tone, printable
from safeshift.reporting.narration import show_time
from safeshift.units import show_duration

_HEADS = ("RUN", "STATE", "EXIT", "OPENED", "TOOK", "OPERATOR", "PLAYBOOK", "FABRIC")
_TONES = {"COMPLETED": Tone.GOOD, "ORPHANED": Tone.BAD, "NEEDS_OPERATOR": Tone.BAD, "ROLLED_BACK": Tone.WARN}


def show_runs(rows: Sequence[RunRow]) -> tuple[Line, ...]:
    """Lay runs out as a table, in the order given."""
    if not rows:
        return (Line("no run was recorded yet"),)
    cells = [_HEADS, *(tuple(printable(cell) for cell in _cells(row)) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADS))]
    tones = [Tone.HEAD, *(_TONES.get(row.state, Tone.PLAIN) for row in rows)]
    table = (_aligned(row, widths, tone) for row, tone in zip(cells, tones, strict=True))
    return (*table, *_orphans(rows))


def _cells(row: RunRow) -> tuple[str, ...]:
    took = show_duration((row.closed - row.opened).total_seconds()) if row.opened and row.closed else "-"
    opened = show_time(row.opened) if row.opened else "-"
    code = "-" if row.exit_code is None else str(row.exit_code)
    return (row.id, row.state, code, opened, took, row.operator or "-", row.playbook or "-", row.fabric)


def _aligned(cells: tuple[str, ...], widths: list[int], tone: Tone) -> Line:
    return Line("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip(), tone)


def _orphans(rows: Sequence[RunRow]) -> Iterator[Line]:
    for row in rows:
        if row.orphaned:
            sentence = f"run {row.id} was left in the middle; the devices' own timers undo what was not confirmed"
            yield Line(f"{sentence}; for the rest, and what to type, look at safeshift show {row.id}", Tone.BAD)
