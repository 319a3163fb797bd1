"""``safeshift runs``, ``show`` and ``journal verify`` on journals that were really written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from safeshift.engine.states import Act
from tests.unit.cli.calling import Cli
from tests.unit.reporting.recorded import SECRET, Script, record

GOOD, UNDONE = "20260101-000000-aaaa", "20260101-000001-bbbb"


@pytest.fixture
def recorded(state: Path) -> Path:
    """The journal of a run that was completed and of one that was undone."""
    record(state, Script(), run=GOOD)
    record(state, Script(isolated_in=Act.WATCH), run=UNDONE)
    return state / "journal.db"


def tamper(journal: Path, run: str) -> None:
    """Change one bit of a run as somebody would who wants it not to be seen."""
    with sqlite3.connect(journal) as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f"drop trigger {name}")
        database.execute("update events set at = replace(at, '2011', '2012') where run = ? and seq = 9", (run,))
        assert database.total_changes == 1
    database.close()


def test_runs_of_a_fresh_machine_are_none(cli: Cli) -> None:
    """Nothing was run yet: a sentence, an empty list for machines, exit 0."""
    assert cli("runs").out == "no run was recorded yet\n"
    assert cli("runs", "--json").json == []


def test_runs_lists_newest_first_with_state_and_exit_code(cli: Cli, recorded: Path) -> None:
    """One row for each run, for people and for machines."""
    rows = cli("runs").out.splitlines()
    assert [row.split()[:3] for row in rows[1:]] == [[UNDONE, "ROLLED_BACK", "4"], [GOOD, "COMPLETED", "0"]]
    assert [row["state"] for row in cli("runs", "--json").json] == ["ROLLED_BACK", "COMPLETED"]


def test_show_takes_last_or_the_beginning_of_an_id(cli: Cli, recorded: Path) -> None:
    """A run is told whole: why it was undone, and the head of its chain."""
    last = cli("show", "last")
    assert last.code == 0
    assert "n1 and n2 are isolated" in last.out
    assert cli("show", "20260101-000000").out.splitlines()[-1].startswith("journal: ")
    assert cli("show", UNDONE, "--json").json["state"] == "ROLLED_BACK"


def test_show_as_json_holds_whole_configurations_only_when_told_so(cli: Cli, recorded: Path) -> None:
    """Secrets stand in them: who pipes a run elsewhere must mean it."""
    plain, whole = cli("show", GOOD, "--json"), cli("show", GOOD, "--json", "--with-configs")
    assert (SECRET in plain.out, SECRET in whole.out) == (False, True)
    assert [one["seq"] for one in plain.json["events"]] == [one["seq"] for one in whole.json["events"]]


@pytest.mark.parametrize(("run", "words"), [("2027", "no run begins"), ("2026", "2 runs begin")])
def test_show_of_no_run_or_of_several_is_bad_input(cli: Cli, recorded: Path, run: str, words: str) -> None:
    """It never guesses; a slip in an id is not a broken journal."""
    answered = cli("show", run)
    assert answered.code == 2
    assert words in answered.err


def test_verify_prints_the_head_of_each_chain(cli: Cli, recorded: Path) -> None:
    """What is printed today can be compared tomorrow."""
    answered, machine = cli("journal", "verify"), cli("journal", "verify", "--json").json
    assert answered.code == 0
    assert machine["sound"] is True
    assert all(chain["head"] in answered.out for chain in machine["runs"])
    assert len(cli("journal", "verify", "last", "--json").json["runs"]) == 1


def test_verify_of_a_changed_journal_ends_with_6(cli: Cli, recorded: Path) -> None:
    """One changed stamp is found, and named by run and event."""
    tamper(recorded, GOOD)
    answered = cli("journal", "verify")
    assert answered.code == 6
    assert "NOT SOUND" in answered.out
    assert cli("journal", "verify", "--json").json["sound"] is False
    assert cli("journal", "verify", UNDONE).code == 0


def test_show_of_a_damaged_run_tells_what_holds_and_ends_with_6(cli: Cli, recorded: Path) -> None:
    """The part before the damage is shown, and nobody can take it for the whole."""
    tamper(recorded, GOOD)
    answered = cli("show", GOOD)
    assert answered.code == 6
    assert f"run {GOOD}" in answered.out
    assert "damaged" in answered.err
    assert cli("show", GOOD, "--json").json["problems"]


@pytest.mark.parametrize("command", [["runs"], ["show", "last"], ["journal", "verify"]])
def test_a_journal_that_cannot_be_used_ends_with_6(cli: Cli, tmp_path: Path, command: list[str]) -> None:
    """Missing where it was named, or no journal at all: a sentence, and nothing is made there."""
    missing, other = tmp_path / "nowhere.db", tmp_path / "other.db"
    other.write_text("hello")
    other.chmod(0o600)
    assert cli(*command, "--journal", missing).code == 6
    assert not missing.exists()
    assert cli(*command, "--journal", other).code == 6
