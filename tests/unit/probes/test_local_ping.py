"""The machine's own ``ping``, which not every machine has: the one place where its output is played."""

from __future__ import annotations

import io
import itertools
import threading
from collections.abc import Iterator

from pytest_mock import MockerFixture

from safeshift.clock import SystemClock
from safeshift.probes.base import Observation, Pair, Silence
from safeshift.probes.observers import local_observer

SAID = """\
PING 127.0.0.9 (127.0.0.9) 56(84) bytes of data.
64 bytes from 127.0.0.9: icmp_seq=1 ttl=64 time=0.031 ms
From 127.0.0.1 icmp_seq=2 Destination Host Unreachable
64 bytes from 127.0.0.9: icmp_seq=3 ttl=64 time=0.040 ms
"""


def _gone() -> Iterator[OSError]:
    while True:
        yield FileNotFoundError("ping")


PAIR = Pair("localhost", "r1", "primary", "127.0.0.9")


def test_local_observer_reports_what_ping_says_and_then_that_it_ended(mocker: MockerFixture) -> None:
    """Each line becomes an observation with its time; a ping that ends and cannot be begun anew is a silence."""
    process = mocker.MagicMock(stdout=io.StringIO(SAID))
    mocker.patch("safeshift.probes.observers.subprocess.Popen", side_effect=itertools.chain([process], _gone()))
    heard: list[Observation | Silence] = []
    ended = threading.Event()

    def report(seen: Observation | Silence) -> None:
        heard.append(seen)
        if isinstance(seen, Silence):
            ended.set()

    observer = local_observer("localhost", SystemClock())
    observer.start([PAIR], report)
    assert ended.wait(10)
    observer.stop()
    seen = [one for one in heard if isinstance(one, Observation)][:3]
    assert [(one.came_back, one.rtt_ms) for one in seen] == [(True, 0.031), (False, None), (True, 0.040)]
    assert process.kill.called


def test_local_observer_without_ping_says_what_to_install(mocker: MockerFixture) -> None:
    """A machine that has no ping is silent, with the reason; it never counts as loss."""
    mocker.patch("safeshift.probes.observers.subprocess.Popen", side_effect=FileNotFoundError("ping"))
    heard: list[Observation | Silence] = []
    told = threading.Event()

    def report(seen: Observation | Silence) -> None:
        heard.append(seen)
        told.set()

    observer = local_observer("localhost", SystemClock())
    observer.start([PAIR], report)
    assert told.wait(10)
    observer.stop()
    assert all(isinstance(one, Silence) and "cannot ping" in one.reason for one in heard)
