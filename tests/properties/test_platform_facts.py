"""The facts that are read with kept templates, held against ntc-templates' own way of reading them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ntc_templates.parse import parse_output

from safeshift.platforms import platform_named
from safeshift.platforms.answers import STABLE
from tests.unit.platforms.test_platform_answers import (
    EOS_INTERFACE,
    EOS_NEIGHBORS,
    EOS_ROUTES,
    IOS_INTERFACE,
    IOS_NEIGHBORS,
    IOS_ROUTES,
)

ANSWERS = {
    ("arista_eos", "show ip ospf neighbor"): EOS_NEIGHBORS.format(dead=39),
    ("arista_eos", "show ip route"): EOS_ROUTES,
    ("arista_eos", "show interfaces"): EOS_INTERFACE,
    ("cisco_ios", "show ip ospf neighbor"): IOS_NEIGHBORS,
    ("cisco_ios", "show ip route"): IOS_ROUTES.format(uptime="00:05:45"),
    ("cisco_ios", "show interfaces"): IOS_INTERFACE,
}
STATES = ("FULL", "FULL/DR", "FULL/  -", "2WAY/DROTHER", "EXSTART/BDR", "DOWN", "INIT", "ATTEMPT/DROTHER", "FULL/ - ")


def rows_of_the_library(platform: str, command: str, answer: str) -> list[tuple[tuple[str, str], ...]] | None:
    """What ntc-templates itself returns, in the columns that are kept; None where it refuses."""
    try:
        rows = parse_output(platform=platform, command=command, data=answer)
    except Exception:  # whatever it raises (its own class, textfsm's): it does not parse
        return None
    plain = [{k: v.strip() if isinstance(v, str) else ",".join(sorted(v)) for k, v in row.items()} for row in rows]
    return sorted(tuple((name, row[name]) for name in STABLE[command] if name in row) for row in plain)


def rows_of_ours(platform: str, command: str, answer: str) -> list[tuple[tuple[str, str], ...]] | None:
    """What our platform returns; None where it refuses."""
    try:
        rows = platform_named(platform).parse_facts(command, answer)
    except ValueError:
        return None
    return sorted(tuple(row.items()) for row in rows)


def rearranged(text: str) -> st.SearchStrategy[str]:
    """Lines of a real answer, some missing, some doubled, some cut, some strange, in any order."""
    line = st.sampled_from(text.splitlines())
    cut = st.builds(lambda whole, end: whole[:end], line, st.integers(0, 60))
    strange = st.text("FUL/-0123456789.: EthBDRxyz", max_size=70)
    return st.lists(st.one_of(line, line, line, cut, strange), max_size=12).map("\n".join)


@pytest.mark.parametrize(("platform", "command"), ANSWERS)
@given(data=st.data())
def test_facts_are_those_that_the_library_reads(platform: str, command: str, data: st.DataObject) -> None:
    """Templates that are compiled once read every answer, right or wrong, as the library reads it."""
    answer = data.draw(rearranged(ANSWERS[platform, command]))
    assert rows_of_ours(platform, command, answer) == rows_of_the_library(platform, command, answer)


@given(
    rows=st.lists(
        st.tuples(
            st.ip_addresses(v=4).map(str),
            st.integers(0, 255),
            st.sampled_from(STATES),
            st.ip_addresses(v=4).map(str),
            st.sampled_from(("Ethernet1", "HundredGigE1/0/1", "Po1.100", "Vlan10")),
        ),
        max_size=8,
    )
)
def test_neighbours_are_those_that_the_library_reads(rows: list[tuple[str, int, str, str, str]]) -> None:
    """Whatever the neighbours and their states, both ways see the same ones."""
    eos = [f"{a:15} 1        default  {p:<3} {s:22} 00:00:33    {b:15} {i}" for a, p, s, b, i in rows]
    ios = [f"{a:15} {p:3}   {s:15} 00:00:32    {b:15} {i}" for a, p, s, b, i in rows]
    for platform, lines in (("arista_eos", eos), ("cisco_ios", ios)):
        answer = "\n".join(lines)
        command = "show ip ospf neighbor"
        assert rows_of_ours(platform, command, answer) == rows_of_the_library(platform, command, answer)


def test_facts_read_at_the_same_time_are_not_mixed_up() -> None:
    """Every router is read in a thread of its own, and each gets the rows of its own answer."""
    answers = [EOS_NEIGHBORS.format(dead=39).replace("10.0.21.1", f"10.0.21.{number}") for number in range(200)]
    eos = platform_named("arista_eos")
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda answer: eos.parse_facts("show ip ospf neighbor", answer), answers))
    assert [seen[-1]["ip_address"] for seen in rows] == [f"10.0.21.{number}" for number in range(200)]
