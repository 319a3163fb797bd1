"""What a site says to OpenSSH: options on a command line, a ProxyCommand, and ssh_config files.

Options that would weaken the check of a host key are never taken over; each is named in ``ignored``. Nothing is run,
and no error repeats what stands behind ``sshpass``. Read ``connection.py`` next.
"""

from __future__ import annotations

import getopt
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from safeshift.errors import InventoryError, Place
from safeshift.model.vault import Secret

# options of ssh that take a value, as its manual lists them; the rest are switches
_SHORT = "B:b:c:D:E:e:F:I:i:J:L:l:m:O:o:P:p:Q:R:S:W:w:46AaCfGgKkMNnqsTtVvXxYy"
_LONG_FOR = {"J": "proxyjump", "p": "port", "l": "user", "i": "identityfile"}
_SSHPASS = "d:ef:hp:P:Vv"
_SHELL_SIGNS = re.compile(r"[$`]")
_NOWHERE = frozenset({"/dev/null", "none", "nul"})
# option -> the values that leave the check of a host key as strict as it is; None: no value does
_KEY_OPTIONS: Mapping[str, frozenset[str] | None] = {
    "stricthostkeychecking": frozenset({"yes", "true", "ask"}),
    "checkhostip": frozenset({"yes", "no"}),
    "verifyhostkeydns": frozenset({"no", "ask"}),
    "nohostauthenticationforlocalhost": frozenset({"no"}),
    "updatehostkeys": frozenset({"yes", "no", "ask"}),
    "hostkeyalias": None,
    "knownhostscommand": frozenset({"none"}),
    "globalknownhostsfile": None,
}


@dataclass(slots=True)
class SshOptions:
    """Options by lower-case name, the first value of each; what was refused, and the config file if one was named.

    ``password`` is what ``sshpass`` would have typed.
    """

    values: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    config: Path | None = None
    forward_to: str | None = None
    words: tuple[str, ...] = ()
    password: Secret | None = None

    def take(self, name: str, value: str, origin: str) -> None:
        """Take an option over if it is the first of its name, unless it weakens the check of a host key."""
        key = name.lower()
        if _weakens(key, value):
            self.ignored.append(f"{name}={value} ({origin})")
        else:
            self.values.setdefault(key, value)


def _weakens(key: str, value: str) -> bool:
    if key == "userknownhostsfile":
        return any(word.lower() in _NOWHERE for word in value.split()) or not value.split()
    harmless = _KEY_OPTIONS.get(key, frozenset({value.lower()}))
    return harmless is None or value.lower() not in harmless


def parse_arguments(text: str, origin: str) -> SshOptions:
    """Read arguments as they would stand on ssh's command line.

    Raises:
        InventoryError: They are not such arguments; names ``origin``.
    """
    try:
        pairs, words = getopt.getopt(shlex.split(text), _SHORT)
        more, command = getopt.getopt(words[1:], _SHORT)  # ssh takes options behind the host too
    except (getopt.GetoptError, ValueError) as error:
        raise InventoryError(f"{origin}: {_shown(text)!r} are no arguments of ssh: {error}") from error
    options = SshOptions(words=(*words[:1], *command))
    for flag, value in (*pairs, *more):
        letter = flag[1]
        if letter == "o":
            name, _, rest = value.replace("=", " ", 1).strip().partition(" ")
            whole = name.lower() == "userknownhostsfile"  # a list of files, each with its own quotation marks
            options.take(name, rest.strip() if whole else rest.strip().strip('"'), origin)
        elif letter == "F":
            options.config = Path(os.path.expanduser(value))
        elif letter == "W":
            options.forward_to = value
        elif letter in _LONG_FOR:
            options.take(_LONG_FOR[letter], value, origin)
    return options


def parse_proxy_command(text: str, origin: str) -> SshOptions | None:
    """Read a ProxyCommand that is an ssh to a jump host; None where it says ``none``.

    A ``sshpass`` in front of it gives its password, as far as that can be had without running anything.

    Raises:
        InventoryError: It is another program. safeshift runs none on the way to a device.
    """
    if text.strip().lower() in ("", "none"):
        return None
    try:
        words = shlex.split(re.sub(r"^\s*exec\s+", "", text))
    except ValueError as error:
        shown = _shown(text)
        raise InventoryError(
            f"{origin}: ProxyCommand {shown!r} cannot be split into words: {error}", hint="close its quotation marks"
        ) from error
    password = None
    if words and Path(words[0]).name == "sshpass":
        words, password = _take_off_sshpass(words, text, origin)
    program, arguments = words[:1], words[1:]
    options = parse_arguments(shlex.join(arguments), origin)
    options.password = password
    through_netcat = len(options.words) > 1 and Path(options.words[1]).name in ("nc", "netcat", "ncat")
    is_ssh = [Path(word).name for word in program] == ["ssh"]
    if not is_ssh or not options.words or not (options.forward_to or through_netcat):
        raise InventoryError(
            f"{origin}: the ProxyCommand {_shown(text)!r} is not an ssh to a jump host",
            hint="write ProxyJump=user@host:port, or ssh -W %h:%p user@host",
        )
    return options


def _take_off_sshpass(words: list[str], text: str, origin: str) -> tuple[list[str], Secret]:
    """Return the command that sshpass would run, and the password that it would type."""
    try:
        pairs, command = getopt.getopt(words[1:], _SSHPASS)
        given = dict(pairs)
        if "-e" in given:
            return command, Secret(os.environ["SSHPASS"])
        if "-f" in given:
            lines = Path(given["-f"]).expanduser().read_text(encoding="utf-8").splitlines()
            return command, Secret(lines[0])
        password = given["-p"]
    except (getopt.GetoptError, KeyError, IndexError, OSError, UnicodeError):
        raise _unread_sshpass(origin) from None  # the cause may hold the password
    # A shell would have run the line: what it puts in for $ is not known here, unless it was told not to look.
    if _SHELL_SIGNS.search(password) and f"'{password}'" not in text:
        raise _unread_sshpass(origin)
    return command, Secret(password.replace("%%", "%"))  # ssh reads %% as %


def _unread_sshpass(origin: str) -> InventoryError:
    return InventoryError(
        f"{origin}: sshpass in this ProxyCommand has no password that can be read from here",
        hint="write sshpass -e (with SSHPASS set), -f FILE or -p 'PASSWORD' before ssh; or make the jump host a host "
        "of the inventory with its own ansible_password, and write ProxyJump",
    )


def _shown(text: str) -> str:
    """Return what may be shown of a text: nothing behind the word sshpass, for a password may stand there."""
    before, found, _ = text.partition("sshpass")
    return f"{before}{found} ..." if found else text


def named_config(named: Path | None, other: Path | None) -> Path | None:
    """Choose the ssh_config that ``-F`` named, or the other one; ``-F none`` means none."""
    if named is None:
        return other
    return None if str(named) in ("none", os.devnull) else named


def look_up_host(config: Path | None, host: str) -> SshOptions:
    """Ask an ssh_config file about a host; empty where there is no file.

    Raises:
        InventoryError: The file cannot be read.
    """
    options = SshOptions()
    if config is None:
        return options
    try:
        found = paramiko.SSHConfig.from_path(str(config)).lookup(host)
    except (OSError, paramiko.SSHException, UnicodeError) as error:
        raise InventoryError(f"cannot read this ssh_config: {error}", place=Place(str(config))) from error
    except ImportError as error:  # paramiko runs programs of "Match exec" only with a library that we do not ship
        raise InventoryError(
            "this ssh_config has 'Match exec', which would run a program",
            place=Place(str(config)),
            hint="use Host instead",
        ) from error
    for name, value in found.items():
        for each in value if isinstance(value, list) else [value]:
            options.take(name, str(each), str(config))
    return options
