"""A plan in words: what ``check`` prints, as plain lines of at most 100 columns, commands uncut.

Nothing is decided here; the terminal's colours and JSON are made elsewhere from the same plan and judgement.
"""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from safeshift.actions.base import MoveKind
from safeshift.planning.forecast import Judgement
from safeshift.planning.guarding import has_guard, why_none
from safeshift.planning.plan import Batch, Change, Checks, Move, Plan
from safeshift.planning.site import Site
from safeshift.platforms.base import GuardStyle
from safeshift.units import show_duration, show_gbit, show_percent

WIDTH = 100  # columns
_GUARDS = {GuardStyle.STAGED: "commit timer", GuardStyle.REVERT_TIMER: "revert timer", GuardStyle.NONE: "none"}
_UNIT = re.compile(r"(?<=\d) (?=(?:s|min|h|%|Gbit/s)\b|%)")  # a number and its unit stay on one line


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the lines under it."""

    title: str
    lines: tuple[str, ...]


def describe(plan: Plan, judgement: Judgement, site: Site) -> tuple[Section, ...]:
    """Tell a whole plan: each batch, each move with its commands and how they are undone, and the what-if's verdict."""
    sections = [Section("Plan", tuple(_wrapped(_summary(plan))))]
    for at, batch in enumerate(plan.batches, 1):
        title = f"Batch {at} of {len(plan.batches)}: {', '.join(batch.hosts)} ({batch.play_name or 'unnamed play'})"
        sections.append(Section(title, tuple(_wrapped(_batch(batch)))))
        sections += [Section(_heading(move), tuple(_move(move, judgement, site))) for move in batch.moves]
    sections.append(Section("What-if", tuple(_wrapped(_verdict(plan, judgement)))))
    if plan.notes:
        sections.append(Section("Notes", tuple(_wrapped(plan.notes))))
    return tuple(sections)


def describe_differences(plan: Plan) -> tuple[Section, ...]:
    """Tell, per move and device, how the configuration changes, as a unified diff."""
    return tuple(
        Section(f"{move.id} {move.name} on {change.device}", _difference(change))
        for move in plan.moves
        for change in move.changes
        if change.lines
    )


def to_text(sections: Iterable[Section]) -> str:
    """Set sections as plain text: the title, then its lines indented by two blanks."""
    blocks = ("\n".join((section.title, *(f"  {line}".rstrip() for line in section.lines))) for section in sections)
    return "\n\n".join(blocks) + "\n"


def _summary(plan: Plan) -> Iterator[str]:
    yield f"{plan.playbook}: {_size(plan)}, plan {plan.hash[:12]}"
    yield f"may change {', '.join(plan.touched) or 'nothing'}"
    reads = [device for device in plan.devices if device not in plan.touched]
    if reads:
        yield f"reads {', '.join(reads)}"


def _size(plan: Plan) -> str:
    moves, batches = len(plan.moves), len(plan.batches)
    return f"{moves} move{'' if moves == 1 else 's'} in {batches} {'batch' if batches == 1 else 'batches'}"


def _batch(batch: Batch) -> Iterator[str]:
    checks = batch.checks
    yield (
        f"each move keeps {', '.join(checks.require)}: loss at most {show_percent(checks.loss_max)}, load at most "
        f"{show_percent(checks.utilisation_max)}; failing undoes it after {show_duration(checks.settle_s)}, not "
        f"knowing after {show_duration(checks.hold_s)}, isolation at once"
    )
    yield f"then watched for {show_duration(checks.soak_s)}, observed and saved:"
    for text, devices in _by_text(batch):
        yield f"- {text} ({', '.join(devices)})"
    if batch.exposure is not None:
        yield f"exposure accepted for at most {show_duration(batch.exposure.max_s)}: {batch.exposure.reason}"


def _by_text(batch: Batch) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for check in batch.goal:
        found.setdefault(check.text, []).append(check.device)
    return list(found.items())


def _heading(move: Move) -> str:
    return f"{move.id}  {move.name} [{move.action}] on {', '.join(move.hosts)}"


def _move(move: Move, judgement: Judgement, site: Site) -> Iterator[str]:
    yield f"{move.stage}; {move.place}"
    yield from _wrapped(_conditions(move))
    if move.kind is MoveKind.CHANGE:
        yield from _wrapped(_around(move, judgement))
        for change in move.changes:
            yield from _change(change, move.checks, site)
    else:
        yield from _wrapped(_wait(move))


def _conditions(move: Move) -> Iterator[str]:
    for host, conditions in move.when.items():
        yield f"on {host} only if the run finds: {' and '.join(conditions)}"


def _around(move: Move, judgement: Judgement) -> Iterator[str]:
    deadline = show_duration(move.checks.deadline_s)
    yield f"deadline: {deadline} each to capture, to send and read back, to confirm"
    if move.takes_down:
        yield f"takes down: {', '.join(move.takes_down)}"
    if move.id in judgement.exposed_moves:
        yield "exposed: a single failure would break something while this stands (see What-if)"


def _change(change: Change, checks: Checks, site: Site) -> Iterator[str]:
    platform = site.platforms[change.device]
    unproven = ", unproven commands" if change.unproven else ""
    yield f"{change.device} ({platform.title}{unproven})"
    if not change.lines:
        asked = "by the files already as wanted: the device decides at run time"
        yield f"  {asked if change.from_device else 'already as wanted: nothing is sent'}"
        return
    yield from _typed("send", change.lines)
    yield from _typed("undo", ("from the device at run time",) if change.from_device else change.inverse)
    if has_guard(change, site):
        told = f"  guard: {_GUARDS[platform.guard_style]}, {show_duration(checks.guard_s)}"
        yield f"{told}, if its configuration lets it be armed" if change.from_device else told
    else:
        yield from (f"  {line}" for line in _wrap(f"no guard: {why_none(platform)}", "  ", WIDTH - 4))


def _typed(word: str, lines: tuple[str, ...]) -> Iterator[str]:
    for at, line in enumerate(lines):
        yield f"  {word if at == 0 else '':<6}{line}"


def _wait(move: Move) -> Iterator[str]:
    longest = show_duration(move.longest_s)
    if move.kind is MoveKind.APPROVE:
        asked = dict.fromkeys(str(facts["message"]) for facts in move.arguments.values())
        yield from (f"asks a person, within {longest}: {message}" for message in asked)
        return
    for host, facts in move.arguments.items():
        match move.kind:
            case MoveKind.DRAINED:
                ports = facts["interfaces"]
                assert isinstance(ports, dict)
                yield (
                    f"{host}: until {', '.join(ports)} carry less than {show_percent(_number(facts['below']))}, "
                    f"by their counters, at most {show_duration(_number(facts['within']))}"
                )
            case MoveKind.READ:
                device = move.targets.get(host, host)
                yield f"{device}: reads {_listed(facts['commands'])}{_kept(move)}, within {longest}"
            case MoveKind.PAUSE:
                yield f"{host}: waits {show_duration(_number(facts['duration']))}, probing all the time"
            case _:
                yield f"{host}: {_asserted(facts['that'])}"


def _asserted(that: object) -> str:
    return f"goes on only if {_listed(that)}" if that else "its conditions held when this plan was made"


def _kept(move: Move) -> str:
    return f" and keeps the answers as {move.register}" if move.register else ""


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _listed(value: object) -> str:
    return "; ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)


def _verdict(plan: Plan, judgement: Judgement) -> Iterator[str]:
    if judgement.refusals:
        way = "" if judgement.overridable else "; no flag overrides this"
        yield f"REFUSED: {judgement.reason}{way}"
        yield from (f"- {sentence}" for sentence in judgement.refusals[1:])
    else:
        yield "no state of this plan, forward or back, breaks an invariant by itself"
    fullest = max(judgement.loads, key=lambda load: load.load / load.capacity if load.capacity else 0.0, default=None)
    if fullest is not None and fullest.capacity:
        share = f"{show_gbit(fullest.load)} of {show_gbit(fullest.capacity)} Gbit/s"
        yield f"fullest: {fullest.element} carries {share} {fullest.when}"
    if judgement.exposures:
        yield f"exposure{' (declared)' if judgement.covered else ', not declared'}:"
        yield from (f"- {sentence}" for sentence in judgement.exposures)
    if judgement.standing:
        yield "weak before the first step already, and no reason to refuse:"
        yield from (f"- {sentence}" for sentence in judgement.standing)
    if any(move.when for move in plan.moves):
        yield "hosts that the run may leave out were judged both ways"
    yield "undoing goes back through the same states, newest first: each was judged on the way forward"


def _difference(change: Change) -> tuple[str, ...]:
    before, after = change.before.splitlines(), change.after.splitlines()
    return tuple(difflib.unified_diff(before, after, "before", "after", lineterm=""))


def _wrapped(sentences: Iterable[str]) -> Iterator[str]:
    for sentence in sentences:
        hang = "  " if sentence.startswith("- ") else ""
        yield from _wrap(sentence, hang)


def _wrap(sentence: str, hang: str, width: int = WIDTH - 2) -> list[str]:
    glued = _UNIT.sub("\N{NO-BREAK SPACE}", sentence)
    lines = textwrap.wrap(glued, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
