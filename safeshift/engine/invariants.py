"""What must always hold, as a checker over one run's journal: I1 to I9, I12 and I13 of the design.

Every engine test, the exhaustive exploration and ``safeshift journal verify`` apply it. It reads only what the
journal says, in order, and shares no code with the machine. One small class per invariant, all alike: ``see`` takes
each event and yields the sentences of what it breaks, ``end`` those that only the whole run shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from safeshift.journal.events import Event, Json, Kind

_FORWARD = frozenset({"arm", "stage", "commit"})
_UNDO = frozenset({"abort", "undo", "drop guard", "revert"})
_WRITES = _FORWARD | _UNDO | {"confirm", "save"}


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant: its name, the event that broke it (0: the whole run), and how."""

    invariant: str
    seq: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.invariant} at event {self.seq}: {self.sentence}"


class Watchman(Protocol):
    """Watches one invariant over one run."""

    name: str

    def see(self, event: Event) -> Iterator[str]:
        """Take one event; yield a sentence for each way in which it breaks the invariant."""
        ...

    def end(self) -> Iterator[str]:
        """Yield what only the whole run shows."""
        ...


def check(events: Sequence[Event]) -> tuple[Violation, ...]:
    """Return every violation of one run's journal, in order; empty when all invariants held."""
    watchmen: tuple[Watchman, ...] = (
        OneMoveOpen(),
        FreshPass(),
        GuardFirst(),
        InverseFirst(),
        NeverPromoted(),
        OnlyUndoAfterStop(),
        OneHolder(),
        SettledByReading(),
        HonestEnd(),
        UndoForeseen(),
        OnlyWhatDiffers(),
    )
    found = [Violation(w.name, event.seq, text) for event in events for w in watchmen for text in w.see(event)]
    found += [Violation(w.name, 0, text) for w in watchmen for text in w.end()]
    return tuple(found)


def _text(event: Event, key: str) -> str:
    return str(event.data.get(key, ""))


def _is_intent(event: Event, acts: Iterable[str]) -> bool:
    return event.kind is Kind.INTENT and _text(event, "act") in acts


def _devices(event: Event) -> Mapping[str, Mapping[str, Json]]:
    devices = event.data.get("devices", {})
    return {k: v for k, v in devices.items() if isinstance(v, Mapping)} if isinstance(devices, Mapping) else {}


@dataclass(slots=True)
class _Quiet:
    """The two halves of a watchman that has nothing to say."""

    name = ""

    def see(self, event: Event) -> Iterator[str]:
        yield from ()

    def end(self) -> Iterator[str]:
        yield from ()


@dataclass(slots=True)
class OneMoveOpen(_Quiet):
    """I1: at any time at most one move is unconfirmed."""

    name = "I1"
    open: str = ""

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if _is_intent(event, _FORWARD):
            if self.open and self.open != _text(event, "move"):
                yield f"move {_text(event, 'move')} began while {self.open} was unconfirmed"
            self.open = _text(event, "move")
        elif event.kind is Kind.MOVE_CONFIRMED and _text(event, "move") == self.open:
            self.open = ""


@dataclass(slots=True)
class FreshPass(_Quiet):
    """I2: no move starts unless every required network was measured PASS within ``freshness`` seconds."""

    name = "I2"
    looked: Event | None = None

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is Kind.MEASURED and _text(event, "act") == "look":
            self.looked = event
        if event.kind is Kind.MOVE_OPENED:
            self.looked = None
        if not _is_intent(event, {"arm", "stage"}) and not _is_intent(event, {"commit"}):
            return
        looked = self.looked
        if looked is None or _text(looked, "outcome") != "done" or looked.data.get("move") != event.data.get("move"):
            yield f"{_text(event, 'device')} was sent something without a PASS before move {_text(event, 'move')}"
            return
        limit = looked.data.get("freshness_s")
        first = not _is_intent(event, {"commit"}) or event.data.get("guard") == "none"
        if first and isinstance(limit, int | float) and event.mono - looked.mono > limit:
            yield f"the PASS before move {_text(event, 'move')} was {event.mono - looked.mono:.1f} s old"


@dataclass(slots=True)
class GuardFirst(_Quiet):
    """I3: every unconfirmed change is covered by a guard wherever the platform can."""

    name = "I3"
    guarded: set[tuple[str, str]] = field(default_factory=set)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        key = (_text(event, "move"), _text(event, "device"))
        if event.kind is Kind.OUTCOME and _text(event, "act") in {"arm", "stage"} and _text(event, "outcome") == "done":
            self.guarded.add(key)
        elif _is_intent(event, {"commit"}) and event.data.get("guard") != "none" and key not in self.guarded:
            yield f"{key[1]} was changed in move {key[0]} without its guard"


@dataclass(slots=True)
class InverseFirst(_Quiet):
    """I4: the captured state and the inverse are in the journal before the change is sent."""

    name = "I4"
    captured: set[tuple[str, str]] = field(default_factory=set)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is Kind.CAPTURED:
            for device, held in _devices(event).items():
                if "config" in held and "inverse" in held:
                    self.captured.add((_text(event, "move"), device))
        elif _is_intent(event, _FORWARD):
            key = (_text(event, "move"), _text(event, "device"))
            if key not in self.captured:
                yield f"{key[1]} was touched in move {key[0]} before its state and inverse were recorded"


@dataclass(slots=True)
class NeverPromoted(_Quiet):
    """I5: neither FAIL nor UNKNOWN nor the absence of evidence leads on."""

    name = "I5"

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is not Kind.MEASURED or _text(event, "outcome") != "done":
            return
        networks = event.data.get("networks")
        if not isinstance(networks, Mapping) or not networks:
            yield f"{_text(event, 'act')} went on without evidence"
            return
        for network, verdict in networks.items():
            if verdict != "PASS":
                yield f"{_text(event, 'act')} went on although {network} was {verdict}"


@dataclass(slots=True)
class OnlyUndoAfterStop(_Quiet):
    """I6: after isolation is seen (or any other cause to stop) no change is sent except undo."""

    name = "I6"
    stopped: str = ""

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is Kind.UNWIND_OPENED:
            self.stopped = _text(event, "cause")
        elif self.stopped and _is_intent(event, _WRITES - _UNDO):
            yield f"{_text(event, 'act')} on {_text(event, 'device')} after the run was stopped by {self.stopped}"


@dataclass(slots=True)
class OneHolder(_Quiet):
    """I7: the fabric was locked by this run before anything was sent."""

    name = "I7"
    locked: bool = False

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is Kind.PREFLIGHT and _text(event, "check") == "lock" and _text(event, "verdict") == "PASS":
            self.locked = True
        elif _is_intent(event, _WRITES) and not self.locked:
            yield f"{_text(event, 'device')} was sent something without the fabric's lock"


@dataclass(slots=True)
class SettledByReading(_Quiet):
    """I8: a write whose outcome is unknown is settled by reading the device before anything else is sent to it."""

    name = "I8"
    doubt: dict[str, str] = field(default_factory=dict)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        device = _text(event, "device")
        if event.kind is Kind.OUTCOME and _text(event, "outcome") == "unknown" and _text(event, "act") in _WRITES:
            self.doubt[device] = _text(event, "act")
        elif event.kind in (Kind.READ_BACK, Kind.RESTORED):
            self.doubt.pop(device, None)
        elif _is_intent(event, _WRITES) and self.doubt.get(device) == _text(event, "act"):
            yield f"{_text(event, 'act')} was repeated on {device} although its outcome was unknown"


@dataclass(slots=True)
class HonestEnd(_Quiet):
    """I9: COMPLETED, ROLLED_BACK, NEEDS_OPERATOR or REFUSED, each with what it claims observed."""

    name = "I9"
    touched: dict[tuple[str, str], bool] = field(default_factory=dict)
    ever_sent: bool = False
    goals: set[str] = field(default_factory=set)
    proven: bool = False

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        key = (_text(event, "move"), _text(event, "device"))
        if _is_intent(event, _FORWARD):
            self.touched[key], self.ever_sent = False, True
        elif event.kind is Kind.RESTORED and key in self.touched:
            self.touched[key] = event.data.get("equal") is True
        elif event.kind is Kind.GOAL and _text(event, "outcome") == "done":
            self.goals.add(key[0])
        elif event.kind is Kind.SAFE_POINT:
            self.touched.clear()
        elif event.kind is Kind.MEASURED and _text(event, "act") == "prove networks":
            self.proven = _text(event, "outcome") == "done"
        elif event.kind is Kind.RUN_CLOSED:
            yield from self._judge(event)

    def _judge(self, event: Event) -> Iterator[str]:
        state, todo = _text(event, "state"), event.data.get("todo") or ()
        unrestored = sorted({device for (_, device), equal in self.touched.items() if not equal})
        if state == "COMPLETED" and (unrestored or todo):
            yield f"COMPLETED, but {', '.join(unrestored) or 'something'} was past no safe point"
        elif state == "ROLLED_BACK" and (unrestored or not self.proven or todo):
            yield f"ROLLED_BACK without proof for {', '.join(unrestored) or 'the networks'}"
        elif state == "REFUSED" and self.ever_sent:
            yield "REFUSED although something had been sent"
        elif state == "NEEDS_OPERATOR":
            text = " ".join(str(line) for line in todo) if isinstance(todo, list | tuple) else ""
            if not text:
                yield "NEEDS_OPERATOR without saying what to do"
            for device in unrestored:
                if device not in text:
                    yield f"NEEDS_OPERATOR does not name {device}"
        elif state not in {"COMPLETED", "ROLLED_BACK", "REFUSED"}:
            yield f"ended as {state!r}"


@dataclass(slots=True)
class UndoForeseen(_Quiet):
    """I12: a plan was judged for every state its unwind passes through, and refused unless overridden."""

    name = "I12"
    judged: bool = False

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is Kind.FORECAST:
            self.judged = event.data.get("verdict") == "PASS" or bool(event.data.get("override"))
        elif _is_intent(event, _FORWARD) and not self.judged:
            yield f"{_text(event, 'device')} was changed although the what-if had not passed"


@dataclass(slots=True)
class OnlyWhatDiffers(_Quiet):
    """I13: what is already true is not sent again."""

    name = "I13"

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if _is_intent(event, {"commit"}) and not event.data.get("lines"):
            yield f"{_text(event, 'device')} was changed with no lines to send"
