"""``safeshift run`` and ``safeshift check``: the same flags, the same preflight; only ``run`` goes on.

At a terminal ``run`` asks once before the first change. Without one nothing is ever asked.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from safeshift import api
from safeshift.cli import options as flags
from safeshift.cli.stopping import answered, stopping
from safeshift.engine.interrupts import Interrupts
from safeshift.engine.record import Observer
from safeshift.errors import ExitCode, InputError, SafeshiftError
from safeshift.journal.events import Event
from safeshift.journal.place import state_directory
from safeshift.lab.process import find_lab, lab_directory, start_lab, stop_lab
from safeshift.lab.running import Origin, RunningLab
from safeshift.model.inventory import load_inventory
from safeshift.model.vault import Vault
from safeshift.planning.forecast import Judgement
from safeshift.planning.plan import Plan
from safeshift.planning.show import describe, describe_differences, to_text
from safeshift.reporting.lines import printable
from safeshift.reporting.live import LiveConsole
from safeshift.reporting.runlog import LOGS, RunLog
from safeshift.reporting.structured import event_json

Lab = Annotated[bool, typer.Option("--lab", help="Against the embedded lab, built from the fabric file.")]
Truth = Annotated[Path | None, typer.Option("--truth", help="Let the lab differ from what safeshift is told.")]
Faults = Annotated[Path | None, typer.Option("--faults", help="Faults that the lab's devices have.")]
JournalFile = Annotated[Path | None, typer.Option("--journal", help="The journal's file.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    app.command("run")(run)
    app.command("check")(check)


@dataclass(frozen=True, slots=True)
class _LabChoice:
    """Whether and which lab stands in for the site."""

    wanted: bool
    truth: Path | None
    faults: Path | None
    vault: Vault | None


@dataclass(slots=True)
class _Stand:
    """The lab that stands in for the site during one command; None: the site itself. ``keep`` leaves it up."""

    handle: RunningLab | None
    keep: bool = False


def run(
    playbook: flags.Playbook,
    inventory: flags.Inventories,
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
    forks: flags.Forks = 16,
    vault_password_file: flags.VaultFiles = None,
    ask_vault_pass: flags.AskVault = False,
    lab: Lab = False,
    truth: Truth = None,
    faults: Faults = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before the first change, and answer approve with yes.")
    ] = False,
    override_what_if: Annotated[
        str, typer.Option("--override-what-if", metavar="REASON", help="Go on although the what-if foresees harm.")
    ] = "",
    dry: Annotated[bool, typer.Option("--check", "-C", help="Only check; the same as safeshift check.")] = False,
    diff: Annotated[bool, typer.Option("--diff", "-D", help="Show how each configuration changes.")] = False,
    list_hosts: Annotated[bool, typer.Option("--list-hosts", help="Only list the hosts.")] = False,
    list_steps: Annotated[bool, typer.Option("--list-steps", help="Only list the steps.")] = False,
    journal: JournalFile = None,
    as_json: flags.AsJson = False,
    verbose: flags.Verbose = 0,
) -> None:
    """Run a playbook: move by move, checked on every network, undone by itself when it does not go well."""
    vault = flags.vault_of(vault_password_file, ask_vault_pass)
    job = flags.job_of(
        playbook,
        inventory,
        fabric=fabric,
        vault=vault,
        selection=flags.selection_of(limit, tags, skip_tags, start_at_step),
        extra_vars=flags.extra_vars_of(extra_vars),
        defaults=flags.defaults_of(user, ask_pass, ask_become_pass, private_key),
        forks=forks,
    )
    choice = _LabChoice(lab, truth, faults, vault)
    if list_hosts or list_steps:
        _list(job, hosts=list_hosts, steps=list_steps)
        return
    if dry:
        _check(job, choice, inventory, offline=False, diff=diff, as_json=as_json)
        return
    interrupts = Interrupts()
    log = RunLog((journal.parent if journal else state_directory()) / LOGS)
    with _lab(job, choice, inventory) as stand, stopping(interrupts), closing(log):
        result = api.run(
            job,
            lab=stand.handle,
            override=override_what_if,
            approve=_approver(yes),
            confirm_start=None if yes or not _at_terminal() else _asker(job, diff),
            observers=[_observer(as_json, verbose), log],
            interrupts=interrupts,
            journal=journal,
            argv=sys.argv,
        )
        _tell_refusal(job, result, as_json=as_json)
        stand.keep = result.exit_code is ExitCode.NEEDS_OPERATOR
        if stand.keep and stand.handle is not None and find_lab(stand.handle.state_dir) is not None:
            _say(as_json, "the lab stays up, so that its devices can be looked at: safeshift lab status")
        if result.head:
            _say(as_json, f"journal: safeshift show {result.run} (head {result.head[:16]}); log: {log.path}")
    raise typer.Exit(int(result.exit_code))


def check(
    playbook: flags.Playbook,
    inventory: flags.Inventories,
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
    forks: flags.Forks = 16,
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
    if offline and lab:
        raise InputError("--offline and --lab exclude each other", hint="leave one of them out")
    vault = flags.vault_of(vault_password_file, ask_vault_pass)
    job = flags.job_of(
        playbook,
        inventory,
        fabric=fabric,
        vault=vault,
        selection=flags.selection_of(limit, tags, skip_tags, start_at_step),
        extra_vars=flags.extra_vars_of(extra_vars),
        defaults=flags.defaults_of(user, ask_pass, ask_become_pass, private_key),
        forks=forks,
    )
    _check(job, _LabChoice(lab, truth, faults, vault), inventory, offline=offline, diff=diff, as_json=as_json)


def _check(job: api.Job, choice: _LabChoice, inventory: list[str], *, offline: bool, diff: bool, as_json: bool) -> None:
    interrupts = Interrupts()
    with _lab(job, choice, inventory) as stand, stopping(interrupts):
        result = api.check(job, offline=offline, lab=stand.handle, interrupts=interrupts)
    if as_json:
        print(json.dumps(_as_json(result), indent=2, sort_keys=True))
    elif result.plan is not None and result.judgement is not None:
        print(_plan_text(job, result.plan, result.judgement, diff=diff))
    if not as_json:
        for note in result.notes:
            print(printable(note))
    if result.refusal is None:
        _say(as_json, "check: a run would start")
        return
    _say_refusal(result.refusal, as_json)
    raise typer.Exit(int(api.refusal_code(result.refusal)))


def _as_json(result: api.CheckResult) -> dict[str, object]:
    judgement = result.judgement
    return {
        "plan": result.plan.to_json() if result.plan else None,
        "hash": result.plan.hash if result.plan else None,
        "refusal": result.refusal.message if result.refusal else None,
        "hint": result.refusal.hint if result.refusal else None,
        "notes": list(result.notes),
        "what_if": None
        if judgement is None
        else {
            "refusals": list(judgement.refusals),
            "exposures": list(judgement.exposures),
            "standing": list(judgement.standing),
        },
    }


def _plan_text(job: api.Job, plan: Plan, judgement: Judgement, *, diff: bool) -> str:
    text = to_text(describe(plan, judgement, job.site))
    return text + "\n" + to_text(describe_differences(plan)) if diff else text


def _list(job: api.Job, *, hosts: bool, steps: bool) -> None:
    plan = job.compile(None)
    for batch in plan.batches:
        print(f"\nplay #{batch.play} ({batch.play_name}), batch {batch.number}")
        if hosts:
            print(f"    hosts ({len(batch.hosts)}):")
            for host in batch.hosts:
                print(f"      {host}")
        if steps:
            print("    steps:")
            for move in batch.moves:
                print(f"      {move.id}  {move.stage}: {move.name} ({move.action})")


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _approver(yes: bool) -> Callable[[str], bool] | None:
    if yes:
        return lambda message: True
    return answered if _at_terminal() else None


def _asker(job: api.Job, diff: bool) -> Callable[[Plan, Judgement], bool]:
    """Show the plan and ask once; the answer given by just pressing Enter is no."""

    def ask(plan: Plan, judgement: Judgement) -> bool:
        print(_plan_text(job, plan, judgement, diff=diff))
        return answered("Begin?")

    return ask


def _observer(as_json: bool, verbose: int) -> Observer:
    if as_json:
        return _print_json
    return LiveConsole(Console(highlight=False, emoji=False, markup=False), full=verbose > 0)


def _print_json(event: Event) -> None:
    print(json.dumps(event_json(event), sort_keys=True), flush=True)


def _tell_refusal(job: api.Job, result: api.RunResult, *, as_json: bool) -> None:
    """A refusal still shows what it refuses."""
    if result.refusal is None:
        return
    if not as_json and result.plan is not None and result.judgement is not None and result.judgement.refusals:
        print(_plan_text(job, result.plan, result.judgement, diff=False))
    _say_refusal(result.refusal, as_json)


def _say_refusal(error: SafeshiftError, as_json: bool) -> None:
    del as_json  # people and machines both find the reason on standard error
    word = "refused" if api.refusal_code(error) is ExitCode.REFUSED else "wrong"
    print(f"safeshift: {word}: {printable(error.message)}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"  {printable(line.strip())}", file=sys.stderr)


def _say(as_json: bool, sentence: str) -> None:
    if not as_json:
        with contextlib.suppress(BrokenPipeError):  # nobody reads any more: the run itself has ended well or not
            print(sentence, flush=True)


@contextmanager
def _lab(job: api.Job, choice: _LabChoice, inventory: list[str]) -> Iterator[_Stand]:
    """Bring up a lab around one command, or use the one that is up; take down only what was brought up, and cleanly."""
    if not choice.wanted:
        if choice.truth or choice.faults:
            raise InputError("--truth and --faults are about the lab", hint="add --lab")
        yield _Stand(None)
        return
    fresh = find_lab(lab_directory(job.fabric_path)) is None
    hosts = load_inventory(inventory, vault=choice.vault)
    handle = start_lab(job.fabric_path, hosts, truth=choice.truth, faults=choice.faults or (), fresh=fresh)
    stand = _Stand(handle)
    try:
        yield stand
    finally:
        if handle.origin is not Origin.FOUND and not stand.keep:
            stop_lab(handle.state_dir)
