"""The small commands of a node: what ``ip``, ``uptime``, ``ls`` and their like print. Nothing here takes time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING

from safeshift.lab.dialects import facts

if TYPE_CHECKING:
    from safeshift.lab.device import Device

KERNEL = "6.1.0-28-amd64"
Face = tuple[str, IPv4Interface]


@dataclass(frozen=True, slots=True)
class Result:
    """What a command printed, its exit status, whether the text is an error's, and whether it ends as it is."""

    text: str = ""
    status: int = 0
    error: bool = False
    raw: bool = False


def interfaces(device: Device) -> tuple[tuple[str, IPv4Interface], ...]:
    """Return a node's interfaces and their addresses: one per network, eth1 first."""
    return tuple((f"eth{at}", address) for at, address in enumerate(device.spec.addresses.values(), start=1))


def _gateway(address: IPv4Interface) -> IPv4Address:
    """Return the router's address: the first of the prefix."""
    return address.network.network_address + 1


def identity(user: str) -> str:
    """Answer ``id``."""
    number = 0 if user == "root" else 1000
    return f"uid={number}({user}) gid={number}({user}) groups={number}({user})"


def _home(device: Device) -> str:
    return f"/home/{next(iter(device.spec.users), 'root')}"


def _uname(device: Device, args: list[str]) -> str:
    if args[:1] == ["-r"]:
        return KERNEL
    if args[:1] == ["-n"]:
        return device.hostname
    return f"Linux {device.hostname} {KERNEL} #1 SMP Debian x86_64 GNU/Linux" if args else "Linux"


def _uptime(device: Device) -> str:
    minutes = int(device.uptime_s) // 60
    days = f"{minutes // 1440} day{'s' * (minutes >= 2880)}, " if minutes >= 1440 else ""
    hours = minutes % 1440 // 60
    length = f"{hours:2}:{minutes % 60:02}" if hours else f"{minutes % 60} min"
    users = len(device.terminals)
    now = time.strftime("%H:%M:%S", time.gmtime())
    return f" {now} up {days}{length}, {users:2} user{'s' * (users != 1)},  load average: 0.02, 0.01, 0.00"


# Files ----------------------------------------------------------------------------------------------------------------

_ROOT = ("bin", "dev", "etc", "home", "lib", "opt", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var")


def read_file(device: Device, name: str) -> str | None:
    """Return the text of one of the few files that a node has; None: it has no such file."""
    files = {
        "/proc/uptime": f"{device.uptime_s:.2f} {device.uptime_s * 1.9:.2f}\n",
        "/etc/hostname": f"{device.hostname}\n",
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n',
    }
    return files.get(name)


def _inside(device: Device, path: str) -> tuple[str, ...] | None:
    """Return what is in a directory; None: it is none."""
    known: dict[str, tuple[str, ...]] = {
        "/": _ROOT,
        "/etc": ("hostname", "os-release"),
        "/home": tuple(sorted(device.spec.users)),
        "/proc": ("uptime",),
        "/tmp": (),
        **{f"/home/{user}": () for user in device.spec.users},
    }
    return known.get(path)


def _ls(device: Device, args: list[str]) -> Result:
    flags = "".join(word[1:] for word in args if word.startswith("-"))
    paths = [word for word in args if not word.startswith("-")] or ["."]
    text, missing = "", ""
    for path in paths:
        full = re.sub(r"^(~|\.)(?=/|$)", _home(device), path)
        full = full.rstrip("/") or "/"
        names = _inside(device, full)
        if names is None and read_file(device, full) is None:
            missing += f"ls: cannot access '{path}': No such file or directory\n"
            continue
        text += f"{path}:\n" if len(paths) > 1 and names is not None else ""
        text += _listing(device, full, (path,) if names is None else names, flags)
    return Result(missing, 2, error=True) if missing else Result(text)


def _listing(device: Device, path: str, names: tuple[str, ...], flags: str) -> str:
    folder = _inside(device, path) is not None
    shown = (".", "..", *names) if folder and "a" in flags else names
    if "l" not in flags:
        separator = "\n" if "1" in flags else "  "
        return separator.join(shown) + "\n" * bool(shown)
    rows = [_row(device, path, name) for name in shown]
    return (f"total {4 * len(rows)}\n" if folder else "") + "".join(rows)


def _row(device: Device, path: str, name: str) -> str:
    whole = path if name in (".", "..") or name.startswith("/") else f"{path.rstrip('/')}/{name}"
    text = read_file(device, whole)
    owner = whole.split("/")[2] if whole.startswith("/home/") else "root"
    mode, links = ("drwxr-xr-x", 2) if text is None else ("-rw-r--r--", 1)
    size = 4096 if text is None else 0 if whole.startswith("/proc") else len(text)
    booted = time.strftime("%b %e %H:%M", time.gmtime(time.time() - device.uptime_s))
    return f"{mode} {links} {owner} {owner} {size:5} {booted} {name}\n"


# ip -------------------------------------------------------------------------------------------------------------------


def _ip(device: Device, args: list[str]) -> Result:
    flags = [word for word in args if word.startswith("-")]
    words = [word for word in args if not word.startswith("-")]
    structured, brief = "-j" in flags or "-json" in flags, "-br" in flags or "-brief" in flags
    what = words[0] if words else ""
    faces = (("lo", IPv4Interface("127.0.0.1/8")), *interfaces(device))
    only = next((word for word in words[1:] if word not in ("show", "list", "ls", "dev")), None)
    if only is not None and not "route".startswith(what):
        faces = tuple(face for face in faces if face[0] == only)
    if not faces:
        return Result(f'Device "{only}" does not exist.', 1, error=True)
    if what and "address".startswith(what):
        return _addresses(device, faces, structured=structured, brief=brief)
    if what and "link".startswith(what):
        return Result("".join(_link_text(device, *face) for face in _numbered(device, faces)))
    if what and "route".startswith(what):
        return _routes(device, structured=structured)
    return Result(
        f'Object "{what}" is unknown, try "ip help".' if what else "Usage: ip [ OPTIONS ] OBJECT", 1, error=True
    )


def _numbered(device: Device, faces: Iterable[Face]) -> Iterator[tuple[int, str, IPv4Interface]]:
    """Give each interface its number in the kernel: ``lo`` is 1, ``eth1`` is 2."""
    numbers = {"lo": 1} | {name: at for at, (name, _) in enumerate(interfaces(device), start=2)}
    return ((numbers[name], name, address) for name, address in faces)


def _addresses(device: Device, faces: Iterable[Face], *, structured: bool, brief: bool) -> Result:
    if structured:
        return Result(json.dumps([_address_json(device, *face) for face in _numbered(device, faces)]))
    if brief:
        return Result("".join(f"{n:16} {'UNKNOWN' if n == 'lo' else 'UP':14} {a}\n" for n, a in faces))
    return Result("".join(_address_text(device, *face) for face in _numbered(device, faces)))


def _mac(device: Device, name: str) -> str:
    mac = facts.hardware_address(f"{device.name}/{name}")
    return ":".join(mac[at : at + 2] for at in range(0, 12, 2))


def _link_text(device: Device, at: int, name: str, address: IPv4Interface) -> str:
    if name == "lo":
        head = "<LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000"
        return f"{at}: {name}: {head}\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
    head = "<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000"
    return f"{at}: {name}: {head}\n    link/ether {_mac(device, name)} brd ff:ff:ff:ff:ff:ff\n"


def _address_text(device: Device, at: int, name: str, address: IPv4Interface) -> str:
    scope = "scope host lo" if name == "lo" else f"brd {address.network.broadcast_address} scope global {name}"
    inet = f"    inet {address} {scope}\n       valid_lft forever preferred_lft forever\n"
    return _link_text(device, at, name, address) + inet


def _address_json(device: Device, at: int, name: str, address: IPv4Interface) -> dict[str, object]:
    loop = name == "lo"
    inet: dict[str, object] = {"family": "inet", "local": str(address.ip), "prefixlen": address.network.prefixlen}
    if not loop:
        inet["broadcast"] = str(address.network.broadcast_address)
    inet |= {"scope": "host" if loop else "global", "label": name}
    return {
        "ifindex": at,
        "ifname": name,
        "flags": ["LOOPBACK", "UP", "LOWER_UP"] if loop else ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
        "mtu": 65536 if loop else 1500,
        "qdisc": "noqueue" if loop else "mq",
        "operstate": "UNKNOWN" if loop else "UP",
        "group": "default",
        "txqlen": 1000,
        "link_type": "loopback" if loop else "ether",
        "address": "00:00:00:00:00:00" if loop else _mac(device, name),
        "broadcast": "00:00:00:00:00:00" if loop else "ff:ff:ff:ff:ff:ff",
        "addr_info": [inet],
    }


def _routes(device: Device, *, structured: bool) -> Result:
    faces = interfaces(device)
    if structured:
        rows: list[dict[str, object]] = [
            {"dst": "default", "gateway": str(_gateway(a)), "dev": n, "metric": 100 * at, "flags": []}
            for at, (n, a) in enumerate(faces, start=1)
        ]
        rows += [
            {"dst": str(a.network), "dev": n, "protocol": "kernel", "scope": "link", "prefsrc": str(a.ip), "flags": []}
            for n, a in faces
        ]
        return Result(json.dumps(rows))
    text = "".join(f"default via {_gateway(a)} dev {n} metric {100 * at}\n" for at, (n, a) in enumerate(faces, start=1))
    text += "".join(f"{a.network} dev {n} proto kernel scope link src {a.ip}\n" for n, a in faces)
    return Result(text)


TOOLS: Mapping[str, Callable[[Device, list[str]], Result]] = {
    "hostname": lambda device, args: Result(device.hostname),
    "uname": lambda device, args: Result(_uname(device, args)),
    "uptime": lambda device, args: Result(_uptime(device)),
    "date": lambda device, args: Result(time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime())),
    "ls": _ls,
    "pwd": lambda device, args: Result(_home(device)),
    "ip": _ip,
}
