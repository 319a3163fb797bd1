"""Before a first step: reach every device, read it, make and judge the plan, see that both networks are well.

``check`` and ``run`` go through the same ``Preflight``; only ``run`` goes on. It sends reads and probes, nothing else.
What it finds is refused by raising ``RefusedError``; the plan made so far stays readable, so that a refusal can be
shown together with what it refuses. Next: ``shell.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from safeshift.clock import Clock
from safeshift.drivers.fleet import Fleet
from safeshift.engine import gate
from safeshift.engine.evidence import evidence
from safeshift.engine.gather import Gatherer, Seen
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.shell import TICK_S
from safeshift.errors import DeviceError, PreflightError, StoppedError, WhatIfError
from safeshift.journal.events import Json, Kind
from safeshift.planning.forecast import Judgement, foresee
from safeshift.planning.lint import check_rules
from safeshift.planning.plan import Checks, Plan
from safeshift.planning.site import Site
from safeshift.platforms.base import GuardStyle, PendingGuard, Platform
from safeshift.probes.judge import WINDOW, Judge
from safeshift.probes.observers import INTERVAL_S
from safeshift.probes.pairs import DEAD, Watch
from safeshift.probes.prober import Prober, streams

STALE_S = 3.0  # a pair that said nothing for fifteen intervals says nothing about now
WAIT_PER_PAIR_S = 2.0  # what one dead pair adds to the round of an observer that asks one after the other

T = TypeVar("T")

Sink = Callable[..., object]
"""Where findings are recorded: ``Recorder.note``, or nothing at all for ``check``."""
Compile = Callable[[Mapping[str, str]], Plan]


@dataclass(slots=True)
class Preflight:
    """One look at the world before a run.

    Attributes:
        prober: Looks at ``watch.pairs`` until the run is over.
        detector: Looks at the dead targets, once.
        notes: Sentences for the operator that were known before anything was contacted.
        plan: Made as soon as the devices were read; None before.
        judgement: What the what-if says of it.
        seen: What the routers hold.
        judge: Fed by the probes once ``look`` was called.
    """

    site: Site
    fleet: Fleet
    gatherer: Gatherer
    watch: Watch
    prober: Prober
    detector: Prober
    clock: Clock
    interrupts: Interrupts
    sink: Sink
    notes: tuple[str, ...] = ()
    plan: Plan | None = None
    judgement: Judgement | None = None
    seen: Seen | None = None
    judge: Judge | None = None
    _styles: dict[str, GuardStyle] = field(default_factory=dict)

    def reach(self, devices: tuple[str, ...]) -> None:
        """Log in to every device at once.

        Raises:
            PreflightError: some device could not be reached; every one that could not is named.
            AuthError, HostKeyError: the only trouble was one device's login or host key.
        """
        for text in self.notes:
            self.sink(Kind.NOTE, text=text)
        opened = self._watched(lambda: self.fleet.open_all(devices))
        failed = {name: error for name, error in opened.items() if error is not None}
        self.sink(Kind.PREFLIGHT, check="reachable", verdict="FAIL" if failed else "PASS", detail=_listed(failed))
        if len(failed) == 1:
            raise next(iter(failed.values()))
        if failed:
            hints = dict.fromkeys(error.hint for error in failed.values() if error.hint)
            hint = "\n".join([*hints, "to try a playbook without any device: --lab"])
            raise PreflightError(f"{len(failed)} devices cannot be used: {_few(failed)}", hint=hint)

    def read(self) -> Mapping[str, str]:
        """Read every router, and refuse when one is missing or something is already out of service."""
        guards = self._watched(lambda: self.gatherer.pending_guards(self.gatherer.routers))
        foreign = [f"{device} ({guard.name})" for device, guard in _pending(guards)]
        self.sink(Kind.PREFLIGHT, check="guards", verdict="FAIL" if foreign else "PASS", detail=", ".join(foreign))
        if foreign:
            hint = "wait until it has ended (one named ss-... is an earlier run's, and undoes it); nothing was sent"
            raise PreflightError(f"somebody else's undo timer is pending on {', '.join(foreign)}", hint=hint)
        self.seen = self._watched(self.gatherer.see)
        down = sorted(str(failure.name) for failure in self.seen.down)
        self.sink(
            Kind.PREFLIGHT, check="nothing out of service", verdict="FAIL" if down else "PASS", detail=", ".join(down)
        )
        if down:
            hint = "redundancy is already used up: repair this first; nothing was sent"
            raise PreflightError(f"out of service before the first step: {', '.join(down)}", hint=hint)
        self._note_drained(self.seen)
        return self.seen.configs

    def _note_drained(self, seen: Seen) -> None:
        """Say which routers somebody else took out of service by asking not to be used: an unshift puts them back."""
        for router, state in self.site.states_of(seen.configs).items():
            if state.max_metric and router in seen.configs:
                text = (
                    f"{router} is drained already (max-metric), and not by this run: undraining puts it back in service"
                )
                self.notes = (*self.notes, text)
                self.sink(Kind.NOTE, text=text)

    def make_plan(self, compile_plan: Compile, configs: Mapping[str, str], *, override: str = "") -> Plan:
        """Compile, lint and judge.

        Raises:
            LintError: nothing overrides it.
            WhatIfError: the what-if foresees harm, and no reason to go on was given (or it cannot be overridden).
        """
        plan = self.plan = compile_plan(configs)
        self.sink(Kind.PLANNED, plan=plan.to_json(), hash=plan.hash)
        for device in plan.touched:
            platform = self.site.platform(device)
            available = platform.guard_available(configs[device])
            self._styles[device] = platform.guard_style if available else GuardStyle.NONE
        judgement = self.judgement = foresee(plan, self.site, configs)
        self._record(judgement, override)
        check_rules(plan, self.site, configs)
        if judgement.refusals and not (override and judgement.overridable):
            raise WhatIfError(judgement.reason, hint=_override_hint(judgement))
        return plan

    def _record(self, judgement: Judgement, override: str) -> None:
        self.sink(
            Kind.FORECAST,
            verdict="FAIL" if judgement.refusals else "PASS",
            reason=judgement.reason,
            refusals=list(judgement.refusals),
            exposures=list(judgement.exposures),
            standing=list(judgement.standing),
            override=override if judgement.refusals else "",
        )

    @property
    def styles(self) -> Mapping[str, GuardStyle]:
        """How each touched device is guarded: NONE where this device's configuration lets no timer be armed."""
        return self._styles

    def look(self, checks: Checks) -> None:
        """Start the probes; see that every network is well and that a dead target is called dead.

        Raises:
            PreflightError: the baseline is not PASS, or the smoke detector is dead.
        """
        if not self.watch.pairs:
            raise PreflightError("nobody can look: the fabric has no nodes and the inventory none of its routers")
        judge = self.judge = Judge(
            self.watch.pairs,
            self.watch.peers,
            loss_max=checks.loss_max,
            stale_s=_patience(self.watch, self.site.platforms),
        )
        dead = Judge(
            self.watch.dead,
            {DEAD: tuple(dict.fromkeys(pair.observer for pair in self.watch.dead))},
            loss_max=checks.loss_max,
            stale_s=_patience(self.watch, self.site.platforms),
        )
        self.prober.start(judge.record)
        self.detector.start(dead.record)
        try:
            self._see_dead(dead, checks)
        finally:
            self.detector.stop()
        self._see_baseline(judge, checks)

    def _see_dead(self, dead: Judge, checks: Checks) -> None:
        began = self.clock.monotonic()
        patience = checks.hold_s
        while True:
            now = self.clock.monotonic()
            view = dead.view(now)
            if all(node.lost for node in view.nodes) and view.nodes:
                self.sink(Kind.PREFLIGHT, check="dead target", verdict="PASS", detail="called dead, as it is")
                return
            answered = [node for node in view.nodes if node.sent > node.missed]
            if answered or now - began > patience:
                why = "answered" if answered else f"was not called dead within {patience:.0f} s"
                self.sink(Kind.PREFLIGHT, check="dead target", verdict="FAIL", detail=why)
                addresses = ", ".join(f"{pair.address} asked by {pair.observer}" for pair in self.watch.dead)
                hint = "the probes cannot be trusted: see what answers there; nothing was sent"
                raise PreflightError(f"an address that nobody should have {why} ({addresses})", hint=hint)
            self._pause()

    def _see_baseline(self, judge: Judge, checks: Checks) -> None:
        began = self.clock.monotonic()
        watch_s = WINDOW * INTERVAL_S
        while True:
            now = self.clock.monotonic()
            view = judge.view(now)
            ruling = gate.decide(view, checks, elapsed_s=now - began, watch_s=watch_s, patience_s=watch_s)
            if ruling.decision is not gate.Decision.HOLD:
                break
            self._pause()
        found: dict[str, Json] = {**evidence(view, checks.require), "detail": ruling.sentence}
        passed = ruling.decision is gate.Decision.CONTINUE
        self.sink(Kind.BASELINE, verdict="PASS" if passed else "FAIL", **found)
        if not passed:
            hint = "the networks must be well before a change; nothing was sent"
            raise PreflightError(f"the baseline is not PASS: {ruling.sentence}", hint=hint)

    def _watched(self, work: Callable[[], T]) -> T:
        """Have something done that talks to devices, and stop waiting for it when a person stops the run.

        Whoever still talks is left behind: every session is closed under it, and opens no new one.
        """
        done: Future[T] = Future()

        def carry_out() -> None:
            try:
                done.set_result(work())
            except BaseException as error:
                done.set_exception(error)

        threading.Thread(target=carry_out, name="safeshift-preflight", daemon=True).start()
        while not done.done():
            with suppress(TimeoutError):
                return done.result(timeout=TICK_S)
            try:
                self._refuse_when_stopped()
            except StoppedError:
                self.fleet.close_all()
                raise
        return done.result()

    def _pause(self) -> None:
        self.clock.wait(self.interrupts.changed, TICK_S)
        self._refuse_when_stopped()

    def _refuse_when_stopped(self) -> None:
        if self.interrupts.first:
            raise StoppedError(f"stopped by {self.interrupts.first} before anything was sent")


def _patience(watch: Watch, platforms: Mapping[str, Platform]) -> float:
    """How old a pair's last word may be: older where an observer asks its pairs one after the other."""
    asked: dict[str, int] = {}
    for pair in watch.pairs:
        platform = platforms.get(pair.observer)
        if platform is not None and not streams(platform):
            asked[pair.observer] = asked.get(pair.observer, 0) + 1
    return STALE_S + WAIT_PER_PAIR_S * max(asked.values(), default=0)


def _pending(guards: Mapping[str, PendingGuard | DeviceError | None]) -> Iterator[tuple[str, PendingGuard]]:
    for device, guard in guards.items():
        if isinstance(guard, DeviceError):
            raise guard
        if guard is not None:
            yield device, guard


def _few(failed: Mapping[str, DeviceError]) -> str:
    """The first three with their reasons, the others by name: what is wrong with one is mostly wrong with all."""
    told, rest = "; ".join(error.message for error in list(failed.values())[:3]), list(failed)[3:]
    return f"{told}; and {', '.join(rest)}" if rest else told


def _listed(failed: Mapping[str, DeviceError]) -> str:
    return "; ".join(error.message for error in failed.values())


def _override_hint(judgement: Judgement) -> str:
    if not judgement.overridable:
        return "nothing was sent; this cannot be overridden"
    return "nothing was sent; if you know better than the model, say why: --override-what-if REASON"
