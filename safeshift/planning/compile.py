"""A playbook, an inventory and a fabric become a plan: batches of moves in order, every command worked out.

Hosts, tags and start are chosen first, so that what is linted and judged is what will run. Each change is computed
against the configurations that the changes before it leave. Next: ``moves.py`` (a step), ``bench.py`` (a change).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from safeshift.actions.base import MoveKind
from safeshift.errors import InputError, InventoryError, PlanError, PlaybookError
from safeshift.model.fabric import Fabric
from safeshift.model.inventory import Inventory
from safeshift.model.play import Play, Playbook, Settings, Verify
from safeshift.model.source import suggest
from safeshift.planning.bench import Bench, NamingBench
from safeshift.planning.goals import observe_changes, observe_goal
from safeshift.planning.guarding import guard_notes
from safeshift.planning.moves import Counter, MoveMaker
from safeshift.planning.plan import Batch, Checks, Exposure, GoalCheck, Plan
from safeshift.planning.rendering import Layers, scope_of
from safeshift.planning.selecting import Selection, Start, split_batches
from safeshift.planning.site import Site, site_of, suggested_configs

_UNREAD = "not read, and taken to be as the file says"
_NO_VARIABLES: Mapping[str, object] = MappingProxyType({})


def compile_plan(
    playbook: Playbook,
    inventory: Inventory,
    fabric: Fabric,
    *,
    configs: Mapping[str, str] | None,
    selection: Selection | None = None,
    extra_vars: Mapping[str, object] = _NO_VARIABLES,
    fabric_name: str = "",
) -> Plan:
    """Work out everything that a run of the playbook would do.

    Args:
        configs: Normalised configurations by device, as read now; None: a plan from the files alone. The ``touched``
            of a plan from the files alone are the devices to read for one that is not.
        fabric_name: What the fabric is called in reports and locks.

    Raises:
        PlaybookError, InventoryError: with the place of what is wrong.
        PlanError: good files, but nothing to do, or not to be done here.
        LintError: a guard would end before the verdict of its step.
    """
    site, offline = site_of(inventory, fabric), configs is None
    bench = Bench(site, suggested_configs(site) if configs is None else configs)
    batches = _batches(playbook, inventory, bench, selection or Selection(), extra_vars, offline=offline)
    plan = Plan(playbook.path, fabric_name, tuple(fabric.networks), batches, offline=offline)
    return replace(plan, notes=(*_unread(site, inventory), *_notes(plan, site), *guard_notes(plan, site)))


def devices_of(
    playbook: Playbook,
    inventory: Inventory,
    fabric: Fabric,
    *,
    selection: Selection | None = None,
    extra_vars: Mapping[str, object] = _NO_VARIABLES,
) -> tuple[str, ...]:
    """Name the devices that a plan would touch or read, each once, with no line worked out.

    What depends on what devices hold (a drain method that a configuration does not allow, a guard that is too short
    for the timers there are) is for ``compile_plan`` to refuse.

    Raises:
        PlaybookError, InventoryError: as ``compile_plan``.
        PlanError: whatever the files alone show: nothing to do, no such step or link, a device without a platform.
    """
    site = site_of(inventory, fabric)
    bench = NamingBench(site, suggested_configs(site))
    batches = _batches(playbook, inventory, bench, selection or Selection(), extra_vars, offline=True)
    return Plan(playbook.path, "", (), batches).devices


def _batches(
    playbook: Playbook,
    inventory: Inventory,
    bench: Bench,
    selection: Selection,
    extra_vars: Mapping[str, object],
    *,
    offline: bool,
) -> tuple[Batch, ...]:
    maker = MoveMaker(playbook, inventory, bench, selection, Start(selection.start_at_step), offline=offline)
    compiler = _Compiler(playbook, inventory, bench.site, selection, extra_vars, maker)
    batches = [batch for number, play in enumerate(playbook.plays, 1) for batch in compiler.batches(number, play)]
    maker.start.check()
    batches = [batch for batch in batches if batch.moves]
    if not batches:
        hint = "check hosts, --limit, --tags and when"
        raise PlanError("there is nothing to do: no step is left for any host", hint=hint)
    return tuple(batches)


def needs_approval(plan: Plan) -> bool:
    """Tell whether a person must say yes while the plan runs."""
    return any(move.kind is MoveKind.APPROVE for move in plan.moves)


@dataclass(frozen=True, slots=True)
class _Compiler:
    """One call of ``compile_plan``: plays into batches; what a step becomes is ``maker``'s."""

    playbook: Playbook
    inventory: Inventory
    site: Site
    selection: Selection
    extra: Mapping[str, object]
    maker: MoveMaker

    def batches(self, number: int, play: Play) -> Iterator[Batch]:
        """Give the batches of one play, in order; a play without hosts has none."""
        plain = Layers(self.inventory, (play.vars,), self.extra)
        scope = scope_of(self.playbook, plain, None)
        settings = self._settings(play, plain)
        pattern = ",".join(settings.hosts)
        self._refuse_nobody(play, settings.hosts)
        everyone = self._everyone(play, pattern)
        hosts = self.inventory.select(pattern, limit=self.selection.limit)
        checks = self._checks(play, settings)
        exposure = Exposure(settings.exposure.max, settings.exposure.reason) if settings.exposure else None
        for at, members in enumerate(split_batches(hosts, settings.serial), 1):
            is_whole = self.maker.start.begun or not self.selection.start_at_step
            layers = replace(plain, magic=self._magic(hosts, members))
            moves = tuple(self.maker.moves(play, members, layers, checks, Counter(number, at)))
            is_cut = bool(self.selection.tags or self.selection.skip_tags) or hosts != everyone or not is_whole
            goal = () if is_cut else self._goal(play, members, layers)
            yield Batch(
                play=number,
                number=at,
                play_name=scope.text(play.name, play.loc),
                hosts=members,
                moves=moves,
                checks=checks,
                goal=(*goal, *observe_changes(moves, self.site)),
                goal_declared=bool(goal),
                exposure=exposure,
            )

    def _settings(self, play: Play, plain: Layers) -> Settings:
        scope = scope_of(self.playbook, plain, None)
        rendered = {key: scope.render(value, (*play.loc, key)) for key, value in play.written.items()}
        return self.playbook.settings(play, rendered)

    def _checks(self, play: Play, settings: Settings) -> Checks:
        fabric = self.site.fabric
        for name in settings.verify.require or ():
            if name not in fabric.networks:
                place = self.playbook.places.at((*play.loc, "verify", "require"))
                known = tuple(fabric.networks)
                hint = suggest(name, known, f"networks: {', '.join(known)}")
                raise PlaybookError(f"there is no network {name!r}", place=place, hint=hint)
        checks = _with_written(Checks(require=settings.verify.require or fabric.carrying), settings.verify)
        return checks if settings.guard is None else replace(checks, guard_s=round(settings.guard))

    def _refuse_nobody(self, play: Play, named: tuple[str, ...]) -> None:
        """An empty pattern means all hosts: whoever wrote a variable that turned out empty did not mean that."""
        if not named or not all(name.strip() for name in named):
            place = self.playbook.places.at((*play.loc, "hosts"))
            raise PlaybookError("hosts is empty, and that would be every host", place=place, hint="write all for all")
        if self.selection.limit is not None and not self.selection.limit.strip():
            raise InputError("the limit is empty, and that would be no limit", hint="leave -l out, or name hosts")

    def _everyone(self, play: Play, pattern: str) -> tuple[str, ...]:
        """Give the hosts that a play names, whatever the command line leaves of them."""
        try:
            return self.inventory.select(pattern)
        except InventoryError as cause:
            raise PlaybookError(
                cause.message, place=self.playbook.places.at((*play.loc, "hosts")), hint=cause.hint
            ) from cause

    def _magic(self, hosts: tuple[str, ...], members: tuple[str, ...]) -> dict[str, object]:
        return {
            "ansible_play_hosts": list(hosts),
            "ansible_play_hosts_all": list(hosts),
            "ansible_play_batch": list(members),
            "play_hosts": list(members),
            "ansible_limit": self.selection.limit or "",
        }

    def _goal(self, play: Play, members: tuple[str, ...], layers: Layers) -> tuple[GoalCheck, ...]:
        found: list[GoalCheck] = []
        for step in play.goal:
            for host in members:
                scope = scope_of(self.playbook, layers, host)
                arguments = self.playbook.arguments(step, scope.render(step.written, step.loc))
                found += observe_goal(self.maker.bench, step, arguments, host)
        return tuple(dict.fromkeys(found))


def _with_written(checks: Checks, verify: Verify) -> Checks:
    """Put what the play says in the place of the defaults."""

    def of(written: float | None, default: float) -> float:
        return default if written is None else written

    return replace(
        checks,
        loss_max=of(verify.loss.max if verify.loss else None, checks.loss_max),
        utilisation_max=of(verify.utilisation.max if verify.utilisation else None, checks.utilisation_max),
        settle_s=of(verify.settle, checks.settle_s),
        soak_s=of(verify.soak, checks.soak_s),
        hold_s=of(verify.hold, checks.hold_s),
        freshness_s=of(verify.freshness, checks.freshness_s),
        observer_grace_s=of(verify.observer_grace, checks.observer_grace_s),
        deadline_s=of(verify.deadline, checks.deadline_s),
    )


def _unread(site: Site, inventory: Inventory) -> Iterator[str]:
    """Say which routers nobody looks at: a forecast over them is only as true as the fabric file."""
    for router in site.fabric.routers:
        if router not in site.platforms:
            yield f"{router} is in the fabric file but {_lack(router, site, inventory)}: it is {_UNREAD}"


def _lack(router: str, site: Site, inventory: Inventory) -> str:
    if router in site.unsupported:
        return site.unsupported[router]
    if router in inventory.hosts:
        return "the inventory gives it no ansible_network_os"
    near = suggest(router, [host for host in inventory.hosts if host not in site.fabric.routers])
    return f"not in the inventory ({near})" if near else "not in the inventory"


def _notes(plan: Plan, site: Site) -> Iterator[str]:
    """Say what the operator should know before anything is done."""
    fabric = site.fabric
    if len(fabric.carrying) == 1:
        yield (
            f"there is one network only ({fabric.carrying[0]}): a node that is lost on it has no other way left, "
            "and whether a change spares the other network cannot be judged"
        )
    outside = [device for device in plan.touched if device not in fabric.routers]
    if outside:
        yield f"not in the fabric file: {', '.join(outside)}; what changes there do to traffic cannot be foreseen"
    unproven = dict.fromkeys(change.device for move in plan.moves for change in move.changes if change.unproven)
    if unproven:
        yield f"unproven commands: link speeds on {', '.join(unproven)} come from a table, not from having been tried"
    if plan.offline:
        yield "made from the files alone: commands are what the files suggest; the devices decide at run time"
