"""Moves that change nothing: reading, waiting for traffic to leave, asking, asserting; and observing the goal.

Each comes back as a ``Report`` like any act. What a person answers and how long is slept come through seams.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from safeshift.actions.base import MoveKind
from safeshift.clock import Clock
from safeshift.drivers.base import Driver
from safeshift.engine.gather import Gatherer
from safeshift.engine.report import Report
from safeshift.engine.states import Outcome
from safeshift.errors import PlaybookError
from safeshift.journal.events import Json
from safeshift.model.templating import Templater
from safeshift.planning.plan import Batch, GoalCheck, Move
from safeshift.planning.site import Site
from safeshift.units import show_gbit, show_percent

Approver = Callable[[str], bool]
"""Asks a person; True is a yes."""

INTERFACES = "show interfaces"


@dataclass(slots=True)
class Looker:
    """Performs what only looks, for one run; keeps what steps registered."""

    site: Site
    gatherer: Gatherer
    approve: Approver
    clock: Clock
    forward_over: threading.Event = field(default_factory=threading.Event)
    called_off: threading.Event = field(default_factory=threading.Event)
    _registered: dict[str, dict[str, object]] = field(default_factory=dict)

    def rest(self, seconds: float) -> None:
        """Let time pass, unless the run is over."""
        self.clock.wait(self.called_off, seconds)

    def _wait(self, seconds: float) -> None:
        """Let time pass on the way forward."""
        self.clock.wait(self.forward_over, seconds)

    def _templater(self, move: Move, host: str) -> Templater:
        """What a run-time condition or message may use: the plan's variables, and what steps registered."""
        return Templater({**move.variables.get(host, {}), **self._registered.get(host, {})}, error=PlaybookError)

    def _evaluate(self, move: Move, host: str, condition: str) -> bool:
        return self._templater(move, host).is_true(condition)

    def hosts_that_take(self, move: Move) -> tuple[str, ...]:
        """Return the hosts whose run-time conditions hold; all of them when there is none."""
        steps = move.steps or (move,)
        return tuple(host for host in move.hosts if any(self._takes(step, host) for step in steps))

    def _takes(self, step: Move, host: str) -> bool:
        return host in step.hosts and all(self._evaluate(step, host, said) for said in step.when.get(host, ()))

    def perform(self, move: Move) -> Report:
        """Do one move that changes nothing."""
        hosts = self.hosts_that_take(move)
        if not hosts and move.hosts:
            return Report(Outcome.DONE, "skipped: its condition is false")
        act: dict[MoveKind, Callable[[Move, tuple[str, ...]], Report]] = {
            MoveKind.READ: self._read,
            MoveKind.DRAINED: self._wait_drained,
            MoveKind.PAUSE: self._pause,
            MoveKind.APPROVE: self._approve,
            MoveKind.ASSERT: self._assert,
        }
        return act[move.kind](move, hosts)

    def _read(self, move: Move, hosts: tuple[str, ...]) -> Report:
        answers: dict[str, Json] = {}
        for host in hosts:
            commands = _texts(move.arguments[host]["commands"])
            device = move.targets.get(host, host)
            said = self.gatherer.driver(device).read(commands, deadline_s=move.checks.deadline_s)
            answers[device] = dict(zip(commands, said, strict=True))
            self._register(move, host, {"stdout": list(said), "stdout_lines": [text.splitlines() for text in said]})
        return Report(Outcome.DONE, findings={"answers": answers})

    def _register(self, move: Move, host: str, value: object) -> None:
        if move.register:
            self._registered.setdefault(host, {})[move.register] = value

    def _pause(self, move: Move, hosts: tuple[str, ...]) -> Report:
        seconds = max(_number(move.arguments[host]["duration"]) for host in hosts)
        self._wait(seconds)
        return Report(Outcome.DONE, f"waited {seconds:g} s")

    def _approve(self, move: Move, hosts: tuple[str, ...]) -> Report:
        for message in dict.fromkeys(str(move.arguments[host]["message"]) for host in hosts):
            if not self.approve(message):
                return Report(Outcome.FAILED, f"not approved: {message}")
        return Report(Outcome.DONE, "approved")

    def _assert(self, move: Move, hosts: tuple[str, ...]) -> Report:
        for host in hosts:
            for condition in _texts(move.arguments[host]["that"]):
                if not self._evaluate(move, host, condition):
                    said = self._said(move, host, "fail_msg") or f"{host}: not true: {condition}"
                    return Report(Outcome.FAILED, said)
        said = "; ".join(dict.fromkeys(filter(None, (self._said(move, host, "success_msg") for host in hosts))))
        return Report(Outcome.DONE, said or "all conditions hold")

    def _said(self, move: Move, host: str, which: str) -> str:
        return str(self._templater(move, host).render(str(move.arguments[host].get(which) or "")))

    def _wait_drained(self, move: Move, hosts: tuple[str, ...]) -> Report:
        """Two readings of each counter, as far apart as the platform refreshes it, until all say that it is quiet."""
        until = self.clock.monotonic() + max(_number(move.arguments[host]["within"]) for host in hosts)
        while True:
            loads = [load for host in hosts for load in self._loads(host, move)]
            busy = [load for load in loads if load.share > load.below]
            shown: list[Json] = [load.to_json() for load in loads]
            worst = max(loads, key=lambda load: load.share)
            if not busy:
                return Report(Outcome.DONE, f"drained: at most {worst}", findings={"loads": shown})
            if self.clock.monotonic() >= until or self.forward_over.is_set():
                return Report(Outcome.FAILED, f"traffic has not left: {worst}", findings={"loads": shown})

    def _loads(self, host: str, move: Move) -> list[_Load]:
        driver = self.gatherer.driver(move.targets.get(host, host))
        arguments = move.arguments[host]
        capacities = arguments["interfaces"]
        if not isinstance(capacities, Mapping):
            raise TypeError("wait_drained: interfaces must be a mapping of interface to bit/s")
        first_at, first = self._counters(driver, tuple(capacities))
        self._wait(driver.platform.counters_refresh_s)
        second_at, second = self._counters(driver, tuple(capacities))
        result = []
        for interface, capacity in capacities.items():
            grown = [b - a for a, b in zip(first[interface], second[interface], strict=True)]
            # Counters that fell were cleared, or the device came back: nothing is known of what passed meanwhile.
            rate = 8 * max(grown) / (second_at - first_at) if min(grown) >= 0 else math.inf
            result.append(_Load(host, interface, rate, float(capacity), _number(arguments["below"])))
        return result

    def _counters(self, driver: Driver, interfaces: tuple[str, ...]) -> tuple[float, dict[str, tuple[int, int]]]:
        commands = tuple(driver.platform.counters_command(interface) for interface in interfaces)
        answers = driver.read(commands)
        counted = {i: driver.platform.parse_counters(text) for i, text in zip(interfaces, answers, strict=True)}
        return self.clock.monotonic(), counted

    def observe(self, batch: Batch) -> Report:
        """Look whether the goal of a batch is there; every check is made, and each that fails is named."""
        results = [(check, self._is_met(check)) for check in batch.goal]
        missed = [check.text for check, met in results if not met]
        found: dict[str, Json] = {"checks": [{"text": check.text, "met": met} for check, met in results]}
        if missed:
            return Report(Outcome.FAILED, f"the goal is not there: {'; '.join(missed)}", findings=found)
        what = "goal observed" if batch.goal_declared else "every step's effect observed"
        return Report(Outcome.DONE, f"{what} ({len(results)} checks)", findings=found)

    def _is_met(self, check: GoalCheck) -> bool:
        driver = self.gatherer.driver(check.device)
        config = driver.running_config()
        if check.kind == "lines":  # typing them once more would change nothing: they are in
            return driver.platform.equal(driver.platform.apply(config, check.expected.splitlines()), config)
        port = self.site.meaning(check.device, config).interfaces.get(check.subject)
        return port is not None and port.speed == int(check.expected) and self._runs_at(driver, check, config)

    def _runs_at(self, driver: Driver, check: GoalCheck, config: str) -> bool:
        """What is configured is not yet what runs: the device must show the interface up, and at that speed.

        Where a ``bandwidth`` line is written, devices show that instead of the speed: it proves nothing then.
        """
        (answer,) = driver.read((driver.platform.counters_command(check.subject),))
        for row in driver.platform.parse_facts(INTERFACES, answer):
            if row.get("interface") == check.subject:
                shown = row.get("bandwidth", "").removesuffix("kbit").removesuffix("Kbit").strip()
                is_up = row.get("link_status") == "up" and row.get("protocol_status", "").startswith("up")
                written = f"bandwidth {shown}" in _section(config, check.subject)
                return is_up and shown.isdigit() and (written or int(shown) * 1000 == int(check.expected))
        return False


def _section(config: str, interface: str) -> str:
    """The lines of one interface in a configuration."""
    _, found, rest = config.partition(f"interface {interface}\n")
    lines = rest.splitlines() if found else []
    return "\n".join(itertools.takewhile(lambda line: line.startswith(" "), lines))


@dataclass(frozen=True, slots=True)
class _Load:
    """What one interface carries, as its own counters tell."""

    device: str
    interface: str
    rate: float
    capacity: float
    below: float

    @property
    def share(self) -> float:
        return self.rate / self.capacity

    def __str__(self) -> str:
        if math.isinf(self.rate):
            return f"{self.device} {self.interface}: its counters were reset while they were watched"
        return f"{self.device} {self.interface} {show_gbit(self.rate)} Gbit/s ({show_percent(self.share)})"

    def to_json(self) -> dict[str, Json]:
        return {
            "device": self.device,
            "interface": self.interface,
            "bits_per_second": None if math.isinf(self.rate) else round(self.rate),
            "share": None if math.isinf(self.rate) else round(self.share, 5),
        }


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list of texts was planned, not {value!r}")
    return tuple(str(item) for item in value)


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"a number was planned, not {value!r}")
    return float(value)
