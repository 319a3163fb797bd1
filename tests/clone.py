"""A fresh clone to type commands in, as a reader of the documentation has it, and a walk through one page.

The page for a reader's own routers meets two lab routers that it knows nothing of. Next: ``test_documents.py``.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import safeshift
from safeshift.lab.process import start_lab, stop_lab
from safeshift.lab.running import RunningLab
from tests.pages import ROOT, Command, read_blocks, read_commands

ROUTERS_PAGE = "docs/first-two-routers.md"
PATIENCE_S = 280
_INSTALLING = "python3 -m venv .venv && .venv/bin/pip install . && "  # whoever runs the tests has done that


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command really printed."""

    command: Command
    output: str
    code: int


class Scratch:
    """A folder that looks like a fresh clone whose safeshift is installed, with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("playbooks", "inventories", "docs"):
            shutil.copytree(ROOT / name, folder / name)
        self.home, programs = folder / "home", folder / ".venv" / "bin"
        (self.home / ".ssh").mkdir(parents=True, mode=0o700)
        programs.mkdir(parents=True)
        for name, arguments in (("safeshift", " -m safeshift"), ("python", "")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n')
            program.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SAFESHIFT_", "XDG_", "COV"))}
        self.environment = {
            **kept,
            "HOME": str(self.home),
            "LOGNAME": "ada",
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(safeshift.__file__).parent.parent),
            "TERM": "dumb",
            "COLUMNS": "100",
        }

    def run(self, line: str, *, typed: str = "") -> tuple[str, int]:
        """Type a line in a shell without a terminal; what is ``typed`` waits on standard input."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.stdout, done.returncode

    def run_at_terminal(self, line: str, answers: tuple[str, ...]) -> tuple[str, int]:
        """Type a line at a terminal, and an answer at each question."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        said, waiting = "", list(answers)
        with os.fdopen(ours, "r+b", buffering=0) as terminal:
            while chunk := _heard(terminal.fileno()):
                said += chunk
                if waiting and re.search(r"(?:password|\[y/N\]): \Z", said):
                    terminal.write(f"{waiting.pop(0)}\n".encode())
        return said.replace("\r\n", "\n"), process.wait(PATIENCE_S)

    def close(self) -> None:
        """Take down whatever labs the page left."""
        self.run("safeshift lab down --all")


def _heard(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode()
    except OSError:  # a terminal's way to say that nobody is at the other end any more
        return ""


def walk(page: str, folder: Path) -> list[Answer]:
    """Do what a page says, from top to bottom."""
    scratch = Scratch(folder)
    lab = _own_routers(scratch) if page == ROUTERS_PAGE else None
    answers = []
    try:
        for block in read_blocks(page):
            if "write" in block.notes:
                (folder / block.notes["write"]).write_text(_site_of(block.text, lab))
            if block.language != "console" or "not run" in block.notes:
                continue
            for command in read_commands(block):
                if command.line.startswith("ssh") and shutil.which("ssh-keyscan") is None:
                    _accept_keys(scratch, lab)
                else:
                    answers.append(_typed(scratch, command, lab))
    finally:
        scratch.close()
        if lab is not None:
            stop_lab(lab.state_dir)
    return answers


def _accept_keys(scratch: Scratch, lab: RunningLab | None) -> None:
    """Stand in for OpenSSH's own programs on a machine that does not have them."""
    if lab is not None:
        shutil.copy(lab.known_hosts, scratch.home / ".ssh" / "known_hosts")


def _typed(scratch: Scratch, command: Command, lab: RunningLab | None) -> Answer:
    line = command.line.removeprefix(_INSTALLING)
    if lab is not None:
        line = re.sub(
            r"(ssh-keyscan .*?)192\.0\.2\.(\d)", lambda m: f"{m[1]}-p {lab.address(f'r{m[2]}')[1]} 127.0.0.1", line
        )
    password = lab.password if lab is not None else ""
    if "answers" in command.block.notes:
        output, code = scratch.run_at_terminal(line, (password, *command.block.notes["answers"].split()))
    else:
        output, code = scratch.run(line, typed=f"{password}\n")
    return Answer(command, output, code)


def _own_routers(scratch: Scratch) -> RunningLab:
    """Bring up the page's two routers; the page knows nothing of it and goes to them as to real ones."""
    for block in read_blocks(ROUTERS_PAGE):
        if block.notes.get("write", "").startswith("two."):
            (scratch.folder / block.notes["write"]).write_text(block.text)
    where = scratch.folder / "routers"
    return start_lab(scratch.folder / "two.fabric.yml", str(scratch.folder / "two.yml"), state_dir=where)


def _site_of(text: str, lab: RunningLab | None) -> str:
    """Put the lab's addresses and user in the place of those that a reader would replace."""
    if lab is None:
        return text
    text = text.replace("ansible_user: netops", f"ansible_user: {lab.user}")
    return re.sub(
        r"ansible_host: 192\.0\.2\.(\d)",
        lambda m: f"ansible_host: 127.0.0.1, ansible_port: {lab.address(f'r{m[1]}')[1]}",
        text,
    )
