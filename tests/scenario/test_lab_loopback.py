"""Where a lab can be reached from: this machine alone, by the kernel's own account of its process."""

from __future__ import annotations

import os
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

from safeshift.lab.process import start_lab, stop_lab
from tests.scenario.staging import DC1, DC1_FABRIC

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells this in /proc")
LISTEN, UNCONNECTED = "0A", "07"  # of TCP; of UDP, which has no listening state


def sockets_of(pid: int) -> set[str]:
    """Return the inodes of a process's sockets."""
    links = (os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir())
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:")}


def bound(pid: int, table: str, state: str) -> list[tuple[IPv4Address | IPv6Address, int]]:
    """Return the addresses and ports that a process's sockets of one kind wait at."""
    rows = [line.split() for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
    mine = sockets_of(pid)
    local = [row[1].split(":") for row in rows if row[3] == state and row[9] in mine]
    return [(address_of(address), int(port, 16)) for address, port in local]


def address_of(hexadecimal: str) -> IPv4Address | IPv6Address:
    """Read an address of /proc/net: words of four bytes, each in the machine's own order."""
    words = [hexadecimal[i : i + 8] for i in range(0, len(hexadecimal), 8)]
    return ip_address(b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words))


def test_lab_listens_on_loopback_alone(tmp_path: Path) -> None:
    """Every device's port is among the process's listening sockets, and not one of these is reached from outside."""
    lab = start_lab(DC1_FABRIC, str(DC1), state_dir=tmp_path / "lab")
    try:
        listening = bound(lab.pid, "tcp", LISTEN) + bound(lab.pid, "tcp6", LISTEN)
        datagrams = bound(lab.pid, "udp", UNCONNECTED) + bound(lab.pid, "udp6", UNCONNECTED)
    finally:
        stop_lab(lab.state_dir)
    assert {(ip_address(one.host), one.port) for one in lab.devices} <= set(listening)
    assert len(lab.devices) == 15
    assert [one for one in listening if not one[0].is_loopback] == []
    assert datagrams == []
