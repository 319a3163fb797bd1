"""An inventory as ``ansible-inventory`` prints it: ``--list``, ``--host`` and ``--graph``.

Shapes only; no secret is opened here. Read ``model.py`` next.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from safeshift.model.inventory.reading import map_strings
from safeshift.model.vault import MASK, Secret, UnsafeText, VaultedText

if TYPE_CHECKING:
    from safeshift.model.inventory.model import Inventory

# what Ansible sets itself, and therefore leaves out of every list
INTERNAL_VARIABLES = frozenset(
    {
        "ansible_async_path",
        "ansible_collection_name",
        "ansible_config_file",
        "ansible_dependent_role_names",
        "ansible_diff_mode",
        "ansible_facts",
        "ansible_forks",
        "ansible_inventory_sources",
        "ansible_limit",
        "ansible_play_batch",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "ansible_play_role_names",
        "ansible_playbook_python",
        "ansible_role_name",
        "ansible_role_names",
        "ansible_run_tags",
        "ansible_skip_tags",
        "ansible_verbosity",
        "ansible_version",
        "group_names",
        "groups",
        "hostvars",
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "play_hosts",
        "playbook_dir",
        "role_name",
        "role_names",
        "role_path",
        "role_uuid",
    }
)
PROFILE = "inventory_legacy"


def json_of(inventory: Inventory, hosts: Collection[str], *, open_files: bool) -> dict[str, object]:
    """Give the inventory in the shape of ``--list``; only these hosts of it, and the groups with all their children."""
    listed: dict[str, object] = {}
    _list_group(inventory, "all", listed, set(), frozenset(hosts))
    hostvars = {
        host: plain_of(inventory.plain_vars(host), ("_meta", "hostvars", host), open_files=open_files) for host in hosts
    }
    kept = {host: variables for host, variables in hostvars.items() if variables}
    return {"_meta": {"hostvars": kept, "profile": PROFILE}, **listed}


def _list_group(
    inventory: Inventory, name: str, listed: dict[str, object], seen: set[str], wanted: frozenset[str]
) -> None:
    group = inventory.groups[name]
    body: dict[str, object] = {}
    hosts = [host for host in group.hosts if host in wanted]
    if hosts and name != "all":
        body["hosts"] = hosts
    if group.children:
        body["children"] = list(group.children)
    if body:
        listed[name] = body
    for child in group.children:
        if child not in seen:
            seen.add(child)
            _list_group(inventory, child, listed, seen, wanted)


def graph_of(inventory: Inventory, name: str, *, with_vars: bool, open_files: bool) -> str:
    """Give a group and what is below it in the shape of ``--graph``, or of ``--graph --vars``."""

    def walk(name: str, depth: int) -> Iterator[str]:
        group = inventory.groups[name]
        yield _branch(f"@{name}:", depth)
        for child in group.children:
            yield from walk(child, depth + 1)
        for host in group.hosts if name != "all" else ():
            yield _branch(host, depth + 1)
            yield from variables(inventory.plain_vars(host) if with_vars else {}, depth + 2)
        yield from variables(inventory.group_vars(name) if with_vars else {}, depth + 1)

    def variables(of: Mapping[str, object], depth: int) -> Iterator[str]:
        for name in sorted(of.keys() - INTERNAL_VARIABLES, key=str):
            value = _opened(of[name]) if open_files else of[name]
            yield _branch(f"{{{name} = {MASK if isinstance(value, VaultedText) else value}}}", depth)

    return "\n".join(walk(name, 0))


def _branch(text: str, depth: int) -> str:
    return "  |" * depth + f"--{text}" if depth else text


def plain_of(variables: Mapping[str, object], path: tuple[object, ...], *, open_files: bool) -> dict[str, object]:
    """Give variables as JSON data, Ansible's internal ones left out.

    Args:
        path: The keys that lead here; they decide, as in Ansible, where ``!unsafe`` is written out.
        open_files: Show strings out of files that were vaulted as a whole; else they are ``***``.
    """
    shown = {key: value for key, value in variables.items() if key not in INTERNAL_VARIABLES}
    plain = _plain(_opened(shown) if open_files else shown, path)
    assert isinstance(plain, dict)
    return plain


def _opened(value: object) -> object:
    return map_strings(value, lambda text: str.__str__(text) if isinstance(text, VaultedText) else text)


def _plain(value: object, path: tuple[object, ...]) -> object:
    match value:
        case Secret():
            return MASK if value.ciphertext is None else {"__ansible_vault": value.ciphertext}
        case VaultedText():
            return MASK
        case UnsafeText():
            return {"__ansible_unsafe": str(value)} if _is_template_place(path) else str(value)
        case str():
            return value
        case Mapping():
            return {_key(key): _plain(item, (*path, key)) for key, item in value.items()}
        case list() | tuple() | set():
            return [_plain(item, (*path, at)) for at, item in enumerate(value)]
        case datetime.date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "surrogateescape")
    return value


def _is_template_place(path: Sequence[object]) -> bool:
    in_hostvars = len(path) >= 4 and tuple(path[:2]) == ("_meta", "hostvars")
    return in_hostvars or (len(path) >= 3 and path[1] == "vars")


def _key(key: object) -> str:
    """Write a key as JSON does."""
    match key:
        case str():
            return key
        case None:
            return "null"
        case bool():
            return str(key).lower()
    return str(key)
