"""Which commands only read."""

from __future__ import annotations

import pytest

from safeshift.platforms import platform_named

READS = [
    ("arista_eos", "show running-config"),
    ("arista_eos", "show ip ospf neighbor | json"),
    ("arista_eos", "sh ip ospf nei"),
    ("arista_eos", "sho ver"),
    ("arista_eos", "show running-config | section router ospf"),
    ("arista_eos", "show interfaces Ethernet1/1 | include input rate"),
    ("arista_eos", "show configuration sessions detail"),
    ("arista_eos", "show ip route vrf MGMT 10.0.0.0/8"),
    ("arista_eos", "ping 10.0.0.1 timeout 1 repeat 5 source Loopback0"),
    ("arista_eos", "dir flash:"),
    ("cisco_ios", "show archive config rollback timer"),
    ("cisco_ios", "show running-config | include ^interface"),
    ("cisco_ios", "show ip route ospf | exclude 10.0"),
    ("cisco_ios", "ping vrf Mgmt-vrf 192.0.2.1 repeat 5 timeout 1 df-bit"),
    ("linux", "ping -n -c 5 -i 0.2 -W 1 -I eth1 10.1.1.12"),
    ("linux", "ip -j addr show dev eth1"),
    ("linux", "ip -j -s link"),
    ("linux", "cat /proc/net/dev"),
    ("linux", "uname -a"),
    ("linux", "hostname"),
    ("linux", "hostname -f"),
]
WRITES = [
    ("arista_eos", ""),
    ("arista_eos", "show"),
    ("arista_eos", "configure terminal"),
    ("arista_eos", "configure session ss-42 abort"),
    ("arista_eos", "show running-config | redirect flash:x"),
    ("arista_eos", "show running-config > flash:x"),
    ("arista_eos", "show running-config | tee flash:x"),
    ("arista_eos", "show running-config | append flash:x"),
    ("arista_eos", "show interfaces | include a|tee flash:x"),
    ("arista_eos", "show version\nreload"),
    ("arista_eos", "show version\rreload"),
    ("arista_eos", "show version\treload"),
    ("arista_eos", "show version ; reload"),
    ("arista_eos", "show version | include x\x03"),
    ("arista_eos", "show tech-support"),
    ("arista_eos", "bash ls"),
    ("arista_eos", "reload"),
    ("arista_eos", "shutdown"),
    ("arista_eos", "ping"),
    ("arista_eos", "clear counters"),
    ("arista_eos", "write memory"),
    ("cisco_ios", "show running-config | redirect tftp://192.0.2.1/x"),
    ("cisco_ios", "copy running-config startup-config"),
    ("cisco_ios", "clear ip ospf process"),
    ("cisco_ios", "debug all"),
    ("cisco_ios", "dir /recursive flash:"),
    ("linux", "ip link set eth1 down"),
    ("linux", "ip route add 10.0.0.0/8 via 10.1.1.1"),
    ("linux", "ip route flush table main"),
    ("linux", "hostname n2"),
    ("linux", "hostname -F /etc/x"),
    ("linux", "cat /etc/shadow"),
    ("linux", "cat /proc/../etc/shadow"),
    ("linux", "cat /proc/uptime; reboot"),
    ("linux", "uname -a && reboot"),
    ("linux", "ping -f 10.1.1.12"),
    ("linux", "ping -c 5 $(reboot)"),
    ("linux", "ping -c 5 `reboot`"),
]


@pytest.mark.parametrize(("platform", "command"), READS)
def test_is_read_command_in_the_table_is_a_read(platform: str, command: str) -> None:
    """A command that only looks is a read, in full or abbreviated, with a filter or without."""
    assert platform_named(platform).is_read(command)


@pytest.mark.parametrize(("platform", "command"), WRITES)
def test_is_read_anything_else_is_a_write(platform: str, command: str) -> None:
    """Whatever is not in the table is taken for a write: redirections and second commands above all."""
    assert not platform_named(platform).is_read(command)


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios", "linux"])
def test_is_read_holds_for_every_command_that_a_platform_names_itself(platform: str) -> None:
    """What safeshift sends to look is in the table of reads."""
    found = platform_named(platform)
    commands = [*found.guard_pending, *found.facts]
    if platform != "linux":
        commands += [found.dialogue.show_config, found.counters_command("Ethernet1")]
    commands.append(found.ping_command("10.0.0.1", count=5, source="10.0.0.2", timeout_s=1))
    assert [command for command in commands if not found.is_read(command)] == []
