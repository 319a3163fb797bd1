"""All that is particular to a device OS. ``platform_named`` finds a platform; ``base.py`` says what each promises."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from safeshift.errors import InventoryError
from safeshift.platforms.arista_eos import ARISTA_EOS
from safeshift.platforms.base import Platform
from safeshift.platforms.cisco_ios import CISCO_IOS
from safeshift.platforms.linux import LINUX

__all__ = ("PLATFORMS", "platform_named")

PLATFORMS: Mapping[str, Platform] = {
    "arista_eos": ARISTA_EOS,
    "cisco_ios": CISCO_IOS,
    "cisco_xe": CISCO_IOS,
    "linux": LINUX,
}


def platform_named(name: str) -> Platform:
    """Return the platform of that name; ``cisco_xe`` is ``cisco_ios``.

    Raises:
        InventoryError: safeshift knows no such platform.
    """
    if name in PLATFORMS:
        return PLATFORMS[name]
    close = difflib.get_close_matches(name, PLATFORMS, n=1)
    known = ", ".join(PLATFORMS)
    raise InventoryError(
        f"{name!r} is not a platform that safeshift knows",
        hint=f"did you mean {close[0]!r}?" if close else f"known platforms: {known}",
    )
