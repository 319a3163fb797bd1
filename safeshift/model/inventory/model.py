"""The inventory as it is used: frozen, with each host's variables merged in Ansible's order of precedence.

No file is read after loading (but the ``group_vars/`` of groups without hosts), and nothing is rendered. Read
``patterns.py`` and ``showing.py`` next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, SkipValidation

from safeshift.errors import InventoryError, Place
from safeshift.model.inventory.building import PRIORITY_VARIABLE, Draft
from safeshift.model.inventory.hostnames import is_ip_address
from safeshift.model.inventory.patterns import IMPLICIT_HOSTS, Matcher
from safeshift.model.inventory.reading import Reader
from safeshift.model.inventory.rules import InventoryRules
from safeshift.model.inventory.showing import graph_of, json_of, plain_of
from safeshift.model.inventory.varfiles import folder_of, read_variables
from safeshift.model.source import Understood, Variables, suggest
from safeshift.model.templating import HostVariables
from safeshift.model.vault import Secret


class Group(Understood):
    """A group: its own hosts and children in inventory order.

    ``depth`` is the longest way down from ``all`` (0). ``variables`` are those of the inventory sources; what
    ``group_vars/`` adds is in the hosts' variables.
    """

    name: str
    hosts: tuple[str, ...]
    children: tuple[str, ...]
    parents: tuple[str, ...]
    depth: int
    priority: int
    variables: Variables = Field(repr=False)


@dataclass(frozen=True, slots=True)
class Within:
    """What an inventory answers from; nobody else's."""

    variables: Mapping[str, Mapping[str, object]]
    extra: Mapping[str, object]
    members: Mapping[str, tuple[str, ...]]
    memberships: Mapping[str, tuple[str, ...]]
    matcher: Matcher
    playbook_dir: Path | None
    layers: _Layers
    rules: InventoryRules
    texts: Mapping[Path, str]


class Inventory(Understood):
    """Hosts, groups and variables of one invocation, as Ansible would see them.

    ``hosts`` is in inventory order: breadth first from ``all``, children in the order they were written. (Ansible
    leaves the order below the second level to chance.) ``secrets`` holds every vaulted value that was met, for masking.
    ``notes`` are sentences for the operator: what was passed over, and password files that others can read.
    """

    hosts: tuple[str, ...]
    groups: Annotated[Mapping[str, Group], SkipValidation]
    secrets: tuple[Secret, ...] = Field(repr=False)
    notes: tuple[str, ...]
    within: Annotated[Within, SkipValidation] = Field(repr=False, exclude=True)

    def host_vars(self, name: str) -> Mapping[str, object]:
        """Give a host's variables, merged, extra variables last; then Ansible's magic variables.

        Values are raw: templates in them are not rendered, and vaulted values are ``Secret``.

        Raises:
            InventoryError: There is no such host (``localhost`` always exists, as in Ansible).
        """
        return MappingProxyType({**self.plain_vars(name), **self._magic(name)})

    def plain_vars(self, name: str) -> dict[str, object]:
        """Give a host's variables without the magic ones: what ``ansible-inventory`` prints."""
        if name not in self.within.variables and name in IMPLICIT_HOSTS:
            implicit = {"ansible_connection": "local", **self.groups["all"].variables}
            return self.within.rules.combine({**implicit, "ansible_connection": "local"}, self.within.extra)
        if name not in self.within.variables:
            self.select(name)  # raises, and knows what was meant
            raise InventoryError(f"{name!r} is not the name of one host")
        return self.within.rules.combine(self.within.variables[name], self.within.extra)

    def combine(self, weaker: Mapping[str, object], stronger: Mapping[str, object]) -> dict[str, object]:
        """Put variables over others as this inventory's own are: replaced, or merged where ansible.cfg says so."""
        return self.within.rules.combine(weaker, stronger)

    def place_of(self, variable: str, value: object) -> Place | None:
        """Find where a variable is given a plain value, in the files as they were read; None: by a program, or a vault.

        Where several lines give it the same value, the first of them.
        """
        line = re.compile(rf"""(?<!\w){re.escape(variable)}["']?\s*[:=]\s*["']?({re.escape(str(value))})(?!\w)""")
        for path, text in self.within.texts.items():
            if match := line.search(text):
                begin = text.rfind("\n", 0, match.start()) + 1
                return Place(str(path), text.count("\n", 0, match.start()) + 1, match.start(1) - begin + 1)
        return None

    def select(self, pattern: str, *, limit: str | None = None) -> tuple[str, ...]:
        """Give the hosts that a pattern stands for, in Ansible's order; empty where it stands for none.

        Args:
            limit: A second pattern (``--limit``, or ``@file``); hosts outside it are left out.

        Raises:
            InventoryError: The pattern cannot be read, or names a host or group that does not exist.
        """
        return self.within.matcher.select(pattern, limit)

    def group_vars(self, name: str) -> dict[str, object]:
        """Give a group's own variables: those of the sources, then those of its ``group_vars/``.

        Raises:
            InventoryError: There is no such group, or its files cannot be read.
        """
        group = self._group(name)
        priority = {PRIORITY_VARIABLE: group.priority} if group.priority != 1 else {}
        return {**self.within.rules.combine(group.variables, self.within.layers.of_group(name)), **priority}

    def to_ansible_json(self, *, limit: str | None = None, open_files: bool = False) -> dict[str, object]:
        """Give what ``ansible-inventory --list`` prints, as plain JSON data. Vaulted values stay vaulted.

        Args:
            limit: A pattern; hosts outside it are left out.
            open_files: Show strings out of files that were vaulted as a whole, as Ansible does; else they are ``***``.
        """
        return json_of(self, self.select("all", limit=limit) if limit else self.hosts, open_files=open_files)

    def host_json(self, name: str, *, open_files: bool = False) -> dict[str, object]:
        """Give what ``ansible-inventory --host`` prints, as plain JSON data, masked as ``to_ansible_json``."""
        return plain_of(self.plain_vars(name), (), open_files=open_files)

    def graph(self, group: str = "all", *, with_vars: bool = False, open_files: bool = False) -> str:
        """Give what ``ansible-inventory --graph`` prints, with ``--vars`` or without; masked as ``to_ansible_json``."""
        self._group(group)
        return graph_of(self, group, with_vars=with_vars, open_files=open_files)

    def _group(self, name: str) -> Group:
        if name not in self.groups:
            hint = suggest(name, tuple(self.groups), "see what there is: safeshift inventory --graph")
            raise InventoryError(f"there is no group {name!r}", hint=hint)
        return self.groups[name]

    def _magic(self, name: str) -> dict[str, object]:
        magic: dict[str, object] = {
            "inventory_hostname": name,
            "inventory_hostname_short": name if is_ip_address(name) else name.split(".")[0],
            "group_names": sorted(group for group in self.within.memberships.get(name, ()) if group != "all"),
            "groups": self.within.members,
            "hostvars": HostVariables(self.hosts, self.host_vars),
        }
        if self.within.playbook_dir is not None:
            magic["playbook_dir"] = str(self.within.playbook_dir)
        return magic


def freeze(
    draft: Draft, sources: list[str], reader: Reader, *, playbook_dir: Path | None, extra_vars: Mapping[str, object]
) -> Inventory:
    """Make the frozen inventory of a finished draft; reads ``group_vars/`` and ``host_vars/``."""
    depths = _depths(draft)
    groups = {
        name: Group(
            name=name,
            hosts=tuple(group.hosts),
            children=tuple(group.children),
            parents=tuple(group.parents),
            depth=depths[name],
            priority=group.priority,
            variables=MappingProxyType(group.variables),
        )
        for name, group in draft.groups.items()
    }
    members = {name: tuple(dict.fromkeys(_walk_hosts(groups, name))) for name in groups}
    memberships = {host: _sorted_groups(groups, names) for host, names in draft.memberships().items()}
    folders = [folder for source in sources if (folder := folder_of(source)) is not None]
    layers = _Layers(groups, folders, playbook_dir, reader, draft.rules)
    variables = {host: layers.merge(host, own, memberships[host]) for host, own in draft.hosts.items()}
    return Inventory(
        hosts=members["all"],
        groups=MappingProxyType(groups),
        secrets=tuple(reader.secrets),
        notes=(*draft.rules.notes, *draft.notes, *reader.vault.notes),
        within=Within(
            variables=MappingProxyType(variables),
            extra=MappingProxyType(dict(extra_vars)),
            members=MappingProxyType(members),
            memberships=MappingProxyType(memberships),
            matcher=Matcher(tuple(draft.hosts), members),
            playbook_dir=playbook_dir,
            layers=layers,
            rules=draft.rules,
            texts=MappingProxyType(reader.texts),
        ),
    )


class _Layers:
    """Merges one host's variables: groups from the sources, then files of groups, then the host's own."""

    def __init__(
        self,
        groups: Mapping[str, Group],
        folders: list[Path],
        playbook_dir: Path | None,
        reader: Reader,
        rules: InventoryRules,
    ) -> None:
        self._groups = groups
        self._folders = folders
        self._playbook = [] if playbook_dir is None else [playbook_dir.resolve()]
        self._reader = reader
        self._rules = rules
        self._read: dict[tuple[Path, str, str], dict[str, object]] = {}

    def merge(self, host: str, own: Mapping[str, object], groups: tuple[str, ...]) -> Mapping[str, object]:
        merged: dict[str, object] = {}
        for layer in self._rules.precedence:
            merged = self._rules.combine(merged, self._layer(layer, groups))
        merged = self._rules.combine(merged, own)
        for folders in (self._folders, self._playbook):
            merged = self._rules.combine(merged, self._files(folders, "host_vars", [host]))
        return merged

    def _layer(self, layer: str, groups: tuple[str, ...]) -> Mapping[str, object]:
        """Give one layer of group variables by Ansible's name: of ``all`` or the others; sources, or files beside."""
        everyone, _, place = layer.partition("_")
        names = ["all"] if everyone == "all" else [group for group in groups if group != "all"]
        if place == "inventory":
            found: dict[str, object] = {}
            for name in names:
                found = self._rules.combine(found, self._groups[name].variables)
            return found
        return self._files(self._folders if place == "plugins_inventory" else self._playbook, "group_vars", names)

    def of_group(self, name: str) -> Mapping[str, object]:
        beside, played = (self._files(folders, "group_vars", [name]) for folders in (self._folders, self._playbook))
        return self._rules.combine(beside, played)

    def _files(self, folders: list[Path], kind: str, names: list[str]) -> dict[str, object]:
        found: dict[str, object] = {}
        for folder in folders:
            for name in names:
                key = (folder, kind, name)
                if key not in self._read:
                    self._read[key] = read_variables(*key, self._reader, self._rules)
                found = self._rules.combine(found, self._read[key])
        return found


def _sorted_groups(groups: Mapping[str, Group], names: set[str]) -> tuple[str, ...]:
    """Order groups from the weakest to the strongest: by depth, then priority, then name."""
    return tuple(sorted(names, key=lambda name: (groups[name].depth, groups[name].priority, name)))


def _depths(draft: Draft) -> dict[str, int]:
    depths: dict[str, int] = {}

    def depth_of(name: str) -> int:
        if name not in depths:
            depths[name] = max((depth_of(parent) + 1 for parent in draft.groups[name].parents), default=0)
        return depths[name]

    for name in draft.groups:
        depth_of(name)
    return depths


def _walk_hosts(groups: Mapping[str, Group], name: str) -> Iterator[str]:
    """Give a group's hosts, then its children's, level by level."""
    order = {name: None}
    waiting = [name]
    while waiting:
        group = groups[waiting.pop(0)]
        yield from group.hosts
        for child in group.children:
            if child not in order:
                order[child] = None
                waiting.append(child)
