"""The fixture by which users try their own playbooks on the lab: ``safeshift_lab``.

pytest loads this in every run on a machine where safeshift is installed, so nothing heavy is imported before a test
asks for a lab. Next: ``lab.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from safeshift.lab.faults import Fault
    from safeshift.lab.lab import Lab, WhichInventory
    from safeshift.lab.truth import Truth
    from safeshift.model.fabric import Fabric

    MakeLab = Callable[..., Lab]


@pytest.fixture
def safeshift_lab() -> Iterator[MakeLab]:
    """Make labs that are up when they are returned and are closed when the test ends.

    Called as ``safeshift_lab(fabric, inventory, truth=..., faults=[...], seed=...)``, with the arguments of ``Lab``.
    """
    from safeshift.lab.lab import Lab

    with ExitStack() as labs:

        def make(
            fabric: str | Path | Fabric,
            inventory: WhichInventory,
            *,
            truth: str | Path | Truth | None = None,
            faults: str | Path | Iterable[Fault] = (),
            seed: int = 1,
        ) -> Lab:
            return labs.enter_context(Lab(fabric, inventory, truth=truth, faults=faults, seed=seed))

        yield make
