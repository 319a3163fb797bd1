"""What a command answers, on standard output: lines for people, JSON for machines.

What is said is made elsewhere (``reporting/``); errors are ``main.py``'s. A reader who has left, as ``| head -1`` does,
is no error: the command goes on to its own exit code, silently. What a run says beside (``mention``) never fails.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

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


def say_text(text: str) -> None:
    """Print text that is laid out already; errors as ``say``."""
    with _answering():
        print(text)


def mention(text: str, *, to: TextIO | None = None) -> None:
    """Print a text, to standard output unless told otherwise; where nobody can read it any more, go on in silence."""
    stream = sys.stdout if to is None else to
    if stream is None:  # closed by whoever started us
        return
    try:
        print(text, file=stream, flush=True)
    except OSError:  # what stays in the buffer would fail once more when the interpreter ends, with a code of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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
