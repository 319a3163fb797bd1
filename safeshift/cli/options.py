"""Flags that several commands share, with Ansible's names and meanings."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
import yaml

from safeshift import api
from safeshift.errors import InputError
from safeshift.model.connection import ConnectionDefaults
from safeshift.model.vault import Secret, Vault
from safeshift.planning.selecting import Selection

Inventories = Annotated[
    list[str],
    typer.Option("-i", "--inventory", help="Inventory file, folder, program or 'host1,host2'; may be repeated."),
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
Forks = Annotated[int, typer.Option("-f", "--forks", min=1, help="How many logins at the same time.")]
VaultFiles = Annotated[
    list[str] | None,
    typer.Option("--vault-password-file", "--vault-id", help="File with a vault password, or label@file."),
]
AskVault = Annotated[bool, typer.Option("--ask-vault-pass", "-J", help="Ask for the vault password.")]
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


def vault_of(files: list[str] | None, ask: bool) -> Vault | None:
    """Collect vault passwords from files and from the terminal; None when none was named."""
    asked = {"default": ask_secret("Vault password").encode()} if ask else {}
    return Vault.from_files(files or (), passwords=asked) if files or asked else None


def extra_vars_of(given: list[str] | None) -> dict[str, object]:
    """Read ``-e`` as Ansible does: ``key=value`` pairs, JSON or YAML mappings, ``@file``; later ones win.

    Raises:
        InputError: one of them is none of these.
    """
    result: dict[str, object] = {}
    for text in given or ():
        result.update(_one_extra(text))
    return result


def _one_extra(text: str) -> Mapping[str, object]:
    if text.startswith("@"):
        try:
            content = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"-e {text}: {error.strerror}", hint="name a file that can be read") from error
        return _mapping(content, text)
    if text.lstrip().startswith(("{", "[")):
        return _mapping(text, text)
    pairs = [pair.partition("=") for pair in _split(text)]
    if not all(found for _, found, _ in pairs):
        raise InputError(f"-e {text!r} is not key=value", hint="write key=value, JSON, or @file")
    return {key: value for key, _, value in pairs}


def _split(text: str) -> list[str]:
    import shlex

    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(f"-e {text!r}: {error}", hint="close the quote") from error


def _mapping(content: str, label: str) -> Mapping[str, object]:
    try:
        value = json.loads(content) if content.lstrip().startswith("{") else yaml.safe_load(content)
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise InputError(f"-e {label}: {error}", hint="write a mapping of variables") from error
    if not isinstance(value, dict):
        raise InputError(f"-e {label} is not a mapping of variables", hint="write key: value")
    return {str(key): item for key, item in value.items()}


def defaults_of(user: str | None, ask_pass: bool, ask_become: bool, key: Path | None) -> ConnectionDefaults:
    """Return what the command line says about logins; passwords are asked for, never taken as arguments."""
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
    extra_vars: Mapping[str, object],
    defaults: ConnectionDefaults,
    forks: int,
) -> api.Job:
    """Load what the command line names."""
    return api.load(
        playbook,
        inventories,
        fabric=fabric,
        vault=vault,
        selection=selection,
        extra_vars=extra_vars,
        defaults=defaults,
        forks=forks,
    )
