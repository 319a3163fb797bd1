"""Rules that a plan must keep and that nothing overrides: no link is taken down under traffic.

A drain asks; only counters tell that the traffic has left. So a link may go down only when the model has nothing on
it, one of its ends is drained, and a ``wait_drained`` that watches it has passed since. Next: ``forecast.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from safeshift.actions.base import MoveKind
from safeshift.errors import LintError
from safeshift.fabric.load import Traffic, carry
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


def _check_links(frame: Frame, site: Site, quiet: frozenset[str]) -> None:
    down = set(frame.move.takes_down)
    before, after = Network(site.fabric, frame.before), Network(site.fabric, frame.after)
    down |= {link.name for link in site.fabric.links if before.link_up(link) and not after.link_up(link)}
    traffic = carry(before)
    for link in site.fabric.links:
        if link.name in down and before.link_up(link):
            _check_empty(frame.move, link, traffic)
            _check_drained(frame, link, quiet)


def _check_empty(move: Move, link: Link, traffic: Traffic) -> None:
    load = max(traffic.load(link, end.router) for end in link.ends)
    if load > _NOTHING:
        told = f"takes down {link.name} while it carries {show_gbit(load)} Gbit/s"
        hint = f"before this step: shift or drain {_router(move, link)}, then wait_drained"
        raise LintError(f"{move.place}: {_named(move)} {told}", hint=hint)


def _check_drained(frame: Frame, link: Link, quiet: frozenset[str]) -> None:
    move, router = frame.move, _router(frame.move, link)
    if not any(is_avoided(frame.before[end.router]) for end in link.ends):
        told = f"takes down {link.name}, and neither end of it is drained"
        hint = f"before this step: shift or drain {router}, then wait_drained"
    elif link.name not in quiet:
        told = f"takes down {link.name} with no wait_drained that watches it since {router} was drained"
        hint = f"add wait_drained on {router} between the drain and this step"
    else:
        return
    raise LintError(f"{move.place}: {_named(move)} {told}", hint=hint)


def _router(move: Move, link: Link) -> str:
    """The end that the move is about, for the advice."""
    about = (*move.hosts, *move.devices)
    return next((name for name in about if name in {end.router for end in link.ends}), link.ends[0].router)


def _named(move: Move) -> str:
    return f"{move.name!r} on {', '.join(move.hosts)}"
