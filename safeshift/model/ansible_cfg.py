"""What ansible.cfg and the ANSIBLE_* variables change here: what an inventory means, and how to log in.

Nothing in them weakens the check of a host key: such settings are only named, in ``Logins.ignored``. Settings that
matter and are not followed are said in ``rules.notes``; all others are none of our business. Nothing is asked and no
vault is opened. Read ``ansible_file.py``, ``inventory/rules.py`` and ``connection.py`` next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from safeshift.model.ansible_file import (
    Settings,
    Spot,
    as_count,
    as_one_of,
    as_path,
    as_paths,
    as_text,
    as_truth,
    as_words,
)
from safeshift.model.connection import TIMEOUT_S, ConnectionDefaults
from safeshift.model.inventory.rules import GROUP_NAMES, IGNORED_EXTENSIONS, PRECEDENCE, READERS, InventoryRules
from safeshift.model.vault import DEFAULT_LABEL

SYSTEM_INVENTORY = Path("/etc/ansible/hosts")


@dataclass(frozen=True, slots=True)
class Logins:
    """What ansible.cfg says about logins: weaker than variables and than the command line.

    Attributes:
        variables: What else it says, by the connection variable that it stands in for.
        origin: Where ``variables`` stand.
        ask_password: As ``-k``.
        ask_become_password: As ``-K``.
        ignored: What would weaken the check of host keys, with its place: never followed.
    """

    user: str | None = None
    key_file: Path | None = None
    timeout_s: float | None = None
    become: bool = False
    become_method: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    origin: str = ""
    ask_password: bool = False
    ask_become_password: bool = False
    ignored: tuple[str, ...] = ()

    def under(self, given: ConnectionDefaults) -> ConnectionDefaults:
        """Give what the command line said, and below it these."""
        return replace(
            given,
            user=given.user or self.user,
            key_file=given.key_file or self.key_file,
            timeout_s=self.timeout_s if self.timeout_s and given.timeout_s == TIMEOUT_S else given.timeout_s,
            become=given.become or self.become,
            become_method=given.become_method or self.become_method,
            variables={**self.variables, **given.variables},
            origin=given.origin or self.origin,
            ignored=(*given.ignored, *self.ignored),
        )


@dataclass(frozen=True, slots=True)
class VaultRules:
    """Where ansible.cfg says that vault passwords come from.

    Attributes:
        sources: As ``--vault-id`` takes them: ``label@file``, ``label@prompt``; tried before those of the command line.
        password_file: Tried after those of the command line.
        label: What a password without a label is called.
        match_label: A vault is opened only with a password of its own label.
        ask: As ``--ask-vault-pass``.
    """

    sources: tuple[str, ...] = ()
    password_file: Path | None = None
    label: str = DEFAULT_LABEL
    match_label: bool = False
    ask: bool = False

    def all_sources(self, ids: Sequence[str] = (), files: Sequence[str] = ()) -> tuple[str, ...]:
        """Give every source in the order in which Ansible tries them, with those of ``--vault-id`` and its kin."""
        last = () if self.password_file is None else (str(self.password_file),)
        return (*self.sources, *ids, *(f"{self.label}@{path}" for path in (*files, *last)))


@dataclass(frozen=True, slots=True)
class AnsibleConfig:
    """What ansible.cfg and the environment say, as far as it matters here; made without arguments: nothing is said.

    Attributes:
        path: The file, or None.
        inventory: The sources where no ``-i`` is given.
        forks: How many logins at the same time, or None.
    """

    path: Path | None = None
    inventory: tuple[str, ...] = ()
    forks: int | None = None
    rules: InventoryRules = field(default_factory=InventoryRules)
    vault: VaultRules = field(default_factory=VaultRules)
    logins: Logins = field(default_factory=Logins)


def find_config() -> AnsibleConfig:
    """Read the ansible.cfg that Ansible would read here, and the variables of the environment, which count above it.

    The file is the first of ``$ANSIBLE_CONFIG``, ``./ansible.cfg`` (unless everybody may write to the folder),
    ``~/.ansible.cfg`` and ``/etc/ansible/ansible.cfg``.

    Raises:
        InputError: It cannot be read, or a setting has a value that it cannot have; with file and line.
    """
    said = Settings()
    otherwise: tuple[Path, ...] = (SYSTEM_INVENTORY,) if SYSTEM_INVENTORY.exists() else ()
    sources = said.get(_in_defaults("inventory"), as_paths, otherwise)
    return AnsibleConfig(
        path=said.path,
        inventory=tuple(str(source) for source in sources),
        forks=said.get(_in_defaults("forks"), as_count, None),
        rules=_rules(said),
        vault=VaultRules(
            sources=said.get(_in_defaults("vault_identity_list"), as_words, ()),
            password_file=said.get(_in_defaults("vault_password_file"), as_path, None),
            label=said.get(_in_defaults("vault_identity"), as_text, DEFAULT_LABEL),
            match_label=said.get(_in_defaults("vault_id_match"), as_truth, False),
            ask=said.get(_in_defaults("ask_vault_pass"), as_truth, False),
        ),
        logins=_logins(said),
    )


def _in_defaults(key: str, *variables: str) -> Spot:
    """Give the spot of a setting in ``[defaults]``; its variable is named after it if none is given."""
    return Spot(variables or (f"ANSIBLE_{key.upper()}",), (("defaults", key),))


# What an inventory means --------------------------------------------------------------------------------------

_PRECEDENCE = _in_defaults("precedence")
_GROUP_NAMES = _in_defaults("force_valid_group_names", "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS")
_EXTENSIONS = Spot(
    ("ANSIBLE_INVENTORY_IGNORE",), (("defaults", "inventory_ignore_extensions"), ("inventory", "ignore_extensions"))
)
_PATTERNS = Spot(
    ("ANSIBLE_INVENTORY_IGNORE_REGEX",), (("defaults", "inventory_ignore_patterns"), ("inventory", "ignore_patterns"))
)
_READERS = Spot(("ANSIBLE_INVENTORY_ENABLED",), (("inventory", "enable_plugins"),))
_ALL_MUST_PARSE = Spot(("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED",), (("inventory", "any_unparsed_is_failed"),))


def _rules(said: Settings) -> InventoryRules:
    layers = said.get(_PRECEDENCE, as_words, PRECEDENCE)
    readers = said.get(_READERS, as_words, READERS)
    return InventoryRules(
        merge=said.get(_in_defaults("hash_behaviour"), as_one_of("replace", "merge"), "replace") == "merge",
        precedence=tuple(layer for layer in layers if layer in PRECEDENCE),
        group_names=said.get(_GROUP_NAMES, as_one_of(*GROUP_NAMES), "never"),
        ignore_extensions=said.get(_EXTENSIONS, as_words, IGNORED_EXTENSIONS),
        ignore_patterns=said.get(_PATTERNS, as_words, ()),
        readers=tuple(name.removeprefix("ansible.builtin.") for name in readers),
        all_must_parse=said.get(_ALL_MUST_PARSE, as_truth, False),
        config=said.path,
        notes=(*said.notes, *_unknown_layers(said, layers), *_not_followed(said)),
    )


def _unknown_layers(said: Settings, layers: tuple[str, ...]) -> Iterator[str]:
    found = said.find(_PRECEDENCE)
    for layer in layers:
        if layer not in PRECEDENCE and found is not None:
            yield f"{found.where}: {found.key} names {layer!r}, which is no layer of variables: left out"


# How to log in ------------------------------------------------------------------------------------------------

_ESCALATION = "privilege_escalation"
_SUDO = "sudo_become_plugin"
_TIMEOUT = Spot(("ANSIBLE_TIMEOUT", "ANSIBLE_SSH_TIMEOUT"), (("defaults", "timeout"), ("ssh_connection", "timeout")))
_CONNECT_TIMEOUT = Spot(("ANSIBLE_PERSISTENT_CONNECT_TIMEOUT",), (("persistent_connection", "connect_timeout"),))
_VARIABLES: Mapping[str, Spot] = {
    "ansible_port": _in_defaults("remote_port"),
    "ansible_connection": _in_defaults("transport"),
    **{
        f"ansible_{key}": Spot((f"ANSIBLE_{key.upper()}",), (("ssh_connection", key),))
        for key in ("ssh_args", "ssh_common_args", "ssh_extra_args")
    },
    **{
        f"ansible_become_{short}": Spot(
            (f"ANSIBLE_BECOME_{short.upper()}", f"ANSIBLE_SUDO_{short.upper()}"),
            ((_ESCALATION, f"become_{short}"), (_SUDO, long)),
        )
        for short, long in (("user", "user"), ("exe", "executable"), ("flags", "flags"))
    },
}
_KEY_CHECKING = Spot(
    tuple(f"ANSIBLE_{kind}HOST_KEY_CHECKING" for kind in ("", "SSH_", "PARAMIKO_", "LIBSSH_")),
    tuple((section, "host_key_checking") for section in ("defaults", "ssh_connection", "paramiko_connection")),
)
_KEY_ADDING = Spot(
    tuple(f"ANSIBLE_{kind}HOST_KEY_AUTO_ADD" for kind in ("PARAMIKO_", "LIBSSH_")),
    tuple((section, "host_key_auto_add") for section in ("paramiko_connection", "libssh_connection")),
)


def _in_escalation(key: str) -> Spot:
    return Spot((f"ANSIBLE_{key.upper()}",), ((_ESCALATION, key),))


def _logins(said: Settings) -> Logins:
    texts = {name: said.get(spot, as_text, "") for name, spot in _VARIABLES.items()}
    said.get(_VARIABLES["ansible_port"], as_count, None)  # refused here, where its line is known
    return Logins(
        user=said.get(_in_defaults("remote_user"), as_text, None),
        key_file=said.get(_in_defaults("private_key_file"), as_path, None),
        timeout_s=said.get(_CONNECT_TIMEOUT, as_count, None) or said.get(_TIMEOUT, as_count, None),
        become=said.get(_in_escalation("become"), as_truth, False),
        become_method=said.get(_in_escalation("become_method"), as_text, None),
        variables=MappingProxyType({name: text for name, text in texts.items() if text}),
        origin=str(said.path or "environment"),
        ask_password=said.get(_in_defaults("ask_pass"), as_truth, False),
        ask_become_password=said.get(_in_escalation("become_ask_pass"), as_truth, False),
        ignored=tuple(_weakening(said)),
    )


def _weakening(said: Settings) -> Iterator[str]:
    """Name every place that would weaken the check of host keys, also one that another place overrides."""
    for spot, weak in ((_KEY_CHECKING, False), (_KEY_ADDING, True)):
        for found in said.all(spot):
            if found.text and as_truth(found) == weak:
                yield f"{found.key}={found.text} ({found.where})"


# What matters and is not followed -----------------------------------------------------------------------------


class _Foreign(NamedTuple):
    """A setting that is not followed, the values of it that change nothing, and what is done instead."""

    spot: Spot
    harmless: tuple[str, ...]
    instead: str


_FOREIGN = (
    _Foreign(
        _in_defaults("vars_plugins_enabled", "ANSIBLE_VARS_ENABLED"),
        ("host_group_vars", "ansible.builtin.host_group_vars"),
        "variables come from the inventory, group_vars and host_vars only",
    ),
    _Foreign(_in_defaults("vars_plugins", "ANSIBLE_VARS_PLUGINS"), (), "vars plugins are not run"),
    _Foreign(_in_defaults("run_vars_plugins"), ("demand",), "group_vars and host_vars are read as with demand"),
    _Foreign(
        _in_defaults("yaml_valid_extensions", "ANSIBLE_YAML_FILENAME_EXT"),
        (".yml, .yaml, .json", ".yml,.yaml,.json"),
        "files of variables end in .yml, .yaml, .json or in nothing",
    ),
    _Foreign(_in_defaults("jinja2_extensions"), (), "templates are rendered without extensions"),
    _Foreign(_in_defaults("connection_password_file"), (), "use -k, or ansible_password in a vault"),
    _Foreign(_in_defaults("become_password_file"), (), "use -K, or ansible_become_password in a vault"),
    _Foreign(Spot((), (("paramiko_connection", "proxy_command"),)), (), "write ProxyJump into ssh_common_args"),
    _Foreign(Spot(("ANSIBLE_PRIVATE_KEY",)), (), "use private_key_file"),
)


def _not_followed(said: Settings) -> Iterator[str]:
    for foreign in _FOREIGN:
        found = said.find(foreign.spot)
        if found is not None and found.text.strip() not in ("", *foreign.harmless):
            yield f"{found.where}: {found.key} is not followed: {foreign.instead}"
