"""A journal of its own for each test, in a private directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from safeshift.journal.store import Journal


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are one user's and no journal's: each test is a user of its own."""
    monkeypatch.setenv("SAFESHIFT_STATE", str(tmp_path / "user"))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An empty journal in a directory that does not exist before."""
    opened = Journal.open(tmp_path / "state" / "journal.db")
    yield opened
    opened.close()
