"""Links touched under traffic: a lint that nothing overrides refuses it, in check and in run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DC1, PLAYBOOKS, Finished

pytestmark = pytest.mark.timeout(400)
HASTY = PLAYBOOKS / "touch-before-drain.yml"
OVERRIDE = ("--override-what-if", "I am in a hurry")


@dataclass(frozen=True)
class End:
    """How it ended, and what the devices' own logs have beside reads."""

    finished: Finished
    written: dict[str, tuple[str, ...]]


def saying(*words: str) -> object:
    """Play the hasty playbook by a command with these words."""

    def scenario(stage: Stage) -> End:
        site = stage.site("dc1")
        return End(site.safeshift(words[0], HASTY, *words[1:]), site.written())

    return scenario


def offline(stage: Stage) -> End:
    """Play check from the files alone."""
    return End(stage.desk().safeshift("check", HASTY, "-i", DC1, "--offline"), {})


SCENARIOS = {
    "run": saying("run"),
    "run_overridden": saying("run", *OVERRIDE),
    "run_yes": saying("run", "--yes"),
    "check": saying("check"),
    "run_check": saying("run", "--check"),
    "offline": offline,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_link_under_traffic_is_refused_whatever_is_said(ends: Ends, name: str) -> None:
    """Exit 3 with the place, the link and its load; no device was sent anything but reads."""
    end: End = ends.of(name)
    assert end.finished.code == 3, end.finished.said
    assert "touch-before-drain.yml:15:11" in end.finished.err
    assert "takes down l1:Ethernet1--p1:Ethernet1 while it carries 17.5 Gbit/s" in end.finished.err
    assert "wait_drained" in end.finished.err  # what to do instead
    assert end.written == {}
