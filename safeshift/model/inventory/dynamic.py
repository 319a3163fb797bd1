"""Inventories that a program prints: executable ones, and what only Ansible's own plugins can read.

Each program gets a deadline. What it prints is data in Ansible's JSON form. Read ``sources.py`` next.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from safeshift.errors import InventoryError, Place
from safeshift.model.inventory.building import Draft
from safeshift.model.inventory.reading import Reader, map_strings
from safeshift.model.vault import UnsafeText, Vault

DEADLINE_S = 300.0  # an inventory of a large cloud account takes minutes; one that hangs must not hang us
_SECTIONS = ("hosts", "vars", "children")


class NotAnInventoryError(ValueError):
    """A file, executable or not, prints no inventory; it may still be one as text."""


def add_script(draft: Draft, path: Path, reader: Reader) -> None:
    """Run an executable inventory with ``--list`` (and ``--host`` where it has no ``_meta``) and add what it prints.

    Raises:
        NotAnInventoryError: It cannot be run, fails, or prints no JSON object.
        InventoryError: It prints an inventory that Ansible would not accept.
    """
    data = _parse_object(_run_script(draft, path, "--list"), path, reader)
    meta = data.pop("_meta", None)
    try:
        hosts = [host for name, body in data.items() for host in add_json_group(draft, name, body)]
        for host in dict.fromkeys(hosts):
            draft.put_named([host], _script_variables(draft, path, reader, host, meta))
    except (ValueError, KeyError) as error:
        raise InventoryError(
            str(error), place=Place(str(path)), hint="compare with: ansible-inventory --list"
        ) from error


def _script_variables(draft: Draft, path: Path, reader: Reader, host: str, meta: object) -> object:
    if meta is None:
        printed = _run_script(draft, path, "--host", host)
        return _parse_object(printed, path, reader) if printed.strip() else {}
    variables = meta.get("hostvars") if isinstance(meta, Mapping) else None
    if not isinstance(variables, Mapping):
        raise ValueError("_meta has no mapping hostvars")
    return variables.get(host, {})


def add_json_group(draft: Draft, name: object, body: Any) -> Iterator[str]:
    """Add one group of Ansible's JSON form to the draft; yields the hosts that it names."""
    group = draft.add_group(name)
    if not isinstance(body, Mapping):
        body = {"hosts": body}
    elif not any(section in body for section in _SECTIONS):
        body = {"hosts": [group], "vars": map_strings(body, UnsafeText)}
    hosts, variables = body.get("hosts", []), body.get("vars", {})
    if not isinstance(hosts, list) or not isinstance(variables, Mapping):
        raise ValueError(f"in group {group!r} hosts must be a list and vars a mapping")
    for host in hosts:
        yield draft.add_host(host, group)
    for key, value in variables.items():
        draft.set_variable(group, key, value)
    for child in body.get("children", ()):
        draft.add_child(group, draft.add_group(child))


def _run_script(draft: Draft, path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run([str(path), *arguments], capture_output=True, timeout=DEADLINE_S, check=False)
    except OSError as error:
        raise NotAnInventoryError(f"it cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise InventoryError(f"printed nothing within {DEADLINE_S:.0f} s", place=Place(str(path))) from error
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode:
        raise NotAnInventoryError(
            f"{' '.join(arguments)} ended with code {done.returncode}: {said or 'it said nothing'}"
        )
    if said:
        draft.notes.append(f"{path}: {said}")
    return done.stdout.decode("utf-8", "replace")


def _parse_object(printed: str, path: Path, reader: Reader) -> dict[str, object]:
    try:
        data = reader.parse_json(printed)
    except ValueError as error:
        raise NotAnInventoryError(f"it printed no JSON: {error}") from error
    if not isinstance(data, dict):
        raise NotAnInventoryError("it printed JSON, but not an object")
    return data


def add_through_ansible(
    draft: Draft, sources: Sequence[str], reader: Reader, *, because: str, playbook_dir: Path | None
) -> None:
    """Let ``ansible-inventory`` read all sources together, since a plugin may build on the sources before it.

    Vault passwords go through pipes and never touch the disk.

    Raises:
        InventoryError: Ansible is not installed, or cannot read them either.
    """
    program = shutil.which("ansible-inventory", path=os.pathsep.join([os.environ.get("PATH", ""), _own_bin()]))
    if program is None:
        raise InventoryError(
            f"{because} is read by an Ansible plugin, and ansible-inventory is not installed",
            hint="pip install ansible-core beside safeshift, or pass the output of: ansible-inventory --list --export",
        )
    printed = _ask_ansible(program, sources, reader.vault, playbook_dir, draft.rules.config)
    data = _parse_object(printed, Path(program), reader)
    meta = data.pop("_meta", {})
    for name in _top_down(data):
        list(add_json_group(draft, name, data[name]))
    hostvars = meta.get("hostvars", {}) if isinstance(meta, Mapping) else {}
    for host in list(draft.hosts):
        draft.put_named([host], hostvars.get(host, {}))


def _own_bin() -> str:
    return str(Path(sys.executable).parent)


def _top_down(data: Mapping[str, object]) -> list[str]:
    """Order groups as a walk from ``all`` meets them: the JSON itself is sorted by name."""
    order = {"all": None}
    waiting = ["all"]
    while waiting:
        body = data.get(waiting.pop(0))
        for child in body.get("children", ()) if isinstance(body, Mapping) else ():
            if child not in order:
                order[child] = None
                waiting.append(child)
    return [name for name in [*order, *(name for name in data if name not in order)] if name in data]


def _ask_ansible(
    program: str, sources: Sequence[str], vault: Vault, playbook_dir: Path | None, config: Path | None
) -> str:
    command = [program, "--list", "--export"]
    for source in sources:
        command += ["-i", source]
    if playbook_dir is not None:
        command += ["--playbook-dir", str(playbook_dir)]
    environment = os.environ | {
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "ANSIBLE_ASK_VAULT_PASS": "0",  # what was asked is in the vault already
    }
    if config is not None:
        environment["ANSIBLE_CONFIG"] = str(config)
    pipes: list[IO[bytes]] = []
    known: list[str] = []
    try:
        for label, password in vault.passwords:
            pipe = _pipe_of(password.reveal().encode("utf-8", "surrogateescape"))
            pipes.append(pipe)
            known.append(f"{label}@/dev/fd/{pipe.fileno()}")
        if known:  # in place of those that ansible.cfg names: nothing is asked for twice
            environment["ANSIBLE_VAULT_IDENTITY_LIST"] = ",".join(known)
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=DEADLINE_S,
            env=environment,
            pass_fds=[pipe.fileno() for pipe in pipes],
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InventoryError(f"ansible-inventory printed nothing within {DEADLINE_S:.0f} s") from error
    finally:
        for pipe in pipes:
            pipe.close()
    if done.returncode:
        lines = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        reasons = [line for line in lines if "'auto' plugin" in line] or lines[-1:]
        raise InventoryError(
            f"ansible-inventory cannot read {', '.join(sources)}: {' '.join(reasons)}",
            hint=f"try it alone: ansible-inventory {' '.join('-i ' + source for source in sources)} --list",
        )
    return done.stdout.decode("utf-8", "replace")


def _pipe_of(data: bytes) -> IO[bytes]:
    """Give the reading end of a pipe that holds the data; a password fits into a pipe's buffer."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as end:
        end.write(data)
    return os.fdopen(reading, "rb")
