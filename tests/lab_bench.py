"""A bench for lab devices without the lab's world: still surroundings, a bare console, servers in a thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from safeshift.lab.around import HopView, NeighborView, PortView, RouterLsaView, RouteView
from safeshift.lab.device import Device, DeviceSpec
from safeshift.lab.dialects.base import Wire
from safeshift.lab.dialects.terminal import Terminal
from safeshift.lab.sshd import Servers, serve

T = TypeVar("T")
PATIENCE_S = 10.0

EOS_STARTUP = """\
hostname l1
!
interface Ethernet1
   description to p1
   no switchport
   ip address 10.0.11.0/31
   ip ospf cost 10
   ip ospf network point-to-point
   ip ospf area 0.0.0.0
!
interface Ethernet2
   no switchport
   ip address 10.0.21.0/31
   ip ospf area 0.0.0.0
!
interface Ethernet9
   shutdown
!
interface Loopback0
   ip address 10.255.0.1/32
!
interface Vlan10
   ip address 10.1.1.1/24
   ip ospf area 0.0.0.0
!
ip routing
!
ip route 10.9.0.0/16 10.0.11.1
!
router ospf 1
   router-id 10.255.0.1
   passive-interface Vlan10
   max-lsa 12000
!
end
"""
IOS_STARTUP = """\
hostname p2
!
lldp run
!
archive
 path flash:ss-archive
 maximum 14
!
interface HundredGigE1/0/1
 description to l1
 no switchport
 ip address 10.0.21.1 255.255.255.254
 ip ospf network point-to-point
 ip ospf 1 area 0
 ip ospf cost 10
!
interface HundredGigE1/0/2
 no switchport
 ip address 10.0.22.1 255.255.255.254
!
interface HundredGigE1/0/9
 no ip address
 shutdown
!
interface Loopback0
 ip address 10.255.0.2 255.255.255.255
!
router ospf 1
 router-id 10.255.0.2
 network 10.0.22.0 0.0.0.1 area 0
!
ip route 10.9.0.0 255.255.0.0 10.0.21.0
!
line vty 0 4
 transport input ssh
!
end
"""
_STARTUPS = {"arista_eos": EOS_STARTUP, "cisco_ios": IOS_STARTUP, "linux": ""}
_NAMES = {"arista_eos": "l1", "cisco_ios": "p2", "linux": "n1"}


class TinyAround:
    """Surroundings that stand still: ports below 9 have a neighbour, whatever is in ``lost`` does not answer."""

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.lost: set[IPv4Address] = set()
        self.rtt_ms = 0.432
        gateway = HopView(IPv4Address("10.0.11.1"), (0.41, None, 0.39))
        silent = HopView(None, (None, None, None))
        self.hops: tuple[HopView, ...] = (
            gateway,
            silent,
            HopView(IPv4Address("10.1.2.13"), (1.234, 1.1, 1.3), "reached"),
        )

    def port(self, device: str, interface: str) -> PortView:
        """See ``Around``."""
        connected = not interface.endswith("9")
        return PortView(
            carrier=connected,
            speed=40 * 10**9,
            peer="r9" if connected else None,
            peer_port="Ethernet7" if connected else None,
            octets_in=12345678,
            octets_out=98765432,
            rate_in=1.75e10,
            rate_out=1.5e10,
        )

    def neighbors(self, device: str) -> tuple[NeighborView, ...]:
        """See ``Around``."""
        interface = "HundredGigE1/0/1" if device == "p2" else "Ethernet1"
        return (NeighborView(IPv4Address("10.255.0.9"), IPv4Address("10.0.11.1"), interface, time.monotonic() - 100),)

    def routes(self, device: str) -> tuple[RouteView, ...]:
        """See ``Around``."""
        interface = "HundredGigE1/0/1" if device == "p2" else "Ethernet1"
        since, hop = time.monotonic() - 3700, IPv4Address("10.0.11.1")
        return (
            RouteView(IPv4Network("10.0.11.0/31"), "C", 0, 0, ((None, interface),), since),
            RouteView(IPv4Network("10.9.0.0/16"), "S", 1, 0, ((hop, interface),), since),
            RouteView(IPv4Network("10.99.0.0/16"), "S", 1, 0, (), since),
            RouteView(
                IPv4Network("10.1.2.0/24"), "O", 110, 30, ((hop, interface), (IPv4Address("10.0.21.1"), "Et2")), since
            ),
        )

    def ping(self, device: str, target: IPv4Address, source: IPv4Address | None) -> float | None:
        """See ``Around``."""
        return None if target in self.lost else self.rtt_ms

    def ttl(self, device: str, target: IPv4Address, source: IPv4Address | None) -> int:
        """See ``Around``."""
        return 62

    def trace(self, device: str, target: IPv4Address, source: IPv4Address | None) -> tuple[HopView, ...]:
        """See ``Around``."""
        return self.hops

    def database(self, device: str) -> tuple[RouterLsaView, ...]:
        """See ``Around``."""
        return (RouterLsaView(IPv4Address("10.255.0.9"), 5, time.monotonic() - 100),)

    def changed(self, device: str) -> None:
        """See ``Around``."""
        self.changes.append(device)


def make_device(dialect: str, *, around: TinyAround | None = None, state: Path | None = None, **spec: Any) -> Device:
    """Make a device of a dialect with a believable configuration."""
    given: dict[str, Any] = {
        "name": _NAMES[dialect],
        "startup": _STARTUPS[dialect],
        "users": {"netops": "right", "bob": "right"},
        "addresses": {"primary": IPv4Interface("10.1.1.11/24"), "secondary": IPv4Interface("10.2.0.11/24")},
        **spec,
    }
    return Device(DeviceSpec(dialect=dialect, **given), around or TinyAround(), state_path=state)


class Console:
    """One session of a device, without SSH: what is typed goes in, what is printed comes out."""

    def __init__(self, bench: ConsoleBench, device: Device, wire: Wire) -> None:
        self._bench = bench
        self._terminal: Terminal = device.config.terminal(device, wire)
        self.ended: int | None = None
        self.gone = False
        self.text = ""

    def type(self, line: str, *, until: str | None = None, enter: str = "\n") -> str:
        """Type a line and return what comes back, without echo and next prompt.

        Args:
            until: What the answer ends with when it is no prompt (a question).

        """
        before = len(self.text)
        self._terminal.received((line + enter).encode())
        self._bench.wait(lambda: self._answered(before, until))
        answer = self.text[before:].replace("\r\n", "\n").removeprefix(line).removeprefix("\n")
        return answer if until else answer.removesuffix(self._terminal.prompt())

    def keys(self, data: bytes, *, until: str) -> str:
        """Send bytes as they are, and wait for a text."""
        before = len(self.text)
        self._terminal.received(data)
        self._bench.wait(lambda: until in self.text[before:])
        return self.text[before:]

    def config(self, *lines: str) -> str:
        """Type lines into plain configuration mode and leave it; return all answers."""
        return "".join(self.type(line) for line in ("configure terminal", *lines, "end"))

    @property
    def prompt(self) -> str:
        """The prompt that stands now."""
        return self.text.replace("\r", "").rsplit("\n", 1)[-1]

    def _answered(self, before: int, until: str | None) -> bool:
        came = self.text[before:]
        if self.ended is not None or self.gone:
            return True
        return came.endswith(until) if until else "\n" in came and came.endswith("\n" + self._terminal.prompt())


class ConsoleBench:
    """Devices in an event loop of this thread; use as a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._devices: list[Device] = []

    def __enter__(self) -> ConsoleBench:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for device in self._devices:
            self.call(device.stop)
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def start(self, device: Device) -> Device:
        """Let a device's time run."""
        self._devices.append(device)
        self.call(device.start)
        return device

    def console(self, device: Device, *, user: str = "netops", command: str | None = None, rows: int = 0) -> Console:
        """Open a session and wait for its first prompt."""
        if device not in self._devices:
            self.start(device)
        made: list[Console] = []

        def send(data: bytes, errors: bool) -> None:
            made[0].text += data.decode()

        def end(status: int | None) -> None:
            made[0].ended = status or 0
            made[0]._terminal.closed()

        def abort() -> None:
            made[0].gone = True

        wire = Wire(user, send, end, abort, command, command is None, rows, "192.0.2.1")
        made.append(Console(self, device, wire))
        self.call(made[0]._terminal.start)
        self.wait(lambda: made[0].ended is not None or made[0].text.endswith(made[0]._terminal.prompt()))
        return made[0]

    def call(self, act: Any) -> None:
        """Run something inside the loop."""

        async def run() -> None:
            act()

        self._loop.run_until_complete(run())

    def wait(self, over: Any) -> None:
        """Let the loop run until a condition holds; fails when it never does."""

        async def run() -> None:
            deadline = time.monotonic() + PATIENCE_S
            while not over():
                assert time.monotonic() < deadline, "what was waited for never came"
                await asyncio.sleep(0.0005)

        self._loop.run_until_complete(run())


class Bench:
    """Devices behind real SSH servers, in a thread; use as a context manager."""

    def __init__(self, *devices: Device) -> None:
        self.devices = {device.name: device for device in devices}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: Servers | None = None

    def __enter__(self) -> Bench:
        self._thread.start()
        self._servers = self.run(serve(tuple(self.devices.values())))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._servers is not None:
            self.run(self._servers.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the servers' loop and return what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def call(self, act: Any) -> Any:
        """Call something in the servers' loop."""

        async def run() -> Any:
            return act()

        return self.run(run())

    def port(self, name: str) -> int:
        """Return a device's port."""
        assert self._servers is not None
        return self._servers.ports[name]

    def host_key(self, name: str) -> str:
        """Return a device's public host key."""
        assert self._servers is not None
        return self._servers.host_keys[name]


def lines_of(text: str) -> Sequence[str]:
    """Return the lines of an answer that are not blank."""
    return [line for line in text.splitlines() if line.strip()]
