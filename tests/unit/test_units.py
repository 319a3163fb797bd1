"""Durations, rates and shares: what is read, what is refused, and how they are written for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeshift.units import (
    parse_duration,
    parse_percent,
    parse_rate,
    show_duration,
    show_gbit,
    show_percent,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("200ms", 0.2),
        ("5s", 5),
        ("1m30s", 90),
        ("2h", 7200),
        ("1d", 86400),
        (" 1.5m ", 90),
        ("0s", 0),
        ("1h5ms", 3600.005),
    ],
)
def test_parse_duration_reads_numbers_with_units(text: str, seconds: float) -> None:
    """Units may be combined, space around is forgiven."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "5 s", "1m30", "5sec", "1,5s", "1e3s", "5S"])
def test_parse_duration_refuses_what_has_no_clear_unit(text: str) -> None:
    """A bare number is refused: nobody knows whether it means seconds or minutes."""
    with pytest.raises(ValueError, match="is not a duration; write a number with a unit"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100G", 10**11), ("2.5G", 2_500_000_000), ("100Mbps", 10**8), ("10 Gbit/s", 10**10), ("1000000", 1000000),
        ("64k", 64_000), ("1T", 10**12),
    ],
)  # fmt: skip
def test_parse_rate_reads_bits_per_second(text: str, rate: int) -> None:
    """Powers of ten; a bare number is bit/s."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "G", "-1G", "100GB", "100Gb", "1e9", "100 g", "fast"])
def test_parse_rate_refuses_bytes_and_words(text: str) -> None:
    """Bytes are never taken for bits."""
    with pytest.raises(ValueError, match="is not a rate"):
        parse_rate(text)


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0.5 %", 0.005), ("100%", 1.0), ("0%", 0.0)])
def test_parse_percent_reads_shares(text: str, share: float) -> None:
    """The sign is part of the number."""
    assert parse_percent(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "1", "0.01", "101%", "-1%", "%", "1%%"])
def test_parse_percent_refuses_what_could_be_a_share_or_too_much(text: str) -> None:
    """Without the sign 1 could be 1 % or all of it; more than all is refused."""
    with pytest.raises(ValueError, match="is not a percentage"):
        parse_percent(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (0.44, "0.4 s"), (3, "3 s"), (9.94, "9.9 s"), (9.96, "10 s"), (12.4, "12 s"), (119.4, "119 s"),
        (120, "2 min"), (125, "2 min 5 s"), (3599, "59 min 59 s"), (3780, "63 min"), (7200, "2 h"), (7380, "2 h 3 min"),
    ],
)  # fmt: skip
def test_show_duration_as_a_person_would(seconds: float, text: str) -> None:
    """Tenths below ten seconds, then seconds, minutes, hours."""
    assert show_duration(seconds) == text


@pytest.mark.parametrize(("rate", "text"), [(45e9, "45"), (17.5e9, "17.5"), (2.5e8, "0.25"), (0, "0"), (100e9, "100")])
def test_show_gbit_without_needless_digits(rate: float, text: str) -> None:
    """Two digits at most, no trailing zero."""
    assert show_gbit(rate) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.005, "0.5 %"), (0.7, "70 %"), (1, "100 %"), (0.1004, "10 %")]
)
def test_show_percent_with_one_digit_where_it_matters(share: float, text: str) -> None:
    """One digit behind the point, none when it is zero."""
    assert show_percent(share) == text


@given(st.integers(0, 10**7))
def test_parse_duration_reads_back_whole_seconds(seconds: int) -> None:
    """What is written in one unit and in several is the same duration."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    assert parse_duration(f"{hours}h{minutes}m{left}s") == parse_duration(f"{seconds}s") == float(seconds)
