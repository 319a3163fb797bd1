"""What ``run`` and ``check`` print of a plan, a refusal and an end: text for people, JSON for machines.

How a run ended is decided before anything is printed here: a reader or a terminal that is gone changes no exit code.
How a plan is put into words is ``planning/show.py``'s. Next: ``plays.py``.
"""

from __future__ import annotations

import json
import sys

from safeshift import api
from safeshift.cli.saying import mention, say_json, say_text
from safeshift.errors import ExitCode, SafeshiftError
from safeshift.journal.events import Event
from safeshift.planning.forecast import Judgement
from safeshift.planning.plan import Batch, Plan
from safeshift.planning.show import describe, describe_differences, to_text
from safeshift.reporting.lines import printable
from safeshift.reporting.structured import event_json


def plan_text(job: api.Job, plan: Plan, judgement: Judgement, *, diff: bool) -> str:
    """Put a plan into words, on request with what changes in each configuration."""
    text = to_text(describe(plan, judgement, job.site))
    return text + "\n" + to_text(describe_differences(plan)) if diff else text


def tell_check(job: api.Job, found: api.CheckResult, *, diff: bool, as_json: bool) -> None:
    """Print what ``check`` found: one JSON object, or the plan, the notes and whether a run would start.

    Raises:
        SafeshiftError: as ``say``.
    """
    if as_json:
        say_json(_check_json(found))
    else:
        told = []
        if found.plan is not None and found.judgement is not None:
            told.append(plan_text(job, found.plan, found.judgement, diff=diff))
        told += [printable(note) for note in found.notes]
        offline = found.plan is not None and found.plan.offline
        well = (
            "check: by the files alone a run would start; the devices decide" if offline else "check: a run would start"
        )
        say_text("\n".join(told if found.refusal else [*told, well]))
    if found.refusal is not None:
        _tell_error(found.refusal)


def _check_json(found: api.CheckResult) -> dict[str, object]:
    judgement, refusal = found.judgement, found.refusal
    return {
        "plan": found.plan.to_json() if found.plan else None,
        "hash": found.plan.hash if found.plan else None,
        "refusal": refusal.message if refusal else None,
        "hint": refusal.hint if refusal else None,
        "exit_code": int(refusal.exit_code) if refusal else 0,
        "notes": list(found.notes),
        "what_if": None
        if judgement is None
        else {
            "refusals": list(judgement.refusals),
            "exposures": list(judgement.exposures),
            "standing": list(judgement.standing),
        },
    }


def tell_refusal(job: api.Job, result: api.RunResult, *, as_json: bool) -> None:
    """A refusal still shows what it refuses; a machine is told in one more line when no event told it."""
    if result.refusal is None:
        return
    if as_json:
        if not result.events:
            tell_error_json(result.refusal)
    elif result.plan is not None and result.judgement is not None and result.judgement.refusals:
        mention(plan_text(job, result.plan, result.judgement, diff=False))
    _tell_error(result.refusal)


def _tell_error(error: SafeshiftError) -> None:
    """People and machines both find the reason on standard error."""
    word = "refused" if error.exit_code in (ExitCode.REFUSED, ExitCode.INTERRUPTED) else "wrong"
    hint = "".join(f"\n  {printable(line.strip())}" for line in error.hint.splitlines())
    mention(f"safeshift: {word}: {printable(error.message)}{hint}", to=sys.stderr)


def tell_error_json(error: SafeshiftError) -> None:
    """Print an error that ended a command before its first event, for machines."""
    told = {"kind": "error", "message": error.message, "hint": error.hint, "exit_code": int(error.exit_code)}
    mention(json.dumps(told, sort_keys=True))


def tell_event_json(event: Event) -> None:
    """Print a journal event as one line of JSON; an ``Observer``."""
    mention(json.dumps(event_json(event), sort_keys=True))


def tell_lists(job: api.Job, *, hosts: bool, steps: bool, as_json: bool) -> None:
    """Print the hosts or the steps of each batch, from the files alone; errors as ``say``."""
    batches = job.compile(None).batches
    if as_json:
        say_json([_batch_json(batch, hosts=hosts, steps=steps) for batch in batches])
        return
    for batch in batches:
        told = [f"\nplay #{batch.play} ({batch.play_name}), batch {batch.number}"]
        if hosts:
            told += [f"    hosts ({len(batch.hosts)}):", *(f"      {host}" for host in batch.hosts)]
        if steps:
            rows = (f"      {move.id}  {move.stage}: {move.name} ({move.action})" for move in batch.moves)
            told += ["    steps:", *rows]
        say_text("\n".join(told))


def _batch_json(batch: Batch, *, hosts: bool, steps: bool) -> dict[str, object]:
    told: dict[str, object] = {"play": batch.play, "name": batch.play_name, "batch": batch.number}
    if hosts:
        told["hosts"] = list(batch.hosts)
    if steps:
        told["steps"] = [
            {"id": move.id, "stage": move.stage, "name": move.name, "action": move.action} for move in batch.moves
        ]
    return told
