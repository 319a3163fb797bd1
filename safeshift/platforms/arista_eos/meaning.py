"""Which lines of an Arista EOS configuration matter to routing: tables for ``platforms/meaning.py``."""

from __future__ import annotations

import re

from safeshift.platforms.arista_eos.grammar import INTERFACES
from safeshift.platforms.configtext import Block
from safeshift.platforms.draining import GRACEFUL_MAP, bgp_neighbors
from safeshift.platforms.meaning import Vocabulary
from safeshift.platforms.modes import either
from safeshift.platforms.quiet import PINNED, PINNED_INTERFACE, QUIET, QUIET_INTERFACE

_SPEED = re.compile(r"(?:forced |auto )?(\d+)(g?)(?:full|half)?(?:-\d+)?")


def read_speed(value: str) -> int | None:
    """Read ``100gfull``, ``forced 40gfull``, ``100g-4``, ``10000full``; None for ``auto``.

    Raises:
        ValueError: it is none of these.
    """
    if value == "auto":
        return None
    match = _SPEED.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not a speed of Arista EOS")
    return int(match[1]) * (10**9 if match[2] else 10**6)


def is_graceful(section: Block) -> bool:
    """Tell whether every BGP neighbour is sent the graceful-shutdown community (EOS has no command of its own)."""
    outbound = {child.text for child in section.children}
    neighbors = bgp_neighbors(section)
    return bool(neighbors) and all(f"neighbor {name} route-map {GRACEFUL_MAP} out" in outbound for name in neighbors)


VOCABULARY = Vocabulary(
    interfaces=INTERFACES,
    quiet=either(QUIET, "queue-monitor", "sflow", "terminattr", "vlan internal", "hardware counter"),
    pinned=either(
        PINNED,
        "agent",
        "daemon",
        "event-handler",
        "mlag configuration",
        "vrf instance",
        "ip virtual-router",
        "peer-filter",
    ),
    quiet_interface=either(QUIET_INTERFACE, "sflow", "ptp"),
    pinned_interface=either(PINNED_INTERFACE, "bandwidth", "link-debounce", "vxlan", "mlag", "ip ospf neighbor bfd"),
    speed=read_speed,
    reference_bandwidth=None,
    routes_by_default=False,
    graceful_shutdown=is_graceful,
)
