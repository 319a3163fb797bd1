"""The house keeps its shape: imports point down, modules and functions stay small, every public name is meant."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "safeshift"
# From the top of the house to its ground; a room may import from rooms further right, and from itself.
ORDER = [
    "__main__",
    "cli",
    "api",
    "lab",
    "reporting",
    "engine",
    "probes",
    "recovery",
    "drivers",
    "planning",
    "journal",
    "actions",
    "platforms",
    "fabric",
    "model",
]
GROUND = frozenset({"units", "verdict", "errors", "clock"})
LAB_IS_A_TOP_ROOM = "lab devices stand on the other side of the wire: they may not know how safeshift reads or writes"


LONG_DOCSTRINGS = {
    "safeshift": "the glossary: one word per idea",
    "safeshift.errors": "the error tree, drawn",
    "safeshift.engine.gate": "the table that the gate is",
    "safeshift.journal.events": "the table of what each kind of event holds",
    "safeshift.lab.dialects.grammar": "the language in which the command tables are written",
}
"""Modules whose docstring may have more than six lines, each with its reason."""


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "safeshift" else ""


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_imports_of_a_module_point_down(path: Path) -> None:
    """A room imports only from rooms below it; the ground imports nothing of the house but itself."""
    own = _room(_name(path))
    for imported in _imports(path):
        other = _room(imported)
        if not other or other == own or not imported.startswith("safeshift."):
            continue
        if own in GROUND:
            assert other in GROUND, f"{_name(path)} imports {imported}"
        elif own and other not in GROUND:
            assert ORDER.index(other) > ORDER.index(own), f"{_name(path)} imports {imported}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "lab" / "dialects").rglob("*.py")), ids=_name)
def test_dialect_shares_no_reading_with_platforms(path: Path) -> None:
    """How a lab device talks is written apart from how safeshift reads it, so that a misreading is not shared."""
    shared = [name for name in _imports(path) if name.startswith(("safeshift.platforms", "safeshift.drivers"))]
    assert shared == [], LAB_IS_A_TOP_ROOM


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_module_is_small_and_says_what_it_is(path: Path) -> None:
    """Every module has a docstring, of at most six lines unless it is a table or a drawing; none is over 500 lines."""
    text = path.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "no docstring"
    assert (len(docstring.splitlines()) > 6) == (_name(path) in LONG_DOCSTRINGS)
    assert len(text.splitlines()) <= 500


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_function_is_short(path: Path) -> None:
    """No function body is over 60 lines; none takes more than fourteen parameters, but for those that are flags."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            assert (node.end_lineno or 0) - first.lineno < 60, f"{node.name} in {_name(path)}"
            if path.parent.name != "cli":
                assert len(node.args.args) + len(node.args.kwonlyargs) <= 14, f"{node.name} in {_name(path)}"


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_module_hides_no_toy(path: Path) -> None:
    """No silent except, no stub, no name that says nothing."""
    assert path.stem not in {"utils", "util", "helpers", "common", "core", "misc"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            assert not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)), f"silent except in {_name(path)}"
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name | ast.Call):
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            assert getattr(called, "id", "") != "NotImplementedError", f"stub in {_name(path)}"


PUBLIC = {
    "safeshift.api": [
        "CheckResult",
        "Job",
        "Overrides",
        "RunResult",
        "check",
        "find_fabric",
        "load",
        "open_journal",
        "run",
    ],
    "safeshift.engine.interrupts": ["Interrupts"],
    "safeshift.engine.states": ["Final"],
    "safeshift.journal.events": ["Event", "Kind"],
    "safeshift.lab.faults": ["Fault", "FaultKind"],
    "safeshift.lab.handle": ["LabHandle"],
    "safeshift.lab.lab": ["Lab"],
    "safeshift.lab.pytest_plugin": ["safeshift_lab"],
    "safeshift.model.ansible_cfg": ["AnsibleConfig", "find_config"],
    "safeshift.model.connection": ["ConnectionDefaults"],
    "safeshift.planning.selecting": ["Selection"],
    "safeshift.errors": [
        "ExitCode",
        "Place",
        "SafeshiftError",
        "InputError",
        "PlaybookError",
        "InventoryError",
        "FabricError",
        "PlanError",
        "RefusedError",
        "LockHeldError",
        "LintError",
        "WhatIfError",
        "PreflightError",
        "StoppedError",
        "DeviceError",
        "ConnectError",
        "AuthError",
        "HostKeyError",
        "ConnectionLostError",
        "CommandRejectedError",
        "OutcomeUnknownError",
        "ProbeError",
        "JournalError",
        "LabError",
    ],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_of_a_module_are_there(module: str) -> None:
    """What scripts import stays where it is: taking a name away is a decision, not an accident."""
    loaded = importlib.import_module(module)
    assert [name for name in PUBLIC[module] if not hasattr(loaded, name)] == []
    declared = getattr(loaded, "__all__", None)
    assert declared is None or sorted(declared) == sorted(PUBLIC[module])


def _imported_by_documents() -> set[tuple[str, str]]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.py")]
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    found = [re.match(r"from (safeshift[\w.]*) import (.+)", line) for line in lines]
    return {(one[1], name.strip()) for one in found if one for name in one[2].split(",")}


def test_names_that_the_documentation_imports_are_public() -> None:
    """Whatever a page or an example tells users to import is held to stay, as a module or as a name of one."""
    imported = _imported_by_documents()
    assert ("safeshift", "api") in imported
    held = {(module, name) for module, names in PUBLIC.items() for name in names}
    held |= {(package, name) for package, _, name in (module.rpartition(".") for module in PUBLIC)}
    assert imported <= held


def test_error_tree_is_the_one_that_is_drawn() -> None:
    """The drawing on top of errors.py names every class, and no other."""
    errors = importlib.import_module("safeshift.errors")
    classes = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}
    drawn = set(re.findall(r"^\s+(\w+Error)\b", errors.__doc__ or "", flags=re.MULTILINE))
    assert classes == drawn
