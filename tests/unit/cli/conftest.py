"""The command line, with a state directory of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.calling import Cli, caller


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory; the working directory is beside it, and empty."""
    place = tmp_path / "state"
    monkeypatch.setenv("SAFESHIFT_STATE", str(place))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return place


@pytest.fixture
def cli(state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Call safeshift."""
    return caller(monkeypatch, capsys)
