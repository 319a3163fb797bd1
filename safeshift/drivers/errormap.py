"""The one place where foreign exceptions (netmiko, paramiko, sockets) become ours.

It decides what kind of trouble a foreign class means; what that says about the device depends on the phase in which
it struck. It retries nothing and hides nothing: the foreign exception stays the cause. Next: ``retrying.py``.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from enum import Enum, auto

import paramiko
import paramiko.ber
import paramiko.hostkeys
import paramiko.packet
import paramiko.pkey
from netmiko.exceptions import NetmikoBaseException

from safeshift.errors import (
    AuthError,
    ConnectError,
    ConnectionLostError,
    DeviceError,
    HostKeyError,
    OutcomeUnknownError,
)


class Phase(Enum):
    """What was under way when the trouble struck: it decides what may have happened to the device."""

    LOGIN = auto()
    READ = auto()
    WRITE = auto()


class Trouble(Enum):
    """What a foreign exception means.

    UNREACHABLE: nothing answers there (now); the only kind that is worth another try by itself.
    UNUSABLE: something answers, but no session can ever come of it as things are configured.
    AUTH: it refused the credentials.
    HOST_KEY: it is not who it should be, or our list of keys cannot be read.
    BROKEN: a session that stood has ended, or said what it must not.
    """

    UNREACHABLE = auto()
    UNUSABLE = auto()
    AUTH = auto()
    HOST_KEY = auto()
    BROKEN = auto()


FOREIGN: dict[str, Trouble] = {
    "netmiko.exceptions.NetmikoBaseException": Trouble.BROKEN,
    "netmiko.exceptions.ConnectionException": Trouble.UNREACHABLE,
    "netmiko.exceptions.NetmikoTimeoutException": Trouble.UNREACHABLE,
    "netmiko.exceptions.NetmikoAuthenticationException": Trouble.AUTH,
    "netmiko.exceptions.ConfigInvalidException": Trouble.BROKEN,
    "netmiko.exceptions.WriteException": Trouble.BROKEN,
    "netmiko.exceptions.ReadException": Trouble.BROKEN,
    "netmiko.exceptions.ReadTimeout": Trouble.BROKEN,
    "netmiko.exceptions.NetmikoParsingException": Trouble.BROKEN,
    "paramiko.ssh_exception.SSHException": Trouble.BROKEN,
    "paramiko.ssh_exception.AuthenticationException": Trouble.AUTH,
    "paramiko.ssh_exception.PasswordRequiredException": Trouble.AUTH,
    "paramiko.ssh_exception.BadAuthenticationType": Trouble.AUTH,
    "paramiko.ssh_exception.PartialAuthentication": Trouble.AUTH,
    "paramiko.ssh_exception.UnableToAuthenticate": Trouble.AUTH,
    "paramiko.auth_strategy.AuthFailure": Trouble.AUTH,
    "paramiko.ssh_exception.ChannelException": Trouble.UNUSABLE,
    "paramiko.ssh_exception.BadHostKeyException": Trouble.HOST_KEY,
    "paramiko.hostkeys.InvalidHostKey": Trouble.HOST_KEY,
    "paramiko.ssh_exception.IncompatiblePeer": Trouble.UNUSABLE,
    "paramiko.ssh_exception.MessageOrderError": Trouble.UNUSABLE,
    "paramiko.ssh_exception.ProxyCommandFailure": Trouble.UNREACHABLE,
    "paramiko.ssh_exception.NoValidConnectionsError": Trouble.UNREACHABLE,
    "paramiko.ssh_exception.CouldNotCanonicalize": Trouble.UNUSABLE,
    "paramiko.ssh_exception.ConfigParseError": Trouble.UNUSABLE,
    "paramiko.buffered_pipe.PipeTimeout": Trouble.BROKEN,
    "paramiko.packet.NeedRekeyException": Trouble.BROKEN,
    "paramiko.pkey.UnknownKeyType": Trouble.UNUSABLE,
    "paramiko.ber.BERException": Trouble.UNUSABLE,
    "paramiko.sftp.SFTPError": Trouble.BROKEN,
    "socket.gaierror": Trouble.UNUSABLE,
    "builtins.OSError": Trouble.UNREACHABLE,
    "builtins.EOFError": Trouble.UNREACHABLE,
    "builtins.ValueError": Trouble.UNUSABLE,
}
"""Every exception class of netmiko and paramiko, by qualified name, and the few of Python that they let through."""

FOREIGN_ERRORS: tuple[type[Exception], ...] = (
    NetmikoBaseException,
    paramiko.SSHException,
    paramiko.SFTPError,
    paramiko.hostkeys.InvalidHostKey,
    paramiko.packet.NeedRekeyException,
    paramiko.pkey.UnknownKeyType,
    paramiko.ber.BERException,
    OSError,
    EOFError,
    ValueError,
)
"""The roots of the classes above: what code that calls netmiko or paramiko catches and hands to ``translate``."""

NO_CREDENTIALS = "No authentication methods available"
"""paramiko says this with a bare SSHException: no key, no agent, no password would do."""
NO_ANSWER_ERRNOS = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT)

NAME_HINT = "Write the device's address into the inventory as ansible_host, or correct the name; nothing was sent."
HINTS = {
    Trouble.UNREACHABLE: "Check that the device is up, its address and port, and the way to it; nothing was sent.",
    Trouble.UNUSABLE: (
        "Something answers, but no session comes of it: see the reason, compare the SSH algorithms that the device "
        "offers (`ssh -vv`), its session limit, and the name in the inventory."
    ),
    Trouble.AUTH: "Check the user and the credentials. The login is not tried again, so that no account is locked.",
    Trouble.HOST_KEY: "Check the device's host key and the known_hosts files of this connection.",
}


def trouble_of(error: BaseException) -> Trouble:
    """Say what kind of trouble a foreign exception is.

    netmiko wraps whatever happens at login in two classes of its own; the wrapped exception says more, so it wins.
    """
    origin = origin_of(error)
    if str(origin) == NO_CREDENTIALS:
        return Trouble.AUTH
    for cls in type(origin).__mro__:
        found = FOREIGN.get(f"{cls.__module__}.{cls.__qualname__}")
        if found is not None:
            return found
    return Trouble.BROKEN


def origin_of(error: BaseException) -> BaseException:
    """Return the exception that a netmiko exception wraps, or the exception itself."""
    if type(error).__module__.startswith("netmiko."):
        for inner in _wrapped(error):
            if type(inner).__module__.startswith(("paramiko.", "socket", "builtins")):
                return inner
    return error


def _wrapped(error: BaseException) -> Iterator[BaseException]:
    inner = error.__cause__ or error.__context__
    while inner is not None:
        yield inner
        inner = inner.__cause__ or inner.__context__


def translate(error: BaseException, *, device: str, phase: Phase, where: str) -> DeviceError:
    """Return our error for a foreign exception; the caller raises it ``from`` the foreign one.

    Args:
        where: What we talked to, for people: ``10.0.0.1:22``, ``jump host 10.0.0.9:22``.

    """
    if isinstance(error, DeviceError):
        return error
    if phase is not Phase.LOGIN:
        return doubt(device, phase, f"the session to {where} ended: {_words(origin_of(error))}")
    trouble = trouble_of(error)
    words = _words(origin_of(error))
    match trouble:
        case Trouble.AUTH:
            return AuthError(device, f"{where} refused the login: {words}", hint=HINTS[trouble])
        case Trouble.HOST_KEY:
            return HostKeyError(device, f"{where}: {words}", hint=HINTS[trouble])
        case Trouble.UNUSABLE:
            hint = NAME_HINT if isinstance(error, socket.gaierror) else HINTS[trouble]
            return ConnectError(device, f"no session with {where}: {words}", hint=hint)
        case Trouble.UNREACHABLE | Trouble.BROKEN:
            return ConnectError(device, f"{where} cannot be reached: {words}", hint=HINTS[Trouble.UNREACHABLE])


def doubt(device: str, phase: Phase, message: str) -> DeviceError:
    """Return the error for a session that ended or spoke nonsense, by what was under way.

    Returns:
        ``ConnectError`` at login, ``ConnectionLostError`` in a read (the device was not changed by us),
        ``OutcomeUnknownError`` in a write.

    """
    match phase:
        case Phase.LOGIN:
            return ConnectError(device, message, hint=HINTS[Trouble.UNREACHABLE])
        case Phase.READ:
            return ConnectionLostError(device, message, hint="Nothing was changed by this read; look at the device.")
        case Phase.WRITE:
            return OutcomeUnknownError(
                device,
                message,
                hint="The lines may or may not have taken effect: read the device before anything else.",
            )


def is_unreachable(error: BaseException) -> bool:
    """Tell whether another login may succeed where this one failed: nothing answered, and nothing was refused."""
    if not isinstance(error, ConnectError) or error.__cause__ is None:
        return False
    return trouble_of(error.__cause__) in (Trouble.UNREACHABLE, Trouble.BROKEN)


def _words(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(error, ConnectionRefusedError):
        return "it refuses connections on that port"
    if isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in NO_ANSWER_ERRNOS):
        return "nothing answers"
    if isinstance(error, EOFError):
        return "it closed the connection"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split())
    return text or type(error).__name__
