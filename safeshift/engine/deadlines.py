"""When the way forward is over: each step's deadline, the play's exposure, the freshness of the last PASS.

Only tells what is overdue; what follows from it is the machine's to say. An undo has no limit: it is never given up
because it takes long. Next: ``shell.py``, which asks many times a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from safeshift.engine.states import Act, Alarm, Cause, Effect, Outline, Phase, State
from safeshift.planning.plan import Move, Plan

_PARTS: Mapping[Phase, str] = {
    Phase.CAPTURING: "its devices were not read",
    Phase.PERFORMING: "it was not done",
    Phase.GUARDING: "it was not sent and read back",
    Phase.COMMITTING: "it was not sent and read back",
    Phase.CONFIRMING: "it was not confirmed",
    Phase.OBSERVING: "the goal was not observed",
}
"""What each part of a step has a deadline for. Looks are bounded by ``settle``, ``hold`` and ``soak``; a save has the
deadline on its own wire, because what is kept is not undone for it."""


@dataclass(slots=True)
class Deadlines:
    """The clocks of one run, in monotonic seconds.

    Args:
        exposed: The moves (by id) during which the fabric stands exposed.
    """

    plan: Plan
    outline: Outline
    exposed: frozenset[str]
    _part: tuple[int, str] = (-1, "")
    _part_ends: float = 0.0
    _exposure_ends: float | None = None
    _fresh_until: float | None = None

    def looked(self, now: float) -> None:
        """Note that all required networks were just seen to PASS."""
        self._fresh_until = now + self._move.checks.freshness_s

    def watch(self, state: State, effects: tuple[Effect, ...], now: float) -> None:
        """Start and end clocks, as the run goes on from part to part of a step."""
        part = (state.move, "" if state.stop is not None else _PARTS.get(state.phase, ""))
        if part != self._part:
            self._part = part
            self._part_ends = now + (self._move.longest_s if part[1] else 0.0)
        if any(effect.act is Act.COMMIT for effect in effects):
            self._expose(state, now)
        if state.phase is Phase.ENDED or state.move >= len(self.plan.moves):
            self._exposure_ends = None

    @property
    def _move(self) -> Move:
        return self.plan.moves[min(max(self._part[0], 0), len(self.plan.moves) - 1)]

    def _expose(self, state: State, now: float) -> None:
        exposure = self.plan.batches[self.outline.batch_of(state.move)].exposure
        if self.plan.moves[state.move].id not in self.exposed or exposure is None:
            self._exposure_ends = None
        elif self._exposure_ends is None:
            self._exposure_ends = now + exposure.max_s

    def overdue(self, state: State, now: float) -> Alarm | None:
        """Tell which limit is over, if any."""
        if state.phase is Phase.GUARDING and self._fresh_until is not None and now > self._fresh_until:
            return Alarm(Cause.DEADLINE, "arming took so long that the PASS before it is no longer fresh")
        if self._exposure_ends is not None and now > self._exposure_ends:
            return Alarm(Cause.EXPOSURE, "the play's longest exposure is over")
        if self._part[1] and now > self._part_ends:
            return Alarm(Cause.DEADLINE, f"{self._move.name!r}: {self._part[1]} within its deadline")
        return None
