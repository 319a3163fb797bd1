"""Getting in: credentials of every kind, jump hosts, enable, and what is tried how often."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import paramiko
import pytest
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.server import InteractiveQuery

from safeshift.errors import AuthError, ConnectError, HostKeyError
from safeshift.model.jumps import Jump
from safeshift.model.vault import Secret
from tests.unit.drivers.scripted_device import PASSWORD, USER, ScriptedDevice, serving

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import DriverFor


@pytest.fixture
def bastion() -> Iterator[ScriptedDevice]:
    """A host to go through."""
    with serving(ScriptedDevice("bastion")) as running:
        yield running


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A client's private key."""
    path = tmp_path / "id_ed25519"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(path)
    return path


def public_of(path: Path) -> str:
    return asyncssh.read_private_key(path).export_public_key("openssh").decode()


def test_open_twice_logs_in_once(driver_for: DriverFor, device: ScriptedDevice) -> None:
    """Opening is idempotent."""
    driver = driver_for()
    driver.open()
    driver.open()
    assert device.logins == 1


def test_wrong_password_is_tried_once_and_names_the_way(driver_for: DriverFor, device: ScriptedDevice) -> None:
    """A refused login is never repeated: accounts lock."""
    with pytest.raises(AuthError, match="refused the login"):
        driver_for(password=Secret("wrong")).open()
    assert device.logins == 1


def test_password_is_in_no_error(driver_for: DriverFor, device: ScriptedDevice) -> None:
    """What was refused is not printed."""
    with pytest.raises(AuthError) as caught:
        driver_for(password=Secret("not-to-be-seen")).open()
    assert "not-to-be-seen" not in str(caught.value) + caught.value.hint + repr(caught.value.__cause__)


class AskingServer(paramiko.ServerInterface):
    """Takes no password but asks for one. paramiko's server, since asyncssh's hangs up at a second attempt."""

    def get_allowed_auths(self, username: str) -> str:
        return "keyboard-interactive"

    def check_auth_interactive(self, username: str, submethods: str) -> InteractiveQuery:
        return InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return AUTH_SUCCESSFUL if responses == [PASSWORD] else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_pty_request(self, channel: paramiko.Channel, *_: object) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        channel.sendall(b"p1#")
        return True


def test_keyboard_interactive_takes_the_password(driver_for: DriverFor, tmp_path: Path) -> None:
    """A device that asks instead of taking a password is answered with it."""
    key = paramiko.RSAKey.generate(2048)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        known = tmp_path / "asking"
        known.write_text(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
        servers: list[paramiko.Transport] = []

        def serve() -> None:
            servers.append(paramiko.Transport(listener.accept()[0]))
            servers[0].add_server_key(key)
            servers[0].start_server(server=AskingServer())

        thread = threading.Thread(target=serve)
        thread.start()
        driver_for(port=port, known_hosts=(known,)).open()
        thread.join(5)
        servers[0].close()


def test_key_file_logs_in_without_a_password(driver_for: DriverFor, device: ScriptedDevice, key_file: Path) -> None:
    """A private key is enough."""
    device.client_keys = public_of(key_file)
    driver_for(password=None, key_file=key_file).open()
    assert device.logins == 0


def test_key_file_that_is_not_there_is_said_so(driver_for: DriverFor, device: ScriptedDevice, tmp_path: Path) -> None:
    """A wrong path is not taken for an unreachable device."""
    with pytest.raises(AuthError, match="nowhere cannot be read"):
        driver_for(key_file=tmp_path / "nowhere").open()


def test_unreachable_device_is_tried_again_and_said_to_be_so(driver_for: DriverFor) -> None:
    """Nothing listens there: a connect error with the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ConnectError, match=f"127.0.0.1:{port} cannot be reached: it refuses connections"):
            driver_for(port=port).open()


def test_unreachable_device_that_comes_up_meanwhile_is_reached(driver_for: DriverFor, device: ScriptedDevice) -> None:
    """A connection that was reset in its first bytes is tried again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        driver = driver_for(port=listener.getsockname()[1])
        attempts = count_resets(listener)
        with pytest.raises(ConnectError):
            driver.open()
        assert len(attempts) == 3


def count_resets(listener: socket.socket) -> list[int]:
    """Accept and drop whoever comes, in a thread that ends with the listener."""
    seen: list[int] = []

    def drop() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            seen.append(1)
            peer.close()

    threading.Thread(target=drop, daemon=True).start()
    return seen


def test_name_that_cannot_be_resolved_is_said_so(driver_for: DriverFor) -> None:
    """A typing error in an address is not a time-out."""
    with pytest.raises(ConnectError, match="name cannot be resolved"):
        driver_for(address="no-such-host.invalid").open()


def test_enable_gives_the_password_and_reaches_exec_mode(driver_for: DriverFor, device: ScriptedDevice) -> None:
    """Where the login lands unprivileged, become leads on."""
    device.unprivileged = True
    driver = driver_for(become=True)
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert driver.write(["configure terminal", "vlan 5", "end"]).mode == ""
    assert "enable" in device.received


def test_enable_with_a_wrong_password_is_an_auth_error(driver_for: DriverFor, device: ScriptedDevice) -> None:
    """The device's words are told, and it is not tried again."""
    device.unprivileged = True
    with pytest.raises(AuthError, match="Bad secrets"):
        driver_for(become=True, become_password=Secret("wrong")).open()
    assert device.received.count("enable") == 1


def test_prompt_of_another_host_of_the_inventory_is_refused(driver_for: DriverFor, device: ScriptedDevice) -> None:
    """An address that leads to somebody else's device is found before anything is sent."""
    device.host = "p2"
    with pytest.raises(ConnectError, match="calls itself 'p2'"):
        driver_for(others=("p1", "p2")).open()
    assert device.received == []


def test_prompt_with_a_name_the_inventory_does_not_know_is_accepted(
    driver_for: DriverFor, device: ScriptedDevice
) -> None:
    """People name hosts in an inventory as they like."""
    device.host = "DC1-CORE-LEFT"
    driver_for(others=("p1", "p2")).open()


def test_terminal_that_waits_for_a_key_is_given_one(driver_for: DriverFor, device: ScriptedDevice) -> None:
    """Silence after the login is answered with Enter, once."""
    device.faults["login"] = "press enter"
    driver_for().open()


def test_jump_host_is_gone_through_with_its_own_key(
    driver_for: DriverFor, device: ScriptedDevice, bastion: ScriptedDevice, key_file: Path, tmp_path: Path
) -> None:
    """The way leads through the hop, and what is read is the device's."""
    bastion.client_keys = public_of(key_file)
    both = tmp_path / "both"
    both.write_text(
        device.known_hosts(tmp_path / "one").read_text() + bastion.known_hosts(tmp_path / "two").read_text()
    )
    hop = Jump("bastion", "127.0.0.1", bastion.port, USER, key_file)
    driver = driver_for(jump=(hop,), known_hosts=(both,), password=Secret(PASSWORD))
    assert driver.read(["show version"]) == ("Cisco IOS Software",)


def test_jump_host_whose_key_is_unknown_is_refused(
    driver_for: DriverFor, device: ScriptedDevice, bastion: ScriptedDevice, key_file: Path
) -> None:
    """A hop is verified like a device; nothing gets as far as the device behind it."""
    bastion.client_keys = public_of(key_file)
    hop = Jump("bastion", "127.0.0.1", bastion.port, USER, key_file)
    with pytest.raises(HostKeyError, match=rf"\]:{bastion.port} shows a host key that is not known"):
        driver_for(jump=(hop,)).open()
    assert device.logins == 0


def test_jump_host_that_cannot_reach_the_device_is_said_so(
    driver_for: DriverFor, device: ScriptedDevice, bastion: ScriptedDevice, key_file: Path, tmp_path: Path
) -> None:
    """The error names the hop that the way ends at."""
    bastion.client_keys = public_of(key_file)
    hop = Jump("bastion", "127.0.0.1", bastion.port, USER, key_file)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectError, match=r"through jump host 127\.0\.0\.1"):
            driver_for(
                jump=(hop,), port=taken.getsockname()[1], known_hosts=(bastion.known_hosts(tmp_path / "hop"),)
            ).open()


def test_jump_host_is_gone_through_with_a_password(
    driver_for: DriverFor, device: ScriptedDevice, bastion: ScriptedDevice, tmp_path: Path
) -> None:
    """A hop with a password of its own is given that one, once."""
    both = tmp_path / "both"
    both.write_text(
        device.known_hosts(tmp_path / "one").read_text() + bastion.known_hosts(tmp_path / "two").read_text()
    )
    hop = Jump("bastion", "127.0.0.1", bastion.port, USER, password=Secret(PASSWORD))
    assert driver_for(jump=(hop,), known_hosts=(both,)).read(["show version"]) == ("Cisco IOS Software",)
    assert (bastion.logins, device.logins) == (1, 1)


def test_jump_host_without_a_login_says_how_to_give_it_one(
    driver_for: DriverFor,
    device: ScriptedDevice,
    bastion: ScriptedDevice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where no key and no agent is there, the hint leads to the inventory; the device's own password is not tried."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    hop = Jump("bastion", "127.0.0.1", bastion.port, USER)
    with pytest.raises(AuthError, match="jump host") as caught:
        driver_for(jump=(hop,), known_hosts=(bastion.known_hosts(tmp_path / "hop"),)).open()
    assert "a host of the inventory" in caught.value.hint
    assert (bastion.logins, device.logins) == (0, 0)
