"""How a site tests its own playbook: here, what becomes of it when a router refuses a line.

From the folder that holds ``playbooks/`` and ``inventories/``: ``pytest docs/examples/test_my_playbook.py``
"""

from __future__ import annotations

from safeshift import api
from safeshift.engine.states import Final
from safeshift.errors import ExitCode
from safeshift.lab.faults import Fault, FaultKind

FABRIC = "inventories/dc1.fabric.yml"
INVENTORY = "inventories/dc1"


def test_upgrade_whose_shift_is_refused_leaves_nothing_behind(safeshift_lab, tmp_path):
    """When p1 refuses max-metric the run ends rolled back, and p1 is what it was."""
    job = api.load("playbooks/upgrade-primary.yml", INVENTORY)
    lab = safeshift_lab(FABRIC, INVENTORY, faults=[Fault(FaultKind.REJECT, "p1", match="max-metric")])
    before = lab.running("p1")

    result = api.run(job, lab=lab, journal=tmp_path / "journal.db")

    assert result.final is Final.ROLLED_BACK
    assert result.exit_code is ExitCode.ROLLED_BACK
    assert "max-metric" in result.reason
    assert lab.running("p1") == before
