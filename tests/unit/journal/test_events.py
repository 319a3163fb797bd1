"""The table of kinds is the contract between who writes events and who reads them."""

from __future__ import annotations

import re

from safeshift.journal import events


def test_table_of_kinds_lists_every_kind_and_no_other() -> None:
    """The table at the top of the module documents exactly the kinds that exist, in their order."""
    documented = re.findall(r"^``([A-Z_]+)``", events.__doc__ or "", re.MULTILINE)
    assert documented == [kind.name for kind in events.Kind]


def test_stored_kind_is_the_lower_case_name() -> None:
    """What stands in the journal can be guessed from the kind's name, for those who read it with SQL."""
    assert all(kind.value == kind.name.lower() for kind in events.Kind)
