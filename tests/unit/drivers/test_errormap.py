"""The error map: complete, by name, and true about the state of the device."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import socket
import sys
import warnings
from types import ModuleType

import netmiko
import paramiko
import pytest
from paramiko.ssh_exception import IncompatiblePeer

from safeshift.drivers.errormap import FOREIGN, FOREIGN_ERRORS, Phase, Trouble, is_unreachable, translate, trouble_of
from safeshift.errors import (
    AuthError,
    ConnectError,
    ConnectionLostError,
    DeviceError,
    HostKeyError,
    OutcomeUnknownError,
)

WINDOWS_OR_EXTRA = {"paramiko._winapi", "paramiko.win_pageant", "paramiko.win_openssh", "netmiko.snmp_autodetect"}


def modules_of(package: ModuleType) -> list[ModuleType]:
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name not in WINDOWS_OR_EXTRA and not info.name.endswith("__main__"):
                found.append(importlib.import_module(info.name))
    return found


def exception_classes(package: ModuleType) -> dict[str, type[BaseException]]:
    return {
        f"{cls.__module__}.{cls.__qualname__}": cls
        for module in modules_of(package)
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, BaseException) and cls.__module__.startswith(f"{package.__name__}.")
    }


@pytest.mark.parametrize("package", [netmiko, paramiko], ids=lambda package: package.__name__)
def test_every_exception_class_is_mapped_and_caught(package: ModuleType) -> None:
    """A class that a new release adds fails this test until somebody says what it means."""
    classes = exception_classes(package)
    assert len(classes) > 5
    assert sorted(set(classes) - set(FOREIGN)) == []
    assert [name for name, cls in classes.items() if not issubclass(cls, FOREIGN_ERRORS)] == []


def test_map_names_only_classes_that_can_be_imported() -> None:
    """A misspelt name in the table would never match."""
    for name in FOREIGN:
        module, _, cls = name.rpartition(".")
        assert isinstance(getattr(sys.modules[module], cls), type), name


@pytest.mark.parametrize(
    ("error", "phase", "expected"),
    [
        (ConnectionRefusedError(111, "Connection refused"), Phase.LOGIN, ConnectError),
        (TimeoutError("timed out"), Phase.LOGIN, ConnectError),
        (socket.gaierror(-2, "Name or service not known"), Phase.LOGIN, ConnectError),
        (paramiko.AuthenticationException("Authentication failed."), Phase.LOGIN, AuthError),
        (paramiko.SSHException("No authentication methods available"), Phase.LOGIN, AuthError),
        (IncompatiblePeer("no acceptable kex algorithm"), Phase.LOGIN, ConnectError),
        (paramiko.hostkeys.InvalidHostKey("line", ValueError()), Phase.LOGIN, HostKeyError),
        (OSError("Socket is closed"), Phase.READ, ConnectionLostError),
        (OSError("Socket is closed"), Phase.WRITE, OutcomeUnknownError),
        (EOFError(), Phase.READ, ConnectionLostError),
        (paramiko.SSHException("anything"), Phase.WRITE, OutcomeUnknownError),
    ],
)
def test_translate_says_by_phase_what_may_have_happened(
    error: Exception, phase: Phase, expected: type[DeviceError]
) -> None:
    """The same trouble is no session at login, a lost read, or a write whose outcome nobody knows."""
    ours = translate(error, device="p1", phase=phase, where="10.0.0.1:22")
    assert type(ours) is expected
    assert "\n" not in str(ours)
    assert ours.hint


def test_trouble_of_a_netmiko_wrapper_is_that_of_what_it_wraps() -> None:
    """What netmiko raises calls everything a time-out; the exception inside tells the truth."""
    try:
        try:
            raise IncompatiblePeer("no acceptable host key")
        except paramiko.SSHException:
            raise netmiko.NetmikoTimeoutException("A paramiko SSHException occurred")  # noqa: B904  # as netmiko does
    except netmiko.NetmikoTimeoutException as error:
        assert trouble_of(error) is Trouble.UNUSABLE
        assert "no acceptable host key" in str(translate(error, device="p1", phase=Phase.LOGIN, where="there"))


def test_only_silence_is_worth_another_login() -> None:
    """A refused password or an unknown algorithm is not tried again."""

    def login_error(cause: Exception) -> DeviceError:
        try:
            raise translate(cause, device="p1", phase=Phase.LOGIN, where="there") from cause
        except DeviceError as error:
            return error

    assert is_unreachable(login_error(ConnectionRefusedError(111, "Connection refused")))
    assert not is_unreachable(login_error(paramiko.AuthenticationException("no")))
    assert not is_unreachable(login_error(IncompatiblePeer("no kex")))
    assert not is_unreachable(ConnectError("p1", "the prompt is another device's"))
