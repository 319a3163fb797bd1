"""Flags that several commands share, with Ansible's names and meanings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from safeshift import api
from safeshift.errors import InputError
from safeshift.model.ansible_cfg import AnsibleConfig
from safeshift.model.connection import ConnectionDefaults
from safeshift.model.inventory.extravars import read_extra_vars
from safeshift.model.vault import Secret, Vault
from safeshift.planning.selecting import Selection

Inventories = Annotated[
    list[str] | None,
    typer.Option(
        "-i",
        "--inventory",
        "--inventory-file",
        help="Inventory file, folder, program or 'host1,host2'; may be repeated. Default: that of ansible.cfg.",
    ),
]
Playbook = Annotated[Path, typer.Argument(help="The playbook.")]
Fabric = Annotated[
    Path | None, typer.Option("--fabric", help="The fabric file; default: the one beside the inventory.")
]
Limit = Annotated[str | None, typer.Option("-l", "--limit", help="Only these hosts (a host pattern).")]
ExtraVars = Annotated[
    list[str] | None, typer.Option("-e", "--extra-vars", help="key=value, JSON, YAML or @file; may be repeated.")
]
Tags = Annotated[list[str] | None, typer.Option("-t", "--tags", help="Only steps with these tags.")]
SkipTags = Annotated[list[str] | None, typer.Option("--skip-tags", help="Not the steps with these tags.")]
StartAt = Annotated[str, typer.Option("--start-at-step", help="Begin at the step with this name.")]
User = Annotated[str | None, typer.Option("-u", "--user", help="Log in as this user.")]
AskPass = Annotated[bool, typer.Option("-k", "--ask-pass", help="Ask for the login password.")]
AskBecome = Annotated[bool, typer.Option("-K", "--ask-become-pass", help="Ask for the enable or sudo password.")]
PrivateKey = Annotated[Path | None, typer.Option("--private-key", "--key-file", help="Log in with this key.")]
Forks = Annotated[
    int | None,
    typer.Option("-f", "--forks", min=1, help="How many logins at the same time; default: that of ansible.cfg, or 16."),
]
VaultIds = Annotated[
    list[str] | None,
    typer.Option("--vault-id", help="label@file, label@script or label@prompt, with or without label; repeatable."),
]
VaultFiles = Annotated[
    list[str] | None,
    typer.Option("--vault-password-file", "--vault-pass-file", help="File with a vault password; repeatable."),
]
AskVault = Annotated[
    bool, typer.Option("--ask-vault-pass", "--ask-vault-password", "-J", help="Ask for the vault password.")
]
Verbose = Annotated[int, typer.Option("-v", "--verbose", count=True, help="Say more; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def ask_secret(what: str) -> str:
    """Ask for a password at the terminal, unseen; where standard input is no terminal, its next line is the answer.

    Raises:
        InputError: there is neither.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    line = sys.stdin.readline() if sys.stdin is not None else ""
    if not line:
        raise InputError(f"there is no terminal to ask for the {what}", hint="run it at a terminal, or pipe the answer")
    return line.rstrip("\r\n")


def sources_of(given: list[str] | None, config: AnsibleConfig) -> list[str]:
    """Return the inventories that are meant: those given, or else those of ansible.cfg.

    Raises:
        InputError: there are none.
    """
    sources = given or list(config.inventory)
    if not sources:
        raise InputError("no inventory is named", hint="pass -i FILE, or write inventory = FILE into ansible.cfg")
    return sources


def vault_of(config: AnsibleConfig, ids: list[str] | None, files: list[str] | None, ask: bool) -> Vault:
    """Collect vault passwords from where ansible.cfg and the command line say, in Ansible's order."""
    rules = config.vault
    asked = {rules.label: ask_secret("Vault password").encode()} if ask or rules.ask else {}
    return Vault.from_files(
        rules.all_sources(ids or (), files or ()),
        passwords=asked,
        ask=ask_secret,
        label=rules.label,
        match_label=rules.match_label,
    )


def defaults_of(
    config: AnsibleConfig, user: str | None, ask_pass: bool, ask_become: bool, key: Path | None, *, at_site: bool
) -> ConnectionDefaults:
    """Return what the command line says about logins; passwords are asked for, never taken as arguments.

    Args:
        at_site: The site's own devices are logged into: only then ansible.cfg's wish to be asked counts.
    """
    ask_pass = ask_pass or (at_site and config.logins.ask_password)
    ask_become = ask_become or (at_site and config.logins.ask_become_password)
    password = Secret(ask_secret("SSH password")) if ask_pass else None
    become = Secret(ask_secret("BECOME password")) if ask_become else None
    return ConnectionDefaults(user=user, password=password, key_file=key, become_password=become)


def selection_of(limit: str | None, tags: list[str] | None, skip: list[str] | None, start_at: str) -> Selection:
    """Return what the command line takes out of a playbook; tags may be joined by commas."""
    return Selection(limit, _flat(tags), _flat(skip), start_at)


def _flat(given: list[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for text in given or () for part in text.split(",") if part.strip())


def job_of(
    playbook: Path,
    inventories: list[str],
    *,
    fabric: Path | None,
    vault: Vault | None,
    selection: Selection,
    extra_vars: list[str] | None,
    defaults: ConnectionDefaults,
    forks: int | None,
    config: AnsibleConfig,
) -> api.Job:
    """Load what the command line names."""
    return api.load(
        playbook,
        inventories,
        fabric=fabric,
        config=config,
        vault=vault,
        selection=selection,
        extra_vars=read_extra_vars(extra_vars or (), vault),
        defaults=defaults,
        forks=forks,
    )
