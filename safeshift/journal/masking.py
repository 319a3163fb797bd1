"""What a journal may keep of a command line: everything but the values of what sounds like a secret.

The journal is shown to others; passwords belong into a vault or are asked for. Next: ``writer.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAME = r"""\w*(?:pass|secret|token|key|credential|community)\w*["']?\s*[=:]\s*"""
_SECRET = re.compile(rf"""({_NAME})("[^"]*"|'[^']*'|[^\s,}}]+)""", re.IGNORECASE)


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command line without the values of variables (``-e``) whose names sound secret.

    Options that name files (``--private-key=FILE``) are kept whole.
    """
    return tuple(
        word if word.startswith("--") and not word.startswith("--extra-vars=") else _SECRET.sub(r"\1***", word)
        for word in argv
    )
