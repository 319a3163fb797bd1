"""How an IOS-XE-like lab device talks: modes, refusals, the rollback timer, and show commands that others can parse."""

from __future__ import annotations

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
    """A router."""
    return bench.start(make_device("cisco_ios"))


@pytest.fixture
def console(bench: ConsoleBench, device: Device) -> Console:
    """A session on it, without paging."""
    made = bench.console(device)
    made.type("terminal length 0")
    return made


PARSED = {
    "show version": ("version", "17.9.4a"),
    "show clock": ("timezone", "UTC"),
    "show inventory": ("pid", "C9500-32C"),
    "show users": ("user", "netops"),
    "show ip ospf neighbor": ("state", "FULL/  -"),
    "show ip ospf interface brief": ("cost", "10"),
    "show interfaces": ("input_rate", "17500000000"),
    "show interfaces status": ("speed", "40G"),
    "show interfaces description": ("description", "to l1"),
    "show ip interface brief": ("ip_address", "10.0.21.1"),
    "show ip route": ("network", "10.0.11.0"),
    "show ip route static": ("nexthop_ip", "10.0.11.1"),
    "show lldp neighbors": ("neighbor_name", "r9"),
    "show lldp neighbors detail": ("neighbor_interface", "Ethernet7"),
    "show ip arp": ("ip_address", "10.0.21.0"),
    "show vlan brief": ("vlan_name", "default"),
    "show processes cpu": ("cpu_usage_5_sec", "1"),
    "show mac address-table": ("destination_address", "0100.0ccc.cccc"),
    "show ip ospf database": ("link_count", "5"),
    "traceroute 10.1.2.13 timeout 0": ("ip_address", "10.0.11.1"),
    "show archive": ("next_filename", "flash:ss-archive-<timestamp>-0"),
}


@pytest.mark.parametrize("command", PARSED)
def test_show_command_parses_with_ntc_templates(console: Console, command: str) -> None:
    """What the device prints is what the public templates for this vendor read, with the right content."""
    field, wanted = PARSED[command]
    rows = parse_output(platform="cisco_ios", command=command, data=console.type(command))
    assert rows[0][field] == wanted


def test_running_config_is_in_the_vendors_form_and_order(console: Console, device: Device) -> None:
    """The header counts the bytes; sections are indented by one and close as the vendor closes them."""
    family = ("neighbor 1.1.1.1 remote-as 65000", "address-family ipv4", "neighbor 1.1.1.1 activate")
    console.config("router bgp 65000", *family, "hostname p7")
    text = console.type("show running-config")
    body = text[text.index("!\n") : text.rindex("end\n") + 4]
    assert text.startswith(f"Building configuration...\n\nCurrent configuration : {len(body)} bytes\n!\n! Last config")
    assert "by netops\n!\nhostname p7\n!\nlldp run\n!\narchive\n path flash:ss-archive\n maximum 14\n!\n" in text
    assert " !\n address-family ipv4\n  neighbor 1.1.1.1 activate\n exit-address-family\n!\n" in text
    assert text.endswith("!\nend\n\n")
    assert text == device.running_text()


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (("int hu1/0/1", "ip ospf co 65535"), " ip ospf cost 65535\n"),
        (("interface HundredGigE 1/0/2", "ip ospf 1 area 0"), " ip ospf 1 area 0\n"),
        (("router ospf 1", "max-metric router-lsa on-startup 60 include-stub"), " include-stub on-startup 60\n"),
        (("ip route 10.8.0.0 255.255.0.0 Null0 200",), "ip route 10.8.0.0 255.255.0.0 Null0 200\n"),
        (("int range hu1/0/1-2", "load-interval 30"), " load-interval 30\n"),
        (("int lo1", "no ip address"), "interface Loopback1\n no ip address\n"),
        (("no ip http server",), "no ip http server\n"),
        (("route-map RM permit 20", "set community gshut additive"), " set community gshut additive\n"),
        (("do write memory",), "hostname p2\n"),
    ],
)
def test_config_lines_are_stored_in_canonical_form(console: Console, lines: tuple[str, ...], shown: str) -> None:
    """Abbreviations, ranges and options in any order become the one form that the device shows."""
    console.config(*lines)
    assert shown in console.type("show running-config")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("foo", "              ^\n% Invalid input detected at '^' marker.\n\n"),
        ("ip ospf cost x", "                           ^\n% Invalid input detected at '^' marker.\n\n"),
        ("ip ospf", "% Incomplete command.\n\n"),
        ("i", '% Ambiguous command:  "i"\n'),
        ("ip address 10.0.22.1 255.255.255.0", "% 10.0.22.0 overlaps with HundredGigE1/0/2\n"),
        ("no ip route 1.0.0.0 255.0.0.0 Null0", "%No matching route to delete\n"),
        ("no interface HundredGigE1/0/2", "% Removal of physical interfaces is not permitted.\n"),
        ("interface HundredGigE1/0/77", "                        ^\n% Invalid input detected at '^' marker.\n\n"),
    ],
)
def test_wrong_config_line_is_refused_in_the_vendors_words(
    console: Console, device: Device, line: str, answer: str
) -> None:
    """A wrong line is refused, with the caret under the word at fault, and changes nothing."""
    before = device.config.write(device.running)
    console.type("configure terminal")
    console.type("interface HundredGigE1/0/1")
    assert console.type(line) == answer
    assert device.config.write(device.running) == before
    assert not device.settled[-1].accepted


def test_prompts_name_the_mode_and_cut_long_names(console: Console) -> None:
    """Prompts are the vendor's; in configuration mode a long hostname is cut to twenty characters."""
    seen = []
    for line in (
        "configure terminal",
        "interface Hu1/0/1",
        "router ospf 1",
        "hostname a-router-with-a-long-name",
        "end",
    ):
        console.type(line)
        seen.append(console.prompt)
    assert seen == [
        "p2(config)#",
        "p2(config-if)#",
        "p2(config-router)#",
        "a-router-with-a-long(config)#",
        "a-router-with-a-long-name#",
    ]


def test_rollback_timer_is_armed_before_the_change_and_confirmed(console: Console, device: Device) -> None:
    """Arming backs the configuration up and enters configuration mode; confirm ends it and keeps the change."""
    answer = console.type("configure terminal revert timer 2")
    assert answer.startswith("Rollback Confirmed Change: Backing up current running config to flash:ss-archive-")
    assert console.prompt == "p2(config)#"
    for line in ("hostname p7", "end"):
        console.type(line)
    pending = console.type("show archive config rollback timer")
    assert "Timer type: absolute timer\nTimer value: 2 min\nUser: netops\n" in pending
    assert console.type("configure confirm") == ""
    assert console.type("show archive config rollback timer") == "%No Rollback Confirmed Change pending\n"
    assert device.hostname == "p7"


def test_revert_now_restores_everything_since_arming(console: Console, device: Device) -> None:
    """Revert brings back the whole configuration as it was, and prints the commands that do it."""
    before = device.config.write(device.running)
    for line in ("configure terminal revert timer 2", "router ospf 1", "max-metric router-lsa", "end"):
        console.type(line)
    answer = console.type("configure revert now")
    assert "router ospf 1\nno max-metric router-lsa\nend\n" in answer
    assert "Total number of passes: 1\nRollback Done\n" in answer
    assert device.config.write(device.running) == before


def test_only_the_user_who_armed_may_confirm(bench: ConsoleBench, console: Console, device: Device) -> None:
    """Another user is refused, and the timer stays."""
    for line in ("configure terminal revert timer 2", "end"):
        console.type(line)
    other = bench.console(device, user="bob")
    assert other.type("configure confirm").startswith("%Error")
    assert device.guard is not None


def test_timer_warns_its_terminal_and_then_rolls_back(bench: ConsoleBench, console: Console, device: Device) -> None:
    """A minute before the end the arming terminal hears a warning; at the end everything is back."""
    before = device.config.write(device.running)
    for line in ("configure terminal revert timer 1", "hostname p7", "end"):
        console.type(line)

    def hurry() -> None:
        assert device.guard is not None
        device.guard.deadline -= 59.9
        device.arm(device.guard)

    bench.call(hurry)
    bench.wait(lambda: device.guard is None)
    assert "Rollback Confirmed Change: rolling to:flash:ss-archive-" in console.text
    assert device.config.write(device.running) == before


def test_guard_without_archive_is_refused(console: Console) -> None:
    """Without ``archive`` there is no timer, and the device says what it needs."""
    console.config("no archive")
    assert console.type("show archive") == " Archive feature not enabled\n"
    assert console.type("configure terminal revert timer 2") == "%Please turn config archive on\n"
    assert console.prompt == "p2#"


def test_second_arming_is_refused(console: Console) -> None:
    """Only one rollback can be pending."""
    for line in ("configure terminal revert timer 2", "end"):
        console.type(line)
    assert "already pending" in console.type("configure terminal revert timer 3")


def test_retiming_sets_the_timer_anew(console: Console, device: Device) -> None:
    """``configure revert timer`` gives the pending rollback another length."""
    for line in ("configure terminal revert timer 2", "end", "configure revert timer 9"):
        console.type(line)
    assert "Timer value: 9 min\n" in console.type("show archive config rollback timer")
    assert 500 < (device.guard_left() or 0) <= 540


def test_copy_to_startup_asks_for_the_name(console: Console, device: Device) -> None:
    """IOS asks where to; Enter takes the name offered."""
    console.config("hostname p7")
    console.type("copy running-config startup-config", until="Destination filename [startup-config]? ")
    assert console.type("").endswith("[OK]\n")
    assert "hostname p7" in device.startup_text()


def test_configuration_file_is_merged_and_replaced(console: Console, device: Device) -> None:
    """A copied file comes back by ``configure replace`` exactly."""
    before = device.config.write(device.running)
    console.type("copy running-config flash:base.cfg", until="]? ")
    console.type("")
    console.config("hostname p7", "no ip route 10.9.0.0 255.255.0.0 10.0.21.0")
    assert "-hostname p2\n" in console.type("show archive config differences flash:base.cfg")
    console.type("configure replace flash:base.cfg force")
    assert device.config.write(device.running) == before


def test_reload_asks_and_loses_what_was_not_saved(bench: ConsoleBench, console: Console, device: Device) -> None:
    """Reload asks whether to save; after ``no`` the startup configuration runs."""
    console.config("hostname p7")
    console.type("reload", until="[yes/no]: ")
    console.type("no", until="[confirm]")
    console.type("")
    assert (console.gone or console.ended is not None, device.up, device.hostname) == (True, False, "p2")


def test_ping_prints_marks_and_the_rate(bench: ConsoleBench) -> None:
    """Ping answers in the vendor's form, parsed by the public template."""
    around = TinyAround()
    console = bench.console(make_device("cisco_ios", around=around))
    answer = console.type("ping 10.0.0.1 source Lo0 repeat 3")
    row = parse_output(platform="cisco_ios", command="ping", data=answer)[0]
    assert (row["success_pct"], row["response_stream"], row["source"]) == ("100", ["!!!"], "10.255.0.2")


def test_enable_asks_for_the_secret(bench: ConsoleBench) -> None:
    """A login that lands at ``>`` sees no configuration before the secret."""
    console = bench.console(make_device("cisco_ios", needs_enable=True, enable_secret="sesame"))
    assert "% Invalid input" in console.type("show running-config")
    console.type("enable", until="Password: ")
    console.type("sesame")
    assert console.prompt == "p2#"


def test_immediate_lines_stop_being_taken_when_half_applied(console: Console, device: Device) -> None:
    """With that fault the first line is taken and the next ones are refused."""
    device.inject(Fault(FaultKind.APPLY_HALF, "p2", lines=2))
    answers = console.config("router ospf 1", "max-metric router-lsa", "maximum-paths 4")
    assert "% Internal error" in answers
    text = device.running_text()
    assert ("max-metric router-lsa" in text, "maximum-paths 4" in text) == (True, False)


def test_leaving_configuration_mode_is_told_to_monitoring_terminals(
    bench: ConsoleBench, console: Console, device: Device
) -> None:
    """A terminal that monitors hears who configured, and gets its prompt again."""
    console.type("terminal monitor")
    other = bench.console(device, user="bob")
    other.config("hostname p2")
    bench.wait(lambda: "%SYS-5-CONFIG_I: Configured from console by bob" in console.text)
    assert console.prompt == "p2#"


@pytest.mark.parametrize("command", ["show ip bgp summary", "show bgp summary", "show bgp ipv4 unicast summary"])
def test_bgp_that_is_not_configured_is_not_active(console: Console, command: str) -> None:
    """A device without BGP says so, in the vendor's words."""
    assert console.type(command) == "% BGP not active\n\n"


def test_bgp_that_is_configured_parses_and_meets_nobody(console: Console) -> None:
    """Its neighbours are listed with their AS, and no session comes up."""
    console.config("router bgp 65001", "bgp router-id 10.255.0.2", "neighbor 10.0.21.0 remote-as 65002")
    command = "show ip bgp summary"
    (row,) = parse_output(platform="cisco_ios", command=command, data=console.type(command))
    found = [row[name] for name in ("router_id", "local_as", "bgp_neighbor", "neighbor_as")]
    assert found == ["10.255.0.2", "65001", "10.0.21.0", "65002"]
    assert row["state_or_prefixes_received"] == "Active"


def test_interface_counters_are_those_of_show_interfaces(console: Console) -> None:
    """Both directions are listed by the ports' short names, octets first."""
    received, sent = console.type("show interfaces counters").split("OutOctets")
    assert ["Hu1/0/1", "12345678"] in [line.split()[:2] for line in received.splitlines()]
    assert ["Hu1/0/1", "98765432"] in [line.split()[:2] for line in sent.splitlines()]


def test_traceroute_prints_a_line_for_each_hop(console: Console) -> None:
    """IOS's form: whole milliseconds, a star for each probe that was lost."""
    assert console.type("traceroute 10.1.2.13 timeout 0 source Loopback0 numeric") == (
        "Type escape sequence to abort.\n"
        "Tracing the route to 10.1.2.13\n"
        "VRF info: (vrf in name/id, vrf out name/id)\n"
        "  1 10.0.11.1 1 msec *  1 msec \n"
        "  2  *  *  * \n"
        "  3 10.1.2.13 1 msec 1 msec 1 msec \n"
    )
    assert "Unrecognized host" in console.type("traceroute n9")


def test_traceroute_without_a_way_asks_nobody_until_it_is_stopped(bench: ConsoleBench) -> None:
    """A device that knows no way to the target prints stars, and Ctrl-C brings the prompt back."""
    around = TinyAround()
    around.hops = ()
    console = bench.console(make_device("cisco_ios", around=around))
    console.type("terminal length 0")
    assert "30  *  *  *" in console.type("traceroute 192.0.2.1 timeout 0")
    console.keys(b"traceroute 192.0.2.1\r", until="vrf out name/id)")
    assert console.keys(b"\x03", until="p2#")


def test_archive_without_a_configuration_lists_its_empty_places(console: Console) -> None:
    """A real device numbers all its places from the first day, with nothing behind them."""
    *_, heading, first, second = console.type("show archive").splitlines()[:6]
    assert (heading, first.strip(), second.strip()) == (" Archive #  Name", "1", "2")
