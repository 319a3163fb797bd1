"""sudo on a lab node: who may, how it asks for the password, and what it says when it does not let somebody.

Decides whether a command may run as another user; running it is the shell's part. Next: ``linux.py``.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

TRIES = 3
_VALUES = "upgChrtTU"  # letters with a value behind them; only user and prompt mean something here
_SWITCHES = "AbEHiknPSsv"
_LONG = {
    "--user": "u",
    "--prompt": "p",
    "--group": "g",
    "--stdin": "S",
    "--non-interactive": "n",
    "--set-home": "H",
    "--login": "i",
    "--shell": "s",
    "--preserve-env": "E",
    "--validate": "v",
    "--reset-timestamp": "k",
}
USAGE = "usage: sudo -h | -K | -k | -V\nusage: sudo [-AbEHknPS] [-p prompt] [-u user] [-i|-s] [<command>]"


class Sudoers(Enum):
    """What a node's sudoers file says about those who log in.

    PASSWORD: they may do all, with their own password.
    FREE: they may do all, and are asked for nothing.
    ABSENT: they are not in the file.
    TTY: as PASSWORD, but only from a terminal (``requiretty``).
    """

    PASSWORD = "password"
    FREE = "free"
    ABSENT = "absent"
    TTY = "tty"


@dataclass(frozen=True, slots=True)
class Wish:
    """One call of sudo: as whom, how to ask, and what to run; a ``shell`` where no command is given."""

    user: str
    prompt: str
    switches: frozenset[str]
    command: tuple[str, ...]

    @property
    def shell(self) -> bool:
        """Tell whether a shell is wanted."""
        return not self.command and bool(self.switches & {"s", "i"})


def read_wish(args: list[str]) -> Wish | str:
    """Read sudo's arguments; text is its complaint about them."""
    values: dict[str, str] = {}
    switches: set[str] = set()
    rest = list(args)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        letters, value = _letters(word)
        for at, letter in enumerate(letters):
            if letter in _VALUES:
                value = value or letters[at + 1 :] or (rest.pop(0) if rest else "")
                if not value:
                    return f"sudo: option requires an argument -- '{letter}'\n{USAGE}"
                values[letter] = value
                break
            if letter not in _SWITCHES:
                return f"sudo: invalid option -- '{letter}'\n{USAGE}"
            switches.add(letter)
    return Wish(values.get("u", "root"), values.get("p", ""), frozenset(switches), tuple(rest))


def _letters(word: str) -> tuple[str, str]:
    """Return an option's letters, and the value that is written behind its long name."""
    if not word.startswith("--"):
        return word[1:], ""
    name, _, value = word.partition("=")
    return _LONG.get(name, "-"), value


async def refusal_of(
    wish: Wish,
    rule: Sudoers,
    login: str,
    password: str | None,
    *,
    host: str,
    terminal: bool,
    ask: Callable[[str], Awaitable[str]],
    complain: Callable[[str], None],
) -> str | None:
    """Return what sudo says when it does not let somebody; None: it does.

    Args:
        password: The one that is right; None: none is.
        ask: Shows a question and returns the answer.
        complain: Says something between two questions.

    """
    if rule is Sudoers.FREE:
        return None
    if rule is Sudoers.TTY and not terminal:
        return "sudo: sorry, you must have a tty to run sudo"
    if "n" in wish.switches:
        return "sudo: a password is required"
    if not terminal and "S" not in wish.switches:
        return (
            "sudo: a terminal is required to read the password; either use the -S option to read from standard input "
            "or configure an askpass helper\nsudo: a password is required"
        )
    question = wish.prompt or f"[sudo] password for {login}: "
    for left in range(TRIES - 1, -1, -1):
        given = await ask(question.replace("%u", login).replace("%H", host).replace("%h", host))
        if password is not None and hmac.compare_digest(password.encode(), given.encode()):
            break
        if not left:
            return f"sudo: {TRIES} incorrect password attempts"
        complain("Sorry, try again.\n")
    # Only who has shown who he is learns that he may not.
    return f"{login} is not in the sudoers file.  This incident will be reported." if rule is Sudoers.ABSENT else None
