"""What can go wrong with one lab device, as data: injected by API, or loaded from a file.

Decides which faults exist, what each needs, and which of them is due for a line. It never acts itself: ``device.py``,
``sshd.py`` and ``world.py`` ask it. Read ``dialects/terminal.py`` next, where most of them strike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum

from safeshift.errors import LabError


class FaultKind(Enum):
    """Every fault the lab knows.

    LINK_DOWN: the link on ``interface`` carries nothing (``world.py`` acts on it).
    HANG: the device stops answering; its TCP connections stay up.
    SLOW: every answer takes ``seconds`` longer.
    CUT_SESSION: the session that sends a matching line is cut, before its echo or after its effect.
    CUT_MANAGEMENT: no way to the device: connections are refused, or silently swallowed.
    REJECT: a matching line is refused with ``text``.
    APPLY_HALF: a commit applies only the first half of its lines, then fails; where lines act at once, the first
        ``lines`` of them are taken and all further ones are refused.
    REBOOT: the device restarts from its startup configuration and is gone for ``seconds``.
    STOP_ANSWERING: the device answers no ping (``world.py`` acts on it).
    WRONG_PASSWORD: every login is refused.
    CHANGED_HOST_KEY: the device shows another host key than before.
    FOREIGN_GUARD: somebody else's rollback timer is pending, for ``seconds``.
    IGNORE: a matching configuration line is accepted and has no effect.
    NOISE: console text lands in the middle of answers.
    """

    LINK_DOWN = "link_down"
    HANG = "hang"
    SLOW = "slow"
    CUT_SESSION = "cut_session"
    CUT_MANAGEMENT = "cut_management"
    REJECT = "reject"
    APPLY_HALF = "apply_half"
    REBOOT = "reboot"
    STOP_ANSWERING = "stop_answering"
    WRONG_PASSWORD = "wrong_password"
    CHANGED_HOST_KEY = "changed_host_key"
    FOREIGN_GUARD = "foreign_guard"
    IGNORE = "ignore"
    NOISE = "noise"


_WHEN = {FaultKind.CUT_SESSION: ("after_act", "before_echo"), FaultKind.CUT_MANAGEMENT: ("refuse", "blackhole")}
_NEEDS = {
    FaultKind.LINK_DOWN: ("interface",),
    FaultKind.SLOW: ("seconds",),
    FaultKind.REJECT: ("match",),
    FaultKind.IGNORE: ("match",),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one device.

    Attributes:
        kind: What goes wrong.
        device: The device's name.
        match: Strikes only lines in which this regular expression is found; None strikes every line.
        when: ``before_echo`` or ``after_act`` (cut_session); ``refuse`` or ``blackhole`` (cut_management); empty
            takes the first of CUT_SESSION's ``after_act`` and CUT_MANAGEMENT's ``refuse``.
        seconds: How long it lasts (cut_management), how long the device is down (reboot), how long the timer runs
            (foreign_guard), or what each answer costs (slow). None: until cleared, or the kind's own default.
        times: How many lines it strikes; None: until cleared.
        text: What the device says (reject, noise).
        lines: How many lines are still taken (apply_half on a device whose lines act at once).
        interface: Which interface (link_down).

    Raises:
        LabError: the fault makes no sense; the sentence says why.

    """

    kind: FaultKind
    device: str
    match: str | None = None
    when: str = ""
    seconds: float | None = None
    times: int | None = None
    text: str = ""
    lines: int = 1
    interface: str | None = None

    def __post_init__(self) -> None:
        for needed in _NEEDS.get(self.kind, ()):
            if getattr(self, needed) is None:
                raise LabError(f"fault {self.kind.value} on {self.device} needs {needed}", hint=f"add {needed}: ...")
        allowed = _WHEN.get(self.kind, ())
        if self.when not in ("", *allowed):
            choice = " or ".join(allowed) or "nothing"
            raise LabError(f"fault {self.kind.value} on {self.device}: when is {self.when!r}", hint=f"use {choice}")
        if not self.when and allowed:
            object.__setattr__(self, "when", allowed[0])
        if (self.seconds is not None and self.seconds < 0) or (self.times is not None and self.times < 1):
            raise LabError(f"fault {self.kind.value} on {self.device}: seconds and times must be positive")
        self._check_match()

    def _check_match(self) -> None:
        if self.match is None:
            return
        try:
            re.compile(self.match)
        except re.error as error:
            raise LabError(
                f"fault {self.kind.value} on {self.device}: {self.match!r} is not a regular expression ({error})"
            ) from error

    def strikes(self, line: str) -> bool:
        """Tell whether this fault concerns a line."""
        return self.match is None or re.search(self.match, line) is not None


def load_fault(data: Mapping[str, object]) -> Fault:
    """Make a fault of a mapping such as a file holds.

    Args:
        data: Keys as ``Fault`` has them, ``kind`` as text.

    Raises:
        LabError: unknown key, unknown kind, or a value of the wrong type.

    """
    known = {field.name for field in fields(Fault)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise LabError(f"a fault has no {unknown[0]!r}", hint=f"it knows {', '.join(sorted(known))}")
    try:
        kind = FaultKind(data["kind"])
    except (KeyError, ValueError) as error:
        names = ", ".join(kind.value for kind in FaultKind)
        raise LabError(f"{data.get('kind')!r} is not a kind of fault", hint=f"use one of {names}") from error
    values = {"device": str(data.get("device", "")), **{k: data[k] for k in data if k not in ("kind", "device")}}
    if not values["device"]:
        raise LabError(f"fault {kind.value} names no device", hint="add device: NAME")
    _check_types(kind, values)
    return Fault(kind, **values)  # type: ignore[arg-type]  # the types were just checked


_TYPES: Mapping[str, tuple[type, ...]] = {
    "device": (str,),
    "match": (str, type(None)),
    "when": (str,),
    "seconds": (int, float, type(None)),
    "times": (int, type(None)),
    "text": (str,),
    "lines": (int,),
    "interface": (str, type(None)),
}


def _check_types(kind: FaultKind, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
            raise LabError(f"fault {kind.value}: {name} cannot be {value!r}")


class Faults:
    """The faults of one device that are active now.

    Guarantees:
        Order of injection is order of asking. A fault with ``times`` is gone after it struck that often.
    """

    __slots__ = ("_active", "_left")

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._left: dict[int, int] = {}

    def add(self, fault: Fault) -> None:
        """Make a fault active."""
        self._active.append(fault)
        if fault.times is not None:
            self._left[id(fault)] = fault.times

    def clear(self, kind: FaultKind | None = None) -> tuple[Fault, ...]:
        """End all faults of a kind (None: all) and return them."""
        gone = tuple(fault for fault in self._active if kind is None or fault.kind is kind)
        for fault in gone:
            self.drop(fault)
        return gone

    def drop(self, fault: Fault) -> None:
        """End one fault; nothing happens when it is over already."""
        self._active = [other for other in self._active if other is not fault]
        self._left.pop(id(fault), None)

    def active(self, kind: FaultKind) -> Fault | None:
        """Return the first active fault of a kind, without using it up."""
        return next((fault for fault in self._active if fault.kind is kind), None)

    def all(self) -> tuple[Fault, ...]:
        """Return all active faults in order of injection."""
        return tuple(self._active)

    def due(self, kind: FaultKind, line: str, *, when: str = "") -> Fault | None:
        """Return the fault of a kind that strikes a line, and count it as struck."""
        for fault in self._active:
            if fault.kind is kind and fault.when == when and fault.strikes(line):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        left = self._left.get(id(fault))
        if left is None:
            return
        if left <= 1:
            self.drop(fault)
        else:
            self._left[id(fault)] = left - 1
