"""Interface names: how a platform abbreviates them, writes them in full, and orders them.

Decides nothing about what an interface does. Next: ``configtext.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"([A-Za-z][A-Za-z-]*?)\s*(\d+(?:[/:.]\d+)*)")
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class InterfaceNames:
    """The kinds of interface that a platform has.

    Attributes:
        kinds: Full names in the order in which the platform shows them in its configuration.
        short: Abbreviations (lower case) that would be ambiguous as prefixes, and the kind that the platform takes.
    """

    kinds: tuple[str, ...]
    short: Mapping[str, str] = field(default_factory=dict)

    def canonical(self, name: str) -> str | None:
        """Return the name as the platform writes it (``eth 1`` is ``Ethernet1``); None when it is none or several."""
        match = _NAME.fullmatch(name.strip())
        if match is None:
            return None
        kind = self._kind(match[1].lower())
        return None if kind is None else kind + match[2]

    def _kind(self, typed: str) -> str | None:
        if typed in self.short:
            return self.short[typed]
        found = [kind for kind in self.kinds if kind.lower().startswith(typed)]
        exact = [kind for kind in found if kind.lower() == typed]
        candidates = exact or found
        return candidates[0] if len(candidates) == 1 else None

    def rank(self, name: str) -> tuple[int, tuple[int, ...], str]:
        """Return a sort key that orders names as the platform shows them; unknown kinds come last."""
        match = _NAME.fullmatch(name)
        kind = match[1] if match else name
        place = self.kinds.index(kind) if kind in self.kinds else len(self.kinds)
        return place, tuple(int(number) for number in _NUMBERS.findall(match[2] if match else "")), name
