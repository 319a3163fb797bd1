"""What a command answers, on standard output: lines for people, JSON for machines; flushed, so that a lost reader shows.

What is said is made elsewhere (``reporting/``); errors are ``main.py``'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from rich.console import Console

from safeshift.reporting.lines import Line, write


def say(lines: Iterable[Line]) -> None:
    """Print lines: in colour at a terminal, plain otherwise.

    Raises:
        OSError: nobody reads any more.
    """
    console = Console(highlight=False, emoji=False, markup=False)
    write(console, lines)
    console.file.flush()


def say_json(value: object) -> None:
    """Print one JSON value, keys sorted and indented as Ansible's programs do.

    Raises:
        OSError: nobody reads any more.
    """
    print(json.dumps(value, sort_keys=True, indent=4), flush=True)
