"""How fast the driver is, beside a raw paramiko client (the floor) and netmiko as documented. Asserts nothing on time.

    python -m tests.benchmarks.driver [--rounds 5] [--sizes 1,10,100] [--without netmiko]

Job J on N devices at once: log in, read the running configuration, drain by five lines and see it, undrain by five
lines and see it, log out. Rollback: from "go", with all sessions open, to the last undo line on the last device, by the
devices' own clock. Rounds are interleaved in shuffled order on the same devices; figures are medians. After every run
the devices are asked: all lines taken, none refused, nobody left drained; else the run has failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from collections import defaultdict
from typing import Any

LINES = 5
GOALS = {
    ("job", 1): "<= 2.0 x floor, <= 0.05 x netmiko",
    ("job", 100): "<= 1.3 x floor, <= 0.55 x netmiko",
    ("rollback", 1): "<= 3 ms",
    ("rollback", 100): "<= 1.5 x floor, <= 0.33 x netmiko",
}
CLIENTS = ("floor", "safeshift", "netmiko")


class Devices:
    """The process with the devices."""

    def __init__(self, count: int) -> None:
        self.process = start("tests.benchmarks.driver_devices", str(count))
        self.papers = read(self.process)

    def check(self, lines: int) -> dict[str, Any]:
        """Ask what arrived.

        Raises:
            RuntimeError: not what was sent.

        """
        tell(self.process, "check")
        answer: dict[str, Any] = json.loads(read(self.process))
        if answer["taken"] < lines or answer["refused"] or answer["drained"]:
            raise RuntimeError(f"the devices took not what was sent ({lines} lines): {answer}")
        return answer

    def stop(self) -> None:
        """End the process."""
        self.process.communicate(timeout=30)


def start(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def tell(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


def read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise RuntimeError("a process of the benchmark has ended without a word")
    return line


def measure(devices: Devices, client: str, task: str, size: int) -> dict[str, float]:
    """Run one client once and return its figures; ``ms`` is what the task is judged by."""
    process = start("tests.benchmarks.driver_clients", client, task, str(size))
    tell(process, devices.papers)
    if task == "rollback":
        assert read(process) == "ready"
        tell(process, "go")
    took: dict[str, float] = json.loads(read(process))
    process.communicate(timeout=30)
    seen = devices.check(2 * LINES * size)
    took["ms"] = 1000 * (took["wall_s"] if task == "job" else seen["last_at"] - took["went_at"])
    return took


def compare(devices: Devices, task: str, size: int, *, clients: list[str], rounds: int) -> None:
    """Print one line per client."""
    figures: dict[str, list[dict[str, float]]] = defaultdict(list)
    for number in range(rounds + 1):
        for client in random.sample(clients, len(clients)):
            took = measure(devices, client, task, size)
            if number:  # the first round warms up
                figures[client].append(took)
    middle = {
        client: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for client, runs in figures.items()
    }
    for client in clients:
        one = middle[client]
        ratios = "  ".join(f"{_ratio(figures[client], figures[other]):7.2f} x {other}" for other in clients)
        goal = GOALS.get((task, size), "") if client == "safeshift" else ""
        print(
            f"{task:9}{size:5}  {client:10}{one['ms']:10.2f} ms  {ratios}"
            f"   CPU {1000 * one['cpu_s'] / size:6.2f} ms/device   RSS {one['rss_kb'] / 1024:5.0f} MiB"
            f" (+{(one['rss_kb'] - one['rss_before_kb']) / size:.0f} kB/device)" + (f"   goal {goal}" if goal else "")
        )
    sys.stdout.flush()


def _ratio(these: list[dict[str, float]], those: list[dict[str, float]]) -> float:
    return statistics.median(a["ms"] / b["ms"] for a, b in zip(these, those, strict=True))


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="1,10,100")
    parser.add_argument("--tasks", default="job,rollback")
    parser.add_argument("--without", default="")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    clients = [client for client in CLIENTS if client not in options.without.split(",")]
    devices = Devices(max(sizes))
    print(f"{os.cpu_count()} CPUs, Python {sys.version.split()[0]}, {options.rounds} rounds, medians")
    try:
        for task in options.tasks.split(","):
            for size in sizes:
                compare(devices, task, size, clients=clients, rounds=options.rounds)
    finally:
        devices.stop()


if __name__ == "__main__":
    main()
