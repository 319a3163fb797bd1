"""How a device traces a route: line by line in real time, as Linux (and EOS, which has Linux's) and IOS print it.

What each probe met comes from the network around, all of it at the moment when the command was typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from safeshift.lab.around import HopView
from safeshift.lab.dialects.terminal import Interrupted

if TYPE_CHECKING:
    from safeshift.lab.device import Device

MOST_HOPS = 30
_PROBES = 3
LINUX_LOST_S = 5.0 / 16  # it waits five seconds for an answer, and has sixteen probes on their way at a time
IOS_LOST_S = 3.0
_SIZE = 60  # octets, Linux's default
_Wording = Callable[[int, HopView], str]


@dataclass(frozen=True, slots=True)
class Tracer:
    """A device that traces, and the session in which it does: ``pause`` raises when the user interrupts."""

    device: Device
    emit: Callable[[str], None]
    pause: Callable[[float], Awaitable[None]]

    def hops(self, target: IPv4Address, source: IPv4Address | None) -> tuple[HopView, ...]:
        """Return what the probes met."""
        return self.device.around.trace(self.device.name, target, source)


def unknown_host(name: str) -> str:
    """Return what Linux says of a name that is no address."""
    return f'{name}: Name or service not known\nCannot handle "host" cmdline arg `{name}\' on position 1 (argc 1)\n'


async def trace_linux(
    tracer: Tracer, target: IPv4Address, source: IPv4Address | None, *, most: int = MOST_HOPS, named: bool = True
) -> bool:
    """Trace as Linux does; ``named`` prints each address twice, as where no name is known. Return whether it could.

    Raises:
        Interrupted: The user typed Ctrl-C.
    """
    hops = tracer.hops(target, source)
    if not hops:
        return False
    tracer.emit(f"traceroute to {target} ({target}), {most} hops max, {_SIZE} byte packets\n")
    await _print(tracer, hops[:most], lambda at, hop: _linux_line(at, hop, named), lost_s=LINUX_LOST_S)
    return True


async def trace_ios(
    tracer: Tracer, target: IPv4Address, source: IPv4Address | None, *, timeout_s: float = IOS_LOST_S
) -> str:
    """Trace as IOS does; where it knows no way it goes on asking nobody. Return what is left to print."""
    hops = tracer.hops(target, source)
    tracer.emit(f"Type escape sequence to abort.\nTracing the route to {target}\n")
    tracer.emit("VRF info: (vrf in name/id, vrf out name/id)\n")
    nobody = (HopView(None, (None,) * _PROBES),) * MOST_HOPS
    try:
        await _print(tracer, hops or nobody, _ios_line, lost_s=timeout_s)
    except Interrupted:
        return "\n"
    return ""


async def _print(tracer: Tracer, hops: tuple[HopView, ...], wording: _Wording, *, lost_s: float) -> None:
    for at, hop in enumerate(hops, start=1):
        await tracer.pause(sum(lost_s if rtt is None else rtt / 1000 for rtt in hop.rtts))
        tracer.emit(wording(at, hop))


def _linux_line(at: int, hop: HopView, named: bool) -> str:
    mark = f" !{hop.ends}" if hop.ends in ("N", "H") else ""
    words = [" *" if rtt is None else f"  {rtt:.3f} ms{mark}" for rtt in hop.rtts]
    if hop.address is not None:
        first = next(place for place, rtt in enumerate(hop.rtts) if rtt is not None)
        words[first] = f" {hop.address}{f' ({hop.address})' if named else ''}{words[first]}"
    return f"{at:2} {''.join(words)}\n"


def _ios_line(at: int, hop: HopView) -> str:
    answer = f"!{hop.ends}" if hop.ends in ("N", "H") else ""
    if hop.address is None:
        return f"  {at}  *  *  * \n"
    words = ("* " if rtt is None else answer or f"{max(1, round(rtt))} msec" for rtt in hop.rtts)
    return f"  {at} {hop.address} {' '.join(words)} \n"
