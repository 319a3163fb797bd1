"""Every test has a state directory of its own: no test sees another's locks, nor touches those of whoever runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _state_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is begun before any single test (scenarios that run side by side) goes here."""
    before = os.environ.get("SAFESHIFT_STATE")
    os.environ["SAFESHIFT_STATE"] = str(tmp_path_factory.mktemp("state"))
    yield
    if before is None:
        del os.environ["SAFESHIFT_STATE"]
    else:
        os.environ["SAFESHIFT_STATE"] = before
