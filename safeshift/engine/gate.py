"""The gate: verdicts -> CONTINUE, HOLD or ROLL_BACK. One pure function, one table, and nothing else decides.

========================================  ==========================================================================
required networks                         decision
========================================  ==========================================================================
any node isolated, whatever else          ROLL_BACK now
no observer reachable for the grace time  ROLL_BACK: assume we were cut off; the guards fire without us
any FAIL                                  HOLD until the settling time is over, then ROLL_BACK
none FAIL, any UNKNOWN                    HOLD until the hold is over, then ROLL_BACK
all PASS                                  CONTINUE once the time to watch is over
========================================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from safeshift.engine.states import Cause
from safeshift.planning.plan import Checks
from safeshift.probes.judge import View
from safeshift.verdict import Verdict, worst


class Decision(Enum):
    """What the gate says."""

    CONTINUE = "continue"
    HOLD = "hold"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision, why, and one sentence for people."""

    decision: Decision
    sentence: str
    cause: Cause | None = None


def isolation(view: View, networks: tuple[str, ...]) -> str:
    """Return the sentence that names the isolated nodes, and those on the way there; empty when none is isolated."""
    if not view.isolated:
        return ""
    verb = "is" if len(view.isolated) == 1 else "are"
    sentence = f"{_list(view.isolated)} {verb} isolated: all peers lost on {_list(networks)}"
    failing = _failing_everywhere(view)
    return f"{sentence}; {_list(failing)} FAIL on all of them too" if failing else sentence


def blindness(view: View, checks: Checks) -> str:
    """Return the sentence that says that nobody can look any more; empty while somebody reports."""
    if view.silent_s <= checks.observer_grace_s:
        return ""
    return f"no observer could be reached for {checks.observer_grace_s:.0f} s: assuming that we are cut off"


def _failing_everywhere(view: View) -> tuple[str, ...]:
    """Nodes that are not isolated yet and FAIL on each of their networks: the same harm, seen a moment later."""
    verdicts: dict[str, list[Verdict]] = {}
    for node in view.nodes:
        verdicts.setdefault(node.node, []).append(node.verdict)
    return tuple(
        node
        for node, seen in verdicts.items()
        if node not in view.isolated and all(verdict is Verdict.FAIL for verdict in seen)
    )


def decide(view: View, checks: Checks, *, elapsed_s: float, watch_s: float, patience_s: float) -> Ruling:
    """Decide on one view.

    Args:
        checks: The play's limits; ``require`` names the networks that count.
        elapsed_s: How long this gate has been open.
        watch_s: How long PASS must be watched before it counts.
        patience_s: How long FAIL is forgiven while routing settles.
    """
    networks = tuple(dict.fromkeys(node.network for node in view.nodes))
    isolated = isolation(view, networks)
    if isolated:
        return Ruling(Decision.ROLL_BACK, isolated, Cause.ISOLATION)
    blind = blindness(view, checks)
    if blind and elapsed_s > checks.observer_grace_s:
        return Ruling(Decision.ROLL_BACK, blind, Cause.BLIND)
    verdict = worst(view.verdict(network) for network in checks.require)
    reasons = "; ".join(view.reasons(checks.require)[:3])
    if verdict is Verdict.FAIL:
        if elapsed_s < patience_s:
            return Ruling(Decision.HOLD, f"settling: {reasons}")
        return Ruling(Decision.ROLL_BACK, reasons, Cause.NETWORK)
    if verdict is Verdict.UNKNOWN:
        hold_s = max(checks.hold_s, patience_s)  # what is not known is never judged harder than what is bad
        if elapsed_s < hold_s:
            return Ruling(Decision.HOLD, f"not known: {reasons}")
        return Ruling(Decision.ROLL_BACK, f"not known for {elapsed_s:.0f} s: {reasons}", Cause.NETWORK)
    if elapsed_s < watch_s:
        return Ruling(Decision.HOLD, "all networks PASS; watching")
    return Ruling(Decision.CONTINUE, "all networks PASS")


def _list(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
