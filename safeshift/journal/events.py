"""What can be written down about a run: the kinds of event, and what each one's ``data`` holds.

====================  =============================================================================================
kind                  ``data`` (a JSON object; ``?`` marks fields that may be absent)
====================  =============================================================================================
``RUN_OPENED``        operator, host, argv, playbook, fabric, versions, lab (where it is, or empty), override (the
                      operator's reason for going on against the what-if, or empty)
``PLANNED``           plan (the whole plan as JSON), hash
``FORECAST``          verdict, reason, refusals, exposures, standing (sentences of the what-if), override
``PREFLIGHT``         check (lock, reachable, guards, nothing out of service, dead target), verdict, detail
``BASELINE``          verdict, detail, networks, isolated, nodes (as MEASURED)
``BATCH_OPENED``      batch (its index)
``CAPTURED``          act, move, outcome, detail, needed (devices that are sent something), elapsed_s, devices
                      (device -> config, lines, inverse)
``MOVE_OPENED``       move
``INTENT``            act, move, device?; for writes guard, guard_s?, deadline_s?, lines?, commands?
``OUTCOME``           act, move, device?, outcome (done, failed, unknown), detail, cause?, elapsed_s; and what the act
                      found: answers?, lines?, loads?, refused?, answer?, traceback?
``READ_BACK``         as OUTCOME, and equal, differences?
``MEASURED``          act, move, outcome, detail, cause?, elapsed_s, freshness_s, networks (network -> verdict),
                      isolated, nodes (node, network, verdict, lost, sent, missed, rtt_ms)
``MOVE_CONFIRMED``    move
``MOVE_SKIPPED``      move
``SAFE_POINT``        batch
``SIGNAL``            cause, detail: something happened that no act asked for; networks, isolated, nodes (as
                      MEASURED) where a measurement showed it
``UNWIND_OPENED``     cause, detail, moves (newest first)
``RESTORED``          as OUTCOME, and equal, differences?
``GOAL``              as OUTCOME, and checks (text, met)
``FACTS``             when (before, after), facts (device -> read command -> rows, or device -> error)
``NOTE``              text
``RUN_CLOSED``        state (COMPLETED, ROLLED_BACK, NEEDS_OPERATOR, REFUSED), exit_code, cause, reason, todo (what a
                      person must do now)
====================  =============================================================================================

``act``, ``outcome`` and ``cause`` are the words of ``engine/states.py``, a ``move`` is its id in the plan. This room
never looks inside ``data``, save that ``runs`` in ``store.py`` reads who, what and how it ended. Next: ``chain.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007


class Kind(Enum):
    """What kind of thing happened; the values are what stands in the journal and never change."""

    RUN_OPENED = "run_opened"
    PLANNED = "planned"
    FORECAST = "forecast"
    PREFLIGHT = "preflight"
    BASELINE = "baseline"
    BATCH_OPENED = "batch_opened"
    CAPTURED = "captured"
    MOVE_OPENED = "move_opened"
    INTENT = "intent"
    OUTCOME = "outcome"
    READ_BACK = "read_back"
    MEASURED = "measured"
    MOVE_CONFIRMED = "move_confirmed"
    MOVE_SKIPPED = "move_skipped"
    SAFE_POINT = "safe_point"
    SIGNAL = "signal"
    UNWIND_OPENED = "unwind_opened"
    RESTORED = "restored"
    GOAL = "goal"
    FACTS = "facts"
    NOTE = "note"
    RUN_CLOSED = "run_closed"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in one run.

    Attributes:
        run: The run's id.
        seq: Its place in the run: from 1, without gaps.
        at: The wall clock, UTC, for people; it may jump.
        mono: The run's monotonic clock, seconds; durations are differences of it, within one boot of one machine.
        data: Plain JSON, equal whether the event was just written or read back.
    """

    run: str
    seq: int
    at: datetime
    mono: float
    kind: Kind
    data: Mapping[str, Json]
