"""What ``-i`` names, one after the other: a file, a folder of files, an executable, or a list of hosts.

Which reader a source gets is decided here, in Ansible's order; what stands in it is the readers'. Read ``dynamic.py``,
``yamlfile.py`` and ``ini.py`` next.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from safeshift.errors import InventoryError, Place
from safeshift.model.inventory.building import Draft
from safeshift.model.inventory.dynamic import NotAnInventoryError, add_script, add_through_ansible
from safeshift.model.inventory.hostnames import split_address
from safeshift.model.inventory.ini import add_ini
from safeshift.model.inventory.reading import YAML_EXTENSIONS, Reader
from safeshift.model.inventory.rules import InventoryRules
from safeshift.model.inventory.yamlfile import add_yaml

_ALWAYS_MEANT = (*YAML_EXTENSIONS, ".ini", ".toml", "")


class _NeedsAnsibleError(Exception):
    """Only a plugin of Ansible's reads this file."""


def normalise_source(source: str) -> str:
    """Make a path absolute and expand ``~`` and ``$VARIABLES``; a list of hosts stays as it is."""
    if "," in source:
        return source
    return os.path.abspath(os.path.expanduser(os.path.expandvars(source)))


def read_sources(sources: Sequence[str], reader: Reader, rules: InventoryRules, *, playbook_dir: Path | None) -> Draft:
    """Read all sources in order into one draft, finished.

    Raises:
        InventoryError: A source does not exist or cannot be read.
    """
    draft = Draft(rules)
    try:
        for source in sources:
            _add_source(draft, source, reader)
    except _NeedsAnsibleError as needed:
        draft = Draft(rules)
        draft.source = sources[0]
        add_through_ansible(draft, sources, reader, because=str(needed), playbook_dir=playbook_dir)
    draft.source = None
    try:
        draft.finish()
    except ValueError as error:
        raise InventoryError(str(error), place=Place(sources[0]), hint="a group cannot contain itself") from error
    return draft


def _add_source(draft: Draft, source: str, reader: Reader) -> None:
    path = Path(source)
    if path.is_dir():
        _add_folder(draft, path, reader)
    elif path.exists():
        _add_file(draft, path, reader)
    elif "," in source and draft.rules.reads("host_list"):
        _add_list(draft, source)
    elif "," in source and draft.rules.foreign_readers:
        raise _NeedsAnsibleError(source)
    else:
        raise InventoryError(
            f"there is no inventory {source}", hint='check -i; a list of hosts needs a comma: -i "h1,h2" or -i "h1,"'
        )


def _add_list(draft: Draft, source: str) -> None:
    draft.source = source
    for item in source.split(","):
        text = item.strip()
        if text:
            address = split_address(text)
            host, port = (text, None) if address is None or "[" in address[0] else address
            if host not in draft.hosts:
                draft.add_host(host, "ungrouped", port)


def _add_folder(draft: Draft, folder: Path, reader: Reader) -> None:
    for name in sorted(os.listdir(folder)):
        path = folder / name
        if draft.rules.passes_over(name):
            continue
        if path.is_dir():
            _add_folder(draft, path, reader)
            continue
        try:
            _add_file(draft, path, reader)
        except InventoryError as error:
            # a stray script or picture among inventories must not stop a site that Ansible serves;
            # a broken inventory must
            if path.suffix in _ALWAYS_MEANT or os.access(path, os.X_OK) or draft.rules.all_must_parse:
                raise
            draft.notes.append(f"{path} is no inventory and was passed over, as Ansible does ({error.message})")


def _add_file(draft: Draft, path: Path, reader: Reader) -> None:
    draft.source = str(path)
    failure: InventoryError | None = None
    if os.access(path, os.X_OK) and draft.rules.reads("script"):
        try:
            return add_script(draft, path, reader)
        except NotAnInventoryError as error:
            failure = InventoryError(
                str(error), place=Place(str(path)), hint=f"if it is not a program: chmod -x {path}"
            )
    if path.suffix == ".toml":
        raise _NeedsAnsibleError(str(path))
    try:
        _add_text(draft, path, reader)
    except InventoryError as error:
        if draft.rules.foreign_readers:  # whatever they can read; ansible-inventory says why if they cannot
            raise _NeedsAnsibleError(str(path)) from error
        raise (failure or error) from error
    return None


def _add_text(draft: Draft, path: Path, reader: Reader) -> None:
    """Add a file as YAML or else as INI; of two failures the one that helps more is raised."""
    text, _ = reader.text_of(path)
    failure: InventoryError | None = None
    try:
        if path.suffix in ("", *YAML_EXTENSIONS) and _add_as_yaml(draft, path, text, reader):
            return
    except InventoryError as error:
        failure = error if path.suffix or _looks_like_yaml(text) else None
    if not draft.rules.reads("ini"):
        hint = "enable_plugins in [inventory] of ansible.cfg says which are"
        raise failure or InventoryError("no reader that is enabled reads this", place=Place(str(path)), hint=hint)
    try:
        add_ini(draft, text, str(path))
    except InventoryError as error:
        raise (failure or error) from error


def _add_as_yaml(draft: Draft, path: Path, text: str, reader: Reader) -> bool:
    """Add a file if it is YAML that holds an inventory; False if it holds nothing, which INI reads as well."""
    data = reader.data_of(path)
    if not data:
        if text.strip():
            draft.notes.append(f"{path}: it holds no hosts")
        return bool(text.strip())
    if not isinstance(data, Mapping):
        raise InventoryError(
            f"an inventory is a mapping of groups, and this is a {type(data).__name__}",
            place=Place(str(path), 1, 1),
            hint="start with: all:",
        )
    if data.get("plugin"):
        raise _NeedsAnsibleError(str(path))
    if not draft.rules.reads("yaml"):
        return False
    add_yaml(draft, data, text, str(path))
    return True


def _looks_like_yaml(text: str) -> bool:
    """Say which of two failures helps more for a file without an extension: its YAML's or its INI's."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", ";"))]
    return bool(lines) and (lines[0] == "---" or lines[0].endswith(":") or lines[0].startswith("{"))
