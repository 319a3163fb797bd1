"""A scripted device on loopback and drivers for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.model.connection import Connection
from safeshift.model.vault import Secret
from safeshift.platforms.cisco_ios import CISCO_IOS
from tests.unit.drivers.scripted_device import ENABLE, PASSWORD, USER, ScriptedDevice, serving

DriverFor = Callable[..., NetmikoDriver]


@pytest.fixture
def device() -> Iterator[ScriptedDevice]:
    """A device that behaves until it is told otherwise."""
    with serving(ScriptedDevice()) as running:
        yield running


@pytest.fixture
def connection(device: ScriptedDevice, tmp_path: Path) -> Connection:
    """The right way to log into the device."""
    return Connection(
        host=device.host,
        address="127.0.0.1",
        port=device.port,
        user=USER,
        password=Secret(PASSWORD),
        key_file=None,
        platform="cisco_ios",
        become=False,
        become_method="enable",
        become_password=Secret(ENABLE),
        jump=(),
        known_hosts=(device.known_hosts(tmp_path / "known_hosts"),),
        ssh_config=None,
        timeout_s=5.0,
    )


@pytest.fixture
def driver_for(connection: Connection) -> Iterator[DriverFor]:
    """Build drivers for the device, with the connection altered; closed at the end."""
    made: list[NetmikoDriver] = []

    def build(*, others: tuple[str, ...] = (), **changes: Any) -> NetmikoDriver:
        driver = NetmikoDriver(replace(connection, **changes), CISCO_IOS, clock=SystemClock(), others=others)
        made.append(driver)
        return driver

    yield build
    for driver in made:
        driver.close()


@pytest.fixture
def driver(driver_for: DriverFor) -> NetmikoDriver:
    """A driver that may log in."""
    return driver_for()
