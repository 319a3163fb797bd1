"""Every test has state and locks of its own: no test sees those of another session, or of whoever runs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _state_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is begun before any single test (scenarios that run side by side) goes here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFESHIFT_STATE", str(tmp_path_factory.mktemp("state")))
        patch.setenv("SAFESHIFT_LOCKS", str(tmp_path_factory.mktemp("locks")))
        settings = tmp_path_factory.mktemp("settings") / "ansible.cfg"  # no test reads those of whoever runs it
        settings.touch()
        patch.setenv("ANSIBLE_CONFIG", str(settings))
        yield
