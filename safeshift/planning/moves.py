"""A step becomes moves: for the hosts of a batch and the items of its loop, with every condition that can be decided.

Conditions on registered answers stay in the move for the run; all else is worked out here. Next: ``bench.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from safeshift.actions.base import MoveKind
from safeshift.actions.catalog import ACTIONS
from safeshift.errors import PlanError, PlaybookError
from safeshift.model.inventory import Inventory
from safeshift.model.play import Play, Playbook, Stage, Step
from safeshift.model.source import Loc, suggest
from safeshift.model.steps import Arguments, AssertArguments
from safeshift.planning.bench import Bench, merge_changes
from safeshift.planning.guarding import guarded_checks
from safeshift.planning.plan import Change, Checks, Move
from safeshift.planning.rendering import Layers, Scope, scope_of
from safeshift.planning.selecting import Selection, Start


@dataclass(slots=True)
class Counter:
    """Numbers the moves of one batch."""

    play: int
    batch: int
    step: int = 0

    def next(self) -> str:
        """Return the next move's id."""
        self.step += 1
        return f"{self.play}.{self.batch}.{self.step}"


@dataclass(frozen=True, slots=True)
class _Around:
    """What a step inherits from where it stands."""

    hosts: tuple[str, ...]
    stage: Stage
    stage_loc: Loc
    layers: Layers
    checks: Checks
    counter: Counter
    tags: tuple[str, ...]
    when: tuple[tuple[str, Loc], ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A step for one host (and one item of its loop): what it runs on, what it sees, what only the run can decide."""

    host: str
    target: str
    item: object
    scope: Scope
    later: tuple[str, ...]


@dataclass(slots=True)
class _Work:
    """What the hosts of one move add up to."""

    facts: dict[str, Mapping[str, object]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    down: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MoveMaker:
    """Makes the moves of a plan in order; ``bench`` and ``start`` move on with each."""

    playbook: Playbook
    inventory: Inventory
    bench: Bench
    selection: Selection
    start: Start
    offline: bool

    def moves(
        self, play: Play, hosts: tuple[str, ...], layers: Layers, checks: Checks, counter: Counter
    ) -> Iterator[Move]:
        """Give the moves of one batch.

        Raises:
            PlaybookError, PlanError, LintError: with the place of the step.
        """
        for at, stage in enumerate(play.stages):
            loc: Loc = (*play.loc, "stages", at)
            when = tuple((condition, (*loc, "when")) for condition in stage.when)
            around = _Around(hosts, stage, loc, layers, checks, counter, (*play.tags, *stage.tags), when)
            for step in stage.steps:
                yield from self._step(step, around)

    def _step(self, step: Step, around: _Around) -> Iterator[Move]:
        tags = (*around.tags, *step.tags)
        inner = tuple(one for one in step.steps if self.selection.takes((*tags, *one.tags)))
        is_taken = bool(inner) if step.action == "block" else self.selection.takes(tags)
        if not is_taken or not self.start.takes(*self._names(step, around)):
            return
        if inner:
            yield from self._block(step, inner, around)
            return
        for parts in self._expand(step, around):
            yield self._move(step, parts, around, around.counter.next())

    def _names(self, step: Step, around: _Around) -> tuple[str, str]:
        first = scope_of(self.playbook, around.layers.with_written(step.vars), around.hosts[0])
        try:
            return step.name, first.text(step.name, step.loc)
        except PlaybookError:
            return step.name, step.name  # a name with the loop's item in it is known only inside the loop

    def _expand(self, step: Step, around: _Around) -> Iterator[tuple[_Part, ...]]:
        """Give, per item of the loop, the hosts that take the step; hosts whose ``when`` is false are out."""
        loops = {host: self._items(step, around, host) for host in around.hosts}
        for at in range(max(map(len, loops.values()))):
            takers = ((host, items[at]) for host, items in loops.items() if at < len(items))
            found = (self._part(step, around, host, item) for host, item in takers)
            parts = tuple(part for part in found if part is not None)
            if parts:
                yield parts

    def _items(self, step: Step, around: _Around, host: str) -> list[object]:
        if step.loop is None:
            return [None]
        loc = (*step.loc[:-1], "loop")
        items = scope_of(self.playbook, around.layers.with_written(step.vars), host).render(step.loop, loc)
        if not isinstance(items, list):
            raise PlaybookError("a loop needs a list", place=self.playbook.places.at(loc), hint="write loop: [a, b]")
        return items

    def _part(self, step: Step, around: _Around, host: str, item: object) -> _Part | None:
        magic = around.layers.magic if step.loop is None else {**around.layers.magic, step.loop_var: item}
        scope = scope_of(self.playbook, replace(around.layers.with_written(step.vars), magic=magic), host)
        is_taken, later = scope.decide((*around.when, *_conditions(step)))
        if not is_taken:
            return None
        loc = (*step.loc[:-1], "delegate_to")
        target = scope.text(step.delegate_to, loc) if step.delegate_to else host
        if target not in self.inventory.hosts:
            place = self.playbook.places.at(loc)
            hint = suggest(target, self.inventory.hosts, "name a host of the inventory")
            raise PlaybookError(f"the inventory has no host {target!r}", place=place, hint=hint)
        return _Part(host, target, item, scope, later)

    def _move(self, step: Step, parts: tuple[_Part, ...], around: _Around, number: str) -> Move:
        work = self._work(step, parts)
        changes = merge_changes(tuple(work.changes), self.bench.site)
        changes = tuple(replace(change, from_device=self.offline) for change in changes)
        return Move(
            id=number,
            play=around.counter.play,
            batch=around.counter.batch,
            stage=_title(around.stage.name, parts, around.stage_loc) or f"stage {int(around.stage_loc[-1]) + 1}",
            name=_label(step, parts),
            action=step.action,
            kind=ACTIONS[step.action].kind,
            hosts=tuple(part.host for part in parts),
            devices=_each((*(change.device for change in changes), *work.reads)),
            arguments=work.facts,
            checks=guarded_checks(around.checks, changes, self.bench.site, step),
            changes=changes,
            when={part.host: part.later for part in parts if part.later},
            register=step.register_as,
            takes_down=_each(work.down),
            place=str(step.place),
            targets={part.host: part.target for part in parts if part.target != part.host},
            variables=_variables(step, parts, work),
        )

    def _work(self, step: Step, parts: tuple[_Part, ...]) -> _Work:
        """Work one step out on every host of it, and move the bench on."""
        work, up = _Work(), self.bench.links_up()
        for part in parts:
            # conditions are expressions, and their messages may use registered answers: both are not rendered now
            is_asserted = step.action == "assert"
            rendered = step.written if is_asserted else part.scope.render(step.written, step.loc)
            arguments = self.playbook.arguments(step, rendered)
            try:
                facts = _asserted(step, arguments, part.scope) if is_asserted else None
                work.facts[part.host] = facts or self.bench.facts(step.action, arguments, part.target)
                work.down += self.bench.takes_down(step.action, arguments, part.target)
                if ACTIONS[step.action].kind is MoveKind.CHANGE:
                    work.changes += self.bench.change(step.action, arguments, part.host, part.target)
                else:
                    work.reads += self.bench.reads(step.action, arguments, part.target)
            except PlanError as cause:
                raise PlanError(cause.message, place=step.place, hint=cause.hint) from cause
        work.down += sorted(up - self.bench.links_up())
        _check_overlap(step, parts, work.changes)
        return work

    def _block(self, step: Step, inner: tuple[Step, ...], around: _Around) -> Iterator[Move]:
        """Give the one move of steps that are applied, gated and confirmed together; none when no host takes them."""
        layers = around.layers.with_written(step.vars)
        around = replace(around, layers=layers, when=(*around.when, *_conditions(step)))
        number = f"{around.counter.play}.{around.counter.batch}.{around.counter.step + 1}"
        moves: list[Move] = []
        for one in inner:
            for parts in self._expand(one, around):
                if ACTIONS[one.action].kind is not MoveKind.CHANGE or any(part.later for part in parts):
                    hint = "steps that wait, read or ask, and when on registered answers, stand outside a block"
                    raise PlaybookError("a block is one change, planned whole", place=one.place, hint=hint)
                moves.append(self._move(one, parts, around, f"{number}.{len(moves) + 1}"))
        if not moves:
            return
        changes = merge_changes(tuple(change for move in moves for change in move.changes), self.bench.site)
        yield replace(
            moves[0],
            id=around.counter.next(),
            name=step.name or "block",
            action="block",
            hosts=_each(host for move in moves for host in move.hosts),
            devices=_each(device for move in moves for device in move.devices),
            arguments={},
            checks=guarded_checks(around.checks, changes, self.bench.site, step),
            changes=changes,
            takes_down=_each(link for move in moves for link in move.takes_down),
            place=str(step.place),
            targets={},
            steps=tuple(moves),
        )


def _each(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _conditions(step: Step) -> tuple[tuple[str, Loc], ...]:
    return tuple((condition, (*step.loc[:-1], "when")) for condition in step.when)


def _variables(step: Step, parts: tuple[_Part, ...], work: _Work) -> dict[str, Mapping[str, object]]:
    """Return the plain variables that the run needs for what only it can decide."""
    found: dict[str, Mapping[str, object]] = {}
    for part in parts:
        asked, texts = [*part.later], []
        if step.action == "assert":
            facts = work.facts[part.host]
            that, texts = facts["that"], [str(facts["fail_msg"]), str(facts["success_msg"])]
            asked += that if isinstance(that, list) else []
        if asked or texts:
            found[part.host] = part.scope.values_for(asked, texts, step.loc)
    return found


def _asserted(step: Step, arguments: Arguments, scope: Scope) -> Mapping[str, object]:
    """Decide now what plain variables decide; the other conditions, and what is said of them, wait for the run.

    Raises:
        PlanError: a condition is false already.
    """
    assert isinstance(arguments, AssertArguments)
    later: list[str] = []
    for at, condition in enumerate(arguments.that):
        is_true, undecided = scope.decide(((condition, (*step.loc, "that", at)),))
        if not is_true:
            said = scope.text(arguments.fail_msg, step.loc) if arguments.fail_msg else f"{condition!r} is not true"
            raise PlanError(
                f"assert fails already: {said}", hint="nothing was sent; make it true, or take the step out"
            )
        later += undecided
    return {"that": later, "fail_msg": arguments.fail_msg, "success_msg": arguments.success_msg}


def _label(step: Step, parts: tuple[_Part, ...]) -> str:
    """Name a move; in a loop whose item the name does not show, by the item too."""
    name = _title(step.name, parts, step.loc) or step.action
    if step.loop is None or (name != step.name and step.name):
        return name
    return f"{name} ({', '.join(_each(str(part.item) for part in parts))})"


def _title(written: str, parts: tuple[_Part, ...], loc: Loc) -> str:
    titles = _each(part.scope.text(written, loc) for part in parts)
    return ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")


def _check_overlap(step: Step, parts: tuple[_Part, ...], changes: list[Change]) -> None:
    """Refuse a move in which a host that the run may leave out shares a device with another host."""
    if not any(part.later for part in parts):
        return
    hosts: dict[str, str] = {}
    for change in changes:
        if change.lines and hosts.setdefault(change.device, change.host) != change.host:
            hint = "write serial: 1, so that each host has a move of its own"
            message = f"{change.device} would be changed for several hosts, of which the run may leave some out"
            raise PlanError(message, place=step.place, hint=hint)
