"""What the templates of a playbook stand for on one host, at one step: Ansible's variables in Ansible's order.

Errors point into the playbook. Whatever is rendered here is shown and journaled, so a vaulted value is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from safeshift.errors import InputError, PlaybookError
from safeshift.model.inventory import Inventory
from safeshift.model.play import Playbook
from safeshift.model.source import Loc
from safeshift.model.templatenames import names_in, names_in_condition
from safeshift.model.templating import Templater
from safeshift.model.vault import Secret

_MAGIC = ("inventory_hostname", "inventory_hostname_short", "group_names", "groups", "playbook_dir")


class _HostView:
    """One other host's variables, each rendered when it is asked for, as that host would see it."""

    __slots__ = ("_templater", "_variables")

    def __init__(self, variables: Mapping[str, object]) -> None:
        self._variables = variables
        self._templater = Templater(variables, error=PlaybookError)

    def __getitem__(self, name: str) -> object:
        if name not in self._variables:
            raise KeyError(name)
        return self._templater.render(self._variables[name])

    def __contains__(self, name: object) -> bool:
        return name in self._variables


class _HostVars:
    """``hostvars``: every host of the inventory by name."""

    __slots__ = ("_inventory",)

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def __getitem__(self, host: str) -> _HostView:
        if host not in self:
            raise KeyError(host)
        return _HostView(self._inventory.host_vars(host))

    def __contains__(self, host: object) -> bool:
        return host in self._inventory.hosts

    def __iter__(self) -> Iterator[str]:
        return iter(self._inventory.hosts)

    def __len__(self) -> int:
        return len(self._inventory.hosts)


@dataclass(frozen=True, slots=True)
class Layers:
    """Where variables come from, weakest first; the loop's item is above all.

    Attributes:
        written: Those of play, block and step, in that order.
        extra: Those of the command line.
        magic: Those that describe the run: the hosts of the play and of the batch, the limit.
    """

    inventory: Inventory
    written: tuple[Mapping[str, object], ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    magic: Mapping[str, object] = field(default_factory=dict)

    def with_written(self, *more: Mapping[str, object]) -> Layers:
        """Return the same with stronger variables of the playbook above those it has."""
        return Layers(self.inventory, (*self.written, *more), self.extra, self.magic)

    def plain(self) -> dict[str, object]:
        """Return the variables that need no host, unrendered."""
        merged: dict[str, object] = {}
        for layer in (*self.written, self.extra):
            merged = self.inventory.combine(merged, layer)
        return {**merged, **self.magic}

    def of(self, host: str) -> dict[str, object]:
        """Return all variables of a host, unrendered."""
        own = self.inventory.host_vars(host)
        fixed = {name: own[name] for name in _MAGIC if name in own}
        merged = self.inventory.combine(own, self.plain())
        return {**merged, **fixed, **self.magic, "hostvars": _HostVars(self.inventory)}


class Scope:
    """Renders and decides what stands in a playbook, over one set of variables."""

    def __init__(self, playbook: Playbook, variables: Mapping[str, object], answers: frozenset[str]) -> None:
        self._playbook = playbook
        self._variables = variables
        self._templater = Templater(variables, error=PlaybookError)
        self._answers = answers

    def render(self, value: object, loc: Loc) -> object:
        """Render a value and everything in it.

        Raises:
            PlaybookError: at the innermost place that does not render.
        """
        if isinstance(value, Mapping):
            return {key: self.render(one, (*loc, key)) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.render(one, (*loc, at)) for at, one in enumerate(value)]
        try:
            rendered = self._templater.render(value)
        except InputError as cause:
            raise self._placed(cause, loc) from cause
        self._refuse_secret(rendered, loc)
        return rendered

    def text(self, value: str, loc: Loc) -> str:
        """Render a value that is text whatever it renders to."""
        return str(self.render(value, loc))

    def decide(self, conditions: Sequence[tuple[str, Loc]]) -> tuple[bool, tuple[str, ...]]:
        """Decide conditions in order: whether none of them is false now, and those that only the run can decide.

        Raises:
            PlaybookError: at the place of a condition that cannot be worked out.
        """
        later = []
        for condition, loc in conditions:
            if names_in_condition(condition) & self._answers:
                later.append(condition)
                continue
            try:
                if not self._templater.is_true(condition):
                    return False, ()
            except InputError as cause:
                raise self._placed(cause, loc) from cause
        return True, tuple(later)

    def values_for(self, conditions: Sequence[str], texts: Sequence[str], loc: Loc) -> dict[str, object]:
        """Return the plain variables that run-time conditions and texts ask for, rendered, as JSON values.

        Raises:
            PlaybookError: one of them cannot stand in a journal.
        """
        names = frozenset[str]().union(*map(names_in_condition, conditions), names_in(list(texts)))
        values: dict[str, object] = {}
        for name in sorted(names - self._answers):
            if name in self._variables:
                value = self.render("{{ " + name + " }}", loc)
                values[name] = self._as_json(name, value, loc)
        return values

    def _as_json(self, name: str, value: object, loc: Loc) -> object:
        try:
            return json.loads(json.dumps(value))
        except TypeError as cause:
            place = self._playbook.places.at(loc)
            hint = f"set a variable from {name} under vars, and use that one"
            raise PlaybookError(f"{name} cannot be used beside a registered answer", place=place, hint=hint) from cause

    def _placed(self, cause: InputError, loc: Loc) -> InputError:
        if cause.place is not None:
            return cause
        return PlaybookError(cause.message, place=self._playbook.places.at(loc), hint=cause.hint)

    def _refuse_secret(self, value: object, loc: Loc) -> None:
        if isinstance(value, Secret):
            hint = "what is sent is shown and journaled; keep secrets for logins"
            raise PlaybookError("a vaulted value would be sent", place=self._playbook.places.at(loc), hint=hint)
        for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
            self._refuse_secret(one, loc)


def scope_of(playbook: Playbook, layers: Layers, host: str | None) -> Scope:
    """Return what a host sees; without a host, what a play sees of its own and the command line's variables."""
    return Scope(playbook, layers.plain() if host is None else layers.of(host), playbook.registered)
