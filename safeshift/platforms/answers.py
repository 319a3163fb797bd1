"""Reading the answers of devices: ping, counters, and operational facts through ntc-templates.

Drops what changes by itself (uptimes, dead timers, counters), so that rows from before and after a change compare.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textfsm import TextFSM

_UNIX_COUNT = re.compile(r"(\d+) packets transmitted, (\d+)(?: packets)? received")
_UNIX_TIMES = re.compile(r"(?:rtt|round-trip) min/avg/max(?:/\w+)? = ([\d.]+)/([\d.]+)/([\d.]+)")
_CISCO_COUNT = re.compile(r"Success rate is \d+ percent \((\d+)/(\d+)\)")
_CISCO_TIMES = re.compile(r"round-trip min/avg/max = (\d+)/(\d+)/(\d+) ms")
_OCTETS_IN = re.compile(r"\d+ packets input, (\d+) bytes")
_OCTETS_OUT = re.compile(r"\d+ packets output, (\d+) bytes")

_PARSING = threading.Lock()  # a template remembers where it is in a text

Ping = tuple[int, int, tuple[float, ...]]

# The columns that say what is the case, by ntc-templates' names; all others count or age.
STABLE = {
    "show ip ospf neighbor": ("neighbor_id", "instance", "vrf", "priority", "state", "ip_address", "interface"),
    "show ip route": (
        "vrf",
        "protocol",
        "type",
        "network",
        "prefix_length",
        "distance",
        "metric",
        "direct",
        "next_hop",
        "nexthop_ip",
        "nexthop_if",
        "interface",
    ),
    "show interfaces": (
        "interface",
        "link_status",
        "protocol_status",
        "description",
        "ip_address",
        "prefix_length",
        "mtu",
        "bandwidth",
    ),
}


def parse_unix_ping(answer: str) -> Ping:
    """Read the summary that Linux, and EOS with it, prints after a ping.

    Raises:
        ValueError: there is no such summary.
    """
    count = _UNIX_COUNT.search(answer)
    if count is None:
        raise ValueError(f"this is not the answer to a ping that ran: {answer.strip()[-200:]!r}")
    return int(count[1]), int(count[2]), _times(_UNIX_TIMES.search(answer))


def parse_cisco_ping(answer: str) -> Ping:
    """Read ``Success rate is 100 percent (5/5), round-trip min/avg/max = 1/2/3 ms``.

    Raises:
        ValueError: there is no such line.
    """
    count = _CISCO_COUNT.search(answer)
    if count is None:
        raise ValueError(f"this is not the answer to a ping that ran: {answer.strip()[-200:]!r}")
    return int(count[2]), int(count[1]), _times(_CISCO_TIMES.search(answer))


def _times(match: re.Match[str] | None) -> tuple[float, ...]:
    return () if match is None else tuple(float(number) for number in match.groups())


def parse_octets(answer: str) -> tuple[int, int]:
    """Read total octets (in, out) from ``show interfaces`` of one interface.

    Raises:
        ValueError: the answer has no counters.
    """
    octets_in, octets_out = _OCTETS_IN.search(answer), _OCTETS_OUT.search(answer)
    if octets_in is None or octets_out is None:
        raise ValueError(f"these are no interface counters: {answer.strip()[:200]!r}")
    return int(octets_in[1]), int(octets_out[1])


def parse_rows(platform: str, command: str, answer: str) -> tuple[dict[str, str], ...]:
    """Parse an answer into its stable columns, sorted; lists of values (several next hops) are joined by commas.

    Raises:
        ValueError: the command is not one that this module keeps columns for, or the answer does not parse.
    """
    if command not in STABLE:
        raise ValueError(f"{command!r} is not one of the facts: {', '.join(STABLE)}")
    from textfsm import TextFSMError

    with _PARSING:
        try:
            template = _template(platform, command)
            template.Reset()
            records = template.ParseText(answer)
        except TextFSMError as error:
            raise ValueError(f"the answer to {command!r} does not parse: {error}") from error
    names = [name.lower() for name in template.header]
    rows = [dict(zip(names, record, strict=True)) for record in records]
    kept = [{name: _plain(row[name]) for name in STABLE[command] if name in row} for row in rows]
    return tuple(sorted(kept, key=lambda row: tuple(row.values())))


@cache
def _template(platform: str, command: str) -> TextFSM:
    """Find and compile one of ntc-templates' tables, once in a process: it takes ten times as long as an answer.

    Raises:
        ValueError: there is none.
    """
    # Imported here: they take a while to load, and most runs of the command line never parse a fact.
    import ntc_templates
    from textfsm import TextFSM, clitable

    directory = Path(ntc_templates.__file__).with_name("templates")
    index = clitable.CliTable("index", str(directory)).index
    row = index.GetRowMatch({"Platform": platform, "Command": command})
    if not row:
        raise ValueError(f"no template reads the answer to {command!r} on {platform}")
    with (directory / index.index[row]["Template"]).open(encoding="utf-8") as template:
        return TextFSM(template)


def _plain(value: str | list[str]) -> str:
    return value.strip() if isinstance(value, str) else ",".join(sorted(value))
