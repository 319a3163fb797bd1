"""What differs in the devices' operational state between before and after a run: adjacencies, routes, interfaces.

Compares the rows that the FACTS events hold, which have no volatile columns any more (``platforms/answers.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from safeshift.journal.events import Event, Kind
from safeshift.reporting.fields import Data, rows, table, text

_IDENTITY = {
    "show ip ospf neighbor": ("vrf", "neighbor_id", "interface"),
    "show ip route": ("vrf", "network", "prefix_length"),
    "show interfaces": ("interface",),
}
"""The columns that say what a row is about; all columns where a command is not named here."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was.

    Attributes:
        command: The read command whose answer shows it; empty when the device could not be read.
        subject: What it is about: a neighbour, a prefix, an interface.
        sentence: How it differs.
    """

    device: str
    command: str
    subject: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.device}: {self.subject}: {self.sentence}" if self.subject else f"{self.device}: {self.sentence}"


def find_differences(events: Iterable[Event]) -> tuple[Difference, ...] | None:
    """Compare the facts before and after a run; None when the run did not record both."""
    found: dict[str, Data] = {}
    for event in events:
        if event.kind is Kind.FACTS:
            found.setdefault(text(event.data, "when"), table(event.data, "facts"))
            if text(event.data, "when") == "after":
                found["after"] = table(event.data, "facts")
    if not found.keys() >= {"before", "after"}:
        return None
    before, after = found["before"], found["after"]
    devices = dict.fromkeys((*before, *after))
    return tuple(item for device in devices for item in _of_device(device, table(before, device), table(after, device)))


def _of_device(device: str, before: Data, after: Data) -> Iterable[Difference]:
    for when, facts in (("before", before), ("after", after)):
        if not facts or "error" in facts:
            why = text(facts, "error") or "no answer was recorded"
            yield Difference(device, "", "", f"its state {when} the run is not known: {why}")
            return
    for command in dict.fromkeys((*before, *after)):
        yield from _of_command(device, command, rows(before, command), rows(after, command))


def _of_command(device: str, command: str, before: Sequence[Data], after: Sequence[Data]) -> Iterable[Difference]:
    identity = _IDENTITY.get(command, tuple(dict.fromkeys(name for row in (*before, *after) for name in row)))
    was, now = _grouped(before, identity), _grouped(after, identity)
    for subject in dict.fromkeys((*was, *now)):
        old, new = was.get(subject, []), now.get(subject, [])
        if old != new:
            yield Difference(device, command, subject, _sentence(old, new))


def _grouped(found: Sequence[Data], identity: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Gather rows by what they are about: a prefix may have several next hops."""
    groups: dict[str, list[dict[str, str]]] = {}
    for row in found:
        rest = {name: str(value) for name, value in row.items() if name not in identity and value not in ("", None)}
        groups.setdefault(_subject(row, identity), []).append(rest)
    return {subject: sorted(group, key=lambda row: sorted(row.items())) for subject, group in groups.items()}


def _subject(row: Data, identity: Sequence[str]) -> str:
    parts = {name: text(row, name) for name in identity}
    if "network" in parts:
        network, length = parts.pop("network"), parts.pop("prefix_length", "")
        parts["prefix"] = f"{network}/{length}" if length else network
    return " ".join(part for name, part in parts.items() if part and (name, part) != ("vrf", "default"))


def _sentence(old: list[dict[str, str]], new: list[dict[str, str]]) -> str:
    if not old:
        return f"new ({_described(new)})" if any(new) else "new"
    if not new:
        return f"gone (was {_described(old)})" if any(old) else "gone"
    if len(old) == len(new) == 1:
        changed = (name for name in dict.fromkeys((*old[0], *new[0])) if old[0].get(name) != new[0].get(name))
        return ", ".join(f"{name} {_value(old[0], name)} -> {_value(new[0], name)}" for name in changed)
    return f"{_described(old)} -> {_described(new)}"


def _value(row: Mapping[str, str], name: str) -> str:
    return row.get(name) or "none"


def _described(group: list[dict[str, str]]) -> str:
    return "; ".join(", ".join(f"{name} {value}" for name, value in row.items()) for row in group)
