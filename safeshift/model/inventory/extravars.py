"""``-e``: variables given on the command line, which win over all others.

Read as Ansible reads them: ``@file`` (vaulted or not), a JSON or YAML mapping, or ``key=value`` pairs, whose values
are texts. Next: ``reading.py``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from safeshift.errors import InputError
from safeshift.model.inventory.reading import Reader
from safeshift.model.vault import Vault


def read_extra_vars(given: Iterable[str], vault: Vault | None = None) -> dict[str, object]:
    """Read all ``-e`` in order; later ones win.

    Raises:
        InputError: one of them is none of these, or its file cannot be read or unvaulted.
    """
    reader, result = Reader(vault), dict[str, object]()
    for text in given:
        result.update(_one(text, reader))
    return result


def _one(text: str, reader: Reader) -> Mapping[str, object]:
    if text.startswith("@"):
        return _mapping(reader.data_of(Path(text[1:]).expanduser()), text)
    if text.lstrip().startswith(("{", "[")):
        return _mapping(reader.parse(text, "-e"), text)
    pairs = [pair.partition("=") for pair in _split(text)]
    if not all(found for _, found, _ in pairs):
        raise InputError(f"-e {text!r} is not key=value", hint="write key=value, a JSON or YAML mapping, or @file")
    return {key: value for key, _, value in pairs}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(f"-e {text!r}: {error}", hint="close the quote") from error


def _mapping(value: object, label: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"-e {label} is not a mapping of variables", hint="write {key: value}")
    return {str(key): item for key, item in value.items()}
