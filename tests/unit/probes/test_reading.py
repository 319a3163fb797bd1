"""What iputils prints, line by line: each probe is settled once, by the first word about it."""

from __future__ import annotations

import pytest

from safeshift.probes.reading import PingReader

TIMEOUT_S = 0.5
Settled = list[tuple[bool, float | None]]


def _read(transcript: str, *, step_s: float = 0.2) -> Settled:
    """Read a transcript of which one line comes each ``step_s``, then wait until all time is over."""
    reader, now = PingReader(TIMEOUT_S), 0.0
    found: Settled = []
    for line in transcript.strip("\n").split("\n"):
        now += step_s
        found += reader.read(line, now)
    return [*found, *reader.settle(now + 2 * TIMEOUT_S)]


WELL = """
PING 10.1.2.13 (10.1.2.13) 56(84) bytes of data.
64 bytes from 10.1.2.13: icmp_seq=1 ttl=62 time=0.412 ms
64 bytes from 10.1.2.13: icmp_seq=2 ttl=62 time=0.391 ms
64 bytes from 10.1.2.13: icmp_seq=3 ttl=62 time=12.4 ms
64 bytes from 10.1.2.13: icmp_seq=4 ttl=62 time=103 ms

--- 10.1.2.13 ping statistics ---
4 packets transmitted, 4 received, 0% packet loss, time 612ms
rtt min/avg/max/mdev = 0.391/29.050/103.000/42.911 ms
"""

LOST = """
PING 10.1.2.13 (10.1.2.13) 56(84) bytes of data.
64 bytes from 10.1.2.13: icmp_seq=1 ttl=62 time=0.412 ms
no answer yet for icmp_seq=2
no answer yet for icmp_seq=3
64 bytes from 10.1.2.13: icmp_seq=4 ttl=62 time=0.398 ms
no answer yet for icmp_seq=5

--- 10.1.2.13 ping statistics ---
5 packets transmitted, 2 received, 60% packet loss, time 812ms
"""


def test_reader_of_a_ping_that_goes_well() -> None:
    """One probe per answer, with its time; header and summary are no probes."""
    assert _read(WELL) == [(True, 0.412), (True, 0.391), (True, 12.4), (True, 103.0)]


def test_reader_counts_what_has_no_answer_when_its_time_is_over() -> None:
    """``no answer yet`` is not yet a loss; when the time is over it is one."""
    found = _read(LOST)
    assert [back for back, _ in found].count(False) == 3
    assert [ms for _, ms in found if ms is not None] == [0.412, 0.398]


def test_reader_waits_for_an_answer_that_is_only_late() -> None:
    """An answer within the time is a round trip, however long ``ping`` said that there was none yet."""
    reader = PingReader(TIMEOUT_S)
    assert list(reader.read("no answer yet for icmp_seq=7", 1.0)) == []
    assert list(reader.settle(1.49)) == []
    assert list(reader.read("64 bytes from 10.1.2.13: icmp_seq=7 ttl=62 time=640 ms", 1.49)) == [(True, 640.0)]
    assert list(reader.settle(9.0)) == []


def test_reader_does_not_count_an_answer_that_comes_too_late() -> None:
    """The probe was lost when its time was over: it does not come back as a second one that was not."""
    reader = PingReader(TIMEOUT_S)
    assert list(reader.read("no answer yet for icmp_seq=7", 1.0)) == []
    assert list(reader.settle(1.5)) == [(False, None)]
    assert list(reader.read("64 bytes from 10.1.2.13: icmp_seq=7 ttl=62 time=1740 ms", 2.7)) == []


def test_reader_counts_duplicates_once() -> None:
    """A network that answers twice does not hide that it loses every other probe."""
    transcript = """
64 bytes from 10.1.2.13: icmp_seq=1 ttl=62 time=0.412 ms
64 bytes from 10.1.2.13: icmp_seq=1 ttl=62 time=0.502 ms (DUP!)
64 bytes from 10.1.2.13: icmp_seq=1 ttl=61 time=0.517 ms (DUP!)
no answer yet for icmp_seq=2
"""
    assert _read(transcript) == [(True, 0.412), (False, None)]


def test_reader_counts_an_unreachable_probe_once() -> None:
    """Whether the error comes before ``no answer yet``, after it, or long after the time was over."""
    at_once = "From 10.1.1.1 icmp_seq=3 Packet filtered\nno answer yet for icmp_seq=3"
    assert _read(at_once) == [(False, None)]
    soon = "no answer yet for icmp_seq=3\nFrom 10.1.1.1 icmp_seq=3 Destination Net Unreachable"
    assert _read(soon) == [(False, None)]
    late = """
no answer yet for icmp_seq=1
no answer yet for icmp_seq=2
no answer yet for icmp_seq=3
From 10.1.1.11 icmp_seq=1 Destination Host Unreachable
From 10.1.1.11 icmp_seq=2 Destination Host Unreachable
"""
    assert _read(late, step_s=1.0) == [(False, None)] * 3


def test_reader_takes_a_redirect_for_no_word_about_the_probe() -> None:
    """A router that names a better way has forwarded the probe all the same."""
    transcript = """
From 10.1.1.1: icmp_seq=1 Redirect Host(New nexthop: 10.1.1.2)
64 bytes from 10.1.2.13: icmp_seq=1 ttl=62 time=0.412 ms
"""
    assert _read(transcript) == [(True, 0.412)]


def test_reader_of_a_node_whose_own_interface_is_gone() -> None:
    """``sendmsg`` fails, and ``ping`` still says for each probe that there is no answer."""
    transcript = """
ping: sendmsg: Network is unreachable
no answer yet for icmp_seq=8
ping: sendmsg: Network is unreachable
no answer yet for icmp_seq=9
"""
    assert _read(transcript) == [(False, None), (False, None)]


@pytest.mark.parametrize("cut", range(len("64 bytes from 10.1.2.13: icmp_seq=31 ttl=62 time=0.412 ms") - 1))
def test_reader_never_guesses_at_a_truncated_line(cut: int) -> None:
    """A line that was cut anywhere is no answer, and no wrong number."""
    assert _read("64 bytes from 10.1.2.13: icmp_seq=31 ttl=62 time=0.412 ms"[:cut]) == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ping: connect: Network is unreachable",
        "sh: 1: ping: not found",
        "64 bytes from 10.1.2.13: icmp_seq=2 ttl=62 (truncated)",
        "64 bytes from 10.1.2.13: icmp_seq=x ttl=62 time=0.412 ms",
        "64 bytes from 10.1.2.13: icmp_seq=2 ttl=62 time=... ms",
        "no answer yet for icmp_seq=",
        "From the operator: hello",
    ],
)
def test_reader_takes_nothing_from_other_lines(line: str) -> None:
    """What is not a word about a probe is not one."""
    assert _read(line) == []


def test_reader_takes_lines_with_any_end() -> None:
    """Terminals end lines with a carriage return, pipes with a line feed; older iputils wrote ``icmp_req``."""
    assert _read("64 bytes from 10.1.2.13: icmp_req=1 ttl=62 time=1.02 ms\r") == [(True, 1.02)]
    assert _read("no answer yet for icmp_seq=4\r") == [(False, None)]
