"""What a site may change, in ansible.cfg, about how its inventory is read; the defaults are Ansible's own.

Pure data and the two small rules that follow from it. Who finds the settings: ``model/ansible_cfg.py``. Read
``building.py`` next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PRECEDENCE: tuple[str, ...] = (
    "all_inventory",
    "groups_inventory",
    "all_plugins_inventory",
    "all_plugins_play",
    "groups_plugins_inventory",
    "groups_plugins_play",
)
"""The layers of a host's group variables, weakest first, by Ansible's names for them."""
IGNORED_EXTENSIONS: tuple[str, ...] = (
    ".pyc",
    ".pyo",
    ".swp",
    ".bak",
    "~",
    ".rpm",
    ".md",
    ".txt",
    ".rst",
    ".orig",
    ".cfg",
    ".retry",
)
READERS: tuple[str, ...] = ("host_list", "script", "auto", "yaml", "ini", "toml")
GROUP_NAMES = ("never", "ignore", "always", "silently")
_NEVER_SOURCES = (r"^\.", "^host_vars$", "^group_vars$", "^vars_plugins$")
_INVALID_IN_NAMES = re.compile(r"^[\d\W]|[^\w]")


@dataclass(frozen=True, slots=True)
class InventoryRules:
    """How inventories are read.

    Attributes:
        merge: Mappings of one name are merged, key by key (``hash_behaviour = merge``), instead of replaced.
        precedence: Layers of group variables, weakest first; a layer that is not named is not read.
        group_names: What becomes of characters that no variable may have: ``never`` and ``ignore`` leave them,
            ``always`` and ``silently`` replace each by ``_``.
        ignore_extensions: How the names of files end that a folder of inventories may hold and that are none.
        ignore_patterns: The same as regular expressions, found anywhere in the name.
        readers: Which kinds of sources are read (``enable_plugins``); others than Ansible's are left to Ansible.
        all_must_parse: Refuse a folder with a file that is no inventory, whatever its name.
        config: The ansible.cfg that these come from, for handing on to Ansible.
        notes: Sentences for the operator; they become the inventory's.
    """

    merge: bool = False
    precedence: tuple[str, ...] = PRECEDENCE
    group_names: str = "never"
    ignore_extensions: tuple[str, ...] = IGNORED_EXTENSIONS
    ignore_patterns: tuple[str, ...] = ()
    readers: tuple[str, ...] = READERS
    all_must_parse: bool = False
    config: Path | None = None
    notes: tuple[str, ...] = ()

    def combine(self, weaker: Mapping[str, object], stronger: Mapping[str, object]) -> dict[str, object]:
        """Put stronger variables over weaker ones: whole, or merged where both are mappings; neither is changed."""
        return _merge(weaker, stronger) if self.merge else {**weaker, **stronger}

    def name_group(self, name: str) -> str:
        """Give the name that a group has after the characters in it were looked at."""
        return name if self.group_names in ("never", "ignore") else _INVALID_IN_NAMES.sub("_", name)

    def passes_over(self, name: str) -> bool:
        """Say whether a folder's file or folder of this name is no source of an inventory."""
        endings = (f"{re.escape(ending)}$" for ending in self.ignore_extensions)
        return any(re.search(one, name) for one in (*_NEVER_SOURCES, *self.ignore_patterns, *endings))

    def reads(self, kind: str) -> bool:
        """Say whether a kind of source is read, by Ansible's short name for its reader."""
        return kind in self.readers

    @property
    def foreign_readers(self) -> tuple[str, ...]:
        """Readers that only Ansible has."""
        return tuple(name for name in self.readers if name not in READERS)


def _merge(weaker: Mapping[str, object], stronger: Mapping[str, object]) -> dict[str, object]:
    merged = dict(weaker)
    for key, value in stronger.items():
        under = merged.get(key)
        merged[key] = _merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
