"""The exec commands of an IOS-XE-like device, and the dialect as ``device.py`` and ``sshd.py`` see it. A table.

What a command does is in ``ios.py``, what it prints in ``ios_show.py`` and ``ios_network.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from safeshift.lab.dialects import ios_network, ios_show, ios_tables
from safeshift.lab.dialects.base import Wire
from safeshift.lab.dialects.configtree import Node
from safeshift.lab.dialects.grammar import Match
from safeshift.lab.dialects.ios import WARNING_S, IosTerminal
from safeshift.lab.dialects.ios_config import KINDS, LANGUAGE
from safeshift.lab.dialects.pending import Guard
from safeshift.lab.dialects.router import Command, command_tables, filter_output
from safeshift.lab.dialects.terminal import Terminal

if TYPE_CHECKING:
    from safeshift.lab.device import Device


def _show(template: str, text: Callable[[Device], str], *, open_: bool = True) -> Command:
    """A command that prints one fact and takes no argument."""
    return Command(template, lambda terminal, match: text(terminal.device), open_)


def _show_one(template: str, text: Callable[[Device, str], str], *, open_: bool = True) -> Command:
    """A command whose first argument says what is shown (or, without any, its last word)."""
    return Command(
        template,
        lambda terminal, match: text(terminal.device, match.args[0] if match.args else match.words[-1]),
        open_,
    )


def _section(device: Device, pattern: str) -> str:
    return filter_output(ios_show.body(device.running), "section", pattern)


def _privilege(terminal: IosTerminal, match: Match[Command]) -> str:
    return f"Current privilege level is {15 if terminal.privileged else 1}\n"


_COMMANDS: tuple[Command, ...] = (
    Command("enable [<0-15>]", IosTerminal.enable, True),
    Command("disable", IosTerminal.disable, True),
    Command("(exit|quit|logout)", IosTerminal.quit, True),
    Command("terminal length <0-512>", IosTerminal.set_length, True),
    Command("terminal width <0-512>", IosTerminal.accept, True),
    Command("terminal [no] monitor", IosTerminal.monitor, True),
    Command("ping [ip] <address> [<line>]", IosTerminal.ping, True),
    Command("traceroute [vrf <word>] <address> [<line>]", IosTerminal.trace, True),
    Command("traceroute ip <address> [<line>]", IosTerminal.trace, True),
    Command("configure terminal", IosTerminal.enter),
    Command("configure terminal revert (timer|idle) <1-120>", IosTerminal.enter_guarded),
    Command("configure confirm", IosTerminal.confirm),
    Command("configure revert now", IosTerminal.revert_now),
    Command("configure revert timer [idle] <1-120>", IosTerminal.retime),
    Command("configure replace <file> [<line>]", IosTerminal.replace),
    Command("write [memory]", IosTerminal.save),
    Command("write terminal", lambda terminal, match: ios_show.config_text(terminal.device, terminal.device.running)),
    Command("copy running-config startup-config", IosTerminal.save_by_copy),
    Command("copy (running-config|startup-config) <file>", IosTerminal.copy_out),
    Command("copy <file> running-config", IosTerminal.copy_in),
    Command("dir [<file>]", IosTerminal.directory),
    Command("more <file>", IosTerminal.more),
    Command("reload", IosTerminal.reload),
    Command("clear counters [<if>]", IosTerminal.accept),
    _show("show version", ios_show.version),
    _show("show clock", lambda device: ios_show.clock()),
    _show("show inventory", ios_show.inventory),
    _show("show users", ios_show.users),
    _show("show hosts", ios_show.hosts),
    _show("show logging", lambda device: "".join(f"{line}\n" for line in device.console)),
    Command("show privilege", _privilege, True),
    _show("show ip ospf", ios_network.ospf),
    _show("show ip ospf neighbor", ios_network.ospf_neighbors),
    _show("show ip ospf interface brief", ios_network.ospf_interfaces),
    _show("show interfaces", ios_network.interfaces),
    _show_one("show interfaces <if>", ios_network.interfaces),
    _show("show interfaces status", ios_network.interfaces_status),
    _show("show interfaces description", ios_network.interfaces_description),
    _show("show ip interface brief", ios_network.ip_interfaces),
    _show("show ip interface", ios_network.ip_interface),
    _show_one("show ip interface <if>", ios_network.ip_interface),
    _show("show ip route", ios_network.routes),
    _show_one("show ip route (connected|static|ospf)", ios_network.routes),
    _show_one("show ip route <ip> [<ip>]", ios_network.route_entry),
    _show("show [ip] arp", ios_tables.arp),
    _show("show vlan [brief]", ios_tables.vlans),
    _show("show mac address-table", ios_tables.macs),
    _show("show ip ospf database", ios_tables.ospf_database),
    _show("show [ip] bgp [all] summary", ios_tables.bgp),
    _show("show bgp ipv4 unicast summary", ios_tables.bgp),
    _show("show interfaces counters", ios_tables.counters),
    _show("show memory [statistics]", ios_tables.memory),
    _show("show processes cpu", ios_tables.processor),
    _show("show environment temperature status", ios_tables.temperature),
    _show("show snmp chassis", ios_tables.chassis),
    _show("show lldp neighbors", ios_network.lldp),
    _show("show lldp neighbors detail", ios_network.lldp_detail),
    _show_one("show lldp neighbors <if> [detail]", ios_network.lldp_detail),
    _show("show running-config [all|full]", lambda device: ios_show.config_text(device, device.running), open_=False),
    _show_one("show running-config interface <if>", ios_show.interface_text, open_=False),
    _show_one("show running-config section <line>", _section, open_=False),
    _show("show startup-config", ios_show.startup_text, open_=False),
    _show("show archive", ios_show.archive, open_=False),
    _show("show archive config rollback timer", ios_show.rollback_timer, open_=False),
    Command("show archive config differences [<file> [<file>]]", IosTerminal.differences),
    Command("show archive config incremental-diffs <file>", IosTerminal.differences),
)

_EXEC_KINDS = {
    **KINDS,
    "address": lambda words: (1, words[0]) if words[0].lower() != "vrf" else None,
    "file": lambda words: (1, words[0]) if ":" in words[0] else None,
}
IosTerminal.commands, IosTerminal.open_commands = command_tables(_COMMANDS, _EXEC_KINDS)


class Ios:
    """The IOS-XE-like dialect."""

    warning_s = WARNING_S

    def read(self, text: str) -> Node:
        """See ``Dialect``."""
        return LANGUAGE.read(text)

    def write(self, tree: Node) -> str:
        """See ``Dialect``."""
        return ios_show.body(tree)

    def show_running(self, device: Device) -> str:
        """See ``Dialect``."""
        return ios_show.config_text(device, device.running)

    def show_startup(self, device: Device) -> str:
        """See ``Dialect``."""
        return ios_show.startup_text(device)

    def rollback_message(self, device: Device, guard: Guard) -> str:
        """See ``Dialect``."""
        undo = "".join(f"{line}\n" for line in ios_show.undo_lines(device.running, guard.checkpoint))
        listed = f"!Pass 1\n!List of Rollback Commands:\n{undo}end\n\n\n" if undo else ""
        return (
            f"Rollback Confirmed Change: rolling to:{guard.name}\n\n{listed}Total number of passes: 1\nRollback Done\n"
        )

    def warning_message(self, device: Device, guard: Guard) -> str:
        """See ``Dialect``."""
        return (
            "Rollback Confirmed Change: Rollback will begin in one minute.\n"
            'Enter "configure confirm" if you wish to keep what you\'ve configured'
        )

    def arm_foreign(self, device: Device, user: str, seconds: float) -> None:
        """See ``Dialect``."""
        now = time.time()
        name = f"{ios_show.archive_path(device) or 'flash:archive'}-{user}-0"
        device.arm(Guard(name, user, device.running.copy(), now, now + seconds))

    def terminal(self, device: Device, wire: Wire) -> Terminal:
        """See ``Dialect``."""
        return IosTerminal(device, wire)
