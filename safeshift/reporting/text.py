"""One run told from its journal: who, what, each command, each measurement that decided, and what is different now.

Everything comes from the events; nothing is asked of a device. Next: ``narration.py`` (the words).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from safeshift.journal.events import Event, Kind
from safeshift.reporting.differences import Difference, find_differences
from safeshift.reporting.leftovers import find_leftovers, show_leftovers
from safeshift.reporting.lines import Line, Tone
from safeshift.reporting.narration import Narrator


def show_run(events: Sequence[Event], *, head: str = "", alive: bool = False) -> tuple[Line, ...]:
    """Tell a whole run.

    Args:
        events: All events of one run, in order; a run that is still going on or that died is told as far as it came.
        head: The hash of its last event, from ``Journal.verify``; shown when given.
        alive: A process drives it now; else what it left on the devices is told, if it did not tell it itself.
    """
    if not events:
        return (Line("this run wrote nothing: it died before its first event", Tone.WARN),)
    return tuple(_tell(events, head, alive))


def _tell(events: Sequence[Event], head: str, alive: bool) -> Iterator[Line]:
    narrator = Narrator(full=True)
    closing = [event for event in events if event.kind is Kind.RUN_CLOSED]
    for event in events:
        if event.kind is Kind.RUN_CLOSED:
            continue
        for line in narrator.tell(event):
            yield Line(f"{event.at:%H:%M:%S}.{event.at.microsecond // 1000:03d}  {line}", line.tone)
    yield from _differing(find_differences(events))
    for event in closing[-1:]:
        yield from narrator.tell(event)
    if alive and not closing:
        yield Line("not ended: it is under way", Tone.WARN)
    elif not closing:
        yield Line("not ended: its process died before it could undo anything more or say how it ended", Tone.BAD)
        yield from show_leftovers(find_leftovers(events))
    if head:
        yield Line(f"journal: {len(events)} events, head {head}", Tone.FAINT)


def _differing(found: tuple[Difference, ...] | None) -> Iterator[Line]:
    if found is None:
        yield Line("operational state: not recorded both before and after, so nothing can be compared", Tone.FAINT)
    elif not found:
        yield Line("operational state: adjacencies, routes and interfaces are as they were before", Tone.GOOD)
    else:
        yield Line(f"operational state: {len(found)} differences between before and after", Tone.HEAD)
        yield from (Line(str(difference), depth=1) for difference in found)
