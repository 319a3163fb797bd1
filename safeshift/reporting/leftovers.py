"""What may still stand on the devices of a run that never closed its journal, and how to take it back by hand.

Worked out from the journal alone, and so with care: what was sent and not seen undone may stand, and what was sent
without an answer may have worked. Next: ``text.py`` and ``structured.py``, which show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from safeshift.engine.perform import GUARD_LATE_S
from safeshift.journal.events import Event, Kind
from safeshift.platforms import PLATFORMS
from safeshift.reporting.fields import Data, number, rows, table, text, texts
from safeshift.reporting.lines import Line, Tone

_STARTS_TIMER = frozenset({"arm", "commit"})
_ENDS_TIMER = frozenset({"confirm", "abort", "revert", "drop guard"})


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer on a device that may still run: when it ends, and how late such timers are at the most."""

    ends: datetime
    at_the_latest: datetime


@dataclass(frozen=True, slots=True)
class Leftover:
    """What may still stand on one device.

    Attributes:
        moves: Ids of the moves, newest first, of which a part may stand; empty when only a timer or a save is open.
        undo: What undoes them, to be pasted from exec mode; empty when there is nothing to undo.
        timer: The timer that may still undo the newest of them; None when none can run.
        unsaved: The running configuration is as wanted, but was not seen to be saved.
        save: What saves it.
    """

    device: str
    moves: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    timer: Timer | None = None
    unsaved: bool = False
    save: tuple[str, ...] = ()


@dataclass(slots=True)
class _Standing:
    """One device in one move, as far as the journal tells."""

    inverse: tuple[str, ...] = ()
    sent: bool = False
    timer: Timer | None = None


@dataclass(slots=True)
class _Fold:
    """Follows a run event by event; ``standing`` is in the order of the moves, ``began`` says when their timers did."""

    standing: dict[tuple[str, str], _Standing] = field(default_factory=dict)
    began: dict[str, datetime] = field(default_factory=dict)
    unsaved: dict[str, tuple[str, ...]] = field(default_factory=dict)
    platforms: dict[str, str] = field(default_factory=dict)

    def see(self, event: Event) -> None:
        """Take one event."""
        data, act = event.data, text(event.data, "act")
        match event.kind:
            case Kind.PLANNED:
                self.platforms = dict(_platforms(table(data, "plan")))
            case Kind.CAPTURED:
                for device, held in table(data, "devices").items():
                    inverse = texts(held, "inverse") if isinstance(held, dict) else ()
                    self.standing[text(data, "move"), device] = _Standing(inverse)
            case Kind.SAFE_POINT:
                self.standing.clear()
            case Kind.INTENT:
                self._intended(event, act)
            case Kind.OUTCOME if text(data, "outcome") == "done":
                self._done(data, act)
            case Kind.RESTORED if data.get("equal") is True:
                self._at(data).sent = False

    def _intended(self, event: Event, act: str) -> None:
        data = event.data
        if act in _STARTS_TIMER:
            one, seconds = self._at(data), number(data, "guard_s")
            one.sent = one.sent or act == "commit"
            if seconds and text(data, "guard") != "none":
                ends = self.began.setdefault(text(data, "move"), event.at) + timedelta(seconds=seconds)
                one.timer = Timer(ends, ends + timedelta(seconds=GUARD_LATE_S))
        elif act == "save":
            self.unsaved[text(data, "device")] = texts(data, "commands")

    def _done(self, data: Data, act: str) -> None:
        if act in _ENDS_TIMER:
            self._at(data).timer = None
        elif act == "save":
            self.unsaved.pop(text(data, "device"), None)

    def _at(self, data: Data) -> _Standing:
        return self.standing.setdefault((text(data, "move"), text(data, "device")), _Standing())


def find_leftovers(events: Sequence[Event]) -> tuple[Leftover, ...]:
    """Say what may still stand, device by device; empty for a run that closed its journal, which told it itself."""
    if any(event.kind is Kind.RUN_CLOSED for event in events):
        return ()
    fold = _Fold()
    for event in events:
        fold.see(event)
    devices = dict.fromkeys((*(device for _, device in reversed(fold.standing)), *fold.unsaved))
    found = (_leftover(fold, device) for device in devices if device)
    kept = [one for one in found if one.moves or one.timer or one.unsaved]
    # What was done first is undone last: a link goes back at its far end before traffic returns to the near one.
    order = list(dict.fromkeys(move for move, _ in fold.standing))
    return tuple(sorted(kept, key=lambda one: -order.index(one.moves[-1]) if one.moves else 1))


def _leftover(fold: _Fold, device: str) -> Leftover:
    own = [(move, one) for (move, name), one in reversed(fold.standing.items()) if name == device]
    sent = [(move, one) for move, one in own if one.sent]
    lines = tuple(line for _, one in sent for line in one.inverse)
    timer = next((one.timer for _, one in own if one.timer is not None), None)
    typed = _pasteable(fold.platforms.get(device, ""), lines) if lines else ()
    unsaved = device in fold.unsaved
    return Leftover(device, tuple(move for move, _ in sent), typed, timer, unsaved, fold.unsaved.get(device, ()))


def _pasteable(platform: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    if platform not in PLATFORMS:  # an old journal, or one of a platform that is gone
        return lines
    dialogue = PLATFORMS[platform].dialogue
    return (dialogue.enter_config, *lines, dialogue.leave_config)


def _platforms(plan: Data) -> Iterator[tuple[str, str]]:
    for batch in rows(plan, "batches"):
        for move in rows(batch, "moves"):
            yield from ((text(change, "device"), text(change, "platform")) for change in rows(move, "changes"))


def show_leftovers(found: Sequence[Leftover]) -> Iterator[Line]:
    """Tell what may still stand: per device what it is, which timer may end it and when, and what to type."""
    if found:
        yield Line("what may still stand on the devices, and how to take it back by hand, in this order:", Tone.BAD)
    for one in found:
        yield from _show_one(one)


def _show_one(one: Leftover) -> Iterator[Line]:
    if one.moves:
        moves = f"move {one.moves[0]}" if len(one.moves) == 1 else f"moves {', '.join(one.moves)}"
        yield Line(f"{one.device}: may hold {moves}", Tone.BAD, 1)
    else:
        yield Line(f"{one.device}: holds nothing of this run that must be undone", Tone.WARN, 1)
    if one.timer is not None:
        what = "its own timer undoes the newest move at" if one.moves else "a timer may run there and ends at"
        ends, latest = (f"{at:%H:%M:%S} UTC" for at in (one.timer.ends, one.timer.at_the_latest))
        yield Line(f"{what} {ends}, at the latest at {latest}", Tone.WARN, 2)
    if one.undo:
        yield Line("to undo what is there, type:", Tone.BAD, 2)
        yield from (Line(line, Tone.BAD, 3) for line in one.undo)
    if one.unsaved:
        yield Line("its running configuration may not be saved yet; to save it, type:", Tone.WARN, 2)
        yield from (Line(line, Tone.WARN, 3) for line in one.save)
