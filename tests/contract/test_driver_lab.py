"""The driver against the lab's devices: a second SSH implementation and dialects written apart from ``platforms/``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.base import Exchange, Guard
from safeshift.drivers.fleet import Fleet
from safeshift.drivers.guards import guard_for
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.errors import (
    CommandRejectedError,
    ConnectionLostError,
    OutcomeUnknownError,
)
from safeshift.lab.faults import Fault, FaultKind
from safeshift.lab.lab import Lab
from safeshift.model.connection import ConnectionDefaults, connection_of

HERE = Path(__file__).parents[2]
DRAIN = {
    "arista_eos": ("router ospf 1", "   max-metric router-lsa"),
    "cisco_ios": ("router ospf 1", " max-metric router-lsa"),
}
UNDRAIN = {name: (lines[0], "no max-metric router-lsa") for name, lines in DRAIN.items()}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The small site of the README; the tests put back what they change."""
    with Lab(HERE / "inventories" / "dc1.fabric.yml", HERE / "inventories" / "dc1") as running:
        yield running


@pytest.fixture
def fleet(lab: Lab) -> Iterator[Fleet]:
    """Drivers for every device of the lab."""
    with Fleet(connections(lab), clock=SystemClock()) as fleet:
        yield fleet


def connections(lab: Lab) -> list[object]:
    defaults = ConnectionDefaults()
    return [connection_of(name, lab.overrides[name], defaults=defaults) for name in lab.devices]
