"""The way to one host: address, login, jump hosts and host keys, out of Ansible's ``ansible_*`` variables.

Precedence as Ansible: variables, then the command line, then arguments of ssh, then ssh_config. Nothing here opens a
connection, and nothing in an inventory can weaken the check of a host key. Read ``jumps.py``, ``ssh_options.py`` next.
"""

from __future__ import annotations

import getpass
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safeshift.errors import InventoryError
from safeshift.model.jumps import SSH_PORT, FindHost, Jump, JumpFinder
from safeshift.model.settings import HostSettings, path_of
from safeshift.model.ssh_options import SshOptions, look_up_host, named_config, parse_arguments
from safeshift.model.vault import Secret

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
_BECOME_PASSWORD = ("ansible_become_password", "ansible_become_pass")
_SUDO_PASSWORD = (*_BECOME_PASSWORD, "ansible_sudo_pass")
_ENABLE_PASSWORD = (*_BECOME_PASSWORD, "ansible_enable_pass")
_BECOME_USER = ("ansible_become_user", "ansible_sudo_user")
_BECOME_FLAGS = ("ansible_become_flags", "ansible_sudo_flags")
_BECOME_EXE = ("ansible_become_exe", "ansible_sudo_exe")
_USER_NAME = re.compile(r"[\w#][\w.@\\+$-]*")
# sudo's own means of asking: which of them fits is known only where the password is
_ASKING = re.compile(r"--(?:stdin|non-interactive)")
_SWITCHES = re.compile(r"-[EHPSnk]+")
_TIMEOUT = ("ansible_timeout", "ansible_ssh_timeout", "ansible_connect_timeout")
_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_KEY_CHECKS = re.compile(r"ansible_(?:\w+_)?host_key_(?:checking|auto_add|check)")


@dataclass(frozen=True, slots=True)
class ConnectionDefaults:
    """What the command line says (``-u -k --private-key -b -K``), weaker than variables, and where ssh's files are.

    ``ssh_config`` None means ``~/.ssh/config`` if it exists. ``known_hosts`` are read in order. ``variables`` count for
    every host that has none of the name, ``origin`` is where they stand; ``ignored`` joins each connection's.
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
    variables: Mapping[str, object] = field(default_factory=dict)
    origin: str = ""
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one host and log in.

    ``ignored`` names what the inventory or ssh_config said to weaken the check of the host key, and was not followed.
    ``local`` is true where ``ansible_connection`` is ``local``: no login, commands run here. ``become_method`` is
    ``enable`` on routers and ``sudo`` on Linux; ``become_user``, ``become_flags`` (without those that say how the
    password is asked for) and ``become_exe`` are sudo's.
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
    become_user: str = "root"
    become_flags: tuple[str, ...] = ("-H",)
    become_exe: tuple[str, ...] = ("sudo",)


def connection_of(
    host: str,
    variables: Mapping[str, object],
    *,
    defaults: ConnectionDefaults,
    render: Callable[[object], object] = lambda value: value,
    find_host: FindHost | None = None,
) -> Connection:
    """Work out the way to a host.

    Args:
        variables: The host's, merged (``Inventory.host_vars``).
        render: Renders a value that is a template (``Templater(variables).render``).
        find_host: Finds a jump host in the inventory (``InventoryHosts``), for its own login; None: none is there.

    Raises:
        InventoryError: The platform is not supported, or a value is none that its variable can have.
    """
    known = HostSettings(host, {**defaults.variables, **variables}, render)
    kind = (known.text(("ansible_connection",)) or "ssh").rpartition(".")[2]
    platform = _platform_of(known, kind)
    arguments, ignored = _arguments_of(known, variables, defaults.origin)
    address = known.address or host
    ssh_config = _config_file(arguments.config, defaults)
    config = look_up_host(ssh_config, address)
    ssh = SshOptions(
        values={**config.values, **arguments.values},
        ignored=[*defaults.ignored, *ignored, *arguments.ignored, *config.ignored],
    )
    jumps = JumpFinder(host, ssh_config, ssh.ignored, find_host).of(ssh)
    user = known.user or defaults.user or ssh.values.get("user") or getpass.getuser()
    become_user = _become_user(known)
    become = known.truth(("ansible_become",))
    becomes = defaults.become if become is None else become
    return Connection(
        host=host,
        address=ssh.values.get("hostname", address),
        port=known.port or known.port_of(ssh.values.get("port")) or SSH_PORT,
        user=user,
        password=known.password or defaults.password,
        key_file=known.key_file or defaults.key_file or path_of(ssh.values.get("identityfile")),
        platform=platform,
        # as in Ansible, who is logged in as that user already needs no sudo
        become=becomes and (platform != "linux" or user != become_user),
        become_method=_become_method(known, platform, defaults, needed=becomes),
        become_password=known.secret(_SUDO_PASSWORD if platform == "linux" else _ENABLE_PASSWORD)
        or defaults.become_password,
        jump=jumps,
        known_hosts=_known_hosts(ssh, defaults),
        ssh_config=ssh_config,
        timeout_s=known.seconds(_TIMEOUT) or defaults.timeout_s,
        ignored=tuple(dict.fromkeys(ssh.ignored)),
        local=kind == "local",
        become_user=become_user,
        become_flags=_become_flags(known),
        become_exe=_words(known, _BECOME_EXE) or ("sudo",),
    )


def _platform_of(known: HostSettings, kind: str) -> str:
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


def _become_method(known: HostSettings, platform: str, defaults: ConnectionDefaults, *, needed: bool) -> str:
    """Choose the method; where it is needed, only the one that the platform has will do."""
    # Ansible's own default is sudo everywhere, which no router knows.
    own, title = ("sudo", "Linux") if platform == "linux" else ("enable", platform)
    said = known.text(("ansible_become_method",)) or defaults.become_method
    method = said.rpartition(".")[2] if said else own
    if needed and method != own:
        raise InventoryError(
            f"{known.host}: ansible_become_method is {said!r}; on {title} only {own!r} is supported",
            hint=f"set ansible_become_method: {own}, or ansible_become: false for this host",
        )
    return method


def _become_user(known: HostSettings) -> str:
    name = known.text(_BECOME_USER) or "root"
    if _USER_NAME.fullmatch(name) is None:
        raise known.error(known.value(_BECOME_USER)[0], name, "a user name")
    return name


def _become_flags(known: HostSettings) -> tuple[str, ...]:
    """Read sudo's flags without those that say how it asks, which are ours to choose."""
    if known.value(_BECOME_FLAGS)[1] is None:
        return ("-H",)
    flags = (flag for flag in _words(known, _BECOME_FLAGS) if _ASKING.fullmatch(flag) is None)
    switched = (re.sub("[Sn]", "", flag) if _SWITCHES.fullmatch(flag) else flag for flag in flags)
    return tuple(flag for flag in switched if flag != "-")


def _words(known: HostSettings, names: tuple[str, ...]) -> tuple[str, ...]:
    text = known.text(names) or ""
    try:
        words = shlex.split(text) if text.isprintable() else None
    except ValueError:  # a quote that is not closed
        words = None
    if words is None:
        raise known.error(known.value(names)[0], text, "words of a command line")
    return tuple(words)


def _arguments_of(known: HostSettings, own: Mapping[str, object], elsewhere: str) -> tuple[SshOptions, list[str]]:
    """Read the ssh arguments in the order in which Ansible puts them, and what variables say against host keys."""
    merged = SshOptions()
    for name in _ARGUMENTS:
        text = known.text((name,))
        if text:
            options = parse_arguments(text, f"{known.host if name in own else elsewhere}: {name}")
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
    own = Path.home() / ".ssh" / "config"
    return named_config(named, defaults.ssh_config or (own if own.is_file() else None))


def _known_hosts(ssh: SshOptions, defaults: ConnectionDefaults) -> tuple[Path, ...]:
    named = ssh.values.get("userknownhostsfile")
    if not named:
        return defaults.known_hosts
    # as ssh reads a list of files: a name with blanks stands in quotes
    return tuple(Path(quoted or bare).expanduser() for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', named))
