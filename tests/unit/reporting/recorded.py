"""Runs recorded by the real machine, chronicle and journal, with devices and probes that answer as scripted here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from safeshift.actions.base import MoveKind
from safeshift.engine import chronicle, machine
from safeshift.engine.states import Act, Alarm, Came, Cause, Effect, MoveOutline, Outcome, Outline, Phase, State
from safeshift.engine.states import Event as Happened
from safeshift.journal.events import Event, Json, Kind
from safeshift.journal.store import Journal
from safeshift.planning.plan import Batch, Change, Checks, Move, Plan
from safeshift.platforms.base import GuardStyle

CHECKS = Checks(require=("primary", "secondary"))
SECRET = "username ops secret 5 $1$thewholetruth"
CONFIG = f"hostname p1\n{SECRET}\nrouter ospf 1\nend\n"
CHANGE = Change(
    "p1",
    "arista_eos",
    "p1",
    ("router ospf 1", "   max-metric router-lsa"),
    ("router ospf 1", "   no max-metric router-lsa"),
    before=CONFIG,
    after=CONFIG.replace("router ospf 1\n", "router ospf 1\n   max-metric router-lsa\n"),
)
DRAIN = Move(
    "1.1.1", 1, 1, "Shift traffic off p1", "Shift", "shift", MoveKind.CHANGE, ("p1",), ("p1",), {}, CHECKS, (CHANGE,)
)
WAIT = Move(
    "1.1.2", 1, 1, "Shift traffic off p1", "Drained", "wait_drained", MoveKind.DRAINED, ("p1",), ("p1",), {}, CHECKS
)
PLAN = Plan(
    "up.yml", "dc1.fabric.yml", ("primary", "secondary"),
    (Batch(1, 1, "Raise the capacity", ("p1",), (DRAIN, WAIT), CHECKS),),
)  # fmt: skip
OUTLINE = Outline(((MoveOutline(MoveKind.CHANGE, {"p1": GuardStyle.STAGED}), MoveOutline(MoveKind.DRAINED)),))

NEIGHBOR = {"neighbor_id": "10.0.0.2", "interface": "Ethernet1", "state": "FULL"}
ROUTE = {"network": "10.1.0.0", "prefix_length": "24", "metric": "20", "nexthop_if": "Ethernet1"}
FACTS: dict[str, Json] = {"p1": {"show ip ospf neighbor": [NEIGHBOR], "show ip route": [ROUTE]}}


class SteppingClock:
    """A clock on which every look takes a tenth of a second."""

    def __init__(self) -> None:
        self._ticks = 0

    def monotonic(self) -> float:
        """See ``Clock``."""
        self._ticks += 1
        return 1000.0 + self._ticks / 10

    def now(self) -> datetime:
        """See ``Clock``."""
        return datetime(2011, 4, 21, 7, 47, tzinfo=UTC) + timedelta(seconds=self._ticks / 10)

    def wait(self, event: object, seconds: float) -> bool:
        """See ``Clock``; nothing is waited for here."""
        raise AssertionError("the journal never waits")


Answer = Callable[[Effect], tuple[Happened, Mapping[str, Json]]]


@dataclass(frozen=True)
class Script:
    """What the world does in one recorded run.

    Attributes:
        failing: Acts that fail, with what is said.
        isolated_in: The act during which a node is isolated; None: never.
        after: The operational state after the run; None: it could not be looked at.
        opened: Fields of RUN_OPENED beside the usual ones.
        forecast: The FORECAST.
    """

    failing: Mapping[Act, str] = field(default_factory=dict)
    isolated_in: Act | None = None
    after: dict[str, Json] | None = field(default_factory=lambda: dict(FACTS))
    opened: Mapping[str, Json] = field(default_factory=dict)
    forecast: Mapping[str, Json] = field(default_factory=lambda: {"verdict": "PASS"})


def record(path: Path, script: Script, *, run: str = "r1") -> tuple[Event, ...]:
    """Record one run in a real journal and read it back."""
    journal = Journal.open(path / "journal.db", clock=SteppingClock())
    with journal.begin(run, "dc1") as writer:
        writer.append_many(_prelude(script))
        state, effects = machine.start(OUTLINE)
        writer.append_many(_records(None, None, state, effects, {}))
        while state.phase is not Phase.ENDED:
            event, findings = _next(script, sorted(state.flying, key=lambda effect: effect.act.value)[0], state.stop)
            before, (state, effects) = state, machine.step(state, event)
            if state.phase is Phase.ENDED and script.after is not None:
                writer.append(Kind.FACTS, {"when": "after", "facts": script.after})
            writer.append_many(_records(before, event, state, effects, findings))
    events = journal.events(run)
    journal.close()
    return events


def _prelude(script: Script) -> list[tuple[Kind, Mapping[str, Json]]]:
    opened: dict[str, Json] = {
        "operator": "alice", "host": "jump1", "playbook": "up.yml", "fabric": "dc1.fabric.yml", "lab": "",
        "argv": ["safeshift", "run", "up.yml"], "versions": {"safeshift": "0.1.0", "netmiko": "4.6.0"},
    }  # fmt: skip
    baseline: dict[str, Json] = {"verdict": "PASS", "networks": {"primary": "PASS", "secondary": "PASS"}, "nodes": []}
    return [
        (Kind.RUN_OPENED, {**opened, **script.opened}),
        (Kind.PREFLIGHT, {"check": "lock", "verdict": "PASS", "detail": "this run holds the fabric"}),
        (Kind.PLANNED, {"plan": PLAN.to_json(), "hash": PLAN.hash}),  # type: ignore[dict-item]  # object is JSON here
        (Kind.FORECAST, script.forecast),
        (Kind.BASELINE, baseline),
        (Kind.FACTS, {"when": "before", "facts": FACTS}),
    ]


def _next(script: Script, effect: Effect, stop: Alarm | None) -> tuple[Happened, Mapping[str, Json]]:
    if stop is None and effect.act is script.isolated_in:
        return Alarm(Cause.ISOLATION, "n1 and n2 are isolated: all peers lost on primary and secondary"), {}
    if effect.act in script.failing and (stop is None or effect.act.name in ("CHECK_RESTORED", "ABORT", "PROVE")):
        cause = Cause.NETWORK if effect.act in (Act.LOOK, Act.WATCH, Act.SOAK) else None
        found = {**_findings(effect, "FAIL"), "differences": ["+ max-metric router-lsa"]}
        return Came(effect, Outcome.FAILED, script.failing[effect.act], cause=cause), found
    needed = ("p1",) if effect.act is Act.CAPTURE else ()
    return Came(effect, Outcome.DONE, needed=needed), _findings(effect, "PASS")


def _findings(effect: Effect, verdict: str) -> dict[str, Json]:
    if effect.act is Act.CAPTURE:
        held: dict[str, Json] = {"config": CONFIG, "lines": list(CHANGE.lines), "inverse": list(CHANGE.inverse)}
        return {"devices": {"p1": held}, "elapsed_s": 0.2}
    if effect.act not in (Act.LOOK, Act.WATCH, Act.SOAK, Act.PROVE):
        return {"elapsed_s": 0.25}
    sick: dict[str, Json] = {"node": "n1", "network": "primary", "verdict": verdict, "lost": ["n3"]}
    nodes: list[Json] = [{**sick, "sent": 40, "missed": 0 if verdict == "PASS" else 30, "rtt_ms": 1.5}]
    networks: dict[str, Json] = {"primary": verdict, "secondary": "PASS"}
    return {"networks": networks, "nodes": nodes, "isolated": [], "elapsed_s": 5.0, "freshness_s": 10.0}


def _records(
    before: State | None,
    event: Happened | None,
    after: State,
    effects: tuple[Effect, ...],
    findings: Mapping[str, Json],
) -> tuple[chronicle.Record, ...]:
    def details(effect: Effect) -> Mapping[str, Json]:
        if not effect.device:
            return {}
        lines = {Act.STAGE: CHANGE.lines, Act.COMMIT: CHANGE.lines, Act.UNDO: CHANGE.inverse}.get(effect.act, ())
        return {"lines": list(lines), "guard": "staged", "guard_s": 120, "deadline_s": 60.0}

    written = chronicle.records(
        before, event, after, effects, names=("1.1.1", "1.1.2"), findings=findings, details=details
    )
    codes = {"COMPLETED": 0, "ROLLED_BACK": 4, "NEEDS_OPERATOR": 5, "REFUSED": 3}
    return tuple(
        (kind, {**data, "exit_code": codes[str(data["state"])]} if kind is Kind.RUN_CLOSED else data)
        for kind, data in written
    )
