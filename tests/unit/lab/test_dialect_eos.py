"""How an EOS-like lab device talks: modes, abbreviations, refusals, sessions, and show commands that others parse."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from ntc_templates.parse import parse_output

from safeshift.lab.device import Device
from safeshift.lab.faults import Fault, FaultKind
from tests.lab_bench import Console, ConsoleBench, TinyAround, make_device


@pytest.fixture
def bench() -> Iterator[ConsoleBench]:
    """An event loop with devices in it."""
    with ConsoleBench() as made:
        yield made


@pytest.fixture
def device(bench: ConsoleBench) -> Device:
    """A leaf."""
    return bench.start(make_device("arista_eos"))


@pytest.fixture
def console(bench: ConsoleBench, device: Device) -> Console:
    """A session on it, without paging."""
    made = bench.console(device, rows=1000)
    made.type("terminal length 0")
    return made


PARSED = {
    "show version": ("image", "4.33.1F-39879738.4331F"),
    "show hostname": ("hostname", "l1"),
    "show clock": ("timezone", "UTC"),
    "show inventory": ("pid", "cEOSLab"),
    "show ip ospf neighbor": ("state", "FULL"),
    "show ip ospf interface brief": ("cost", "10"),
    "show interfaces": ("ip_address", "10.0.11.0/31"),
    "show interfaces status": ("speed", "40G"),
    "show interfaces description": ("description", "to p1"),
    "show ip interface brief": ("ip_address", "10.0.11.0/31"),
    "show ip route": ("network", "10.0.11.0"),
    "show ip route static": ("next_hop", ["10.0.11.1"]),
    "show ip route 10.1.2.7": ("interface", ["Ethernet1", "Et2"]),
    "show lldp neighbors": ("neighbor_name", "r9"),
    "show lldp neighbors detail": ("neighbor_interface", "Ethernet7"),
    "show ip arp": ("ip_address", "10.0.11.1"),
    "show vlan": ("vlan_name", "default"),
    "show vrf": ("vrf", "default"),
    "show mac address-table": ("vlan_id", "10"),
    "show ip ospf database": ("link_count", "5"),
}


@pytest.mark.parametrize("command", PARSED)
def test_show_command_parses_with_ntc_templates(console: Console, command: str) -> None:
    """What the device prints is what the public templates for this vendor read, with the right content."""
    field, wanted = PARSED[command]
    rows = parse_output(platform="arista_eos", command=command, data=console.type(command))
    assert rows[0][field] == wanted


STRUCTURED = {
    "show version": ("version",),
    "show hostname": ("fqdn",),
    "show interfaces": ("interfaces", "Ethernet1", "interfaceCounters", "inOctets"),
    "show interfaces Ethernet1": ("interfaces", "Ethernet1", "interfaceStatistics", "inBitsRate"),
    "show interfaces status": ("interfaceStatuses", "Ethernet1", "linkStatus"),
    "show ip ospf neighbor": ("vrfs", "default", "instList", "1", "ospfNeighborEntries", 0, "adjacencyState"),
    "show ip route": ("vrfs", "default", "routes", "10.1.2.0/24", "vias", 0, "nexthopAddr"),
    "show ip route vrf default 10.1.2.0/24 detail": ("vrfs", "default", "routes", "10.1.2.0/24", "preference"),
    "show arp vrf all": ("vrfs", "default", "ipV4Neighbors", 0, "hwAddress"),
    "show vlan": ("vlans", "1", "name"),
    "show vrf": ("vrfs", "default", "interfaces", 0),
    "show ip bgp summary vrf all": ("vrfs",),
    "show mac address-table": ("unicastTable", "tableEntries", 0, "macAddress"),
    "show ip ospf database": ("vrfs", "default", "instList", "1", "areas", "0.0.0.0", "areaDatabase"),
    "show system environment temperature": ("tempSensors",),
    "show users accounts": ("users",),
    "show lldp neighbors": ("lldpNeighbors", 0, "neighborDevice"),
    "show configuration sessions detail": ("sessions",),
    "show running-config": ("cmds", "interface Ethernet1", "cmds", "ip ospf cost 10"),
}


@pytest.mark.parametrize("command", STRUCTURED)
def test_show_command_answers_json_under_the_vendors_keys(console: Console, command: str) -> None:
    """``| json`` gives a JSON document in which the vendor's own path leads to a value."""
    found = json.loads(console.type(f"{command} | json"))
    for step in STRUCTURED[command]:
        found = found[step]


def test_json_of_unconverted_command_is_refused(console: Console) -> None:
    """A command without structured form says so, as the vendor does."""
    assert console.type("show ip ospf | json") == "% This is an unconverted command\n"


def test_running_config_is_in_the_vendors_form_and_order(console: Console, device: Device) -> None:
    """Typed in any order, lines are shown in the vendor's order, indented by three, between a header and ``end``."""
    console.config("interface Ethernet2", "ip ospf cost 7", "mtu 9000", "description x")
    text = console.type("show running-config")
    assert text.startswith("! Command: show running-config\n! device: l1 (cEOSLab, EOS-4.33.1F)\n!\nhostname l1\n!\n")
    assert "interface Ethernet2\n   description x\n   mtu 9000\n   no switchport\n" in text
    assert "   ip address 10.0.21.0/31\n   ip ospf cost 7\n   ip ospf area 0.0.0.0\n!\n" in text
    assert text.endswith("!\nend\n")
    assert text == device.running_text()


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (("int e1", "ip ospf co 65535"), "   ip ospf cost 65535\n"),
        (("interface Ethernet 1", "ip address 10.5.0.1 255.255.255.0"), "   ip address 10.5.0.1/24\n"),
        (("router ospf 1", "max-metric router-lsa summary include-stub"), " router-lsa include-stub summary-lsa\n"),
        (("router ospf 1", "network 10.0.0.0/8 area 0"), "   network 10.0.0.0/8 area 0.0.0.0\n"),
        (("ip route 10.8.0.0 255.255.0.0 Null0 200",), "ip route 10.8.0.0/16 Null0 200\n"),
        (("int lo1", "ip address 1.1.1.1/32"), "interface Loopback1\n   ip address 1.1.1.1/32\n"),
        (("int e1-2", "load-interval 30"), "interface Ethernet2\n   load-interval 30\n"),
        (("route-map RM", "set community GSHUT additive"), "route-map RM permit 10\n   set community GSHUT additive\n"),
        (("router bgp 65000", "neighbor 1.1.1.1 route-map RM out"), "   neighbor 1.1.1.1 route-map RM out\n"),
        (("hostname l7",), "hostname l7\n"),
    ],
)
def test_config_lines_are_stored_in_canonical_form(console: Console, lines: tuple[str, ...], shown: str) -> None:
    """Abbreviations, masks, ranges and options in any order become the one form that the device shows."""
    assert "%" not in console.config(*lines)
    assert shown in console.type("show running-config")


def test_banner_takes_lines_up_to_its_end(console: Console) -> None:
    """A banner's text is read as it is until EOF, and shown so."""
    console.type("configure terminal")
    console.keys(b"banner motd\nhands off\n!\nEOF\n", until="EOF\r\nl1(config)#")
    console.type("end")
    assert "!\nbanner motd\nhands off\n!\nEOF\n!\nend\n" in console.type("show running-config")


def test_single_valued_line_is_replaced_and_listed_line_is_added(console: Console) -> None:
    """A second cost replaces the first; a second route stands beside the first."""
    console.config("interface Ethernet1", "ip ospf cost 20", "ip ospf cost 30", "ip route 10.9.0.0/16 10.0.21.1")
    text = console.type("show running-config")
    assert "ip ospf cost 30\n" in text
    assert "ip ospf cost 20\n" not in text
    assert "ip route 10.9.0.0/16 10.0.11.1\nip route 10.9.0.0/16 10.0.21.1\n" in text


@pytest.mark.parametrize(
    "lines",
    [
        ("interface Ethernet1", "no ip ospf cost"),
        ("interface Ethernet1", "no ip ospf cost 99"),
        ("interface Ethernet1", "default ip ospf cost"),
        ("default interface Ethernet1",),
        ("no interface Ethernet1",),
    ],
)
def test_no_forms_remove_a_line_but_not_a_physical_interface(console: Console, lines: tuple[str, ...]) -> None:
    """Each way to take the cost away works, and the port itself stays in the configuration."""
    console.config(*lines)
    text = console.type("show running-config")
    assert "ip ospf cost 10" not in text
    assert "interface Ethernet1\n" in text


def test_no_of_an_absent_line_is_silent(console: Console) -> None:
    """Removing what is not there says nothing and changes nothing."""
    before = console.type("show running-config")
    assert "%" not in console.config("no ip route 1.0.0.0/8 Null0", "router ospf 1", "no max-metric router-lsa")
    assert console.type("show running-config") == before


def test_no_switchport_is_shown_because_it_is_not_the_default(console: Console) -> None:
    """``no switchport`` is a line of its own; ``switchport`` takes it away."""
    console.config("interface Ethernet1", "switchport")
    assert "no switchport" not in console.type("show running-config interfaces Ethernet1")


def test_passive_default_turns_single_interfaces_into_exceptions(console: Console) -> None:
    """With ``passive-interface default`` the ``no`` form is what the device shows."""
    console.config("router ospf 1", "passive-interface default", "no passive-interface Ethernet1")
    assert "   no passive-interface Ethernet1\n" in console.type("show running-config section ospf")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("foo", "% Invalid input (at token 0: 'foo')\n"),
        ("ip", "% Incomplete command (at token 0: 'ip')\n"),
        ("i", "% Ambiguous command (at token 0: 'i')\n"),
        ("ip ospf cost 65536", "% Invalid input (at token 3: '65536')\n"),
        ("ip address 10.0.0.999/31", "% Invalid input (at token 2: '10.0.0.999/31')\n"),
        ("ip address 10.0.0.1", "% Incomplete command (at token 2: '10.0.0.1')\n"),
    ],
)
def test_wrong_config_line_is_refused_in_the_vendors_words(
    console: Console, device: Device, line: str, answer: str
) -> None:
    """A wrong line is refused with the place of the fault, changes nothing, and is in the device's own log."""
    before = device.running_text()
    console.type("configure terminal")
    console.type("interface Ethernet1")
    assert console.type(line) == answer
    assert device.running_text() == before
    assert (device.settled[-1].line, device.settled[-1].accepted) == (line, False)


def test_prompts_name_the_mode_and_cut_the_session_name(console: Console) -> None:
    """Prompts are the vendor's: sub-modes by name, session names cut to six characters."""
    seen = []
    for line in ("configure session safeshift-42", "interface Ethernet1", "router ospf 1", "exit", "abort"):
        console.type(line)
        seen.append(console.prompt)
    assert seen == [
        "l1(config-s-safesh)#",
        "l1(config-s-safesh-if-Et1)#",
        "l1(config-s-safesh-router-ospf)#",
        "l1(config-s-safesh)#",
        "l1#",
    ]


def test_session_changes_nothing_until_it_is_committed(console: Console, device: Device) -> None:
    """Lines in a session are staged; the diff shows them; commit makes them the running configuration."""
    before = device.running_text()
    console.type("configure session ss-1")
    console.type("router ospf 1")
    console.type("max-metric router-lsa")
    diff = console.type("show session-config diffs")
    assert diff.startswith("--- system:/running-config\n+++ session:/ss-1-session-config\n@@ ")
    assert "\n+   max-metric router-lsa\n" in diff
    assert device.running_text() == before
    console.type("commit")
    assert console.prompt == "l1#"
    assert "   max-metric router-lsa\n" in device.running_text()


def test_commit_timer_is_confirmed_from_another_session_by_another_user(
    bench: ConsoleBench, console: Console, device: Device
) -> None:
    """While the timer runs it is listed; any session may confirm; then nothing is pending."""
    for line in ("configure session ss-1", "hostname l7", "commit timer 00:05:00"):
        console.type(line)
    assert "Session with pending commit timer: ss-1\n" in console.type("show configuration sessions detail")
    other = bench.console(device, user="bob", rows=1000)
    assert other.type("configure session ss-1 commit") == ""
    assert device.guard is None
    assert "hostname l7\n" in device.running_text()


def test_commit_timer_that_is_aborted_brings_the_checkpoint_back(console: Console, device: Device) -> None:
    """Abort while the timer runs restores exactly what was there before the commit."""
    before = device.running_text()
    for line in ("configure session ss-1", "hostname l7", "no ip route 10.9.0.0/16", "commit timer 00:05:00"):
        console.type(line)
    console.type("configure session ss-1 abort")
    assert device.running_text() == before
    assert console.type("configure session ss-1 commit") == "% Session ss-1 not found\n"


def test_commit_timer_that_ends_restores_and_says_so(bench: ConsoleBench, console: Console, device: Device) -> None:
    """A timer nobody confirms fires by itself: the checkpoint is back, the row is gone, the log names the session."""
    before = device.running_text()
    for line in ("configure session ss-1", "hostname l7", "commit timer 00:00:01"):
        console.type(line)
    bench.wait(lambda: device.guard is None)
    assert device.running_text() == before
    assert "ss-1" not in console.type("show configuration sessions")
    assert "commitTimerCheckPointConfig" in device.console[-1]


def test_sixth_pending_session_is_refused(console: Console) -> None:
    """Five sessions may be open; the device refuses the sixth in the vendor's words."""
    for number in range(5):
        console.type(f"configure session s{number}")
        console.type("end")
    assert "Maximum number of pending sessions has been reached" in console.type("configure session s5")


def test_older_release_lists_the_timer_in_the_row(bench: ConsoleBench) -> None:
    """Up to 4.31 the row says pendingCommitTimer and how long it has, in text and in JSON."""
    console = bench.console(make_device("arista_eos", version="4.29.2F"), rows=1000)
    for line in ("configure session ss-1", "hostname l7", "commit timer 00:05:00"):
        console.type(line)
    assert "pendingCommitTimer" in console.type("show configuration sessions detail")
    sessions = json.loads(console.type("show configuration sessions detail | json"))["sessions"]
    assert sessions["ss-1"]["state"] == "pendingCommitTimer"


def test_configure_replace_restores_a_saved_file(console: Console, device: Device) -> None:
    """A configuration copied to flash comes back whole."""
    before = device.running_text()
    console.type("copy running-config flash:base")
    console.config("hostname l7", "no ip route 10.9.0.0/16")
    console.type("configure replace flash:base")
    assert device.running_text() == before


def test_write_memory_copies_running_to_startup(console: Console, device: Device) -> None:
    """Startup is apart from running until it is saved."""
    console.config("hostname l7")
    assert "hostname l1" in device.startup_text()
    assert console.type("write memory") == "Copy completed successfully.\n"
    assert "hostname l7" in device.startup_text()


def test_login_before_enable_refuses_privileged_commands(bench: ConsoleBench) -> None:
    """A login that lands at ``>`` reads little until the right secret was typed, which is not echoed."""
    console = bench.console(make_device("arista_eos", needs_enable=True, enable_secret="sesame"), rows=1000)
    assert console.prompt == "l1>"
    assert console.type("show running-config").startswith("% Invalid input")
    console.type("enable", until="Password: ")
    console.type("sesame")
    assert console.prompt == "l1#"
    assert "sesame" not in console.text


def test_output_filters_choose_lines(console: Console) -> None:
    """include, exclude, begin and section work, also behind one another."""
    assert console.type("show running-config | include hostname") == "hostname l1\n"
    assert "!" not in console.type("show running-config | exclude !")
    assert console.type("show running-config | begin router ospf").startswith("router ospf 1\n")
    section = console.type("show running-config | section router ospf | include router-id")
    assert section == "   router-id 10.255.0.1\n"


def test_pager_waits_for_keys_and_can_be_left(bench: ConsoleBench, device: Device) -> None:
    """Output longer than the window stops at --More--; space shows more, q ends it."""
    console = bench.console(device, rows=10)
    console.type("show running-config", until="--More--")
    console.keys(b" ", until="--More--")
    assert "end" not in console.keys(b"q", until="l1#")


def test_ping_prints_each_round_trip_and_the_summary(console: Console) -> None:
    """Ping answers in the Linux form, with the numbers asked for."""
    text = console.type("ping 10.0.0.1 repeat 2 size 100 interval 0.01")
    assert text.startswith("PING 10.0.0.1 (10.0.0.1) 100(128) bytes of data.\n")
    assert "2 packets transmitted, 2 received, 0% packet loss" in text


def test_half_applied_commit_leaves_the_first_half_and_complains(console: Console, device: Device) -> None:
    """With that fault a commit carries out the first half of its differences only."""
    device.inject(Fault(FaultKind.APPLY_HALF, "l1", times=1))
    for line in ("configure session ss-1", "router ospf 1", "max-metric router-lsa", "maximum-paths 4"):
        console.type(line)
    assert console.type("commit timer 00:05:00").startswith("% Error")
    text = device.running_text()
    assert ("maximum-paths 4" in text, "max-metric router-lsa" in text) == (True, False)


def test_foreign_guard_is_somebody_elses_pending_commit(bench: ConsoleBench, console: Console, device: Device) -> None:
    """With that fault another user's timer is listed, and a commit with a timer is refused."""
    bench.call(lambda: device.inject(Fault(FaultKind.FOREIGN_GUARD, "l1")))
    assert "pending commit timer: carol-1" in console.type("show configuration sessions detail")
    for line in ("configure session ss-1", "hostname l7"):
        console.type(line)
    assert "carol-1 has a pending commit timer" in console.type("commit timer 00:05:00")


def test_every_line_is_in_the_devices_own_log(console: Console, device: Device) -> None:
    """The device remembers each line, who sent it and in which mode."""
    console.config("interface Ethernet1", "ip ospf cost 5")
    logged = [(line.mode, line.line) for line in device.received if line.line]
    assert logged[-3:] == [("config", "interface Ethernet1"), ("if", "ip ospf cost 5"), ("if", "end")]
    assert {line.user for line in device.received} == {"netops"}


@pytest.mark.parametrize("command", ["show ip bgp summary", "show bgp summary", "show bgp ipv4 unicast summary"])
def test_bgp_that_is_not_configured_is_inactive(console: Console, command: str) -> None:
    """A device without BGP says so, in the vendor's words and as data."""
    assert console.type(command) == "% BGP inactive\n"
    assert json.loads(console.type(f"{command} | json")) == {"vrfs": {}}


def test_bgp_that_is_configured_parses_and_meets_nobody(console: Console) -> None:
    """Its neighbours are listed with their AS, and no session comes up."""
    console.config("router bgp 65001", "router-id 10.255.0.1", "neighbor 10.0.11.1 remote-as 65002")
    command = "show ip bgp summary"
    (row,) = parse_output(platform="arista_eos", command=command, data=console.type(command))
    found = [row[name] for name in ("router_id", "local_as", "bgp_neigh", "neigh_as", "state")]
    assert found == ["10.255.0.1", "65001", "10.0.11.1", "65002", "Active"]
    assert json.loads(console.type(f"{command} | json"))["vrfs"]["default"]["peers"]["10.0.11.1"]["asn"] == "65002"


def test_traceroute_prints_a_line_for_each_hop(console: Console) -> None:
    """Linux's form, which EOS has: three probes a line, a star for each that was lost."""
    assert console.type("traceroute 10.1.2.13") == (
        "traceroute to 10.1.2.13 (10.1.2.13), 30 hops max, 60 byte packets\n"
        " 1  10.0.11.1 (10.0.11.1)  0.410 ms *  0.390 ms\n"
        " 2  * * *\n"
        " 3  10.1.2.13 (10.1.2.13)  1.234 ms  1.100 ms  1.300 ms\n"
    )


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("traceroute vrf default 10.1.2.13", " 3  10.1.2.13"),
        ("trace 10.1.2.13 source Ethernet1", " 3  10.1.2.13"),
        ("traceroute n9", "n9: Name or service not known\n"),
        ("traceroute", "% Incomplete command"),
    ],
)
def test_traceroute_takes_what_the_device_takes(console: Console, command: str, answer: str) -> None:
    """A VRF, a source, an abbreviation; a name that nobody knows is an error."""
    assert answer in console.type(command)


def test_traceroute_without_a_way_says_so(bench: ConsoleBench) -> None:
    """A device that knows no way to the target sends nothing."""
    around = TinyAround()
    around.hops = ()
    console = bench.console(make_device("arista_eos", around=around))
    assert console.type("traceroute 192.0.2.1") == "connect: Network is unreachable\n"
