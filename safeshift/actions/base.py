"""What an action promises planning: whom it touches, which lines it sends, and what it does to the network.

``lines`` (what is typed) and ``effect`` (what is meant) are two independent statements; a test compares them for
every action and platform. Next: ``drain.py`` for a small one, ``shift.py`` for the one that matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, TypeVar

from safeshift.errors import PlanError
from safeshift.fabric.state import RouterState
from safeshift.model.fabric import Fabric, Link, Router
from safeshift.model.source import suggest
from safeshift.model.steps import Arguments
from safeshift.platforms.base import Lines, Platform

States = Mapping[str, RouterState]
A = TypeVar("A", bound=Arguments)
A_contra = TypeVar("A_contra", bound=Arguments, contravariant=True)


class MoveKind(Enum):
    """What performing a move means."""

    CHANGE = "change"
    """Sends configuration: captured, guarded, read back, gated, confirmed."""
    READ = "read"
    """Sends read commands and may register their answers."""
    DRAINED = "drained"
    """Reads counters twice until the traffic has really left, or its time is over."""
    PAUSE = "pause"
    """Waits, probing all the time."""
    APPROVE = "approve"
    """Waits for a person's yes."""
    ASSERT = "assert"
    """Evaluates conditions on variables and registered answers."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What an action may know when it is asked: pure data, gathered by others.

    Attributes:
        host: The device that the step runs on (the inventory host, or whom ``delegate_to`` names).
        configs: Normalised configurations by device, as they are at this point of the plan.
        states: What those configurations mean.
        platforms: By device.
        overrides: Per device, per action: what the inventory says instead of the platform's table.
        undrained: Of each device that this plan has drained so far, the configuration just before.
    """

    host: str
    fabric: Fabric
    configs: Mapping[str, str]
    states: States
    platforms: Mapping[str, Platform]
    overrides: Mapping[str, Mapping[str, object]]
    undrained: Mapping[str, str] = field(default_factory=dict)

    def router(self) -> Router:
        """Return the host as the fabric knows it.

        Raises:
            PlanError: it is no router of the fabric.
        """
        if self.host not in self.fabric.routers:
            otherwise = "name a router of the fabric file as the host, or add this one there"
            hint = suggest(self.host, tuple(self.fabric.routers), otherwise)
            raise PlanError(f"{self.host} is not a router of the fabric, so nothing is known of its traffic", hint=hint)
        return self.fabric.routers[self.host]

    def own_links(self, names: tuple[str, ...] | None) -> tuple[Link, ...]:
        """Return the named links of the host (by link name or by its interface); all inside its network by default.

        Raises:
            PlanError: the host is no router of the fabric, or has no such link.
        """
        router = self.router()
        links = self.fabric.links_of(self.host)
        if names is None:
            return tuple(link for link in links if self.fabric.network_of(link) == router.network)
        known = {key: link for link in links for key in (link.name, link.end_at(self.host).interface)}
        for name in names:
            if name not in known:
                raise PlanError(f"{self.host} has no link {name!r}", hint=f"it has {', '.join(known) or 'none'}")
        return tuple(dict.fromkeys(known[name] for name in names))

    def missing(self, device: str, lines: Lines) -> Lines:
        """Return those of some typed lines that the device does not hold yet.

        Raises:
            PlanError: one of them cannot be part of a run, and no flag sends it.
        """
        platform = self.platforms[device]
        stray = platform.stray(lines)
        if stray:
            hint = "write configuration only; safeshift itself enters, commits, confirms and leaves"
            raise PlanError(f"{device}: {stray}", hint=hint)
        return platform.needed(self.configs[device], lines)


class Action(Protocol[A_contra]):
    """A kind of change or wait, as written in a playbook.

    Guarantees:
        Pure. ``lines`` returns nothing for a device that already is as wanted.
    """

    name: str
    kind: MoveKind

    def devices(self, arguments: A_contra, at: Situation) -> tuple[str, ...]:
        """Return the devices that are touched or read for this host, near ends first.

        Raises:
            PlanError: the arguments make no sense for this host.
        """
        ...

    def lines(self, arguments: A_contra, at: Situation, device: str) -> Lines:
        """Return what is typed on one device.

        Raises:
            PlanError: this device or this network cannot do it.
        """
        ...

    def effect(self, arguments: A_contra, at: Situation) -> States | None:
        """Return the states of all routers once the action is done, without looking at ``lines``.

        None: the action declares nothing; what its text means is its effect.
        """
        ...

    def takes_down(self, arguments: A_contra, at: Situation) -> tuple[str, ...]:
        """Return the names of links that go down or flap while the action is applied."""
        ...

    def facts(self, arguments: A_contra, at: Situation) -> Mapping[str, object]:
        """Return the arguments as JSON values, with what the fabric says about them and the engine needs."""
        ...


class Plain(Generic[A]):
    """What most actions answer: the host alone, nothing typed, nothing changed, nothing taken down."""

    def devices(self, arguments: A, at: Situation) -> tuple[str, ...]:
        """See ``Action``."""
        return (at.host,)

    def lines(self, arguments: A, at: Situation, device: str) -> Lines:
        """See ``Action``."""
        return ()

    def effect(self, arguments: A, at: Situation) -> States | None:
        """See ``Action``."""
        return at.states

    def takes_down(self, arguments: A, at: Situation) -> tuple[str, ...]:
        """See ``Action``."""
        return ()

    def facts(self, arguments: A, at: Situation) -> Mapping[str, object]:
        """See ``Action``."""
        dumped: dict[str, object] = arguments.model_dump(mode="json")
        return dumped
