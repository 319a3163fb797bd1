"""Sites to play on; when a test ends, every journal that its runs wrote is held against the invariants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Generic, TypeGuard, TypeVar

import pytest

from safeshift.lab.lab import Lab
from tests.scenario.staging import DC1, DC1_FABRIC, DUO_FABRIC, DUO_HOSTS, TRIO_FABRIC, TRIO_HOSTS, Site

MakeSite = Callable[..., Site]
T = TypeVar("T")


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[MakeSite]:
    """Make sites on which all runs keep the invariants: ``sites("dc1" | "trio" | "duo", **arguments of Lab)``."""
    with ExitStack() as labs:
        made: list[Site] = []

        def make(which: str = "trio", **more: object) -> Site:
            site = open_site(labs, tmp_path / f"site{len(made)}", which, **more)
            made.append(site)
            return site

        yield make
        assert [site.broken() for site in made] == [()] * len(made)


def open_site(labs: ExitStack, folder: Path, which: str, **more: object) -> Site:
    """Set up one site; its lab ends with ``labs``."""
    folder.mkdir(mode=0o700)
    fabric, sources = DC1_FABRIC, str(DC1)
    if which != "dc1":
        fabric, hosts = folder / "site.fabric.yml", folder / "site.yml"
        written = {"trio": (TRIO_FABRIC, TRIO_HOSTS), "duo": (DUO_FABRIC, DUO_HOSTS)}[which]
        fabric.write_text(written[0])
        hosts.write_text(written[1])
        sources = str(hosts)
    lab = labs.enter_context(Lab(fabric, sources, **more))  # type: ignore[arg-type]  # whatever Lab takes
    return Site(lab, folder, fabric, sources)


@pytest.fixture
def trio(sites: MakeSite) -> Site:
    """Three routers and two nodes, on two networks."""
    return sites("trio")


@pytest.fixture
def dc1(sites: MakeSite) -> Site:
    """The small site of the README."""
    return sites("dc1")


Together = Callable[[Mapping[str, Callable[[Site], T]]], "Ends[T]"]


class Ends(Generic[T]):
    """Scenarios that go on at the same time, each on a site of its own; ask for the end of one by its name."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor, which: Mapping[str, Callable[[Site], T]]) -> None:
        self._ends = {
            name: pool.submit(self._play, folder / str(number), scenario)
            for number, (name, scenario) in enumerate(which.items())
        }

    def _play(self, folder: Path, scenario: Callable[[Site], T]) -> T:
        with ExitStack() as labs:
            site = open_site(labs, folder, "trio")
            end = scenario(site)
            assert site.broken() == ()
            return end

    def of(self, name: str) -> T:
        """Wait for one scenario to end; what it raised is raised here."""
        return self._ends[name].result()


@pytest.fixture(scope="module")
def together(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Together[Any]]:
    """Play many scenarios at once, those only that a selected test of the module asks for by its parameter."""
    wanted = {item.callspec.id for item in request.session.items if item.path == request.path and _is_cased(item)}
    with ThreadPoolExecutor(40) as pool:

        def play(which: Mapping[str, Callable[[Site], T]]) -> Ends[T]:
            chosen = {name: scenario for name, scenario in which.items() if name in wanted}
            return Ends(tmp_path_factory.mktemp("together"), pool, chosen)

        yield play


def _is_cased(item: pytest.Item) -> TypeGuard[pytest.Function]:
    return isinstance(item, pytest.Function) and hasattr(item, "callspec")
