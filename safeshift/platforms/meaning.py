"""What EOS and IOS configuration text means for routing: ``interpret``, from one ``Vocabulary`` per platform.

Every line ends in exactly one of four places: in the ``RouterState``, in a table of lines that cannot matter to
forwarding, in ``pinned`` (harmless while it stays as it is), or in ``unread``; the last is the default.
Next: ``ospf.py`` for the OSPF process; tables: ``quiet.py``, ``arista_eos/meaning.py``, ``cisco_ios/meaning.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from re import Pattern

from safeshift.fabric.state import STATIC_DISTANCE, InterfaceState, RouterState, StaticRoute
from safeshift.platforms.configtext import Block, Blocks
from safeshift.platforms.interfaces import InterfaceNames
from safeshift.platforms.ospf import BACKBONE, OspfProcess, derived_cost, read_process
from safeshift.platforms.typed import split_no

_IPV4 = r"\d+\.\d+\.\d+\.\d+"
_ADDRESS = re.compile(rf"ip address ({_IPV4})(?: ({_IPV4})|(/\d+))")
_STATIC = re.compile(
    rf"ip route ({_IPV4})(?: ({_IPV4})|(/\d+))"
    rf"(?: (?P<interface>[A-Za-z]\S*?\d\S*))?(?: (?P<hop>{_IPV4}))?(?: (?P<distance>\d+))?"
    r"(?: (?:name \S+|tag \d+|permanent))*"
)
_VRF = re.compile(r"(?:ip )?vrf (?:forwarding )?(\S+)")
# VRFs that only carry the way to the device itself; whatever happens in them forwards nothing of the fabric.
_MANAGEMENT_VRF = re.compile(r"(?i).*(?:mgmt|management|oob).*")
_IN_VRF = re.compile(r"ip (?:route|routing) vrf (\S+)")
_VLAN_NAME = re.compile(r"vlan \S+ / name .*")
_AREA = re.compile(r"ip ospf (?:(?P<process>\d+) )?area (?P<area>\S+)(?: secondaries none)?")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which lines matter on a platform, and how it writes those that differ between platforms.

    Attributes:
        quiet: Global lines (with their sections) that cannot matter to forwarding; matched without a leading ``no``.
        pinned: Global lines that may matter, but not while they stay as they are.
        quiet_interface, pinned_interface: The same for lines of an interface.
        speed: Reads what follows ``speed`` as bit/s; None when the line leaves it to the port; ValueError: unknown.
        reference_bandwidth: Bit/s that cost 1 when nothing is configured; None when the default cost is fixed.
        routes_by_default: The device forwards without ``ip routing`` in its text.
        graceful_shutdown: Tells whether a BGP section asks all neighbours to avoid this router.
    """

    interfaces: InterfaceNames
    quiet: Pattern[str]
    pinned: Pattern[str]
    quiet_interface: Pattern[str]
    pinned_interface: Pattern[str]
    speed: Callable[[str], int | None]
    reference_bandwidth: int | None
    routes_by_default: bool
    graceful_shutdown: Callable[[Block], bool]


@dataclass(slots=True)
class _Port:
    """An interface while it is read."""

    name: str
    address: IPv4Interface | None = None
    enabled: bool = True
    speed: int | None = None
    cost: int | None = None
    bandwidth: int | None = None
    process: str | None = None
    foreign: bool = False


@dataclass(slots=True)
class _Reading:
    """A router while it is read."""

    words: Vocabulary
    hostname: str = ""
    ports: dict[str, _Port] = field(default_factory=dict)
    statics: list[StaticRoute] = field(default_factory=list)
    processes: dict[str, OspfProcess] = field(default_factory=dict)
    routing: bool = False
    graceful_shutdown: bool = False
    unread: list[str] = field(default_factory=list)
    pinned: list[str] = field(default_factory=list)


def interpret(blocks: Blocks, words: Vocabulary) -> RouterState:
    """Say what a configuration means for routing; what cannot be interpreted is listed in ``unread``."""
    reading = _Reading(words, routing=words.routes_by_default)
    for block in blocks:
        _read_global(reading, block)
    if not reading.routing and (reading.ports or reading.statics):
        reading.unread.append("no ip routing")
    if len(reading.processes) > 1:
        reading.unread += [f"router ospf {process}" for process in list(reading.processes)[1:]]
    process = next(iter(reading.processes.values()), None)
    reference = words.reference_bandwidth
    if process is not None and process.reference_bandwidth is not None:
        reference = process.reference_bandwidth
    for port in reading.ports.values():
        if port.process not in (None, "", *reading.processes):
            reading.unread.append(f"interface {port.name} / ip ospf {port.process}")
    return RouterState(
        hostname=reading.hostname,
        interfaces={port.name: _as_state(port, process, reference) for port in reading.ports.values()},
        statics=tuple(reading.statics),
        ospf=process is not None,
        max_metric=process is not None and process.max_metric,
        max_metric_stub=process is not None and process.max_metric_stub,
        reference_bandwidth=reference,
        graceful_shutdown=reading.graceful_shutdown,
        unread=tuple(reading.unread),
        pinned=tuple(reading.pinned),
        **({} if process is None or process.distance is None else {"ospf_distance": process.distance}),
    )


def _as_state(port: _Port, process: OspfProcess | None, reference: int | None) -> InterfaceState:
    runs = process is not None and not port.foreign and (port.process is not None or process.covers(port.address))
    cost = port.cost
    if cost is None and port.bandwidth is not None and reference is not None:
        cost = derived_cost(reference, port.bandwidth)
    return InterfaceState(
        name=port.name,
        address=None if port.foreign else port.address,
        enabled=port.enabled,
        speed=port.speed,
        cost=cost,
        ospf=runs,
        passive=runs and process is not None and process.is_passive(port.name),
    )


def _read_global(reading: _Reading, block: Block) -> None:
    negative, body = split_no(block.text)
    words = reading.words
    if block.text.startswith("hostname "):
        reading.hostname = block.text.removeprefix("hostname ").strip().strip('"')
    elif block.text.startswith("interface "):
        _read_interface(reading, block)
    elif re.fullmatch(r"router ospf \d+", block.text):
        _read_ospf(reading, block)
    elif block.text.startswith("router bgp "):
        _read_bgp(reading, block)
    elif body == "ip routing":
        reading.routing = not negative
    elif re.match(r"ip route (?!vrf )", block.text):
        _read_static(reading, block.text)
    elif words.quiet.match(body):
        return
    elif (vrf := _IN_VRF.match(body)) and _MANAGEMENT_VRF.fullmatch(vrf[1]):
        reading.pinned.append(block.text)
    elif words.pinned.match(body):
        reading.pinned += (line for line in _flat(block) if not _VLAN_NAME.fullmatch(line))
    else:
        reading.unread += _flat(block)


def _flat(block: Block, parent: str = "") -> Iterator[str]:
    """Write a section as lines that name their parents: ``route-map X permit 10 / set metric 5``."""
    yield parent + block.text + (" " + " ".join(block.body) if block.body else "")
    for child in block.children:
        yield from _flat(child, f"{parent}{block.text} / ")


def _read_static(reading: _Reading, text: str) -> None:
    match = _STATIC.fullmatch(text)
    interface = reading.words.interfaces.canonical(match["interface"]) if match and match["interface"] else None
    if match is None or (match["interface"] and interface is None) or not (match["interface"] or match["hop"]):
        reading.unread.append(text)
        return
    try:
        prefix = IPv4Network(f"{match[1]}/{(match[2] or match[3]).lstrip('/')}", strict=False)
        hop = IPv4Address(match["hop"]) if match["hop"] else None
    except ValueError:
        reading.unread.append(text)
        return
    is_discard = interface is not None and interface.startswith("Null")
    reading.statics.append(
        StaticRoute(prefix, hop, None if is_discard else interface, int(match["distance"] or STATIC_DISTANCE))
    )


def _read_interface(reading: _Reading, block: Block) -> None:
    name = reading.words.interfaces.canonical(block.text.removeprefix("interface "))
    if name is None:
        reading.unread += _flat(block)
        return
    port = _Port(name)
    vrf = next((match[1] for child in block.children if (match := _VRF.fullmatch(child.text))), None)
    if vrf is not None:
        port.foreign = True
        (reading.pinned if _MANAGEMENT_VRF.fullmatch(vrf) else reading.unread).extend(_flat(block))
    for child in block.children:
        try:
            is_known = not child.children and _read_interface_line(port, child.text, reading.words)
        except ValueError:
            is_known = False
        if not is_known and not port.foreign:
            _keep_interface_line(reading, block.text, child)
    if port.address is None and not port.foreign:  # a switched port: it carries nodes that routing does not see
        reading.pinned += (
            f"{block.text} / {child.text}" for child in block.children if re.match(r"shutdown|speed ", child.text)
        )
    reading.ports[name] = port


def _keep_interface_line(reading: _Reading, section: str, child: Block) -> None:
    _, body = split_no(child.text)
    if reading.words.quiet_interface.match(body):
        return
    kept = reading.pinned if reading.words.pinned_interface.match(body) else reading.unread
    kept += _flat(child, f"{section} / ")


def _read_interface_line(port: _Port, text: str, words: Vocabulary) -> bool:
    """Take one line into the port; False when it is not one that the state speaks of.

    Raises:
        ValueError: it is, but its value makes no sense.
    """
    head, _, value = text.partition(" ")
    if text in ("shutdown", "no shutdown"):
        port.enabled = text != "shutdown"
    elif head == "speed":
        port.speed = words.speed(value)
    elif head == "bandwidth" and words.reference_bandwidth is not None:
        port.bandwidth = int(value) * 1000  # typed in kbit/s
    elif match := _ADDRESS.fullmatch(text):
        port.address = IPv4Interface(f"{match[1]}/{(match[2] or match[3]).lstrip('/')}")
    elif text.startswith("ip ospf cost "):
        port.cost = int(text.removeprefix("ip ospf cost "))
    elif (area := _AREA.fullmatch(text)) and area["area"] in BACKBONE:
        port.process = area["process"] or ""
    else:
        return False
    return True


def _read_ospf(reading: _Reading, block: Block) -> None:
    process = read_process(block, reading.words.interfaces)
    reading.processes[block.text.removeprefix("router ospf ")] = process
    reading.pinned += process.pinned
    reading.unread += process.unread


_QUIET_BGP = re.compile(
    r"(?:bgp )?(?:router-id|log-neighbor-changes)(?:\s|$)|bgp graceful-shutdown |neighbor \S+ description "
)


def _read_bgp(reading: _Reading, block: Block) -> None:
    """Read whether the process asks to be avoided; all else of BGP is beyond the model, so it is unread."""
    reading.graceful_shutdown = reading.words.graceful_shutdown(block)
    reading.pinned.append(block.text)
    for child in block.children:
        if not _QUIET_BGP.match(split_no(child.text)[1]):
            reading.unread += _flat(child, f"{block.text} / ")
