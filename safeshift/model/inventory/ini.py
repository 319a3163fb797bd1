"""Inventories in Ansible's INI form: sections of hosts, ``:children`` and ``:vars``.

Values are read as Python literals where they are such, and as text where not, on host lines and in ``:vars`` alike.
Read ``building.py`` next.
"""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

from safeshift.errors import InventoryError, Place
from safeshift.model.inventory.building import Draft

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?")
_GROUP = re.compile(r"([^:\]\s]+)\s*(?:#.*)?")


@dataclass(slots=True)
class _Awaited:
    """A group that was used before it was declared: where, and as whose child (or only for its variables)."""

    line: int
    parents: list[str] = field(default_factory=list)


def add_ini(draft: Draft, text: str, origin: str) -> None:
    """Add an inventory in INI form to the draft.

    Raises:
        InventoryError: A line is none that Ansible accepts; the place has its number.
    """
    _IniReader(draft, origin).read(text)


class _IniReader:
    def __init__(self, draft: Draft, origin: str) -> None:
        self.draft = draft
        self.origin = origin
        self.group = "ungrouped"
        self.line = 0
        self.awaited: dict[str, _Awaited] = {}
        self.kinds: dict[str, Callable[[str], None]] = {
            "hosts": self._add_hosts,
            "children": self._add_child,
            "vars": self._add_variable,
        }
        self.add_line: Callable[[str], None] = self._add_hosts

    def read(self, text: str) -> None:
        for number, raw in enumerate(text.splitlines(), start=1):
            line = raw.strip()
            if not line or line[0] in ";#":
                continue
            self.line = number
            if not line.isascii() and any("\udc80" <= letter <= "\udcff" for letter in line):
                raise InventoryError("this line is no UTF-8 text", place=Place(self.origin, number))
            try:
                if not self._open_section(line):
                    self.add_line(line)
            except (ValueError, TypeError) as error:
                raise InventoryError(str(error), place=Place(self.origin, number), hint=_HINT) from error
        self._refuse_undeclared()

    def _open_section(self, line: str) -> bool:
        match = _SECTION.fullmatch(line)
        if match is None:
            if line.startswith("[") and line.endswith("]"):
                raise ValueError(f"{line!r} is not a section; a group's name has no spaces")
            return False
        group, kind = self.draft.name_group(match[1]), match[2] or "hosts"
        if kind not in self.kinds:
            raise ValueError(f"[{group}:{kind}] is not a section; write hosts, children or vars after the colon")
        if group not in self.draft.groups:
            if kind == "vars" and group not in self.awaited:
                self.awaited[group] = _Awaited(self.line)
            self.draft.add_group(group)
        if kind != "vars":
            self._settle(group)
        self.group, self.add_line = group, self.kinds[kind]
        return True

    def _settle(self, group: str) -> None:
        """Hang a group that is declared now under the parents that waited for it."""
        awaited = self.awaited.pop(group, None)
        if awaited is None:
            return
        for parent in awaited.parents:
            self.draft.add_child(parent, group)
            if parent in self.awaited and self.awaited[parent].parents:
                self._settle(parent)

    def _add_hosts(self, line: str) -> None:
        try:
            tokens = shlex.split(line, comments=True)
        except ValueError as error:
            raise ValueError(f"{line!r} cannot be split into words: {error}") from error
        variables: dict[str, object] = {}
        for token in tokens[1:]:
            key, equals, value = token.partition("=")
            if not equals:
                raise ValueError(f"{token!r} is not key=value")
            variables[key] = read_value(value)
        if tokens[0].strip() == "---":
            raise ValueError("'---' starts a YAML file; this is read as INI")
        if tokens[0].strip().endswith(":"):
            raise ValueError(f"{tokens[0]!r} ends in a colon, which only a port may follow")
        self.draft.put_hosts(tokens[0], variables, self.group)

    def _add_child(self, line: str) -> None:
        match = _GROUP.fullmatch(line)
        if match is None:
            raise ValueError(f"{line!r} is not the name of a group")
        child = match[1]
        if child in self.draft.groups:
            self.draft.add_child(self.group, child)
        else:
            self.awaited.setdefault(child, _Awaited(self.line)).parents.append(self.group)

    def _add_variable(self, line: str) -> None:
        key, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"{line!r} is not key=value")
        self.draft.set_variable(self.group, key.strip(), read_value(value.strip()))

    def _refuse_undeclared(self) -> None:
        for group, awaited in self.awaited.items():
            place = Place(self.origin, awaited.line)
            if awaited.parents:
                raise InventoryError(
                    f"[{awaited.parents[-1]}:children] names {group!r}, and there is no such group",
                    place=place,
                    hint=f"declare it with [{group}], even if it has no hosts",
                )
            raise InventoryError(
                f"[{group}:vars] is for a group that is declared nowhere",
                place=place,
                hint=f"declare it with [{group}]",
            )


_HINT = "a host line is: name key=value key=value; a section is [group], [group:children] or [group:vars]"


def read_value(text: str) -> object:
    """Read a value as Ansible's INI does: a Python literal, or else the text itself.

    Tuples and sets become lists, bytes and complex numbers text.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return _plain(value)


def _plain(value: object) -> object:
    match value:
        case list() | tuple() | set():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case complex():
            return str(value)
    return "..." if value is ... else value
