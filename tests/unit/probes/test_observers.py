"""Those who look: what they report, that they try again, and that they end; against the real lab and this machine."""

from __future__ import annotations

import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.lab.faults import Fault, FaultKind
from safeshift.lab.lab import Lab
from safeshift.model.connection import ConnectionDefaults, connection_of
from safeshift.model.inventory import load_inventory
from safeshift.platforms import platform_named
from safeshift.probes.base import Observation, Observer, Pair, Silence
from safeshift.probes.observers import (
    RouterObserver,
    StreamObserver,
    local_observer,
    node_observer,
    ping_stream_command,
)
from safeshift.probes.prober import Prober, streams

ROOT = Path(__file__).parents[3]
CLOCK = SystemClock()
LONG_S = 20.0  # longer than anything here takes; only a broken observer waits it out
NOWHERE = "10.1.2.254"
Seen = Observation | Silence


class Reports:
    """What observers reported, to be waited for."""

    def __init__(self) -> None:
        self._seen: queue.SimpleQueue[Seen] = queue.SimpleQueue()
        self.all: list[Seen] = []

    def __call__(self, seen: Seen) -> None:
        """Take one report."""
        self._seen.put(seen)

    def until(self, enough: Callable[[list[Seen]], bool]) -> list[Seen]:
        """Return all reports so far, as soon as they are enough."""
        ends = time.monotonic() + LONG_S
        while not enough(self.all):
            self.all.append(self._seen.get(timeout=max(0.01, ends - time.monotonic())))
        return self.all

    def drain(self) -> list[Seen]:
        """Return what came since, without waiting."""
        new = []
        while not self._seen.empty():
            new.append(self._seen.get())
        return new


def came_back(pair: Pair, back: bool, times: int) -> Callable[[list[Seen]], bool]:
    """Tell whether so many round trips of a pair came back, or did not."""
    return lambda seen: (
        sum(isinstance(s, Observation) and s.pair == pair and s.came_back is back for s in seen) >= times
    )


def silences(seen: Iterable[Seen]) -> list[Silence]:
    """Return the silences among reports."""
    return [one for one in seen if isinstance(one, Silence)]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The README's site."""
    with Lab(ROOT / "inventories" / "dc1.fabric.yml", str(ROOT / "inventories" / "dc1")) as running:
        yield running


@pytest.fixture
def driver_of(lab: Lab) -> Iterator[Callable[[str], NetmikoDriver]]:
    """Make drivers of lab devices, closed at the end."""
    made: list[NetmikoDriver] = []
    inventory = load_inventory([str(lab.inventory)])

    def make(name: str) -> NetmikoDriver:
        connection = connection_of(name, inventory.host_vars(name), defaults=ConnectionDefaults())
        made.append(NetmikoDriver(connection, platform_named(connection.platform), clock=CLOCK))
        return made[-1]

    yield make
    for driver in made:
        driver.close()


@pytest.fixture
def watched() -> Iterator[Callable[[Observer, Iterable[Pair]], Reports]]:
    """Start observers; each is stopped at the end, and must leave no thread behind."""
    started: list[Observer] = []

    def start(observer: Observer, pairs: Iterable[Pair]) -> Reports:
        reports = Reports()
        started.append(observer)
        observer.start(tuple(pairs), reports)
        return reports

    yield start
    for observer in started:
        observer.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("safeshift-p")]


Watched = Callable[[Observer, Iterable[Pair]], Reports]
DriverOf = Callable[[str], NetmikoDriver]


def test_node_of_the_lab_sees_who_answers_and_who_does_not(driver_of: DriverOf, watched: Watched) -> None:
    """Each pair is probed without pause: answers with their time, silence of a dead address as loss."""
    alive, dead = Pair("n1", "n3", "primary", "10.1.2.13"), Pair("n1", "nobody", "primary", NOWHERE)
    reports = watched(node_observer("n1", driver_of("n1"), CLOCK), [alive, dead])
    reports.until(came_back(alive, True, 5))
    seen = reports.until(came_back(dead, False, 3))
    assert silences(seen) == []
    for one in seen:
        assert isinstance(one, Observation)
        assert one.came_back is (one.pair == alive)
        assert (one.rtt_ms is not None and one.rtt_ms > 0) is one.came_back


def test_node_of_the_lab_sees_a_peer_die_and_come_back(lab: Lab, driver_of: DriverOf, watched: Watched) -> None:
    """What happens on the network is told while it happens."""
    pair = Pair("n2", "n4", "secondary", "10.2.0.14")
    reports = watched(node_observer("n2", driver_of("n2"), CLOCK), [pair])
    reports.until(came_back(pair, True, 3))
    lab.inject(Fault(FaultKind.STOP_ANSWERING, "n4"))
    try:
        reports.until(came_back(pair, False, 3))
    finally:
        lab.clear("n4")
    before = sum(isinstance(one, Observation) and one.came_back for one in reports.all)
    reports.until(came_back(pair, True, before + 3))


@pytest.mark.parametrize(("router", "target", "address"), [("p1", "l1", "10.0.11.0"), ("p2", "l2", "10.0.22.0")])
def test_router_of_the_lab_sees_who_answers_and_who_does_not(
    router: str, target: str, address: str, driver_of: DriverOf, watched: Watched
) -> None:
    """An EOS and an IOS-XE router look by their own ping, round after round."""
    alive, dead = Pair(router, target, "primary", address), Pair(router, "nobody", "primary", "10.1.2.254")
    reports = watched(RouterObserver(router, driver_of(router), CLOCK), [alive, dead])
    reports.until(came_back(alive, True, 5))
    seen = reports.until(came_back(dead, False, 5))
    assert silences(seen) == []
    assert {one.came_back for one in seen if isinstance(one, Observation) and one.pair == alive} == {True}
    assert {one.came_back for one in seen if isinstance(one, Observation) and one.pair == dead} == {False}


def test_observer_that_cannot_reach_its_device_is_silent_and_tries_again(
    lab: Lab, driver_of: DriverOf, watched: Watched
) -> None:
    """A node that lets nobody in is told as silence, never as loss; when it lets us in, it is heard."""
    pair = Pair("n5", "n7", "primary", "10.1.4.17")
    lab.inject(Fault(FaultKind.CUT_MANAGEMENT, "n5", when="refuse"))
    reports = watched(node_observer("n5", driver_of("n5"), CLOCK), [pair])
    try:
        seen = reports.until(lambda seen: len(silences(seen)) >= 2)
        assert {(one.observer, bool(one.reason)) for one in silences(seen)} == {("n5", True)}
        assert len(silences(seen)) == len(seen)
    finally:
        lab.clear("n5")
    reports.until(came_back(pair, True, 2))


def test_prober_starts_everybody_and_reports_nothing_after_its_end(driver_of: DriverOf) -> None:
    """Nodes stream, routers ping in rounds; when it is stopped no report comes any more."""
    pairs = [Pair("n1", "n3", "primary", "10.1.2.13"), Pair("s1", "n3", "secondary", "10.2.0.13")]
    prober, reports = Prober(pairs, driver_of, CLOCK), Reports()
    prober.start(reports)
    for pair in pairs:
        reports.until(came_back(pair, True, 2))
    prober.stop()
    reports.drain()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("safeshift-probe")]
    assert reports.drain() == []


def test_only_linux_can_stream() -> None:
    """A router's command line has one terminal and no shell beside it."""
    assert streams(platform_named("linux"))
    assert not streams(platform_named("arista_eos")) and not streams(platform_named("cisco_ios"))


class Written:
    """Lines of a command that ends when they are over, as a device that has no ``ping`` would send them."""

    def __init__(self, *lines: str) -> None:
        self._lines = list(lines)
        self.ended = False
        self.closed = False

    def read_line(self, timeout_s: float | None) -> str | None:
        """See ``Lines``."""
        self.ended = not self._lines[1:]
        return self._lines.pop(0) if self._lines else None

    def close(self) -> None:
        """See ``Lines``."""
        self.closed = True


def test_stream_that_ends_without_a_result_is_a_silence_and_not_a_tight_loop(watched: Watched) -> None:
    """A node without ``ping`` or route is told as silent, in its own words, and is asked again after a pause."""
    pair, opened = Pair("n1", "n3", "primary", "10.1.2.13"), []

    def open_lines(asked: Pair) -> Written:
        opened.append(Written(f"ping: connect to {asked.address}: Network is unreachable"))
        return opened[-1]

    reports = watched(StreamObserver("n1", CLOCK, open_lines), [pair])
    (silence,) = silences(reports.until(lambda seen: bool(silences(seen))))
    assert "Network is unreachable" in silence.reason
    assert silence.pair == pair  # it says nothing of the other pairs of this observer
    assert len(opened) == 1 and opened[0].closed


def test_stream_that_ended_after_results_is_begun_anew_without_a_silence(watched: Watched) -> None:
    """A ``ping`` that lived its time has said what it had to say: the next one follows at once."""
    pair = Pair("n1", "n3", "primary", "10.1.2.13")
    line = "64 bytes from 10.1.2.13: icmp_seq=1 ttl=62 time=0.412 ms"
    reports = watched(StreamObserver("n1", CLOCK, lambda asked: Written(line)), [pair])
    assert silences(reports.until(came_back(pair, True, 3))) == []


def test_ping_command_is_one_that_a_user_may_send_and_that_ends_itself() -> None:
    """No address family is guessed, names are not resolved, and a ping that nobody ends is over in ten minutes."""
    assert ping_stream_command("10.1.2.13") == "ping -O -n -i 0.2 -W 1 -w 60 10.1.2.13"
    assert platform_named("linux").is_read(ping_stream_command("10.1.2.13"))


def _can_ping() -> bool:
    return (
        shutil.which("ping") is not None
        and not subprocess.run(
            ["ping", "-c", "1", "-O", "127.0.0.1"], check=False, capture_output=True, timeout=10
        ).returncode
    )


@pytest.mark.skipif(not _can_ping(), reason="NO iputils PING ON THIS MACHINE: the local observer is not tested here")
def test_this_machine_sees_itself(watched: Watched) -> None:
    """The observer that needs nothing but ``ping``; it ends its processes."""
    pair = Pair("localhost", "me", "primary", "127.0.0.1")
    reports = watched(local_observer("localhost", CLOCK), [pair])
    assert silences(reports.until(came_back(pair, True, 3))) == []


@pytest.mark.skipif(shutil.which("ping") is not None, reason="there is a ping on this machine")
def test_this_machine_without_ping_is_silent_and_says_what_to_install(watched: Watched) -> None:
    """No result is invented where nobody can look."""
    reports = watched(local_observer("localhost", CLOCK), [Pair("localhost", "me", "primary", "127.0.0.1")])
    (silence,) = silences(reports.until(lambda seen: bool(silences(seen))))
    assert "this machine cannot ping" in silence.reason
