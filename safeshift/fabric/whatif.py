"""What would happen: every situation of a plan, alone and under each single failure, judged in words.

It decides what refuses a plan, what exposes it while something is out of service, and what was weak before it began.
It computes no path and no load (``routing.py``, ``load.py``) and knows no plan: situations come from ``planning/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from safeshift.fabric.load import ElementLoad, Traffic, carry
from safeshift.fabric.routing import Failure, Network
from safeshift.fabric.state import RouterState, unreadable
from safeshift.model.fabric import Fabric
from safeshift.units import show_gbit, show_percent

Invariant = Literal["fits", "isolation", "whole", "stays home", "understood"]
# The order in which equals are told: the cause that an operator can act on before the harm that it does.
_TOLD_FIRST: tuple[Invariant, ...] = ("fits", "isolation", "whole", "stays home", "understood")
_TINY = 1e-9  # what floating-point sums may be off, as a share
_NAMED = 8  # names in one sentence; the rest is counted


@dataclass(frozen=True, slots=True)
class Situation:
    """One moment of a plan.

    Attributes:
        states: What each router is configured to then.
        out: The elements that the plan holds out of service then; for the words only, the states decide.
    """

    label: str
    states: Mapping[str, RouterState]
    out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too much.

    Attributes:
        utilisation: Of links and routers, as a share, while nothing has failed.
        under_failure: The same under a single failure.
        required: The networks that every pair of peers needs; None: all of them.
    """

    utilisation: float = 0.8
    under_failure: float = 1.0
    required: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant broken in one situation.

    Attributes:
        failure: The single failure that it takes; None: it takes none.
        sentence: For an operator, complete in itself.
        elements: The routers, links and nodes that it is about.
        load: Bit/s, where it is about load; ``capacity`` likewise.
    """

    invariant: Invariant
    situation: str
    failure: Failure | None
    sentence: str
    elements: tuple[str, ...]
    load: float | None = None
    capacity: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the model foresees for a plan. Each tuple has the finding to tell first in front; all may be empty.

    Attributes:
        refusals: What must not be: harm without any failure, harm that a single failure could newly do after the last
            step, and configuration that nobody could interpret.
        exposures: Harm that a single failure could do only while the plan is under way.
        standing: Harm that the same failure could do before the first step.
        loads: Per situation (label, element, load, capacity) of what is fullest, without failure.
    """

    refusals: tuple[Finding, ...]
    exposures: tuple[Finding, ...]
    standing: tuple[Finding, ...]
    loads: tuple[tuple[str, str, float, float], ...]

    @property
    def reason(self) -> str:
        """The one sentence why the plan is refused; empty when it is not."""
        return self.refusals[0].sentence if self.refusals else ""


@dataclass(frozen=True, slots=True)
class _Breach:
    """One invariant broken in one state under one failure, not yet put into its situation.

    ``about`` is what tells two breaches of one invariant apart: an element, or a network.
    """

    invariant: Invariant
    about: str
    words: str
    elements: tuple[str, ...]
    load: float | None = None
    capacity: float | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A breach, with where in the plan and under which failure it was seen."""

    breach: _Breach
    at: int
    failure: Failure | None


def judge(fabric: Fabric, situations: Sequence[Situation], limits: Limits) -> Forecast:
    """Judge a plan by the situations that it goes through.

    Args:
        situations: At least one. The first is the start, the last the end; with one alone only its standing weaknesses
            and what is wrong with it can be told.

    Guarantees:
        Pure and deterministic. Equal states are evaluated once. Nothing that could not be read counts as harmless.
    """
    return _Judgement(fabric, situations, limits).forecast()


def single_failures(fabric: Fabric) -> tuple[Failure, ...]:
    """Give every failure of one element: each router, each link."""
    routers = (Failure("router", name) for name in fabric.routers)
    return (*routers, *(Failure("link", link.name) for link in fabric.links))


class _Judgement:
    """One call of ``judge``: the situations, and what has been evaluated so far."""

    def __init__(self, fabric: Fabric, situations: Sequence[Situation], limits: Limits) -> None:
        self._fabric = fabric
        self._situations = situations
        self._limits = limits
        self._failures = single_failures(fabric)
        self._known: dict[str, list[RouterState]] = {}
        self._keys = tuple(self._key(situation) for situation in situations)
        self._traffic: dict[tuple[int, ...], Traffic] = {}
        self._breaches: dict[tuple[tuple[int, ...], Failure | None], tuple[_Breach, ...]] = {}

    def forecast(self) -> Forecast:
        last = len(self._situations) - 1
        plain = [_Seen(breach, at, None) for at in range(last + 1) for breach in self._broken(at, None)]
        standing = [_Seen(breach, 0, failure) for failure, breach in self._only_under_failure(0)]
        ending = [_Seen(breach, last, failure) for failure, breach in self._new_under_failure(last)] if last else []
        passing = [
            _Seen(breach, at, failure)
            for at in range(1, last)
            for failure, breach in self._new_under_failure(at)
            if not _is_covered(breach, self._broken(last, failure))
        ]
        refused = [*_first(plain), *ending]
        return Forecast(
            refusals=(*self._findings(refused), *self._not_understood()),
            exposures=tuple(self._findings(self._worst(passing))),
            standing=(*self._findings(standing), *self._left_out()),
            loads=tuple(self._fullest(at) for at in range(last + 1)),
        )

    def _key(self, situation: Situation) -> tuple[int, ...]:
        """Number each router's states as they are first seen, so that equal ones are the same."""
        numbers = []
        for name in self._fabric.routers:
            state = situation.states.get(name) or RouterState(name)
            seen = self._known.setdefault(name, [])
            if state not in seen:
                seen.append(state)
            numbers.append(seen.index(state))
        return tuple(numbers)

    def _carried(self, at: int) -> Traffic:
        key = self._keys[at]
        if key not in self._traffic:
            self._traffic[key] = carry(Network(self._fabric, self._situations[at].states))
        return self._traffic[key]

    def _broken(self, at: int, failure: Failure | None) -> tuple[_Breach, ...]:
        key = (self._keys[at], failure)
        if key not in self._breaches:
            traffic = self._carried(at)
            allowed = self._limits.utilisation
            if failure is not None:
                traffic = carry(traffic.network.failing(failure))
                allowed = self._limits.under_failure
            self._breaches[key] = tuple(_look(traffic, allowed, self._limits.required))
        return self._breaches[key]

    def _only_under_failure(self, at: int) -> Iterator[tuple[Failure, _Breach]]:
        plain = self._broken(at, None)
        for failure in self._failures:
            for breach in self._broken(at, failure):
                if not _is_covered(breach, plain):
                    yield failure, breach

    def _new_under_failure(self, at: int) -> Iterator[tuple[Failure, _Breach]]:
        for failure, breach in self._only_under_failure(at):
            if not _is_covered(breach, self._broken(0, failure)):
                yield failure, breach

    def _worst(self, seen: Iterable[_Seen]) -> list[_Seen]:
        """Keep one of the same breach while the same is out of service: the one that does most harm."""
        kept: dict[tuple[object, ...], _Seen] = {}
        for one in seen:
            key = (one.failure, one.breach.invariant, one.breach.about, self._situations[one.at].out)
            if key not in kept or _harm(one) > _harm(kept[key]):
                kept[key] = one
        return list(kept.values())

    def _findings(self, seen: Iterable[_Seen]) -> list[Finding]:
        return [self._told(one) for one in sorted(seen, key=_order)]

    def _told(self, seen: _Seen) -> Finding:
        breach, label = seen.breach, self._situations[seen.at].label
        sentence = f"{self._when(seen)}{breach.words}"
        return Finding(breach.invariant, label, seen.failure, sentence, breach.elements, breach.load, breach.capacity)

    def _when(self, seen: _Seen) -> str:
        if seen.failure is None:
            return "" if seen.at else "before the first step already, "
        failed = seen.failure.name if seen.failure.kind == "router" else f"the link {seen.failure.name}"
        out = sorted(self._situations[seen.at].out - {seen.failure.name})
        if out:
            return f"if {failed} fails while {_joined(out)} {'is' if len(out) == 1 else 'are'} out of service, "
        return (
            f"if {failed} fails after the last step, " if 0 < seen.at == len(self._keys) - 1 else f"if {failed} fails, "
        )

    def _not_understood(self) -> Iterator[Finding]:
        told = set()
        for situation in self._situations:
            for name in self._fabric.routers:
                state, start = situation.states.get(name), self._situations[0].states.get(name)
                unread = ("",) if state is None else unreadable(start or state, state)
                if unread and (name, unread) not in told:
                    told.add((name, unread))
                    yield Finding("understood", situation.label, None, _unread(name, unread), (name,))

    def _left_out(self) -> Iterator[Finding]:
        """What stood unread before the first step: the forecast is made as if it were not there."""
        start = self._situations[0]
        for name, state in start.states.items():
            if state.unread:
                more = f" and {len(state.unread) - 1} more lines" if len(state.unread) > 1 else ""
                what = f"what {state.unread[0].strip()!r}{more} on {name} does to forwarding"
                sentence = f"{what} is left out of the what-if"
                yield Finding("understood", start.label, None, sentence, (name,))

    def _fullest(self, at: int) -> tuple[str, str, float, float]:
        loads = self._carried(at).loads()
        top = max(loads, key=lambda load: load.utilisation, default=ElementLoad("", None, 0.0, 0.0))
        return self._situations[at].label, top.element, top.load, top.capacity


def _look(traffic: Traffic, allowed: float, required: frozenset[str] | None) -> Iterator[_Breach]:
    fabric = traffic.network.fabric
    yield from _overloads(traffic, allowed)
    isolated = traffic.isolated()
    if isolated:
        words = f"{_joined(isolated)} would be lost on {_joined(fabric.carrying)}"
        yield _Breach("isolation", "", words, isolated)
    for network in fabric.networks:
        if required is None or network in required:
            yield from _partings(traffic, network)
    for spill in traffic.spills():
        owner = fabric.routers[spill.router].network
        rate, nodes = show_gbit(spill.rate), _joined(spill.nodes)
        words = f"{rate} Gbit/s of {nodes} on {spill.network} would cross {spill.router}, a router of {owner}"
        about, elements = f"{spill.network} {spill.router}", (spill.router, *spill.nodes)
        yield _Breach("stays home", about, words, elements, spill.rate)


def _overloads(traffic: Traffic, allowed: float) -> Iterator[_Breach]:
    fullest: dict[str, ElementLoad] = {}
    for load in traffic.loads():
        if load.utilisation > max(allowed + _TINY, fullest[load.element].utilisation if load.element in fullest else 0):
            fullest[load.element] = load
    for name, load in fullest.items():
        carries = f"would carry {show_gbit(load.load)} of {show_gbit(load.capacity)} Gbit/s"
        words = f"{name} {carries}" if load.leaving is None else f"the link {name} {carries} from {load.leaving}"
        if load.utilisation <= 1:
            words += f", more than {show_percent(allowed)}"
        yield _Breach("fits", name, words, (name,), load.load, load.capacity)


def _partings(traffic: Traffic, network: str) -> Iterator[_Breach]:
    """Tell the pairs of peers that lose each other on a network, the nodes that lose all of theirs first."""
    fabric = traffic.network.fabric
    gone: list[str] = []
    pairs: list[tuple[str, str]] = []
    for node, ways in fabric.nodes.items():
        peers = [peer for peer in fabric.peers(node) if network in fabric.nodes[peer]] if network in ways else []
        lost = [peer for peer in traffic.lost(node, network) if peer in peers]
        if lost and lost == peers:
            gone.append(node)
        pairs.extend((node, peer) for peer in lost)
    if gone:
        yield _Breach("whole", network, f"{_joined(gone)} would be lost on {network}", tuple(gone))
    apart = [pair for pair in pairs if not set(pair) & set(gone)]
    if apart:
        more = f" (and {len(apart) - 1} more pairs)" if len(apart) > 2 else ""
        words = f"{apart[0][0]} and {apart[0][1]} would lose each other on {network}{more}"
        nodes = tuple(dict.fromkeys(node for pair in apart for node in pair))
        yield _Breach("whole", f"{network} in part", words, nodes)


def _is_covered(breach: _Breach, others: Iterable[_Breach]) -> bool:
    """Say whether another breach of the same kind already names all that this one names."""
    return any(
        (other.invariant, other.about) == (breach.invariant, breach.about)
        and set(breach.elements) <= set(other.elements)
        for other in others
    )


def _first(seen: Iterable[_Seen]) -> list[_Seen]:
    kept: list[_Seen] = []
    for one in seen:
        if not _is_covered(one.breach, [other.breach for other in kept]):
            kept.append(one)
    return kept


def _harm(seen: _Seen) -> tuple[int, float]:
    return len(seen.breach.elements), seen.breach.load or 0.0


def _order(seen: _Seen) -> tuple[object, ...]:
    """The shortest witness first: no failure before one, an early situation before a late one."""
    breach = seen.breach
    overload = breach.load / breach.capacity if breach.load and breach.capacity else 0.0
    rank = _TOLD_FIRST.index(breach.invariant)
    return seen.failure is not None, seen.at, rank, -overload, -len(breach.elements), breach.words, str(seen.failure)


def _unread(router: str, lines: tuple[str, ...]) -> str:
    if lines == ("",):
        return f"the configuration of {router} is not known"
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"what {lines[0].strip()!r}{more} on {router} would do to forwarding is not known"


def _joined(names: Iterable[str]) -> str:
    listed = list(names)
    if len(listed) > _NAMED:
        listed = [*listed[: _NAMED - 1], f"{len(listed) - _NAMED + 1} more"]
    return " and ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))
