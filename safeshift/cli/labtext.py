"""How a running lab is told: where each device is, and how ssh, Ansible and programs log in.

Words only; ``labs.py`` decides when they are said. Every command printed here is tried by a test.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from safeshift.clock import Clock
from safeshift.lab.device import Received
from safeshift.lab.running import LabDevice, Origin, RunningLab
from safeshift.reporting.lines import Line, Tone
from safeshift.units import show_duration

_CAME = {
    Origin.STARTED: "is up",
    Origin.RESUMED: "is up again, its devices as they were left",
    Origin.FOUND: "was up already",
}


def describe(lab: RunningLab) -> Iterator[Line]:
    """Tell all that a user needs to log in to a lab just brought up."""
    yield Line(f"the lab of {lab.fabric} {_CAME[lab.origin]}: {len(lab.devices)} devices on this machine", Tone.GOOD)
    yield from _table(lab.devices)
    yield from _ways_in(lab)
    ends = f"it ends itself after {show_duration(lab.idle_s)} unused"
    yield Line(f"take it down with: safeshift lab down --fabric {lab.fabric}; {ends}", Tone.FAINT)


def outline(lab: RunningLab, sessions: int | None) -> Iterator[Line]:
    """Tell how a running lab is; ``sessions`` None: it does not answer."""
    if sessions is None:
        yield Line(f"the lab of {lab.fabric} runs (pid {lab.pid}) and does not answer", Tone.BAD)
        yield Line(f"end it with: safeshift lab down --fabric {lab.fabric}", depth=1)
        return
    ends = f"ends itself after {show_duration(lab.idle_s)} unused"
    yield Line(f"the lab of {lab.fabric} is up: pid {lab.pid}, {_counted(sessions, 'session')} open, {ends}", Tone.GOOD)
    yield from _table(lab.devices)
    yield from _ways_in(lab)


def resting_line(name: str) -> Line:
    """Tell of a lab whose process is gone and whose devices' state is kept."""
    sentence = f"the lab of {name} is not running, and its devices are kept as they were"
    return Line(f"{sentence}: go on with safeshift lab up, or forget them with safeshift lab down", Tone.WARN)


def lab_json(lab: RunningLab, *, sessions: int | None = None) -> dict[str, object]:
    """Return what ``describe`` tells, for machines; the password itself stays in its file."""
    return {
        "fabric": lab.fabric,
        "origin": lab.origin.value,
        "pid": lab.pid,
        "idle_s": lab.idle_s,
        "sessions": sessions,
        "user": lab.user,
        "password_file": str(lab.password_file),
        "key_file": str(lab.key_file),
        "ssh_config": str(lab.ssh_config),
        "ansible_cfg": str(lab.ansible_cfg),
        "known_hosts": str(lab.known_hosts),
        "inventory": str(lab.inventory),
        "state_dir": str(lab.state_dir),
        "devices": [{"name": d.name, "platform": d.platform, "host": d.host, "port": d.port} for d in lab.devices],
    }


def received_lines(lines: Sequence[Received], clock: Clock) -> Iterator[Line]:
    """Tell what a device received, oldest first."""
    rows = [("TIME UTC", "SESSION", "USER", "MODE", "LINE")]
    rows += [
        (f"{at:%H:%M:%S}.{at.microsecond // 1000:03}", str(one.session), one.user, one.mode, one.line)
        for one in lines
        for at in (_wall(one, clock),)
    ]
    yield from _columns(rows, depth=0)


def received_json(lines: Sequence[Received], clock: Clock) -> list[dict[str, object]]:
    """Return what ``received_lines`` tells, for machines; times in UTC."""
    return [
        {
            "at": _wall(one, clock).isoformat(),
            "session": one.session,
            "user": one.user,
            "mode": one.mode,
            "line": one.line,
        }
        for one in lines
    ]


def _wall(one: Received, clock: Clock) -> datetime:
    """The lab counts on this machine's monotonic clock, which all its processes share."""
    return clock.now() - timedelta(seconds=clock.monotonic() - one.at)


def _table(devices: tuple[LabDevice, ...]) -> Iterator[Line]:
    rows = [("DEVICE", "PLATFORM", "ADDRESS"), *((one.name, one.platform, f"{one.host}:{one.port}") for one in devices)]
    yield from _columns(rows)


def _columns(rows: Sequence[tuple[str, ...]], *, depth: int = 1) -> Iterator[Line]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield Line(cells.rstrip(), Tone.PLAIN if number else Tone.HEAD, depth)


def _ways_in(lab: RunningLab) -> Iterator[Line]:
    first = lab.devices[0]
    config, inventory = shlex.quote(str(lab.ssh_config)), shlex.quote(str(lab.inventory))
    login: dict[str, object] = {
        "device_type": first.platform,
        "host": first.name,
        "ssh_config_file": str(lab.ssh_config),
    }
    login |= {"use_keys": True, "key_file": str(lab.key_file)}
    as_told = f"ANSIBLE_CONFIG={shlex.quote(str(lab.ansible_cfg))}"
    ansible = f"{as_told} ansible -i {inventory} {first.name} -m ansible.netcommon.cli_command"
    ways = {
        "user": lab.user,
        "password": f"in {lab.password_file}",
        "known_hosts": str(lab.known_hosts),
        "inventory": f"{lab.inventory}  (-i; Ansible needs {lab.ansible_cfg.name} too, as below)",
        "ssh": f"ssh -F {config} {first.name}",
        "ansible": f"{ansible} -a 'command=\"show version\"'",
        "netmiko": f"ConnectHandler({', '.join(f'{name}={value!r}' for name, value in login.items())})",
    }
    width = max(len(name) for name in ways)
    for name, text in ways.items():
        yield Line(f"{name.ljust(width)}  {text}", depth=1)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
