"""Lines for people: what is said, and in which tone; colours where there is a terminal, plain text where there is none.

All text goes through ``printable`` on its way out: what a device sends can never steer the reader's terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.text import Text


class Tone(Enum):
    """How a line is meant; the value is rich's style."""

    PLAIN = ""
    FAINT = "dim"
    HEAD = "bold"
    GOOD = "green"
    WARN = "yellow"
    BAD = "bold red"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a text, its tone, and how deep it stands under what it belongs to."""

    text: str
    tone: Tone = Tone.PLAIN
    depth: int = 0

    def __str__(self) -> str:
        return "  " * self.depth + printable(self.text)


_ESCAPES = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC: titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # DCS and its kin
    r"|[\x1b\x9b]\[?[0-?]*[ -/]*[@-~]"  # CSI, also as one C1 character, and two-character escapes
)
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def printable(text: str) -> str:
    r"""Take out escape sequences, and every character that has no shape or turns the direction of writing.

    Example:
        >>> printable("core1\x1b[31m#\tok")
        'core1# ok'
    """
    return _UNSEEN.sub("", _BREAKS.sub(" ", _ESCAPES.sub("", text)))


def write(console: Console, lines: Iterable[Line]) -> None:
    """Print lines; long ones are left to the terminal to wrap, so that what is copied from it is whole.

    Raises:
        OSError: the terminal or the pipe is gone.
    """
    for line in lines:
        shown = str(line).encode(console.encoding, "backslashreplace").decode(console.encoding)
        try:
            console.print(Text(shown, style=line.tone.value), soft_wrap=True, highlight=False)
        except SystemExit as error:  # rich ends the whole program when its pipe is closed; a run must go on
            raise BrokenPipeError("nobody reads the output any more") from error
