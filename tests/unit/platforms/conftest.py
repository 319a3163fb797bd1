"""Two leaves as their devices show them, read once: the realistic texts that every test here starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def eos_text() -> str:
    """What an EOS leaf answers to ``show running-config``."""
    return (_FOLDER / "arista_leaf.cfg").read_text()


@pytest.fixture(scope="session")
def ios_text() -> str:
    """What an IOS-XE leaf answers to ``show running-config``."""
    return (_FOLDER / "cisco_leaf.cfg").read_text()
