"""Rules that a plan must keep and that nothing overrides: no link is taken down under traffic.

A drain asks; only counters tell that the traffic has left. So a link may go down only when the model has nothing on
it, one of its ends is drained, and a ``wait_drained`` that watches it has passed since. Next: ``forecast.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from safeshift.actions.base import MoveKind, States
from safeshift.errors import LintError
from safeshift.fabric.load import carry
from safeshift.fabric.routing import Network
from safeshift.model.fabric import Link
from safeshift.planning.plan import Move, Plan
from safeshift.planning.site import Site
from safeshift.planning.worlds import Frame, is_avoided, start_configs, walk, worlds
from safeshift.units import show_gbit

_NOTHING = 1.0  # bit/s; what floating-point sums leave on a link that carries nothing


def check_rules(plan: Plan, site: Site, configs: Mapping[str, str] | None) -> None:
    """Hold a plan against the rules, with every host left out that the run may leave out.

    Args:
        configs: As given to ``compile_plan``.

    Raises:
        LintError: naming the move, the link, its load, the place, and what to do.
    """
    begin = start_configs(plan, site, configs)
    for skipped in worlds(plan):
        quiet: set[str] = set()
        for frame in walk(plan, site, begin, skipped):
            _check_links(frame, site, frozenset(quiet))
            quiet = _still_quiet(frame, site, quiet)


def _still_quiet(frame: Frame, site: Site, quiet: set[str]) -> set[str]:
    """Return the links that were seen empty since an end was drained, after this move."""
    if frame.move.kind is MoveKind.DRAINED and not frame.move.when:
        quiet = quiet | {str(name) for facts in frame.move.arguments.values() for name in _listed(facts.get("links"))}
    return {name for name in quiet if any(is_avoided(frame.after[end.router]) for end in site.fabric.link(name).ends)}


def _listed(value: object) -> list[object] | tuple[object, ...]:
    return value if isinstance(value, list | tuple) else []


def traffic_cut(move: Move, site: Site, before: States, after: States, down: Collection[str]) -> str:
    """Say which link would go down in use: with traffic on it by the model, or with neither end drained; or nothing.

    Args:
        before: With whatever failed already shown as shut down: what is down cannot be taken down.
        down: Links that flap, whatever ``after`` says of them.
    """
    return next((f"{_named(move)} {told}" for _, told in _cuts(site, before, after, down)), "")


def _cuts(site: Site, before: States, after: States, down: Collection[str]) -> Iterator[tuple[Link, str]]:
    taken = tuple(_taken_down(site, before, after, down))
    traffic = carry(Network(site.fabric, before)) if taken else None
    for link in taken:
        load = max(traffic.load(link, end.router) for end in link.ends) if traffic else 0.0
        if load > _NOTHING:
            yield link, f"takes down {link.name} while it carries {show_gbit(load)} Gbit/s"
        elif not any(is_avoided(before[end.router]) for end in link.ends):
            yield link, f"takes down {link.name}, and neither end of it is drained"


def _taken_down(site: Site, before: States, after: States, down: Collection[str]) -> Iterator[Link]:
    were, are = Network(site.fabric, before), Network(site.fabric, after)
    return (link for link in site.fabric.links if were.link_up(link) and (link.name in down or not are.link_up(link)))


def _check_links(frame: Frame, site: Site, quiet: frozenset[str]) -> None:
    move = frame.move
    for link, told in _cuts(site, frame.before, frame.after, move.takes_down):
        hint = f"before this step: shift or drain {_router(move, link)}, then wait_drained"
        raise LintError(f"{move.place}: {_named(move)} {told}", hint=hint)
    for link in _taken_down(site, frame.before, frame.after, move.takes_down):
        if link.name not in quiet:
            router = _router(move, link)
            told = f"takes down {link.name} with no wait_drained that watches it since {router} was drained"
            hint = f"add wait_drained on {router} between the drain and this step"
            raise LintError(f"{move.place}: {_named(move)} {told}", hint=hint)


def _router(move: Move, link: Link) -> str:
    """The end that the move is about, for the advice."""
    about = (*move.hosts, *move.devices)
    return next((name for name in about if name in {end.router for end in link.ends}), link.ends[0].router)


def _named(move: Move) -> str:
    return f"{move.name!r} on {', '.join(move.hosts)}"
