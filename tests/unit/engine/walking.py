"""One run of the machine, step by step: what it asks for, what it is told, what the journal would hold."""

from __future__ import annotations

from safeshift.engine import machine
from safeshift.engine.invariants import Violation, check
from safeshift.engine.states import Act, Alarm, Came, Cause, Effect, Event, Outcome, Outline, Phase, State
from tests.unit.engine.exploration import Records, entries, prelude, writer


class Walk:
    """A run of an outline.

    Attributes:
        asked: Every effect that the machine asked for, in order.
        most: The largest number of commits that were ever in flight together.
    """

    def __init__(self, outline: Outline) -> None:
        self._write = writer(outline)
        self.state, effects = machine.start(outline)
        self.asked: list[Effect] = list(effects)
        self.journal: Records = prelude(outline) + self._write(None, None, self.state, effects)
        self.most = 0

    def tell(self, event: Event) -> State:
        """Let something happen."""
        before = self.state
        self.state, effects = machine.step(before, event)
        self.asked += effects
        self.journal += self._write(before, event, self.state, effects)
        flying = sum(effect.act in (Act.COMMIT, Act.READ_BACK) for effect in self.state.flying)
        self.most = max(self.most, flying)
        return self.state

    def answer(
        self, effect: Effect, outcome: Outcome = Outcome.DONE, *, needed: tuple[str, ...] | None = None
    ) -> State:
        """Let an effect in flight come back; a capture needs all devices of its move unless told otherwise."""
        assert effect in self.state.flying
        if effect.act is Act.CAPTURE and needed is None and outcome is Outcome.DONE:
            needed = tuple(self.state.outline.moves[effect.move].guards)
        return self.tell(Came(effect, outcome, "it said so", needed or ()))

    def flying(self, act: Act, device: str = "") -> Effect:
        """Return the effect of this act that is in flight."""
        return next(e for e in self.in_order() if e.act is act and (not device or e.device == device))

    def in_order(self) -> list[Effect]:
        """Return what is in flight, in the order asked."""
        return [effect for effect in dict.fromkeys(self.asked) if effect in self.state.flying]

    def until(self, act: Act, move: int | None = None) -> Walk:
        """Answer everything with DONE until an effect of this act is in flight."""
        while not any(e.act is act and move in (None, e.move) for e in self.state.flying):
            assert self.state.phase is not Phase.ENDED, f"the run ended before {act}"
            self.answer(self.in_order()[0])
        return self

    def finish(self) -> State:
        """Answer everything with DONE to the end of the run, whose journal must keep every invariant."""
        while self.state.phase is not Phase.ENDED:
            self.answer(self.in_order()[0])
        assert self.broken() == ()
        return self.state

    def stop(self, cause: Cause = Cause.INTERRUPT) -> State:
        """Let an alarm sound."""
        return self.tell(Alarm(cause, "somebody said stop"))

    def acts(self, *wanted: Act) -> list[tuple[Act, int, str]]:
        """Return what was asked for, of these acts, in order."""
        return [(e.act, e.move, e.device) for e in self.asked if e.act in wanted]

    def broken(self) -> tuple[Violation, ...]:
        """Return what the journal so far breaks."""
        return check(entries(self.journal))
