"""The inventory while it is being read: groups and hosts that several sources add to, in order.

It keeps Ansible's rules about who may be whose child and where a variable goes; it reads no file.
Raises ``ValueError`` with a sentence, and the reader adds the place. Read ``model.py`` next.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from safeshift.model.inventory.hostnames import expand_host
from safeshift.model.inventory.rules import InventoryRules

PRIORITY_VARIABLE = "ansible_group_priority"


@dataclass(slots=True)
class DraftGroup:
    """A group so far: its own hosts and children in the order they came."""

    name: str
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    parents: dict[str, None] = field(default_factory=dict)
    variables: dict[str, object] = field(default_factory=dict)
    priority: int = 1


class Draft:
    """All groups and hosts so far. ``all`` and ``ungrouped`` exist from the start."""

    def __init__(self, rules: InventoryRules) -> None:
        self.rules = rules
        self.groups: dict[str, DraftGroup] = {}
        self.hosts: dict[str, dict[str, object]] = {}
        self.notes: list[str] = []
        self.source: str | None = None
        self.add_group("all")
        self.add_group("ungrouped")
        self.add_child("all", "ungrouped")

    def add_group(self, name: object) -> str:
        """Make sure that a group exists; gives the name that it has."""
        if not name or not isinstance(name, str):
            raise ValueError(f"{name!r} cannot be the name of a group; put names in quotation marks")
        if name not in self.groups:
            name = self.name_group(name)
            self.groups.setdefault(name, DraftGroup(name))
        return name

    def name_group(self, name: str) -> str:
        """Give the name that a group gets here; that it differs from the one written is noted where the site asks."""
        given = self.rules.name_group(name)
        note = f"group {name!r} is called {given!r} here, because of force_valid_group_names in ansible.cfg"
        if given != name and self.rules.group_names == "always" and note not in self.notes:
            self.notes.append(note)
        return given

    def add_host(self, name: object, group: str | None = None, port: int | None = None) -> str:
        """Make sure that a host exists and is in the group; only its first mention sets port and source."""
        if not name or not isinstance(name, str):
            raise ValueError(f"{name!r} cannot be the name of a host; put names in quotation marks")
        if name not in self.hosts:
            self.hosts[name] = {"ansible_port": port} if port else {}
            self.set_variable(name, "inventory_file", self.source)
            self.set_variable(name, "inventory_dir", _directory_of(self.source))
        if group is not None:
            self.groups[group].hosts.setdefault(name)
        return name

    def add_child(self, parent: str, child: str) -> None:
        """Make a group, or else a host, a member of a group.

        Raises:
            ValueError: There is no such group or host, or the parent is a descendant of the child.
        """
        if child not in self.groups:
            if child not in self.hosts:
                raise ValueError(f"{child!r} is neither a group nor a host")
            self.groups[parent].hosts.setdefault(child)
            return
        if parent == child:
            raise ValueError(f"group {parent!r} cannot be its own child")
        if child in self.ancestors(parent):
            raise ValueError(f"group {child!r} as a child of {parent!r} closes a loop")
        self.groups[parent].children.setdefault(child)
        self.groups[child].parents.setdefault(parent)

    def set_variable(self, entity: str, key: str, value: object) -> None:
        """Set a variable on the group of this name, or else on the host."""
        if entity in self.groups:
            group = self.groups[entity]
            if key == PRIORITY_VARIABLE:
                group.priority = _priority(value)
            else:
                self._put(group.variables, key, value)
        elif entity in self.hosts:
            self._put(self.hosts[entity], key, value)
        else:
            raise ValueError(f"{entity!r} is neither a group nor a host")

    def _put(self, variables: dict[str, object], key: str, value: object) -> None:
        known = {key: variables[key]} if key in variables else {}
        variables.update(self.rules.combine(known, {key: value}))

    def put_hosts(self, text: object, variables: object, group: str | None = None) -> None:
        """Add the hosts that a pattern such as ``leaf[01:20]:2222`` stands for, each with the variables."""
        if not isinstance(text, str):
            raise ValueError(f"{text!r} cannot be the name of a host; put names in quotation marks")
        names, port = expand_host(text)
        self.put_named(names, variables, group, port)

    def put_named(self, names: list[str], variables: object, group: str | None = None, port: int | None = None) -> None:
        """Add hosts by name, each with the variables."""
        if not isinstance(variables, Mapping):
            raise ValueError(f"the variables of {', '.join(names)} are not a mapping")
        for name in names:
            self.add_host(name, group, port)
            for key, value in variables.items():
                self.set_variable(name, key, value)

    def ancestors(self, name: str) -> set[str]:
        """All groups above a group."""
        found: set[str] = set()
        waiting = list(self.groups[name].parents)
        while waiting:
            parent = waiting.pop()
            if parent not in found:
                found.add(parent)
                waiting.extend(self.groups[parent].parents)
        return found

    def finish(self) -> None:
        """Hang every group under ``all`` and keep in ``ungrouped`` only hosts that are in no other group."""
        for name, group in self.groups.items():
            if name != "all" and not group.parents:
                self.add_child("all", name)
        ungrouped = self.groups["ungrouped"].hosts
        membership = self.memberships()
        for host in self.hosts:
            others = membership[host] - {"all", "ungrouped"}
            if host in ungrouped and others:
                del ungrouped[host]
            elif host not in ungrouped and not others:
                self.add_child("ungrouped", host)  # as in Ansible: a group of the same name is meant first
                membership = membership if host in ungrouped else self.memberships()
        for name in self.groups.keys() & self.hosts.keys():
            self.notes.append(f"{name!r} is the name of a group and of a host")

    def memberships(self) -> dict[str, set[str]]:
        """For each host all groups that it is in, directly or through a child."""
        found: dict[str, set[str]] = {host: set() for host in self.hosts}
        for name, group in self.groups.items():
            above = {name} | self.ancestors(name)
            for host in group.hosts:
                found[host] |= above
        return found


def _directory_of(source: str | None) -> str | None:
    if source is None or not os.path.isfile(source):
        return None
    return os.path.abspath(os.path.dirname(source))


def _priority(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]  # whatever int() takes is a number here
    except (TypeError, ValueError) as error:
        raise ValueError(f"{PRIORITY_VARIABLE} is {value!r}, not a number") from error
