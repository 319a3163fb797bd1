"""``safeshift run`` and ``safeshift check``: the same flags, the same preflight; only ``run`` goes on.

At a terminal ``run`` asks once before the first change. Without one nothing is ever asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from safeshift import api
from safeshift.cli import options as flags
from safeshift.cli.saying import mention
from safeshift.cli.standin import LabChoice, standing_in
from safeshift.cli.stopping import answered, stopping
from safeshift.cli.telling import (
    plan_text,
    tell_check,
    tell_error_json,
    tell_event_json,
    tell_lists,
    tell_refusal,
)
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.record import Observer
from safeshift.errors import ExitCode, InputError, SafeshiftError
from safeshift.journal.place import state_directory
from safeshift.model.ansible_cfg import find_config
from safeshift.planning.forecast import Judgement
from safeshift.planning.plan import Plan
from safeshift.reporting.live import LiveConsole
from safeshift.reporting.runlog import LOGS, RunLog

Lab = Annotated[bool, typer.Option("--lab", help="Against the embedded lab, built from the fabric file.")]
Truth = Annotated[Path | None, typer.Option("--truth", help="Let the lab differ from what safeshift is told.")]
Faults = Annotated[Path | None, typer.Option("--faults", help="Faults that the lab's devices have.")]
JournalFile = Annotated[Path | None, typer.Option("--journal", help="The journal's file.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    app.command("run")(run)
    app.command("check")(check)


def run(
    playbook: flags.Playbook,
    inventory: flags.Inventories = None,
    fabric: flags.Fabric = None,
    limit: flags.Limit = None,
    extra_vars: flags.ExtraVars = None,
    tags: flags.Tags = None,
    skip_tags: flags.SkipTags = None,
    start_at_step: flags.StartAt = "",
    user: flags.User = None,
    ask_pass: flags.AskPass = False,
    ask_become_pass: flags.AskBecome = False,
    private_key: flags.PrivateKey = None,
    forks: flags.Forks = None,
    vault_id: flags.VaultIds = None,
    vault_password_file: flags.VaultFiles = None,
    ask_vault_pass: flags.AskVault = False,
    lab: Lab = False,
    truth: Truth = None,
    faults: Faults = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before the first change, and answer approve with yes.")
    ] = False,
    override_what_if: Annotated[
        str | None,
        typer.Option("--override-what-if", metavar="REASON", help="Go on although the what-if foresees harm."),
    ] = None,
    dry: Annotated[bool, typer.Option("--check", "-C", help="Only check; the same as safeshift check.")] = False,
    diff: Annotated[bool, typer.Option("--diff", "-D", help="Show how each configuration changes.")] = False,
    list_hosts: Annotated[bool, typer.Option("--list-hosts", help="Only list the hosts.")] = False,
    list_steps: Annotated[bool, typer.Option("--list-steps", help="Only list the steps.")] = False,
    journal: JournalFile = None,
    as_json: flags.AsJson = False,
    verbose: flags.Verbose = 0,
) -> None:
    """Run a playbook: move by move, checked on every network, undone by itself when it does not go well."""
    with _telling(as_json):
        config = find_config()
        contacts = not (lab or list_hosts or list_steps)
        job = flags.job_of(
            playbook,
            flags.sources_of(inventory, config),
            fabric=fabric,
            vault=flags.vault_of(config, vault_id, vault_password_file, ask_vault_pass),
            selection=flags.selection_of(limit, tags, skip_tags, start_at_step),
            extra_vars=extra_vars,
            defaults=flags.defaults_of(config, user, ask_pass, ask_become_pass, private_key, at_site=contacts),
            forks=forks,
            config=config,
        )
        if override_what_if is not None and not override_what_if.strip():
            raise InputError("--override-what-if needs a reason", hint="say in words why the model is wrong")
        choice = LabChoice(lab, truth, faults)
        if list_hosts or list_steps:
            tell_lists(job, hosts=list_hosts, steps=list_steps, as_json=as_json)
            return
        if dry:
            _check(job, choice, offline=False, diff=diff, as_json=as_json)
        how = _How(yes, override_what_if or "", diff, journal, as_json, verbose)
        _run(job, choice, how)


@dataclass(frozen=True, slots=True)
class _How:
    """How a run was asked for, beside what it is of."""

    yes: bool
    override: str
    diff: bool
    journal: Path | None
    as_json: bool
    verbose: int


def _run(job: api.Job, choice: LabChoice, how: _How) -> NoReturn:
    """Run, tell how it ended, and leave with its exit code, whatever becomes of what is told."""
    interrupts = Interrupts()
    log = RunLog((how.journal.parent if how.journal else state_directory()) / LOGS)
    with stopping(interrupts), standing_in(job, choice) as stand, closing(log):
        result = api.run(
            job,
            lab=stand.handle,
            override=how.override,
            approve=_approver(how.yes),
            confirm_start=None if how.yes or not _at_terminal() else _asker(job, how, interrupts),
            observers=[_observer(how.as_json, how.verbose), log],
            interrupts=interrupts,
            journal=how.journal,
            argv=sys.argv,
        )
        tell_refusal(job, result, as_json=how.as_json)
        stand.keep = result.exit_code is ExitCode.NEEDS_OPERATOR
        if not how.as_json:
            if stand.keep and stand.still_up():
                mention("the lab stays up, so that its devices can be looked at: safeshift lab status")
            if result.head:
                mention(f"journal: safeshift show {result.run} (head {result.head[:16]}); log: {log.path}")
    raise typer.Exit(int(result.exit_code))


def check(
    playbook: flags.Playbook,
    inventory: flags.Inventories = None,
    fabric: flags.Fabric = None,
    limit: flags.Limit = None,
    extra_vars: flags.ExtraVars = None,
    tags: flags.Tags = None,
    skip_tags: flags.SkipTags = None,
    start_at_step: flags.StartAt = "",
    user: flags.User = None,
    ask_pass: flags.AskPass = False,
    ask_become_pass: flags.AskBecome = False,
    private_key: flags.PrivateKey = None,
    forks: flags.Forks = None,
    vault_id: flags.VaultIds = None,
    vault_password_file: flags.VaultFiles = None,
    ask_vault_pass: flags.AskVault = False,
    lab: Lab = False,
    truth: Truth = None,
    faults: Faults = None,
    offline: Annotated[bool, typer.Option("--offline", help="From the files alone; contact nothing.")] = False,
    diff: Annotated[bool, typer.Option("--diff", "-D", help="Show how each configuration changes.")] = False,
    as_json: flags.AsJson = False,
) -> None:
    """Say exactly what a run would do now, and whether it would be refused. Reads and probes, never writes."""
    with _telling(as_json):
        if offline and lab:
            raise InputError("--offline and --lab exclude each other", hint="leave one of them out")
        config = find_config()
        job = flags.job_of(
            playbook,
            flags.sources_of(inventory, config),
            fabric=fabric,
            vault=flags.vault_of(config, vault_id, vault_password_file, ask_vault_pass),
            selection=flags.selection_of(limit, tags, skip_tags, start_at_step),
            extra_vars=extra_vars,
            defaults=flags.defaults_of(
                config, user, ask_pass, ask_become_pass, private_key, at_site=not (lab or offline)
            ),
            forks=forks,
            config=config,
        )
        _check(job, LabChoice(lab, truth, faults), offline=offline, diff=diff, as_json=as_json)


def _check(job: api.Job, choice: LabChoice, *, offline: bool, diff: bool, as_json: bool) -> NoReturn:
    interrupts = Interrupts()
    with stopping(interrupts), standing_in(job, choice) as stand:
        found = api.check(job, offline=offline, lab=stand.handle, interrupts=interrupts)
        tell_check(job, found, diff=diff, as_json=as_json)
    raise typer.Exit(int(found.refusal.exit_code if found.refusal else ExitCode.COMPLETED))


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _approver(yes: bool) -> Callable[[str], bool] | None:
    if yes:
        return lambda message: True
    return answered if _at_terminal() else None


def _asker(job: api.Job, how: _How, interrupts: Interrupts) -> Callable[[Plan, Judgement], bool]:
    """Show the plan and ask once; the answer given by just pressing Enter is no."""

    def ask(plan: Plan, judgement: Judgement) -> bool:
        mention(plan_text(job, plan, judgement, diff=how.diff), to=sys.stderr if how.as_json else sys.stdout)
        return answered("Begin?", interrupts, aside=how.as_json)

    return ask


def _observer(as_json: bool, verbose: int) -> Observer:
    if as_json:
        return tell_event_json
    return LiveConsole(Console(highlight=False, emoji=False, markup=False), full=verbose > 0)


@contextmanager
def _telling(as_json: bool) -> Iterator[None]:
    """Let a machine read what ended the command before it began; people find it on standard error as ever."""
    try:
        yield
    except SafeshiftError as error:
        if as_json:
            tell_error_json(error)
        raise
