"""Two real routers and one network are enough to begin with: what a first harmless change looks like as a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.lab.blueprint import startup_config
from safeshift.model.fabric import load
from safeshift.model.inventory import load_inventory
from safeshift.planning.compile import compile_plan
from safeshift.planning.forecast import foresee
from safeshift.planning.lint import check_rules
from safeshift.planning.show import describe, to_text
from safeshift.planning.site import site_of
from tests.unit.planning.building import playbook_of

FABRIC = """
networks: {core: {role: primary}}
routers: {r1: {network: core}, r2: {network: core}}
links:
  - {ends: [r1 Ethernet1, r2 GigabitEthernet0/1], subnet: 10.0.0.0/31, capacity: 1G}
"""


@pytest.mark.parametrize("offline", [False, True])
def test_description_on_two_routers_is_planned_and_nothing_speaks_against_it(tmp_path: Path, offline: bool) -> None:
    """No node, no demand, one network: the plan is made, judged, and says what it cannot judge."""
    (tmp_path / "x.fabric.yml").write_text(FABRIC)
    (tmp_path / "hosts").write_text("r1 ansible_network_os=eos\nr2 ansible_network_os=ios\n")
    fabric, inventory = load(tmp_path / "x.fabric.yml"), load_inventory([str(tmp_path / "hosts")])
    site = site_of(inventory, fabric)
    steps = "- config: {parents: [interface Loopback0], lines: ['description changed by {{ inventory_hostname }}']}"
    booted = {
        name: site.platforms[name].normalise(startup_config(fabric, name, site.platforms[name].name))
        for name in ("r1", "r2")
    }
    configs = None if offline else booted
    plan = compile_plan(playbook_of(tmp_path, steps, "hosts: all"), inventory, fabric, configs=configs)
    judgement = foresee(plan, site, configs)
    check_rules(plan, site, configs)
    assert judgement.refusals == () and judgement.covered
    assert [change.device for change in plan.moves[0].changes] == ["r1", "r2"]
    words = " ".join(to_text(describe(plan, judgement, site)).split())
    assert "there is one network only (core)" in words
