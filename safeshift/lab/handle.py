"""What can be done with a lab, wherever it runs: ``lab.py`` (this process), ``running.py`` (one of its own)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from safeshift.lab.device import Received
from safeshift.lab.faults import Fault, FaultKind


class LabHandle(Protocol):
    """A lab, in this process or in one of its own.

    Guarantees:
        Thread-safe. Every method raises ``LabError`` when the lab is gone or does not know the device.
        ``overrides`` holds, by device, the connection variables that replace all of the site's own.
    """

    @property
    def user(self) -> str: ...  # noqa: D102
    @property
    def password(self) -> str: ...  # noqa: D102
    @property
    def known_hosts(self) -> Path: ...  # noqa: D102
    @property
    def inventory(self) -> Path: ...  # noqa: D102
    @property
    def overrides(self) -> Mapping[str, Mapping[str, object]]: ...  # noqa: D102

    def address(self, device: str) -> tuple[str, int]:
        """Give the loopback address and port where a device's SSH server listens."""
        ...

    def running(self, device: str) -> str:
        """Give a device's running configuration, as it shows it."""
        ...

    def startup(self, device: str) -> str:
        """Give the configuration that a device would boot with, as it shows it."""
        ...

    def received(self, device: str) -> tuple[Received, ...]:
        """Give every line that a device was sent, oldest first."""
        ...

    def inject(self, fault: Fault) -> None:
        """Let something go wrong from now on."""
        ...

    def clear(self, device: str, kind: FaultKind | None = None) -> None:
        """End a device's faults of one kind (None: all)."""
        ...

    def fail_link(self, one: str, other: str) -> None:
        """Break every cable between two routers, until they are mended."""
        ...

    def mend_link(self, one: str, other: str) -> None:
        """Mend the cables between two routers."""
        ...
