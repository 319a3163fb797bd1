"""What README and docs say is true: commands are run, examples loaded, tables held against the code.

Each page is walked once, in a scratch folder with the site of the README, several pages at a time: most of it is
waiting for a lab. What a block may say about itself stands in an HTML comment above it: ``not run: REASON``,
``file: PATH`` (the block is that file), ``write: NAME`` (the block becomes that file), ``answers: ...`` (typed at a
terminal).
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
import yaml

import safeshift
from safeshift import api
from safeshift.engine import invariants
from safeshift.errors import ExitCode
from safeshift.journal.events import Kind
from safeshift.lab import truth as lab_truth
from safeshift.lab.faults import Fault, FaultKind
from safeshift.model import connection, fabric, play
from safeshift.model.inventory import load_inventory
from safeshift.model.steps import ARGUMENTS
from safeshift.planning.plan import Checks
from safeshift.platforms.cisco_ios.guard import PREREQUISITES
from safeshift.units import parse_duration, parse_percent

ROOT = Path(__file__).parent.parent
PAGES = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
INSTALLING = "python3 -m venv .venv && .venv/bin/pip install . && "  # what runs this test has done that
SITE = ("inventories/dc1", "inventories/dc1.fabric.yml")
PATIENCE_S = 280

pytestmark = pytest.mark.timeout(300)


# Reading pages ---------------------------------------------------------------------------------------------------


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


def read_blocks(page: str) -> tuple[Block, ...]:
    """Return the fenced blocks of a page."""
    found, notes = [], dict[str, str]()
    lines = iter(enumerate(PAGES[page].read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        note = re.fullmatch(r"<!-- ([\w ]+): (.*) -->", line)
        if note:
            notes[note[1]] = note[2]
        elif line.startswith("```"):
            text = "".join(f"{inner}\n" for _, inner in iter(lambda: next(lines), None) if not _ends(inner, found))
            found.append(Block(page, number, line[3:], notes, text))
            notes = {}
    return tuple(found)


def _ends(line: str, found: list[Block]) -> bool:
    raise NotImplementedError
