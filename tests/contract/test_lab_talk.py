"""Other people's SSH clients against lab devices: netmiko, paramiko, OpenSSH, NAPALM see what a real device shows."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import paramiko
import pytest
from netmiko import ConnectHandler, NetmikoAuthenticationException
from netmiko.exceptions import ReadTimeout

from safeshift.errors import LabError
from safeshift.lab.device import Device, DeviceSpec
from safeshift.lab.faults import Fault, FaultKind
from safeshift.lab.sshd import new_host_key, serve
from tests.lab_bench import PATIENCE_S, Bench, TinyAround, make_device

DEVICES = {"arista_eos": "l1", "cisco_ios": "p2", "cisco_xe": "p2", "linux": "n1"}


@pytest.fixture(scope="module")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client's key pair, and its public half beside it."""
    path = tmp_path_factory.mktemp("keys") / "id_ed25519"
    path.write_text(new_host_key())
    path.chmod(0o600)
    public = paramiko.Ed25519Key(filename=str(path))
    path.with_suffix(".pub").write_text(f"{public.get_name()} {public.get_base64()} test\n")
    return path


@pytest.fixture
def bench(key_files: Path) -> Iterator[Bench]:
    """One device of each dialect behind SSH."""
    keys = (key_files.with_suffix(".pub").read_text(),)
    around = TinyAround()
    around.lost.add(IPv4Address("10.9.9.9"))
    dialects = ("arista_eos", "cisco_ios", "linux")
    with Bench(*(make_device(dialect, around=around, authorized_keys=keys) for dialect in dialects)) as made:
        yield made


def _netmiko(bench: Bench, kind: str, **more: Any) -> Any:
    given = {"device_type": kind, "host": "127.0.0.1", "username": "netops", "password": "right", **more}
    return ConnectHandler(port=bench.port(DEVICES[kind]), **given)


def _paramiko(bench: Bench, name: str, **more: Any) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    kind, key = bench.host_key(name).split()
    entry = f"[127.0.0.1]:{bench.port(name)}"
    client.get_host_keys().add(entry, kind, paramiko.PKey.from_type_string(kind, base64.b64decode(key)))
    given = {"username": "netops", "password": "right", "allow_agent": False, "look_for_keys": False, **more}
    client.connect("127.0.0.1", port=bench.port(name), **given)
    return client


def _await(over: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not over():
        assert time.monotonic() < deadline, "what was waited for never came"
        time.sleep(0.005)


# netmiko --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["arista_eos", "cisco_ios", "cisco_xe"])
def test_netmiko_reads_configures_and_saves(bench: Bench, kind: str) -> None:
    """Netmiko's own session preparation, show, config set and save work as with the vendor's device."""
    connection = _netmiko(bench, kind)
    assert "uptime" in connection.send_command("show version").lower()
    answer = connection.send_config_set(["router ospf 1", "max-metric router-lsa"])
    assert "(config-router" in answer
    assert "max-metric router-lsa" in connection.send_command("show running-config")
    connection.save_config()
    assert "max-metric router-lsa" in bench.devices[DEVICES[kind]].startup_text()
    connection.disconnect()


@pytest.mark.parametrize("kind", ["arista_eos", "cisco_ios"])
def test_netmiko_enables_with_the_secret(kind: str) -> None:
    """A login that lands at ``>`` becomes privileged by netmiko's own ``enable``."""
    with Bench(make_device(kind, needs_enable=True, enable_secret="sesame")) as bench:
        connection = _netmiko(bench, kind, secret="sesame")
        connection.enable()
        assert connection.find_prompt().endswith("#")
        connection.disconnect()


def test_netmiko_sees_a_refused_line(bench: Bench) -> None:
    """A refused line raises by the error pattern that netmiko's users pass."""
    connection = _netmiko(bench, "arista_eos")
    with pytest.raises(Exception, match="Invalid input"):
        connection.send_config_set(["interface Ethernet1", "ip ospf cots 5"], error_pattern="% Invalid input")
    connection.disconnect()


def test_netmiko_works_inside_a_configuration_session(bench: Bench) -> None:
    """A session is entered, filled and committed with netmiko's configuration calls."""
    connection = _netmiko(bench, "arista_eos")
    connection.config_mode("configure session ss-1")
    connection.send_config_set(["router ospf 1", "max-metric router-lsa"], exit_config_mode=False)
    connection.send_command("commit timer 00:05:00", expect_string=r"l1#")
    assert "ss-1" in connection.send_command("show configuration sessions detail")
    connection.send_command("configure session ss-1 abort")
    assert "max-metric" not in bench.devices["l1"].running_text()
    connection.disconnect()


def test_netmiko_works_on_a_node(bench: Bench) -> None:
    """A node's shell answers netmiko, also as root."""
    connection = _netmiko(bench, "linux", secret="right")
    assert connection.send_command("hostname") == "n1"
    assert "root" in connection.send_config_set(["whoami"])
    connection.disconnect()


def test_wrong_password_is_an_authentication_failure(bench: Bench) -> None:
    """A wrong password is refused, and a right one while the fault is active."""
    with pytest.raises(NetmikoAuthenticationException):
        _netmiko(bench, "arista_eos", password="wrong")
    bench.call(lambda: bench.devices["l1"].inject(Fault(FaultKind.WRONG_PASSWORD, "l1")))
    with pytest.raises(NetmikoAuthenticationException):
        _netmiko(bench, "arista_eos")


def test_hanging_device_times_a_client_out_and_keeps_its_connection(bench: Bench) -> None:
    """While a device hangs, TCP stays up and no answer comes; later the same session answers."""
    connection = _netmiko(bench, "arista_eos", read_timeout_override=0.5)
    device = bench.devices["l1"]
    bench.call(lambda: device.inject(Fault(FaultKind.HANG, "l1")))
    with pytest.raises(ReadTimeout):
        connection.send_command("show hostname", auto_find_prompt=False)
    assert connection.remote_conn.transport.is_active()
    bench.call(lambda: device.clear())
    _await(lambda: "FQDN" in connection.read_channel())
    connection.disconnect()


# paramiko -------------------------------------------------------------------------------------------------------------


def test_exec_channel_runs_one_command_with_status_and_streams(bench: Bench) -> None:
    """An exec channel gives output, errors apart, and the exit status."""
    client = _paramiko(bench, "n1")
    _, out, _ = client.exec_command("echo hi; false")
    assert (out.read(), out.channel.recv_exit_status()) == (b"hi\n", 1)
    _, out, err = client.exec_command("frobnicate")
    assert (out.read(), err.read()) == (b"", b"bash: frobnicate: command not found\n")
    assert out.channel.recv_exit_status() == 127
    client.close()


def test_router_answers_on_an_exec_channel(bench: Bench) -> None:
    """One command over exec works on routers as well."""
    client = _paramiko(bench, "l1")
    _, out, _ = client.exec_command("show hostname")
    assert out.read() == b"Hostname: l1\nFQDN:     l1\n"
    client.close()


def test_closed_channel_ends_its_pings(bench: Bench) -> None:
    """When a client closes the channel, the session and all pings in it are gone, and the connection lives."""
    client = _paramiko(bench, "n1")
    _, out, _ = client.exec_command("exec ping -O -i 0.01 10.0.0.1 & ping -O -i 0.01 10.9.9.9 & wait")
    lines = [out.readline() for _ in range(12)]
    assert any("icmp_seq=2 ttl=" in line for line in lines)
    assert any(line == "no answer yet for icmp_seq=1\n" for line in lines)
    assert len(bench.devices["n1"].terminals) == 1
    out.channel.close()
    _await(lambda: not bench.devices["n1"].terminals)
    assert client.exec_command("hostname")[1].read() == b"n1\n"
    client.close()


def test_several_sessions_share_one_connection(bench: Bench) -> None:
    """Two shells in one connection are two sessions with modes of their own."""
    client = _paramiko(bench, "l1")
    first, second = client.invoke_shell(), client.invoke_shell()
    _read_until(first, b"l1#")
    _read_until(second, b"l1#")
    first.send(b"configure terminal\n")
    _read_until(first, b"l1(config)#")
    second.send(b"show hostname\n")
    assert b"(config)" not in _read_until(second, b"FQDN:     l1\r\nl1#")
    client.close()


def test_shell_echoes_what_is_typed_and_hides_secrets(bench: Bench) -> None:
    """Bytes are echoed as they come, before Enter."""
    client = _paramiko(bench, "n1")
    shell = client.invoke_shell()
    _read_until(shell, b"$ ")
    shell.send(b"sudo")
    assert _read_until(shell, b"sudo") == b"sudo"
    client.close()


def _read_until(channel: paramiko.Channel, end: bytes) -> bytes:
    channel.settimeout(PATIENCE_S)
    data = b""
    while not data.endswith(end):
        piece = channel.recv(4096)
        assert piece, data
        data += piece
    return data


def test_public_key_logs_in_and_another_does_not(bench: Bench, key_files: Path) -> None:
    """A key of the list is let in; a key that nobody knows is not."""
    client = _paramiko(bench, "l1", password=None, key_filename=str(key_files))
    client.close()
    stranger = key_files.with_name("stranger")
    stranger.write_text(new_host_key())
    with pytest.raises(paramiko.AuthenticationException):
        _paramiko(bench, "l1", password=None, key_filename=str(stranger))


def test_keyboard_interactive_asks_for_the_password(bench: Bench) -> None:
    """A client that only knows keyboard-interactive logs in with the same password."""
    with socket.create_connection(("127.0.0.1", bench.port("p2"))) as wire:
        transport = paramiko.Transport(wire)
        transport.start_client(timeout=PATIENCE_S)
        transport.auth_interactive("netops", lambda title, text, prompts: ["right" for _ in prompts])
        assert transport.is_authenticated()
        transport.close()


# The way to the device ------------------------------------------------------------------------------------------------


def test_changed_host_key_is_shown_to_new_connections(bench: Bench) -> None:
    """With that fault a client that knows the old key refuses; cleared, the old key is back."""
    bench.call(lambda: bench.devices["l1"].inject(Fault(FaultKind.CHANGED_HOST_KEY, "l1")))
    _await(lambda: _connects(bench, "l1"))
    with pytest.raises(paramiko.SSHException):
        _paramiko(bench, "l1").close()
    bench.call(lambda: bench.devices["l1"].clear(FaultKind.CHANGED_HOST_KEY))
    _await(lambda: _logs_in(bench, "l1"))


def _connects(bench: Bench, name: str) -> bool:
    with socket.socket() as wire:
        return wire.connect_ex(("127.0.0.1", bench.port(name))) == 0


def _logs_in(bench: Bench, name: str) -> bool:
    try:
        _paramiko(bench, name).close()
    except (OSError, paramiko.SSHException):
        return False
    return True


def test_refused_management_drops_connections_and_comes_back(bench: Bench) -> None:
    """Cut with ``refuse``: open connections end, new ones are refused, and after the time all is well."""
    client = _paramiko(bench, "l1")
    transport = client.get_transport()
    assert transport is not None
    bench.call(lambda: bench.devices["l1"].inject(Fault(FaultKind.CUT_MANAGEMENT, "l1", seconds=0.2)))
    _await(lambda: not transport.is_active())
    _await(lambda: not _connects(bench, "l1") or _logs_in(bench, "l1"))
    _await(lambda: _logs_in(bench, "l1"))
    client.close()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="packets are dropped by a filter that only Linux has")
def test_black_hole_swallows_old_and_new_connections(bench: Bench) -> None:
    """Cut with ``blackhole``: nothing is refused and nothing answers; the open session goes on when it is over."""
    client = _paramiko(bench, "l1")
    shell = client.invoke_shell()
    _read_until(shell, b"l1#")
    fault = Fault(FaultKind.CUT_MANAGEMENT, "l1", when="blackhole")
    bench.call(lambda: bench.devices["l1"].inject(fault))
    _await(lambda: bench.call(lambda: bench.devices["l1"].silent))
    shell.send(b"show hostname\n")
    with socket.socket() as wire:
        wire.settimeout(0.3)
        with pytest.raises(TimeoutError):
            wire.connect(("127.0.0.1", bench.port("l1")))
    assert not shell.recv_ready()
    bench.call(lambda: bench.devices["l1"].clear())
    assert b"FQDN" in _read_until(shell, b"FQDN:     l1\r\nl1#")
    client.close()


def test_rebooting_device_is_gone_and_returns(bench: Bench) -> None:
    """During a reboot the port refuses; afterwards the startup configuration answers on the same port."""
    connection = _netmiko(bench, "cisco_ios")
    connection.send_config_set(["hostname p7"])
    bench.call(lambda: bench.devices["p2"].inject(Fault(FaultKind.REBOOT, "p2", seconds=0.2)))
    _await(lambda: not connection.remote_conn.transport.is_active())
    _await(lambda: _logs_in(bench, "p2"))
    again = _netmiko(bench, "cisco_ios")
    assert again.find_prompt() == "p2#"
    again.disconnect()
    connection.paramiko_cleanup()


def test_port_that_is_taken_is_refused_with_its_number() -> None:
    """Two devices cannot have one port; the sentence says which."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        bench = Bench()
        bench._thread.start()
        try:
            device = Device(DeviceSpec("l1", "arista_eos"), TinyAround())
            with pytest.raises(LabError, match=f"port {port} of lab device l1 is taken"):
                bench.run(serve([device], ports={"l1": port}))
        finally:
            bench.__exit__(None, None, None)


# OpenSSH and NAPALM ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs OpenSSH's client")
@pytest.mark.parametrize(
    ("name", "command", "wanted"), [("l1", "show hostname", "FQDN:     l1"), ("n1", "whoami", "netops")]
)
def test_openssh_logs_in_by_key_and_checks_the_host(
    bench: Bench, key_files: Path, tmp_path: Path, name: str, command: str, wanted: str
) -> None:
    """Plain ``ssh`` with strict host-key checks runs a command, and an interactive session ends by ``exit``."""
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{bench.port(name)} {bench.host_key(name)}\n")
    base = ["ssh", "-F", "none", "-i", str(key_files), "-p", str(bench.port(name)), "-o", f"UserKnownHostsFile={known}"]
    base += ["-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-l", "netops"]
    once = subprocess.run([*base, "127.0.0.1", command], capture_output=True, text=True, timeout=30, check=False)
    assert (once.returncode, wanted in once.stdout) == (0, True), once.stderr
    typed = f"{command}\nexit\n"
    shell = subprocess.run(
        [*base, "-tt", "127.0.0.1"], input=typed, capture_output=True, text=True, timeout=30, check=False
    )
    assert (shell.returncode, wanted in shell.stdout) == (0, True), shell.stderr


def test_napalm_reads_and_commits_with_a_timer(bench: Bench) -> None:
    """NAPALM's eos driver over SSH gets facts, loads, compares, commits with revert_in, and confirms."""
    napalm = pytest.importorskip("napalm", reason="NAPALM is not installed: its view of the lab is not tried")
    driver = napalm.get_network_driver("eos")
    given = {"transport": "ssh", "port": bench.port("l1")}
    with driver("127.0.0.1", "netops", "right", optional_args=given) as device:
        assert device.get_facts()["hostname"] == "l1"
        assert device.get_interfaces()["Ethernet1"]["speed"] == 40000.0
        device.load_merge_candidate(config="interface Ethernet1\n ip ospf cost 77\n")
        assert "+   ip ospf cost 77" in device.compare_config()
        device.commit_config(revert_in=120)
        assert device.has_pending_commit()
        device.confirm_commit()
        assert not device.has_pending_commit()
    assert "ip ospf cost 77" in bench.devices["l1"].startup_text()


def test_napalm_reads_ios(bench: Bench) -> None:
    """NAPALM's ios driver reads facts, interfaces, neighbours and configuration over the command line."""
    napalm = pytest.importorskip("napalm", reason="NAPALM is not installed: its view of the lab is not tried")
    driver = napalm.get_network_driver("ios")
    with driver("127.0.0.1", "netops", "right", optional_args={"port": bench.port("p2")}) as device:
        assert device.get_facts()["model"] == "C9500-32C"
        assert device.get_interfaces()["HundredGigE1/0/1"]["is_up"]
        assert device.get_lldp_neighbors()
        assert "hostname p2" in device.get_config()["running"]
