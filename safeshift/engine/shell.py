"""The shell around the machine: journal first, then perform, then journal what came back.

It decides nothing: what is next says ``machine.py``, if the networks are well ``gate.py`` (by ``waiting.py``), what
is overdue ``deadlines.py``. Waits that only look are looked at here, many times a second: isolation is acted on when it
is seen. Long, because whatever can break a step off (a person, a bug, a hung device) meets the same few fields.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from safeshift.clock import Clock
from safeshift.engine import chronicle, gate, machine
from safeshift.engine.deadlines import Deadlines
from safeshift.engine.evidence import evidence
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.perform import Performer
from safeshift.engine.record import Recorder, complain
from safeshift.engine.report import Report
from safeshift.engine.states import (
    Act,
    Alarm,
    Came,
    Cause,
    Effect,
    Event,
    Final,
    Outcome,
    Outline,
    Phase,
    State,
    exit_code,
)
from safeshift.engine.waiting import GATES, Wait
from safeshift.journal.events import Json, Kind
from safeshift.planning.plan import Checks, Plan
from safeshift.probes.judge import Judge, View
from safeshift.verdict import Verdict, worst

TICK_S = 0.05  # how often the view is looked at: a quarter of the default interval between two probes of a pair

FREE_AFTER_S = 1.0  # a read that takes longer hangs: its session is closed rather than waited for


@dataclass(slots=True)
class Shell:
    """One run of one plan. Make it, call ``run`` once."""

    plan: Plan
    outline: Outline
    performer: Performer
    judge: Judge
    recorder: Recorder
    clock: Clock
    interrupts: Interrupts
    exposed: frozenset[str] = frozenset()
    before_end: Callable[[State], None] = lambda state: None
    _events: queue.Queue[tuple[Event, Mapping[str, Json]]] = field(default_factory=queue.Queue)
    _wait: Wait | None = None
    _under_way: dict[Effect, float] = field(default_factory=dict)
    _called_off: dict[Effect, tuple[str, ...]] = field(default_factory=dict)
    _ill_since: float | None = None
    _failing_since: float | None = None
    _bug: str = ""
    _heard: bool = False  # the machine was told of the first interrupt; one that comes too late it lets pass
    _began: float = 0.0
    _deadlines: Deadlines = field(init=False)

    def __post_init__(self) -> None:
        self._deadlines = Deadlines(self.plan, self.outline, self.exposed)

    def run(self) -> State:
        """Walk the plan to its end and return the last state.

        Guarantees:
            Returns with the run COMPLETED, ROLLED_BACK, NEEDS_OPERATOR or REFUSED, never in between. A second
            interrupt ends it where it stands, as NEEDS_OPERATOR; a bug of ours undoes it, a second one ends it.
            KeyboardInterrupt counts as an interrupt. Whatever else a signal handler of the caller's raises does so
            too, and is raised again when the run has ended.
        """
        ended, walked = threading.Event(), list[State | BaseException]()

        def walk() -> None:
            try:
                walked.append(self._walk())
            except BaseException as error:
                walked.append(error)
            ended.set()

        # In a thread of its own: what a signal handler raises must not break off a step between journal and act.
        threading.Thread(target=walk, name="safeshift-shell", daemon=True).start()
        raised = self._wait_for(ended)
        (end,) = walked
        for error in (end, raised):
            if isinstance(error, BaseException):
                raise error
        assert isinstance(end, State), "whatever else was walked to was raised"
        return end

    def _wait_for(self, ended: threading.Event) -> BaseException | None:
        """Wait for the run's end, whatever is raised here meanwhile; return what the caller must be told of it."""
        raised: BaseException | None = None
        while not ended.is_set():
            try:
                ended.wait()
            except KeyboardInterrupt:
                self.interrupts.request("SIGINT")
            except BaseException as error:
                raised = error
                self.interrupts.request(type(error).__name__)
        return raised

    def _walk(self) -> State:
        try:
            return self._go()
        finally:
            self.performer.looker.called_off.set()

    def _go(self) -> State:
        self._began = self.clock.monotonic()
        state, effects = machine.start(self.outline)
        before: State | None = None
        event: Event | None = None
        findings: Mapping[str, Json] = {}
        turned = False
        while True:
            try:
                if not turned:
                    turned = True
                    self._turn(before, event, state, effects, findings)
                if state.phase is Phase.ENDED:
                    return state
                event, findings = self._next(state)
                if self.interrupts.at_once:
                    return self._stop_where_it_stands(state, Cause.INTERRUPT, "a second interrupt")
                after, effects = machine.step(state, event)
                before, state, turned = state, self.performer.advised(after), False
            except Exception as error:  # a bug of ours must not leave a change standing
                if self._bug:
                    return self._stop_where_it_stands(state, Cause.STEP, f"a second bug in safeshift: {error!r}")
                self._bug = f"a bug in safeshift, please report it: {error!r}"
                complain(traceback.format_exc())
                if state.phase is Phase.ENDED:
                    return self._close(state)
                self._settle(state)

    def _settle(self, state: State) -> None:
        """After a turn that broke off: what is in flight and neither under way nor told of has an unknown outcome."""
        with self._events.mutex:
            told = {event.effect for event, _ in self._events.queue if isinstance(event, Came)}
        here = set(self._under_way) | told | ({self._wait.effect} if self._wait is not None else set())
        for effect in state.flying - here:
            self._events.put((Came(effect, Outcome.UNKNOWN, "safeshift broke off before it was begun"), {}))

    def _turn(
        self,
        before: State | None,
        event: Event | None,
        state: State,
        effects: tuple[Effect, ...],
        findings: Mapping[str, Json],
    ) -> None:
        """Record one step of the machine, then perform what it asks for."""
        kept = self._finish(before, event, state, effects, findings)
        self._deadlines.watch(state, effects, self.clock.monotonic())
        if any(effect.act is Act.COMMIT for effect in effects):
            self.judge.mark()
        self._call_off(before, state)
        if not kept and state.stop is None:
            self._events.put((Alarm(Cause.JOURNAL, self.recorder.trouble), {}))
        for effect in effects:
            if not kept and effect.act.changes_a_device and state.stop is None:
                self._events.put((Came(effect, Outcome.FAILED, "not sent: the journal is lost"), {}))
            elif effect.act in GATES:
                self._open_gate(effect)
            else:
                self._begin(effect)

    def _begin(self, effect: Effect) -> None:
        """Have an act performed; in a daemon, for a device that hangs must not keep a stopped run from ending."""
        self._under_way[effect] = self.clock.monotonic()
        try:
            threading.Thread(target=self._perform, args=(effect,), name="safeshift-act", daemon=True).start()
        except RuntimeError:  # no more threads can be had: nobody performs it
            del self._under_way[effect]
            raise

    def _finish(
        self,
        before: State | None,
        event: Event | None,
        state: State,
        effects: tuple[Effect, ...],
        findings: Mapping[str, Json],
    ) -> bool:
        """Write a step into the journal; a run's last word comes after what ``before_end`` still has to look at."""
        names = tuple(move.id for move in self.plan.moves)
        entries = chronicle.records(
            before, event, state, effects, names=names, findings=findings, details=self.performer.details
        )
        if state.phase is not Phase.ENDED:
            return self.recorder.write(entries)
        self.recorder.write(entries[:-1])
        if not self.interrupts.at_once:  # whoever asked twice waits for no device, least of all for one that hangs
            self.before_end(state)
        kind, data = entries[-1]
        code = exit_code(state, journal_lost=bool(self.recorder.trouble))
        return self.recorder.write([(kind, {**data, "exit_code": int(code)})])

    def _call_off(self, before: State | None, state: State) -> None:
        """When the run turns back: waits end, and reads that hang are freed as soon as they have taken too long."""
        if before is None or before.stop is not None or state.stop is None:
            return
        self.performer.looker.forward_over.set()
        changed = machine.changed_devices(before)
        for effect in before.flying - state.flying - {wait for wait in before.flying if wait.act in GATES}:
            self._called_off[effect] = (effect.device,) if effect.device else changed

    def _free(self) -> None:
        """End the called-off reads that hang: their devices are needed now, to be undone."""
        now = self.clock.monotonic()
        for effect, devices in tuple(self._called_off.items()):
            began = self._under_way.get(effect)
            if began is not None and now - began <= FREE_AFTER_S:
                continue
            del self._called_off[effect]
            for device in devices if began is not None else ():
                self.performer.gatherer.driver(device).give_way()

    def _perform(self, effect: Effect) -> None:
        try:
            report = self.performer.perform(effect)
        except BaseException as error:  # a thread that died without a word would leave the run waiting for ever
            report = Report(Outcome.UNKNOWN, f"bug in safeshift: {error!r}")
        self._events.put((_came(effect, report), report.findings))  # first: at every moment one of the two knows of it
        self._under_way.pop(effect, None)

    def _next(self, state: State) -> tuple[Event, Mapping[str, Json]]:
        """Return the next event: what a person asked, what a device said, what the probes see, what a clock says."""
        while True:
            self._free()
            alarm = self._alarm(state)
            if alarm is not None:
                return alarm
            with contextlib.suppress(queue.Empty):
                return self._events.get_nowait()
            ruled = self._ruled(state)
            if ruled is not None:
                return ruled
            with contextlib.suppress(queue.Empty):
                return self._events.get(timeout=TICK_S)

    def _alarm(self, state: State) -> tuple[Event, Mapping[str, Json]] | None:
        if self.interrupts.at_once:
            return Alarm(Cause.INTERRUPT, f"{self.interrupts.first}, twice"), {}
        if state.stop is not None:
            return None
        if self._bug:
            return Alarm(Cause.STEP, self._bug), {}
        if self.interrupts.first and not self._heard:
            self._heard = True
            return Alarm(Cause.INTERRUPT, f"stopped by {self.interrupts.first}"), {}
        now = self.clock.monotonic()
        checks = self._checks(state)
        view = self.judge.view(now, loss_max=checks.loss_max)
        sentence = gate.isolation(view, self.plan.networks)
        if sentence:
            return Alarm(Cause.ISOLATION, sentence + self._since(state)), evidence(view, checks.require)
        unwell = self._unwell(state, view, checks, now)
        if unwell is not None:
            return unwell, evidence(view, checks.require)
        overdue = self._deadlines.overdue(state, now)
        return None if overdue is None else (overdue, {})

    def _unwell(self, state: State, view: View, checks: Checks, now: float) -> Alarm | None:
        """While no gate is open (a pause, a wait, a confirm) the networks are judged all the same.

        FAIL is forgiven for the settling time from when it began, UNKNOWN for the hold from the last PASS.
        """
        verdict = worst(view.verdict(network) for network in checks.require)
        if verdict is Verdict.PASS or (self._wait is not None and self._wait.effect in state.flying):
            self._ill_since = self._failing_since = None
            return None
        blind = gate.blindness(view, checks)
        if blind and now - self._began > checks.observer_grace_s:
            return Alarm(Cause.BLIND, blind)
        self._ill_since = now if self._ill_since is None else self._ill_since
        if verdict is not Verdict.FAIL:
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = now
        since = self._ill_since if self._failing_since is None else self._failing_since
        ruling = gate.decide(view, checks, elapsed_s=now - since, watch_s=0.0, patience_s=checks.settle_s)
        if ruling.decision is not gate.Decision.ROLL_BACK:
            return None
        return Alarm(ruling.cause or Cause.NETWORK, ruling.sentence + self._since(state))

    def _since(self, state: State) -> str:
        """Name the newest move that sent something, for whoever reads why the run was stopped."""
        if not state.standing:
            return ""
        move = self.plan.moves[max(state.standing)]
        return f", since {move.id} {move.name!r} on {', '.join(move.hosts)}"

    def _checks(self, state: State) -> Checks:
        return self.plan.moves[min(state.move, len(self.plan.moves) - 1)].checks

    def _open_gate(self, effect: Effect) -> None:
        checks = self.plan.moves[min(effect.move, len(self.plan.moves) - 1)].checks
        self._wait = Wait.opened(effect, checks, self.judge, self.clock.monotonic())

    def _ruled(self, state: State) -> tuple[Event, Mapping[str, Json]] | None:
        """Ask the gate about the wait that is open; None while it holds."""
        wait = self._wait
        if wait is None or wait.effect not in state.flying:
            return None
        now = self.clock.monotonic()
        answer = wait.ruled(self.plan.networks, now)
        if answer is None:
            return None
        self._wait = None
        (ruling, view), checks = answer, wait.checks
        if wait.effect.act is Act.LOOK:
            self._deadlines.looked(now)
        outcome = Outcome.DONE if ruling.decision is gate.Decision.CONTINUE else Outcome.FAILED
        times: dict[str, Json] = {"elapsed_s": round(now - wait.since, 3), "freshness_s": checks.freshness_s}
        return Came(wait.effect, outcome, ruling.sentence, cause=ruling.cause), {
            **evidence(view, checks.require),
            **times,
        }

    def _stop_where_it_stands(self, state: State, cause: Cause, why: str) -> State:
        """End at once: nothing more is sent, and everything that may be armed or changed is named."""
        stop = Alarm(cause, f"stopped at once by {why}")
        ended = self.performer.abandoned(state, stop)
        try:
            self._finish(state, stop, ended, (), {})
        except Exception:
            complain(traceback.format_exc())
            return self._close(ended)
        return ended

    def _close(self, state: State) -> State:
        """Write a run's last word where the way in which it is written else is what broke."""
        final = state.final or Final.NEEDS_OPERATOR
        stop = {"cause": state.stop.cause.value, "reason": state.stop.detail} if state.stop is not None else {}
        code = exit_code(state, journal_lost=bool(self.recorder.trouble))
        said: dict[str, Json] = {"state": final.value, "cause": "", "reason": "", **stop, "todo": list(state.unsettled)}
        self.recorder.note(Kind.RUN_CLOSED, **said, exit_code=int(code))
        return state


def _came(effect: Effect, report: Report) -> Came:
    return Came(effect, report.outcome, report.detail, report.needed, report.cause, report.foreign)
