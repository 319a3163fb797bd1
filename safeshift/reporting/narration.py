"""One journal event, told as lines: the same words while a run goes on and when it is shown again later.

It remembers only what a line needs to be understood (the plan's names, when a move began). It judges nothing.
Next: ``live.py`` and ``text.py``, the two that use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from safeshift.journal.events import Event, Kind
from safeshift.reporting.fields import Data, number, rows, table, text, texts
from safeshift.reporting.lines import Line, Tone
from safeshift.units import show_duration

_DONE = {
    "arm": "guard armed",
    "stage": "staged",
    "commit": "sent",
    "confirm": "confirmed",
    "save": "saved to its startup configuration",
    "abort": "aborted, the device is back by its own means",
    "revert": "put back whole by its own means",
    "undo": "inverse typed",
    "drop guard": "guard dropped",
    "await guard": "the device answers",
}
_WAITING = {
    "watch": "watching the networks",
    "soak": "watching the finished batch",
    "prove networks": "waiting until the networks are proven well again",
    "await guard": "waiting for the device to answer, or for its own timer to end",
    "perform": "waiting for it to be done",
}
_LOOKED = {
    "look": "networks before",
    "watch": "networks after",
    "soak": "networks, batch finished",
    "prove networks": "networks, all undone",
}


class Narrator:
    """Tells one run, event by event, in order.

    Args:
        full: Every line typed on a line of its own, and every measurement; else as one follows a run that goes on.
    """

    def __init__(self, *, full: bool = False) -> None:
        self._full = full
        self._moves: dict[str, Data] = {}
        self._batches: tuple[Data, ...] = ()
        self._began: float | None = None
        self._move_began = 0.0
        self._unwind_began: float | None = None
        self._alarm = ""
        self._shown: set[tuple[str, str]] = set()
        self._tellers: Mapping[Kind, Callable[[Event], Iterable[Line]]] = {
            Kind.RUN_OPENED: self._run_opened,
            Kind.PLANNED: self._planned,
            Kind.FORECAST: self._forecast,
            Kind.PREFLIGHT: self._preflight,
            Kind.BASELINE: self._baseline,
            Kind.BATCH_OPENED: self._batch_opened,
            Kind.CAPTURED: self._captured,
            Kind.MOVE_OPENED: self._move_opened,
            Kind.INTENT: self._intent,
            Kind.OUTCOME: self._outcome,
            Kind.READ_BACK: self._compared,
            Kind.RESTORED: self._compared,
            Kind.MEASURED: self._measured,
            Kind.MOVE_CONFIRMED: self._move_confirmed,
            Kind.MOVE_SKIPPED: self._move_skipped,
            Kind.SAFE_POINT: self._safe_point,
            Kind.SIGNAL: self._signal,
            Kind.UNWIND_OPENED: self._unwind_opened,
            Kind.GOAL: self._goal,
            Kind.FACTS: self._facts,
            Kind.NOTE: self._note,
            Kind.RUN_CLOSED: self._run_closed,
        }

    def tell(self, event: Event) -> tuple[Line, ...]:
        """Return the lines for one event; none when it means nothing to a reader."""
        if self._began is None:
            self._began = event.mono
        return tuple(self._tellers[event.kind](event))

    def _run_opened(self, event: Event) -> Iterator[Line]:
        data = event.data
        who = "@".join(filter(None, (text(data, "operator"), text(data, "host"))))
        yield Line(f"run {event.run} by {who}, {show_time(event.at)}", Tone.HEAD)
        yield Line(f"playbook {text(data, 'playbook')}, fabric {text(data, 'fabric')}", depth=1)
        versions = ", ".join(f"{name} {value}" for name, value in table(data, "versions").items())
        if self._full:
            yield Line(f"command  {' '.join(texts(data, 'argv'))}", depth=1)
            yield Line(f"versions {versions}", depth=1)
        if text(data, "lab"):
            yield Line(f"on the lab at {text(data, 'lab')}: no real device is touched", depth=1)
        if text(data, "override"):
            yield Line(f"THE WHAT-IF IS OVERRIDDEN: {text(data, 'override')}", Tone.WARN, 1)

    def _planned(self, event: Event) -> Iterator[Line]:
        plan = table(event.data, "plan")
        self._batches = rows(plan, "batches")
        self._moves = {text(move, "id"): move for batch in self._batches for move in rows(batch, "moves")}
        touched = {text(change, "device") for move in self._moves.values() for change in rows(move, "changes")}
        moves, batches = _counted(len(self._moves), "move"), _counted(len(self._batches), "batch", "batches")
        size = f"{moves} in {batches}, changes {_counted(len(touched), 'device')}"
        yield Line(f"plan {text(event.data, 'hash')[:12]}: {size}", depth=1)

    def _forecast(self, event: Event) -> Iterator[Line]:
        data = event.data
        if text(data, "verdict") == "PASS":
            yield Line("what-if: no step and no undo of it overloads or isolates anything", Tone.GOOD, 1)
        else:
            yield Line(f"what-if: {text(data, 'reason') or text(data, 'verdict')}", Tone.BAD, 1)
        if self._full:
            yield from (Line(sentence, Tone.BAD, 2) for sentence in texts(data, "refusals")[1:])
        exposure = "accepted exposure" if text(data, "verdict") == "PASS" else "exposure"
        yield from (Line(f"{exposure}: {sentence}", Tone.WARN, 2) for sentence in texts(data, "exposures"))
        yield from (Line(f"standing weakness: {sentence}", Tone.FAINT, 2) for sentence in texts(data, "standing"))
        if text(data, "override"):
            yield Line(f"sent all the same, because: {text(data, 'override')}", Tone.WARN, 2)

    def _preflight(self, event: Event) -> Iterator[Line]:
        verdict, detail = text(event.data, "verdict"), text(event.data, "detail")
        tone = Tone.FAINT if verdict == "PASS" else Tone.BAD
        yield Line(_joined(f"{text(event.data, 'check')}: {verdict}", detail), tone, 1)

    def _baseline(self, event: Event) -> Iterator[Line]:
        yield from self._networks("baseline", event.data, text(event.data, "verdict") == "PASS")

    def _batch_opened(self, event: Event) -> Iterator[Line]:
        index = number(event.data, "batch")
        batch = self._batches[int(index)] if index is not None and index < len(self._batches) else {}
        count = f"batch {int(index or 0) + 1} of {len(self._batches) or '?'}"
        hosts = ", ".join(texts(batch, "hosts"))
        yield Line(_joined(_joined(count, hosts), text(batch, "play_name")), Tone.HEAD)

    def _move_opened(self, event: Event) -> Iterator[Line]:
        self._move_began = event.mono
        yield Line(f"move {self._named(text(event.data, 'move'))}", Tone.HEAD, 1)

    def _named(self, move: str) -> str:
        known = self._moves.get(move, {})
        title = " > ".join(filter(None, (text(known, "stage"), text(known, "name"))))
        action, hosts = text(known, "action"), ", ".join(texts(known, "hosts"))
        return f"{move} {title} ({action} on {hosts})" if title else move

    def _captured(self, event: Event) -> Iterator[Line]:
        needed, detail = ", ".join(texts(event.data, "needed")), text(event.data, "detail")
        if text(event.data, "outcome") != "done":
            yield Line(f"not begun: {detail}", Tone.BAD, 2)
        elif not needed:
            yield Line(detail or "nothing is sent", Tone.FAINT, 2)
        elif self._full:
            yield Line(f"captured {needed}{_took(event.data)}; the inverse lies ready", Tone.FAINT, 2)

    def _intent(self, event: Event) -> Iterator[Line]:
        """Tell what is about to be typed, once per device and move, and what is being waited for."""
        data = event.data
        act, device, lines = text(data, "act"), text(data, "device"), texts(data, "lines")
        key = (text(data, "move"), device)
        commands = texts(data, "commands")
        if self._full and commands:
            yield from self._typed(f"{device} {act}, typed ({_cover(data)})", commands)
        elif lines and act == "undo":
            yield from self._typed(f"{device} is sent the inverse", lines)
        elif lines and key not in self._shown:
            self._shown.add(key)
            yield from self._typed(f"{device} is sent ({_cover(data)})", lines)
        elif act in _WAITING and not self._full:
            yield Line(" ".join(filter(None, (device, f"{_WAITING[act]} ..."))), Tone.FAINT, 2)

    def _typed(self, head: str, lines: tuple[str, ...]) -> Iterator[Line]:
        if self._full:
            yield Line(f"{head}:", depth=2)
            yield from (Line(line, depth=4) for line in lines)
        else:
            yield Line(f"{head}: {' / '.join(line.strip() for line in lines)}", depth=2)

    def _outcome(self, event: Event) -> Iterator[Line]:
        data = event.data
        act, device, outcome, detail = (text(data, key) for key in ("act", "device", "outcome", "detail"))
        if outcome == "done":
            told = " ".join(filter(None, (device, _DONE.get(act, "" if detail else "done"))))
            yield Line(f"{_joined(told, detail)}{_took(data)}", depth=2)
        else:
            action = text(self._moves.get(text(data, "move"), {}), "action")
            subject = " ".join(filter(None, (device, action if act == "perform" and action else act)))
            yield Line(f"{subject} {outcome.upper()}: {detail}{_took(data)}", _tone(outcome), 2)
        if self._full:
            yield from self._answers(data)

    def _answers(self, data: Data) -> Iterator[Line]:
        for device, said in table(data, "answers").items():
            for command, answer in said.items() if isinstance(said, Mapping) else ():
                yield Line(f"{device}> {command}", Tone.FAINT, 3)
                yield from (Line(line, Tone.FAINT, 4) for line in str(answer).splitlines())
        yield from (Line(line, Tone.FAINT, 4) for line in text(data, "traceback").splitlines())

    def _compared(self, event: Event) -> Iterator[Line]:
        data = event.data
        device, equal = text(data, "device"), data.get("equal") is True
        good = "is as it was before" if event.kind is Kind.RESTORED else "holds exactly what was sent"
        if equal:
            tone = Tone.GOOD if event.kind is Kind.RESTORED else Tone.PLAIN
            yield Line(f"{device} {good}{_took(data)}", tone, 2)
            return
        outcome, detail = text(data, "outcome"), text(data, "detail") or f"{device} is not as it should be"
        yield Line(f"{device} cannot be told: {detail}" if outcome == "unknown" else detail, _tone(outcome), 2)
        yield from (Line(line, Tone.BAD, 4) for line in texts(data, "differences") if self._full)

    def _measured(self, event: Event) -> Iterator[Line]:
        act = text(event.data, "act")
        if act == "look" and not self._full and text(event.data, "outcome") == "done":
            return
        good = text(event.data, "outcome") == "done"
        yield from self._networks(_LOOKED.get(act, act), event.data, good)
        if act == "prove networks" and good and self._unwind_began is not None:
            since = show_duration(event.mono - self._unwind_began)
            yield Line(f"undone, and proven to be, {since} after it was decided", Tone.GOOD, 2)

    def _networks(self, head: str, data: Data, good: bool) -> Iterator[Line]:
        """Tell what the networks looked like: the verdicts, how many probes were missed, and who is not well."""
        elapsed = number(data, "elapsed_s")
        since = f" {show_duration(elapsed)}" if elapsed else ""
        nodes = rows(data, "nodes")
        told = (_network(name, str(verdict), nodes) for name, verdict in table(data, "networks").items())
        yield Line(f"{head}{since}: {', '.join(told) or 'nothing was measured'}", Tone.GOOD if good else Tone.BAD, 2)
        if not good and text(data, "detail"):
            yield Line(text(data, "detail"), Tone.BAD, 3)
        yield from (_node(node) for node in nodes if text(node, "verdict") != "PASS" and (self._full or not good))

    def _move_confirmed(self, event: Event) -> Iterator[Line]:
        yield Line(f"confirmed after {show_duration(event.mono - self._move_began)}", Tone.GOOD, 2)

    def _move_skipped(self, event: Event) -> Iterator[Line]:
        yield Line("nothing to confirm", Tone.FAINT, 2)

    def _safe_point(self, event: Event) -> Iterator[Line]:
        yield Line(f"safe point: batch {int(number(event.data, 'batch') or 0) + 1} has passed", Tone.GOOD, 1)

    def _signal(self, event: Event) -> Iterator[Line]:
        self._alarm = text(event.data, "detail")
        yield Line(f"{text(event.data, 'cause').upper()}: {self._alarm}", Tone.BAD, 1)
        if table(event.data, "networks"):
            yield from self._networks("networks", event.data, good=False)

    def _unwind_opened(self, event: Event) -> Iterator[Line]:
        self._unwind_began = event.mono
        moves = "; ".join(self._named(move) for move in texts(event.data, "moves"))
        yield Line(f"undoing {moves or 'nothing: nothing was sent since the safe point'}", Tone.HEAD, 1)
        if self._full or text(event.data, "detail") != self._alarm:
            yield Line(f"because of {text(event.data, 'cause')}: {text(event.data, 'detail')}", Tone.BAD, 2)

    def _goal(self, event: Event) -> Iterator[Line]:
        outcome = text(event.data, "outcome")
        yield Line(text(event.data, "detail") or f"goal: {outcome}", _tone(outcome), 1)
        for check in rows(event.data, "checks") if self._full else ():
            met = check.get("met") is True
            yield Line(f"{'met' if met else 'NOT MET'}: {text(check, 'text')}", Tone.FAINT if met else Tone.BAD, 2)

    def _facts(self, event: Event) -> Iterator[Line]:
        if self._full:
            devices = ", ".join(table(event.data, "facts")) or "no device"
            yield Line(f"operational state {text(event.data, 'when')} the run was read from {devices}", Tone.FAINT, 1)

    def _note(self, event: Event) -> Iterator[Line]:
        yield Line(f"note: {text(event.data, 'text')}", Tone.WARN, 1)

    def _run_closed(self, event: Event) -> Iterator[Line]:
        began = event.mono if self._began is None else self._began
        yield from told_end(event.data, show_duration(max(0.0, event.mono - began)))


def told_end(data: Data, took: str) -> Iterator[Line]:
    """Tell how a run ended and what a person must do, from the data of its RUN_CLOSED."""
    state, reason = text(data, "state"), text(data, "reason")
    tone = {"COMPLETED": Tone.GOOD, "NEEDS_OPERATOR": Tone.BAD}.get(state, Tone.WARN)
    yield Line(_joined(f"{state} (exit {text(data, 'exit_code')}) after {took}", reason), tone)
    todo = texts(data, "todo")
    if todo:
        yield Line("to be done by a person, now:", Tone.BAD, 1)
    yield from (Line(line, Tone.BAD, 2) for told in todo for line in told.splitlines())


def show_time(at: datetime) -> str:
    """Write an instant as operators read it in every log: to the second, in UTC, and saying so."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _network(name: str, verdict: str, nodes: tuple[Data, ...]) -> str:
    own = [node for node in nodes if text(node, "network") == name]
    sent, missed = (sum(int(number(node, key) or 0) for node in own) for key in ("sent", "missed"))
    times = [rtt for node in own if (rtt := number(node, "rtt_ms")) is not None]
    figures = f" ({missed} of {sent} probes missed" if sent else ""
    figures += f", {sum(times) / len(times):.1f} ms)" if figures and times else ")" if figures else ""
    return f"{name} {verdict}{figures}"


def _node(node: Data) -> Line:
    lost = ", ".join(texts(node, "lost"))
    told = f"{text(node, 'node')} on {text(node, 'network')} {text(node, 'verdict')}"
    counts = f"{text(node, 'missed')} of {text(node, 'sent')} probes missed"
    return Line(_joined(_joined(told, counts), f"lost: {lost}" if lost else ""), Tone.BAD, 3)


def _cover(intent: Data) -> str:
    """Say which timer on the device undoes what is about to be sent."""
    if text(intent, "guard") == "none":
        return "no guard on this device"
    seconds = number(intent, "guard_s")
    return "guarded" if seconds is None else f"guard {seconds:.0f} s"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _tone(outcome: str) -> Tone:
    return {"done": Tone.GOOD, "unknown": Tone.WARN}.get(outcome, Tone.BAD)


def _took(data: Data) -> str:
    elapsed = number(data, "elapsed_s")
    return "" if elapsed is None else f" in {elapsed:.2f} s"


def _joined(text: str, more: str) -> str:
    return ", ".join(filter(None, (text, more)))
