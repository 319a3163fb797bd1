"""What observations mean: lost, isolated, silent, stale; and loss with its uncertainty, held against brute force."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeshift.probes.base import Observation, Pair, Silence
from safeshift.probes.judge import FALSE_ALARM, WINDOW, Judge, NodeView, View, exceeds, smallest_loss_seen
from safeshift.verdict import Verdict

PRIMARY, SECONDARY = "primary", "secondary"
STALE_S = 3.0
PEERS = {"n1": ("n3",), "n3": ("n1",)}


class Looking:
    """A judge that is fed rounds of observations, one round each 0.2 s."""

    def __init__(
        self,
        peers: Mapping[str, tuple[str, ...]] = PEERS,
        networks: Iterable[str] = (PRIMARY, SECONDARY),
        *,
        loss_max: float = 0.01,
        only: Iterable[tuple[str, str, str]] | None = None,
    ) -> None:
        asked = [(node, peer, network) for node in peers for peer in peers[node] for network in networks]
        self.pairs = {key: Pair(*key, f"10.0.0.{number}") for number, key in enumerate(only or asked)}
        self.judge = Judge(self.pairs.values(), peers, loss_max=loss_max, stale_s=STALE_S)
        self.now = 100.0

    def round(self, times: int = 1, *, lost: Iterable[tuple[str, str, str]] = (), silent: Iterable[str] = ()) -> View:
        """Let every observer but the silent ones report; the lost pairs report no answer."""
        gone = set(lost)
        for _ in range(times):
            self.now += 0.2
            for key, pair in self.pairs.items():
                if pair.observer not in silent:
                    back = key not in gone
                    self.judge.record(Observation(pair, self.now, back, 0.5 if back else None))
        return self.judge.view(self.now)

    def all(self, *networks: str) -> list[tuple[str, str, str]]:
        """All pairs on these networks."""
        return [key for key in self.pairs if key[2] in networks]


def _node(view: View, node: str, network: str = PRIMARY) -> NodeView:
    return next(one for one in view.nodes if (one.node, one.network) == (node, network))


def test_judge_of_a_well_site_says_pass() -> None:
    """Every round trip came back: PASS everywhere, nobody lost, nobody isolated."""
    view = Looking().round(WINDOW)
    assert {one.verdict for one in view.nodes} == {Verdict.PASS}
    assert (view.isolated, view.reasons([PRIMARY, SECONDARY])) == ((), ())
    assert view.silent_s == pytest.approx(0)
    assert (_node(view, "n1").sent, _node(view, "n1").missed, _node(view, "n1").rtt_ms) == (2 * WINDOW, 0, 0.5)


def test_peer_is_lost_at_eleven_of_twenty_and_not_at_ten() -> None:
    """Fewer than half of the last twenty came back; half is not fewer."""
    looking = Looking(loss_max=0.99)
    looking.round(WINDOW)
    at_ten = looking.round(10, lost=looking.all(PRIMARY))
    assert (_node(at_ten, "n1").lost, _node(at_ten, "n1").verdict) == ((), Verdict.PASS)
    at_eleven = looking.round(1, lost=looking.all(PRIMARY))
    assert _node(at_eleven, "n1").lost == ("n3",)
    assert _node(at_eleven, "n1").verdict is Verdict.FAIL
    assert _node(at_eleven, "n1").reason == "n1 lost n3 on primary"


def test_peer_that_answers_again_is_found_again() -> None:
    """Only the last twenty count: what was lost before does not stand against a peer for ever."""
    looking = Looking(loss_max=0.99)
    looking.round(WINDOW, lost=looking.all(PRIMARY))
    assert _node(looking.round(9), "n1").lost == ("n3",)
    assert _node(looking.round(1), "n1").lost == ()


def test_peer_is_lost_as_soon_as_the_rest_of_the_window_cannot_change_it() -> None:
    """Eleven failures are enough, even before twenty were sent."""
    looking = Looking()
    assert _node(looking.round(10, lost=looking.all(PRIMARY)), "n1").lost == ()
    assert _node(looking.round(1, lost=looking.all(PRIMARY)), "n1").lost == ("n3",)


def test_one_live_direction_keeps_a_peer() -> None:
    """An answer to either side is a round trip: the peer is not lost, but the dead direction FAILs for its loss."""
    looking = Looking()
    view = looking.round(WINDOW, lost=[("n1", "n3", PRIMARY)])
    assert _node(view, "n1").lost == ()
    assert _node(view, "n1").verdict is _node(view, "n3").verdict is Verdict.FAIL
    assert view.verdict(SECONDARY) is Verdict.PASS


def test_node_is_isolated_only_when_all_its_peers_are_lost_on_every_network() -> None:
    """One live peer on one network keeps a node; then the last one goes."""
    peers = {"n1": ("n3", "n4"), "n3": ("n1",), "n4": ("n1",)}
    looking = Looking(peers)
    keeps = ("n4", SECONDARY)
    lost = [key for key in looking.pairs if "n1" in key[:2] and not (keeps[0] in key[:2] and key[2] == keeps[1])]
    assert looking.round(WINDOW, lost=lost).isolated == ("n3",)  # n3's only peer is n1
    assert set(looking.round(WINDOW, lost=looking.pairs).isolated) == {"n1", "n3", "n4"}


def test_node_on_one_network_only_is_isolated_there() -> None:
    """A node that is attached to one network has no second way that could keep it."""
    only = [("n1", "n3", PRIMARY), ("n3", "n1", PRIMARY), ("n3", "n4", PRIMARY), ("n3", "n4", SECONDARY)]
    looking = Looking({"n1": ("n3",), "n3": ("n1", "n4")}, only=only)
    view = looking.round(WINDOW, lost=[only[0], only[1]])
    assert view.isolated == ("n1",)


def test_peer_that_is_not_attached_to_a_network_cannot_keep_a_node_from_being_isolated_there() -> None:
    """n4 is on the primary network only: on the secondary one, losing n3 is losing everybody."""
    only = [("n1", "n3", PRIMARY), ("n1", "n4", PRIMARY), ("n1", "n3", SECONDARY)]
    looking = Looking({"n1": ("n3", "n4")}, only=only)
    assert looking.round(WINDOW, lost=only).isolated == ("n1",)
    assert looking.round(WINDOW, lost=only[1:]).isolated == ()


def test_node_without_peers_is_never_isolated() -> None:
    """Nobody's loss means anything to it."""
    looking = Looking({"n1": (), "n3": ("n1",)})
    assert looking.round(WINDOW, lost=looking.pairs).isolated == ("n3",)


def test_silence_of_everybody_is_unknown() -> None:
    """Observers that say nothing have not said that all is well."""
    looking = Looking()
    looking.round(WINDOW)
    for name in PEERS:
        looking.judge.record(Silence(name, looking.now, "session lost"))
    view = looking.judge.view(looking.now)
    assert {one.verdict for one in view.nodes} == {Verdict.UNKNOWN}
    assert view.isolated == ()
    assert view.reasons([PRIMARY])[0] == "nothing is known of n1 on primary"


def test_partners_testify_about_a_silent_observer() -> None:
    """A node whose own session died is judged by those that ask it: well, or lost once its own last word is stale."""
    looking = Looking()
    looking.round(WINDOW)
    looking.judge.record(Silence("n1", looking.now, "session lost"))
    assert _node(looking.round(1, silent=["n1"]), "n1").verdict is Verdict.PASS
    assert looking.round(11, silent=["n1"], lost=looking.pairs).isolated == ()
    assert set(looking.round(WINDOW, silent=["n1"], lost=looking.pairs).isolated) == {"n1", "n3"}


def test_silence_of_the_only_live_direction_isolates_nobody_until_its_word_is_stale() -> None:
    """n3's questions are filtered, n1's were answered a moment ago: that n1 went silent is no loss of n3."""
    looking = Looking()
    filtered = [("n3", "n1", PRIMARY), ("n3", "n1", SECONDARY)]
    assert looking.round(WINDOW, lost=filtered).isolated == ()
    looking.judge.record(Silence("n1", looking.now, "a channel was refused"))
    assert looking.judge.view(looking.now).isolated == ()
    assert looking.round(14, silent=["n1"], lost=filtered).isolated == ()  # 2.8 s of 3
    assert looking.round(2, silent=["n1"], lost=filtered).isolated == ("n1", "n3")


def test_one_broken_ping_among_well_ones_leaves_the_view_as_it_was() -> None:
    """Its silence neither takes the others' words away nor comes and goes with them: no look differs from the last."""
    looking = Looking({"n1": ("n3", "n4"), "n3": ("n1",), "n4": ("n1",)}, [PRIMARY])
    looking.round(WINDOW)
    broken = looking.pairs["n1", "n4", PRIMARY]
    seen = set()
    for _ in range(40):
        looking.now += 0.2
        looking.judge.record(Silence("n1", looking.now, "no route", broken))
        for pair in looking.pairs.values():
            view = looking.judge.view(looking.now)
            seen.add((_node(view, "n1").verdict, _node(view, "n1").outward.sent >= WINDOW, view.isolated))
            if pair != broken:
                looking.judge.record(Observation(pair, looking.now, True, 0.5))
    assert seen == {(Verdict.PASS, True, ())}


def test_silence_of_one_pair_is_not_that_of_the_others() -> None:
    """One ping that broke says nothing of what the same observer sees elsewhere, nor is it mended by it."""
    looking = Looking({"n1": ("n3", "n4"), "n3": ("n1",), "n4": ("n1",)})
    looking.round(WINDOW)
    broken = looking.pairs["n1", "n4", PRIMARY]
    looking.judge.record(Silence("n1", looking.now, "no route", broken))
    looking.judge.record(Observation(looking.pairs["n1", "n3", PRIMARY], looking.now, True, 0.5))
    assert _node(looking.judge.view(looking.now), "n1").outward.sent == WINDOW + 1  # n1 to n3, and nothing of n1 to n4


def test_silent_observer_that_reports_again_is_heard_again() -> None:
    """One observation ends the silence."""
    looking = Looking()
    looking.round(WINDOW)
    for name in PEERS:
        looking.judge.record(Silence(name, looking.now, "session lost"))
    assert looking.round(1).verdict(PRIMARY) is Verdict.PASS


def test_stale_evidence_is_no_evidence() -> None:
    """What was said longer ago than the limit says nothing about now; up to the limit it does."""
    looking = Looking()
    looking.round(WINDOW)
    assert looking.judge.view(looking.now + STALE_S - 0.01).verdict(PRIMARY) is Verdict.PASS
    view = looking.judge.view(looking.now + STALE_S + 0.01)
    assert view.verdict(PRIMARY) is Verdict.UNKNOWN
    assert view.silent_s == pytest.approx(STALE_S + 0.01)


def test_judge_without_any_observation_knows_nothing() -> None:
    """Before the first word everything is UNKNOWN, and the silence is endless."""
    view = Looking().judge.view(5.0)
    assert {one.verdict for one in view.nodes} == {Verdict.UNKNOWN}
    assert view.silent_s == math.inf


def test_a_few_answers_are_not_yet_a_pass() -> None:
    """Half a window per pair is the least that PASS stands on."""
    looking = Looking()
    assert looking.round(WINDOW // 2 - 1).verdict(PRIMARY) is Verdict.UNKNOWN
    assert looking.round(1).verdict(PRIMARY) is Verdict.PASS


def test_mark_counts_loss_anew_and_keeps_the_window() -> None:
    """After a change only what is lost since counts as its loss; what was lost just before still counts as lost."""
    looking = Looking()
    looking.round(WINDOW)
    looking.round(8, lost=looking.all(PRIMARY))
    assert looking.judge.view(looking.now).verdict(PRIMARY) is Verdict.FAIL
    looking.judge.mark()
    unmeasured = looking.judge.view(looking.now)
    assert unmeasured.verdict(PRIMARY) is Verdict.UNKNOWN
    assert (_node(unmeasured, "n1").sent, _node(unmeasured, "n1").missed, _node(unmeasured, "n1").rtt_ms) == (
        0,
        0,
        None,
    )
    assert looking.round(1).verdict(PRIMARY) is Verdict.PASS
    assert _node(looking.round(3, lost=looking.all(PRIMARY)), "n1").lost == ("n3",)


def test_one_lost_answer_is_not_a_loss_rate() -> None:
    """One of twenty is not five percent: it may be chance, and chance is no ground for a rollback."""
    looking = Looking()
    looking.round(WINDOW)
    assert looking.round(1, lost=[("n1", "n3", PRIMARY)]).verdict(PRIMARY) is Verdict.PASS


def test_loss_too_thin_for_one_pair_is_seen_when_pairs_are_pooled() -> None:
    """Each pair lost three of forty, which may be chance; the four that a node asks, together, may not."""
    peers = {"n1": ("n3", "n4", "n5", "n6"), **{name: ("n1",) for name in ("n3", "n4", "n5", "n6")}}
    looking = Looking(peers, [PRIMARY])
    looking.round(37)
    view = looking.round(3, lost=looking.pairs)
    alpha = FALSE_ALARM / len(looking.pairs)
    assert not exceeds(3, 40, 0.01, alpha)
    assert _node(view, "n1").verdict is Verdict.FAIL
    assert _node(view, "n1").reason == "n1 loses 12 of 160 round trips on primary"


def test_loss_too_thin_for_any_node_is_plain_for_the_network() -> None:
    """At most one or two lost of each pair prove nothing; forty of a thousand together are not 1 %."""
    peers = {f"a{number}": (f"b{number}",) for number in range(40)}
    looking = Looking(peers, [PRIMARY])
    for number in range(25):
        looking.round(1, lost=[key for key in looking.pairs if int(key[0][1:]) == number])
    view = looking.judge.view(looking.now)
    assert {one.verdict for one in view.nodes} == {Verdict.PASS}
    assert view.verdict(PRIMARY) is Verdict.PASS  # 25 of 1000
    for number in range(25):
        looking.round(1, lost=[key for key in looking.pairs if number <= int(key[0][1:]) < number + 3])
    view = looking.judge.view(looking.now)
    assert view.verdict(PRIMARY) is Verdict.FAIL
    assert view.reasons([PRIMARY])[-1].startswith("primary loses ")


def test_worst_node_is_the_network() -> None:
    """One bad node is not averaged away by many good ones; reasons name what FAILs before what is unknown."""
    peers = {f"a{number}": (f"b{number}",) for number in range(9)}
    looking = Looking(peers, [PRIMARY])
    looking.round(WINDOW)
    looking.judge.record(Silence("a2", looking.now, "gone"))
    view = looking.round(WINDOW, lost=[("a7", "b7", PRIMARY)], silent=["a2"])
    assert [one.verdict for one in view.nodes].count(Verdict.PASS) == 7
    assert view.verdict(PRIMARY) is Verdict.FAIL
    assert view.reasons([PRIMARY])[:2] == ("a7 lost b7 on primary", "nothing is known of a2 on primary")
    assert view.verdict("management") is Verdict.UNKNOWN


def test_observation_of_a_pair_that_nobody_asked_for_is_a_bug() -> None:
    """It is never counted for another pair."""
    with pytest.raises(KeyError):
        Looking().judge.record(Observation(Pair("x", "y", PRIMARY, "10.9.9.9"), 1.0, True, 0.1))


def _tail(missed: int, sent: int, limit: Fraction) -> Fraction:
    """P(X >= missed), term by term in exact fractions."""
    terms = (math.comb(sent, k) * limit**k * (1 - limit) ** (sent - k) for k in range(missed, sent + 1))
    return sum(terms, start=Fraction(0))


@given(
    sent=st.integers(1, 150),
    share=st.fractions(0, 1, max_denominator=150),
    limit=st.sampled_from([Fraction(1, 1000), Fraction(1, 100), Fraction(5, 100), Fraction(1, 2), Fraction(9, 10)]),
    alpha=st.sampled_from([0.0099, 1.1e-4, 1.3e-6]),  # no tail is so near to these that rounding decides
)
def test_exceeds_is_the_exact_binomial_bound(sent: int, share: Fraction, limit: Fraction, alpha: float) -> None:
    """The same answer as exact arithmetic gives, for every count: FAIL just when chance alone is below alpha."""
    missed = int(share * sent)
    exact = missed > 0 and Fraction(missed, sent) > limit and _tail(missed, sent, limit) < Fraction(alpha)
    assert exceeds(missed, sent, float(limit), alpha) is exact


def test_exceeds_at_the_ends_of_its_range() -> None:
    """No loss never exceeds; any loss exceeds a limit of nothing; nothing exceeds a limit of all."""
    assert not exceeds(0, 100, 0.0, 1e-4)
    assert not exceeds(0, 0, 0.01, 1e-4)
    assert exceeds(1, 100, 0.0, 1e-4)
    assert not exceeds(100, 100, 1.0, 1e-4)
    assert exceeds(100_000, 100_000, 0.01, 1e-4)


@given(sent=st.integers(1, 400), limit=st.floats(0.001, 0.5))
def test_exceeds_never_takes_back_what_less_loss_showed(sent: int, limit: float) -> None:
    """More loss among as many probes is never better."""
    said = [exceeds(missed, sent, limit, 1e-5) for missed in range(sent + 1)]
    assert said == sorted(said)


@pytest.mark.parametrize("probes", [1, 5, 20, 25, 50, 300])
@pytest.mark.parametrize("pairs", [1, 8, 64])
def test_smallest_loss_seen_is_the_first_that_fails(probes: int, pairs: int) -> None:
    """What ``check`` promises: this share FAILs, one answer more does not."""
    smallest = smallest_loss_seen(probes, 0.01, pairs)
    alpha = FALSE_ALARM / pairs
    if smallest > 1:
        assert not exceeds(probes, probes, 0.01, alpha)
        return
    missed = round(smallest * probes)
    assert exceeds(missed, probes, 0.01, alpha)
    assert not exceeds(missed - 1, probes, 0.01, alpha)


def test_smallest_loss_seen_by_one_probe_is_none() -> None:
    """A single probe can call nothing FAIL: more than all of it would have to be lost."""
    assert smallest_loss_seen(1, 0.01, 1) > 1
