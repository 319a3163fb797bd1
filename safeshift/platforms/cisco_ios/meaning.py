"""Which lines of a Cisco IOS or IOS-XE configuration matter to routing: tables for ``platforms/meaning.py``."""

from __future__ import annotations

import re

from safeshift.platforms.cisco_ios.grammar import INTERFACES
from safeshift.platforms.configtext import Block
from safeshift.platforms.meaning import Vocabulary
from safeshift.platforms.modes import either
from safeshift.platforms.quiet import PINNED, PINNED_INTERFACE, QUIET, QUIET_INTERFACE

_GRACEFUL = re.compile(r"bgp graceful-shutdown all neighbors (?:.* )?activate")


def read_speed(value: str) -> int | None:
    """Read a speed in Mbit/s (``40000``); None for ``auto`` and ``nonegotiate``.

    Raises:
        ValueError: it is neither.
    """
    if value in ("auto", "nonegotiate"):
        return None
    return int(value) * 10**6


def is_graceful(section: Block) -> bool:
    """Tell whether the process runs IOS's own graceful shutdown of all neighbours."""
    return any(_GRACEFUL.fullmatch(child.text) for child in section.children)


VOCABULARY = Vocabulary(
    interfaces=INTERFACES,
    quiet=either(
        QUIET,
        "subscriber templating",
        "multilink bundle-name",
        "call-home",
        "diagnostic",
        "memory",
        "login",
        "parser",
    ),
    pinned=either(
        PINNED,
        "platform",
        "vrf definition",
        "ip vrf",
        "vtp",
        "udld",
        "flow",
        "table-map",
        "license boot level",
        "ip cef",
        r"switch \d+ provision",
    ),
    quiet_interface=either(QUIET_INTERFACE, "mop", "cdp"),
    pinned_interface=either(
        PINNED_INTERFACE,
        "negotiation",
        "media-type",
        "hold-queue",
        "keepalive",
        "udld",
        "device-tracking",
        "authentication",
        "dot1x",
        "mab",
    ),
    speed=read_speed,
    reference_bandwidth=100_000_000,  # IOS derives costs unless told otherwise; 100 Mbit/s costs 1
    routes_by_default=True,
    graceful_shutdown=is_graceful,
)
