"""What must always hold, as a checker over one run's journal: I1 to I9, I12 and I13 of the design.

Every engine test, the exhaustive exploration and the scenarios on the lab apply it. It reads only what the journal
says, in order, and shares no code with the machine. One small class per invariant, all alike: ``see`` takes each
event and yields the sentences of what it breaks, ``end`` those that only the whole run shows. Long because there are
eleven of them and none shares code with another.
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
    watching = watchmen()
    found = [Violation(w.name, event.seq, text) for event in events for w in watching for text in w.see(event)]
    found += [Violation(w.name, 0, text) for w in watching for text in w.end()]
    return tuple(found)


def watchmen() -> tuple[Watchman, ...]:
    """Return one watchman per invariant, each of whom has seen nothing yet."""
    return (
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


def _text(event: Event, key: str) -> str:
    return str(event.data.get(key, ""))


def _is_intent(event: Event, acts: Iterable[str]) -> bool:
    return event.kind is Kind.INTENT and _text(event, "act") in acts


def _key(event: Event) -> tuple[str, str]:
    return _text(event, "move"), _text(event, "device")


def _ended(event: Event, *acts: str) -> bool:
    """Whether the event says that one of the acts came back DONE."""
    return event.kind is not Kind.INTENT and _text(event, "act") in acts and _text(event, "outcome") == "done"


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
    """I1: at any time at most one move is unconfirmed; confirmed is a move whose every guard was told to keep it."""

    name = "I1"
    open: str = ""
    guarded: set[str] = field(default_factory=set)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if _is_intent(event, _FORWARD):
            move, device = _key(event)
            if self.open and self.open != move:
                yield f"move {move} began while {self.open} was unconfirmed"
            if self.open != move:
                self.open, self.guarded = move, set()
            if event.data.get("guard") != "none":
                self.guarded.add(device)
        elif _ended(event, "confirm"):
            self.guarded.discard(_text(event, "device"))
        elif event.kind is Kind.MOVE_CONFIRMED and _text(event, "move") == self.open:
            if self.guarded:
                yield f"move {self.open} was called confirmed while {', '.join(sorted(self.guarded))} was not"
            self.open = ""
        elif event.kind is Kind.SAFE_POINT and self.open:
            yield f"a safe point was declared while {self.open} was unconfirmed"


@dataclass(slots=True)
class FreshPass(_Quiet):
    """I2: a move starts only on a PASS younger than ``freshness``, a run only when nothing is out of service."""

    name = "I2"
    looked: Event | None = None
    whole: bool = False
    begun: str = ""

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is Kind.PREFLIGHT and _text(event, "check") == "nothing out of service":
            self.whole = _text(event, "verdict") == "PASS"
        elif event.kind is Kind.MEASURED and _text(event, "act") == "look":
            self.looked = event
        elif event.kind is Kind.MOVE_OPENED:
            self.looked = None
        elif _is_intent(event, _FORWARD):
            yield from self._judge(event)

    def _judge(self, event: Event) -> Iterator[str]:
        move, device = _key(event)
        if not self.whole:
            yield f"{device} was sent something although it was not seen that nothing is out of service"
        looked = self.looked
        if looked is None or _text(looked, "outcome") != "done" or _text(looked, "move") != move:
            yield f"{device} was sent something without a PASS before move {move}"
            return
        limit = looked.data.get("freshness_s")
        first = self.begun != move  # what follows the first commit comes while the networks settle
        if _is_intent(event, {"commit"}):
            self.begun = move
        if first and isinstance(limit, int | float) and event.mono - looked.mono > limit:
            yield f"the PASS before move {move} was {event.mono - looked.mono:.1f} s old"


@dataclass(slots=True)
class GuardFirst(_Quiet):
    """I3: every unconfirmed change is covered by a guard, which has not run out, wherever the platform can."""

    name = "I3"
    guarded: set[tuple[str, str]] = field(default_factory=set)
    ends: dict[tuple[str, str], float] = field(default_factory=dict)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        key = _key(event)
        if _ended(event, "arm", "stage"):
            self.guarded.add(key)
        elif _is_intent(event, {"commit"}) and event.data.get("guard") != "none" and key not in self.guarded:
            yield f"{key[1]} was changed in move {key[0]} without its guard"
        elif _ended(event, "confirm") and event.mono > self.ends.get(key, event.mono):
            yield f"{key[1]} was confirmed in move {key[0]} after its timer must have ended"
        if _is_intent(event, {"arm", "commit"}):
            seconds = event.data.get("guard_s")
            if isinstance(seconds, int | float):
                self.ends.setdefault(key, event.mono + seconds)


@dataclass(slots=True)
class InverseFirst(_Quiet):
    """I4: the captured state, the lines and their inverse are in the journal before the change is sent."""

    name = "I4"
    captured: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        key = _key(event)
        if event.kind is Kind.CAPTURED:
            for device, held in _devices(event).items():
                if "config" in held and "inverse" in held:
                    self.captured[key[0], device] = _lines(held)
        elif _is_intent(event, _FORWARD):
            if key not in self.captured:
                yield f"{key[1]} was touched in move {key[0]} before its state and inverse were recorded"
            elif _is_intent(event, {"stage", "commit"}) and _lines(event.data) != self.captured[key]:
                yield f"{key[1]} was sent other lines in move {key[0]} than were recorded with their inverse"


def _lines(data: Mapping[str, Json]) -> tuple[str, ...]:
    lines = data.get("lines")
    return tuple(str(line) for line in lines) if isinstance(lines, list | tuple) else ()


@dataclass(slots=True)
class NeverPromoted(_Quiet):
    """I5: neither FAIL nor UNKNOWN nor the absence of evidence leads on."""

    name = "I5"
    refused: str = ""
    watched: str = ""
    soaked: bool = False
    changed: bool = False

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is Kind.MEASURED:
            yield from self._measured(event)
        elif _is_intent(event, _WRITES - _UNDO) and self.refused:
            yield f"{_text(event, 'act')} on {_text(event, 'device')} although {self.refused} did not PASS"
        if _is_intent(event, {"commit"}):
            self.watched, self.soaked, self.changed = "", False, True
        elif _is_intent(event, {"confirm"}) or (event.kind is Kind.MOVE_CONFIRMED and self.changed):
            if self.watched != _text(event, "move"):
                yield f"move {_text(event, 'move')} was confirmed without a PASS after it"
        elif event.kind is Kind.SAFE_POINT:
            if self.changed and not self.soaked:
                yield f"batch {_text(event, 'batch')} became a safe point without a PASS while it soaked"
            self.changed = False

    def _measured(self, event: Event) -> Iterator[str]:
        act = _text(event, "act")
        if _text(event, "outcome") != "done":
            self.refused = act
            return
        networks = event.data.get("networks")
        if not isinstance(networks, Mapping) or not networks:
            yield f"{act} went on without evidence"
            return
        for network, verdict in networks.items():
            if verdict != "PASS":
                yield f"{act} went on although {network} was {verdict}"
        self.watched = _text(event, "move") if act == "watch" else self.watched
        self.soaked = self.soaked or act == "soak"


@dataclass(slots=True)
class OnlyUndoAfterStop(_Quiet):
    """I6: after isolation is seen (or any other cause to stop) no change is sent except undo."""

    name = "I6"
    stopped: str = ""
    unwinding: bool = False

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        self.unwinding = self.unwinding or event.kind is Kind.UNWIND_OPENED
        if event.kind in (Kind.UNWIND_OPENED, Kind.SIGNAL):
            self.stopped = self.stopped or _text(event, "cause")
        elif event.kind is Kind.MEASURED and event.data.get("isolated"):
            self.stopped = self.stopped or "isolation"
        elif self.stopped and _is_intent(event, _WRITES - _UNDO):
            yield f"{_text(event, 'act')} on {_text(event, 'device')} after the run was stopped by {self.stopped}"
        elif _is_intent(event, _UNDO) and not self.unwinding:
            yield f"{_text(event, 'act')} on {_text(event, 'device')} although nothing had stopped the run"


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
    """I8: a write is settled by reading the device before anything builds on it; in doubt it is never repeated."""

    name = "I8"
    doubt: dict[tuple[str, str], str] = field(default_factory=dict)
    unread: set[tuple[str, str]] = field(default_factory=set)
    flying: dict[str, str] = field(default_factory=dict)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        yield from self._in_flight(event)
        key, act = _key(event), _text(event, "act")
        if event.kind is Kind.OUTCOME and _text(event, "outcome") == "unknown" and act in _WRITES:
            self.doubt[key] = act
        elif event.kind in (Kind.READ_BACK, Kind.RESTORED) and _text(event, "outcome") != "unknown":
            self.doubt.pop(key, None)
            if event.kind is Kind.READ_BACK and event.data.get("equal") is True:
                self.unread.discard(key)
        elif _is_intent(event, _WRITES) and self.doubt.get(key) == act:
            yield f"{act} was repeated on {key[1]} although its outcome was unknown"
        if _is_intent(event, {"commit"}):
            self.unread.add(key)
        elif _is_intent(event, {"watch", "confirm"}) or event.kind is Kind.MOVE_CONFIRMED:
            for move, device in sorted(self.unread):
                if move == key[0]:
                    yield f"move {move} went on although {device} was not read back as intended"

    def _in_flight(self, event: Event) -> Iterator[str]:
        """A write that has not come back has an outcome that nobody knows: nothing else is sent meanwhile."""
        device, act = _text(event, "device"), _text(event, "act")
        if _is_intent(event, _WRITES):
            if device in self.flying:
                yield f"{act} was sent to {device} while {self.flying[device]} had not come back"
            self.flying[device] = act
        elif event.kind in (Kind.OUTCOME, Kind.READ_BACK, Kind.RESTORED):
            self.flying.pop(device, None)


@dataclass(slots=True)
class HonestEnd(_Quiet):
    """I9: COMPLETED, ROLLED_BACK, NEEDS_OPERATOR or REFUSED, each with what it claims observed."""

    name = "I9"
    touched: dict[tuple[str, str], bool] = field(default_factory=dict)
    batches: int = 0
    kept: int = 0
    ever_sent: bool = False
    stopped: bool = False
    goal: bool = False
    unsafe: set[str] = field(default_factory=set)
    unsaved: set[str] = field(default_factory=set)
    proven: bool = False
    closed: bool = False

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        if event.kind is Kind.INTENT and _text(event, "act") in _WRITES:
            yield from self._written(event)
        elif event.kind is Kind.RESTORED and _key(event) in self.touched:
            self.touched[_key(event)] = event.data.get("equal") is True
        elif event.kind is Kind.MEASURED and _text(event, "act") == "prove networks":
            self.proven = _text(event, "outcome") == "done"
        elif event.kind is Kind.UNWIND_OPENED:
            self.stopped = True
        elif event.kind is Kind.OUTCOME and _text(event, "act") == "save":
            if _text(event, "outcome") != "done":
                self.unsaved.add(_text(event, "device"))
        elif event.kind is Kind.RUN_CLOSED:
            self.closed = True
            yield from self._judge(event)
        else:
            yield from self._batch(event)

    def _written(self, event: Event) -> Iterator[str]:
        act = _text(event, "act")
        self.proven = False
        if self.closed:
            yield f"{act} on {_text(event, 'device')} after the run was closed"
        if act in _FORWARD:
            self.touched[_key(event)], self.ever_sent, self.goal = False, True, False
        elif act in _UNDO - {"drop guard"} and _key(event) in self.touched:
            self.touched[_key(event)] = False

    def _batch(self, event: Event) -> Iterator[str]:
        batch = _text(event, "batch")
        if event.kind is Kind.BATCH_OPENED:
            self.unsafe.add(batch)
            self.goal = False
        elif event.kind is Kind.GOAL:
            self.goal = _text(event, "outcome") == "done"
        elif event.kind is Kind.SAFE_POINT:
            if not self.goal:
                yield f"batch {batch} became a safe point although its goal was not observed"
            self.unsafe.discard(batch)
            self.touched.clear()
            self.kept += 1
        elif event.kind is Kind.PLANNED:
            self.batches = _batches(event)

    def _judge(self, event: Event) -> Iterator[str]:
        state, todo = _text(event, "state"), event.data.get("todo") or ()
        unrestored = sorted({device for (_, device), equal in self.touched.items() if not equal} | self.unsaved)
        if state == "COMPLETED" and (unrestored or todo or self.unsafe or self.stopped):
            yield f"COMPLETED, but {', '.join(unrestored) or 'something'} was past no safe point"
        elif state == "ROLLED_BACK" and (unrestored or not self.proven or todo):
            yield f"ROLLED_BACK without proof for {', '.join(unrestored) or 'the networks'}"
        elif state == "ROLLED_BACK" and self.batches and self.kept == self.batches:
            yield "ROLLED_BACK although every batch was past its safe point, and nothing could be undone"
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


def _batches(event: Event) -> int:
    plan = event.data.get("plan")
    batches = plan.get("batches") if isinstance(plan, Mapping) else None
    return len(batches) if isinstance(batches, list | tuple) else 0


@dataclass(slots=True)
class UndoForeseen(_Quiet):
    """I12: a plan was judged for every state its unwind passes through (newest move first), and refused unless
    overridden; so it is unwound in no other order.
    """

    name = "I12"
    judged: bool = False
    touched: dict[tuple[str, str], bool] = field(default_factory=dict)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        key = _key(event)
        if event.kind is Kind.FORECAST:
            self.judged = event.data.get("verdict") == "PASS" or bool(event.data.get("override"))
        elif event.kind is Kind.SAFE_POINT:
            self.touched.clear()
        elif event.kind is Kind.RESTORED and key in self.touched:
            self.touched[key] = True
        elif _is_intent(event, _FORWARD):
            self.touched[key] = False
            if not self.judged:
                yield f"{key[1]} was changed although the what-if had not passed"
        elif _is_intent(event, _UNDO) and key in self.touched:
            moves = list(dict.fromkeys(move for move, _ in self.touched))
            newer = moves[moves.index(key[0]) + 1 :]
            for (move, device), checked in self.touched.items():
                if move in newer and not checked:
                    yield f"move {key[0]} was undone on {key[1]} before the newer move {move} was on {device}"


@dataclass(slots=True)
class OnlyWhatDiffers(_Quiet):
    """I13: what is already true is not sent, and nothing is sent twice."""

    name = "I13"
    needed: set[tuple[str, str]] = field(default_factory=set)
    sent: set[tuple[str, str]] = field(default_factory=set)

    def see(self, event: Event) -> Iterator[str]:
        """See ``Watchman``."""
        key = _key(event)
        if event.kind is Kind.CAPTURED:
            devices = event.data.get("needed")
            self.needed |= {(key[0], str(name)) for name in devices} if isinstance(devices, list | tuple) else set()
        elif _is_intent(event, {"commit"}):
            if not event.data.get("lines"):
                yield f"{key[1]} was changed with no lines to send"
            if key not in self.needed:
                yield f"{key[1]} was changed in move {key[0]}, which it did not need"
            if key in self.sent:
                yield f"move {key[0]} was sent to {key[1]} twice"
            self.sent.add(key)
