"""Sites to play on, and many scenarios at once: a run mostly waits, so those of all modules go on side by side.

A module names its scenarios in ``SCENARIOS``; all that a selected test could ask for begin together, each on sites of
its own, and a test asks for the end of one. When a scenario ends, every journal that it wrote is held against the
invariants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from safeshift.lab.lab import Lab
from tests.scenario.staging import DC1, DC1_FABRIC, DUO_FABRIC, DUO_HOSTS, TRIO_FABRIC, TRIO_HOSTS, Desk, Site

AT_ONCE = 24  # scenarios; more would starve the probes of two cores

Scenario = Callable[["Stage"], Any]


class Stage:
    """Where one scenario is played."""

    def __init__(self, folder: Path, labs: ExitStack) -> None:
        self._folder = folder
        self._labs = labs
        self._numbers = count()
        self.desks: list[Desk] = []

    def desk(self) -> Desk:
        """Set up a desk without a lab."""
        desk = Desk(self._room())
        self.desks.append(desk)
        return desk

    def site(self, which: str = "trio", **more: Any) -> Site:
        """Set up a site: ``dc1`` of the README, ``trio`` or ``duo``, with more arguments of ``Lab``."""
        folder = self._room()
        fabric, sources = DC1_FABRIC, str(DC1)
        if which != "dc1":
            fabric, hosts = folder / "site.fabric.yml", folder / "site.yml"
            texts = {"trio": (TRIO_FABRIC, TRIO_HOSTS), "duo": (DUO_FABRIC, DUO_HOSTS)}[which]
            fabric.write_text(texts[0])
            hosts.write_text(texts[1])
            sources = str(hosts)
        lab = self._labs.enter_context(Lab(fabric, sources, **more))
        site = Site(folder, lab, fabric, sources)
        self.desks.append(site)
        return site

    def _room(self) -> Path:
        folder = self._folder / f"room{next(self._numbers)}"
        folder.mkdir(mode=0o700, parents=True)
        return folder


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a test a stage of its own."""
    with ExitStack() as labs:
        mine = Stage(tmp_path, labs)
        yield mine
        assert [desk.broken() for desk in mine.desks] == [()] * len(mine.desks)


class Ends:
    """The scenarios of one module; ask for the end of one by its name."""

    def __init__(self, ends: Mapping[str, Future[Any]]) -> None:
        self._ends = ends

    def of(self, name: str) -> Any:
        """Wait for one scenario to end; what it raised is raised here."""
        return self._ends[name].result()


@pytest.fixture(scope="session")
def all_ends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Ends]]:
    """Begin every scenario that a selected test may ask for."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="scenario") as pool:
        yield {
            module: Ends(
                {name: pool.submit(_play, scenario, tmp_path_factory.mktemp("play")) for name, scenario in some}
            )
            for module, some in _wanted(request.session.items).items()
        }
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def ends(request: pytest.FixtureRequest, all_ends: Mapping[str, Ends]) -> Ends:
    """The scenarios of the module at hand."""
    return all_ends[str(request.path)]


def _play(scenario: Scenario, folder: Path) -> Any:
    with ExitStack() as labs:
        stage = Stage(folder, labs)
        end = scenario(stage)
        assert [desk.broken() for desk in stage.desks] == [()] * len(stage.desks)
        return end


def _wanted(items: list[pytest.Item]) -> dict[str, list[tuple[str, Scenario]]]:
    """Return the scenarios of each module that its selected tests name by a parameter; all where one names none."""
    asked: dict[str, set[str]] = {}
    scenarios: dict[str, Mapping[str, Scenario]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item.module, "SCENARIOS"):
            scenarios[str(item.path)] = item.module.SCENARIOS
            names = {item.callspec.id} if hasattr(item, "callspec") else set(item.module.SCENARIOS)
            asked.setdefault(str(item.path), set()).update(names)
    return {path: [(n, s) for n, s in which.items() if n in asked[path]] for path, which in scenarios.items()}
