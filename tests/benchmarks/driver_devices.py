"""The benchmark's devices: N lab devices on no network, in a process of their own; told what to do over stdin.

    python -m tests.benchmarks.driver_devices N

Prints one JSON line with how to reach them. ``check`` answers how many configuration lines were taken and refused since
the last check, how many devices are still drained, and when the last line was taken (monotonic seconds).
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from ipaddress import IPv4Address

from safeshift.lab.around import HopView, NeighborView, PortView, RouterLsaView, RouteView
from safeshift.lab.device import Device, DeviceSpec
from safeshift.lab.sshd import serve

USER = "admin"
INTERFACES = 40
"""Makes a running configuration of about 4 kB."""


class NoNetwork:
    """Nothing is around the devices: what they cost is how they talk."""

    def port(self, device: str, interface: str) -> PortView:
        return PortView(carrier=True, speed=10**10)

    def neighbors(self, device: str) -> tuple[NeighborView, ...]:
        return ()

    def routes(self, device: str) -> tuple[RouteView, ...]:
        return ()

    def ping(self, device: str, target: IPv4Address, source: IPv4Address | None) -> float | None:
        return None

    def ttl(self, device: str, target: IPv4Address, source: IPv4Address | None) -> int:
        return 0

    def trace(self, device: str, target: IPv4Address, source: IPv4Address | None) -> tuple[HopView, ...]:
        return ()

    def database(self, device: str) -> tuple[RouterLsaView, ...]:
        return ()

    def changed(self, device: str) -> None:
        """Nobody cares."""


def startup(name: str) -> str:
    ports = "".join(
        f"interface Ethernet{number}\n   description to rack {number}\n   no switchport\n"
        f"   ip address 10.{number}.0.0/31\n   ip ospf cost 10\n   ip ospf area 0.0.0.0\n!\n"
        for number in range(1, INTERFACES + 1)
    )
    return f"hostname {name}\n!\n{ports}ip routing\n!\nrouter ospf 1\n   max-lsa 12000\n!\nend\n"


async def main(count: int) -> None:
    """Serve until stdin ends."""
    password = secrets.token_hex(8)
    devices = [
        Device(
            DeviceSpec(f"d{number}", "arista_eos", startup=startup(f"d{number}"), users={USER: password}), NoNetwork()
        )
        for number in range(count)
    ]
    servers = await serve(devices)
    keys = {name: servers.host_keys[name] for name in servers.ports}
    print(json.dumps({"user": USER, "password": password, "ports": dict(servers.ports), "keys": keys}), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        settled = [line for device in devices for line in device.settled]
        answer = {
            "taken": sum(line.accepted for line in settled),
            "refused": sum(not line.accepted for line in settled),
            "drained": sum("max-metric" in device.running_text() for device in devices),
            "last_at": max((line.at for line in settled), default=0.0),
        }
        for device in devices:
            device.settled.clear()
        print(json.dumps(answer), flush=True)
    await servers.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
