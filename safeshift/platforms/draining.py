"""Lines by which a router asks to be avoided, and those that take it back, for EOS and IOS alike.

Everything is read from the configuration at hand: process numbers, interfaces, neighbours. What is already true is
not said again. Only this router's own side is touched: ``interface_cost`` moves the traffic that leaves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from safeshift.errors import PlanError
from safeshift.fabric.state import MAX_METRIC, RouterState
from safeshift.platforms.configtext import Block, Blocks

GRACEFUL_MAP = "SAFESHIFT-GSHUT"
GRACEFUL_COMMUNITY = "65535:0"  # RFC 8326
_NEIGHBOR = re.compile(r"neighbor (\S+) (?:remote-as \d+|peer group \S+|peer-group \S+)")
_PROCESS = re.compile(r"router ospf \d+")

Lines = tuple[str, ...]


def bgp_neighbors(section: Block) -> tuple[str, ...]:
    """Return the neighbours (and groups) that a ``router bgp`` section declares, in order."""
    names = (match[1] for child in section.children if (match := _NEIGHBOR.fullmatch(child.text)))
    return tuple(dict.fromkeys(names))


def max_metric(blocks: Blocks, state: RouterState, *, margin: str) -> Lines:
    """Return lines that announce this router's OSPF links at 65535.

    Raises:
        PlanError: there is no OSPF process, or its own ``max-metric`` of another kind would be lost.
    """
    if state.max_metric:
        return ()
    for process in _processes(blocks):
        for child in process.children:
            if child.text.startswith("max-metric router-lsa"):
                raise PlanError(
                    f"{state.hostname} has {child.text!r} under {process.text!r}, which a drain would replace for good",
                    hint="drain it with method interface_cost, or take that line out first",
                )
    return tuple(line for process in _processes(blocks) for line in (process.text, f"{margin}max-metric router-lsa"))


def no_max_metric(blocks: Blocks, state: RouterState, *, margin: str) -> Lines:
    """Return lines that stop announcing at 65535; empty when it is not done now."""
    if not state.max_metric:
        return ()
    return tuple(
        line
        for process in _processes(blocks)
        if any(child.text.startswith("max-metric router-lsa") for child in process.children)
        for line in (process.text, f"{margin}no max-metric router-lsa")
    )


def _processes(blocks: Blocks) -> tuple[Block, ...]:
    found = tuple(block for block in blocks if _PROCESS.fullmatch(block.text))
    if not found:
        raise PlanError(
            "this router runs no OSPF process, so OSPF cannot ask others to avoid it",
            hint="choose another drain method for this host",
        )
    return found


def raised_costs(state: RouterState, *, margin: str) -> Lines:
    """Return lines that give every OSPF interface with an adjacency the cost 65535.

    This moves the traffic that this router sends; what others send to it follows their own costs, on the far ends.

    Raises:
        PlanError: OSPF runs over no interface.
    """
    carrying = tuple(_carrying(state))
    if not carrying:
        raise PlanError(
            f"{state.hostname} has no interface over which OSPF forms an adjacency",
            hint="choose another drain method for this host",
        )
    return tuple(
        line
        for name in carrying
        if state.interfaces[name].cost != MAX_METRIC
        for line in (f"interface {name}", f"{margin}ip ospf cost {MAX_METRIC}")
    )


def _carrying(state: RouterState) -> Iterator[str]:
    for name, port in state.interfaces.items():
        if port.ospf and not port.passive and not name.startswith(("Loopback", "Null")):
            yield name


def lowered_costs(state: RouterState, captured: Blocks | None, *, margin: str) -> Lines:
    """Return lines that give back the costs of ``captured`` to the interfaces that are at 65535 now.

    Raises:
        PlanError: there is something to give back, and no ``captured`` to read it from.
    """
    raised = [name for name in _carrying(state) if state.interfaces[name].cost == MAX_METRIC]
    if raised and captured is None:
        raise PlanError(
            f"the costs that {state.hostname} had before the drain are not in its configuration",
            hint="undo the drain from its journal (safeshift undo), or set the costs with a config step",
        )
    sections = {block.text: block for block in captured or ()}
    lines: list[str] = []
    for name in raised:
        section = sections.get(f"interface {name}", Block(""))
        written = (child.text for child in section.children if child.text.startswith("ip ospf cost "))
        cost = next(written, "no ip ospf cost")
        if cost != f"ip ospf cost {MAX_METRIC}":
            lines += (f"interface {name}", f"{margin}{cost}")
    return tuple(lines)


def graceful_policy(blocks: Blocks, state: RouterState, *, margin: str) -> Lines:
    """Return lines that send every BGP neighbour the graceful-shutdown community by a route-map of our own.

    The neighbours must honour the community (RFC 8326); the drain is proven by counters, never by these lines.

    Raises:
        PlanError: no BGP, or a neighbour has an outbound policy that the route-map would replace.
    """
    if state.graceful_shutdown:
        return ()
    section = _bgp(blocks)
    lines = [
        f"route-map {GRACEFUL_MAP} permit 10",
        f"{margin}set community {GRACEFUL_COMMUNITY} additive",
        section.text,
    ]
    present = {child.text for child in section.children}
    for name in bgp_neighbors(section):
        foreign = [text for text in present if re.fullmatch(rf"neighbor {re.escape(name)} route-map \S+ out", text)]
        if foreign and foreign != [f"neighbor {name} route-map {GRACEFUL_MAP} out"]:
            raise PlanError(
                f"BGP neighbour {name} of {state.hostname} already has an outbound policy ({foreign[0]})",
                hint="add the community 65535:0 in that policy with a config step",
            )
        wanted = (f"neighbor {name} send-community", f"neighbor {name} route-map {GRACEFUL_MAP} out")
        lines += (margin + line for line in wanted if line not in present)
    return tuple(lines)


def no_graceful_policy(blocks: Blocks, captured: Blocks | None, *, margin: str) -> Lines:
    """Return lines that take the route-map of ``graceful_policy`` off again.

    ``send-community`` goes only where ``captured`` shows that it was not there before.
    """
    section = _bgp(blocks)
    before = {child.text for child in _bgp(captured).children} if captured is not None else None
    lines: list[str] = []
    for child in section.children:
        match = re.fullmatch(r"neighbor (\S+) (?:route-map (\S+) out|send-community)", child.text)
        is_ours = match is not None and (
            match[2] == GRACEFUL_MAP if match[2] else before is not None and child.text not in before
        )
        if is_ours:
            lines.append(f"{margin}no {child.text}")
    has_map = any(block.text.startswith(f"route-map {GRACEFUL_MAP} ") for block in blocks)
    return (*((section.text, *lines) if lines else ()), *((f"no route-map {GRACEFUL_MAP}",) if has_map else ()))


def _bgp(blocks: Blocks) -> Block:
    for block in blocks:
        if block.text.startswith("router bgp "):
            return block
    raise PlanError(
        "this router runs no BGP process, so BGP cannot ask others to avoid it",
        hint="choose another drain method for this host",
    )


def unknown_method(method: str) -> PlanError:
    """Return the error for a drain method that no platform has."""
    return PlanError(
        f"there is no drain method {method!r}",
        hint="methods: ospf_max_metric, interface_cost, bgp_graceful_shutdown",
    )
