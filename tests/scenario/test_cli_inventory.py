"""``safeshift inventory`` as a process, against ansible-core's own programs where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenario.staging import DC1

PATH = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
ORACLE = shutil.which("ansible-inventory", path=PATH)
compared = pytest.mark.skipif(
    ORACLE is None, reason="NOT COMPARED WITH ANSIBLE: ansible-inventory is not installed (pip install ansible-core)"
)


def ours(*arguments: str) -> str:
    """Run safeshift; gives what it printed."""
    command = [sys.executable, "-m", "safeshift", "inventory", "-i", str(DC1), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def theirs(program: str, *arguments: str) -> str:
    """Run one of Ansible's programs; gives what it printed."""
    assert ORACLE is not None
    command = [str(Path(ORACLE).with_name(program)), "-i", str(DC1), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@compared
@pytest.mark.parametrize(
    "arguments",
    ["--list", "--list --limit p1,nodes", "--graph", "--graph --vars", "--graph routers --vars", "--host p1"],
)
def test_inventory_prints_byte_for_byte_what_ansible_prints(arguments: str) -> None:
    """Whoever parses the one can parse the other."""
    assert ours(*arguments.split()) == theirs("ansible-inventory", *arguments.split())


@compared
@pytest.mark.parametrize("pattern", ["leaves", "all:!nodes", "n*[1:3]", "~p[12]", "routers:&leaves"])
def test_list_hosts_prints_byte_for_byte_what_ansible_prints(pattern: str) -> None:
    """Patterns stand for the same hosts, in the same order."""
    assert ours("--list-hosts", pattern) == theirs("ansible", pattern, "--list-hosts")


@pytest.mark.parametrize("what", ["--list", "--graph"])
def test_a_reader_who_leaves_early_is_no_error(what: str) -> None:
    """``| head -1`` shows its line; no traceback, no bug."""
    command = [sys.executable, "-m", "safeshift", "inventory", "-i", str(DC1), what]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_answer_that_cannot_be_written_is_said() -> None:
    """A full disk is told in one sentence."""
    command = [sys.executable, "-m", "safeshift", "inventory", "-i", str(DC1), "--list"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "safeshift: the answer cannot be written: No space left on device\n"
