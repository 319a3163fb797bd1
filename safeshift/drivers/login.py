"""From a connection to an open terminal: way through jump hosts, host keys, algorithms, credentials, netmiko's login.

It decides how a session is opened, and closes everything again when that fails; no line is sent here.
Next: ``sessions.py``.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import netmiko
import paramiko
from netmiko.ssh_dispatcher import CLASS_MAPPER

from safeshift.drivers.errormap import FOREIGN_ERRORS, Phase, translate
from safeshift.drivers.hostkeys import StrictHostKeys
from safeshift.errors import AuthError, ConnectError, DeviceError
from safeshift.model.connection import Connection
from safeshift.model.jumps import Jump
from safeshift.model.vault import Secret

KEX = (
    "mlkem768x25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    # Of the finite-field groups the smallest that is still sound first: group16 costs a login ten times the CPU.
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
)
CIPHERS = (
    # GCM is not touched by Terrapin (CVE-2023-48795); CBC and 3DES are not offered.
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
MACS = (
    "hmac-sha2-256",
    "hmac-sha2-512",
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha1",  # IOS 15 has nothing better; HMAC does not rest on SHA-1's broken property
)
HOST_KEY_KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)

LOGIN_FACTOR = 3
"""Banner, key exchange and authentication may each take this many times the connection's time-out: of many logins at
once the last waits for the CPU."""
JUMP_HINT = (
    "Make the jump host a host of the inventory with its own ansible_user and ansible_password or key file, or give "
    "its key to the agent. The login is not tried again, so that no account is locked."
)
KEEPALIVE_S = (5, 5, 3)
"""Idle seconds, seconds between, tries: a peer that went away without a word is noticed after 20 s."""

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # it prints tracebacks where nobody configured logging


class StrictClient(paramiko.SSHClient):
    """paramiko's client with our order of algorithms and with host keys checked by us alone."""

    def __init__(self, policy: StrictHostKeys) -> None:
        super().__init__()
        self.policy = policy
        self.set_missing_host_key_policy(policy)

    def connect(self, hostname: str, **options: Any) -> None:  # type: ignore[override]  # netmiko passes all by name
        """Connect as paramiko does; netmiko calls this."""
        super().connect(hostname, transport_factory=self._transport_for, **options)

    def _transport_for(self, sock: Any, **options: Any) -> paramiko.Transport:
        transport = paramiko.Transport(sock, **options)
        offer = transport.get_security_options()
        offer.kex = _those(KEX, offer.kex)
        offer.ciphers = _those(CIPHERS, offer.ciphers)
        offer.digests = _those(MACS, offer.digests)
        offer.key_types = _those(_kinds_first(self.policy.preferred_kinds()), offer.key_types)
        return transport


def _those(wanted: Sequence[str], possible: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in wanted if name in possible)


def _kinds_first(known: Sequence[str]) -> tuple[str, ...]:
    """Order host key types so that a server with several keys shows one that we can compare."""
    first = [kind for kind in HOST_KEY_KINDS if kind in known or (kind.startswith("rsa-") and "ssh-rsa" in known)]
    return (*first, *(kind for kind in HOST_KEY_KINDS if kind not in first))


class NetmikoLink:
    """An open terminal over netmiko; the ``Link`` of a session."""

    def __init__(self, connection: Any, hops: Sequence[paramiko.SSHClient], where: str) -> None:
        self._connection = connection
        self._channel: paramiko.Channel = connection.remote_conn
        self._hops = tuple(hops)
        self.where = where

    @property
    def transport(self) -> paramiko.Transport:
        """The SSH connection, for further channels."""
        return self._channel.get_transport()

    def write(self, text: str) -> None:
        """See ``Link``."""
        self._connection.write_channel(text)

    def read(self, timeout_s: float) -> bytes:
        """See ``Link``."""
        self._channel.settimeout(timeout_s)
        return self._channel.recv(65536)

    def is_open(self) -> bool:
        """See ``Link``."""
        return not self._channel.closed and not self._channel.eof_received and self.transport.is_active()

    def waiting(self) -> bool:
        """See ``Link``."""
        return self._channel.recv_ready()

    def takes_more(self) -> bool:
        """Tell whether a write would go out without waiting."""
        return self._channel.send_ready()

    def close(self) -> None:
        """See ``Link``."""
        _discard(self._connection)
        for hop in reversed(self._hops):
            hop.close()


def open_link(connection: Connection, *, device: str, netmiko_type: str) -> NetmikoLink:
    """Log in and return the open terminal.

    Raises:
        ConnectError, AuthError, HostKeyError: nothing was sent to the device but, at most, the credentials.

    """
    if connection.local:
        raise ConnectError(device, "its ansible_connection is local: there is no login to it")
    if connection.key_file is not None and not connection.key_file.is_file():
        raise AuthError(device, f"the key file {connection.key_file} cannot be read", hint="Correct its path.")
    hops: list[paramiko.SSHClient] = []
    where = f"{connection.address}:{connection.port}"
    try:
        sock = _open_way(connection, hops, device)
        return NetmikoLink(_log_in(connection, sock, device, netmiko_type, where), hops, where)
    except BaseException:
        for hop in reversed(hops):
            hop.close()
        raise


def _open_way(connection: Connection, hops: list[paramiko.SSHClient], device: str) -> Any:
    """Return a socket, or a channel of the last jump host, that leads to the device's SSH port; note the hops."""
    ways: tuple[Jump | Connection, ...] = (*connection.jump, connection)
    where = f"{ways[0].address}:{ways[0].port}"
    try:
        sock: Any = _dial(ways[0].address, ways[0].port, timeout_s=connection.timeout_s)
        for hop, following in zip(connection.jump, ways[1:], strict=True):
            where = f"jump host {hop.address}:{hop.port}"
            hops.append(_log_into_hop(connection, hop, sock, device))
            where = f"{following.address}:{following.port} through {where}"
            transport = hops[-1].get_transport()
            assert transport is not None, "a connected client has a transport"
            sock = transport.open_channel(
                "direct-tcpip", (following.address, following.port), ("127.0.0.1", 0), timeout=connection.timeout_s
            )
    except FOREIGN_ERRORS as error:
        ours = translate(error, device=device, phase=Phase.LOGIN, where=where)
        if isinstance(ours, AuthError):  # the device itself is logged into later: this was a jump host
            ours.hint = JUMP_HINT
        raise ours from error
    return sock


def _dial(address: str, port: int, *, timeout_s: float) -> socket.socket:
    sock = socket.create_connection((address, port), timeout=timeout_s)
    # Two delayed acknowledgements of 40 ms each are what a login costs without this (measured).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in zip(("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"), KEEPALIVE_S, strict=True):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return sock


def _log_into_hop(connection: Connection, hop: Jump, sock: Any, device: str) -> paramiko.SSHClient:
    client = StrictClient(StrictHostKeys(device, connection.known_hosts, host=hop.address, port=hop.port))
    patience_s = connection.timeout_s * LOGIN_FACTOR
    try:
        client.connect(
            hop.address,
            port=hop.port,
            username=hop.user,
            sock=sock,
            timeout=patience_s,
            banner_timeout=patience_s,
            auth_timeout=patience_s,
            **_hop_credentials(hop),
        )
    except BaseException:
        client.close()
        sock.close()
        raise
    return client


def _credentials(password: Secret | None, key_file: Path | None) -> dict[str, Any]:
    """Say which credentials to offer: those that were named, no others: each refused one counts against an account."""
    return {
        "password": password.reveal() if password is not None else None,
        "key_filename": str(key_file) if key_file is not None else None,
        "allow_agent": password is None,
        "look_for_keys": password is None and key_file is None,
    }


def _hop_credentials(hop: Jump) -> dict[str, Any]:
    """Offer a jump host keys before the password, as ssh does: a site that goes through it by ssh has keys there."""
    credentials = _credentials(hop.password, hop.key_file)
    return {**credentials, "allow_agent": True, "look_for_keys": hop.key_file is None}


def _log_in(connection: Connection, sock: Any, device: str, netmiko_type: str, where: str) -> Any:
    """Let netmiko establish the terminal over the open way; its session preparation is not used."""
    credentials = _credentials(connection.password, connection.key_file)
    patience_s = connection.timeout_s * LOGIN_FACTOR
    terminal: Any = CLASS_MAPPER[netmiko_type](
        device_type=netmiko_type,
        host=connection.address,
        port=connection.port,
        username=connection.user,
        password=credentials["password"],
        key_file=credentials["key_filename"],
        use_keys=credentials["look_for_keys"],
        allow_agent=credentials["allow_agent"],
        conn_timeout=patience_s,
        banner_timeout=patience_s,
        auth_timeout=patience_s,
        sock=sock,
        auto_connect=False,
    )
    try:
        policy = StrictHostKeys(device, connection.known_hosts, host=connection.address, port=connection.port)
        terminal.key_policy = policy
        terminal._get_ssh_client_instance = lambda: StrictClient(policy)
        terminal.establish_connection()
    except BaseException as error:
        _discard(terminal)
        sock.close()
        if isinstance(error, DeviceError) or not isinstance(error, FOREIGN_ERRORS):
            raise
        raise translate(error, device=device, phase=Phase.LOGIN, where=where) from error
    return terminal


def _discard(terminal: Any) -> None:
    """Close netmiko's terminal and make it forget the password; never raises."""
    netmiko.log.removeFilter(terminal._secrets_filter)
    with contextlib.suppress(*FOREIGN_ERRORS):
        if getattr(terminal, "remote_conn_pre", None) is not None:
            terminal.remote_conn_pre.close()
