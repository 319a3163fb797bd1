"""``link_speed``: both ends of a link run at one speed, changed in one move, for a link is up only when they agree.

Far ends are changed for the host at the near end, also when ``-l`` names only that one. The commands come from the
platform's table or from the device's ``safeshift_link_speed``; plans mark them unproven. An OSPF cost that is derived
from bandwidth follows the speed: routing reads it from the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from safeshift.actions.base import MoveKind, Plain, Situation, States
from safeshift.errors import PlanError
from safeshift.fabric.state import InterfaceState, RouterState
from safeshift.model.fabric import End, Link
from safeshift.model.steps import LinkSpeedArguments, check_command_text
from safeshift.platforms.base import Lines, Platform
from safeshift.units import parse_rate, show_gbit

VARIABLE = "safeshift_link_speed"
"""The inventory variable that replaces the platform's table: ``{100G: ["interface {interface}", " speed ..."]}``."""


class LinkSpeed(Plain[LinkSpeedArguments]):
    """The links run at ``speed``."""

    name = "link_speed"
    kind = MoveKind.CHANGE

    def devices(self, arguments: LinkSpeedArguments, at: Situation) -> tuple[str, ...]:
        """See ``Action``: the host, then its far ends."""
        links = at.own_links(arguments.links)
        if not links:
            hint = "name the links: link_speed: {speed: ..., links: [...]}"
            raise PlanError(f"{at.host} has no link inside its own network", hint=hint)
        return tuple(dict.fromkeys((at.host, *(link.far_end(at.host).router for link in links))))

    def lines(self, arguments: LinkSpeedArguments, at: Situation, device: str) -> Lines:
        """See ``Action``."""
        found: tuple[str, ...] = ()
        for link in at.own_links(arguments.links):
            for end in link.ends:
                if end.router == device and not _runs_at(at, end, link, arguments.speed):
                    found += at.missing(device, _table(at, end, arguments.speed))
        return found

    def effect(self, arguments: LinkSpeedArguments, at: Situation) -> States:
        """See ``Action``."""
        states = dict(at.states)
        for link in at.own_links(arguments.links):
            for end in link.ends:
                if not _runs_at(at, end, link, arguments.speed):
                    state = states[end.router]
                    port = state.interfaces.get(end.interface) or InterfaceState(end.interface)
                    ports = {**state.interfaces, end.interface: replace(port, speed=arguments.speed)}
                    states[end.router] = replace(state, interfaces=ports)
        return states

    def takes_down(self, arguments: LinkSpeedArguments, at: Situation) -> tuple[str, ...]:
        """See ``Action``: every link of which an end is changed."""
        return tuple(
            link.name
            for link in at.own_links(arguments.links)
            if any(not _runs_at(at, end, link, arguments.speed) for end in link.ends)
        )


def read_overrides(written: object) -> dict[int, Lines]:
    """Read the inventory's ``safeshift_link_speed``: lines by speed in bit/s, ``{interface}`` not yet filled in.

    Raises:
        ValueError: it is not a mapping of speeds to lists of single lines.
    """
    if not isinstance(written, Mapping):
        raise ValueError(f'{VARIABLE} is a mapping of speeds to lines: {{100G: ["interface {{interface}}", ...]}}')
    found: dict[int, Lines] = {}
    for speed, lines in written.items():
        if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines) or not lines:
            raise ValueError(f"{VARIABLE}: {speed} needs a list of lines")
        found[parse_rate(str(speed))] = tuple(check_command_text(line) for line in lines)
    return found


def with_own_speeds(state: RouterState, platform: Platform, config: str, own: Mapping[int, Lines]) -> RouterState:
    """Return a state in which a device's own commands mean what the inventory says that they do.

    An interface that holds all lines of a speed runs at it; those lines are no longer unread.
    """
    ports, known = dict(state.interfaces), set[str]()
    for name, port in state.interfaces.items():
        for speed, lines in own.items():
            typed = [line.replace("{interface}", name) for line in lines]
            if platform.equal(platform.apply(config, typed), config):
                ports[name] = replace(port, speed=speed)
                known |= {f"interface {name} / {line.strip()}" for line in typed}
    unread, pinned = (tuple(line for line in kept if line not in known) for kept in (state.unread, state.pinned))
    return replace(state, interfaces=ports, unread=unread, pinned=pinned)


def _runs_at(at: Situation, end: End, link: Link, speed: int) -> bool:
    port = at.states[end.router].interfaces.get(end.interface)
    return ((port.speed if port else None) or link.capacity) == speed


def _table(at: Situation, end: End, speed: int) -> Lines:
    own = at.overrides.get(end.router, {}).get("link_speed")
    if isinstance(own, Mapping):
        if speed not in own:
            hint = f"add {show_gbit(speed)}G to its {VARIABLE}"
            raise PlanError(f"{end.router}: no command is known for {show_gbit(speed)} Gbit/s", hint=hint)
        return tuple(line.replace("{interface}", end.interface) for line in own[speed])
    return at.platforms[end.router].speed_lines(end.interface, speed)
