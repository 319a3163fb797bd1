"""``safeshift lab``: the embedded lab brought up for any SSH client, looked at, broken on purpose and taken down.

What the lab is and does is decided in ``lab/``; here are the flags, and which lab is meant. Next: ``labtext.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from safeshift import api
from safeshift.cli import options as flags
from safeshift.cli.labtext import describe, lab_json, outline, received_json, received_lines, resting_line
from safeshift.cli.saying import say, say_json
from safeshift.clock import SystemClock
from safeshift.errors import InputError, LabError, RefusedError
from safeshift.lab.faults import FaultKind, load_fault
from safeshift.lab.process import (
    find_lab,
    find_labs,
    find_resting_labs,
    find_run,
    lab_directory,
    start_lab,
    stop_lab,
)
from safeshift.lab.running import RunningLab
from safeshift.model.ansible_cfg import find_config
from safeshift.model.inventory import load_inventory
from safeshift.reporting.lines import Line
from safeshift.units import parse_duration

_HERE = Path("inventories/dc1")  # the site that comes with safeshift, in a checkout of it

SiteOf = Annotated[
    list[str] | None,
    typer.Option("-i", "--inventory", help="The site's inventory; default: inventories/dc1 of this folder."),
]
Which = Annotated[
    Path | None, typer.Option("--fabric", help="The lab of this fabric; needed where there are several labs.")
]
Device = Annotated[str, typer.Argument(help="A device of the lab.", show_default=False)]
_KINDS = ", ".join(kind.value for kind in FaultKind)


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    lab = typer.Typer(help="An emulated fabric for any SSH client.", no_args_is_help=True, rich_markup_mode=None)
    lab.command("up")(up)
    lab.command("status")(status)
    lab.command("down")(down)
    lab.command("log")(log)
    lab.command("fault")(fault)
    lab.command("clear")(clear)
    lab.command("fail-link")(fail_link)
    lab.command("mend-link")(mend_link)
    app.add_typer(lab, name="lab")


def up(
    inventory: SiteOf = None,
    fabric: flags.Fabric = None,
    truth: Annotated[Path | None, typer.Option("--truth", help="How the lab differs from what safeshift is told.")] = (
        None
    ),
    faults: Annotated[Path | None, typer.Option("--faults", help="A file of faults that the devices have.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of every roll of chance.")] = 1,
    idle: Annotated[str, typer.Option("--idle", help="It ends itself when unused for so long.")] = "1h",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the devices of a lab that was not taken down; else it goes on.")
    ] = False,
    vault_id: flags.VaultIds = None,
    vault_password_file: flags.VaultFiles = None,
    ask_vault_pass: flags.AskVault = False,
    as_json: flags.AsJson = False,
) -> None:
    """Start the devices of a site as SSH servers on this machine, and say how to reach each."""
    idle_s = _idle_seconds(idle)
    sources, fabric_path = _site(inventory, fabric)
    config = find_config()
    vault = flags.vault_of(config, vault_id, vault_password_file, ask_vault_pass)
    lab = start_lab(
        fabric_path,
        load_inventory(sources, vault=vault, rules=config.rules),
        truth=truth,
        faults=faults or (),
        idle_s=idle_s,
        seed=seed,
        fresh=fresh,
    )
    if as_json:
        say_json(lab_json(lab))
    else:
        say(describe(lab))


def status(fabric: Which = None, as_json: flags.AsJson = False) -> None:
    """Say which labs run, which only left their devices' state, and how to reach the devices."""
    labs = [lab for lab in find_labs() if fabric is None or lab.state_dir == lab_directory(fabric)]
    resting = [path for path in find_resting_labs() if fabric is None or path == lab_directory(fabric)]
    if as_json:
        say_json({"running": [lab_json(lab, sessions=_sessions(lab)) for lab in labs], "resting": _names(resting)})
        return
    for lab in labs:
        say(outline(lab, _sessions(lab)))
    say(resting_line(path.name) for path in resting)
    if not labs and not resting:
        say([Line("no lab is running; start one with: safeshift lab up")])


def down(
    fabric: Which = None,
    every: Annotated[bool, typer.Option("--all", help="All labs of this user.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also under a run that goes on there.")] = False,
) -> None:
    """End a lab and forget its devices: processes, ports, configurations and keys."""
    places = [*(lab.state_dir for lab in find_labs()), *find_resting_labs()]
    if fabric is not None:
        places = [lab_directory(fabric)]
    elif len(places) > 1 and not every:
        raise LabError(f"there are several labs: {', '.join(_names(places))}", hint="name one with --fabric, or --all")
    if not force:
        _see_runs(places)
    ended = [path for path in places if stop_lab(path)]
    if fabric is not None and not ended:
        raise LabError(f"there is no lab of {places[0].name}", hint="see what there is: safeshift lab status")
    say([Line(f"the lab of {path.name} is down, and nothing of it is left") for path in ended])
    if not ended:
        say([Line("no lab was up")])


def _see_runs(places: Sequence[Path]) -> None:
    """Refuse to take devices away under a run: it could undo nothing any more."""
    for path in places:
        holder = find_run(path)
        if holder is not None:
            hint = "wait until it has ended, or end the lab all the same with --force"
            who = holder.owner or "a run"
            raise RefusedError(f"the lab of {path.name} is in use: {who} is under way on it", hint=hint)


def log(device: Device, fabric: Which = None, as_json: flags.AsJson = False) -> None:
    """Tell every line that a device was sent since its lab started, by the lab's own record."""
    lab = _meant(fabric)
    lines = lab.received(device)
    if as_json:
        say_json(received_json(lines, SystemClock()))
    elif lines:
        say(received_lines(lines, SystemClock()))
    else:
        say([Line(f"{device} of {lab.fabric} was sent nothing since the lab started")])


def fault(
    device: Device,
    kind: Annotated[str, typer.Argument(help=f"One of {_KINDS}.", show_default=False)],
    match: Annotated[str | None, typer.Option(help="Only lines in which this regular expression is found.")] = None,
    when: Annotated[str | None, typer.Option(help="before_echo, after_act; refuse, blackhole.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long it lasts, or what each answer costs.")] = None,
    times: Annotated[int | None, typer.Option(help="How many lines it strikes.")] = None,
    text: Annotated[str | None, typer.Option(help="What the device says.")] = None,
    lines: Annotated[int | None, typer.Option(help="How many lines are still taken (apply_half).")] = None,
    interface: Annotated[str | None, typer.Option(help="Which interface (link_down).")] = None,
    fabric: Which = None,
) -> None:
    """Let something go wrong on a device, from now on."""
    said = {"match": match, "when": when, "seconds": seconds, "times": times, "text": text}
    said |= {"lines": lines, "interface": interface}
    wanted = load_fault({"device": device, "kind": kind, **{key: it for key, it in said.items() if it is not None}})
    lab = _meant(fabric)
    lab.inject(wanted)
    say([Line(f"{device} of {lab.fabric} has the fault {kind}; end it with: safeshift lab clear {device} {kind}")])


def clear(
    device: Annotated[str | None, typer.Argument(help="A device; default: all of them.", show_default=False)] = None,
    kind: Annotated[str | None, typer.Argument(help="A kind of fault; default: all.", show_default=False)] = None,
    fabric: Which = None,
) -> None:
    """End faults, of one device or of all."""
    which = None if kind is None else load_fault({"device": "any", "kind": kind, "match": "", "interface": ""}).kind
    lab = _meant(fabric)
    for name in [one.name for one in lab.devices] if device is None else [device]:
        lab.clear(name, which)
    say([Line(f"no fault{'' if kind is None else f' {kind}'} is left on {device or 'any device'} of {lab.fabric}")])


def fail_link(one: Device, other: Device, fabric: Which = None) -> None:
    """Break every cable between two routers, until it is mended."""
    lab = _meant(fabric)
    lab.fail_link(one, other)
    say([Line(f"no cable between {one} and {other} carries anything; mend it: safeshift lab mend-link {one} {other}")])


def mend_link(one: Device, other: Device, fabric: Which = None) -> None:
    """Mend the cables between two routers."""
    _meant(fabric).mend_link(one, other)
    say([Line(f"the cables between {one} and {other} are whole")])


def _idle_seconds(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise InputError(f"--idle: {error}", hint="for example: --idle 8h") from error
    if seconds <= 0:
        raise InputError("--idle: a lab that may not be unused at all would end at once", hint="for example: --idle 8h")
    return seconds


def _site(inventory: Sequence[str] | None, fabric: Path | None) -> tuple[Sequence[str], Path]:
    """Find the two files of a site, of which one or both may be left out."""
    if inventory:
        return inventory, fabric or api.find_fabric(inventory)
    beside = _HERE if fabric is None else fabric.with_name(fabric.name.partition(".")[0])
    if beside.exists():
        return [str(beside)], fabric or api.find_fabric([str(beside)])
    said = "there is no inventories/dc1 in this folder" if fabric is None else f"there is no inventory {beside}"
    raise InputError(said, hint="name the site: safeshift lab up -i INVENTORY [--fabric FILE]")


def _meant(fabric: Path | None) -> RunningLab:
    labs = find_labs() if fabric is None else tuple(filter(None, [find_lab(lab_directory(fabric))]))
    if len(labs) == 1:
        return labs[0]
    if not labs:
        which = "no lab" if fabric is None else f"no lab of {lab_directory(fabric).name}"
        raise LabError(f"{which} is running", hint="start one with: safeshift lab up")
    names = ", ".join(lab.fabric for lab in labs)
    raise LabError(f"several labs are running: {names}", hint="name one with --fabric")


def _sessions(lab: RunningLab) -> int | None:
    """Ask how many sessions are open; None when it does not answer."""
    try:
        return int(lab.status()["sessions"])
    except LabError:
        return None


def _names(places: Sequence[Path]) -> list[str]:
    return [path.name for path in places]
