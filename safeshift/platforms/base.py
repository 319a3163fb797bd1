"""What a platform promises: all that is particular to one device OS, as tables and pure functions.

Nothing here talks to a device: ``drivers/`` sends what these functions return and hands the answers back to them.
``platform_named`` in ``__init__.py`` finds a platform; a new one is a new folder beside ``arista_eos``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from re import Pattern
from typing import Protocol

from safeshift.fabric.state import RouterState

Lines = tuple[str, ...]
"""Configuration lines in the order typed; each section starts with its absolute parent, children are indented."""


class GuardStyle(Enum):
    """How the device undoes a change by itself.

    STAGED: lines are staged in a candidate, then committed with a timer (EOS); abort is exact.
    REVERT_TIMER: a timer is armed before lines are typed into the running configuration (IOS); firing restores
        the whole configuration as it was when armed, other people's edits included.
    NONE: the platform has no such timer.
    """

    STAGED = "staged"
    REVERT_TIMER = "revert timer"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Dialogue:
    """How the platform's command line looks on the wire.

    Attributes:
        prompt: Matches any prompt of the platform at the end of what was received, with groups ``host`` and
            ``mode`` (empty in exec mode, e.g. ``config-if-Et1`` inside a configuration mode).
        setup: Commands sent once after login (width, paging).
        refusals: Matches an answer by which the device refuses a line.
        questions: Matches a question the device asks instead of a prompt.
        enter_config: Command that enters plain configuration mode.
        leave_config: Command that leaves any configuration mode.
        show_config: Command that prints the running configuration.
        save: Command that copies running to startup configuration.
        saved: Matches the answer of a save that worked.
        noise: Matches whole lines that may appear in any output and mean nothing (console messages).
    """

    prompt: Pattern[str]
    setup: Lines
    refusals: Pattern[str]
    questions: Pattern[str]
    enter_config: str
    leave_config: str
    show_config: str
    save: str
    saved: Pattern[str]
    noise: Pattern[str]


@dataclass(frozen=True, slots=True)
class PendingGuard:
    """A timer that runs on a device now: whose it is, and how many seconds it has left (None: cannot be told)."""

    name: str
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class GuardCommands:
    """The exact commands of one guard, for one change on one device; empty tuples where a phase needs none.

    Attributes:
        prerequisites: Configuration lines the device needs before any guard can be armed (shown, never sent).
        enter: Command that opens the place where lines are typed (EOS: the session; IOS: arms the timer as well).
        leave_staged: Commands that leave the candidate without committing it.
        commit: Commands that make staged lines take effect and start the timer (empty for REVERT_TIMER).
        confirm: Commands that keep the change and stop the timer.
        abort: Commands that undo now, by the device's own means.
        discard: Commands that drop a candidate that was never committed.
    """

    style: GuardStyle
    enter: Lines
    leave_staged: Lines = ()
    commit: Lines = ()
    confirm: Lines = ()
    abort: Lines = ()
    discard: Lines = ()
    prerequisites: Lines = ()


class Platform(Protocol):
    """One device OS.

    Guarantees:
        Every method is pure. Configuration text in and out is normalised text unless said otherwise.
    """

    name: str
    """safeshift's and netmiko's name, e.g. ``arista_eos``."""
    title: str
    """For people, e.g. ``Arista EOS``."""
    dialogue: Dialogue
    guard_style: GuardStyle
    guard_unit_s: int
    """The granularity of the guard's timer in seconds (EOS 1, IOS 60)."""
    guard_pending: Lines
    """Commands whose answers tell which guard is pending."""
    counters_refresh_s: float
    """How often the platform refreshes the interface counters that it shows, seconds."""
    facts: Lines
    """Read commands whose parsed answers are the operational state (adjacencies, routes, interfaces)."""

    def normalise(self, text: str) -> str:
        """Strip what changes without a change (stamps, sizes, trailing space) from a configuration."""
        ...

    def read_meaning(self, config: str) -> RouterState:
        """Say what a configuration means for routing; what cannot be interpreted is listed in ``unread``."""
        ...

    def stray(self, lines: Sequence[str]) -> str:
        """Say which line cannot be part of a run and why; empty when all can.

        It would not configure but act (keep or drop a candidate, stop a timer, leave configuration mode, reload), open
        a text of several lines, or change the name by which the device is known again.
        """
        ...

    def apply(self, config: str, lines: Sequence[str]) -> str:
        """Predict the normalised configuration after the lines were typed into it."""
        ...

    def touches_access(self, lines: Sequence[str]) -> bool:
        """Tell whether lines may decide who can log in (lines, AAA, users, SSH): the session that typed them proves
        nothing about the next one.
        """
        ...

    def needed(self, config: str, lines: Sequence[str]) -> Lines:
        """Return those of the lines that would change something, with the lines that open their sections.

        Guarantees:
            They lead to what all the lines lead to. Empty exactly when ``equal(apply(config, lines), config)``.
        """
        ...

    def equal(self, one: str, other: str) -> bool:
        """Tell whether two configurations are the same to the device.

        Order counts only where it is part of the meaning (access lists), so that a prediction by ``apply`` can be
        held against what was read back.
        """
        ...

    def differences(self, before: str, after: str) -> Lines:
        """Return what differs, as lines marked ``-`` and ``+`` under their parents; empty exactly when ``equal``."""
        ...

    def remediate(self, config: str, target: str) -> Lines:
        """Return lines that turn one configuration into the other; they touch only what differs.

        Guarantees:
            ``equal(apply(config, lines), target)`` was proven before they are returned.

        Raises:
            PlanError: no lines could be proven to do it.
        """
        ...

    def guard(self, change: str, seconds: int) -> GuardCommands:
        """Return the commands of a guard named after the change, rounded up to ``guard_unit_s``."""
        ...

    def parse_pending(self, answers: Sequence[str]) -> PendingGuard | None:
        """Read the answers to ``guard_pending``."""
        ...

    def guard_available(self, config: str) -> bool:
        """Tell whether this device's configuration lets a guard be armed (IOS: ``archive`` with a path)."""
        ...

    def is_read(self, command: str) -> bool:
        """Tell whether a command is one of the platform's table of commands that only read."""
        ...

    def drain_lines(self, state: RouterState, config: str, *, method: str) -> Lines:
        """Return lines that ask the rest of the network to avoid this router.

        Args:
            method: ``ospf_max_metric``, ``interface_cost`` or ``bgp_graceful_shutdown``.

        Raises:
            PlanError: the platform or this configuration has nothing that the method could use.
        """
        ...

    def undrain_lines(self, state: RouterState, config: str, *, method: str, captured: str | None = None) -> Lines:
        """Return lines that take back what ``drain_lines`` with the same method says.

        Args:
            captured: The configuration as it was before the drain; ``interface_cost`` cannot know the costs without.

        Raises:
            PlanError: as ``drain_lines``; or ``captured`` is needed and missing.
        """
        ...

    def speed_lines(self, interface: str, speed: int) -> Lines:
        """Return lines that set an interface's speed in bit/s, from the platform's table (marked unproven in plans)."""
        ...

    def ping_command(self, target: str, *, count: int, source: str | None, timeout_s: int) -> str:
        """Return the command that pings from this device."""
        ...

    def parse_ping(self, answer: str) -> tuple[int, int, tuple[float, ...]]:
        """Read a ping's answer: sent, received, round-trip times in milliseconds (min, avg, max; empty if none).

        Raises:
            ValueError: the answer is not one that this platform gives to a ping that ran.
        """
        ...

    def parse_facts(self, command: str, answer: str) -> tuple[dict[str, str], ...]:
        """Parse the answer to one of ``facts`` into rows (ntc-templates' names, lower case)."""
        ...

    def parse_counters(self, answer: str) -> tuple[int, int]:
        """Read total octets (in, out) from the answer to ``counters_command``."""
        ...

    def counters_command(self, interface: str) -> str:
        """Return the command that shows one interface's counters."""
        ...
