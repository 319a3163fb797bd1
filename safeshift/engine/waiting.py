"""The gate that is open: LOOK, WATCH, SOAK or PROVE, from when it was asked for until the networks answered it.

How long each is watched, how long FAIL is forgiven and when loss is counted anew is said here; what a view means is
said by ``gate.py``. No thread and no wire: ``shell.py`` asks many times a second. Next: ``deadlines.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from safeshift.engine import gate
from safeshift.engine.states import Act, Effect
from safeshift.planning.plan import Checks
from safeshift.probes.judge import WINDOW, Judge, View
from safeshift.probes.observers import INTERVAL_S
from safeshift.verdict import Verdict

GATES = frozenset({Act.LOOK, Act.WATCH, Act.SOAK, Act.PROVE})

FORGIVEN_S = 12.0  # three windows of probes: routing and queues are back to normal by then, or they are not well
_WINDOW_S = WINDOW * INTERVAL_S


@dataclass(slots=True)
class Wait:
    """One open gate, on the monotonic clock: what it was opened for, since when, and since when loss is counted."""

    effect: Effect
    checks: Checks
    judge: Judge
    since: float
    counted: float

    @classmethod
    def opened(cls, effect: Effect, checks: Checks, judge: Judge, now: float) -> Wait:
        """Open a gate; the soak and the proof judge only what is measured from now on."""
        if effect.act in (Act.SOAK, Act.PROVE):
            judge.mark()
        return cls(effect, checks, judge, now, now)

    @property
    def watch_s(self) -> float:
        """How long PASS must be watched before it counts."""
        watched = {Act.PROVE: _WINDOW_S, Act.SOAK: self.checks.soak_s, Act.WATCH: self.checks.settle_s}
        return watched.get(self.effect.act, 0.0)

    @property
    def patience_s(self) -> float:
        """How long FAIL is forgiven: while a change settles, and while an undo leads back."""
        return {Act.PROVE: self.checks.hold_s, Act.WATCH: self.checks.settle_s}.get(self.effect.act, 0.0)

    def ruled(self, networks: tuple[str, ...], now: float) -> tuple[gate.Ruling, View] | None:
        """Ask the gate; None while it holds."""
        view, age = self.judge.view(now, loss_max=self.checks.loss_max), now - self.since
        proving = self.effect.act is Act.PROVE
        forgiving = proving and age < self.patience_s
        if forgiving and gate.blindness(view, self.checks):
            self.counted = now  # observers that were cut off are on their way back; their first word is no proof
            return None
        if forgiving and gate.isolation(view, networks):
            return None  # what we just undid is still in the window
        ruling = gate.decide(view, self.checks, elapsed_s=age, watch_s=self.watch_s, patience_s=self.patience_s)
        if ruling.decision is gate.Decision.HOLD:
            if proving:
                self._count_anew(view, networks, now)
            return None
        if proving and ruling.decision is gate.Decision.CONTINUE and now - self.counted < self.watch_s:
            return None  # the count began anew a moment ago: too little is known yet
        return ruling, view

    def _count_anew(self, view: View, networks: tuple[str, ...], now: float) -> None:
        """While proving that all is well again, count loss anew once a whole window has passed since the last count.

        What was lost before and while the network converged back would otherwise stand against it for minutes; what
        is lost after ``FORGIVEN_S`` is not the way back any more.
        """
        if now - self.counted < _WINDOW_S or now - self.since > FORGIVEN_S:
            return
        if any(view.verdict(network) is Verdict.FAIL for network in networks):
            self.judge.mark()
            self.counted = now
