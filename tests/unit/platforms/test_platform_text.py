"""Normalising, parsing and comparing configuration text."""

from __future__ import annotations

import pytest

from safeshift.platforms import platform_named
from safeshift.platforms.configtext import differences, normalise, parse, render

VOLATILE = (
    "! Last configuration change at 10:00:00 UTC Sat Nov 21 2026 by netops",
    "! NVRAM config last updated at 10:00:00 UTC Sat Nov 21 2026",
    "Building configuration...",
    "Current configuration : 5120 bytes",
    "! Command: show running-config",
    "! device: l1 (DCS-7050CX3-32S, EOS-4.31.2F)",
    "ntp clock-period 17179869",
    "!",
    " !",
    "",
)


@pytest.mark.parametrize("line", VOLATILE)
def test_normalise_volatile_line_is_stripped(line: str) -> None:
    """A line that changes without a change is not part of the normalised text."""
    assert normalise(f"hostname l1\n{line}\nip routing  \r\nend\n") == "hostname l1\nip routing\nend\n"


def test_normalise_eos_banner_survives_to_the_letter(eos_text: str) -> None:
    """A banner keeps its blank lines, its exclamation marks and its trailing blanks."""
    banner = eos_text[eos_text.index("banner login") : eos_text.index("EOF\n")]
    assert "\n\n! this line" in banner
    assert banner in normalise(eos_text)


def test_normalise_ios_banner_and_certificate_survive_to_the_letter(ios_text: str) -> None:
    """Neither a banner nor a certificate loses a character."""
    text = normalise(ios_text)
    for start, end in (("banner motd", "\n^C\n"), (" certificate self-signed", "quit\n")):
        begin = ios_text.index(start)
        assert ios_text[begin : ios_text.index(end, begin)] in text


def test_normalise_text_with_raw_etx_shows_it_as_the_device_does() -> None:
    """A raw ETX around a banner and the two characters that stand for it are the same text."""
    assert normalise("banner motd \x03\nhi\n\x03\nend\n") == normalise("banner motd ^C\nhi\n^C\nend\n")


@pytest.mark.parametrize(("platform", "indent"), [("arista_eos", 3), ("cisco_ios", 1)])
def test_render_of_parse_is_the_normalised_text(platform: str, indent: int, eos_text: str, ios_text: str) -> None:
    """Reading a device's text into a tree and printing it loses nothing."""
    text = normalise(eos_text if platform == "arista_eos" else ios_text)
    assert render(parse(text), indent=indent) == text
    assert platform_named(platform).apply(text, ()) == text


def test_parse_line_after_a_banner_is_configuration_again() -> None:
    """The terminator of a banner ends it, also when a line of the banner looks like configuration."""
    blocks = parse("banner motd\ninterface Ethernet9\nEOF\nhostname l1\n")
    assert [(block.text, block.body) for block in blocks] == [
        ("banner motd", ("interface Ethernet9", "EOF")),
        ("hostname l1", ()),
    ]


def test_parse_banner_on_one_line_opens_no_body() -> None:
    """A banner that ends on its own line leaves the next line alone."""
    assert [block.text for block in parse("banner motd ^Chello^C\nhostname l1\n")] == [
        "banner motd ^Chello^C",
        "hostname l1",
    ]


def test_parse_eos_certificate_line_is_not_a_certificate() -> None:
    """EOS names certificates where IOS holds them; the lines after the name stay configuration."""
    blocks = parse("management security\n   ssl profile P\n      certificate l1.crt key l1.key\nhostname l1\n")
    assert blocks[-1].text == "hostname l1"


def test_differences_moved_line_is_no_difference() -> None:
    """The order of lines does not count where it has no meaning."""
    assert differences(parse("a\nb\ninterface X\n c\n d\n"), parse("interface X\n d\n c\nb\na\n"), indent=1) == ()


def test_differences_moved_access_list_entry_is_a_difference() -> None:
    """The order of an access list without numbers is its meaning."""
    one = "ip access-list standard A\n permit 10.0.0.0\n deny any\n"
    other = "ip access-list standard A\n deny any\n permit 10.0.0.0\n"
    assert differences(parse(one), parse(other), indent=1)
    assert differences(
        parse("access-list 1 permit any\naccess-list 1 deny any\n"),
        parse("access-list 1 deny any\naccess-list 1 permit any\n"),
        indent=1,
    )


def test_differences_shows_lines_under_their_parents() -> None:
    """A difference names the section it is in."""
    before = "interface Ethernet1\n   ip ospf cost 10\nhostname l1\n"
    after = "interface Ethernet1\n   ip ospf cost 20\nhostname l1\nip routing\n"
    assert differences(parse(before), parse(after), indent=3) == (
        " interface Ethernet1",
        "-   ip ospf cost 10",
        "+   ip ospf cost 20",
        "+ip routing",
    )


def test_differences_changed_banner_is_a_difference() -> None:
    """What a banner says is part of the configuration."""
    assert differences(parse("banner motd\na\nEOF\n"), parse("banner motd\nb\nEOF\n"), indent=3) == (
        " banner motd",
        "-a",
        "-EOF",
        "+b",
        "+EOF",
    )


def test_equal_text_that_was_cut_off_is_not_equal(ios_text: str) -> None:
    """A text without its ``end`` is never taken for the whole."""
    ios = platform_named("cisco_ios")
    whole = ios.normalise(ios_text)
    assert not ios.equal(whole, whole.removesuffix("end\n"))


def test_equal_ios_interface_without_address_says_so_or_not() -> None:
    """``no ip address`` on an interface that has none is the absence of a line."""
    ios = platform_named("cisco_ios")
    assert ios.equal("interface Vlan1\n no ip address\n shutdown\nend\n", "interface Vlan1\n shutdown\nend\n")


def test_equal_interface_named_beside_the_default_for_all_says_nothing() -> None:
    """``passive-interface X`` beside ``passive-interface default`` may or may not be shown."""
    eos = platform_named("arista_eos")
    alone = "router ospf 1\n   passive-interface default\nend\n"
    both = "router ospf 1\n   passive-interface default\n   passive-interface Vlan10\nend\n"
    assert eos.equal(alone, both)
    assert not eos.equal("router ospf 1\n   passive-interface Vlan10\nend\n", "router ospf 1\nend\n")
