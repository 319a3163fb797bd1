"""The files beside an inventory or a playbook: ``group_vars/`` and ``host_vars/``, single files and folders of files.

Which of them exist and in which order they count; what they mean together is ``model.py``'s.
"""

from __future__ import annotations

import os
from pathlib import Path

from safeshift.errors import InventoryError, Place
from safeshift.model.inventory.reading import YAML_EXTENSIONS, Reader
from safeshift.model.inventory.rules import InventoryRules


def folder_of(source: str) -> Path | None:
    """Name the folder in which the variables of an inventory source lie; None for a list of hosts."""
    if "," in source and not os.path.exists(source):
        return None
    folder = source if os.path.isdir(source) else os.path.dirname(source)
    return Path(os.path.realpath(folder or "."))


def read_variables(folder: Path, kind: str, name: str, reader: Reader, rules: InventoryRules) -> dict[str, object]:
    """Read the variables of one group or host beside one source; of two files that set a name the later one counts.

    Args:
        kind: ``group_vars`` or ``host_vars``.

    Raises:
        InventoryError: A file is not YAML, or holds something else than variables.
    """
    found: dict[str, object] = {}
    if name.startswith(os.sep) or not (folder / kind).is_dir():
        return found
    for path in _files_for(folder / kind / name):
        found = rules.combine(found, _variables_in(path, reader))
    return found


def _variables_in(path: Path, reader: Reader) -> dict[str, object]:
    data = reader.data_of(path)
    if not data:
        return {}
    if not isinstance(data, dict):
        raise InventoryError(
            f"a file of variables holds a mapping, and this is a {type(data).__name__}",
            place=Place(str(path), 1, 1),
            hint="write one name: value on each line",
        )
    return data


def _files_for(stem: Path) -> list[Path]:
    """Find the first of ``name``, ``name.yml``, ``name.yaml``, ``name.json``; a folder stands for its files."""
    for extension in ("", *YAML_EXTENSIONS):
        path = Path(f"{stem}{extension}")
        if path.is_dir():
            return _files_in(path)
        if path.exists():
            return [path]
    return []


def _files_in(folder: Path) -> list[Path]:
    found: list[Path] = []
    for name in sorted(os.listdir(folder)):
        if name.startswith(".") or name.endswith("~"):
            continue
        path, extension = folder / name, os.path.splitext(name)[1]
        if path.is_dir() and not extension:
            found.extend(_files_in(path))
        elif path.is_file() and (not extension or extension in YAML_EXTENSIONS):
            found.append(path)
    return found
