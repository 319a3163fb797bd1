"""Host keys: known_hosts as OpenSSH reads it, nothing accepted that is not there, and words that let people act."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from safeshift.drivers.hostkeys import find_keys, fingerprint, known_name
from safeshift.errors import HostKeyError
from tests.unit.drivers.scripted_device import ScriptedDevice

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import DriverFor


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key("openssh").decode().strip()


def blob(key: asyncssh.SSHKey) -> bytes:
    return key.public_data


def test_unknown_key_is_refused_with_its_fingerprint_and_the_command_that_accepts_it(
    driver_for: DriverFor, device: ScriptedDevice, tmp_path: Path
) -> None:
    """Nothing is accepted at first sight; the operator is told what was shown and how to file it."""
    empty = tmp_path / "empty"
    with pytest.raises(HostKeyError) as caught:
        driver_for(known_hosts=(empty,)).open()
    assert f"[127.0.0.1]:{device.port} shows a host key that is not known" in str(caught.value)
    assert fingerprint(blob(device.key)) in str(caught.value)
    assert f"ssh-keyscan -t ed25519 -p {device.port} 127.0.0.1" in caught.value.hint
    assert device.logins == 0


def test_command_that_accepts_a_key_does_accept_it(
    driver_for: DriverFor, device: ScriptedDevice, tmp_path: Path
) -> None:
    """The printed command, run as it stands, shows the same fingerprint and makes the next login succeed."""
    file = tmp_path / "known"
    with pytest.raises(HostKeyError) as caught:
        driver_for(known_hosts=(file,)).open()
    command = caught.value.hint.partition("accept it: ")[2]
    shown = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True, timeout=20).stdout
    assert fingerprint(blob(device.key)) in shown
    driver_for(known_hosts=(file,)).open()


def test_changed_key_is_refused_with_both_fingerprints_and_can_be_replaced(
    driver_for: DriverFor, device: ScriptedDevice, tmp_path: Path
) -> None:
    """A key that is not the known one stops the run; both are shown, and the command that forgets the old one."""
    other = asyncssh.generate_private_key("ssh-ed25519")
    file = device.known_hosts(tmp_path / "old", key=other)
    with pytest.raises(HostKeyError) as caught:
        driver_for(known_hosts=(file,)).open()
    assert fingerprint(blob(device.key)) in str(caught.value)
    assert fingerprint(blob(other)) in str(caught.value)
    assert f"{file}:1" in str(caught.value)
    command = caught.value.hint.partition("only if it is right: ")[2]
    subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True, timeout=20)
    driver_for(known_hosts=(file,)).open()


def test_revoked_key_is_refused_although_it_is_known(
    driver_for: DriverFor, device: ScriptedDevice, tmp_path: Path
) -> None:
    """``@revoked`` counts above every other line."""
    file = device.known_hosts(tmp_path / "known")
    file.write_text(file.read_text() + f"@revoked * {public(device.key)}\n")
    with pytest.raises(HostKeyError, match="revoked"):
        driver_for(known_hosts=(file,)).open()


def test_hashed_known_hosts_is_understood(driver_for: DriverFor, device: ScriptedDevice, tmp_path: Path) -> None:
    """A file hashed by ssh-keygen itself works, with the port's form inside."""
    file = device.known_hosts(tmp_path / "known")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], check=True, capture_output=True, timeout=20)
    assert "|1|" in file.read_text()
    driver_for(known_hosts=(file,)).open()


def test_key_filed_without_the_port_counts_as_in_openssh(
    driver_for: DriverFor, device: ScriptedDevice, tmp_path: Path
) -> None:
    """Where nothing is filed for the port, the same key under the bare name is accepted, and another is unknown."""
    file = tmp_path / "bare"
    file.write_text(f"127.0.0.1 {public(device.key)}\n")
    driver_for(known_hosts=(file,)).open()
    file.write_text(f"127.0.0.1 {public(asyncssh.generate_private_key('ssh-ed25519'))}\n")
    with pytest.raises(HostKeyError, match="not known"):
        driver_for(known_hosts=(file,)).open()


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("p1.example.net", True),
        ("P1.example.net", True),
        ("*.example.net", True),
        ("p?.example.net,10.0.0.1", True),
        ("*.example.net,!p1.example.net", False),
        ("p2.example.net", False),
        ("[p1.example.net]:2201", False),
        ("|1|broken", False),
    ],
)
def test_name_field_is_matched_as_openssh_matches_it(tmp_path: Path, field: str, found: bool) -> None:
    """Lists, wildcards and exceptions, without regard to case."""
    file = tmp_path / "known"
    file.write_text(f"# a comment\n\n{field} {public(asyncssh.generate_private_key('ssh-ed25519'))} somebody\n")
    assert bool(find_keys((file,), "p1.example.net")) is found


def test_known_name_carries_a_port_that_is_not_ssh_s_own() -> None:
    """The form OpenSSH uses in its files."""
    assert known_name("10.0.0.1", 22) == "10.0.0.1"
    assert known_name("10.0.0.1", 2201) == "[10.0.0.1]:2201"
