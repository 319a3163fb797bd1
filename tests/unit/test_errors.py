"""The error tree: each error is one sentence and a hint, and the drawing on top of the module is the tree."""

from __future__ import annotations

import inspect
import re

from safeshift import errors
from safeshift.errors import (
    CommandRejectedError,
    ConnectError,
    DeviceError,
    ExitCode,
    InputError,
    Place,
    PlaybookError,
    SafeshiftError,
)

CLASSES = {
    name: one
    for name, one in inspect.getmembers(errors, inspect.isclass)
    if issubclass(one, SafeshiftError) and one.__module__ == errors.__name__
}


def _drawn() -> dict[str, str]:
    """Each class in the drawing, with its parent there."""
    parents: list[tuple[int, str]] = []
    found = {}
    for indent, name in re.findall(r"^( +)(\w+Error)\b", str(errors.__doc__), re.MULTILINE):
        parents = [(depth, parent) for depth, parent in parents if depth < len(indent)]
        found[name] = parents[-1][1] if parents else ""
        parents.append((len(indent), name))
    return found


def test_drawing_shows_every_error_below_its_parent() -> None:
    """The tree on top of the module is the tree of classes: none is missing, none is elsewhere."""
    real = {name: one.__bases__[0].__name__ for name, one in CLASSES.items()}
    assert _drawn() == {**real, "SafeshiftError": ""}


def test_error_is_its_sentence_and_keeps_its_hint() -> None:
    """What an operator reads is the message; what to do next is apart, and may be absent."""
    error = SafeshiftError("the journal is on a full disk", hint="make room")
    assert (str(error), error.message, error.hint) == ("the journal is on a full disk",) * 2 + ("make room",)
    assert SafeshiftError("no").hint == ""


def test_place_is_written_as_editors_read_it() -> None:
    """File, line and column, as far as they are known."""
    assert str(Place("a.yml")) == "a.yml"
    assert str(Place("a.yml", 3)) == "a.yml:3"
    assert str(Place("a.yml", 3, 7)) == "a.yml:3:7"
    assert str(Place("a.yml", 0, 7)) == "a.yml"


def test_input_error_begins_with_its_place() -> None:
    """An editor can jump to it; without a place the sentence stands alone."""
    error = PlaybookError("hosts is missing", place=Place("p.yml", 3, 7), hint="add hosts")
    assert str(error) == "p.yml:3:7: hosts is missing"
    assert error.place == Place("p.yml", 3, 7)
    assert str(InputError("no inventory")) == "no inventory"


def test_device_error_begins_with_its_device() -> None:
    """Nobody has to guess which of many devices it was."""
    error = ConnectError("p1", "no route", hint="try the other network")
    assert (str(error), error.device, error.hint) == ("p1: no route", "p1", "try the other network")


def test_rejected_command_keeps_the_line_and_the_devices_words() -> None:
    """The report shows both as they were, so the device's own words are never paraphrased."""
    error = CommandRejectedError("p1", "rooter ospf 1", "% Invalid input")
    assert isinstance(error, DeviceError)
    assert (error.command, error.answer) == ("rooter ospf 1", "% Invalid input")
    assert str(error) == "p1: refused 'rooter ospf 1': % Invalid input"


def test_exit_codes_are_told_apart() -> None:
    """Scripts rely on the numbers: they never change, and 130 is what a shell expects of an interrupt."""
    assert {code.name: int(code) for code in ExitCode} == {
        "COMPLETED": 0, "BUG": 1, "BAD_INPUT": 2, "REFUSED": 3, "ROLLED_BACK": 4, "NEEDS_OPERATOR": 5, "JOURNAL": 6,
        "INTERRUPTED": 130,
    }  # fmt: skip
