"""Cisco IOS and IOS-XE: lines take effect as typed, under a revert timer. Next: ``guard.py``, then ``grammar.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from hier_config import Platform as HierPlatform

from safeshift.errors import PlanError
from safeshift.fabric.state import RouterState
from safeshift.platforms import answers, reads
from safeshift.platforms.base import GuardCommands, GuardStyle, Lines, PendingGuard
from safeshift.platforms.cisco_ios import guard
from safeshift.platforms.cisco_ios.dialogue import DIALOGUE
from safeshift.platforms.cisco_ios.grammar import GRAMMAR
from safeshift.platforms.cisco_ios.meaning import VOCABULARY
from safeshift.platforms.configtext import parse
from safeshift.platforms.routerlike import RouterLike


class CiscoIos(RouterLike):
    """Cisco IOS 12.4(20)T and later, IOS-XE 3.9S and later (``configure terminal revert timer``)."""

    name = "cisco_ios"
    title = "Cisco IOS"
    dialogue = DIALOGUE
    guard_style = GuardStyle.REVERT_TIMER
    guard_unit_s = 60
    guard_pending: Lines = ("show archive config rollback timer",)
    counters_refresh_s = 10.0  # not documented by the vendor; forwarding hardware reports every few seconds
    grammar = GRAMMAR
    vocabulary = VOCABULARY
    hier_platform = HierPlatform.CISCO_IOS
    reads = reads.table(
        reads.SHOW + reads.FILTERS, reads.PING, reads.TRACEROUTE, r"dir(?: (?:flash|bootflash|nvram|disk\d)\d*:\S*)?"
    )
    speeds: ClassVar[Mapping[int, str]] = {
        rate * 10**6: str(rate) for rate in (100, 1000, 2500, 5000, 10000, 25000, 40000, 50000, 100000, 400000)
    }

    def guard(self, change: str, seconds: int) -> GuardCommands:
        """Return the commands of a revert timer, rounded up to whole minutes.

        Raises:
            PlanError: the time is one that IOS cannot take.
        """
        return guard.guard(change, seconds)

    def parse_pending(self, answers: Sequence[str]) -> PendingGuard | None:
        """Read the answers to ``guard_pending``; the guard's name is the user who armed it, IOS tells no other."""
        return guard.parse_pending("\n".join(answers))

    def guard_available(self, config: str) -> bool:
        """Tell whether the configuration has an archive with a path; without, no revert timer can be armed."""
        return guard.is_available(parse(config))

    def parse_ping(self, answer: str) -> tuple[int, int, tuple[float, ...]]:
        """Read ``Success rate is ... percent``.

        Raises:
            ValueError: it is not the answer to a ping that ran.
        """
        return answers.parse_cisco_ping(answer)

    def _graceful_lines(self, state: RouterState, config: str) -> Lines:
        if state.graceful_shutdown:
            return ()
        raise _no_graceful_shutdown()

    def _no_graceful_lines(self, config: str, captured: str | None) -> Lines:
        if not self.read_meaning(config).graceful_shutdown:
            return ()
        raise _no_graceful_shutdown()


def _no_graceful_shutdown() -> PlanError:
    """Explain why neither form that IOS has is used.

    Its own command shuts the sessions down for good when its time is over, in the middle of whatever the plan is
    doing then; an outbound policy takes effect only after ``clear ip bgp ... soft out``, which is not configuration:
    neither a guard nor a read-back would cover it.
    """
    return PlanError(
        "BGP graceful shutdown cannot be made safe on Cisco IOS: its own command ends by closing the sessions, and a "
        "route-map needs a soft clear that no guard covers",
        hint="drain with ospf_max_metric or interface_cost, or drain BGP by hand before the run",
    )


CISCO_IOS = CiscoIos()
