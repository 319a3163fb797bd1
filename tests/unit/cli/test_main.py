"""What becomes of an error that nobody foresaw: it is told whole, and it has an exit code of its own."""

from __future__ import annotations

from importlib import metadata

import pytest

from tests.unit.cli.calling import Cli


def test_unforeseen_error_in_a_command_is_told_as_a_bug(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1: the traceback for whoever mends it, then that it is a bug of safeshift's and to be reported."""

    def break_down(name: str) -> str:
        raise RuntimeError(f"nobody foresaw this of {name}")

    monkeypatch.setattr(metadata, "version", break_down)
    answered = cli("--version")
    assert (answered.code, answered.out) == (1, "")
    said = answered.err.splitlines()
    assert said[0] == "Traceback (most recent call last):"
    assert said[-2:] == [
        "RuntimeError: nobody foresaw this of safeshift",
        "safeshift: this is a bug in safeshift; please report it with the lines above",
    ]
