"""Inventories exactly as Ansible reads them: files, folders, programs, lists of hosts, and their variables.

Nothing here can weaken a host-key check: that is decided in ``model/connection.py``. Read ``sources.py`` (what ``-i``
names), then ``model.py`` (what comes out).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from safeshift.model.inventory.model import Group, Inventory, freeze
from safeshift.model.inventory.reading import Reader
from safeshift.model.inventory.rules import InventoryRules
from safeshift.model.inventory.sources import normalise_source, read_sources
from safeshift.model.vault import Vault

__all__ = ["Group", "Inventory", "InventoryRules", "load_inventory"]

_AS_SHIPPED = InventoryRules()


def load_inventory(
    sources: Sequence[str],
    *,
    vault: Vault | None = None,
    playbook_dir: Path | None = None,
    extra_vars: Mapping[str, object] = MappingProxyType({}),
    rules: InventoryRules = _AS_SHIPPED,
) -> Inventory:
    """Read inventories in the order given, as ``ansible-playbook -i ... -i ...`` would.

    Args:
        sources: Files, folders, executables or lists of hosts (``"h1,h2"``, ``"h1,"``); later ones add and override.
        vault: Passwords for vaulted files (needed now) and vaulted values (needed when one is revealed).
        playbook_dir: Its ``group_vars/`` and ``host_vars/`` count above those beside the inventory.
        extra_vars: Variables that override all others on every host.
        rules: What the site's ansible.cfg changes (``find_config().rules``); by default nothing.

    Raises:
        InventoryError: A source is missing or is not an inventory; carries file, line and column where there are any.
    """
    reader = Reader(vault)
    names = [normalise_source(source) for source in sources if source]
    draft = read_sources(names, reader, rules, playbook_dir=playbook_dir)
    return freeze(draft, names, reader, playbook_dir=playbook_dir, extra_vars=extra_vars)
