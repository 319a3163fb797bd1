"""What is decided before anything is contacted: whom a job needs, and what ``check`` says from the files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.api.checking import check
from safeshift.api.job import Job, load
from safeshift.api.opening import find_way
from safeshift.errors import PlaybookError
from tests.unit.planning.building import ROOT, fabric, playbook_of


def job_of(tmp_path: Path, steps: str, head: str = "hosts: p1") -> Job:
    """A job of these steps on the README's site."""
    return load(playbook_of(tmp_path, steps, head).path, str(ROOT / "inventories" / "dc1"))


def test_check_says_that_a_run_would_need_a_person(tmp_path: Path) -> None:
    """What ``run`` refuses where nobody answers is no surprise after a good check."""
    (note,) = check(job_of(tmp_path, "- approve: sure"), offline=True).notes
    assert note == "the plan asks for an approval: a run of it needs a person at a terminal, or --yes"
    assert check(job_of(tmp_path, "- pause: 1s"), offline=True).notes == ()


@pytest.mark.parametrize(
    ("steps", "head"),
    [("- drain: bgp_graceful_shutdown", "hosts: p1"), ("- drain: {}", "hosts: p1\nguard: 5s")],
    ids=["method", "guard"],
)
def test_way_is_found_though_only_the_devices_can_tell_whether_the_plan_is_possible(
    tmp_path: Path, steps: str, head: str
) -> None:
    """Whether p1 runs BGP, or has a timer, is not asked of the fabric file."""
    way = find_way(job_of(tmp_path, steps, head), None)
    assert set(fabric().routers) <= set(way.connections)


def test_way_is_not_found_for_files_that_are_wrong(tmp_path: Path) -> None:
    """What the files alone show is said before anything is contacted."""
    with pytest.raises(PlaybookError, match="the inventory has no host 'p9'"):
        find_way(job_of(tmp_path, "- {drain: {}, delegate_to: p9}"), None)
