"""What a journal may keep of a command line: of variables given by ``-e`` their names, never a value.

The journal is shown to others, and which value is a secret only its owner knows. Next: ``writer.py``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

_FLAG, _LONG = "-e", "--extra-vars"
MASK = "***"


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command line with the values of all extra variables masked; names and ``@file`` stay."""
    return tuple(_masked(argv))


def _masked(argv: Sequence[str]) -> Iterator[str]:
    is_value = False
    for word in argv:
        if is_value:
            yield _names(word)
        elif word.startswith(f"{_LONG}="):
            yield f"{_LONG}={_names(word.removeprefix(f'{_LONG}='))}"
        elif word.startswith(_FLAG) and word != _FLAG:
            yield _FLAG + _names(word.removeprefix(_FLAG))
        else:
            yield word
        is_value = not is_value and word in (_FLAG, _LONG)


def _names(given: str) -> str:
    if given.startswith("@"):
        return given
    try:
        pairs = [pair.partition("=") for pair in shlex.split(given)]
    except ValueError:
        return MASK
    if given.lstrip().startswith(("{", "[")) or not all(name.isidentifier() and found for name, found, _ in pairs):
        return MASK
    return " ".join(f"{name}={MASK}" for name, _, _ in pairs)
