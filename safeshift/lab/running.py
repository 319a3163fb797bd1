"""A lab that runs in a process of its own, seen from another one: where its devices are, and how to ask it things.

It holds only what can be written down (``to_json``), so a journal can name the lab of a run. ``process.py`` makes it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from safeshift.errors import LabError
from safeshift.lab.access import ANSIBLE_CFG, KEY_FILE, PASSWORD_FILE, SSH_CONFIG
from safeshift.lab.control import ask
from safeshift.lab.device import Received
from safeshift.lab.faults import Fault, FaultKind

PUBLISHED = "lab.json"


class Origin(Enum):
    """How ``start_lab`` came by a lab: made anew, gone on from the disk after its process died, or already running."""

    STARTED = "started"
    RESUMED = "resumed"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class LabDevice:
    """One device and where its SSH server listens; ``platform`` is ``arista_eos``, ``cisco_ios`` or ``linux``."""

    name: str
    platform: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A lab in a process of its own; a ``LabHandle``.

    Attributes:
        boot: Made by chance at each start: a process that got the same pid later is not this lab.
        fabric: The fabric's name.
        digest: Of everything that the lab was told, to tell the same lab from another.
        idle_s: Seconds without a session or a request after which it ends itself.
    """

    pid: int
    boot: str
    fabric: str
    digest: str
    origin: Origin
    idle_s: float
    state_dir: Path
    control: Path
    user: str
    password: str = field(repr=False)
    known_hosts: Path
    inventory: Path
    devices: tuple[LabDevice, ...]
    overrides: Mapping[str, Mapping[str, object]] = field(repr=False)

    @property
    def ssh_config(self) -> Path:
        """With it ``ssh -F FILE DEVICE`` logs in, and nothing is typed."""
        return self.state_dir / SSH_CONFIG

    @property
    def ansible_cfg(self) -> Path:
        """With it in ``ANSIBLE_CONFIG`` Ansible logs in by the inventory."""
        return self.state_dir / ANSIBLE_CFG

    @property
    def key_file(self) -> Path:
        """A private key that opens every device."""
        return self.state_dir / KEY_FILE

    @property
    def password_file(self) -> Path:
        """The password and nothing else."""
        return self.state_dir / PASSWORD_FILE

    def address(self, device: str) -> tuple[str, int]:
        """See ``LabHandle``."""
        for one in self.devices:
            if one.name == device:
                return one.host, one.port
        known = ", ".join(one.name for one in self.devices)
        raise LabError(f"the lab has no device {device!r}", hint=f"it has {known}")

    def status(self) -> Mapping[str, Any]:
        """Ask how it is: ``pid``, ``boot``, ``sessions`` (open now) and ``idle_s``.

        Raises:
            LabError: It does not answer, or another lab answers in its place.
        """
        answer = ask(self.control, {"do": "status"})
        if answer["boot"] != self.boot:
            hint = "safeshift lab status"
            raise LabError("the lab was started anew meanwhile; this is not the one that was meant", hint=hint)
        return answer

    def running(self, device: str) -> str:
        """See ``LabHandle``."""
        return str(ask(self.control, {"do": "running", "device": device})["text"])

    def startup(self, device: str) -> str:
        """See ``LabHandle``."""
        return str(ask(self.control, {"do": "startup", "device": device})["text"])

    def received(self, device: str) -> tuple[Received, ...]:
        """See ``LabHandle``; only what came since the lab's process started."""
        lines = ask(self.control, {"do": "received", "device": device}, deadline_s=60.0)["lines"]
        return tuple(Received(*line) for line in lines)

    def inject(self, fault: Fault) -> None:
        """See ``LabHandle``."""
        written = {**dataclasses.asdict(fault), "kind": fault.kind.value}
        ask(self.control, {"do": "inject", "fault": written})

    def clear(self, device: str, kind: FaultKind | None = None) -> None:
        """See ``LabHandle``."""
        ask(self.control, {"do": "clear", "device": device, "kind": kind.value if kind else None})

    def fail_link(self, one: str, other: str) -> None:
        """See ``LabHandle``."""
        ask(self.control, {"do": "fail_link", "one": one, "other": other})

    def mend_link(self, one: str, other: str) -> None:
        """See ``LabHandle``."""
        ask(self.control, {"do": "mend_link", "one": one, "other": other})

    def to_json(self) -> str:
        """Write it down, password and all: keep the text private."""
        plain = dataclasses.asdict(self)
        return json.dumps(plain, default=lambda value: value.value if isinstance(value, Enum) else str(value), indent=1)


def read_published(path: Path) -> RunningLab:
    """Read what a lab wrote about itself.

    Raises:
        OSError, ValueError, KeyError, TypeError: It wrote nothing, or something else wrote it.
    """
    said = json.loads(path.read_text(encoding="utf-8"))
    paths = {name: Path(said[name]) for name in ("state_dir", "control", "known_hosts", "inventory")}
    devices = tuple(LabDevice(**device) for device in said["devices"])
    return RunningLab(**{**said, **paths, "origin": Origin(said["origin"]), "devices": devices})
