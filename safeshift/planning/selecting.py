"""Which hosts, batches and steps a run takes: Ansible's rules for serial, limits, tags and ``--start-at-step``.

All of it is decided before a plan is made, so that a plan is linted and judged as it will be run.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from safeshift.errors import PlanError
from safeshift.units import parse_percent

_UNTAGGED = frozenset({"untagged"})


@dataclass(frozen=True, slots=True)
class Selection:
    """What the command line takes out of a playbook; nothing given: all of it.

    Attributes:
        limit: A host pattern (``-l``), or None.
        start_at_step: A step's name, or a glob of one, or empty.
    """

    limit: str | None = None
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    start_at_step: str = ""

    def takes(self, tags: Collection[str]) -> bool:
        """Tell whether a step with these tags (its own and inherited) is taken, as Ansible would."""
        own = frozenset(tags) or _UNTAGGED
        return _is_wanted(own, frozenset(self.tags) or {"all"}) and not _is_skipped(own, frozenset(self.skip_tags))


def _is_wanted(own: frozenset[str], only: Collection[str]) -> bool:
    if "always" in own or not own.isdisjoint(only):
        return True
    if "never" in own:
        return False
    return "all" in only or ("tagged" in only and own != _UNTAGGED)


def _is_skipped(own: frozenset[str], skip: Collection[str]) -> bool:
    if "all" in skip:
        return "always" not in own or "always" in skip
    return not own.isdisjoint(skip) or ("tagged" in skip and own != _UNTAGGED)


def split_batches(hosts: Sequence[str], serial: Sequence[int | str] | None) -> tuple[tuple[str, ...], ...]:
    """Split hosts into the batches that ``serial`` asks for; the last of a list of sizes repeats."""
    sizes = [_count(size, len(hosts)) for size in serial or (max(1, len(hosts)),)]
    batches: list[tuple[str, ...]] = []
    rest = tuple(hosts)
    while rest:
        size = sizes[min(len(batches), len(sizes) - 1)]
        batches.append(rest[:size])
        rest = rest[size:]
    return tuple(batches)


def _count(size: int | str, hosts: int) -> int:
    if isinstance(size, int):
        return size
    return int(parse_percent(size) * hosts) or 1


@dataclass(slots=True)
class Start:
    """Passes steps over until the named one comes; from then on takes every step, as ``--start-at-task`` does."""

    wanted: str
    passed: list[str] = field(default_factory=list)
    begun: bool = False

    def takes(self, *names: str) -> bool:
        """Tell whether a step with these names (as written, as rendered) is taken."""
        if not self.begun:
            self.begun = not self.wanted or any(name and fnmatchcase(name, self.wanted) for name in names)
        if not self.begun:
            self.passed += names
        return self.begun

    def check(self) -> None:
        """Refuse a plan in which the named step never came.

        Raises:
            PlanError: with the nearest name.
        """
        if self.wanted and not self.begun:
            known = list(dict.fromkeys(name for name in self.passed if name))
            near = difflib.get_close_matches(self.wanted, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"steps: {', '.join(known) or 'none'}"
            raise PlanError(f"there is no step {self.wanted!r} to start at", hint=hint)
