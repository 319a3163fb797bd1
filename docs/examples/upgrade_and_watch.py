"""Run the good upgrade of one primary router on a lab of its own, and watch it.

From the folder that holds ``playbooks/`` and ``inventories/``: ``python docs/examples/upgrade_and_watch.py``
"""

from __future__ import annotations

import sys

from safeshift import api
from safeshift.journal.events import Event, Kind
from safeshift.lab.lab import Lab
from safeshift.planning.selecting import Selection

PLAYBOOK = "playbooks/upgrade-primary.yml"
INVENTORY = "inventories/dc1"


def watch(event: Event) -> None:
    """Print what an operator would want on a wall: moves, verdicts and the end."""
    match event.kind:
        case Kind.MOVE_OPENED:
            print("move", event.data["move"])
        case Kind.MEASURED if event.data["act"] == "watch":
            print("  networks", event.data["networks"])
        case Kind.MOVE_CONFIRMED:
            print("  confirmed")
        case Kind.RUN_CLOSED:
            print(event.data["state"])
        case _:
            pass


def main() -> int:
    """Load, check, run; return the exit code that the command line would end with."""
    job = api.load(PLAYBOOK, INVENTORY, selection=Selection(limit="p1"))
    with Lab(job.fabric_path, INVENTORY) as lab:
        found = api.check(job, lab=lab)
        if found.refusal is not None:
            print("would be refused:", found.refusal)
            return int(found.refusal.exit_code)
        result = api.run(job, lab=lab, observers=[watch])
        speeds = [line.strip() for line in lab.running("p1").splitlines() if "speed" in line]
    print(f"run {result.run} ended {result.final.value} {result.reason}".rstrip())
    print("p1 has now:", ", ".join(speeds))
    return int(result.exit_code)


if __name__ == "__main__":
    sys.exit(main())
