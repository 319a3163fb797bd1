"""How much memory one hundred lab devices need in one process, with a session open to each.

    python -m tests.benchmarks.lab_memory [--leaves 95]

Prints; asserts nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import paramiko

from safeshift.lab.process import start_lab, stop_lab
from safeshift.lab.running import RunningLab
from tests.contract.test_lab_process import made_up_site


def main() -> None:
    """Start the lab, log in everywhere, print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leaves", type=int, default=95)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        text, dialects = made_up_site(leaves=options.leaves, nodes=1)
        fabric = Path(scratch) / "many.fabric.yml"
        fabric.write_text(text, encoding="utf-8")
        began = time.perf_counter()
        lab = start_lab(fabric, dialects, state_dir=Path(scratch) / "lab")
        started = time.perf_counter() - began
        try:
            _report(lab, started)
        finally:
            stop_lab(lab.state_dir)


def _report(lab: RunningLab, started_s: float) -> None:
    before = _resident_mb(lab.pid)
    sessions = [_log_in(lab, device.name) for device in lab.devices]
    after = _resident_mb(lab.pid)
    for session in sessions:
        session.close()
    print(f"{len(lab.devices)} devices in one process, up after {started_s:.1f} s (goal: below 300 MB)")
    print(f"  resident, nobody logged in          {before:6.0f} MB")
    print(f"  resident, a session on each device  {after:6.0f} MB")


def _log_in(lab: RunningLab, device: str) -> paramiko.SSHClient:
    host, port = lab.address(device)
    client = paramiko.SSHClient()
    client.load_host_keys(str(lab.known_hosts))
    client.connect(host, port, lab.user, lab.password, allow_agent=False, look_for_keys=False)
    client.invoke_shell()
    return client


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


if __name__ == "__main__":
    main()
