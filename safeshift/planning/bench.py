"""Where changes are tried on text: each one computed against the configurations that the ones before it leave.

``compile.py`` works a whole plan through it, ``forecast.py`` one move again just before it is sent. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from safeshift.actions.base import Situation
from safeshift.actions.catalog import ACTIONS
from safeshift.errors import PlanError
from safeshift.fabric.routing import Network
from safeshift.model.steps import Arguments, check_command_text
from safeshift.planning.plan import Change
from safeshift.planning.site import Site
from safeshift.platforms.base import Lines

DRAINS = ("shift", "drain")
UNDRAINS = ("unshift", "undrain")
UNPROVEN = ("link_speed",)


class Bench:
    """Configurations and states of every device, moved on by each change that is tried.

    Args:
        configs: By device, normalised; what is missing was not read.
        undrained: Of each device that was drained before, the configuration just before that.
    """

    def __init__(self, site: Site, configs: Mapping[str, str], undrained: Mapping[str, str] | None = None) -> None:
        self.site = site
        self.configs = dict(configs)
        self.states = dict(site.states_of(configs))
        self.undrained = dict(undrained or {})

    def change(self, action: str, arguments: Arguments, host: str, target: str) -> tuple[Change, ...]:
        """Try one action for one host, and move on to what it leaves.

        Raises:
            PlanError: the action cannot be done here.
        """
        at = self.at(target)
        devices = ACTIONS[action].devices(arguments, at)
        for device in devices:
            self.site.platform(device)
            if device not in self.configs:
                raise PlanError(f"{device} would be changed, but its configuration was not read")
        lines = {device: self.lines(action, arguments, at, device) for device in devices}
        if action in DRAINS and lines[target]:
            self.undrained.setdefault(target, self.configs[target])
        changes = tuple(self._apply(action, host, device, typed) for device, typed in lines.items())
        if action in UNDRAINS:
            self.undrained.pop(target, None)
        return changes

    def lines(self, action: str, arguments: Arguments, at: Situation, device: str) -> Lines:
        """Return what is typed on one device of an action; none where it already is as wanted.

        Raises:
            PlanError: the action cannot be done there.
        """
        return _checked(ACTIONS[action].lines(arguments, at, device), device)

    def goal(self, action: str, arguments: Arguments, target: str) -> Mapping[str, Lines]:
        """Return what a goal still needs, by device; no lines where it is there.

        Raises:
            PlanError: as ``change``.
        """
        at = self.at(target)
        devices = ACTIONS[action].devices(arguments, at)
        for device in devices:
            self.site.platform(device)
        return {device: self.lines(action, arguments, at, device) for device in devices}

    def reads(self, action: str, arguments: Arguments, target: str) -> tuple[str, ...]:
        """Return the devices that a move without changes reads, having checked that it can.

        Raises:
            PlanError: as ``change``.
        """
        at = self.at(target)
        devices = ACTIONS[action].devices(arguments, at)
        for device in devices:
            self.site.platform(device)
            _checked(ACTIONS[action].lines(arguments, at, device), device)
        return devices

    def facts(self, action: str, arguments: Arguments, target: str) -> Mapping[str, object]:
        """Return an action's arguments as the engine needs them."""
        at = self.at(target)
        return ACTIONS[action].facts(arguments, at)

    def takes_down(self, action: str, arguments: Arguments, target: str) -> tuple[str, ...]:
        """Return the links that an action says it takes down."""
        at = self.at(target)
        return ACTIONS[action].takes_down(arguments, at)

    def copy(self) -> Bench:
        """Return a bench of the same kind on which more can be tried; this one stays as it is."""
        return type(self)(self.site, self.configs, self.undrained)

    def links_up(self) -> frozenset[str]:
        """Return the links that are up, by what both ends are configured to now."""
        network = Network(self.site.fabric, self.states)
        return frozenset(link.name for link in self.site.fabric.links if network.link_up(link))

    def at(self, target: str) -> Situation:
        """Return what an action may know on a device now."""
        return self.site.situation(target, self.configs, self.states, self.undrained)

    def _apply(self, action: str, host: str, device: str, lines: tuple[str, ...]) -> Change:
        platform, before = self.site.platforms[device], self.configs[device]
        after = platform.apply(before, lines) if lines else before
        inverse = platform.remediate(after, before) if lines else ()
        if lines:
            self.configs[device] = after
            if device in self.states:
                self.states[device] = self.site.meaning(device, after)
        unproven = action in UNPROVEN and bool(lines)
        return Change(device, platform.name, host, lines, inverse, before, after, unproven=unproven)


class NamingBench(Bench):
    """Names the devices of every change and works no line out: what depends on what they hold is not asked yet."""

    def lines(self, action: str, arguments: Arguments, at: Situation, device: str) -> Lines:
        """Return none."""
        return ()


def merge_changes(changes: tuple[Change, ...], site: Site) -> tuple[Change, ...]:
    """Return one change per device, in the order first touched; its inverse leads back to before the first."""
    merged: dict[str, Change] = {}
    for change in changes:
        first = merged.get(change.device)
        if first is None:
            merged[change.device] = change
            continue
        inverse = site.platforms[change.device].remediate(change.after, first.before)
        merged[change.device] = replace(
            first,
            lines=first.lines + change.lines,
            inverse=inverse,
            after=change.after,
            unproven=first.unproven or change.unproven,
        )
    return tuple(merged.values())


def _checked(lines: tuple[str, ...], device: str) -> tuple[str, ...]:
    for line in lines:
        try:
            check_command_text(line)
        except ValueError as cause:
            raise PlanError(f"{device}: {line!r} cannot be sent: {cause}") from cause
    return lines
