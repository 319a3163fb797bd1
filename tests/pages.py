"""The pages of the documentation as data: fenced blocks, commands, tables, and what a command may print differently.

What a block says about itself stands in an HTML comment above it: ``not run: REASON``, ``file: PATH`` (the block is
that file), ``write: NAME`` (the block becomes that file), ``answers: ...`` (typed at a terminal). Next: ``clone.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_FILES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PAGES = {path.relative_to(ROOT).as_posix(): path for path in _FILES}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it begins, its language, what is said about it, its text."""

    page: str
    line: int
    language: str
    notes: Mapping[str, str]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


_BLOCK = re.compile(r"((?:^<!-- [\w ]+: [^\n]* -->\n)*)^```(\w+)\n(.*?)^```$", re.S | re.M)


def read_blocks(page: str) -> tuple[Block, ...]:
    """Return the fenced blocks of a page."""
    text = PAGES[page].read_text(encoding="utf-8")
    return tuple(
        Block(
            page,
            text.count("\n", 0, match.start(2)) + 1,
            match[2],
            dict(re.findall(r"<!-- ([\w ]+): (.*) -->", match[1])),
            match[3],
        )
        for match in _BLOCK.finditer(text)
    )


def without_blocks(page: str) -> str:
    """Return the text of a page without its fenced blocks."""
    return _BLOCK.sub("", PAGES[page].read_text(encoding="utf-8"))


BLOCKS = tuple(block for page in PAGES for block in read_blocks(page))


def read_table(page: str, heading: str) -> dict[str, tuple[str, ...]]:
    """Return the tables under a heading, by what is in code in the first cell (``to`` * is to)."""
    _, found, rest = PAGES[page].read_text(encoding="utf-8").partition(f"\n{heading}\n")
    assert found, f"{page} has no {heading!r}"
    own = re.split(r"(?m)^#", rest)[0]
    rows = [
        tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in own.splitlines() if "|" in line[:1]
    ]
    return {name: row for row in rows for name in re.findall(r"`([^`]+)`", row[0])}


def pages_with(condition: Callable[[Block], bool]) -> list[str]:
    """Return the pages that have such a block."""
    return list(dict.fromkeys(block.page for block in BLOCKS if condition(block)))


@dataclass(frozen=True, slots=True)
class Command:
    """A line to type, and what it is said to print; ``...`` stands for any lines."""

    block: Block
    line: str
    expected: tuple[str, ...]


def read_commands(block: Block) -> Iterator[Command]:
    """Split a console block at its prompts."""
    for part in re.split(r"(?m)^\$ ", block.text)[1:]:
        line, *expected = part.rstrip("\n").split("\n")
        yield Command(block, line, tuple(expected))


# What a command prints, without what differs each time

_VOLATILE = (
    (r"^ *\d+\.\d s  ", "TIME  "),
    (r"^\d\d:\d\d:\d\d\.\d{3}  ", "TIME  "),
    (r"\d{8}-\d{6}-[0-9a-f]{4}", "RUN"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC(?:  \d[\d.]* s +)?", "DATE"),
    (r" in \d+\.\d+ s$", " in TIME"),
    (r"(after|finished|undone|to be,|before) (?:\d+ min )?\d+(?:\.\d)? s\b", r"\1 TIME"),
    (r"\(\d+ of \d+ probes missed(?:, [\d.]+ ms)?\)", "(PROBES)"),
    (r"\b(plan|head) [0-9a-f]{12,}", r"\1 HASH"),
    (r" by \S+@\S+,", " by WHO,"),
    (r"(?<=127\.0\.0\.1:)\d+", "PORT"),
    (r"\bpid \d+", "pid PID"),
    (r"/\S*/(?=lab/|logs/|journal\.db)", "STATE/"),
    (r"\b\d+ events", "N events"),
    (r"(?:n\d(?:, | and )?)+ (?:is|are) isolated", "NODES isolated"),
    (r"; (?:n\d(?:, | and )?)+ FAIL on all of them too", ""),
    (r"TOOK +OPERATOR", "TOOK OPERATOR"),
    (r"\s+$", ""),
)
_OF_A_DEVICE = re.compile(r"TIME {4,}[a-z]\d ")
ANY = "..."
"""A line of a page that stands for any lines."""


def settled_line(line: str) -> str:
    """Take out of a line what differs each time: times, names made by chance, which nodes are isolated."""
    for pattern, word in _VOLATILE:
        line = re.sub(pattern, word, line)
    return line


def settled(lines: tuple[str, ...]) -> list[str]:
    """Settle every line, and put what devices did side by side into one order."""
    ordered: list[str] = []
    beside: list[str] = []
    for line in map(settled_line, lines):
        if _OF_A_DEVICE.match(line):
            beside.append(line)
        elif not (beside and line == ANY):
            ordered += [*sorted(beside), line]
            beside = []
    return [*ordered, *sorted(beside)]


def missing_line(expected: tuple[str, ...], output: str) -> str:
    """Return the first line that a page shows and the command did not print where it should; empty: there is none."""
    wanted, printed = settled(expected), settled(tuple(output.rstrip("\n").split("\n")))
    if ANY not in expected:
        return "" if not expected or wanted == printed else f"all of it: {printed}"
    rest = iter(printed)
    return next((line for line in wanted if line != ANY and line not in rest), "")
