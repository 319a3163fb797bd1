"""The jump hosts on the way to a host, and how each is logged into.

ssh takes only keys for them. A jump host that is a host of the inventory has a login of its own there, and ``sshpass``
in a ProxyCommand names a password: both are used. Nothing is opened here; next: ``ssh_options.py``.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from safeshift.errors import InventoryError
from safeshift.model.inventory import Inventory
from safeshift.model.settings import HostSettings, path_of
from safeshift.model.ssh_options import SshOptions, look_up_host, named_config, parse_proxy_command
from safeshift.model.templating import Templater
from safeshift.model.vault import Secret

SSH_PORT = 22
_JUMP = re.compile(r"(?:(?:ssh://)?([^@]+)@)?(\[[^\]]+\]|[^:@]+)(?::(\d+))?")
_MOST_JUMPS = 8


@dataclass(frozen=True, slots=True)
class Jump:
    """A host to go through, the first one first; without password and key file the agent and the user's keys count."""

    host: str
    address: str
    port: int
    user: str
    key_file: Path | None = None
    password: Secret | None = None


class FindHost(Protocol):
    """Finds a jump host among the hosts of an inventory."""

    def __call__(self, name: str, port: int) -> HostSettings | None:
        """Return what is known of it; None: it is not one of them, or it is not certain which."""
        ...


class InventoryHosts:
    """The hosts of an inventory by the words that ssh has for them: their names, else address and port."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._by_address: dict[tuple[str, int], list[HostSettings]] | None = None

    def __call__(self, name: str, port: int) -> HostSettings | None:
        """See ``FindHost``."""
        if name in self._inventory.hosts:
            return self._settings(name)
        if self._by_address is None:
            self._by_address = self._look_up_addresses()
        # Two hosts behind one address and port: a password would go to the wrong one.
        found = self._by_address.get((name, port), [])
        return found[0] if len(found) == 1 else None

    def _look_up_addresses(self) -> dict[tuple[str, int], list[HostSettings]]:
        known: dict[tuple[str, int], list[HostSettings]] = {}
        for name in self._inventory.hosts:
            settings = self._settings(name)
            try:
                place = (settings.address or name, settings.port or SSH_PORT)
            except InventoryError:  # it is told when this host itself is used
                continue
            known.setdefault(place, []).append(settings)
        return known

    def _settings(self, name: str) -> HostSettings:
        variables = self._inventory.host_vars(name)
        return HostSettings(name, variables, Templater(variables).render)


class JumpFinder:
    """Works out jump hosts; what their settings say against host keys goes to the same list."""

    def __init__(
        self, host: str, ssh_config: Path | None, ignored: list[str], find_host: FindHost | None = None
    ) -> None:
        self._host = host
        self._config = ssh_config
        self._ignored = ignored
        self._find: Callable[[str, int], HostSettings | None] = find_host or (lambda name, port: None)

    def of(self, ssh: SshOptions, depth: int = 0) -> tuple[Jump, ...]:
        """Give the hosts to go through, the first one first; ProxyJump counts above ProxyCommand, as in ssh.

        Raises:
            InventoryError: they need each other, or one cannot be understood.
        """
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
        config = look_up_host(named_config(options.config, self._config), name)
        self._ignored += [*options.ignored, *config.ignored]
        jump = self._jump(name, user or options.values.get("user"), port or options.values.get("port"), options, config)
        values = {**config.values, **options.values}
        before = SshOptions(values={key: values[key] for key in ("proxyjump", "proxycommand") if key in values})
        return (*self.of(before, depth + 1), jump)

    def _jump(self, name: str, user: str | None, port: str | None, options: SshOptions, config: SshOptions) -> Jump:
        """Put one jump host together: what its own command says, then the inventory, then ssh_config."""
        configured = config.values.get("port", "")
        told = _port(port) or _port(configured)
        known = self._find(name, told or SSH_PORT)
        # The inventory's login is that of its user: nobody else is given that password.
        own = known if known is not None and user in (None, known.user or user) else None
        address = config.values.get("hostname", name)
        return Jump(
            host=name,
            address=known.address or name if known is not None and address == name else address,
            port=_port(port) or (known.port if known is not None else None) or _port(configured) or SSH_PORT,
            user=user or (own.user if own is not None else None) or config.values.get("user") or getpass.getuser(),
            key_file=path_of(options.values.get("identityfile"))
            or (own.key_file if own is not None else None)
            or path_of(config.values.get("identityfile")),
            password=options.password or (own.password if own is not None else None),
        )


def _port(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
