"""How much time safeshift itself takes per step, beside a raw paramiko client that sends the same lines.

    python -m tests.benchmarks.step_time [--steps 10] [--rounds 5]

One playbook of harmless steps (an interface description on p1 and on p2, settle 0, soak 0) runs on the dc1 lab, whose
devices live in a process of their own and add no latency. What is printed, per step: the wall time; of it, the time in
which the run waits for the first probe of every pair after the change (no evidence is not success, so even settle 0
waits for that); what the raw client needs for the same lines on the same devices; and the rest, which is safeshift's
own. Each is the median over all steps, beside its quartiles and its mean, in which a busy machine shows first. Rounds
of steps and of the raw client take turns, so that both meet the same machine. Then: the time from the deciding probe
to the last undo line of a run that is undone, sessions open. It asserts nothing.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import paramiko

from safeshift import api
from safeshift.journal.events import Event, Kind
from safeshift.lab.process import start_lab, stop_lab
from safeshift.lab.running import RunningLab

FABRIC, INVENTORY = "inventories/dc1.fabric.yml", "inventories/dc1"
PORTS = {"p1": "Ethernet1", "p2": "HundredGigE1/0/1"}

PLAY = """\
- name: Harmless steps
  hosts: primary_routers
  verify: {{settle: 0s, soak: 0s}}
  guard: 240s
  stages:
    - name: Describe
      steps:
{steps}
"""
STEP = """\
        - name: Step {number}
          config:
            parents: ["interface {{{{ 'Ethernet1' if inventory_hostname == 'p1' else 'HundredGigE1/0/1' }}}}"]
            lines: ["description benchmark {number}"]
"""


def main() -> None:
    """Run the rounds and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        lab = start_lab(FABRIC, INVENTORY, state_dir=place / "lab")
        try:
            _report(lab, place, options.steps, options.rounds)
            _report_undo(lab, place)
        finally:
            stop_lab(lab.state_dir)


def _report(lab: RunningLab, place: Path, steps: int, rounds: int) -> None:
    taken: list[_Step] = []
    raws: list[float] = []
    for number in range(rounds):
        taken += _steps_of(_run(lab, place, number, steps))
        raws += [_raw(lab, f"raw {number} {turn}") for turn in range(steps)]
    raw = statistics.median(raws)
    print(f"per step, two devices, {rounds} runs of {steps} steps (goal: own time below 50 ms)")
    print(f"{'':28}   median      quartiles     mean")
    _print("wall", [step.wall_s for step in taken])
    _print("waiting for first probes", [step.wait_s for step in taken])
    _print("raw paramiko, same lines", raws)
    _print("safeshift's own", [step.wall_s - step.wait_s - raw for step in taken])


@dataclass(frozen=True, slots=True)
class _Step:
    """How long one step took, and how long of it the run waited for probes; seconds."""

    wall_s: float
    wait_s: float


def _steps_of(events: tuple[Event, ...]) -> list[_Step]:
    """Cut a run where a step begins; the last step ends when it is confirmed."""
    places = [place for place, event in enumerate(events) if event.kind is Kind.MOVE_OPENED]
    places.append(max(place for place, event in enumerate(events) if event.kind is Kind.MOVE_CONFIRMED))
    return [
        _Step(
            events[end].mono - events[start].mono,
            sum(_elapsed(event) for event in events[start:end] if _is_gate(event)),
        )
        for start, end in pairwise(places)
    ]


def _print(what: str, seconds: list[float]) -> None:
    low, middle, high = (1000 * value for value in statistics.quantiles(seconds, n=4))
    mean = 1000 * statistics.mean(seconds)
    print(f"  {what:26} {middle:8.1f}  {low:6.1f} - {high:6.1f} {mean:8.1f} ms")


def _report_undo(lab: RunningLab, place: Path) -> None:
    """The 2011 step, overridden: from the moment isolation was decided to the last undo line on the device."""
    job = api.load("playbooks/incident-2011.yml", INVENTORY, fabric=FABRIC)
    result = api.run(job, lab=lab, journal=place / "journal.db", override="benchmark")
    decided = next(event.mono for event in result.events if event.kind is Kind.SIGNAL)
    undone = max(one.at for one in lab.received("p1") if "abort" in one.line or one.line.startswith("no ip route"))
    print(f"the 2011 step: {result.final.value}")
    print(f"  decision to last undo line {1000 * (undone - decided):8.1f} ms (goal: below 1000 ms)")


def _run(lab: RunningLab, place: Path, number: int, steps: int) -> tuple[Event, ...]:
    playbook = place / f"steps-{number}.yml"
    text = "".join(STEP.format(number=f"{number}-{step}") for step in range(steps))
    playbook.write_text(PLAY.format(steps=text), encoding="utf-8")
    job = api.load(playbook, INVENTORY, fabric=FABRIC)
    result = api.run(job, lab=lab, journal=place / "journal.db")
    if result.exit_code != 0:
        raise SystemExit(f"the run ended {result.final.value}: {result.reason}")
    return result.events


def _is_gate(event: Event) -> bool:
    return event.kind is Kind.MEASURED and event.data.get("act") in ("watch", "look")


def _elapsed(event: Event) -> float:
    value = event.data.get("elapsed_s")
    return float(value) if isinstance(value, int | float) else 0.0


def _raw(lab: RunningLab, text: str) -> float:
    """Send the lines of one step to both devices, one after the other on open sessions; seconds."""
    spent = 0.0
    for device, port in PORTS.items():
        host, number = lab.address(device)
        client = paramiko.SSHClient()
        client.load_host_keys(str(lab.known_hosts))
        client.connect(host, number, lab.user, lab.password, allow_agent=False, look_for_keys=False)
        transport = client.get_transport()
        if transport is None:
            raise SystemExit("the raw client has no session")
        channel = client.invoke_shell(width=511)
        channel.settimeout(10)
        channel.sendall(b"terminal length 0\nterminal width 511\n\n")
        _until(channel, b"511")
        began = time.perf_counter()
        channel.sendall(
            f"configure terminal\ninterface {port}\ndescription {text}\nend\nshow running-config\n".encode()
        )
        _until(channel, b"\r\nend\r\n")
        spent += time.perf_counter() - began
        client.close()
    return spent


def _until(channel: paramiko.Channel, text: bytes) -> None:
    """Read until the text has come and a prompt stands at the end."""
    received = b""
    while text not in received or not received.rstrip().endswith(b"#"):
        received += channel.recv(65536)


if __name__ == "__main__":
    main()
