"""The part of the ``Platform`` protocol in which EOS and IOS agree: everything that is work on configuration text.

A platform's class adds its guards, its speeds and its pings. Tables: the platform's ``grammar.py`` and ``meaning.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from re import Pattern
from typing import ClassVar

from hier_config import Platform as HierPlatform

from safeshift.errors import PlanError
from safeshift.fabric.state import RouterState
from safeshift.platforms import answers, draining, remediation
from safeshift.platforms.base import Dialogue, GuardStyle, Lines
from safeshift.platforms.configtext import normalise, parse, render
from safeshift.platforms.meaning import Vocabulary, interpret
from safeshift.platforms.modes import either
from safeshift.platforms.quiet import ACCESS
from safeshift.platforms.reads import is_listed
from safeshift.platforms.typed import Grammar, needed, predict, split_no, statements, stray
from safeshift.units import show_gbit

_ACCESS = either(ACCESS)


class RouterLike:
    """A router whose configuration is indented text, as EOS and IOS have it."""

    name: str
    title: str
    dialogue: Dialogue
    guard_style: GuardStyle
    guard_unit_s: int
    guard_pending: Lines
    counters_refresh_s: float
    facts: Lines = ("show ip ospf neighbor", "show ip route", "show interfaces")

    grammar: Grammar
    vocabulary: Vocabulary
    hier_platform: HierPlatform
    reads: Pattern[str]
    speeds: ClassVar[Mapping[int, str]]
    """Bit/s to what follows ``speed``."""

    def normalise(self, text: str) -> str:
        """Strip what changes without a change from a configuration."""
        return normalise(text)

    def read_meaning(self, config: str) -> RouterState:
        """Say what a configuration means for routing; what cannot be interpreted is listed in ``unread``."""
        return interpret(parse(config), self.vocabulary)

    def stray(self, lines: Sequence[str]) -> str:
        """Say which line cannot be part of a run and why; empty when all can."""
        return stray(lines, self.grammar)

    def apply(self, config: str, lines: Sequence[str]) -> str:
        """Predict the normalised configuration after the lines were typed into it."""
        return render(predict(parse(config), lines, self.grammar), indent=self.grammar.indent)

    def touches_access(self, lines: Sequence[str]) -> bool:
        """Tell whether lines may decide who can log in."""
        typed = statements(lines, self.grammar)
        return any(_ACCESS.match(split_no((*one.path, one.text)[0])[1]) for one in typed)

    def needed(self, config: str, lines: Sequence[str]) -> Lines:
        """Return those of the lines that would change something, with the lines that open their sections."""
        blocks = parse(config)
        if not remediation.compare(predict(blocks, lines, self.grammar), blocks, self.grammar):
            return ()
        return needed(blocks, lines, self.grammar)

    def equal(self, one: str, other: str) -> bool:
        """Tell whether two configurations are the same to the device."""
        return one == other or not self.differences(one, other)

    def differences(self, before: str, after: str) -> Lines:
        """Return what differs, as lines marked ``-`` and ``+`` under their parents; empty exactly when ``equal``."""
        return remediation.compare(parse(before), parse(after), self.grammar)

    def remediate(self, config: str, target: str) -> Lines:
        """Return proven lines that turn one configuration into the other.

        Raises:
            PlanError: no lines could be proven to do it.
        """
        return remediation.remediate(parse(config), parse(target), grammar=self.grammar, dialect=self.hier_platform)

    def is_read(self, command: str) -> bool:
        """Tell whether a command is one of the platform's table of commands that only read."""
        return is_listed(command, self.reads)

    def drain_lines(self, state: RouterState, config: str, *, method: str) -> Lines:
        """Return lines that ask the rest of the network to avoid this router; none when it already does.

        ``interface_cost`` raises this router's own side only: it moves what this router sends, not what it is sent.

        Raises:
            PlanError: the platform or this configuration has nothing that the method could use.
        """
        match method:
            case "ospf_max_metric":
                return draining.max_metric(parse(config), state, margin=self._margin)
            case "interface_cost":
                return draining.raised_costs(state, margin=self._margin)
            case "bgp_graceful_shutdown":
                return self._graceful_lines(state, config)
            case _:
                raise draining.unknown_method(method)

    def undrain_lines(self, state: RouterState, config: str, *, method: str, captured: str | None = None) -> Lines:
        """Return lines that take back what ``drain_lines`` with the same method says.

        Raises:
            PlanError: as ``drain_lines``; or ``captured`` is needed and missing.
        """
        match method:
            case "ospf_max_metric":
                return draining.no_max_metric(parse(config), state, margin=self._margin)
            case "interface_cost":
                before = None if captured is None else parse(captured)
                return draining.lowered_costs(state, before, margin=self._margin)
            case "bgp_graceful_shutdown":
                return self._no_graceful_lines(config, captured)
            case _:
                raise draining.unknown_method(method)

    def _graceful_lines(self, state: RouterState, config: str) -> Lines:
        return draining.graceful_policy(parse(config), state, margin=self._margin)

    def _no_graceful_lines(self, config: str, captured: str | None) -> Lines:
        before = None if captured is None else parse(captured)
        return draining.no_graceful_policy(parse(config), before, margin=self._margin)

    @property
    def _margin(self) -> str:
        return " " * self.grammar.indent

    def speed_lines(self, interface: str, speed: int) -> Lines:
        """Return lines that set an interface's speed in bit/s.

        Raises:
            PlanError: the table has no such speed, or the interface is none of this platform.
        """
        name = self.grammar.interfaces.canonical(interface)
        if name is None:
            raise PlanError(f"{interface!r} is not an interface of {self.title}", hint="write its full name")
        if speed not in self.speeds:
            known = ", ".join(f"{show_gbit(rate)}G" for rate in self.speeds)
            raise PlanError(
                f"{self.title} has no line for a speed of {show_gbit(speed)}G (known: {known})",
                hint="name the command for this host in its variables",
            )
        return f"interface {name}", f"{self._margin}speed {self.speeds[speed]}"

    def ping_command(self, target: str, *, count: int, source: str | None, timeout_s: int) -> str:
        """Return the command that pings from this device.

        Raises:
            PlanError: target or source is not a plain word.
        """
        plain_word(target)
        origin = "" if source is None else f" source {plain_word(source)}"
        return f"ping {target} timeout {timeout_s} repeat {count}{origin}"

    def parse_facts(self, command: str, answer: str) -> tuple[dict[str, str], ...]:
        """Parse the answer to one of ``facts`` into rows without volatile columns.

        Raises:
            ValueError: it does not parse.
        """
        return answers.parse_rows(self.name, command, answer)

    def parse_counters(self, answer: str) -> tuple[int, int]:
        """Read total octets (in, out) from the answer to ``counters_command``.

        Raises:
            ValueError: the answer has no counters.
        """
        return answers.parse_octets(answer)

    def counters_command(self, interface: str) -> str:
        """Return the command that shows one interface's counters.

        Raises:
            PlanError: the interface is not a plain word.
        """
        return f"show interfaces {plain_word(interface)}"


def plain_word(text: str) -> str:
    """Return a word that may become part of a command: an address, a name, an interface.

    Raises:
        PlanError: it holds anything else.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w./:-]*", text, re.ASCII):
        raise PlanError(f"{text!r} cannot become part of a command", hint="write an address or an interface name")
    return text


def change_name(change: str) -> str:
    """Return a change's name if a device can hold it.

    Raises:
        PlanError: it is empty, too long, or holds anything but letters, digits, ``.``, ``_`` and ``-``.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,62}", change, re.ASCII):
        raise PlanError(f"{change!r} cannot be the name of a change on a device", hint="use letters, digits and '-'")
    return change
