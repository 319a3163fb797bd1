"""What scenarios are played on: the small site of the README, smaller ones, and safeshift run on them.

Real SSH sessions to real lab devices; the API in this process, or the command line in one of its own. Every journal
that is written here is held against the invariants when the test ends (``conftest.py``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent

from safeshift import api
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.invariants import check as violations
from safeshift.engine.record import Observer
from safeshift.journal.events import Event, Kind
from safeshift.journal.store import Journal
from safeshift.lab.lab import Lab
from safeshift.planning.selecting import Selection
from safeshift.platforms import platform_named

HERE = Path(__file__).parents[2]
DC1 = HERE / "inventories" / "dc1"
DC1_FABRIC = HERE / "inventories" / "dc1.fabric.yml"
PLAYBOOKS = HERE / "playbooks"

TRIO_FABRIC = """
networks:
  primary: {role: primary}
  secondary: {role: secondary}
routers:
  a: {network: primary, capacity: 100G}
  b: {network: primary, capacity: 100G}
  s: {network: secondary, capacity: 20G}
links:
  - {ends: [a Ethernet1, b HundredGigE1/0/1], subnet: 10.0.1.0/31, capacity: 40G, cost: [10, 10]}
  - {ends: [a Ethernet2, s Ethernet1], subnet: 10.0.2.0/31, capacity: 100G, cost: [1000, 1000]}
  - {ends: [b HundredGigE1/0/2, s Ethernet2], subnet: 10.0.3.0/31, capacity: 100G, cost: [1000, 1000]}
nodes:
  m1: {primary: {port: a Vlan10, address: 10.1.1.11/24}, secondary: {port: s Vlan20, address: 10.2.0.11/24}}
  m2: {primary: {port: b Vlan10, address: 10.1.2.12/24}, secondary: {port: s Vlan20, address: 10.2.0.12/24}}
demands:
  - {between: [[m1], [m2]], network: primary, rate: 8G}
  - {between: [[m1], [m2]], network: secondary, rate: 2G}
"""

TRIO_HOSTS = """
all:
  children:
    routers:
      hosts:
        a: {ansible_network_os: arista.eos.eos, port: Ethernet1}
        b: {ansible_network_os: cisco.ios.ios, port: HundredGigE1/0/1}
        s: {ansible_network_os: arista.eos.eos, port: Ethernet1}
    nodes:
      hosts:
        m1:
        m2:
"""

ANOTHER_NODE = """
nodes:
  m1: {primary: {port: a Vlan10, address: 10.1.1.11/24}, secondary: {port: s Vlan20, address: 10.2.0.11/24}}
  m2: {primary: {port: b Vlan10, address: 10.1.2.12/24}, secondary: {port: s Vlan20, address: 10.2.0.12/24}}
  m3: {primary: {port: b Vlan10, address: 10.1.2.254/24}, secondary: {port: s Vlan20, address: 10.2.0.13/24}}
"""
"""A truth of the trio in which somebody has the address that nobody should have."""

DUO_FABRIC = """
networks:
  primary: {role: primary}
routers:
  a: {network: primary, capacity: 100G}
  b: {network: primary, capacity: 100G}
links:
  - {ends: [a Ethernet1, b HundredGigE1/0/1], subnet: 10.0.1.0/31, capacity: 40G, cost: [10, 10]}
"""

DUO_HOSTS = """
all:
  children:
    routers:
      hosts:
        a: {ansible_network_os: arista.eos.eos, port: Ethernet1}
        b: {ansible_network_os: cisco.ios.ios, port: HundredGigE1/0/1}
"""

DESCRIBE = """
- name: Describe
  config: {parents: ["interface {{ port }}"], lines: [description by safeshift]}
"""
"""A step that does no harm."""


def play(
    steps: str, *, hosts: str = "a:b", require: str = "primary, secondary", verify: str = "", more: str = ""
) -> str:
    """Write a playbook of one play with one stage, fast unless ``verify`` says otherwise."""
    settings = {"settle": "1s", "soak": "500ms", "hold": "10s", "deadline": "20s"}
    settings |= dict(part.split(": ") for part in verify.split(", ") if part)
    written = ", ".join(f"{key}: {value}" for key, value in settings.items())
    head = f"- name: A test\n  hosts: {hosts}\n  verify: {{require: [{require}], {written}}}\n"
    body = indent(dedent(steps).strip("\n"), " " * 8)
    return f"{head}{indent(dedent(more), '  ')}\n  stages:\n    - name: One\n      steps:\n{body}\n"


@dataclass
class Finished:
    """How a command ended, and all that it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass
class Desk:
    """A place to work at: a state directory of its own, and safeshift's command line."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def journal(self) -> Path:
        return self.state / "journal.db"

    def playbook(self, text: str, name: str = "play.yml") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def environment(self) -> dict[str, str]:
        return {**os.environ, "SAFESHIFT_STATE": str(self.state), "COLUMNS": "200", "PYTHONPATH": str(HERE)}

    def command(self, *words: str | Path) -> list[str]:
        return [sys.executable, "-m", "safeshift", *map(str, words)]

    def safeshift(self, *words: str | Path) -> Finished:
        """Run a command to its end, with no terminal."""
        process = self.begin(*words)
        out, err = process.communicate(timeout=200)
        return Finished(process.returncode, out, err)

    def begin(self, *words: str | Path, session: bool = False) -> subprocess.Popen[str]:
        """Start a command and leave it running; in a session (and process group) of its own if so asked."""
        return subprocess.Popen(
            self.command(*words),
            env=self.environment(),
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=session,
        )

    def events(self) -> tuple[Event, ...]:
        """The events of the newest run."""
        store = Journal.open(self.journal, create=False)
        try:
            return store.events(store.runs()[0].id)
        finally:
            store.close()

    def broken(self) -> tuple[str, ...]:
        """Every invariant that any run of this desk's journal broke, and every break in its chains."""
        if not self.journal.exists():
            return ()
        store = Journal.open(self.journal, create=False)
        try:
            found = [str(problem) for problem in store.verify().problems]
            for row in store.runs():
                found += [f"{row.id}: {one}" for one in violations(store.events(row.id))]
        finally:
            store.close()
        return tuple(found)


@dataclass
class Site(Desk):
    """A desk with a lab in this process; its command line reaches the lab as any user's devices, by an inventory.

    Attributes:
        sources: What ``-i`` gets where the lab stands in for the devices.
        kept: What each router held when the site was set up.
    """

    lab: Lab
    fabric: Path
    sources: str
    kept: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kept = {name: self.lab.running(name) for name in self.lab.fabric.routers}

    def job(self, text: str | Path, **selected: object) -> api.Job:
        path = text if isinstance(text, Path) else self.playbook(text)
        return api.load(path, self.sources, fabric=self.fabric, selection=Selection(**selected))  # type: ignore[arg-type]  # whatever Selection takes

    def run(
        self,
        text: str | Path,
        *,
        at: Mapping[str, Callable[[], object]] | None = None,
        observers: Iterable[Observer] = (),
        interrupts: Interrupts | None = None,
        override: str = "",
        approve: Callable[[str], bool] | None = None,
        **selected: object,
    ) -> api.RunResult:
        """Run a playbook here; ``at`` acts once each, at instants named as ``instant_of`` names events."""
        return api.run(
            self.job(text, **selected),
            lab=self.lab,
            journal=self.journal,
            override=override,
            approve=approve,
            interrupts=interrupts,
            observers=(*observers, Instants(at or {})),
        )

    def check(self, text: str | Path) -> api.CheckResult:
        return api.check(self.job(text), lab=self.lab)

    def command(self, *words: str | Path) -> list[str]:
        if words[0] not in ("run", "check"):
            return super().command(*words)
        known = {"-i": self.lab.inventory, "--fabric": self.fabric}
        missing = [word for flag, value in known.items() if flag not in words for word in (flag, value)]
        return super().command(*words, *missing)

    def typed(self, device: str) -> tuple[str, ...]:
        """Every line that the device's own log has."""
        return tuple(one.line for one in self.lab.received(device))

    def writes(self, device: str) -> tuple[str, ...]:
        """Those of them that are not in the platform's table of reads, nor its setup of a session."""
        platform = platform_named(self.lab.roster.dialects[device])
        harmless = {"", *platform.dialogue.setup}
        return tuple(line for line in self.typed(device) if line not in harmless and not platform.is_read(line))

    def written(self) -> dict[str, tuple[str, ...]]:
        """What each device got beside reads; empty when none got any."""
        found = {device: self.writes(device) for device in self.lab.devices}
        return {device: lines for device, lines in found.items() if lines}

    def changed(self) -> tuple[str, ...]:
        """Routers whose running configuration is not what it was when the site was set up."""
        return tuple(name for name, text in self.kept.items() if body(self.lab.running(name)) != body(text))

    def wait_for(self, device: str, text: str) -> None:
        """Wait until a device holds a line."""
        wait_until(lambda: text in self.lab.running(device))


def forget_host_keys(site: Site) -> None:
    """Let the inventory name an empty known_hosts."""
    empty = site.folder / "known_hosts"
    empty.touch()
    text = site.lab.inventory.read_text()
    site.lab.inventory.chmod(0o600)
    site.lab.inventory.write_text(text.replace(str(site.lab.known_hosts), str(empty)))


def wait_until(so: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait for something that must come."""
    until = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


class Instants:
    """An observer that acts once when an event comes: faults strike at the instant that a test names."""

    def __init__(self, at: Mapping[str, Callable[[], object]]) -> None:
        self._left = dict(at)

    def __call__(self, event: Event) -> None:
        for name in instant_of(event):
            act = self._left.pop(name, None)
            if act is not None:
                act()


def instant_of(event: Event) -> tuple[str, ...]:
    """Name an event: ``intent commit a``, ``outcome commit a``, ``run_opened``."""
    words = [event.kind.value, str(event.data.get("act", "")), str(event.data.get("device", ""))]
    return tuple(dict.fromkeys((" ".join(words[:2]).strip(), " ".join(filter(None, words)))))


_HEADERS = ("!", "Current configuration", "Using ", "Building configuration")


def body(text: str) -> list[str]:
    """A configuration without its comments, which tell the time."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith(_HEADERS)]


def acts(events: Iterable[Event], kind: Kind = Kind.INTENT) -> list[str]:
    """The acts of a journal in order, each with its device."""
    found = [event for event in events if event.kind is kind]
    return [f"{event.data['act']} {event.data.get('device', '')}".strip() for event in found]


def found(events: Iterable[Event], kind: Kind) -> list[Event]:
    """The events of one kind."""
    return [event for event in events if event.kind is kind]
