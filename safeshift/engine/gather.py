"""Gathering facts: what the devices hold and see right now. The engine gathers, planning judges.

Reads only. A router that does not answer is itself a fact: it counts as failed, and planning is told so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from safeshift.clock import Clock
from safeshift.drivers.base import Driver, Drivers
from safeshift.errors import DeviceError, PreflightError
from safeshift.fabric.routing import Failure, Network
from safeshift.fabric.state import RouterState
from safeshift.journal.events import Json
from safeshift.model.fabric import Fabric, Link
from safeshift.platforms.base import PendingGuard

ADJACENCIES = "show ip ospf neighbor"
SEE_S = 60.0  # for both answers together: a large configuration alone takes half of it


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read from the routers at one moment.

    Attributes:
        configs: Normalised running configuration by router; the last one known where a router did not answer.
        down: Routers that did not answer, and links over which the routers have no adjacency although both ends
            are configured for one.
    """

    configs: Mapping[str, str]
    down: frozenset[Failure]


class Gatherer:
    """Reads the routers of one fabric through their drivers."""

    def __init__(self, fleet: Drivers, fabric: Fabric, routers: tuple[str, ...], clock: Clock) -> None:
        self.fleet = fleet
        self.fabric = fabric
        self.routers = routers
        self._clock = clock
        self._known: dict[str, str] = {}
        self._texts: dict[str, tuple[str, str]] = {}
        self._meanings: dict[tuple[str, str], RouterState] = {}

    def driver(self, device: str) -> Driver:
        """Return the one driver of a device."""
        return self.fleet.driver(device)

    def see(self) -> Seen:
        """Read every router's running configuration and adjacencies, all at once."""
        answers = self.fleet.each(self.routers, self._see_one)
        down: set[Failure] = set()
        neighbors: dict[str, frozenset[str]] = {}
        for router, answer in answers.items():
            if isinstance(answer, DeviceError):
                down.add(Failure("router", router))
            elif isinstance(answer, Exception):
                raise answer
            else:
                self._known[router], neighbors[router] = answer
        return Seen(dict(self._known), frozenset(down | self._silent_links(neighbors)))

    def _see_one(self, driver: Driver) -> tuple[str, frozenset[str]]:
        platform = driver.platform
        if ADJACENCIES not in platform.facts:
            return driver.running_config(), frozenset()
        # Both in one exchange: they are of the same moment, and cost one way to the device.
        text, answer = driver.read((platform.dialogue.show_config, ADJACENCIES), deadline_s=SEE_S)
        rows = platform.parse_facts(ADJACENCIES, answer)
        return self._normalised(driver, text), frozenset(filter(None, (_neighbor_address(row) for row in rows)))

    def _normalised(self, driver: Driver, text: str) -> str:
        """Normalise a router's configuration, unless it is to the letter the one that was read before."""
        before, config = self._texts.get(driver.device, ("", ""))
        if text != before:
            config = driver.platform.normalise(text)
            self._texts[driver.device] = text, config
        return config

    def states(self) -> dict[str, RouterState]:
        """Return what the last configurations read mean."""
        return {router: self._meaning(router, config) for router, config in self._known.items()}

    def _meaning(self, router: str, config: str) -> RouterState:
        """Read a configuration's meaning once: between two looks most routers have not changed."""
        if (router, config) not in self._meanings:
            self._meanings = {key: state for key, state in self._meanings.items() if key[0] != router}
            self._meanings[router, config] = self.driver(router).platform.read_meaning(config)
        return self._meanings[router, config]

    def _silent_links(self, neighbors: Mapping[str, frozenset[str]]) -> frozenset[Failure]:
        """Links that should have an adjacency by configuration, and over which a router that answered sees none."""
        network = Network(self.fabric, self.states())
        expected = {
            router: {(adjacency.interface, adjacency.neighbor) for adjacency in network.adjacencies(router)}
            for router in neighbors
        }
        return frozenset(
            Failure("link", link.name)
            for link in self.fabric.links
            if any(self._is_silent(link, router, expected, neighbors) for router in neighbors)
        )

    def _is_silent(
        self,
        link: Link,
        router: str,
        expected: Mapping[str, set[tuple[str, str]]],
        neighbors: Mapping[str, frozenset[str]],
    ) -> bool:
        if router not in {end.router for end in link.ends}:
            return False
        near, far = link.end_at(router), link.far_end(router)
        if (near.interface, far.router) not in expected[router]:
            return False
        address = link.addresses[link.ends.index(far)]
        return str(address.ip) not in neighbors[router]

    def pending_guards(self, devices: Iterable[str]) -> Mapping[str, PendingGuard | DeviceError | None]:
        """Return the timer that runs on each device now, whoever armed it."""
        answers = self.fleet.each(tuple(devices), lambda driver: driver.pending_guard())
        return {name: _known_kind(answer) for name, answer in answers.items()}

    def facts(self, devices: Iterable[str]) -> dict[str, Json]:
        """Return the operational state of devices: per device, per read command, its rows; what failed says why."""
        result: dict[str, Json] = {}
        for name, answer in self.fleet.each(tuple(devices), _read_facts).items():
            result[name] = {"error": str(answer)} if isinstance(answer, Exception) else answer
        return result


def _read_facts(driver: Driver) -> dict[str, Json]:
    answers = driver.read(driver.platform.facts)
    return {
        command: [dict(row) for row in driver.platform.parse_facts(command, answer)]
        for command, answer in zip(driver.platform.facts, answers, strict=True)
    }


def _known_kind(answer: PendingGuard | Exception | None) -> PendingGuard | DeviceError | None:
    if isinstance(answer, Exception) and not isinstance(answer, DeviceError):
        raise answer
    return answer


def _neighbor_address(row: Mapping[str, str]) -> str:
    """The neighbour's address on the link, from whichever column the platform's table has it in; FULL ones only."""
    if not row.get("state", "").upper().startswith(("FULL", "2WAY", "2-WAY")):
        return ""
    for value in (row.get("ip_address", ""), row.get("address", ""), row.get("neighbor_address", "")):
        try:
            return str(ip_address(value))
        except ValueError:
            continue
    raise PreflightError(f"an OSPF neighbour without an address was shown: {dict(row)}")
