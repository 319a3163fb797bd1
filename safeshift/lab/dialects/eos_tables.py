"""The smaller tables of an EOS-like device that people and their tools read: ARP, VLANs, LSAs, BGP, environment.

Each has its two forms side by side. What safeshift itself reads is in ``eos_network.py`` and ``eos_show.py``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from safeshift.lab.dialects import facts
from safeshift.lab.dialects.eos_config import NAMES
from safeshift.lab.dialects.eos_json import colon_mac
from safeshift.lab.dialects.facts import dotted_mac

if TYPE_CHECKING:
    from safeshift.lab.device import Device

Json = dict[str, object]


def arp(device: Device) -> str:
    """Answer ``show arp``."""
    text = "Address         Age (sec)  Hardware Addr   Interface\n"
    for entry in facts.arp_entries(device):
        minutes, seconds = divmod(entry.age_s, 60)
        age = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
        text += f"{entry.address!s:15} {age:>9}  {dotted_mac(entry.mac)}  {entry.interface}\n"
    return text


def arp_json(device: Device) -> Json:
    """Answer ``show arp | json``."""
    found = [
        {
            "hwAddress": dotted_mac(entry.mac),
            "address": str(entry.address),
            "interface": entry.interface,
            "age": entry.age_s,
        }
        for entry in facts.arp_entries(device)
    ]
    counts = {"dynamicEntries": len(found), "notLearnedEntries": 0, "totalEntries": len(found), "staticEntries": 0}
    return {**counts, "ipV4Neighbors": found}


def arp_all(device: Device) -> str:
    """Answer ``show arp vrf all``."""
    return f"VRF: default\n{arp(device)}"


def arp_all_json(device: Device) -> Json:
    """Answer ``show arp vrf all | json``."""
    return {"vrfs": {"default": arp_json(device)}}


def vlans(device: Device) -> str:
    """Answer ``show vlan``."""
    dashes = f"----- {'-' * 32} {'-' * 9} {'-' * 31}\n"
    text = f"VLAN  Name{' ' * 29}Status    Ports\n{dashes}"
    for number, name, ports in _vlans(device):
        text += f"{number:<5} {name:32} {'active':9} {', '.join(NAMES.short(port) for port in ports)}".rstrip() + "\n"
    return text + "\n"


def vlans_json(device: Device) -> Json:
    """Answer ``show vlan | json``."""
    listed = {
        str(number): {
            "name": name,
            "dynamic": False,
            "status": "active",
            "interfaces": {port: {"privatePromoted": False} for port in ports},
        }
        for number, name, ports in _vlans(device)
    }
    return {"sourceDetail": "", "vlans": listed}


def _vlans(device: Device) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """VLANs by number: the default one, and each that has an interface or a port of its own."""
    faces = facts.interfaces(device)
    routed = {int(face.name[4:]) for face in faces if face.name.startswith("Vlan")}
    numbers = sorted({1, *routed, *(int(face.vlan) for face in faces if face.switched)})
    return tuple(
        (
            number,
            "default" if number == 1 else f"VLAN{number:04d}",
            (
                *(("Cpu",) if number in routed else ()),
                *(face.name for face in faces if face.switched and int(face.vlan) == number),
            ),
        )
        for number in numbers
    )


def vrfs(device: Device) -> str:
    """Answer ``show vrf``."""
    names = ", ".join(NAMES.short(name) for name in _routed(device))
    return (
        "Maximum number of VRFs allowed: 1023\n"
        "   VRF           Protocols       State            Interfaces\n"
        f"{'-' * 13} {'-' * 15} {'-' * 16} {'-' * 33}\n"
        f"   default       IPv4            routing          {names}\n"
        "                 IPv6            no routing\n\n"
    )


def vrfs_json(device: Device) -> Json:
    """Answer ``show vrf | json``."""
    state = {
        "ipv4": {"supported": True, "protocolState": "up", "routingState": "up", "protocolSupported": True},
        "ipv6": {"supported": True, "protocolState": "up", "routingState": "down", "protocolSupported": True},
    }
    default = {"routeDistinguisher": "", "vrfState": "up", "interfaces": list(_routed(device)), "protocols": state}
    return {"vrfs": {"default": {**default, "interfacesV4": default["interfaces"], "interfacesV6": []}}}


def _routed(device: Device) -> tuple[str, ...]:
    return tuple(face.name for face in facts.interfaces(device) if face.address is not None)


def bgp(device: Device) -> str:
    """Answer ``show ip bgp summary`` and its kin: nobody is at the other end of a session."""
    found = facts.bgp(device)
    if found is None:
        return "% BGP inactive\n"
    text = (
        "BGP summary information for VRF default\n"
        f"Router identifier {found.router_id}, local AS number {found.asn}\n"
        "Neighbor Status Codes: m - Under maintenance\n"
        "  Neighbor         V AS           MsgRcvd   MsgSent  InQ OutQ  Up/Down State   PfxRcd PfxAcc\n"
    )
    for address, asn in found.neighbors:
        text += f"  {address:16} 4 {asn:10} {0:>11}{0:>10}{0:>5}{0:>5} {_since(device):>8} Active\n"
    return text


def _since(device: Device) -> str:
    return facts.clock_text(min(device.uptime_s, 86399))


def bgp_json(device: Device) -> Json:
    """Answer ``show ip bgp summary | json`` and its kin."""
    found = facts.bgp(device)
    if found is None:
        return {"vrfs": {}}
    idle = {"version": 4, "msgReceived": 0, "msgSent": 0, "inMsgQueue": 0, "outMsgQueue": 0, "prefixReceived": 0}
    peers = {address: {**idle, "asn": asn, "peerState": "Active"} for address, asn in found.neighbors}
    return {"vrfs": {"default": {"vrf": "default", "routerId": str(found.router_id), "asn": found.asn, "peers": peers}}}


_MAC_HEAD = f"{'':10}{{}}\n{'-' * 66}\n\nVlan    Mac Address       Type        Ports{{}}\n"
_MAC_DASHES = "----    -----------       ----        -----"
_MAC_TOTAL = "Total Mac Addresses for this criterion: {}\n"


def macs(device: Device) -> str:
    """Answer ``show mac address-table``: the router's own, for the fabric does not say which ports nodes are in."""
    found = facts.gateways(device)
    moves = "      Moves   Last Move"
    text = _MAC_HEAD.format("Mac Address Table", moves) + f"{_MAC_DASHES}      -----   ---------\n"
    text += "".join(f"{number:>4}    {dotted_mac(face.mac)}    STATIC      Cpu\n" for number, face in found)
    text += _MAC_TOTAL.format(len(found)) + "\n"
    return text + _MAC_HEAD.format("Multicast Mac Address Table", "") + f"{_MAC_DASHES}\n" + _MAC_TOTAL.format(0)


def macs_json(device: Device) -> Json:
    """Answer ``show mac address-table | json``."""
    entries = [
        {"vlanId": number, "macAddress": colon_mac(face.mac), "entryType": "static", "interface": "Cpu"}
        for number, face in facts.gateways(device)
    ]
    empty: Json = {"tableEntries": []}
    return {"unicastTable": {"tableEntries": entries}, "multicastTable": empty, "disabledMacLearningVlans": []}


def ospf_database(device: Device) -> str:
    """Answer ``show ip ospf database``: all links are point to point, so that there are router LSAs only."""
    process = facts.ospf_process(device.running)
    if process is None:
        return ""
    instance = process.line.split()[2]
    text = f"\n            OSPF Router with ID({facts.router_id(device)}) (Instance ID {instance}) (VRF default)\n\n\n"
    text += "                 Router Link States (Area 0.0.0.0)\n\n"
    text += "Link ID         ADV Router      Age         Seq#         Checksum Link count\n"
    for lsa in facts.router_lsas(device):
        text += f"{lsa.router_id!s:15} {lsa.router_id!s:15} {lsa.age_s:<11} 0x{lsa.sequence:08x}   0x{lsa.checksum:<6x}"
        text += f" {lsa.links}\n"
    return text


def ospf_database_json(device: Device) -> Json:
    """Answer ``show ip ospf database | json``."""
    process = facts.ospf_process(device.running)
    if process is None:
        return {"vrfs": {}}
    entries = [
        {
            "linkStateId": str(lsa.router_id),
            "advertisingRouter": str(lsa.router_id),
            "age": lsa.age_s,
            "sequenceNumber": lsa.sequence,
            "checksum": lsa.checksum,
            "routerLsa": {"numLinks": lsa.links},
        }
        for lsa in facts.router_lsas(device)
    ]
    area = {"areaDatabase": [{"areaLsas": entries}]}
    instance = {"routerId": str(facts.router_id(device)), "areas": {"0.0.0.0": area}}
    return {"vrfs": {"default": {"instList": {process.line.split()[2]: instance}}}}


def cooling(device: Device) -> str:
    """Answer ``show system environment cooling``: a container has no fans."""
    return "System cooling status is: Ok\nAmbient temperature: 0C\nAirflow: Not Available\n"


def cooling_json(device: Device) -> Json:
    """Answer ``show system environment cooling | json``."""
    state = {"systemStatus": "coolingOk", "ambientTemperature": 0.0, "airflowDirection": "unknownAirflowDirection"}
    return {**state, "fanTraySlots": [], "powerSupplySlots": []}


def temperature(device: Device) -> str:
    """Answer ``show system environment temperature``."""
    return "System temperature status is: Ok\n"


def temperature_json(device: Device) -> Json:
    """Answer ``show system environment temperature | json``."""
    return {"systemStatus": "temperatureOk", "tempSensors": [], "cardSlots": [], "powerSupplySlots": []}


def power_json(device: Device) -> Json:
    """Answer ``show system environment power | json``."""
    return {"powerSupplies": {}}


def transceivers_json(device: Device) -> Json:
    """Answer ``show interfaces transceiver | json``."""
    return {"interfaces": {}}


def processes(device: Device) -> str:
    """Answer ``show processes top once``."""
    minutes = int(device.uptime_s) // 60
    return (
        f"top - {time.strftime('%H:%M:%S', time.gmtime())} up {minutes} min,  1 user,  load average: 0.09, 0.12, 0.10\n"
        "Tasks: 214 total,   1 running, 213 sleeping,   0 stopped,   0 zombie\n"
        "%Cpu(s):  2.1 us,  0.8 sy,  0.0 ni, 97.0 id,  0.0 wa,  0.1 hi,  0.0 si,  0.0 st\n"
        "MiB Mem :   7964.4 total,   5509.2 free,   1402.7 used,   1052.5 buff/cache\n"
        "MiB Swap:      0.0 total,      0.0 free,      0.0 used.   6281.9 avail Mem\n\n"
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
        "   1801 root      20   0  712340 204812 110924 S   1.3   2.5   0:21.44 Sysdb\n"
        "   2044 root      20   0  553128 112716  80120 S   0.7   1.4   0:07.02 ConfigAgent\n"
    )


def accounts_json(device: Device) -> Json:
    """Answer ``show users accounts | json``."""
    return {
        "users": {
            name: {"username": name, "privLevel": 15, "role": "network-admin", "sshAuthorizedKey": ""}
            for name in device.spec.users
        }
    }


def accounts(device: Device) -> str:
    """Answer ``show users accounts``."""
    rest = "       role: network-admin\n       privilege level: 15\n"
    return "".join(f"user: {name}\n{rest}" for name in device.spec.users)
