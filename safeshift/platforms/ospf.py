"""What the lines of an OSPF process mean: which interfaces it covers, how it announces itself.

Areas other than the backbone, redistribution and filters are beyond the model: they are unread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from re import Match

from safeshift.fabric.state import MAX_METRIC
from safeshift.platforms.configtext import Block
from safeshift.platforms.interfaces import InterfaceNames

BACKBONE = ("0", "0.0.0.0")
_QUIET = re.compile(
    r"(?:no )?(?:log-adjacency-changes|max-lsa|nsr|nsf|graceful-restart|ispf|snmp|event-log)(?=\s|$)|no shutdown$"
    r"|distance ospf (?:inter-area|external) \d+$"  # routes that the model does not have
)
_PINNED = re.compile(
    r"(?:no )?(?:router-id|timers|bfd|maximum-paths (?!1$)\d+|capability|compatible|limit|queue-depth|ttl-security)"
    r"(?=\s|$)"
)
_IPV4 = r"\d+\.\d+\.\d+\.\d+"


@dataclass(slots=True)
class OspfProcess:
    """One ``router ospf`` section.

    Attributes:
        networks: What its ``network`` statements cover, as (address, bits that must agree).
        passive, active: Interfaces named by ``passive-interface`` and ``no passive-interface``.
        distance: Administrative distance of its routes; None when the default holds.
    """

    networks: list[tuple[int, int]] = field(default_factory=list)
    passive_default: bool = False
    passive: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    max_metric: bool = False
    max_metric_stub: bool = False
    reference_bandwidth: int | None = None
    distance: int | None = None
    pinned: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def covers(self, address: IPv4Interface | None) -> bool:
        """Tell whether a ``network`` statement enables the process on an interface with this address."""
        return address is not None and any(
            (int(address.ip) & bits) == (network & bits) for network, bits in self.networks
        )

    def is_passive(self, interface: str) -> bool:
        """Tell whether no adjacency is formed over an interface."""
        return interface in self.passive or (self.passive_default and interface not in self.active)


def derived_cost(reference: int, bandwidth: int) -> int:
    """Return the cost that OSPF derives from an interface's bandwidth, both in bit/s."""
    return max(1, min(MAX_METRIC, reference // bandwidth)) if bandwidth else MAX_METRIC


def read_process(block: Block, interfaces: InterfaceNames) -> OspfProcess:
    """Read a ``router ospf`` section; lines that it does not understand are in ``unread``, with their parent."""
    process = OspfProcess()
    for child in block.children:
        line = f"{block.text} / {child.text}"
        if child.children:
            process.unread.append(line)
        elif not _read_line(process, child.text, interfaces) and not _QUIET.match(child.text):
            (process.pinned if _PINNED.match(child.text) else process.unread).append(line)
    return process


def _read_line(process: OspfProcess, text: str, interfaces: InterfaceNames) -> bool:
    for pattern, read in _LINES.items():
        match = re.fullmatch(pattern, text)
        if match:
            return read(process, match, interfaces)
    return False


def _read_passive(process: OspfProcess, match: Match[str], interfaces: InterfaceNames) -> bool:
    if match["name"] == "default":
        process.passive_default = match["no"] is None
        return True
    name = interfaces.canonical(match["name"])
    if name is None:
        return False
    (process.passive if match["no"] is None else process.active).add(name)
    return True


def _read_network(process: OspfProcess, match: Match[str], _: InterfaceNames) -> bool:
    if match["area"] not in BACKBONE:
        return False
    try:
        if match["length"]:
            network = IPv4Network(f"{match['address']}/{match['length']}", strict=False)
            process.networks.append((int(network.network_address), int(network.netmask)))
        else:
            bits = ~int(IPv4Address(match["wildcard"])) & 0xFFFFFFFF
            process.networks.append((int(IPv4Address(match["address"])), bits))
    except ValueError:
        return False
    return True


def _read_max_metric(process: OspfProcess, match: Match[str], _: InterfaceNames) -> bool:
    options = match["options"]
    if "on-startup" not in options:  # with it, the metric is raised after the next boot, not now
        process.max_metric = True
        process.max_metric_stub = "include-stub" in options
    return True


def _read_reference(process: OspfProcess, match: Match[str], _: InterfaceNames) -> bool:
    process.reference_bandwidth = int(match["mbit"]) * 10**6
    return True


def _read_distance(process: OspfProcess, match: Match[str], _: InterfaceNames) -> bool:
    process.distance = int(match["distance"])
    return True


_LINES: Mapping[str, Callable[[OspfProcess, Match[str], InterfaceNames], bool]] = {
    r"(?P<no>no )?passive-interface (?P<name>.+)": _read_passive,
    rf"network (?P<address>{_IPV4})(?:/(?P<length>\d+)| (?P<wildcard>{_IPV4})) area (?P<area>\S+)": _read_network,
    r"max-metric router-lsa(?P<options>(?: (?:include-stub|(?:external-lsa|summary-lsa)(?: \d+)?"
    r"|on-startup (?:\d+|wait-for-bgp)))*)": _read_max_metric,
    r"auto-cost reference-bandwidth (?P<mbit>\d+)": _read_reference,
    r"distance (?:ospf (?:external \d+ |inter-area \d+ )*intra-area )?(?P<distance>\d+)"
    r"(?: (?:external|inter-area) \d+)*": _read_distance,
}
