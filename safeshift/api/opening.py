"""The way to the devices of a job: connections, one fleet that changes them, observers with sessions of their own.

A lab stands in for the whole way: addresses, logins and host keys. Next: ``engine/preflight.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from safeshift.api.job import Job
from safeshift.clock import Clock
from safeshift.drivers.fleet import Fleet
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.engine.gather import Gatherer
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.preflight import Preflight, Sink
from safeshift.model.connection import Connection, ConnectionDefaults, connection_of
from safeshift.model.jumps import InventoryHosts
from safeshift.model.templating import Templater
from safeshift.planning.compile import devices_of
from safeshift.planning.site import Site
from safeshift.platforms import platform_named
from safeshift.probes.pairs import LOCALHOST, Watch, choose
from safeshift.probes.prober import Prober


class Overrides(Protocol):
    """What a lab replaces: how to reach each host. Any lab handle has it."""

    @property
    def overrides(self) -> Mapping[str, Mapping[str, object]]:
        """Connection variables by host."""
        ...

    @property
    def known_hosts(self) -> Path:
        """The lab's own host keys."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """Whom a job needs and how each is reached; known from the files alone.

    Attributes:
        connections: By host: the fabric's routers, whoever looks, and whatever else the plan names.
        notes: What the inventory said and safeshift does not follow, and what it found odd.
    """

    site: Site
    watch: Watch
    connections: Mapping[str, Connection]
    notes: tuple[str, ...]


def find_way(job: Job, lab: Overrides | None) -> Way:
    """Work out whom a job needs and how each is reached. Nothing is contacted.

    Raises:
        InputError: the files do not go together, or the inventory does not say how to reach a device.
    """
    site = job.site
    watch = choose(job.fabric, site.platforms)
    routers = [name for name in job.fabric.routers if name in site.platforms]
    observers = [name for name in watch.observers if name != LOCALHOST]
    named = devices_of(job.playbook, job.inventory, job.fabric, selection=job.selection, extra_vars=job.extra_vars)
    hosts = tuple(dict.fromkeys((*routers, *observers, *named)))
    connections = connect_all(job, hosts, lab)
    return Way(site, watch, connections, (*job.inventory.notes, *_ignored(connections.values())))


def open_preflight(job: Job, way: Way, clock: Clock, interrupts: Interrupts, sink: Sink, stack: ExitStack) -> Preflight:
    """Prepare a look at a job's devices; what it opens is closed by ``stack``. Nothing is contacted yet."""

    def make_driver(host: str) -> NetmikoDriver:
        connection = way.connections[host]
        platform = platform_named(connection.platform)
        return NetmikoDriver(connection, platform, clock=clock, others=tuple(way.connections))

    fleet = Fleet(way.connections.values(), clock=clock, forks=job.forks)
    stack.callback(fleet.close_all)
    prober, detector = (Prober(pairs, make_driver, clock) for pairs in (way.watch.pairs, way.watch.dead))
    stack.callback(prober.stop)
    routers = tuple(name for name in job.fabric.routers if name in way.connections)
    gatherer = Gatherer(fleet, job.fabric, routers, clock)
    return Preflight(way.site, fleet, gatherer, way.watch, prober, detector, clock, interrupts, sink, way.notes)


def _ignored(connections: Iterable[Connection]) -> Iterator[str]:
    """What the inventory or ssh_config said to weaken the check of host keys, each said once, with all its places."""
    places: dict[str, dict[str, None]] = {}
    for said in (said for connection in connections for said in connection.ignored):
        setting, _, place = said.removesuffix(")").partition(" (")
        places.setdefault(setting, {})[place] = None
    for setting, where in places.items():
        yield f"not followed, because it would weaken the check of host keys: {setting} ({', '.join(where)})"


def connect_all(job: Job, hosts: Iterable[str], lab: Overrides | None) -> dict[str, Connection]:
    """Work out how each host is reached; a lab replaces address, login and host keys of its devices."""
    defaults = job.defaults
    if lab is not None:
        defaults = ConnectionDefaults(known_hosts=(lab.known_hosts,), ssh_config=Path("/dev/null"))
    find_host = InventoryHosts(job.inventory)
    result = {}
    for host in hosts:
        variables = dict(job.inventory.host_vars(host))
        if lab is not None:
            # The lab stands in for the whole way to the device: nothing of the site's own way may remain.
            variables = {key: value for key, value in variables.items() if not key.startswith("ansible_")}
            variables.update(lab.overrides.get(host, {}))
        render = Templater(variables).render
        result[host] = connection_of(host, variables, defaults=defaults, render=render, find_host=find_host)
    return result


def fly(job: Job, flight: Preflight, *, override: str) -> None:
    """Everything before the first change, in the order in which it may be refused."""
    flight.reach(flight.fleet.names)
    configs = flight.read()
    plan = flight.make_plan(job.compile, configs, override=override)
    flight.look(plan.batches[0].checks)
