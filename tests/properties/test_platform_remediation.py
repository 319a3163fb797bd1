"""Whatever is edited in a realistic configuration, the lines that take it back are proven to do so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeshift.platforms import platform_named
from safeshift.platforms.configtext import normalise, parse, render

_CONFIGS = Path(__file__).parents[1] / "unit" / "platforms"
TEXTS = {
    "arista_eos": normalise((_CONFIGS / "arista_leaf.cfg").read_text()),
    "cisco_ios": normalise((_CONFIGS / "cisco_leaf.cfg").read_text()),
}
PORTS = {
    "arista_eos": ("Ethernet1", "eth2", "Et3", "Ethernet10", "Loopback0", "Vlan10", "Vlan30"),
    "cisco_ios": ("HundredGigE1/0/1", "hu1/0/2", "gi1/0/1", "GigabitEthernet1/0/2", "lo0", "Vlan10", "vl30"),
}
SPEEDS = {"arista_eos": ("100gfull", "forced 40gfull", "auto"), "cisco_ios": ("100000", "40000", "auto")}
_numbers = st.integers(1, 65535)


def _port_lines(platform: str) -> st.SearchStrategy[str]:
    """Lines that people type under an interface."""
    eos = platform == "arista_eos"
    address = st.integers(0, 255).map(
        lambda byte: f"ip address 10.9.{byte}.1/24" if eos else f"ip address 10.9.{byte}.1 255.255.255.0"
    )
    plain = ["shutdown", "no shutdown", "no description", "no ip ospf cost", "no speed", "sh", "no ip address"]
    plain += ["ip ospf area 0", "no ip ospf area"] if eos else ["ip ospf 1 area 0", "no ip ospf 1 area 0"]
    plain += ["switchport", "no switchport", "mtu 9000", "no mtu", "load-interval 60"]
    return st.one_of(
        st.sampled_from(plain),
        _numbers.map("ip ospf cost {}".format),
        st.sampled_from(SPEEDS[platform]).map("speed {}".format),
        st.sampled_from(("spare", "to p1 Ethernet1", "no more")).map("description {}".format),
        address,
    )


def _process_lines(platform: str) -> st.SearchStrategy[str]:
    """Lines that people type under an OSPF process."""
    return st.one_of(
        st.sampled_from(
            (
                "max-metric router-lsa",
                "max-metric router-lsa include-stub",
                "no max-metric router-lsa",
                "redistribute static",
                "no redistribute static",
                "passive-interface default",
                "no passive-interface default",
                "distance ospf intra-area 90",
                "no router-id",
            )
        ),
        st.sampled_from(PORTS[platform]).map("passive-interface {}".format),
        st.sampled_from(PORTS[platform]).map("no passive-interface {}".format),
        _numbers.map("auto-cost reference-bandwidth {}".format),
    )


def _global_lines(platform: str) -> st.SearchStrategy[str]:
    """Lines that people type outside of any section."""
    mask = (
        (lambda byte: f"10.8.{byte}.0/24")
        if platform == "arista_eos"
        else (lambda byte: f"10.8.{byte}.0 255.255.255.0")
    )
    prefix = st.integers(0, 3).map(mask)
    hop = st.sampled_from(("10.0.31.1", "10.0.32.1", "Null0", "10.0.31.1 200"))
    return st.one_of(
        st.builds("ip route {} {}".format, prefix, hop),
        st.builds("no ip route {} {}".format, prefix, hop),
        st.sampled_from(
            (
                "hostname x9",
                "no ip routing",
                "no vlan 10",
                "vlan 77",
                "no interface Vlan10",
                "no router ospf 1",
                "ntp server 192.0.2.9",
            )
        ),
    )


def _edits(platform: str) -> st.SearchStrategy[list[str]]:
    """Blocks of typed lines, each entering its section."""
    port = st.builds(
        lambda name, lines: [f"interface {name}", *lines],
        st.sampled_from(PORTS[platform]),
        st.lists(_port_lines(platform), min_size=1, max_size=4),
    )
    process = st.lists(_process_lines(platform), min_size=1, max_size=3).map(lambda lines: ["router ospf 1", *lines])
    block = st.one_of(port, process, _global_lines(platform).map(lambda line: [line]))
    return st.lists(block, max_size=6).map(lambda blocks: [line for block in blocks for line in block])


@pytest.mark.parametrize("platform", TEXTS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_remediate_after_any_edits_leads_back_and_forth(platform: str, data: st.DataObject) -> None:
    """Between any two states of a configuration that edits lead to, there are proven lines, both ways."""
    found = platform_named(platform)
    one = found.apply(TEXTS[platform], data.draw(_edits(platform), label="first edits"))
    other = found.apply(one, data.draw(_edits(platform), label="second edits"))
    for start, goal in ((one, other), (other, one)):
        lines = found.remediate(start, goal)
        assert found.equal(found.apply(start, lines), goal)
        assert bool(lines) != found.equal(start, goal)


@pytest.mark.parametrize("platform", TEXTS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_remediate_touches_only_sections_that_differ(platform: str, data: st.DataObject) -> None:
    """No line is typed in a section in which nothing differs."""
    found = platform_named(platform)
    edited = found.apply(TEXTS[platform], data.draw(_edits(platform), label="edits"))
    differing = {line[1:] for line in found.differences(edited, TEXTS[platform]) if line[1:2].strip()}
    for block in parse("\n".join(found.remediate(edited, TEXTS[platform]))):
        assert not block.children or block.text in differing


@pytest.mark.parametrize("platform", TEXTS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_apply_predicts_normalised_text_and_typing_twice_changes_nothing_more(
    platform: str, data: st.DataObject
) -> None:
    """A prediction is normalised text that parses back, and equal to itself."""
    found = platform_named(platform)
    lines = data.draw(_edits(platform), label="edits")
    text = found.apply(TEXTS[platform], lines)
    assert found.normalise(text) == text
    assert render(parse(text), indent=found.grammar.indent) == text  # type: ignore[attr-defined]  # routers have one
    assert found.equal(text, text)
    assert found.differences(text, text) == ()


@pytest.mark.parametrize("platform", TEXTS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_needed_lines_lead_where_all_lines_lead_and_are_none_where_nothing_changes(
    platform: str, data: st.DataObject
) -> None:
    """What is already true is left out, nothing else is, and the order stays."""
    found = platform_named(platform)
    before = found.apply(TEXTS[platform], data.draw(_edits(platform), label="edits before"))
    lines = data.draw(_edits(platform), label="lines")
    left = found.needed(before, lines)
    assert found.equal(found.apply(before, left), found.apply(before, lines))
    assert bool(left) != found.equal(found.apply(before, lines), before)
    rest = iter(lines)
    assert all(line in rest for line in left)


_CHARACTERS = st.sampled_from([*"ab !^C#\r\t\n  ", "banner motd ^C\n", "banner motd\n", "EOF\n", "end\n", "!\n"])


@given(pieces=st.lists(_CHARACTERS, max_size=40))
@settings(max_examples=300, deadline=None)
def test_normalise_any_text_twice_is_once(pieces: list[str]) -> None:
    """Normalising is idempotent, whatever a device prints."""
    text = "".join(pieces)
    assert normalise(normalise(text)) == normalise(text)
    assert parse(normalise(text)) == parse(text)
