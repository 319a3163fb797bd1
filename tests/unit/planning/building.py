"""Plans of small playbooks on the README's site, whose routers hold what the lab boots them with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from safeshift.lab.blueprint import startup_config
from safeshift.model.fabric import Fabric, load
from safeshift.model.inventory import Inventory, load_inventory
from safeshift.model.playbook import Playbook, load_playbook
from safeshift.planning.compile import compile_plan
from safeshift.planning.plan import Move, Plan
from safeshift.planning.selecting import Selection
from safeshift.planning.site import Site, site_of

ROOT = Path(__file__).parents[3]
EXPOSED = 'exposure: {max: 20m, reason: "two routers"}'


@cache
def inventory() -> Inventory:
    """The inventory of dc1."""
    return load_inventory([str(ROOT / "inventories" / "dc1")])


@cache
def fabric() -> Fabric:
    """The fabric of dc1."""
    return load(ROOT / "inventories" / "dc1.fabric.yml")


@cache
def site() -> Site:
    """Both together."""
    return site_of(inventory(), fabric())


@cache
def _boot() -> tuple[tuple[str, str], ...]:
    platforms = site().platforms
    return tuple(
        (name, platforms[name].normalise(startup_config(fabric(), name, platforms[name].name)))
        for name in fabric().routers
    )


def configs() -> dict[str, str]:
    """What every router of dc1 is configured to when the lab boots it."""
    return dict(_boot())


def typed(device: str, *lines: str, start: dict[str, str] | None = None) -> dict[str, str]:
    """The configurations of dc1 after someone typed lines on one device."""
    found = start or configs()
    return {**found, device: site().platforms[device].apply(found[device], lines)}


def playbook_of(tmp_path: Path, steps: str, head: str = "hosts: p1", name: str = "x.yml") -> Playbook:
    """A playbook of one play with one stage; ``steps`` are the entries of its list, ``head`` the play's other keys."""
    indented = "".join(f"        {line}\n" for line in steps.strip("\n").splitlines())
    keys = "".join(f"  {line}\n" for line in head.strip("\n").splitlines())
    path = tmp_path / name
    path.write_text(f"- name: A play\n{keys}  stages:\n    - name: A stage\n      steps:\n{indented}")
    return load_playbook(path)


def plan_of(
    playbook: Playbook,
    *,
    selection: Selection | None = None,
    extra: dict[str, object] | None = None,
    start: dict[str, str] | None = None,
    other: Inventory | None = None,
) -> Plan:
    """Compile against dc1 as the lab boots it, or against ``start``."""
    return compile_plan(
        playbook,
        other or inventory(),
        fabric(),
        configs=start or configs(),
        selection=selection,
        extra_vars=extra or {},
    )


def shipped(name: str) -> Playbook:
    """A playbook that the repository ships."""
    return load_playbook(ROOT / "playbooks" / f"{name}.yml")


def told(plan: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    """A plan in short: id, name, hosts of each move."""
    return [(move.id, move.name, move.hosts) for move in plan.moves]


def lines_of(move: Move) -> dict[str, tuple[str, ...]]:
    """What a move sends, by device, without indentation."""
    return {change.device: tuple(line.strip() for line in change.lines) for change in move.changes}
