"""Many devices: how many at a time, and what becomes of the others when one is in trouble."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.fleet import Fleet
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.errors import ConnectError, InventoryError
from safeshift.model.connection import Connection
from tests.unit.drivers.scripted_device import ScriptedDevice


@pytest.fixture
def connections(connection: Connection) -> list[Connection]:
    """Twelve hosts that nothing is ever sent to."""
    return [replace(connection, host=f"d{number}") for number in range(12)]


def test_each_works_on_no_more_devices_at_a_time_than_forks(connections: list[Connection]) -> None:
    """Logins are bounded: an AAA server is not stormed."""
    lock, busy, most = threading.Lock(), 0, 0

    def work(driver: NetmikoDriver) -> str:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.005)
        with lock:
            busy -= 1
        return driver.device

    with Fleet(connections, clock=SystemClock(), forks=3) as fleet:
        outcomes = fleet.each(fleet.names, work)
    assert list(outcomes.values()) == [f"d{number}" for number in range(12)]
    assert most <= 3


def test_driver_of_a_name_is_always_the_same(connections: list[Connection]) -> None:
    """Sessions are kept because drivers are."""
    with Fleet(connections, clock=SystemClock()) as fleet:
        assert fleet.driver("d1") is fleet.driver("d1")


def test_platform_that_is_unknown_is_an_inventory_error(connection: Connection) -> None:
    """A wrong platform is found before anything is contacted."""
    with pytest.raises(InventoryError, match="juniper"):
        Fleet([replace(connection, platform="juniper")], clock=SystemClock())


def test_open_all_reaches_the_others_when_one_is_down(connection: Connection, device: ScriptedDevice) -> None:
    """Each device has its own outcome."""
    down = replace(connection, host="down", port=1)
    with Fleet([connection, down], clock=SystemClock()) as fleet:
        outcomes = fleet.open_all()
    assert outcomes["p1"] is None
    assert isinstance(outcomes["down"], ConnectError)


def test_local_host_has_no_login(connection: Connection) -> None:
    """A host whose commands run here is never logged into."""
    with Fleet([replace(connection, local=True)], clock=SystemClock()) as fleet:
        assert isinstance(fleet.open_all()["p1"], ConnectError)


def test_write_all_checks_every_line_before_the_first_byte(connection: Connection, device: ScriptedDevice) -> None:
    """One impossible line on one device, and nothing goes out anywhere."""
    other = replace(connection, host="p1b")
    with (
        Fleet([connection, other], clock=SystemClock()) as fleet,
        pytest.raises(ValueError, match="is not one line of text"),
    ):
        fleet.write_all({"p1": ["vlan 5"], "p1b": ["vlan 5\nreload"]})
    assert device.logins == 0


def test_each_again_works_with_the_threads_of_before(connections: list[Connection]) -> None:
    """Between two looks at the routers no thread is started anew, and none outlives the fleet."""

    def thread_of(_: NetmikoDriver) -> threading.Thread:
        return threading.current_thread()

    with Fleet(connections, clock=SystemClock(), forks=3) as fleet:
        threads = {thread for _ in range(5) for thread in fleet.each(fleet.names, thread_of).values()}
    assert len(threads) <= 3
    for thread in threads:
        assert isinstance(thread, threading.Thread)
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_each_does_not_wait_for_another_call_whose_devices_hang(connections: list[Connection]) -> None:
    """An undo that reads its devices is not held up by a look at others that is called off and hangs."""
    free, hangs = threading.Event(), threading.Barrier(3)

    def hang(_: NetmikoDriver) -> bool:
        hangs.wait(timeout=10)
        return free.wait(timeout=10)

    with Fleet(connections, clock=SystemClock(), forks=2) as fleet:
        other = threading.Thread(target=fleet.each, args=(("d0", "d1"), hang))
        other.start()
        hangs.wait(timeout=10)
        assert list(fleet.each(("d2", "d3", "d4"), lambda driver: driver.device).values()) == ["d2", "d3", "d4"]
        assert not free.is_set()
        free.set()
        other.join(timeout=10)


def test_each_after_the_end_leaves_no_thread_behind(connections: list[Connection]) -> None:
    """A call that comes back after the fleet was closed keeps nothing for a next one."""
    fleet = Fleet(connections, clock=SystemClock())
    fleet.close_all()
    (thread,) = fleet.each(("d0",), lambda _: threading.current_thread()).values()
    assert isinstance(thread, threading.Thread)
    thread.join(timeout=10)
    assert not thread.is_alive()
