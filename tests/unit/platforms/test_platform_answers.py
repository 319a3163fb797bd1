"""Reading pings, counters and operational facts."""

from __future__ import annotations

import pytest

from safeshift.errors import PlanError
from safeshift.platforms import platform_named

UNIX_PING = """\
PING 10.1.1.1 (10.1.1.1) 72(100) bytes of data.
80 bytes from 10.1.1.1: icmp_req=1 ttl=64 time=0.579 ms

--- 10.1.1.1 ping statistics ---
5 packets transmitted, 4 received, 20% packet loss, time 6ms
rtt min/avg/max/mdev = 0.579/1.228/2.796/0.797 ms, ipg/ewma 1.500/0.876 ms
"""
UNREACHABLE = """\
--- 10.1.1.1 ping statistics ---
5 packets transmitted, 0 received, +5 errors, 100% packet loss, time 4002ms
pipe 4
"""
CISCO_PING = """\
Type escape sequence to abort.
Sending 4, 100-byte ICMP Echos to 192.168.0.1, timeout is 1 seconds:
Packet sent with a source address of 192.168.0.10
!!.!
Success rate is 75 percent (3/4), round-trip min/avg/max = 1/8/17 ms
"""
PINGS = [
    ("arista_eos", UNIX_PING, (5, 4, (0.579, 1.228, 2.796))),
    ("arista_eos", UNREACHABLE, (5, 0, ())),
    ("linux", UNIX_PING, (5, 4, (0.579, 1.228, 2.796))),
    ("cisco_ios", CISCO_PING, (4, 3, (1.0, 8.0, 17.0))),
    ("cisco_ios", ".....\nSuccess rate is 0 percent (0/5)\n", (5, 0, ())),
]


@pytest.mark.parametrize(("platform", "answer", "expected"), PINGS)
def test_parse_ping_answer_is_read(platform: str, answer: str, expected: tuple[int, int, tuple[float, ...]]) -> None:
    """A ping's answer tells what was sent, what came back, and how long it took."""
    assert platform_named(platform).parse_ping(answer) == expected


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios", "linux"])
@pytest.mark.parametrize("answer", ["", "connect: Network is unreachable", "% Unrecognized host or address"])
def test_parse_ping_that_did_not_run_is_no_loss(platform: str, answer: str) -> None:
    """A ping that did not run is an error, never a loss of zero or of everything."""
    with pytest.raises(ValueError, match="not the answer to a ping"):
        platform_named(platform).parse_ping(answer)


def test_ping_command_is_the_platforms_own() -> None:
    """Each platform pings in its own words."""
    words = {
        name: platform_named(name).ping_command("10.0.0.1", count=5, source="10.0.0.2", timeout_s=1)
        for name in ("arista_eos", "cisco_ios", "linux")
    }
    assert words == {
        "arista_eos": "ping 10.0.0.1 timeout 1 repeat 5 source 10.0.0.2",
        "cisco_ios": "ping 10.0.0.1 timeout 1 repeat 5 source 10.0.0.2",
        "linux": "ping -n -c 5 -i 0.2 -W 1 -I 10.0.0.2 10.0.0.1",
    }


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios", "linux"])
@pytest.mark.parametrize("target", ["10.0.0.1\nreload", "-f", "10.0.0.1; reboot", "", "$(reboot)"])
def test_ping_command_target_that_is_no_plain_word_is_refused(platform: str, target: str) -> None:
    """Nothing but an address or a name becomes part of a command."""
    with pytest.raises(PlanError):
        platform_named(platform).ping_command(target, count=1, source=None, timeout_s=1)


EOS_INTERFACE = """\
Ethernet1 is up, line protocol is up (connected)
  Hardware is Ethernet, address is 001c.7300.0001 (bia 001c.7300.0001)
  Description: to p1 Ethernet1
  Internet address is 10.0.11.0/31
  Broadcast address is 255.255.255.255
  IP MTU 9214 bytes (default) , BW 40000000 kbit
  Full-duplex, 40Gb/s, auto negotiation: off, uni-link: disabled
  Up 3 hours, 26 minutes, 11 seconds
  Loopback Mode : None
  3 link status changes since last clear
  Last clearing of "show interface" counters never
  5 minutes input rate 1.5 Mbps (0.0% with framing overhead), 150 packets/sec
  5 minutes output rate 0 bps (0.0% with framing overhead), 0 packets/sec
     292 packets input, 31440 bytes
     Received 0 broadcasts, 290 multicast
     0 runts, 0 giants
     0 input errors, 0 CRC, 0 alignment, 0 symbol, 0 input discards
     0 PAUSE input
     310 packets output, 33000 bytes
     Sent 0 broadcasts, 300 multicast
     0 output errors, 0 collisions
     0 late collision, 0 deferred, 0 output discards
     0 PAUSE output
"""
IOS_INTERFACE = """\
HundredGigE1/0/1 is up, line protocol is up (connected)
  Hardware is Hundred Gigabit Ethernet, address is 001c.7300.0002 (bia 001c.7300.0002)
  Description: to p1 Ethernet2
  Internet address is 10.0.12.0/31
  MTU 1500 bytes, BW 40000000 Kbit/sec, DLY 10 usec,
     reliability 255/255, txload 1/255, rxload 1/255
  Encapsulation ARPA, loopback not set
  Keepalive not set
  Full-duplex, 40Gb/s, link type is force-up, media type is QSFP 40G SR4
  Last input 00:00:01, output 00:00:02, output hang never
  Last clearing of "show interface" counters never
  Input queue: 0/2000/0/0 (size/max/drops/flushes); Total output drops: 0
  Queueing strategy: fifo
  Output queue: 0/40 (size/max)
  30 second input rate 1000 bits/sec, 1 packets/sec
  30 second output rate 2000 bits/sec, 2 packets/sec
     1724 packets input, 286614 bytes, 0 no buffer
     Received 0 broadcasts (0 IP multicasts)
     0 runts, 0 giants, 0 throttles
     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored
     1800 packets output, 300000 bytes, 0 underruns
     0 output errors, 0 collisions, 1 interface resets
"""


def test_parse_counters_reads_octets_in_and_out() -> None:
    """The counters of one interface are its octets in and out."""
    assert platform_named("arista_eos").parse_counters(EOS_INTERFACE) == (31440, 33000)
    assert platform_named("cisco_ios").parse_counters(IOS_INTERFACE) == (286614, 300000)
    with pytest.raises(ValueError, match="no interface counters"):
        platform_named("cisco_ios").parse_counters("% Invalid input detected at '^' marker.")


def test_counters_command_names_one_interface() -> None:
    """The command that reads counters can hold nothing but an interface's name."""
    assert platform_named("arista_eos").counters_command("Ethernet1/1") == "show interfaces Ethernet1/1"
    with pytest.raises(PlanError):
        platform_named("arista_eos").counters_command("Ethernet1 | tee x")


EOS_NEIGHBORS = """\
Neighbor ID     Instance VRF      Pri State                  Dead Time   Address         Interface
10.255.0.2      1        default  0   FULL                   00:00:{dead}    10.0.21.1       Ethernet2
10.255.0.1      1        default  0   FULL                   00:00:31    10.0.11.1       Ethernet1
"""
IOS_NEIGHBORS = """\
Neighbor ID     Pri   State           Dead Time   Address         Interface
10.255.0.1        0   FULL/  -        00:00:32    10.0.12.1       HundredGigE1/0/1
"""
EOS_ROUTES = """\

VRF: default
Codes: C - connected, S - static, K - kernel,
       O - OSPF, IA - OSPF inter area, E1 - OSPF external type 1

Gateway of last resort is not set

 C        10.0.11.0/31 is directly connected, Ethernet1
 O        10.1.2.0/24 [110/30] via 10.0.21.1, Ethernet2
                               via 10.0.11.1, Ethernet1
 S        10.8.0.0/24 [200/0] via 10.0.31.1, Ethernet3

"""
IOS_ROUTES = """\
Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area

Gateway of last resort is not set

      10.0.0.0/8 is variably subnetted, 2 subnets, 2 masks
C        10.0.12.0/31 is directly connected, HundredGigE1/0/1
O        10.1.1.0/24 [110/30] via 10.0.12.1, {uptime}, HundredGigE1/0/1
"""


def test_parse_facts_neighbours_do_not_age() -> None:
    """Two readings of the same adjacencies are equal, whatever their timers say and in whatever order they came."""
    eos = platform_named("arista_eos")
    first = eos.parse_facts("show ip ospf neighbor", EOS_NEIGHBORS.format(dead=39))
    assert first == eos.parse_facts("show ip ospf neighbor", EOS_NEIGHBORS.format(dead=11))
    assert [(row["neighbor_id"], row["state"], row["interface"]) for row in first] == [
        ("10.255.0.1", "FULL", "Ethernet1"),
        ("10.255.0.2", "FULL", "Ethernet2"),
    ]
    (row,) = platform_named("cisco_ios").parse_facts("show ip ospf neighbor", IOS_NEIGHBORS)
    assert (row["neighbor_id"], row["interface"]) == ("10.255.0.1", "HundredGigE1/0/1")


def test_parse_facts_routes_name_every_next_hop() -> None:
    """A route over several next hops names them all; its age is not part of it."""
    rows = platform_named("arista_eos").parse_facts("show ip route", EOS_ROUTES)
    assert {row["network"]: row["next_hop"] for row in rows} == {
        "10.0.11.0": "connected",
        "10.1.2.0": "10.0.11.1,10.0.21.1",
        "10.8.0.0": "10.0.31.1",
    }
    ios = platform_named("cisco_ios")
    assert ios.parse_facts("show ip route", IOS_ROUTES.format(uptime="00:05:45")) == ios.parse_facts(
        "show ip route", IOS_ROUTES.format(uptime="1d02h")
    )


def test_parse_facts_interfaces_do_not_count() -> None:
    """An interface's row says whether it is up, and no counter."""
    (eos,) = platform_named("arista_eos").parse_facts("show interfaces", EOS_INTERFACE)
    (ios,) = platform_named("cisco_ios").parse_facts("show interfaces", IOS_INTERFACE)
    assert (eos["interface"], eos["link_status"], eos["ip_address"]) == ("Ethernet1", "up", "10.0.11.0/31")
    assert (ios["interface"], ios["link_status"], ios["bandwidth"]) == ("HundredGigE1/0/1", "up", "40000000 Kbit")
    assert not {"input_packets", "last_input", "last_link_flapped"} & {*eos, *ios}


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_ios"])
def test_parse_facts_no_neighbour_is_no_row(platform: str) -> None:
    """A router without adjacencies answers nothing, and that parses."""
    assert platform_named(platform).parse_facts("show ip ospf neighbor", "") == ()


def test_parse_facts_answer_that_is_none_is_an_error() -> None:
    """An answer that does not parse is never an empty fact."""
    with pytest.raises(ValueError, match="does not parse"):
        platform_named("arista_eos").parse_facts("show ip route", "% Invalid input\nsomething else\n")
    with pytest.raises(ValueError, match="not one of the facts"):
        platform_named("arista_eos").parse_facts("show clock", "")
