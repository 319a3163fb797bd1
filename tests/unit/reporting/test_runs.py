"""The list of runs is a table that also says what to do."""

from __future__ import annotations

from pathlib import Path

from safeshift.journal.events import Kind
from safeshift.journal.store import Journal
from safeshift.reporting.runs import show_runs
from tests.unit.reporting.recorded import Script, record


def test_table_lists_runs_newest_first_in_aligned_columns(tmp_path: Path) -> None:
    """One row per run, under its heads, with state, exit code, times, operator, playbook and fabric."""
    record(tmp_path, Script(), run="r1")
    record(tmp_path, Script(), run="a-longer-run")
    journal = Journal.open(tmp_path / "journal.db")
    heads, *rows = (str(line) for line in show_runs(journal.runs()))
    journal.close()
    assert [row.split()[0] for row in rows] == ["a-longer-run", "r1"]
    assert all(row.index("COMPLETED") == heads.index("STATE") for row in rows)
    assert rows[0].split()[1:3] == ["COMPLETED", "0"]
    assert rows[0].endswith("alice     up.yml    dc1.fabric.yml")


def test_orphaned_run_is_pointed_out_with_the_next_command(tmp_path: Path) -> None:
    """A run that died in the middle is not one row among many."""
    journal = Journal.open(tmp_path / "journal.db")
    with journal.begin("r1", "dc1") as writer:
        writer.append(Kind.RUN_OPENED, {"operator": "alice\x1b[2J"})
    shown = [str(line) for line in show_runs(journal.runs())]
    journal.close()
    assert shown[1].split()[:3] == ["r1", "ORPHANED", "-"]
    assert "alice " in shown[1]
    assert shown[-1].endswith("look at safeshift show r1")


def test_no_runs_is_a_sentence() -> None:
    """An empty journal is nothing to be alarmed about."""
    assert [str(line) for line in show_runs([])] == ["no run was recorded yet"]
