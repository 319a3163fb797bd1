"""How one gets at the lab's devices: who plays what, and the inventory and known_hosts that any SSH client can use.

The lab stands in for a site, so it keeps the site's groups and variables and replaces only what says how to connect.
``lab.py`` writes these files when its servers listen.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from safeshift.errors import LabError
from safeshift.lab.sshd import LOOPBACK, new_host_key
from safeshift.model.fabric import Fabric
from safeshift.model.inventory import Inventory
from safeshift.model.inventory.showing import INTERNAL_VARIABLES

# What inventories call the platforms (collections' full names, Ansible's short ones, netmiko's), and what the lab does.
_DIALECTS = {
    "arista.eos.eos": "arista_eos",
    "eos": "arista_eos",
    "arista_eos": "arista_eos",
    "cisco.ios.ios": "cisco_ios",
    "ios": "cisco_ios",
    "cisco_ios": "cisco_ios",
    "cisco_xe": "cisco_ios",
}
PASSWORD_FILE, KEY_FILE, SSH_CONFIG, ANSIBLE_CFG = "password", "login_key", "ssh_config", "ansible.cfg"
"""Beside the inventory and known_hosts: more ways to the same login."""

_NETWORK_OS = {"arista_eos": "arista.eos.eos", "cisco_ios": "cisco.ios.ios"}


@dataclass(frozen=True, slots=True)
class Roster:
    """What the lab takes over from an inventory; all of it is plain JSON data.

    Attributes:
        dialects: How each device of the fabric talks: routers in the fabric's order, then nodes.
        variables: Each device's variables that do not say how to connect.
        groups: ``hosts`` and ``children`` of every group, by name; hosts that the fabric does not have are left out.
    """

    dialects: Mapping[str, str]
    variables: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Door:
    """Where one device answers, and the public host key it shows (OpenSSH's form)."""

    device: str
    dialect: str
    host: str
    port: int
    host_key: str


def roster_of(fabric: Fabric, inventory: Inventory) -> Roster:
    """Find out which device of the fabric plays what; a node that the inventory does not list is Linux.

    Raises:
        LabError: The inventory lacks a router of the fabric, or names a platform that the lab cannot play.
    """
    known = set(inventory.hosts)
    dialects = {router: _dialect(router, inventory) for router in fabric.routers} | dict.fromkeys(fabric.nodes, "linux")
    variables = {name: _plain(inventory.plain_vars(name)) if name in known else {} for name in dialects}
    groups = {
        name: {
            "hosts": [host for host in group.hosts if host in dialects],
            "children": [child for child in group.children if child != "ungrouped"],
        }
        for name, group in inventory.groups.items()
        if name not in ("all", "ungrouped")
    }
    return Roster(dialects, variables, groups)


def roster_without_inventory(fabric: Fabric, dialects: Mapping[str, str]) -> Roster:
    """Let each router talk as ``dialects`` says, and group the devices by network; for fabrics made by a program.

    Raises:
        LabError: A router's dialect is missing or unknown.
    """
    groups: dict[str, dict[str, list[str]]] = {}
    for name, router in fabric.routers.items():
        group = groups.setdefault(f"{router.network}_routers", {"hosts": [], "children": []})
        group["hosts"].append(name)
    groups["nodes"] = {"hosts": list(fabric.nodes), "children": []}
    played = {name: _known_dialect(name, dialects.get(name, "")) for name in fabric.routers}
    played |= dict.fromkeys(fabric.nodes, "linux")
    return Roster(played, {name: {} for name in played}, groups)


def connection_variables(door: Door, user: str, password: str, known_hosts: Path) -> dict[str, Any]:
    """Give the variables by which Ansible, and safeshift, reach one lab device; they replace all of the site's."""
    named = f'"{known_hosts}"' if " " in str(known_hosts) else known_hosts  # ssh takes words for several files
    told = {
        "ansible_host": door.host,
        "ansible_port": door.port,
        "ansible_user": user,
        "ansible_password": password,
        "ansible_connection": "ansible.netcommon.network_cli" if door.dialect in _NETWORK_OS else "ssh",
        "ansible_ssh_common_args": f"-o {shlex.quote(f'UserKnownHostsFile={named}')}",
    }
    if door.dialect in _NETWORK_OS:
        told["ansible_network_os"] = _NETWORK_OS[door.dialect]
    return told


def write_inventory(path: Path, roster: Roster, overrides: Mapping[str, Mapping[str, Any]]) -> None:
    """Write an Ansible inventory of the lab's devices, readable by its owner only: it holds the password."""
    hosts = {name: {**roster.variables[name], **overrides[name]} for name in overrides}
    nested = {child for group in roster.groups.values() for child in group["children"]}
    written: set[str] = set()
    top = {name: _written_group(name, roster, written) for name in roster.groups if name not in nested}
    document = {"all": {"hosts": hosts, "children": top}}
    write_private(path, yaml.safe_dump(document, sort_keys=False, default_flow_style=False))


_ANSIBLE_CFG = """\
# For the lab beside this file, and nothing else: Ansible's network_cli knows no known_hosts but its user's own, where
# the lab's keys are not. ssh, to the nodes, goes on checking them; so does safeshift, whatever stands here.
[paramiko_connection]
host_key_checking = False

[libssh_connection]
host_key_checking = False
"""


def write_ansible_cfg(path: Path) -> None:
    """Write the ansible.cfg with which Ansible's network_cli logs in; what it weakens, it weakens for who names it."""
    write_private(path, _ANSIBLE_CFG)


def write_known_hosts(path: Path, doors: Iterable[Door]) -> None:
    """Write the devices' host keys in OpenSSH's form."""
    write_private(path, "".join(f"[{door.host}]:{door.port} {door.host_key}\n" for door in doors))


class Kept:
    """What has to be the same when a lab is resumed: password, ports, host keys."""

    def __init__(self, path: Path, keys: Path, *, lasting: bool) -> None:
        self._path, self._keys, self._lasting = path, keys, lasting
        self.found = path.exists()
        try:
            known = json.loads(path.read_text(encoding="utf-8")) if self.found else {}
        except (OSError, ValueError) as cause:
            hint = f"remove {path.parent} to start the lab anew"
            raise LabError(f"the lab's state in {path} cannot be read: {cause}", hint=hint) from cause
        self.password: str = known.get("password") or secrets.token_urlsafe(12)
        self.login_key: str = known.get("login_key") or new_host_key()
        self._ports: dict[str, int] = known.get("ports", {})

    def free_ports(self) -> dict[str, int]:
        """Give the ports of last time that nobody has taken meanwhile."""
        return {name: port for name, port in self._ports.items() if _is_free(port)}

    def host_keys(self, devices: Iterable[str]) -> dict[str, str]:
        """Give each device's private host key: the one it had, or a new one."""
        if not self._lasting:
            return {}  # the servers make their own
        self._keys.mkdir(mode=0o700, exist_ok=True)
        found = {}
        for name in devices:
            path = self._keys / name
            if not path.exists():
                write_private(path, new_host_key())
            found[name] = path.read_text(encoding="utf-8")
        return found

    def keep(self, ports: Mapping[str, int]) -> None:
        """Write it down for the next time."""
        kept = {"password": self.password, "login_key": self.login_key, "ports": dict(ports)}
        if self._lasting:
            write_private(self._path, json.dumps(kept))


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def write_login(home: Path, doors: Iterable[Door], user: str, password: str, key: str) -> None:
    """Write the password and the private key, and a configuration with which ``ssh -F FILE DEVICE`` just logs in."""
    write_private(home / PASSWORD_FILE, f"{password}\n")
    write_private(home / KEY_FILE, key)
    hosts = "".join(f"Host {door.device}\n    HostName {door.host}\n    Port {door.port}\n" for door in doors)
    rest = [
        f"User {user}",
        f"IdentityFile {_quoted(home / KEY_FILE)}",
        "IdentitiesOnly yes",
        f"UserKnownHostsFile {_quoted(home / 'known_hosts')}",
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking yes",
    ]
    write_private(home / SSH_CONFIG, hosts + "Host *\n" + "".join(f"    {line}\n" for line in rest))


def _quoted(path: Path) -> str:
    """Write a path as ssh_config wants it: a space needs quotation marks, and % would begin a token."""
    return '"' + str(path).replace("%", "%%") + '"'


def _written_group(name: str, roster: Roster, written: set[str]) -> dict[str, Any]:
    """Write a group with its children inside; where it is met again its name is enough."""
    if name in written:
        return {}
    written.add(name)
    group = roster.groups[name]
    found: dict[str, Any] = {}
    if group["hosts"]:
        found["hosts"] = dict.fromkeys(group["hosts"], None)
    if group["children"]:
        found["children"] = {child: _written_group(child, roster, written) for child in group["children"]}
    return found


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step: a reader sees the old one or the new one."""
    fresh = path.with_suffix(".new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(fresh, path)
    except OSError as error:
        hint = "make room there, or name another place with SAFESHIFT_STATE=DIR"
        raise LabError(f"the lab cannot write {path}: {error.strerror}", hint=hint) from error


def _dialect(router: str, inventory: Inventory) -> str:
    if router not in inventory.hosts:
        raise LabError(
            f"the lab does not know what {router} is: the inventory does not list it",
            hint=f"add {router} to the inventory with its ansible_network_os",
        )
    return _known_dialect(router, inventory.plain_vars(router).get("ansible_network_os", ""))


def _known_dialect(router: str, word: object) -> str:
    if word not in _DIALECTS:
        known = ", ".join(dict.fromkeys(_DIALECTS.values()))
        said = f"its ansible_network_os is {word!r}" if word else "it has no ansible_network_os"
        raise LabError(f"the lab cannot play {router}: {said}", hint=f"the lab plays {known}")
    return _DIALECTS[str(word)]


def _plain(variables: Mapping[str, object]) -> dict[str, Any]:
    """Keep what does not say how to connect and is plain data; a vaulted value stays with its vault."""
    kept = {name: value for name, value in variables.items() if not name.startswith("ansible_") and _is_plain(value)}
    return {name: value for name, value in kept.items() if name not in INTERNAL_VARIABLES}


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, list):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, str | int | float | bool)
