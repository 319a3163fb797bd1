"""The cases of tests/cases: a device's configuration and arguments in, commands and inverse out, word for word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from safeshift.actions.base import MoveKind
from safeshift.actions.catalog import ACTIONS
from safeshift.actions.link_speed import read_overrides
from safeshift.errors import PlanError
from safeshift.planning.bench import Bench
from tests.unit.actions.building import arguments_of, bench_on

CASES = sorted((Path(__file__).parents[2] / "cases").glob("*/*.yml"))


def bench_of(case: dict[str, object]) -> Bench:
    """The router of a case, with what is typed on it before and what the inventory says of it."""
    bench = bench_on(str(case["platform"]), *case["typed"])  # type: ignore[misc]  # a list in every case file
    if "override" in case:
        bench.site = replace(bench.site, overrides={"a": {"link_speed": read_overrides(case["override"])}})
    return bench


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_action_types_and_undoes_what_its_case_says(path: Path) -> None:
    """Commands and inverse are those of the file, or the refusal is; the inverse leads back to where it began."""
    case = yaml.safe_load(path.read_text())
    bench, action = bench_of(case), path.parent.name
    arguments = arguments_of(action, case["arguments"])
    try_it = bench.change if ACTIONS[action].kind is MoveKind.CHANGE else lambda *_: bench.reads(action, arguments, "a")
    if "refused" in case:
        with pytest.raises(PlanError) as caught:
            try_it(action, arguments, "a", "a")
        assert case["refused"] in str(caught.value)
        return
    before = dict(bench.configs)
    changes = {change.device: change for change in bench.change(action, arguments, "a", "a")}
    assert list(changes["a"].lines) == case["lines"]
    assert list(changes["a"].inverse) == case["inverse"]
    assert {name: list(change.lines) for name, change in changes.items() if name != "a"} == case.get("far", {})
    for name, change in changes.items():
        platform = bench.site.platforms[name]
        assert platform.equal(platform.apply(change.after, change.inverse), before[name])


@pytest.mark.parametrize(
    "written",
    [
        "speed 100gfull",
        {"100G": []},
        {"100G": "speed 100gfull"},
        {"100G": ["interface {interface}\nreload"]},
        {"100G": ["why?"]},
        {"fast": ["speed 100gfull"]},
    ],
)
def test_override_that_is_no_table_of_single_lines_is_refused(written: object) -> None:
    """What comes from the inventory is held to the same rule as a playbook's lines."""
    with pytest.raises(ValueError, match=r"safeshift_link_speed|command|rate"):
        read_overrides(written)
