"""A view of the networks as it goes into the journal: every verdict, and what each node sent and missed.

Next: ``probes/judge.py``, which made the view, and ``gate.py``, which decides on it.
"""

from __future__ import annotations

from safeshift.journal.events import Json
from safeshift.probes.judge import Count, View


def evidence(view: View, require: tuple[str, ...]) -> dict[str, Json]:
    """Return what a view shows as JSON: the verdict of each required network, and every node that does not PASS."""
    return {
        "networks": {network: view.verdict(network).value for network in require},
        "isolated": list(view.isolated),
        "nodes": [
            {
                "node": node.node,
                "network": node.network,
                "verdict": node.verdict.value,
                "lost": list(node.lost),
                "sent": node.sent,
                "missed": node.missed,
                "rtt_ms": _milliseconds(node.rtt_ms),
                "outward": _counted(node.outward),
                "inward": _counted(node.inward),
            }
            for node in view.nodes
        ],
    }


def _counted(count: Count) -> dict[str, Json]:
    return {"sent": count.sent, "missed": count.missed, "rtt_ms": _milliseconds(count.rtt_ms)}


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
