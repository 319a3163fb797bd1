"""What differs in the operational state: exactly what changed, in words, and never silence where nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from safeshift.journal.events import Event, Json, Kind
from safeshift.reporting.differences import find_differences

NEIGHBOR: dict[str, Json] = {"neighbor_id": "10.0.0.2", "vrf": "default", "interface": "Ethernet1", "state": "FULL"}
ROUTE: dict[str, Json] = {"network": "10.1.0.0", "prefix_length": "24", "metric": "20", "nexthop_ip": "10.9.0.1"}
PORT: dict[str, Json] = {"interface": "Ethernet1", "link_status": "up", "bandwidth": "40000000 kbit"}


def sentences(before: Json, after: Json) -> list[str]:
    """The differences of one device, as text."""
    pairs: list[tuple[str, Json]] = [("before", {"p1": before}), ("after", {"p1": after})]
    found = find_differences(facts(pairs))
    assert found is not None
    return [str(difference) for difference in found]


def facts(pairs: list[tuple[str, Json]]) -> list[Event]:
    """FACTS events as the engine writes them."""
    now = datetime(2011, 4, 21, tzinfo=UTC)
    data: list[dict[str, Json]] = [{"when": when, "facts": told} for when, told in pairs]
    return [Event("r1", seq, now, 0.0, Kind.FACTS, one) for seq, one in enumerate(data, 1)]


@pytest.mark.parametrize(
    ("command", "before", "after", "expected"),
    [
        ("show ip ospf neighbor", [NEIGHBOR], [], ["p1: 10.0.0.2 Ethernet1: gone (was state FULL)"]),
        ("show ip ospf neighbor", [], [NEIGHBOR], ["p1: 10.0.0.2 Ethernet1: new (state FULL)"]),
        (
            "show ip ospf neighbor",
            [NEIGHBOR],
            [{**NEIGHBOR, "state": "INIT"}],
            ["p1: 10.0.0.2 Ethernet1: state FULL -> INIT"],
        ),
        ("show ip route", [ROUTE], [{**ROUTE, "metric": "30"}], ["p1: 10.1.0.0/24: metric 20 -> 30"]),
        (
            "show ip route",
            [ROUTE],
            [ROUTE, {**ROUTE, "nexthop_ip": "10.9.0.2"}],
            [
                "p1: 10.1.0.0/24: metric 20, nexthop_ip 10.9.0.1 -> "
                "metric 20, nexthop_ip 10.9.0.1; metric 20, nexthop_ip 10.9.0.2"
            ],
        ),
        ("show interfaces", [PORT], [{**PORT, "bandwidth": ""}], ["p1: Ethernet1: bandwidth 40000000 kbit -> none"]),
        ("show clock", [{"time": "1"}], [{"time": "2"}], ["p1: 1: gone", "p1: 2: new"]),
    ],
)
def test_each_difference_is_told_once_and_in_words(
    command: str, before: list[Json], after: list[Json], expected: list[str]
) -> None:
    """Adjacencies, routes with several next hops, interfaces, and commands nobody has heard of."""
    assert sentences({command: before}, {command: after}) == expected


def test_equal_state_differs_in_nothing_whatever_the_order_of_rows() -> None:
    """The order in which a device lists its routes is no difference."""
    other = {**ROUTE, "network": "10.2.0.0"}
    assert sentences({"show ip route": [ROUTE, other]}, {"show ip route": [other, ROUTE]}) == []


@pytest.mark.parametrize("after", [{"error": "p1: no way to it"}, {}])
def test_device_that_could_not_be_read_is_named(after: Json) -> None:
    """What is not known is said, and never taken for equal."""
    (sentence,) = sentences({"show interfaces": [PORT]}, after)
    assert sentence.startswith("p1: its state after the run is not known")


@pytest.mark.parametrize("when", [[], ["before"], ["after"]])
def test_run_that_did_not_record_both_sides_cannot_be_compared(when: list[str]) -> None:
    """Nothing to compare is not the same as no difference."""
    assert find_differences(facts([(word, {"p1": {}}) for word in when])) is None
