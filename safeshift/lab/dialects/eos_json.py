"""What an EOS-like device answers to ``| json``: what the ``eos_*`` tables print, under the vendor's keys."""

from __future__ import annotations

import time
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from safeshift.lab.dialects import eos_network as network
from safeshift.lab.dialects import eos_show as show
from safeshift.lab.dialects import facts
from safeshift.lab.dialects.configtree import Node
from safeshift.lab.dialects.facts import InterfaceFacts, dotted_mac

if TYPE_CHECKING:
    from safeshift.lab.device import Device

Json = dict[str, object]


def version(device: Device) -> Json:
    """Answer ``show version | json``."""
    mac = facts.hardware_address(device.name)
    number = show.version_of(device)
    return {
        "mfgName": "Arista",
        "modelName": show.model_of(device),
        "hardwareRevision": "",
        "serialNumber": show.serial_of(device),
        "systemMacAddress": colon_mac(mac),
        "hwMacAddress": colon_mac(mac),
        "configMacAddress": "00:00:00:00:00:00",
        "version": number,
        "architecture": "x86_64",
        "internalVersion": f"{number}-{show.BUILD}.{number.replace('.', '')}",
        "internalBuildId": "6a9d0a3c-5fd5-4b10-a0d8-1d5b8bbe5a3c",
        "imageFormatVersion": "1.0",
        "imageOptimization": "None",
        "bootupTimestamp": time.time() - device.uptime_s,
        "uptime": device.uptime_s,
        "memTotal": 8155564,
        "memFree": 5643412,
        "isIntlVersion": False,
    }


def colon_mac(mac: str) -> str:
    """Write ``00:1c:73:12:34:56``."""
    return ":".join(mac[at : at + 2] for at in range(0, 12, 2))


def inventory(device: Device) -> Json:
    """Answer ``show inventory | json``."""
    return {
        "systemInformation": {
            "name": show.model_of(device),
            "description": show.model_of(device),
            "hardwareRev": "01.00",
            "serialNum": show.serial_of(device),
            "mfgDate": "2024-01-15",
            "hwEpoch": "01.00",
        }
    }


def hostname(device: Device) -> Json:
    """Answer ``show hostname | json``."""
    return {"hostname": device.hostname, "fqdn": show.fqdn(device)}


def interfaces(device: Device, name: str | None = None) -> Json:
    """Answer ``show interfaces | json``."""
    return {"interfaces": {f.name: _interface(f) for f in facts.interfaces(device) if name in (None, f.name)}}


def _interface(face: InterfaceFacts) -> Json:
    link, protocol, word = network.link_words(face)
    answer: Json = {
        "name": face.name,
        "forwardingModel": "bridged" if face.switched else "routed",
        "lineProtocolStatus": protocol,
        "interfaceStatus": "disabled" if link.startswith("admin") else word,
        "hardware": "ethernet" if face.physical else face.name.rstrip("0123456789").lower(),
        "description": face.description,
        "bandwidth": network.bandwidth_of(face),
        "mtu": face.mtu or (9214 if face.switched else network.MTU),
        "physicalAddress": colon_mac(face.mac),
        "burnedInAddress": colon_mac(face.mac),
        "interfaceAddress": [_address(face)] if face.address else [],
    }
    if face.physical:
        answer["duplex"] = "duplexFull"
        answer["interfaceCounters"] = _counters(face)
        answer["interfaceStatistics"] = {
            "updateInterval": float(face.load_interval),
            "inBitsRate": face.port.rate_in,
            "outBitsRate": face.port.rate_out,
            "inPktsRate": face.port.rate_in / 8 / network.OCTETS_PER_PACKET,
            "outPktsRate": face.port.rate_out / 8 / network.OCTETS_PER_PACKET,
        }
    return answer


def _address(face: InterfaceFacts) -> Json:
    assert face.address is not None
    return {
        "primaryIp": {"address": str(face.address.ip), "maskLen": face.address.network.prefixlen},
        "secondaryIps": {},
        "secondaryIpsOrderedList": [],
        "virtualIp": {"address": "0.0.0.0", "maskLen": 0},
        "broadcastAddress": "255.255.255.255",
        "dhcp": False,
    }


def _counters(face: InterfaceFacts) -> Json:
    port = face.port
    zero = dict.fromkeys(("inMulticastPkts", "inBroadcastPkts", "outMulticastPkts", "outBroadcastPkts"), 0)
    lost = dict.fromkeys(("inDiscards", "outDiscards", "totalInErrors", "totalOutErrors", "linkStatusChanges"), 0)
    return {
        "inOctets": port.octets_in,
        "outOctets": port.octets_out,
        "inUcastPkts": port.octets_in // network.OCTETS_PER_PACKET,
        "outUcastPkts": port.octets_out // network.OCTETS_PER_PACKET,
        **zero,
        **lost,
        "counterRefreshTime": time.time(),
    }


def interfaces_status(device: Device) -> Json:
    """Answer ``show interfaces status | json``."""
    return {
        "interfaceStatuses": {
            face.name: {
                "linkStatus": network.link_words(face)[2],
                "lineProtocolStatus": "up" if face.up else "down",
                "description": face.description,
                "bandwidth": face.port.speed,
                "duplex": "duplexFull",
                "autoNegotiateActive": False,
                "interfaceType": "EbraTestPhyPort",
                "vlanInformation": {"interfaceMode": "bridged", "vlanId": int(face.vlan)}
                if face.switched
                else {"interfaceMode": "routed", "interfaceForwardingModel": "routed"},
            }
            for face in facts.interfaces(device)
            if face.physical
        }
    }


def interfaces_description(device: Device) -> Json:
    """Answer ``show interfaces description | json``."""
    return {
        "interfaceDescriptions": {
            face.name: {
                "description": face.description,
                "interfaceStatus": "adminDown" if not face.enabled else "up" if face.up else "down",
                "lineProtocolStatus": "up" if face.up else "down",
            }
            for face in facts.interfaces(device)
        }
    }


def ip_interfaces(device: Device) -> Json:
    """Answer ``show ip interface [brief] | json``."""
    return {
        "interfaces": {
            face.name: {
                "name": face.name,
                "interfaceStatus": network.link_words(face)[2],
                "lineProtocolStatus": "up" if face.up else "down",
                "mtu": face.mtu or network.MTU,
                "interfaceAddress": _address(face)
                if face.address
                else {"primaryIp": {"address": "0.0.0.0", "maskLen": 0}},
            }
            for face in facts.interfaces(device)
            if not face.switched
        }
    }


def counters(device: Device) -> Json:
    """Answer ``show interfaces counters | json``."""
    return {"interfaces": {face.name: _counters(face) for face in facts.interfaces(device) if face.physical}}


def ospf_neighbors(device: Device) -> Json:
    """Answer ``show ip ospf neighbor | json``."""
    process = facts.ospf_process(device.running)
    if process is None:
        return {"vrfs": {}}
    found = [
        {
            "routerId": str(neighbor.router_id),
            "priority": 0,
            "drState": "",
            "interfaceName": neighbor.interface,
            "adjacencyState": "full",
            "inactivity": time.time() + 35,
            "interfaceAddress": str(neighbor.address),
            "options": {"multitopologyCapability": False, "externalRoutingCapability": True},
            "details": {"areaId": "0.0.0.0", "stateTime": time.time() - facts.age(neighbor.up_since)},
        }
        for neighbor in device.around.neighbors(device.name)
    ]
    return {"vrfs": {"default": {"instList": {process.line.split()[2]: {"ospfNeighborEntries": found}}}}}


_ROUTE_TYPES = {"C": "connected", "S": "static", "O": "ospfIntra"}


def routes(device: Device, wanted: str = "") -> Json:
    """Answer ``show ip route | json``."""
    listed: Json = {}
    for route in network.chosen_routes(device, wanted):
        hops = [_via(hop, face) for hop, face in route.next_hops]
        entry: Json = {
            "kernelProgrammed": True,
            "hardwareProgrammed": True,
            "routeType": _ROUTE_TYPES.get(route.protocol, route.protocol),
            "routeAction": "forward" if route.next_hops else "drop",
            "directlyConnected": route.protocol == "C",
            "vias": hops,
        }
        if route.protocol != "C":
            entry |= {"preference": route.distance, "metric": route.metric}
        listed[str(route.prefix)] = entry
    return {"vrfs": {"default": {"routingDisabled": False, "allRoutesProgrammedHardware": True, "routes": listed}}}


def _via(hop: IPv4Address | None, face: str) -> Json:
    return {"interface": face} if hop is None else {"nexthopAddr": str(hop), "interface": face}


def lldp(device: Device) -> Json:
    """Answer ``show lldp neighbors | json``."""
    ports = network.lldp_ports(device)
    return {
        "tablesLastChangeTime": time.time() - 311,
        "tablesAgeOuts": 0,
        "tablesInserts": len(ports),
        "tablesDeletes": 0,
        "tablesDrops": 0,
        "lldpNeighbors": [
            {"port": face.name, "neighborDevice": face.port.peer, "neighborPort": face.port.peer_port, "ttl": 120}
            for face in ports
        ],
    }


def lldp_detail(device: Device, name: str | None = None) -> Json:
    """Answer ``show lldp neighbors detail | json``."""
    return {
        "lldpNeighbors": {
            face.name: {
                "lldpNeighborInfo": [
                    {
                        "chassisIdType": "macAddress",
                        "chassisId": dotted_mac(facts.hardware_address(face.port.peer or "")),
                        "systemName": face.port.peer,
                        "systemDescription": "",
                        "systemCapabilities": {"bridge": True, "router": True},
                        "ttl": 120,
                        "neighborInterfaceInfo": {
                            "interfaceIdType": "interfaceName",
                            "interfaceId": f'"{face.port.peer_port}"',
                            "interfaceDescription": "",
                        },
                    }
                ]
            }
            for face in network.lldp_ports(device)
            if name in (None, face.name)
        }
    }


def sessions(device: Device) -> Json:
    """Answer ``show configuration sessions [detail] | json``; the form changed with release 4.32."""
    old = show.release(device) < (4, 32)
    guard, left = device.guard, device.guard_left()
    listed: Json = {}
    for candidate in device.candidates.values():
        entry: Json = {"state": candidate.state, "commitUser": "", "description": "", "instances": {}}
        if guard is not None and guard.name == candidate.name:
            entry["state"] = "pendingCommitTimer" if old else "committed"
            if old:
                entry["commitBy"] = device.uptime_s + (left or 0)
        listed[candidate.name] = entry
    answer: Json = {"maxSavedSessions": 1, "maxOpenSessions": 5, "sessions": listed}
    if not old:
        answer |= {"mergeOnCommit": False, "saveToStartupConfigOnCommit": False}
        if guard is not None:
            answer |= {"commitTimerSessionName": guard.name, "commitTimerExpireTime": device.uptime_s + (left or 0)}
    return answer


def config(device: Device, tree: Node, command: str) -> Json:
    """Answer ``show running-config | json``."""
    header = show.config_text(device, Node("", ""), command).split("\n")[:2]
    return {"header": header, "cmds": _commands(tree), "comments": []}


def _commands(node: Node) -> Json:
    return {
        child.line: {"cmds": _commands(child), "comments": []} if child.section or child.children else None
        for child in node.children
    }
