"""Writes the transcripts of the documentation anew from real runs: ``python -m tests.refresh_documents [PAGE ...]``.

A line that was shown is shown again, also when its words have changed a little; everything else stays ``...``. What
is left out is a person's choice: read the difference before you keep it. Compared in ``test_documents.py``.
"""

from __future__ import annotations

import difflib
import itertools
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.clone import Answer, walk
from tests.pages import ANY, BLOCKS, PAGES, Block, settled_line

_ALIKE = 0.7  # share of a line's letters that may not have changed for it to be the same line


def shown(answer: Answer, home: Path) -> Iterator[str]:
    """Give what a command printed now, with those lines left out that the page leaves out."""
    neutral = answer.output.replace(str(home), "/home/ada").replace(f"ada@{socket.gethostname()}", "ada@vm")
    printed = neutral.rstrip("\n").split("\n")
    if not answer.command.expected or ANY not in answer.command.expected:
        yield from printed if answer.command.expected else ()
        return
    kept = set(_kept(answer.command.expected, printed))
    if answer.command.expected[0] == ANY and 0 in kept:
        yield ANY  # what installing prints
    for is_kept, group in itertools.groupby(enumerate(printed), lambda line: line[0] in kept):
        yield from (line for _, line in group) if is_kept else (ANY,)


def _kept(expected: tuple[str, ...], printed: list[str]) -> Iterator[int]:
    """Find for each line of the page the printed line that is nearest to it, each once."""
    open_lines = {at: settled_line(line) for at, line in enumerate(printed)}
    for line in map(settled_line, expected):
        if line == ANY:
            continue
        same = [at for at, other in open_lines.items() if other == line]
        near = difflib.get_close_matches(line, open_lines.values(), n=1, cutoff=_ALIKE)
        same = same or [at for at, other in open_lines.items() if other in near]
        if same:
            del open_lines[same[0]]
            yield same[0]


def refresh(page: str) -> None:
    """Walk one page and write it anew."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        answers = walk(page, clone)
        text = PAGES[page].read_text(encoding="utf-8")
        for block, group in itertools.groupby(answers, lambda answer: answer.command.block):
            lines = (line for answer in group for line in (f"$ {answer.command.line}", *shown(answer, clone / "home")))
            text = text.replace(_fenced(block.text), _fenced("".join(f"{line}\n" for line in lines)))
        PAGES[page].write_text(text, encoding="utf-8")


def _fenced(text: str) -> str:
    return f"```console\n{text}```\n"


def _is_walked(block: Block) -> bool:
    return block.language == "console" and "not run" not in block.notes


if __name__ == "__main__":
    for name in sys.argv[1:] or dict.fromkeys(block.page for block in BLOCKS if _is_walked(block)):
        refresh(name)
        print(f"{name}: written anew; see git diff")
