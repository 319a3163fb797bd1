"""A truth says how the world differs from what safeshift was told, and refuses what it cannot mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.errors import FabricError, InputError
from safeshift.lab.faults import Fault, FaultKind
from safeshift.lab.truth import Truth, load_faults, load_truth
from safeshift.model.fabric import Fabric, load

SITE = Path(__file__).parents[3] / "inventories" / "dc1.fabric.yml"
FIRST = "l1:Ethernet1--p1:Ethernet1"


@pytest.fixture(scope="module")
def told() -> Fabric:
    """The README's site."""
    return load(SITE)


def read(tmp_path: Path, told: Fabric, text: str) -> Truth:
    """Load a truth from text."""
    path = tmp_path / "truth.yml"
    path.write_text(text, encoding="utf-8")
    return load_truth(path, told)


def test_overlay_changes_only_what_it_names(tmp_path: Path, told: Fabric) -> None:
    """A partial truth leaves the rest of the fabric as it was told."""
    truth = read(tmp_path, told, "routers: {p2: {capacity: 50G}}\n")
    assert truth.fabric.routers["p2"].capacity == 50 * 10**9
    assert truth.fabric.routers["p2"].network == "primary"
    assert truth.fabric.links == told.links
    assert truth.fabric.nodes == told.nodes


def test_link_named_the_other_way_round_keeps_each_ends_cost(tmp_path: Path, told: Fabric) -> None:
    """Costs follow the ends as the truth writes them, in whichever order the told fabric has them."""
    truth = read(tmp_path, told, "links: [{ends: [p1 Ethernet1, l1 Ethernet1], cost: [77, 78]}]\n")
    link = truth.fabric.link(FIRST)
    assert (link.ends[0].router, link.cost) == ("l1", (78, 77))


def test_lower_link_capacity_is_a_cap_and_not_a_configuration(tmp_path: Path, told: Fabric) -> None:
    """Devices stay configured to the told speed; what passes is less."""
    truth = read(tmp_path, told, "links: [{ends: [l1 Ethernet1, p1 Ethernet1], capacity: 20G}]\n")
    assert truth.caps == {FIRST: 20 * 10**9}
    assert truth.fabric.link(FIRST).capacity == 40 * 10**9


def test_what_no_fabric_says_is_read(tmp_path: Path, told: Fabric) -> None:
    """Gray losses, dead links, times, the seed and the faults come out as data."""
    text = """
routers: {p2: {gray: 0.3}}
links: [{ends: [l1 Ethernet1, p1 Ethernet1], gray: 0.05, down: true}]
convergence: 2s
seed: 7
latency: 20ms
faults: [{device: p1, kind: hang, match: commit timer}]
"""
    truth = read(tmp_path, told, text)
    assert (truth.gray_routers, truth.gray_links, truth.down) == ({"p2": 0.3}, {FIRST: 0.05}, frozenset({FIRST}))
    assert (truth.convergence_s, truth.seed, truth.latency_s) == (2.0, 7, 0.02)
    assert truth.faults == (Fault(FaultKind.HANG, "p1", match="commit timer"),)


def test_whole_fabric_replaces_the_told_one(tmp_path: Path, told: Fabric) -> None:
    """A file with networks is a whole fabric, with the truth's own keys allowed in it."""
    text = SITE.read_text(encoding="utf-8").replace("p2: {network: primary,", "p2: {gray: 0.2, network: primary,")
    truth = read(tmp_path, told, text.replace("s1: {network: secondary, capacity: 20G}", "s1: {network: secondary}"))
    assert truth.gray_routers == {"p2": 0.2}
    assert truth.fabric.routers["s1"].capacity is None
    assert truth.caps == {}


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("routers: {p9: {gray: 0.1}}", ":1:11: there is no router 'p9'", "known: p1"),
        ("routers: {p1: {gray: 2}}", "gray: expected at most 1.0", ""),
        ("routers: {p1: {grey: 0.1}}", "unknown key 'grey'", "did you mean 'gray'?"),
        ("links: [{ends: [l1 Ethernet1, p1 Ethernet2]}]", "there is no link with the ends", "did you mean"),
        ("faults: [{device: pp, kind: hang}]", "there is no device 'pp'", "known:"),
        ("faults: [{device: p1, kind: hng}]", ":1:10: 'hng' is not a kind of fault", "use one of"),
        ("demands: [{between: [[n1], [n99]], network: primary, rate: 3G}]", "there is no node 'n99'", "known: n1"),
    ],
)
def test_wrong_truth_is_refused_at_its_place(tmp_path: Path, told: Fabric, text: str, sentence: str, hint: str) -> None:
    """Each mistake is one sentence with file, line and column, and a hint what to write."""
    with pytest.raises(FabricError) as caught:
        read(tmp_path, told, text)
    assert sentence in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "text", ["- {device: p1, kind: slow, seconds: 2}\n", "faults: [{device: p1, kind: slow, seconds: 2}]"]
)
def test_faults_file_is_a_list_or_has_one_key(tmp_path: Path, told: Fabric, text: str) -> None:
    """Both ways of writing a faults file mean the same."""
    path = tmp_path / "faults.yml"
    path.write_text(text, encoding="utf-8")
    assert load_faults(path, told) == (Fault(FaultKind.SLOW, "p1", seconds=2),)


def test_fault_that_makes_no_sense_is_refused(tmp_path: Path, told: Fabric) -> None:
    """A fault without what it needs is refused with its place."""
    path = tmp_path / "faults.yml"
    path.write_text("- {device: p1, kind: link_down}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"faults\.yml:1:3: fault link_down on p1 needs interface"):
        load_faults(path, told)
