"""A run without wire: the real shell, performer, judge and journal, over drivers that keep a configuration in memory.

The plan puts a vlan on p1 and p2 of the README's site, in one move. Time goes twenty times as fast as it does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from typing import TypeVar

from safeshift.api.running import outline_of
from safeshift.clock import Clock
from safeshift.drivers.base import Driver, Exchange
from safeshift.drivers.guards import guard_for
from safeshift.engine.gather import Gatherer
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.invariants import Violation, check
from safeshift.engine.looking import Looker
from safeshift.engine.perform import Performer
from safeshift.engine.record import Recorder
from safeshift.engine.shell import Shell
from safeshift.engine.states import State
from safeshift.errors import ConnectionLostError
from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.store import Journal
from safeshift.planning.plan import Checks, Plan
from safeshift.platforms.arista_eos import AristaEos
from safeshift.platforms.base import GuardStyle, Lines, PendingGuard, Platform
from safeshift.platforms.cisco_ios import CiscoIos
from safeshift.probes.base import Observation, Pair
from safeshift.probes.judge import WINDOW, Judge, View
from tests.unit.planning.building import configs, fabric, plan_of, playbook_of, site

NETWORKS = ("primary", "secondary")
CHECKS = Checks(NETWORKS, settle_s=0.0, soak_s=0.0, hold_s=60.0, freshness_s=1000.0, deadline_s=1000.0)
CHANGED = ("p1", "p2")
T = TypeVar("T")


class FastClock:
    """Twenty seconds pass in one."""

    def monotonic(self) -> float:
        """See ``Clock``."""
        return 20 * time.monotonic()

    def now(self) -> datetime:
        """See ``Clock``."""
        return datetime.now(UTC)

    def wait(self, event: Flag, seconds: float) -> bool:
        """See ``Clock``."""
        return event.wait(max(0.0, seconds / 20))


class Eos(AristaEos):
    """EOS that is not asked for its neighbours."""

    facts: Lines = ()


class Ios(CiscoIos):
    """IOS that is not asked for its neighbours."""

    facts: Lines = ()


class Remembering:
    """A device's driver: what is typed is applied to a text, and reads give the text back.

    Attributes:
        on_read: Called, in the thread of the act, before the configuration is read.
        gave_way: Set when somebody asked the read that is under way to end.
    """

    def __init__(self, device: str, platform: Platform, config: str) -> None:
        self.device = device
        self.platform = platform
        self.config = config
        self.on_read: Callable[[], object] = lambda: None
        self.gave_way = Flag()

    def open(self) -> None:
        """See ``Driver``."""

    def prove_login(self) -> None:
        """See ``Driver``."""

    def close(self) -> None:
        """See ``Driver``."""

    def give_way(self) -> None:
        """See ``Driver``."""
        self.gave_way.set()

    def hang(self) -> None:
        """Be a read that hangs until it must give way: for ever, but for the patience of a test."""
        self.on_read = lambda: None
        self.gave_way.wait(20.0)
        raise ConnectionLostError(self.device, "it hung")

    def read(self, commands: Sequence[str], *, deadline_s: float = 30.0) -> tuple[str, ...]:
        """See ``Driver``."""
        raise AssertionError(f"nobody reads {commands} here")

    def running_config(self, *, deadline_s: float = 30.0) -> str:
        """See ``Driver``."""
        self.on_read()
        return self.config

    def write(self, lines: Sequence[str], *, deadline_s: float = 30.0) -> Exchange:
        """See ``Driver``."""
        self.config = self.platform.apply(self.config, lines[1:-1])
        return Exchange(tuple((line, "") for line in lines), "", 0.0)

    def pending_guard(self) -> PendingGuard | None:
        """See ``Driver``."""
        return None

    def save(self, *, deadline_s: float = 60.0) -> None:
        """See ``Driver``."""


class Rack:
    """All routers of the site; keeps the promises of ``Drivers``."""

    def __init__(self) -> None:
        kinds: dict[str, Platform] = {"arista_eos": Eos(), "cisco_ios": Ios()}
        self.drivers = {
            name: Remembering(name, kinds[site().platforms[name].name], config) for name, config in configs().items()
        }

    def driver(self, name: str) -> Driver:
        """See ``Drivers``."""
        return self.drivers[name]

    def each(self, names: Iterable[str], function: Callable[[Driver], T]) -> dict[str, T | Exception]:
        """See ``Drivers``; one after the other."""
        return {name: function(self.drivers[name]) for name in names}


class Watched(Judge):
    """A judge whose every look is preceded by a round of probes that came back."""

    def __init__(self) -> None:
        self.pairs = [Pair(a, b, on, f"{a} {on}") for on in NETWORKS for a, b in (("n1", "n3"), ("n3", "n1"))]
        super().__init__(self.pairs, {"n1": ("n3",), "n3": ("n1",)}, loss_max=0.01, stale_s=60.0)

    def view(self, now: float, *, loss_max: float | None = None) -> View:
        """See ``Judge``."""
        for pair in self.pairs * WINDOW:
            self.record(Observation(pair, now, True, 0.5))
        return super().view(now, loss_max=loss_max)


@dataclass
class Bench:
    """One run, not yet begun, and all that a test may want to disturb."""

    folder: Path
    rack: Rack = field(default_factory=Rack)
    judge: Watched = field(default_factory=Watched)
    interrupts: Interrupts = field(default_factory=Interrupts)
    clock: Clock = field(default_factory=FastClock)

    def __post_init__(self) -> None:
        self.plan = _plan(self.folder)
        self.journal = Journal.open(self.folder / "journal.db")
        self.recorder = Recorder(self.journal.begin("r1", "dc1"))
        self.shell = self._shell()

    def _shell(self) -> Shell:
        styles = {name: GuardStyle.NONE for name in configs()}
        without_links = fabric().model_copy(update={"links": ()})  # on which nobody could miss a neighbour
        gatherer = Gatherer(self.rack, without_links, tuple(configs()), self.clock)
        looker = Looker(site(), gatherer, lambda message: False, self.clock)
        performer = Performer(
            "r1", self.plan, site(), gatherer, looker, guard_for, styles, self.clock, dict(configs())
        )  # fmt: skip
        return Shell(
            self.plan, outline_of(self.plan, styles), performer, self.judge, self.recorder, self.clock, self.interrupts
        )

    def run(self) -> State:
        """Write what a preflight writes, then run to the end."""
        planned: Json = {"batches": [{} for _ in self.plan.batches]}
        self.recorder.note(Kind.RUN_OPENED, operator="somebody")
        self.recorder.note(Kind.PREFLIGHT, check="lock", verdict="PASS")
        self.recorder.note(Kind.PREFLIGHT, check="nothing out of service", verdict="PASS")
        self.recorder.note(Kind.PLANNED, plan=planned)
        self.recorder.note(Kind.FORECAST, verdict="PASS")
        return self.shell.run()

    def once(self, device: str, act: Callable[[], object]) -> None:
        """Do something when a device is read for the first time after its change is in."""
        driver = self.rack.drivers[device]

        def look() -> None:
            if self.changed():
                driver.on_read = lambda: None
                act()

        driver.on_read = look

    def changed(self) -> tuple[str, ...]:
        """Routers that are not as before."""
        return tuple(name for name, config in configs().items() if self.rack.drivers[name].config != config)

    def events(self) -> tuple[Event, ...]:
        """What the journal holds."""
        return self.journal.events("r1")

    def broken(self) -> tuple[Violation, ...]:
        """What the journal breaks."""
        return check(self.events())


def _plan(folder: Path) -> Plan:
    made = plan_of(playbook_of(folder, "- config: vlan 7", "hosts: primary_routers"))
    batches = (
        replace(batch, checks=CHECKS, moves=tuple(replace(move, checks=CHECKS) for move in batch.moves))
        for batch in made.batches
    )
    return replace(made, batches=tuple(batches))
