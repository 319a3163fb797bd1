"""Acts on one device, over drivers in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event as Flag

from safeshift.engine.perform import _Open
from safeshift.engine.states import Act, Effect, Outcome
from safeshift.planning.guarding import CONFIRM_MARGIN_S
from tests.unit.engine.bench import Bench, Eos, Remembering


class SlowToLetIn(Remembering):
    """A router whose login takes 20 s of the bench's time."""

    bench: Bench

    def prove_login(self) -> None:
        """See ``Driver``."""
        self.bench.clock.wait(Flag(), 20.0)


def test_confirm_whose_proof_of_login_ate_the_margin_comes_too_late(tmp_path: Path) -> None:
    """What is left on the timer is looked at after the login was proven: it may fire while we would confirm."""
    bench = Bench(tmp_path)
    driver = bench.rack.drivers["p1"] = SlowToLetIn("p1", Eos(), "")
    driver.bench = bench
    change = replace(bench.plan.moves[0].changes[0], device="p1", lines=("username ops privilege 15",))
    performer = bench.shell.performer
    performer._open[0, "p1"] = _Open(change, None, (), deadline=bench.clock.monotonic() + CONFIRM_MARGIN_S + 10.0)
    report = performer.perform(Effect(Act.CONFIRM, 0, "p1"))
    assert report.outcome is Outcome.FAILED
    assert report.detail.startswith("too late to confirm p1")
