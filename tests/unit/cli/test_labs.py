"""``safeshift lab``: which site and which lab is meant, before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.calling import Cli

DC1 = Path(__file__).parents[3] / "inventories" / "dc1"


def test_up_without_a_site_says_what_to_name(cli: Cli) -> None:
    """In a folder without inventories/dc1 nothing is guessed."""
    answered = cli("lab", "up")
    assert answered.code == 2
    assert "inventories/dc1" in answered.err
    assert "-i INVENTORY" in answered.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-i", "nowhere"], "no inventory"),
        (["--fabric", "nowhere.fabric.yml"], "no inventory nowhere"),
        (["-i", DC1, "--fabric", "nowhere.fabric.yml"], "nowhere.fabric.yml"),
        (["-i", DC1, "--truth", "nowhere.yml"], "nowhere.yml"),
        (["-i", DC1, "--faults", "nowhere.yml"], "nowhere.yml"),
        (["-i", DC1, "--idle", "8"], "not a duration"),
        (["-i", DC1, "--idle", "0s"], "would end at once"),
        (["-i", DC1, "--seed", "x"], "--seed"),
    ],
)
def test_up_with_a_wrong_argument_starts_nothing(cli: Cli, state: Path, arguments: list[object], words: str) -> None:
    """Each slip ends with 2 and names itself."""
    answered = cli("lab", "up", *arguments)
    assert (answered.code, answered.out) == (2, "")
    assert words in answered.err
    assert not list(state.glob("lab/*/lab.json"))


@pytest.mark.parametrize(
    "command", [["log", "p1"], ["fault", "p1", "hang"], ["clear"], ["fail-link", "a", "b"], ["mend-link", "a", "b"]]
)
def test_breaking_things_without_a_lab_says_how_to_start_one(cli: Cli, command: list[str]) -> None:
    """No lab runs: exit 2 and the command that starts one."""
    answered = cli("lab", *command)
    assert answered.code == 2
    assert "safeshift lab up" in answered.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["p1", "hnag"], "not a kind of fault"),
        (["p1", "reject"], "match"),
        (["p1", "reject", "--match", "["], "regular"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(cli: Cli, arguments: list[str], words: str) -> None:
    """It is refused before any lab is looked for."""
    answered = cli("lab", "fault", *arguments)
    assert answered.code == 2
    assert words in answered.err


def test_status_and_down_without_a_lab_are_no_error(cli: Cli) -> None:
    """A script may always take down what may not be there."""
    assert cli("lab", "status").code == 0
    assert cli("lab", "status", "--json").json == {"running": [], "resting": []}
    assert cli("lab", "down").out == "no lab was up\n"


def test_down_of_a_lab_that_is_named_wrong_is_an_error(cli: Cli) -> None:
    """Whoever names a lab means one."""
    assert cli("lab", "down", "--fabric", "nowhere.fabric.yml").code == 2
