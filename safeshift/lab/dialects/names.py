"""Interface names as people type them and as a device shows them: ``et1``, ``Ethernet 1``, ``Hu1/0/1``, ``Et1-4``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from safeshift.lab.dialects.grammar import Argument, IncompleteError, Taken

_TYPED = re.compile(r"([A-Za-z][A-Za-z-]*)\s*(\d[\d/.:]*)?")


class Names:
    """One vendor's interface types.

    Args:
        types: Long name to short name, in the order in which an abbreviation is looked up.

    """

    def __init__(self, types: dict[str, str]) -> None:
        self._types = types

    def long(self, typed: str) -> str | None:
        """Return the full name of an interface; None when it is none."""
        match = _TYPED.fullmatch(typed)
        if match is None or not match[2]:
            return None
        kind = self._kind(match[1])
        return f"{kind}{match[2]}" if kind else None

    def short(self, name: str) -> str:
        """Return the short form of a full name (or of a range of them)."""
        for long, short in self._types.items():
            if name.startswith(long) and name[len(long) : len(long) + 1].isdigit():
                return short + name[len(long) :]
        return name

    def _kind(self, typed: str) -> str | None:
        lower = typed.lower()
        found = [long for long, short in self._types.items() if lower == short.lower()]
        found += [long for long in self._types if long.lower().startswith(lower)]
        return found[0] if found else None

    def argument(self, *, many: bool = False) -> Argument:
        """Return what takes an interface (or a range of them), typed as one word or as two."""

        def take(words: Sequence[str]) -> Taken | None:
            if _TYPED.fullmatch(words[0]) and not words[0][-1].isdigit() and self._kind(words[0]):
                if words[0].lower() == "null" or len(words) < 2:
                    raise IncompleteError(1)
                joined, count = words[0] + words[1], 2
            else:
                joined, count = words[0], 1
            name = self._range(joined) if many else self.long(joined)
            return None if name is None else (count, name)

        return take

    def _range(self, typed: str) -> str | None:
        match = re.fullmatch(r"([A-Za-z][A-Za-z-]*?)(\d[\d/,\-]*)", typed)
        if match is None:
            return self.long(typed)
        kind = self._kind(match[1])
        return f"{kind}{match[2]}" if kind and expand(f"{kind}{match[2]}") else None


def expand(name: str) -> tuple[str, ...]:
    """Return every interface that a range names; empty when it is no range (and no name)."""
    match = re.fullmatch(r"([A-Za-z-]+?)(\d[\d/.:,\-]*)", name)
    if match is None:
        return ()
    found: list[str] = []
    for part in match[2].split(","):
        span = re.fullmatch(r"((?:\d+/)*)(\d+)-(?:(?:\d+/)*)(\d+)", part)
        if span is None:
            if not re.fullmatch(r"\d[\d/.:]*", part):
                return ()
            found.append(match[1] + part)
            continue
        low, high = int(span[2]), int(span[3])
        if not low <= high < low + 512:
            return ()
        found += [f"{match[1]}{span[1]}{number}" for number in range(low, high + 1)]
    return tuple(found)
