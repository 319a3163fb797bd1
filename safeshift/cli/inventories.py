"""``safeshift inventory``: what was understood of an inventory, in the shapes that Ansible's own programs print.

What an inventory means is decided in ``model/inventory``; here are only the flags. Next: ``model/inventory/model.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from safeshift.cli import options as flags
from safeshift.cli.saying import say, say_json
from safeshift.errors import InputError, InventoryError
from safeshift.model.ansible_cfg import find_config
from safeshift.model.inventory import Inventory, load_inventory
from safeshift.model.inventory.extravars import read_extra_vars
from safeshift.reporting.lines import Line, printable

AsList = Annotated[bool, typer.Option("--list", help="All groups, hosts and variables as JSON, as ansible-inventory.")]
AsGraph = Annotated[bool, typer.Option("--graph", help="The tree of groups and hosts; below GROUP when it is given.")]
Host = Annotated[str | None, typer.Option("--host", metavar="HOST", help="One host's variables as JSON.")]
ListHosts = Annotated[
    str | None, typer.Option("--list-hosts", metavar="PATTERN", help="The hosts that a pattern stands for.")
]
Group = Annotated[str, typer.Argument(help="The group to begin at, with --graph.", show_default=False)]
WithVars = Annotated[bool, typer.Option("--vars", help="With --graph: the variables of each host and group too.")]
PlaybookDir = Annotated[
    Path | None, typer.Option("--playbook-dir", help="Whose group_vars and host_vars count too; default: here.")
]
ShowVaulted = Annotated[
    bool, typer.Option("--show-vaulted", help="Show what stands in vaulted files; without it such values are ***.")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    app.command("inventory")(show_inventory)


def show_inventory(
    inventory: flags.Inventories = None,
    group: Group = "",
    as_list: AsList = False,
    as_graph: AsGraph = False,
    host: Host = None,
    list_hosts: ListHosts = None,
    limit: flags.Limit = None,
    with_vars: WithVars = False,
    extra_vars: flags.ExtraVars = None,
    playbook_dir: PlaybookDir = None,
    vault_id: flags.VaultIds = None,
    vault_password_file: flags.VaultFiles = None,
    ask_vault_pass: flags.AskVault = False,
    show_vaulted: ShowVaulted = False,
) -> None:
    """Print what was understood of an inventory: one of --list, --graph, --host and --list-hosts."""
    _check_choice(as_list, as_graph, host is not None, list_hosts is not None)
    if (group or with_vars) and not as_graph:
        raise InputError("a group and --vars belong to --graph", hint="for a pattern: --list-hosts PATTERN")
    config = find_config()
    vault = flags.vault_of(config, vault_id, vault_password_file, ask_vault_pass)
    read = load_inventory(
        flags.sources_of(inventory, config),
        vault=vault,
        playbook_dir=playbook_dir or Path(),  # as ansible-inventory: the folder it is called in
        extra_vars=read_extra_vars(extra_vars or (), vault),
        rules=config.rules,
    )
    for note in read.notes:
        print(f"safeshift: {printable(note)}", file=sys.stderr)
    if as_list:
        say_json(read.to_ansible_json(limit=limit, open_files=show_vaulted))
    elif as_graph:
        text = read.graph(group or "all", with_vars=with_vars, open_files=show_vaulted)
        say(Line(line) for line in text.split("\n"))
    elif host is not None:
        say_json(read.host_json(_one_host(read, host), open_files=show_vaulted))
    elif list_hosts is not None:
        hosts = read.select(list_hosts, limit=limit)
        say((Line(f"  hosts ({len(hosts)}):"), *(Line(f"    {name}") for name in hosts)))


def _check_choice(*chosen: bool) -> None:
    if sum(chosen) != 1:
        said = "they exclude each other" if any(chosen) else "one of them is needed"
        raise InputError(f"--list, --graph, --host, --list-hosts: {said}", hint="safeshift inventory -i FILE --graph")


def _one_host(inventory: Inventory, pattern: str) -> str:
    """Find the host that is meant; a pattern that stands for one host is good too, as in Ansible."""
    found = inventory.select(pattern)
    if len(found) != 1:
        hint = f"to see them: --list-hosts {pattern!r}"
        raise InventoryError(f"--host takes one host, and {pattern!r} stands for {len(found)}", hint=hint)
    return found[0]
