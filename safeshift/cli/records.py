"""``safeshift runs``, ``show`` and ``journal verify``: what the journal holds, for people and for machines.

The words are ``reporting/``'s, the proof is ``journal/verify.py``'s; here are only the flags and the exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from safeshift import api
from safeshift.cli import options as flags
from safeshift.cli.saying import say, say_json
from safeshift.errors import ExitCode
from safeshift.journal.alive import is_alive
from safeshift.journal.place import state_directory
from safeshift.journal.store import RunRow
from safeshift.journal.verify import ChainReport, VerifyReport
from safeshift.reporting.lines import Line, Tone, printable
from safeshift.reporting.runs import show_runs
from safeshift.reporting.structured import run_json, runs_json, verify_json
from safeshift.reporting.text import show_run

JournalFile = Annotated[Path | None, typer.Option("--journal", help="The journal's file.")]
Run = Annotated[str, typer.Argument(help="The run's id, the beginning of it, or 'last'.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    app.command("runs")(list_runs)
    app.command("show")(show)
    journal = typer.Typer(help="The journal itself.", no_args_is_help=True, rich_markup_mode=None)
    journal.callback()(_about_the_journal)  # or typer would take its only command for the whole group
    journal.command("verify")(verify)
    app.add_typer(journal, name="journal")


def _about_the_journal() -> None:
    """The journal itself."""


def list_runs(journal: JournalFile = None, as_json: flags.AsJson = False) -> None:
    """List the runs, newest first."""
    rows: tuple[RunRow, ...] = ()
    if journal is not None or (state_directory() / "journal.db").exists():
        with api.open_journal(journal) as store:
            rows = store.runs()
    if as_json:
        say_json(runs_json(rows))
    else:
        say(show_runs(rows))


def show(
    run: Run,
    journal: JournalFile = None,
    as_json: flags.AsJson = False,
    with_configs: Annotated[
        bool, typer.Option("--with-configs", help="With --json: whole configurations too, secrets in them included.")
    ] = False,
) -> None:
    """Tell one run from its journal: who, what, every command and measurement, why, and what is different now."""
    with api.open_journal(journal) as store:
        found = store.find(run)
        alive = is_alive(found)  # asked first: a run that ends meanwhile must not look like one that died
        report = store.verify(found)
        events = store.events(found, trusted=False)
    head = report.runs[0].head if report.runs else ""
    if as_json:
        say_json({**run_json(events, head=head, alive=alive, configs=with_configs), "problems": _problems(report)})
    else:
        say(show_run(events, head=head, alive=alive))
    for problem in _problems(report):
        print(f"safeshift: this run's journal is damaged: {printable(problem)}", file=sys.stderr)
    _leave_unless_sound(report)


def verify(run: Run = "", journal: JournalFile = None, as_json: flags.AsJson = False) -> None:
    """Prove that nothing in the journal was changed, removed or inserted: one run, or all of them."""
    with api.open_journal(journal) as store:
        report = store.verify(store.find(run) if run else None)
        path = store.path
    if as_json:
        say_json(verify_json(report))
    else:
        say(_verified(report, path))
    _leave_unless_sound(report)


def _leave_unless_sound(report: VerifyReport) -> None:
    if not report.is_sound:
        raise typer.Exit(int(ExitCode.JOURNAL))


def _problems(report: VerifyReport) -> list[str]:
    return [*report.problems, *(problem for chain in report.runs for problem in chain.problems)]


def _verified(report: VerifyReport, path: Path) -> Iterator[Line]:
    for chain in report.runs:
        yield from _chain_lines(chain)
    for problem in report.problems:
        yield Line(f"the journal: {problem}", Tone.BAD)
    if report.is_sound:
        yield Line(f"sound: {path}, {_counted(len(report.runs), 'run')}, nothing was changed", Tone.GOOD)
    else:
        yield Line(f"NOT SOUND: {path} is not what safeshift wrote", Tone.BAD)


def _chain_lines(chain: ChainReport) -> Iterator[Line]:
    reserved = f" ({chain.reserved} of them in its reserve)" if chain.reserved else ""
    yield Line(f"{chain.run}  {_counted(chain.events, 'event')}{reserved}, head {chain.head}")
    for problem in chain.problems:
        yield Line(problem, Tone.BAD, 1)
    for note in chain.notes:
        yield Line(note, Tone.FAINT, 1)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
