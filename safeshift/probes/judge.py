"""What observations mean: lost, isolated, and PASS / FAIL / UNKNOWN per node and network.

Facts only: what to do about a verdict is ``engine/gate.py``. Worst wins, never an average: loss is judged per pair,
pooled per node, and pooled per network, with its uncertainty, so that one lost answer of twenty is not five percent.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from safeshift.fabric.load import LOST_BELOW
from safeshift.probes.base import Observation, Pair, Silence
from safeshift.verdict import Verdict, worst

WINDOW = 20  # round trips that "lost" looks at
FALSE_ALARM = 1e-4  # probability of calling a healthy site FAIL, shared over all pairs of one look


@dataclass(frozen=True, slots=True)
class Count:
    """Probes since the mark, those that did not come back, and the mean round-trip time of those that did."""

    sent: int
    missed: int
    rtt_ms: float | None


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node on one network.

    Attributes:
        lost: Peers that are lost, as seen from either side.
        outward: What the node itself asked of its peers.
        inward: What others asked of the node.
        reason: Why the verdict is not PASS; empty when it is.
    """

    node: str
    network: str
    verdict: Verdict
    lost: tuple[str, ...]
    outward: Count
    inward: Count
    reason: str

    @property
    def sent(self) -> int:
        """Probes since the mark, in both directions."""
        return self.outward.sent + self.inward.sent

    @property
    def missed(self) -> int:
        """Those that did not come back, in both directions."""
        return self.outward.missed + self.inward.missed

    @property
    def rtt_ms(self) -> float | None:
        """Mean round-trip time as the node itself sees it, or else as others do; None when nothing came back."""
        return self.inward.rtt_ms if self.outward.rtt_ms is None else self.outward.rtt_ms


@dataclass(frozen=True, slots=True)
class View:
    """Everything seen at one moment.

    Attributes:
        isolated: Nodes whose peers are all lost on every network.
        silent_s: Seconds since anything at all was observed; infinite when nothing ever was.
        lossy: Networks whose pairs taken together lose more than the limit, each with the sentence that says so.
    """

    nodes: tuple[NodeView, ...]
    isolated: tuple[str, ...]
    silent_s: float
    lossy: Mapping[str, str] = field(default_factory=dict)

    def verdict(self, network: str) -> Verdict:
        """Return the worst verdict of a network's nodes, and of all of them together; UNKNOWN when there is none."""
        if network in self.lossy:
            return Verdict.FAIL
        return worst(node.verdict for node in self.nodes if node.network == network)

    def reasons(self, networks: Iterable[str]) -> tuple[str, ...]:
        """Return why the named networks do not PASS, worst first."""
        wanted = [n for n in self.nodes if n.network in networks and n.verdict is not Verdict.PASS]
        wanted.sort(key=lambda n: n.verdict is not Verdict.FAIL)
        return (*(n.reason for n in wanted), *(self.lossy[name] for name in networks if name in self.lossy))


@dataclass(slots=True)
class _Tally:
    """What is known of one pair."""

    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    last_at: float = -math.inf
    sent: int = 0
    missed: int = 0
    rtt_sum: float = 0.0

    def add(self, seen: Observation) -> None:
        self.recent.append(seen.came_back)
        self.last_at = seen.at
        self.sent += 1
        self.missed += not seen.came_back
        self.rtt_sum += seen.rtt_ms or 0.0

    def is_lost(self) -> bool:
        """Whether fewer than half of the last ``WINDOW`` came back, whatever the ones still to come say."""
        return self.recent.count(False) > WINDOW * (1 - LOST_BELOW)


class Judge:
    """Collects observations and says what they mean.

    Guarantees:
        Thread-safe. Observations of a pair that nobody asked for are a bug and raise ``KeyError``.
    """

    def __init__(
        self, pairs: Iterable[Pair], peers: Mapping[str, tuple[str, ...]], *, loss_max: float, stale_s: float
    ) -> None:
        """Begin without evidence.

        Args:
            pairs: All pairs that are probed.
            peers: For each node, the nodes whose loss would isolate it.
            loss_max: Loss above which a pair or a node FAILs, as a share.
            stale_s: Age at which a pair's last observation no longer says anything.
        """
        self._tallies = {pair: _Tally() for pair in pairs}
        self._peers = peers
        self._loss_max = loss_max
        self._stale_s = stale_s
        self._lock = threading.Lock()
        self._silent: set[Pair] = set()
        self._networks = tuple(dict.fromkeys(pair.network for pair in self._tallies))
        self._involved = self._index()
        self._asked = self._peers_by_network()

    def _index(self) -> dict[tuple[str, str], tuple[Pair, ...]]:
        """Which pairs testify about a node on a network: those that ask it and those that it asks."""
        index: dict[tuple[str, str], tuple[Pair, ...]] = {}
        for node in self._peers:
            for network in self._networks:
                on = [pair for pair in self._tallies if pair.network == network]
                pairs = tuple(pair for pair in on if node in (pair.target, pair.observer))
                if pairs:
                    index[node, network] = pairs
        return index

    def _peers_by_network(self) -> dict[tuple[str, str], frozenset[str]]:
        """Which of a node's peers are asked on a network: one that is not attached there cannot be lost there."""
        asked: dict[tuple[str, str], frozenset[str]] = {}
        for (node, network), pairs in self._involved.items():
            others = {end for pair in pairs for end in (pair.observer, pair.target)} & set(self._peers[node])
            if others:
                asked[node, network] = frozenset(others)
        return asked

    def record(self, seen: Observation | Silence) -> None:
        """Take one observation, or learn that an observer went silent."""
        with self._lock:
            if isinstance(seen, Silence):
                mute = [pair for pair in self._tallies if pair.observer == seen.observer]
                self._silent.update(mute if seen.pair is None else (seen.pair,))
                return
            self._silent.discard(seen.pair)
            self._tallies[seen.pair].add(seen)

    def mark(self) -> None:
        """Begin to count loss anew: something was just changed."""
        with self._lock:
            for tally in self._tallies.values():
                tally.sent = tally.missed = 0
                tally.rtt_sum = 0.0

    def view(self, now: float, *, loss_max: float | None = None) -> View:
        """Say what is known at ``now`` (the same monotonic clock that stamps observations).

        Args:
            loss_max: The limit that counts now; None: the one given at the beginning.
        """
        with self._lock:
            self._loss_max = self._loss_max if loss_max is None else loss_max
            heard = max((tally.last_at for tally in self._tallies.values()), default=-math.inf)
            nodes = tuple(self._see(node, network, now) for node, network in self._involved)
            lossy = dict(self._lossy(now))
        lost = {(view.node, view.network): set(view.lost) for view in nodes}
        isolated = tuple(node for node in self._peers if self._is_isolated(node, lost))
        return View(nodes, isolated, now - heard, lossy)

    def _lossy(self, now: float) -> Iterator[tuple[str, str]]:
        """Pool each network whole: loss too thin to be told from chance at any one node may be plain at all of them."""
        alpha = FALSE_ALARM / max(1, len(self._tallies))
        for network in self._networks:
            usable = [t for pair, t in self._tallies.items() if pair.network == network and self._usable(pair, now)]
            sent, missed = sum(t.sent for t in usable), sum(t.missed for t in usable)
            if exceeds(missed, sent, self._loss_max, alpha):
                yield network, f"{network} loses {missed} of {sent} round trips"

    def _is_isolated(self, node: str, lost: Mapping[tuple[str, str], set[str]]) -> bool:
        asked = [(network, self._asked[node, network]) for network in self._networks if (node, network) in self._asked]
        return bool(asked) and all(lost[node, network] >= others for network, others in asked)

    def _usable(self, pair: Pair, now: float) -> bool:
        """Whether a pair says anything now: its observer reports, and its last word is not stale."""
        return pair not in self._silent and self._is_recent(pair, now)

    def _is_recent(self, pair: Pair, now: float) -> bool:
        return now - self._tallies[pair].last_at <= self._stale_s

    def _see(self, node: str, network: str, now: float) -> NodeView:
        pairs = [pair for pair in self._involved[node, network] if self._usable(pair, now)]
        lost = self._lost_peers(node, network, now)
        outward = _count(self._tallies[pair] for pair in pairs if pair.observer == node)
        inward = _count(self._tallies[pair] for pair in pairs if pair.target == node)
        verdict, reason = self._judge(node, network, pairs, lost, (outward, inward))
        return NodeView(node, network, verdict, lost, outward, inward, reason)

    def _lost_peers(self, node: str, network: str, now: float) -> tuple[str, ...]:
        """A peer is lost when every usable pair between the two says so: one live direction is a round trip.

        One that was live a moment ago and fell silent since still counts as live until its last word is stale.
        """
        between: dict[str, list[bool]] = {}
        for pair in self._involved[node, network]:
            is_lost = self._tallies[pair].is_lost()
            if self._usable(pair, now) or (self._is_recent(pair, now) and not is_lost):
                peer = pair.target if pair.observer == node else pair.observer
                between.setdefault(peer, []).append(is_lost)
        return tuple(peer for peer, said in between.items() if all(said))

    def _judge(
        self, node: str, network: str, pairs: list[Pair], lost: tuple[str, ...], pooled: tuple[Count, Count]
    ) -> tuple[Verdict, str]:
        """Per pair, pooled per direction, and pooled over both: worst wins."""
        if lost:
            return Verdict.FAIL, f"{node} lost {', '.join(lost)} on {network}"
        tallies = [self._tallies[pair] for pair in pairs]
        alpha = FALSE_ALARM / max(1, len(self._tallies))
        counts = [(t.sent, t.missed) for t in tallies] + [(count.sent, count.missed) for count in pooled]
        counts.append((sum(count.sent for count in pooled), sum(count.missed for count in pooled)))
        for sent, missed in counts:
            if exceeds(missed, sent, self._loss_max, alpha):
                return Verdict.FAIL, f"{node} loses {missed} of {sent} round trips on {network}"
        if not tallies or min(t.sent for t in tallies) == 0 or min(len(t.recent) for t in tallies) < WINDOW // 2:
            return Verdict.UNKNOWN, f"nothing is known of {node} on {network}"
        unseen = self._unseen_peers(node, network, pairs)
        if unseen:
            return Verdict.UNKNOWN, f"nobody reports between {node} and {', '.join(unseen)} on {network}"
        return Verdict.PASS, ""

    def _unseen_peers(self, node: str, network: str, pairs: list[Pair]) -> tuple[str, ...]:
        """Peers between whom and the node neither end reports: other paths that are well prove nothing of this one.

        One who only looks and is not judged itself (a router that watches nodes) has the other lookers for partners.
        """
        seen = {end for pair in pairs for end in (pair.observer, pair.target)}
        judged = (peer for peer in self._asked.get((node, network), ()) if peer in self._peers)
        return tuple(sorted(peer for peer in judged if peer not in seen))


def _count(tallies: Iterable[_Tally]) -> Count:
    taken = list(tallies)
    sent, missed = sum(t.sent for t in taken), sum(t.missed for t in taken)
    return Count(sent, missed, sum(t.rtt_sum for t in taken) / (sent - missed) if sent > missed else None)


def exceeds(missed: int, sent: int, limit: float, alpha: float) -> bool:
    """Tell whether the true loss is above ``limit``, with error probability at most ``alpha``.

    Source:
        The exact (Clopper-Pearson) lower bound is above the limit just when the binomial tail
        P(X >= missed | sent, limit) is below alpha; so only the tail is computed.

    Example:
        >>> exceeds(1, 20, 0.01, 1e-6), exceeds(12, 20, 0.01, 1e-6)
        (False, True)
    """
    if missed == 0 or missed / sent <= limit:
        return False
    if limit == 0.0:
        return True
    tail = 0.0
    for k in range(missed, sent + 1):
        log_term = math.lgamma(sent + 1) - math.lgamma(k + 1) - math.lgamma(sent - k + 1)
        term = math.exp(log_term + k * math.log(limit) + (sent - k) * math.log1p(-limit))
        tail += term
        if tail >= alpha or term < tail * 1e-12:
            break
    return tail < alpha


def smallest_loss_seen(probes: int, limit: float, pairs: int) -> float:
    """Return the smallest share of loss that ``probes`` round trips of one pair can call FAIL; above 1: none can."""
    alpha = FALSE_ALARM / max(1, pairs)
    for missed in range(1, probes + 1):
        if exceeds(missed, probes, limit, alpha):
            return missed / probes
    return 1.01
