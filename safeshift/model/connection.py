"""The way to one host: address, login, jump hosts and host keys, out of Ansible's ``ansible_*`` variables.

Precedence as Ansible: variables, then the command line, then arguments of ssh, then ssh_config. Nothing here opens a
connection, and nothing in an inventory can weaken the check of a host key. Read ``ssh_options.py`` next.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safeshift.errors import InventoryError
from safeshift.model.ssh_options import SshOptions, look_up_host, parse_arguments, parse_proxy_command
from safeshift.model.vault import Secret

SSH_PORT = 22
TIMEOUT_S = 10.0  # Ansible's default for reaching a host
PLATFORMS: Mapping[str, str] = {
    "eos": "arista_eos",
    "arista.eos.eos": "arista_eos",
    "arista_eos": "arista_eos",
    "ios": "cisco_ios",
    "iosxe": "cisco_ios",
    "ios-xe": "cisco_ios",
    "cisco.ios.ios": "cisco_ios",
    "cisco_ios": "cisco_ios",
}
_OVER_SSH = frozenset({"ssh", "smart", "paramiko", "paramiko_ssh", "libssh", "network_cli"})
_JUMP = re.compile(r"(?:(?:ssh://)?([^@]+)@)?(\[[^\]]+\]|[^:@]+)(?::(\d+))?")
_MOST_JUMPS = 8
# Where several names mean one thing Ansible takes the last that is set.
_ADDRESS = ("ansible_host", "ansible_ssh_host")
_PORT = ("ansible_port", "ansible_ssh_port")
_USER = ("ansible_user", "ansible_ssh_user")
_PASSWORD = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
_KEY_FILE = ("ansible_private_key_file", "ansible_ssh_private_key_file")
_BECOME_PASSWORD = ("ansible_become_password", "ansible_become_pass", "ansible_enable_pass", "ansible_sudo_pass")
_TIMEOUT = ("ansible_timeout", "ansible_ssh_timeout", "ansible_connect_timeout")
_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_KEY_CHECKS = re.compile(r"ansible_(?:\w+_)?host_key_(?:checking|auto_add|check)")
_TRUE = frozenset({"yes", "true", "on", "1", "y", "t"})
_FALSE = frozenset({"no", "false", "off", "0", "n", "f", ""})


@dataclass(frozen=True, slots=True)
class Jump:
    """A host to go through, the first one first."""

    host: str
    address: str
    port: int
    user: str
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ConnectionDefaults:
    """What the command line says (``-u -k --private-key -b -K``), weaker than variables, and where ssh's files are.

    ``ssh_config`` None means ``~/.ssh/config`` if it exists. ``known_hosts`` are read in order.
    """

    user: str | None = None
    password: Secret | None = None
    key_file: Path | None = None
    become: bool = False
    become_method: str | None = None
    become_password: Secret | None = None
    ssh_config: Path | None = None
    known_hosts: tuple[Path, ...] = field(
        default_factory=lambda: (Path.home() / ".ssh" / "known_hosts", Path("/etc/ssh/ssh_known_hosts"))
    )
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one host and log in.

    ``ignored`` names what the inventory or ssh_config said to weaken the check of the host key, and was not followed.
    ``local`` is true where ``ansible_connection`` is ``local``: no login, commands run here.
    """

    host: str
    address: str
    port: int
    user: str
    password: Secret | None
    key_file: Path | None
    platform: str
    become: bool
    become_method: str
    become_password: Secret | None
    jump: tuple[Jump, ...]
    known_hosts: tuple[Path, ...]
    ssh_config: Path | None
    timeout_s: float
    ignored: tuple[str, ...] = ()
    local: bool = False


def connection_of(
    host: str,
    variables: Mapping[str, object],
    *,
    defaults: ConnectionDefaults,
    render: Callable[[object], object] = lambda value: value,
) -> Connection:
    """Work out the way to a host.

    Args:
        variables: The host's, merged (``Inventory.host_vars``).
        render: Renders a value that is a template (``Templater(variables).render``).

    Raises:
        InventoryError: The platform is not supported, or a value is none that its variable can have.
    """
    known = _Variables(host, variables, render)
    kind = (known.text(("ansible_connection",)) or "ssh").rpartition(".")[2]
    platform = _platform_of(known, kind)
    arguments, ignored = _arguments_of(known)
    address = known.text(_ADDRESS) or host
    ssh_config = _config_file(arguments.config, defaults)
    config = look_up_host(ssh_config, address)
    ssh = SshOptions(
        values={**config.values, **arguments.values}, ignored=[*ignored, *arguments.ignored, *config.ignored]
    )
    jumps = _Jumps(host, ssh_config, ssh.ignored)
    become = known.truth(("ansible_become",))
    return Connection(
        host=host,
        address=ssh.values.get("hostname", address),
        port=known.number(_PORT) or known.port(ssh.values.get("port")) or SSH_PORT,
        user=known.text(_USER) or defaults.user or ssh.values.get("user") or getpass.getuser(),
        password=known.secret(_PASSWORD) or defaults.password,
        key_file=known.path(_KEY_FILE) or defaults.key_file or _path_of(ssh.values.get("identityfile")),
        platform=platform,
        become=defaults.become if become is None else become,
        become_method=_become_method(known, platform, defaults),
        become_password=known.secret(_BECOME_PASSWORD) or defaults.become_password,
        jump=jumps.of(ssh),
        known_hosts=_known_hosts(ssh, defaults),
        ssh_config=ssh_config,
        timeout_s=known.seconds(_TIMEOUT) or defaults.timeout_s,
        ignored=tuple(dict.fromkeys(ssh.ignored)),
        local=kind == "local",
    )


class _Variables:
    """One host's variables, read by what they must be; errors name host and variable."""

    def __init__(self, host: str, variables: Mapping[str, object], render: Callable[[object], object]) -> None:
        self.host = host
        self.all = variables
        self._render = render

    def value(self, names: tuple[str, ...]) -> tuple[str, object]:
        """Give the last of these names that is set, and its value rendered."""
        for name in reversed(names):
            if self.all.get(name) is not None:
                return name, self._render(self.all[name])
        return names[0], None

    def text(self, names: tuple[str, ...]) -> str | None:
        name, value = self.value(names)
        if isinstance(value, Secret):
            value = value.reveal()
        if isinstance(value, (list, dict, bool)):
            raise self.error(name, value, "text")
        return str.__str__(value) if isinstance(value, str) else None if value is None else str(value)

    def secret(self, names: tuple[str, ...]) -> Secret | None:
        name, value = self.value(names)
        if value is None or isinstance(value, Secret):
            return value
        text = self.text((name,))
        return Secret(text) if text is not None else None

    def number(self, names: tuple[str, ...]) -> int | None:
        return self.port(self.text(names), names[0])

    def port(self, text: str | None, name: str = "Port") -> int | None:
        if text is None or text == "":
            return None
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise self.error(name, text, "a port from 1 to 65535")
        return int(text)

    def seconds(self, names: tuple[str, ...]) -> float | None:
        name, text = names[0], self.text(names)
        try:
            return None if text is None else float(text)
        except ValueError:
            raise self.error(name, text, "a number of seconds") from None

    def truth(self, names: tuple[str, ...]) -> bool | None:
        name, value = self.value(names)
        if value is None or isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text not in _TRUE | _FALSE:
            raise self.error(name, value, "yes or no")
        return text in _TRUE

    def path(self, names: tuple[str, ...]) -> Path | None:
        return _path_of(self.text(names))

    def error(self, name: str, value: object, wanted: str) -> InventoryError:
        return InventoryError(f"{self.host}: {name} is {value!r}, not {wanted}")


def _platform_of(known: _Variables, kind: str) -> str:
    network_os = known.text(("ansible_network_os",))
    if kind not in _OVER_SSH and kind != "local":
        raise InventoryError(
            f"{known.host}: ansible_connection {kind!r} is not supported", hint="use network_cli, ssh or local"
        )
    if network_os is None:
        if kind == "network_cli":
            raise InventoryError(
                f"{known.host}: ansible_connection is network_cli, and ansible_network_os is missing",
                hint=f"set it to one of: {', '.join(PLATFORMS)}",
            )
        return "linux"
    if network_os.strip().lower() not in PLATFORMS:
        raise InventoryError(
            f"{known.host}: ansible_network_os {network_os!r} is not supported",
            hint=f"supported: {', '.join(PLATFORMS)}; leave it out for Linux",
        )
    return PLATFORMS[network_os.strip().lower()]


def _become_method(known: _Variables, platform: str, defaults: ConnectionDefaults) -> str:
    method = known.text(("ansible_become_method",)) or defaults.become_method
    # network devices know nothing but enable; Ansible's own default, sudo, fails on them
    return method.rpartition(".")[2] if method else "sudo" if platform == "linux" else "enable"


def _arguments_of(known: _Variables) -> tuple[SshOptions, list[str]]:
    """Read the ssh arguments in the order in which Ansible puts them, and what variables say against host keys."""
    merged = SshOptions()
    for name in _ARGUMENTS:
        text = known.text((name,))
        if text:
            options = parse_arguments(text, f"{known.host}: {name}")
            merged.values = {**options.values, **merged.values}
            merged.ignored += options.ignored
            merged.config = merged.config or options.config
    ignored = []
    for name in known.all:
        if isinstance(name, str) and _KEY_CHECKS.fullmatch(name):
            wants_check = known.truth((name,))
            if wants_check is not None and wants_check == name.endswith("auto_add"):
                ignored.append(f"{name}={str(wants_check).lower()} ({known.host}: variable)")
    return merged, ignored


def _config_file(named: Path | None, defaults: ConnectionDefaults) -> Path | None:
    """Choose the one ssh_config that counts; ``-F none`` means none."""
    if named is not None:
        return None if str(named) in ("none", os.devnull) else named
    if defaults.ssh_config is not None:
        return defaults.ssh_config
    own = Path.home() / ".ssh" / "config"
    return own if own.is_file() else None


def _known_hosts(ssh: SshOptions, defaults: ConnectionDefaults) -> tuple[Path, ...]:
    named = ssh.values.get("userknownhostsfile")
    return tuple(Path(os.path.expanduser(word)) for word in named.split()) if named else defaults.known_hosts


def _path_of(text: str | None) -> Path | None:
    return Path(os.path.expanduser(text)) if text else None


class _Jumps:
    """Works out jump hosts; what their settings say against host keys goes to the same list."""

    def __init__(self, host: str, ssh_config: Path | None, ignored: list[str]) -> None:
        self._host = host
        self._config = ssh_config
        self._ignored = ignored

    def of(self, ssh: SshOptions, depth: int = 0) -> tuple[Jump, ...]:
        """Give the hosts to go through, the first one first; ProxyJump counts above ProxyCommand, as in ssh."""
        if depth > _MOST_JUMPS:
            raise InventoryError(
                f"{self._host}: its jump hosts need each other", hint="look for ProxyJump in ssh_config"
            )
        named = ssh.values.get("proxyjump")
        if named is not None:
            if named.strip().lower() in ("", "none"):
                return ()
            first, *others = (each.strip() for each in named.split(","))
            jumps = self._through(first, SshOptions(), depth)
            for other in others:
                jumps += self._through(other, SshOptions(), depth)[-1:]
            return jumps
        command = parse_proxy_command(ssh.values.get("proxycommand", ""), self._host)
        return () if command is None else self._through(command.words[0], command, depth)

    def _through(self, text: str, options: SshOptions, depth: int) -> tuple[Jump, ...]:
        match = _JUMP.fullmatch(text.removeprefix("ssh://"))
        if match is None:
            raise InventoryError(f"{self._host}: {text!r} is no jump host", hint="write user@host:port")
        user, name, port = match.groups()
        name = name.strip("[]")
        config = look_up_host(_named_or(options.config, self._config), name)
        self._ignored += [*options.ignored, *config.ignored]
        values = {**config.values, **options.values}
        port = port or values.get("port")
        jump = Jump(
            host=name,
            address=config.values.get("hostname", name),
            port=int(port) if port and port.isdigit() else SSH_PORT,
            user=user or values.get("user") or getpass.getuser(),
            key_file=_path_of(values.get("identityfile")),
        )
        before = SshOptions(values={key: values[key] for key in ("proxyjump", "proxycommand") if key in values})
        return (*self.of(before, depth + 1), jump)


def _named_or(named: Path | None, other: Path | None) -> Path | None:
    if named is None:
        return other
    return None if str(named) in ("none", os.devnull) else named
