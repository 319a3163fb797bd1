"""The SSH servers of the lab: one loopback port per device, all in one event loop.

Decides who may log in, and carries bytes between a channel and a ``Terminal``; it knows no command. The way to a device
(refused, swallowed, another host key) is also made here, from the device's faults. Read ``dialects/terminal.py`` next.
Over 350 lines, because server, login and channel are three callback classes of asyncssh for one connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hmac
import logging
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import asyncssh

from safeshift.errors import LabError
from safeshift.lab.device import Device
from safeshift.lab.dialects.base import Wire
from safeshift.lab.dialects.terminal import Terminal
from safeshift.lab.faults import FaultKind

LOOPBACK = "127.0.0.1"
LONGEST_OUTPUT = 4 << 20  # bytes a client may leave unread before it is cut
_ATTACH_FILTER, _DETACH_FILTER = 26, 27  # Linux: SO_ATTACH_FILTER, SO_DETACH_FILTER
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # one classic BPF instruction: return 0, keep nothing of any packet


class Servers:
    """The running servers of a lab.

    Attributes:
        ports: Loopback port by device.
        host_keys: Each device's public host key, in OpenSSH's form (``ssh-ed25519 AAAA...``).

    """

    def __init__(self, servers: Mapping[str, _DeviceServer]) -> None:
        self._servers = servers
        self.ports: Mapping[str, int] = MappingProxyType({name: server.port for name, server in servers.items()})
        self.host_keys: Mapping[str, str] = MappingProxyType(
            {name: _public_text(server.key) for name, server in servers.items()}
        )

    async def close(self) -> None:
        """Stop all devices and free their ports."""
        for server in self._servers.values():
            await server.close()
        _LOOP_LOG.removeFilter(_worth_saying)


_LOOP_LOG = logging.getLogger("asyncio")


def _worth_saying(record: logging.LogRecord) -> bool:
    """Whether the event loop's complaint is one: to hang up in the midst of a ping is every client's right."""
    return "socket.send() raised exception" not in record.getMessage()


async def serve(
    devices: Sequence[Device],
    *,
    host_keys: Mapping[str, str] = MappingProxyType({}),
    ports: Mapping[str, int] = MappingProxyType({}),
) -> Servers:
    """Start the devices and let clients in.

    Args:
        host_keys: Private key by device, in OpenSSH's PEM form; a device without one gets a new ed25519 key.
        ports: Port by device; a device without one gets a free one.

    Returns:
        The servers, all listening.

    Raises:
        LabError: a port is taken or a key cannot be read; nothing is left running.

    """
    _LOOP_LOG.addFilter(_worth_saying)
    servers: dict[str, _DeviceServer] = {}
    try:
        for device in devices:
            key = _private_key(device.name, host_keys.get(device.name))
            servers[device.name] = server = _DeviceServer(device, key)
            await server.open(ports.get(device.name, 0))
            device.start()
    except BaseException:
        await Servers(servers).close()
        raise
    return Servers(servers)


def new_host_key() -> str:
    """Return a new ed25519 private key in OpenSSH's PEM form."""
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def public_key_of(pem: str) -> str:
    """Return the public half of a private key, in OpenSSH's form (``ssh-ed25519 AAAA...``)."""
    return _public_text(asyncssh.import_private_key(pem))


def _private_key(device: str, pem: str | None) -> asyncssh.SSHKey:
    if pem is None:
        return asyncssh.generate_private_key("ssh-ed25519")
    try:
        return asyncssh.import_private_key(pem)
    except asyncssh.KeyImportError as error:
        raise LabError(f"the host key of lab device {device} cannot be read: {error}") from error


def _public_text(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])


class _DeviceServer:
    """One device's port: open, refusing, or a black hole."""

    def __init__(self, device: Device, key: asyncssh.SSHKey) -> None:
        self.device = device
        self.key = key
        self.port = 0
        self._other_key: asyncssh.SSHKey | None = None
        self._place: socket.socket | None = None
        self._listener: asyncssh.SSHAcceptor | None = None
        self._socket: socket.socket | None = None
        self._shown: asyncssh.SSHKey | None = None
        self._open: set[asyncssh.SSHServerConnection] = set()
        self._dropping = False
        self._order = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._keys = tuple(_authorized(text) for text in device.spec.authorized_keys)

    async def open(self, port: int) -> None:
        """Take the port for good, and listen unless the device's faults say otherwise."""
        self._place = _bound(port, self.device.name)  # never listens: holds the port while the device refuses
        self.port = self._place.getsockname()[1]
        self.device.on_way.append(self._way_changed)
        await self._arrange()

    async def close(self) -> None:
        """Stop the device, end its connections and give the port back."""
        if self._way_changed in self.device.on_way:
            self.device.on_way.remove(self._way_changed)
        self.device.stop()
        async with self._order:
            self._stop_listening()
        for connection in tuple(self._open):
            connection.abort()
            await connection.wait_closed()
        if self._place is not None:
            self._place.close()

    def allowed(self, key: asyncssh.SSHKey) -> bool:
        """Tell whether a public key may log in."""
        return key.public_data in self._keys

    def came(self, connection: asyncssh.SSHServerConnection) -> None:
        """Remember a connection."""
        self._open.add(connection)

    def went(self, connection: asyncssh.SSHServerConnection | None) -> None:
        """Forget it."""
        if connection is not None:
            self._open.discard(connection)

    def _way_changed(self) -> None:
        cut = self.device.faults.active(FaultKind.CUT_MANAGEMENT)
        if not self.device.up or (cut is not None and cut.when == "refuse"):
            for connection in tuple(self._open):
                connection.abort()
        task = asyncio.get_running_loop().create_task(self._arrange())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _arrange(self) -> None:
        """Make the port as the device's state says it must be."""
        async with self._order:
            faults = self.device.faults
            cut = faults.active(FaultKind.CUT_MANAGEMENT)
            refuse = not self.device.up or (cut is not None and cut.when == "refuse")
            key = self._key_now(changed=faults.active(FaultKind.CHANGED_HOST_KEY) is not None)
            if refuse or self._shown is not key:
                self._stop_listening()
            if not refuse and self._listener is None:
                await self._listen(key)
            self._swallow(cut is not None and cut.when == "blackhole")

    def _key_now(self, *, changed: bool) -> asyncssh.SSHKey:
        if not changed:
            return self.key
        if self._other_key is None:
            self._other_key = asyncssh.generate_private_key("ssh-ed25519")
        return self._other_key

    async def _listen(self, key: asyncssh.SSHKey) -> None:
        self._socket = _bound(self.port, self.device.name)
        self._listener = await asyncssh.listen(
            sock=self._socket,
            server_factory=lambda: _Login(self),
            server_host_keys=[key],
            encoding=None,
            line_editor=False,
            compression_algs=None,
            agent_forwarding=False,
            x11_forwarding=False,
            allow_scp=False,
            gss_host=None,
            backlog=64,
        )
        self._shown = key

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()  # not wait_closed: from Python 3.12 on that waits for the open sessions too
            self._listener = self._shown = self._socket = None

    def _swallow(self, wanted: bool) -> None:
        """Let the kernel drop every packet that comes for this device, or no longer."""
        if wanted == self._dropping:
            return
        self._dropping = wanted
        sockets = [self._socket, *(connection.get_extra_info("socket") for connection in self._open)]
        for wire in sockets:
            if wire is not None:
                _drop_packets(wire, wanted)
        if not wanted:
            for terminal in tuple(self.device.terminals.values()):
                terminal.wake()


class _Login(asyncssh.SSHServer):
    """One connection: who it is, and the sessions in it."""

    def __init__(self, server: _DeviceServer) -> None:
        self._server = server
        self._device = server.device
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """See asyncssh."""
        self._connection = conn
        self._server.came(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncssh."""
        self._server.went(self._connection)

    def begin_auth(self, username: str) -> bool:
        """Ask for proof, always."""
        return True

    def password_auth_supported(self) -> bool:
        """Offer passwords."""
        return True

    def public_key_auth_supported(self) -> bool:
        """Offer keys."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Compare with the device's users, unless a fault refuses everybody."""
        known = self._device.spec.users.get(username)
        right = known is not None and hmac.compare_digest(known.encode(), password.encode())
        return right and self._lets_in()

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Compare with the device's keys, unless a fault refuses everybody."""
        return self._server.allowed(key) and self._lets_in()

    def _lets_in(self) -> bool:
        return self._device.faults.active(FaultKind.WRONG_PASSWORD) is None

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        """Let a node be a jump host, as sshd on Linux is: to the lab's other devices, which are all on loopback."""
        return self._device.dialect == "linux" and dest_host == LOOPBACK

    def session_requested(self) -> _Channel:
        """Open one more session in this connection."""
        assert self._connection is not None
        return _Channel(self._device, self._connection)


class _Channel(asyncssh.SSHServerSession[bytes]):
    """One channel: bytes in, bytes out, a terminal behind it."""

    def __init__(self, device: Device, connection: asyncssh.SSHServerConnection) -> None:
        self._device = device
        self._connection = connection
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._terminal: Terminal | None = None
        self._command: str | None = None
        self._rows = 0
        self._pty = False

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """See asyncssh."""
        self._channel = chan

    def pty_requested(self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Any) -> bool:
        """Give a terminal of the size asked for."""
        self._rows, self._pty = term_size[1], True
        return True

    def shell_requested(self) -> bool:
        """Give a shell."""
        return True

    def exec_requested(self, command: str) -> bool:
        """Take one command."""
        self._command = command
        return True

    def session_started(self) -> None:
        """Let the terminal talk."""
        wire = Wire(
            user=str(self._connection.get_extra_info("username")),
            send=self._send,
            end=self._end,
            abort=self._connection.abort,
            command=self._command,
            pty=self._pty,
            rows=self._rows,
            peer=str((self._connection.get_extra_info("peername") or ("",))[0]),
        )
        self._terminal = self._device.config.terminal(self._device, wire)
        self._terminal.start()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Hand bytes to the terminal."""
        if self._terminal is not None:
            self._terminal.received(data)

    def eof_received(self) -> bool:
        """End a shell whose client will send no more; let an exec command finish."""
        if self._command is None and self._terminal is not None:
            self._terminal.received(b"\x04")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """End what runs in the session."""
        if self._terminal is not None:
            self._terminal.closed()

    def _send(self, data: bytes, errors: bool) -> None:
        channel = self._channel
        if channel is None or channel.is_closing():
            return
        (channel.write_stderr if errors else channel.write)(data)
        if channel.get_write_buffer_size() > LONGEST_OUTPUT:
            self._connection.abort()

    def _end(self, status: int | None) -> None:
        if self._channel is not None and not self._channel.is_closing():
            self._channel.exit(status or 0)


def _authorized(text: str) -> bytes:
    try:
        return asyncssh.import_public_key(text).public_data
    except asyncssh.KeyImportError as error:
        raise LabError(f"not a public key: {text[:40]!r}", hint="use a line of an id_*.pub file") from error


def _bound(port: int, device: str) -> socket.socket:
    wire = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        wire.bind((LOOPBACK, port))
    except OSError as error:
        wire.close()
        raise LabError(f"port {port} of lab device {device} is taken: {error.strerror}") from error
    return wire


def _drop_packets(wire: Any, wanted: bool) -> None:
    """Attach (or detach) a filter that drops all that arrives; where the system has none, nothing is dropped.

    The sessions are silent all the same (``Device.silent``): only TCP itself still answers there.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError):  # detaching where nothing is attached
        if wanted:
            code = ctypes.create_string_buffer(_DROP_ALL)
            wire.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(code)))
        else:
            wire.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)
