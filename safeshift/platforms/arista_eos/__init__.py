"""Arista EOS: candidate sessions with a commit timer. Next: ``guard.py``, then ``grammar.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from hier_config import Platform as HierPlatform

from safeshift.platforms import answers, reads
from safeshift.platforms.arista_eos import guard
from safeshift.platforms.arista_eos.dialogue import DIALOGUE
from safeshift.platforms.arista_eos.grammar import GRAMMAR
from safeshift.platforms.arista_eos.meaning import VOCABULARY
from safeshift.platforms.base import GuardCommands, GuardStyle, Lines, PendingGuard
from safeshift.platforms.routerlike import RouterLike


class AristaEos(RouterLike):
    """Arista EOS 4.23 and later (``commit timer`` in configuration sessions)."""

    name = "arista_eos"
    title = "Arista EOS"
    dialogue = DIALOGUE
    guard_style = GuardStyle.STAGED
    guard_unit_s = 1
    guard_pending: Lines = ("show configuration sessions detail",)
    counters_refresh_s = 5.0  # not documented by the vendor; hardware counters are polled every few seconds
    grammar = GRAMMAR
    vocabulary = VOCABULARY
    hier_platform = HierPlatform.ARISTA_EOS
    reads = reads.table(
        reads.SHOW + reads.FILTERS,
        reads.PING,
        reads.TRACEROUTE,
        r"dir(?: (?:flash|file|extensions|checkpoint|session):\S*)?",
    )
    speeds: ClassVar[Mapping[int, str]] = {
        10**8: "100full",
        10**9: "1000full",
        10**10: "10gfull",
        25 * 10**9: "25gfull",
        40 * 10**9: "40gfull",
        50 * 10**9: "50gfull",
        100 * 10**9: "100gfull",
        200 * 10**9: "200gfull",
        400 * 10**9: "400gfull",
    }

    def guard(self, change: str, seconds: int) -> GuardCommands:
        """Return the commands of a configuration session with a commit timer, named after the change.

        Raises:
            PlanError: the name or the time is one that EOS cannot take.
        """
        return guard.guard(change, seconds)

    def parse_pending(self, answers: Sequence[str]) -> PendingGuard | None:
        """Read the answers to ``guard_pending``; the guard's name is the session's, which is the change's."""
        return guard.parse_pending("\n".join(answers))

    def guard_available(self, config: str) -> bool:
        """Tell that a guard can be armed: EOS has no prerequisite."""
        return True

    def parse_ping(self, answer: str) -> tuple[int, int, tuple[float, ...]]:
        """Read a ping's answer; EOS prints what Linux prints.

        Raises:
            ValueError: it is not the answer to a ping that ran.
        """
        return answers.parse_unix_ping(answer)


ARISTA_EOS = AristaEos()
