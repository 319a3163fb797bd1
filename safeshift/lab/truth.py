"""What is really out there, where it differs from what safeshift was told: read from ``--truth FILE``.

A model that is also the world proves nothing. The file is a whole fabric, or only what differs from the told one; both
may say what no fabric file can: gray losses, links that are down, delays, faults. Next: ``world.py``, which obeys it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from safeshift.errors import FabricError, InputError, LabError
from safeshift.lab.faults import Fault, load_fault
from safeshift.model.fabric import Demand, Fabric, Link, Name, NetworkSpec, Router, Storage
from safeshift.model.source import Duration, Loc, Places, Rate, Written, build, read_source, suggest

CONVERGENCE_S = 0.5  # a link's loss seen at once, an SPF delay of 200 ms, tables written: a tuned data-centre OSPF


@dataclass(frozen=True, slots=True)
class Truth:
    """The world as the lab plays it.

    Attributes:
        fabric: What is built and what it must carry. Where a link carries less than safeshift was told, ``fabric``
            has the told capacity (the devices are configured to it) and ``caps`` what really passes.
        caps: Bit/s by link name, whatever speed the two ends are set to.
        gray_routers: Share of everything crossing the router that it drops, by router.
        gray_links: Share dropped in each direction, by link name.
        down: Names of links that carry nothing although both ends are enabled.
        convergence_s: From a change to the forwarding that follows from it, seconds.
        seed: Of every roll of chance; None leaves it to whoever starts the lab.
        latency_s: What each answer of a device takes longer, seconds.
        faults: What goes wrong, active from the start.
    """

    fabric: Fabric
    caps: Mapping[str, int] = field(default_factory=dict)
    gray_routers: Mapping[str, float] = field(default_factory=dict)
    gray_links: Mapping[str, float] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    convergence_s: float = CONVERGENCE_S
    seed: int | None = None
    latency_s: float = 0.0
    faults: tuple[Fault, ...] = ()


def load_truth(path: Path, told: Fabric) -> Truth:
    """Read a truth file over the fabric that safeshift was told.

    A file with ``networks`` is a whole fabric and replaces the told one. Otherwise its routers are found by name and
    its links by their two ends, in either order, and only what is written there differs; ``nodes``, ``demands`` and
    ``storage`` replace the told ones as a whole.

    Raises:
        FabricError: With the place, what was expected and what to do.
    """
    value, places = read_source(path, FabricError)
    written = build(_Written, value, places, error=FabricError)
    merged = _whole(value) if written.networks is not None else _overlaid(told, written, places)
    fabric = build(Fabric, merged, places, error=FabricError)
    keyed = [(_link_at(fabric, link, at, places).name, link) for at, link in enumerate(written.links)]
    told_capacity = {link.name: link.capacity for link in told.links}
    caps = {link.name: link.capacity for link in fabric.links if link.capacity < told_capacity.get(link.name, 0)}
    return Truth(
        fabric=_configured(fabric, {name: told_capacity[name] for name in caps}),
        caps=caps,
        gray_routers={name: router.gray for name, router in written.routers.items() if router.gray},
        gray_links={name: link.gray for name, link in keyed if link.gray},
        down=frozenset(name for name, link in keyed if link.down),
        convergence_s=CONVERGENCE_S if written.convergence is None else written.convergence,
        seed=written.seed,
        latency_s=written.latency or 0.0,
        faults=_faults(written.faults, fabric, places, ("faults",)),
    )


def load_faults(path: Path, fabric: Fabric) -> tuple[Fault, ...]:
    """Read a faults file: a list, or a mapping with the one key ``faults``.

    Raises:
        InputError: With the place of the fault that makes no sense, or that names a device the fabric does not have.
    """
    value, places = read_source(path, InputError)
    if isinstance(value, list):
        return _faults(build(_FaultList, {"faults": value}, places, error=InputError).faults, fabric, places, ())
    return _faults(build(_FaultList, value, places, error=InputError).faults, fabric, places, ("faults",))


_Gray = Annotated[float, Field(ge=0, le=1)]


class _Router(Written):
    """A router of a truth file; what is None is as told."""

    network: Name | None = None
    capacity: Annotated[Rate, Field(gt=0)] | None = None
    gray: _Gray = 0.0


class _Link(Written):
    """A link of a truth file; what is None is as told."""

    ends: tuple[str, str] = Field(description="two of router and interface: [l1 Ethernet1, p1 Ethernet1]")
    subnet: str | None = None
    capacity: Annotated[Rate, Field(gt=0)] | None = None
    cost: int | tuple[int, int] | None = None
    gray: _Gray = 0.0
    down: bool = False


class _Written(Written):
    networks: Mapping[Name, NetworkSpec] | None = None
    routers: Mapping[str, _Router] = {}
    links: tuple[_Link, ...] = ()
    nodes: Any = None
    demands: tuple[Demand, ...] | None = None
    storage: Storage | None = None
    convergence: Duration | None = None
    seed: int | None = None
    latency: Duration | None = None
    faults: tuple[Mapping[str, Any], ...] = ()


class _FaultList(Written):
    faults: tuple[Mapping[str, Any], ...] = Field(description="a list of faults")


def _whole(value: Any) -> dict[str, Any]:
    """Take out of a whole fabric file what only a truth file may say."""
    fabric = {key: one for key, one in value.items() if key in Fabric.model_fields}
    if "routers" in fabric:
        fabric["routers"] = {name: _without(one, "gray") for name, one in fabric["routers"].items()}
    if "links" in fabric:
        fabric["links"] = [_without(one, "gray", "down") for one in fabric["links"]]
    return fabric


def _without(written: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in written.items() if key not in names}


def _overlaid(told: Fabric, written: _Written, places: Places) -> dict[str, Any]:
    merged: dict[str, Any] = {name: getattr(told, name) for name in Fabric.model_fields}
    routers = dict(told.routers)
    for name, router in written.routers.items():
        if name not in routers:
            raise _unknown(places, ("routers", name), "router", name, routers)
        routers[name] = routers[name].model_copy(update=_said(router, Router))
    links = {link.name: link for link in told.links}
    for at, one in enumerate(written.links):
        link = _link_at(told, one, at, places)
        links[link.name] = _true_link(link, one, at, places)
    replaced = {name: getattr(written, name) for name in ("nodes", "demands", "storage")}
    return {
        **merged,
        **{name: value for name, value in replaced.items() if value is not None},
        "routers": routers,
        "links": tuple(links.values()),
    }


def _said(written: Written, model: type[Written]) -> dict[str, Any]:
    """Give what a truth says about one thing in the fabric's own words; what it leaves out stays as told."""
    return {name: getattr(written, name) for name in written.model_fields_set if name in model.model_fields}


def _true_link(link: Link, written: _Link, at: int, places: Places) -> Link:
    said = {**_said(written, Link), "ends": link.ends}
    costs = said.get("cost")
    if isinstance(costs, tuple) and written.ends[0] != _end_text(link, 0):
        said["cost"] = (costs[1], costs[0])  # the truth names the two ends the other way round
    kept = {name: getattr(link, name) for name in Link.model_fields}
    return build(Link, {**kept, **said}, places, error=FabricError, loc=("links", at))


def _link_at(fabric: Fabric, written: _Link, at: int, places: Places) -> Link:
    wanted = {" ".join(end.split()) for end in written.ends}
    for link in fabric.links:
        if {_end_text(link, 0), _end_text(link, 1)} == wanted:
            return link
    known = [f"{_end_text(link, 0)}, {_end_text(link, 1)}" for link in fabric.links]
    raise _unknown(places, ("links", at, "ends"), "link with the ends", ", ".join(written.ends), known)


def _end_text(link: Link, which: int) -> str:
    return " ".join(link.ends[which])


def _configured(fabric: Fabric, told: Mapping[str, int]) -> Fabric:
    """Give the fabric with links as their devices are configured: told where less passes in truth."""
    links = tuple(
        link.model_copy(update={"capacity": told[link.name]}) if link.name in told else link for link in fabric.links
    )
    return Fabric.model_validate({**{name: getattr(fabric, name) for name in Fabric.model_fields}, "links": links})


def _faults(written: Iterable[Mapping[str, Any]], fabric: Fabric, places: Places, loc: Loc) -> tuple[Fault, ...]:
    known = (*fabric.routers, *fabric.nodes)
    faults = []
    for at, one in enumerate(written):
        try:
            fault = load_fault(one)
        except LabError as cause:
            raise FabricError(cause.message, place=places.at((*loc, at)), hint=cause.hint) from cause
        if fault.device not in known:
            raise _unknown(places, (*loc, at, "device"), "device", fault.device, known)
        faults.append(fault)
    return tuple(faults)


def _unknown(places: Places, loc: Loc, kind: str, word: str, known: Iterable[str]) -> FabricError:
    known = tuple(known)
    shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
    return FabricError(
        f"there is no {kind} {word!r}", place=places.key(loc), hint=suggest(word, known, f"known: {shown}")
    )
