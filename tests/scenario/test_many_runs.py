"""Several runs in one process, at the same time, into one journal; and observers that fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from safeshift import api
from safeshift.api import RunResult
from safeshift.engine.states import Final
from safeshift.journal.events import Event, Kind
from safeshift.lab.faults import Fault, FaultKind
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DESCRIBE, Site, found, play

pytestmark = pytest.mark.timeout(400)


def two_at_the_same_time(stage: Stage) -> tuple[RunResult, RunResult, tuple[str, ...], tuple[str, ...]]:
    """One fabric's run completes while the other's is undone; both write into the first one's journal."""
    well, ill = stage.site("trio"), stage.site("trio", faults=[Fault(FaultKind.IGNORE, "b", match="description")])

    def run(site: Site) -> RunResult:
        return api.run(site.job(play(DESCRIBE)), lab=site.lab, journal=well.journal)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, (well, ill))
    return first, second, well.changed(), ill.changed()


def one_after_the_other(stage: Stage) -> tuple[RunResult, RunResult]:
    """The same run twice: the second finds everything as wanted."""
    site = stage.site()
    return site.run(play(DESCRIBE)), site.run(play(DESCRIBE))


def with_observers_that_raise(stage: Stage) -> tuple[RunResult, list[Kind]]:
    """One observer raises at every event, another one listens."""
    site = stage.site()
    told: list[Kind] = []

    def fail(event: Event) -> None:
        raise RuntimeError(f"an observer of somebody else's, at {event.kind.value}")

    result = site.run(play(DESCRIBE), observers=(fail, lambda event: told.append(event.kind)))
    return result, told


SCENARIOS = {"two": two_at_the_same_time, "again": one_after_the_other, "raising": with_observers_that_raise}


def test_runs_at_the_same_time_do_not_disturb_each_other(ends: Ends) -> None:
    """Each ends as it would alone, and each one's events are its own."""
    first, second, changed, restored = ends.of("two")
    assert (first.final, second.final) == (Final.COMPLETED, Final.ROLLED_BACK), (first.reason, second.reason)
    assert (changed, restored) == (("a", "b"), ())
    assert {event.run for event in first.events} == {first.run} != {second.run}
    assert [event.seq for event in second.events] == list(range(1, len(second.events) + 1))


def test_run_of_what_is_already_true_sends_nothing(ends: Ends) -> None:
    """The second of two equal runs skips its move and completes: what is already true is not sent again."""
    _, second = ends.of("again")
    assert second.final is Final.COMPLETED
    assert [event.data["move"] for event in found(second.events, Kind.MOVE_SKIPPED)] == ["1.1.1"]
    assert not [e for e in found(second.events, Kind.INTENT) if e.data["act"] in ("arm", "stage", "commit", "save")]


def test_observers_that_raise_do_not_matter(ends: Ends) -> None:
    """The run completes, and the other observers are told everything."""
    result, told = ends.of("raising")
    assert result.final is Final.COMPLETED
    assert told == [event.kind for event in result.events]
