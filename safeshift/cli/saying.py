"""What a command answers, on standard output: lines for people, JSON for machines.

What is said is made elsewhere (``reporting/``); errors are ``main.py``'s. A reader who has left, as ``| head -1`` does,
is no error: the command goes on to its own exit code, silently.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console

from safeshift.errors import SafeshiftError
from safeshift.reporting.lines import Line, write


def say(lines: Iterable[Line]) -> None:
    """Print lines: in colour at a terminal, plain otherwise.

    Raises:
        SafeshiftError: there is a reader, and it cannot be written to (a full disk).
    """
    with _answering():
        write(Console(highlight=False, emoji=False, markup=False), lines)


def say_json(value: object) -> None:
    """Print one JSON value, keys sorted and indented as Ansible's programs do; errors as ``say``."""
    with _answering():
        print(json.dumps(value, sort_keys=True, indent=4))


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
        if sys.stdout is not None:  # closed by whoever started us
            sys.stdout.flush()  # or the failure would come when the interpreter ends, and nobody could tell it
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise SafeshiftError(f"the answer cannot be written: {error.strerror}") from error
