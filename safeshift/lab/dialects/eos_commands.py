"""The exec commands of an EOS-like device, and the dialect as ``device.py`` and ``sshd.py`` see it. A table.

What a command does is in ``eos.py``, what it prints in ``eos_show.py`` and ``eos_network.py``.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from safeshift.lab.dialects import eos_json, eos_network, eos_show, eos_tables
from safeshift.lab.dialects.base import Wire
from safeshift.lab.dialects.configtree import Node
from safeshift.lab.dialects.eos import EosTerminal, timer_seconds
from safeshift.lab.dialects.eos_config import KINDS, LANGUAGE
from safeshift.lab.dialects.grammar import Match, take_address, take_prefix_length
from safeshift.lab.dialects.pending import Candidate, Guard
from safeshift.lab.dialects.router import Command, command_tables, filter_output
from safeshift.lab.dialects.terminal import Terminal

if TYPE_CHECKING:
    from safeshift.lab.device import Device

_Show = Callable[["Device"], str]
_Json = Callable[["Device"], object]


def _show(template: str, text: _Show, structured: _Json | None = None, *, open_: bool = True) -> Command:
    """A command that prints one fact and takes no argument."""
    return Command(
        template,
        lambda terminal, match: text(terminal.device),
        open_,
        None if structured is None else lambda terminal, match: structured(terminal.device),
    )


_SELECT = Callable[["Device", str], object]


def _show_one(template: str, text: Callable[[Device, str], str], structured: _SELECT) -> Command:
    """A command that takes one argument, the last of its words."""
    return Command(
        template,
        lambda terminal, match: text(terminal.device, match.words[-1]),
        True,
        lambda terminal, match: structured(terminal.device, match.words[-1]),
    )


def _running(terminal: EosTerminal, match: Match[Command]) -> str:
    return eos_show.config_text(terminal.device, terminal.device.running, match.text)


def _running_json(terminal: EosTerminal, match: Match[Command]) -> object:
    return eos_json.config(terminal.device, terminal.device.running, match.text)


def _running_section(terminal: EosTerminal, match: Match[Command]) -> str:
    return filter_output(eos_show.body(terminal.device.running), "section", match.args[0])


def _running_interface(terminal: EosTerminal, match: Match[Command]) -> str:
    return eos_show.section_text(terminal.device, f"interface {match.args[0]}")


def _running_diffs(terminal: EosTerminal, match: Match[Command]) -> str:
    text = eos_show.diff_text(terminal.device.startup, terminal.device.running, "")
    return text.replace("--- system:/running-config", "--- flash:/startup-config").replace(
        "+++ session:/-session-config", "+++ system:/running-config"
    )


def _session(terminal: EosTerminal, match: Match[Command]) -> Candidate | None:
    return terminal.device.candidates.get(match.args[0]) if match.args else terminal.candidate


def _session_config(terminal: EosTerminal, match: Match[Command]) -> str:
    candidate = _session(terminal, match)
    return eos_show.config_text(terminal.device, candidate.tree, match.text) if candidate else _no_session(match)


def _session_diffs(terminal: EosTerminal, match: Match[Command]) -> str:
    candidate = _session(terminal, match)
    if candidate is None:
        return _no_session(match)
    return eos_show.diff_text(terminal.device.running, candidate.tree, candidate.name)


def _no_session(match: Match[Command]) -> str:
    return f"% Session {match.args[0]} not found\n" if match.args else "% Not in a configuration session\n"


def _active(terminal: EosTerminal, match: Match[Command]) -> str:
    if terminal.editing is None or len(terminal.editing.places) == 1:
        return eos_show.body(terminal.device.running)
    return "".join(eos_show.section_text(terminal.device, path[0]) for path in terminal.editing.places[-1].paths)


def _routes_vrf(terminal: EosTerminal, match: Match[Command]) -> str:
    return eos_network.routes(terminal.device, *match.args[:1])


def _routes_vrf_json(terminal: EosTerminal, match: Match[Command]) -> object:
    return eos_json.routes(terminal.device, *match.args[:1])


def _privilege(terminal: EosTerminal, match: Match[Command]) -> str:
    return f"Current privilege level is {15 if terminal.privileged else 1}\n"


_COMMANDS: tuple[Command, ...] = (
    Command("enable [<0-15>]", EosTerminal.enable, True),
    Command("disable", EosTerminal.disable, True),
    Command("(exit|quit|logout)", EosTerminal.quit, True),
    Command("terminal length <0-32767>", EosTerminal.set_length, True),
    Command("terminal width <10-32767>", EosTerminal.set_width, True),
    Command("terminal [no] monitor", EosTerminal.monitor, True),
    Command("terminal dont-ask", lambda terminal, match: "", True),
    Command("ping <address>", EosTerminal.ping, True),
    Command("ping [vrf <word>] <address> <line>", lambda terminal, match: _ping_vrf(terminal, match), True),
    Command("traceroute [vrf <word>] <address> [<line>]", EosTerminal.trace, True),
    Command("configure [terminal]", EosTerminal.enter),
    Command("configure session [<word>]", EosTerminal.enter_session),
    Command("configure session <word> commit [timer <hms>]", EosTerminal.session_commit),
    Command("configure session <word> abort", EosTerminal.session_abort),
    Command("configure replace <file> [ignore-errors]", EosTerminal.replace),
    Command("write [memory]", EosTerminal.save),
    Command("copy running-config startup-config", EosTerminal.save),
    Command("copy (running-config|startup-config) <file>", EosTerminal.copy),
    Command("reload [now|force]", EosTerminal.reload),
    _show("show version", eos_show.version, eos_json.version),
    _show("show hostname", eos_show.hostname, eos_json.hostname),
    _show("show clock", lambda device: eos_show.clock()),
    _show("show inventory", eos_show.inventory, eos_json.inventory),
    _show("show users", eos_show.users),
    _show("show logging", eos_show.logging),
    Command("show privilege", _privilege, True),
    _show("show ip ospf", eos_network.ospf),
    _show("show ip ospf neighbor", eos_network.ospf_neighbors, eos_json.ospf_neighbors),
    _show("show ip ospf interface brief", eos_network.ospf_interfaces),
    _show("show interfaces", eos_network.interfaces, eos_json.interfaces),
    _show_one("show interfaces <if>", eos_network.interfaces, eos_json.interfaces),
    _show("show interfaces status", eos_network.interfaces_status, eos_json.interfaces_status),
    _show("show interfaces description", eos_network.interfaces_description, eos_json.interfaces_description),
    _show("show interfaces counters", eos_network.counters, eos_json.counters),
    _show("show ip interface [brief]", eos_network.ip_interfaces, eos_json.ip_interfaces),
    _show("show ipv6 interface", lambda device: "", lambda device: {"interfaces": {}}),
    _show("show ip route", eos_network.routes, eos_json.routes),
    _show_one("show ip route (connected|static|ospf|<prefix>|<ip>)", eos_network.routes, eos_json.routes),
    Command("show ip route vrf (default|all) [<prefix>|<ip>] [detail]", _routes_vrf, True, _routes_vrf_json),
    _show("show [ip] arp", eos_tables.arp, eos_tables.arp_json),
    _show("show arp vrf all", eos_tables.arp_all, eos_tables.arp_all_json),
    _show("show vlan [brief]", eos_tables.vlans, eos_tables.vlans_json),
    _show("show vrf", eos_tables.vrfs, eos_tables.vrfs_json),
    _show("show (ip|ipv6) bgp (summary|neighbors|peers) [vrf all]", eos_tables.bgp, eos_tables.bgp_json),
    _show("show bgp [ipv4 unicast] summary [vrf all]", eos_tables.bgp, eos_tables.bgp_json),
    _show("show mac address-table", eos_tables.macs, eos_tables.macs_json),
    _show("show ip ospf database", eos_tables.ospf_database, eos_tables.ospf_database_json),
    _show("show interfaces transceiver", lambda device: "", eos_tables.transceivers_json),
    _show("show system environment cooling", eos_tables.cooling, eos_tables.cooling_json),
    _show("show system environment temperature", eos_tables.temperature, eos_tables.temperature_json),
    _show("show system environment power", lambda device: "", eos_tables.power_json),
    _show("show processes top once", eos_tables.processes),
    _show("show users accounts", eos_tables.accounts, eos_tables.accounts_json),
    _show("show lldp neighbors", eos_network.lldp, eos_json.lldp),
    _show("show lldp neighbors detail", eos_network.lldp_detail, eos_json.lldp_detail),
    Command(
        "show lldp neighbors <if> [detail]",
        lambda terminal, match: eos_network.lldp_detail(terminal.device, match.args[0]),
        True,
        lambda terminal, match: eos_json.lldp_detail(terminal.device, match.args[0]),
    ),
    Command("show running-config [all|sanitized]", _running, False, _running_json),
    Command("show running-config section <line>", _running_section),
    Command("show running-config interfaces <if>", _running_interface),
    Command("show running-config diffs", _running_diffs),
    _show("show startup-config", eos_show.startup_text, open_=False),
    Command(
        "show configuration sessions [detail]",
        lambda terminal, match: eos_show.sessions(terminal.device, detail=match.words[-1] == "detail"),
        False,
        lambda terminal, match: eos_json.sessions(terminal.device),
    ),
    Command("show session-config [named <word>]", _session_config),
    Command("show session-config [named <word>] diffs", _session_diffs),
    Command("show active", _active),
)


def _ping_vrf(terminal: EosTerminal, match: Match[Command]) -> Awaitable[str]:
    args = match.args[1:] if "vrf" in match.words[:2] else match.args
    return terminal.ping(Match(match.rule, match.words, args, match.key))


_EXEC_KINDS = {
    **KINDS,
    "ip": take_address,
    "prefix": take_prefix_length,
    "address": lambda words: (1, words[0]) if words[0].lower() != "vrf" else None,
    "file": lambda words: (1, words[0]) if ":" in words[0] else None,
    "hms": lambda words: (1, words[0]) if timer_seconds(words[0]) else None,
}
EosTerminal.commands, EosTerminal.open_commands = command_tables(_COMMANDS, _EXEC_KINDS)


class Eos:
    """The EOS-like dialect."""

    warning_s = 0.0

    def read(self, text: str) -> Node:
        """See ``Dialect``."""
        return LANGUAGE.read(text)

    def write(self, tree: Node) -> str:
        """See ``Dialect``."""
        return eos_show.body(tree)

    def show_running(self, device: Device) -> str:
        """See ``Dialect``."""
        return eos_show.config_text(device, device.running, "show running-config")

    def show_startup(self, device: Device) -> str:
        """See ``Dialect``."""
        return eos_show.startup_text(device)

    def rollback_message(self, device: Device, guard: Guard) -> str:
        """See ``Dialect``."""
        stamp = time.strftime("%b %e %H:%M:%S", time.gmtime())
        head = f"{stamp} {device.hostname} ConfigAgent: %SYS-5-CONFIG_SESSION"
        return (
            f"{head}_TIMER_EXPIRED: Commit timer of session {guard.name} expired, rolling back.\n"
            f"{head}_REPLACE: config replace of commitTimerCheckPointConfig by {guard.user} succeeded."
        )

    def warning_message(self, device: Device, guard: Guard) -> str:
        """See ``Dialect``: EOS does not warn."""
        return ""

    def arm_foreign(self, device: Device, user: str, seconds: float) -> None:
        """See ``Dialect``."""
        name, now = f"{user}-1", time.time()
        device.candidates[name] = Candidate(name, user, device.running.copy(), device.running.copy(), "committed")
        device.arm(Guard(name, user, device.running.copy(), now, now + seconds))

    def terminal(self, device: Device, wire: Wire) -> Terminal:
        """See ``Dialect``."""
        return EosTerminal(device, wire)
