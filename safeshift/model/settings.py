"""One host's ``ansible_*`` variables, read by what they must be: text, a port, a secret; and by all of their names.

Errors name host and variable. What the values mean together is ``connection.py``, of jump hosts ``jumps.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from safeshift.errors import InventoryError
from safeshift.model.vault import Secret

# Where several names mean one thing Ansible takes the last that is set.
_ADDRESS = ("ansible_host", "ansible_ssh_host")
_PORT = ("ansible_port", "ansible_ssh_port")
_USER = ("ansible_user", "ansible_ssh_user")
_PASSWORD = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
_KEY_FILE = ("ansible_private_key_file", "ansible_ssh_private_key_file")
_TRUE = frozenset({"yes", "true", "on", "1", "y", "t"})
_FALSE = frozenset({"no", "false", "off", "0", "n", "f", ""})


class HostSettings:
    """One host's variables.

    Args:
        variables: The host's, merged.
        render: Renders a value that is a template; called only for what is asked for.

    Raises:
        InventoryError: from every reading, when a value is none that its variable can have.
    """

    def __init__(self, host: str, variables: Mapping[str, object], render: Callable[[object], object]) -> None:
        self.host = host
        self.all = variables
        self._render = render

    @property
    def address(self) -> str | None:
        """Where it is reached, if that is said."""
        return self.text(_ADDRESS)

    @property
    def port(self) -> int | None:
        """The port of its SSH server, if that is said."""
        return self.port_of(self.text(_PORT), _PORT[0])

    @property
    def user(self) -> str | None:
        """Whom to log in as, if that is said."""
        return self.text(_USER)

    @property
    def password(self) -> Secret | None:
        """The password of the login, if there is one."""
        return self.secret(_PASSWORD)

    @property
    def key_file(self) -> Path | None:
        """The private key of the login, if one is named."""
        return path_of(self.text(_KEY_FILE))

    def value(self, names: tuple[str, ...]) -> tuple[str, object]:
        """Give the last of these names that is set, and its value rendered."""
        for name in reversed(names):
            if self.all.get(name) is not None:
                return name, self._render(self.all[name])
        return names[0], None

    def text(self, names: tuple[str, ...]) -> str | None:
        """Read text; a number is its digits."""
        name, value = self.value(names)
        if isinstance(value, Secret):
            value = value.reveal()
        if isinstance(value, (list, dict, bool)):
            raise self.error(name, value, "text")
        return str.__str__(value) if isinstance(value, str) else None if value is None else str(value)

    def secret(self, names: tuple[str, ...]) -> Secret | None:
        """Read text that is shown nowhere."""
        name, value = self.value(names)
        if value is None or isinstance(value, Secret):
            return value
        text = self.text((name,))
        return Secret(text) if text is not None else None

    def port_of(self, text: str | None, name: str = "Port") -> int | None:
        """Read a port that was found as text; ``name`` is who said it."""
        if text is None or text == "":
            return None
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise self.error(name, text, "a port from 1 to 65535")
        return int(text)

    def seconds(self, names: tuple[str, ...]) -> float | None:
        """Read a number of seconds."""
        name, text = names[0], self.text(names)
        try:
            return None if text is None else float(text)
        except ValueError:
            raise self.error(name, text, "a number of seconds") from None

    def truth(self, names: tuple[str, ...]) -> bool | None:
        """Read yes or no, in any of Ansible's words for them."""
        name, value = self.value(names)
        if value is None or isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text not in _TRUE | _FALSE:
            raise self.error(name, value, "yes or no")
        return text in _TRUE

    def error(self, name: str, value: object, wanted: str) -> InventoryError:
        """Return the error for a value that its variable cannot have."""
        return InventoryError(f"{self.host}: {name} is {value!r}, not {wanted}")


def path_of(text: str | None) -> Path | None:
    """Make a path of what stands in an inventory or ssh_config; empty is none."""
    return Path(os.path.expanduser(text)) if text else None
