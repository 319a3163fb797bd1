"""What a platform predicts, held against the lab's devices, which were written apart from it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from safeshift.lab.lab import Lab
from safeshift.platforms import platform_named
from safeshift.platforms.base import Platform

FABRIC = Path(__file__).parents[2] / "inventories" / "dc1.fabric.yml"
DIALECTS = dict.fromkeys(("p1", "s1", "l1", "l3"), "arista_eos") | dict.fromkeys(("p2", "l2", "l4"), "cisco_ios")
DEVICES = {"l1": "arista_eos", "l2": "cisco_ios"}
PORTS = {
    "arista_eos": ("Ethernet1", "eth2", "lo0", "Vlan10", "Vlan30"),
    "cisco_ios": ("HundredGigE1/0/1", "hu1/0/2", "lo0", "Vlan10", "vl30"),
}


class Session:
    """A person at a terminal: types a line, waits for the prompt."""

    def __init__(self, lab: Lab, device: str, platform: Platform) -> None:
        self._prompt = platform.dialogue.prompt
        self._client = paramiko.SSHClient()
        self._client.load_host_keys(str(lab.known_hosts))
        host, port = lab.address(device)
        self._client.connect(
            host, port, username=lab.user, password=lab.password, look_for_keys=False, allow_agent=False
        )
        self._channel = self._client.invoke_shell(width=511, height=1000)
        self._channel.settimeout(10)
        self._read()
        for line in ("enable", *platform.dialogue.setup):
            self.type(line)

    def type(self, line: str) -> str:
        """Type a line and return what came back before the prompt."""
        self._channel.send(f"{line}\n".encode())
        return "\n".join(self._read().replace("\r", "").split("\n")[1:-1])

    def _read(self) -> str:
        data = ""
        while not self._prompt.search(data):
            data += self._channel.recv(65536).decode()
        return data

    def close(self) -> None:
        """Hang up."""
        self._client.close()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The small site's devices."""
    with Lab(FABRIC, DIALECTS) as running:
        yield running


def edits(chance: random.Random, platform: str) -> list[str]:
    """Make up what a person types: a few lines under an interface, under OSPF, or globally."""
    eos, byte = platform == "arista_eos", chance.randint(0, 250)
    mask = "/24" if eos else " 255.255.255.0"
    port = (
        "shutdown",
        "no shutdown",
        "no description",
        "no ip ospf cost",
        f"ip ospf cost {byte + 1}",
        "no speed",
        "speed 100gfull" if eos else "speed 100000",
        f"ip address 10.9.{byte}.1{mask}",
        "no ip address",
        "ip ospf area 0" if eos else "ip ospf 1 area 0",
        "no ip ospf area" if eos else "no ip ospf 1 area 0",
        "load-interval 60",
    )
    process = (
        "max-metric router-lsa",
        "max-metric router-lsa include-stub",
        "no max-metric router-lsa",
        f"passive-interface {chance.choice(PORTS[platform])}",
        f"no passive-interface {chance.choice(PORTS[platform])}",
        "auto-cost reference-bandwidth 100000",
        "no auto-cost reference-bandwidth",
        "distance ospf intra-area 90",
        "network 10.0.0.0 0.255.255.255 area 0",
    )
    everywhere = (
        f"ip route 10.8.{byte % 3}.0{mask} 10.0.31.1",
        f"ip route 10.8.{byte % 3}.0{mask} Null0",
        f"no ip route 10.8.{byte % 3}.0{mask}",
        "vlan 30",
        "no vlan 30",
        "no interface Vlan30",
        "hostname renamed",
    )
    lines: list[str] = []
    for _ in range(chance.randint(1, 4)):
        section, choices = chance.choice(
            ((f"interface {chance.choice(PORTS[platform])}", port), ("router ospf 1", process), ("", everywhere))
        )
        lines += [section] if section else []
        lines += chance.sample(choices, chance.randint(1, 3))
    return lines


@pytest.mark.parametrize("device", DEVICES)
def test_apply_predicts_what_the_device_shows_and_remediate_brings_it_back(device: str, lab: Lab) -> None:
    """After any lines typed over SSH the device shows what was predicted, and remediation restores it exactly."""
    platform = platform_named(DEVICES[device])
    session = Session(lab, device, platform)

    def shown() -> str:
        return platform.normalise(session.type(platform.dialogue.show_config))

    def typed(lines: list[str]) -> list[str]:
        session.type(platform.dialogue.enter_config)
        taken = [line for line in lines if not platform.dialogue.refusals.search(session.type(line))]
        session.type(platform.dialogue.leave_config)
        return taken

    before = shown()
    for seed in range(30):
        taken = typed(edits(random.Random(seed), platform.name))
        after = shown()
        assert platform.differences(platform.apply(before, taken), after) == (), (seed, taken)
        lines = list(platform.remediate(after, before))
        assert typed(lines) == lines
        assert platform.differences(before, shown()) == (), (seed, lines)
    session.close()


@pytest.mark.parametrize("device", DEVICES)
def test_facts_of_a_device_parse(device: str, lab: Lab) -> None:
    """What a device answers to the reads that a platform names is understood."""
    platform = platform_named(DEVICES[device])
    session = Session(lab, device, platform)
    assert all(platform.parse_facts(command, session.type(command)) for command in platform.facts)
    assert platform.parse_pending([session.type(command) for command in platform.guard_pending]) is None
    state = platform.read_meaning(session.type(platform.dialogue.show_config))
    assert (state.hostname, state.ospf, state.unread) == (device, True, ())
    uplink = next(name for name, port in state.interfaces.items() if port.speed)
    assert all(count >= 0 for count in platform.parse_counters(session.type(platform.counters_command(uplink))))
    assert platform.dialogue.saved.search(session.type(platform.dialogue.save))
    session.close()
