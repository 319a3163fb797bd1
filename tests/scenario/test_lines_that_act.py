"""Lines that do not configure but act: under ``config`` no guard could cover them, and no flag sends them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import Finished, play

pytestmark = pytest.mark.timeout(400)
OVERRIDE = ("--override-what-if", "I know this device")
ACTING = {
    "commit": ("a", "commit"),
    "commit_timer": ("a", "commit timer 00:10:00"),
    "abort": ("a", "abort"),
    "end": ("b", "end"),
    "end_then_reload": ("b", "end, reload"),
    "reload": ("a", "reload"),
    "do_configure_confirm": ("b", "do configure confirm"),
    "do_shortened": ("b", "do conf t"),
    "write_memory": ("b", "write memory"),
}


@dataclass(frozen=True)
class End:
    """What check and run said, what the device's own log has beside reads, and which routers are not as before."""

    check: Finished
    run: Finished
    written: dict[str, tuple[str, ...]]
    changed: tuple[str, ...]


def saying(host: str, lines: str) -> Scenario:
    """Put lines that act behind one that configures; check it, then run it, overridden."""

    def scenario(stage: Stage) -> End:
        site = stage.site()
        step = f'- name: Act\n  config: {{parents: ["interface {{{{ port }}}}"], lines: [description x, {lines}]}}\n'
        path = site.playbook(play(step, hosts=host))
        check, run = site.safeshift("check", path), site.safeshift("run", path, "--yes", *OVERRIDE)
        return End(check, run, site.written(), site.changed())

    return scenario


SCENARIOS = {name: saying(host, lines) for name, (host, lines) in ACTING.items()}


@pytest.mark.parametrize("name", ACTING)
def test_line_that_acts_is_refused_whatever_is_said(ends: Ends, name: str) -> None:
    """By check and by run, overridden or not: exit 2 and the line is named; no device got a line that configures."""
    end: End = ends.of(name)
    host, lines = ACTING[name]
    for finished in (end.check, end.run):
        assert finished.code == 2, finished.said
        assert f"{host}: {lines.split(', ')[0]!r} does not configure but acts" in finished.err
        assert "would start" not in finished.out
    assert (end.written, end.changed) == ({}, ())
