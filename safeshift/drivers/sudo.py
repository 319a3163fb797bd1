"""sudo on a node: how a command runs as the become user, and the talk about the password that may come before it.

It decides what is typed to sudo, and never types a wrong password twice. A password goes only to sudo's standard input,
when sudo asks for it with a marker that nobody else knows. Next: ``streams.py``, which carries the talk.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable

from safeshift.errors import AuthError
from safeshift.model.connection import Connection

CHECK = "ping -V"
"""What is run to see whether sudo lets us: the command that matters, for sudoers may allow no other."""

_REFUSAL = re.compile(
    rb"^(?:[\w./-]*sudo: .*(?:password is required|password attempt|must have a tty|terminal is required|no tty present"
    rb"|no password was provided|unknown user|command not found|account validation failure|no new privileges"
    rb"|must be owned by uid 0|invalid option|unrecognized option)"
    rb"|.*is not (?:in the sudoers file|allowed to (?:execute|run sudo))"
    rb"|.*may not run sudo|Sorry, (?:user|a password)).*$",
    re.MULTILINE,
)
_WARNING = re.compile(rb"^sudo: unable to (?:resolve host|send audit).*\r?\n", re.MULTILINE)
_LINE = 300  # of what a node said, so much is told

_HINTS = (
    (
        "password",
        "Set the right ansible_become_password, or give -K; it is not tried again, so that no account is locked.",
    ),
    ("tty", "Exempt this user from requiretty in the node's sudoers; safeshift asks for no terminal."),
    ("", "Allow it in the node's sudoers, or set ansible_become: false for this node: ping needs no root."),
)


class Sudo:
    """How commands run as another user on one node; shared by all streams of a driver.

    Guarantees:
        After sudo refused once, nothing is asked of it again: each further ``wrap`` raises the same.
    """

    def __init__(self, connection: Connection) -> None:
        self.device = connection.host
        self.user = connection.become_user
        self.login = connection.user
        self.marker = f"[safeshift {secrets.token_hex(8)}] password: "
        self.password = connection.become_password
        self._words = (*connection.become_exe, *connection.become_flags)
        self._refusal: str | None = None

    def wrap(self, command: str) -> str:
        """Return the line that runs a command as the become user; the password is not in it.

        Raises:
            AuthError: sudo refused before.

        """
        if self._refusal is not None:
            raise self.failed(self._refusal)
        asks = ("-n",) if self.password is None else ("-S", "-p", self.marker)
        return f"{shlex.join((*self._words, *asks, '-u', self.user, '--'))} {command}"

    def refuse(self, words: str) -> AuthError:
        """Note that sudo refused for good, and return the error that says so."""
        self._refusal = words
        return self.failed(words)

    def failed(self, words: str) -> AuthError:
        """Return the error that says in these words that sudo did not run a command."""
        if self.password is not None:
            words = words.replace(self.password.reveal(), "***")
        words = " ".join(words.split())[:_LINE] or "no reason given"
        hint = next(hint for word, hint in _HINTS if word in words)
        return AuthError(self.device, f"sudo does not let {self.login} run commands as {self.user}: {words}", hint=hint)


class Talk:
    """What passes between sudo and us before one command runs."""

    def __init__(self, sudo: Sudo) -> None:
        self.answered = False
        self._sudo = sudo
        self._marker = sudo.marker.encode()

    def hear(self, heard: bytes, write: Callable[[bytes], None]) -> bytes:
        """Take output that was not read as lines yet; return what of it is the command's, and answer sudo's question.

        Raises:
            AuthError: sudo asks again, or said no.

        """
        _lecture, asked, behind = heard.partition(self._marker)
        if asked:
            if self.answered or self._sudo.password is None:
                raise self._sudo.refuse("it does not take the become password")
            self.answered = True
            write(self._sudo.password.reveal().encode() + b"\n")
            heard = behind
        refusal = _REFUSAL.search(heard)
        if refusal is not None:
            raise self._sudo.refuse(refusal[0].decode("utf-8", "replace"))
        return _WARNING.sub(b"", heard)
