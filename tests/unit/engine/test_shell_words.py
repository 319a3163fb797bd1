"""The pure parts of the shell: which exit code an end has, and what a view looks like in the journal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from safeshift.engine.evidence import evidence
from safeshift.engine.states import Alarm, Cause, Final, Phase, State, exit_code
from safeshift.errors import ExitCode
from safeshift.probes.judge import Count, NodeView, View
from safeshift.verdict import Verdict
from tests.unit.engine.outlines import outline

ENDED = State(outline(), Phase.ENDED)


@pytest.mark.parametrize(
    ("final", "cause", "journal_lost", "code"),
    [
        (Final.COMPLETED, None, False, ExitCode.COMPLETED),
        (Final.ROLLED_BACK, Cause.NETWORK, False, ExitCode.ROLLED_BACK),
        (Final.ROLLED_BACK, Cause.ISOLATION, False, ExitCode.ROLLED_BACK),
        (Final.ROLLED_BACK, Cause.INTERRUPT, False, ExitCode.INTERRUPTED),
        (Final.ROLLED_BACK, Cause.JOURNAL, True, ExitCode.JOURNAL),
        (Final.ROLLED_BACK, Cause.INTERRUPT, True, ExitCode.JOURNAL),
        (Final.REFUSED, Cause.STEP, False, ExitCode.REFUSED),
        (Final.REFUSED, Cause.INTERRUPT, False, ExitCode.INTERRUPTED),
        (Final.REFUSED, Cause.JOURNAL, True, ExitCode.JOURNAL),
        (Final.NEEDS_OPERATOR, Cause.NETWORK, False, ExitCode.NEEDS_OPERATOR),
        (Final.NEEDS_OPERATOR, Cause.INTERRUPT, True, ExitCode.NEEDS_OPERATOR),
    ],
)
def test_exit_code_of_an_end(final: Final, cause: Cause | None, journal_lost: bool, code: ExitCode) -> None:
    """The loudest truth wins: an operator is needed, before a lost journal, before an interrupt, before the rest."""
    stop = Alarm(cause, "why") if cause else None
    assert exit_code(replace(ENDED, final=final, stop=stop), journal_lost=journal_lost) is code


def test_evidence_shows_each_required_network_and_every_node() -> None:
    """Verdicts by network, the isolated, each node's counts; plain JSON, and nothing invented where nothing was."""
    seen = NodeView("n1", "primary", Verdict.PASS, (), Count(20, 1, 0.43219), Count(10, 0, 0.5), "")
    bad = NodeView("n1", "secondary", Verdict.FAIL, ("n3",), Count(20, 20, None), Count(0, 0, None), "n1 lost n3")
    shown = evidence(View((seen, bad), ("n1",), 0.1), ("primary", "secondary", "management"))
    assert shown["networks"] == {"primary": "PASS", "secondary": "FAIL", "management": "UNKNOWN"}
    assert shown["isolated"] == ["n1"]
    nodes = json.loads(json.dumps(shown["nodes"]))
    assert [(n["node"], n["network"], n["verdict"], n["lost"]) for n in nodes] == [
        ("n1", "primary", "PASS", []),
        ("n1", "secondary", "FAIL", ["n3"]),
    ]
    assert [(n["sent"], n["missed"], n["rtt_ms"]) for n in nodes] == [(30, 1, 0.432), (20, 20, None)]
