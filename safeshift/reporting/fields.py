"""Reading an event's data without trusting its shape: an old or a damaged journal must still be told.

What is missing or of another type reads as empty. Next: ``narration.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from safeshift.journal.events import Json

Data = Mapping[str, Json]


def text(data: Data, key: str) -> str:
    """Return a field as text; empty when it is absent or null."""
    value = data.get(key)
    return "" if value is None else str(value)


def number(data: Data, key: str) -> float | None:
    """Return a field as a number; None when it is none."""
    value = data.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def texts(data: Data, key: str) -> tuple[str, ...]:
    """Return a field as a tuple of texts; empty when it is no list."""
    value = data.get(key)
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def table(data: Data, key: str) -> Data:
    """Return a field as a mapping; empty when it is none."""
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def rows(data: Data, key: str) -> tuple[Data, ...]:
    """Return a field as a tuple of mappings; what is no mapping is left out."""
    value = data.get(key)
    return tuple(row for row in value if isinstance(row, Mapping)) if isinstance(value, list | tuple) else ()
