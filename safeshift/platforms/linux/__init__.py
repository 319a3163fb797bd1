"""Linux hosts: the nodes, which only observe. They ping and answer reads; nothing is ever configured on them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from safeshift.errors import PlanError
from safeshift.fabric.state import RouterState
from safeshift.platforms import answers, reads
from safeshift.platforms.base import Dialogue, GuardCommands, GuardStyle, Lines, PendingGuard
from safeshift.platforms.reads import is_listed
from safeshift.platforms.routerlike import plain_word

_NEVER = re.compile(r"(?!)")

DIALOGUE = Dialogue(
    # netops@n1:~$  root@n1:~#  [netops@n1 ~]$
    prompt=re.compile(r"(?:\A|[\r\n])\[?[\w.-]+@(?P<host>[A-Za-z0-9][\w.-]*)[: ][^\r\n]*?[$#](?P<mode>) ?\Z"),
    setup=(),
    refusals=re.compile(
        r"(?m)^(?:-?(?:ba|da|z)?sh: |.*: (?:command not found|Permission denied|No such file or directory)$|sudo: )"
    ),
    questions=re.compile(r"(?i)(?:password[^\r\n]*:|\[y/n\]|\(yes/no(?:/\[fingerprint\])?\)\??)\s*\Z"),
    enter_config="",
    leave_config="",
    show_config="",
    save="",
    saved=_NEVER,
    noise=_NEVER,
)


class Linux:
    """A Linux host as an observer. Whatever would change it raises ``PlanError``."""

    name = "linux"
    title = "Linux"
    dialogue = DIALOGUE
    guard_style = GuardStyle.NONE
    guard_unit_s = 1
    guard_pending: Lines = ()
    counters_refresh_s = 1.0
    facts: Lines = ()
    reads = reads.table(
        r"ping(?: -[nqOD]| -[cisWIwt] {argument})+ {target}",
        r"ip(?: -(?:json|j|s|d|br|4|6))* (?:link|address|addr|route|neighbour|neigh|rule)"
        r"(?: (?:show|list|ls|get)(?: {argument})*)?",
        r"cat /proc/(?:[\w-]+/)*[\w-]+",
        r"uname(?: -[asnrvmpio]+)?",
        r"hostname(?: -[fsiIAd])?",
        r"uptime",
    )

    def normalise(self, text: str) -> str:
        """Strip trailing blanks; a node has no configuration of ours."""
        return "".join(line.rstrip() + "\n" for line in text.rstrip().splitlines())

    def read_meaning(self, config: str) -> RouterState:
        """Refuse: a node does not forward for others.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def stray(self, lines: Sequence[str]) -> str:
        """Say of any line that a node has no configuration of ours."""
        return f"{lines[0]!r} is for a router, and a node is only asked" if lines else ""

    def apply(self, config: str, lines: Sequence[str]) -> str:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def touches_access(self, lines: Sequence[str]) -> bool:
        """Return false: nothing is typed on a node."""
        return False

    def needed(self, config: str, lines: Sequence[str]) -> Lines:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def equal(self, one: str, other: str) -> bool:
        """Compare two texts."""
        return self.normalise(one) == self.normalise(other)

    def differences(self, before: str, after: str) -> Lines:
        """Return the lines that are in one text and not in the other, marked ``-`` and ``+``."""
        old, new = self.normalise(before).splitlines(), self.normalise(after).splitlines()
        if old == new:
            return ()
        return (*(f"-{line}" for line in old), *(f"+{line}" for line in new))

    def remediate(self, config: str, target: str) -> Lines:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def guard(self, change: str, seconds: int) -> GuardCommands:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def parse_pending(self, answers: Sequence[str]) -> PendingGuard | None:
        """Tell that no guard is pending: there is none on a node."""
        return None

    def guard_available(self, config: str) -> bool:
        """Tell that no guard can be armed."""
        return False

    def is_read(self, command: str) -> bool:
        """Tell whether a command is one of the table of commands that only read."""
        return is_listed(command, self.reads)

    def drain_lines(self, state: RouterState, config: str, *, method: str) -> Lines:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def undrain_lines(self, state: RouterState, config: str, *, method: str, captured: str | None = None) -> Lines:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def speed_lines(self, interface: str, speed: int) -> Lines:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def ping_command(self, target: str, *, count: int, source: str | None, timeout_s: int) -> str:
        """Return the command that pings from this node, five times a second.

        Raises:
            PlanError: target or source is not a plain word.
        """
        origin = "" if source is None else f" -I {plain_word(source)}"
        return f"ping -n -c {count} -i 0.2 -W {timeout_s}{origin} {plain_word(target)}"

    def parse_ping(self, answer: str) -> tuple[int, int, tuple[float, ...]]:
        """Read a ping's summary.

        Raises:
            ValueError: it is not the answer to a ping that ran.
        """
        return answers.parse_unix_ping(answer)

    def parse_facts(self, command: str, answer: str) -> tuple[dict[str, str], ...]:
        """Refuse: ``facts`` is empty.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{command!r} is not one of the facts of a node: it has none")

    def parse_counters(self, answer: str) -> tuple[int, int]:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()

    def counters_command(self, interface: str) -> str:
        """Refuse.

        Raises:
            PlanError: always.
        """
        raise _only_observes()


def _only_observes() -> PlanError:
    return PlanError(
        "a Linux node only observes: safeshift changes nothing on it", hint="name routers as the hosts of this step"
    )


LINUX = Linux()
