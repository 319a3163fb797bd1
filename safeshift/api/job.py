"""What people wrote, read and found good: playbook, inventory and fabric together. Nothing is contacted here.

Next: ``opening.py``, which finds the way to the devices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from safeshift.drivers.fleet import FORKS
from safeshift.errors import FabricError
from safeshift.model import fabric as fabric_file
from safeshift.model.ansible_cfg import AnsibleConfig, find_config
from safeshift.model.connection import ConnectionDefaults
from safeshift.model.fabric import Fabric
from safeshift.model.fabric_checks import check_spelling
from safeshift.model.inventory import Inventory, load_inventory
from safeshift.model.playbook import Playbook, load_playbook
from safeshift.model.vault import Vault
from safeshift.planning.compile import compile_plan
from safeshift.planning.plan import Plan
from safeshift.planning.selecting import Selection
from safeshift.planning.site import Site, site_of

NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Job:
    """What people wrote, read and found good: nothing was contacted yet.

    Attributes:
        extra_vars: ``-e``: they override every other variable.
        defaults: ``-u``, ``-k``, ``--private-key``, ``-K``, and below them ansible.cfg: what the inventory does not say
            about logins.
        forks: How many logins happen at the same time.
    """

    playbook: Playbook
    inventory: Inventory
    fabric: Fabric
    fabric_path: Path
    selection: Selection = field(default_factory=Selection)
    extra_vars: Mapping[str, object] = field(default_factory=dict)
    defaults: ConnectionDefaults = field(default_factory=ConnectionDefaults)
    forks: int = FORKS

    @property
    def site(self) -> Site:
        """Inventory and fabric together."""
        return site_of(self.inventory, self.fabric)

    def compile(self, configs: Mapping[str, str] | None) -> Plan:
        """Make the plan for these configurations; None makes it from the files alone."""
        return compile_plan(
            self.playbook,
            self.inventory,
            self.fabric,
            configs=configs,
            selection=self.selection,
            extra_vars=self.extra_vars,
            fabric_name=str(self.fabric_path),
        )


def find_fabric(sources: Sequence[str]) -> Path:
    """Return the fabric file that belongs to an inventory: the one beside it, ``inventories/dc1.fabric.yml``.

    Raises:
        FabricError: there is none.
    """
    first = Path(sources[0].rstrip("/")) if sources else Path("inventories")
    stem = first.name if first.is_dir() else first.stem
    beside = first.parent / f"{stem}.fabric.yml"
    if first.exists() and not beside.exists():
        hint = "name it with --fabric FILE; docs/fabric.md says what stands in it"
        raise FabricError(f"there is no fabric file beside the inventory ({beside})", hint=hint)
    return beside


def load(
    playbook: str | Path,
    inventory: str | Sequence[str] | None = None,
    *,
    fabric: str | Path | None = None,
    vault: Vault | None = None,
    selection: Selection | None = None,
    extra_vars: Mapping[str, object] = NOTHING,
    defaults: ConnectionDefaults | None = None,
    forks: int | None = None,
    config: AnsibleConfig | None = None,
) -> Job:
    """Read everything that people wrote.

    Args:
        inventory: As ``-i``; None: what ansible.cfg names.
        vault: The passwords of vaulted files and values; None: those that ansible.cfg names, as far as nobody is asked.
        forks: None: as ansible.cfg says, or 16.
        config: The site's ansible.cfg; None: what Ansible would find here and now (``find_config``). Whatever is an
            argument too counts above it.

    Raises:
        PlaybookError, InventoryError, FabricError, InputError: with file, line, column and what to do; nothing was
            contacted.
    """
    config = find_config() if config is None else config
    sources = (
        config.inventory if inventory is None else (inventory,) if isinstance(inventory, str) else tuple(inventory)
    )
    fabric_path = Path(fabric) if fabric is not None else find_fabric(sources)
    book = load_playbook(Path(playbook))
    hosts = load_inventory(
        sources,
        vault=_vault_of(config) if vault is None else vault,
        playbook_dir=Path(playbook).parent,
        extra_vars=extra_vars,
        rules=config.rules,
    )
    told = fabric_file.load(fabric_path)
    check_spelling(told, fabric_path, hosts.hosts)
    return Job(
        playbook=book,
        inventory=hosts,
        fabric=told,
        fabric_path=fabric_path,
        selection=selection or Selection(),
        extra_vars=extra_vars,
        defaults=config.logins.under(defaults or ConnectionDefaults()),
        forks=forks or config.forks or FORKS,
    )


def _vault_of(config: AnsibleConfig) -> Vault:
    rules = config.vault
    return Vault.from_files(rules.all_sources(), label=rules.label, match_label=rules.match_label)
