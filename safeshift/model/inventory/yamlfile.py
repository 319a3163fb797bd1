"""Inventories in YAML form: groups with ``hosts``, ``children`` and ``vars``.

Order in the file is the order in the inventory. Read ``building.py`` next.
"""

from __future__ import annotations

from collections.abc import Mapping

from safeshift.errors import InventoryError
from safeshift.model.inventory.building import Draft
from safeshift.model.inventory.reading import place_in

_SECTIONS = ("vars", "children", "hosts")


def add_yaml(draft: Draft, data: Mapping[object, object], text: str, origin: str) -> None:
    """Add an inventory in YAML form to the draft.

    Raises:
        InventoryError: Its structure is not one that Ansible accepts; the place is the key that is wrong.
    """
    for name, body in data.items():
        _add_group(draft, name, body, _Spot(text, origin, (name,)))


class _Spot:
    """Where in the file we are; line and column are looked up only when something is wrong."""

    __slots__ = ("_origin", "_path", "_text")

    def __init__(self, text: str, origin: str, path: tuple[object, ...]) -> None:
        self._text, self._origin, self._path = text, origin, path

    def below(self, *keys: object) -> _Spot:
        return _Spot(self._text, self._origin, (*self._path, *keys))

    def error(self, message: str, hint: str = "") -> InventoryError:
        return InventoryError(message, place=place_in(self._text, self._origin, self._path), hint=hint)

    def note(self, message: str) -> str:
        return f"{place_in(self._text, self._origin, self._path)}: {message}"


def _add_group(draft: Draft, name: object, body: object, spot: _Spot) -> str:
    if body is not None and not isinstance(body, Mapping):
        draft.notes.append(spot.note(f"{name!r} is no group (its value is not a mapping): left out"))
        return str(name)
    try:
        group = draft.add_group(name)
    except ValueError as error:
        raise spot.error(str(error)) from error
    for section, content in (body or {}).items():
        _add_section(draft, group, section, content, spot.below(section))
    return group


def _add_section(draft: Draft, group: str, section: object, content: object, spot: _Spot) -> None:
    if section not in _SECTIONS:
        if content is not None:
            draft.notes.append(spot.note(f"{section!r} in group {group!r} is not {', '.join(_SECTIONS)}: left out"))
        return
    if isinstance(content, str):
        content = {content: None}
    if content is None:
        return
    if not isinstance(content, Mapping):
        raise spot.error(
            f"{section!r} of group {group!r} is not a mapping",
            hint="write each entry as a key that ends in a colon, without a dash before it",
        )
    for key, value in content.items():
        below = spot.below(key)
        match section:
            case "vars":
                _attempt(below, draft.set_variable, group, key, value)
            case "children":
                _attempt(below, draft.add_child, group, _add_group(draft, key, value, below))
            case "hosts":
                _attempt(below, draft.put_hosts, key, value or {}, group)


def _attempt(spot: _Spot, act: object, *arguments: object) -> None:
    """Do one thing to the draft; what it refuses gets its place in the file."""
    assert callable(act)
    try:
        act(*arguments)
    except ValueError as error:
        raise spot.error(str(error)) from error
