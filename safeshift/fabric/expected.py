"""What the routers should be configured to, by the fabric file alone: the start for a check without devices.

It guesses nothing beyond the file: no speed, no static route, no reference bandwidth. The devices' own text replaces
it as soon as they can be read (``platforms/<os>/meaning.py``).
"""

from __future__ import annotations

from collections.abc import Mapping

from safeshift.fabric.state import InterfaceState, RouterState
from safeshift.model.fabric import Fabric


def expected_states(fabric: Fabric) -> Mapping[str, RouterState]:
    """Give every router of the fabric, in the order of the file, as the file says it is built.

    All link interfaces run OSPF at the written cost; the nodes' ports are announced and passive; nothing is shut down.
    """
    interfaces: dict[str, dict[str, InterfaceState]] = {name: {} for name in fabric.routers}
    for link in fabric.links:
        for end, address, cost in zip(link.ends, link.addresses, link.cost or (None, None), strict=True):
            face = InterfaceState(end.interface, address, cost=cost, ospf=True)
            interfaces[end.router][end.interface] = face
    for end, gateway in fabric.ports.items():
        face = InterfaceState(end.interface, gateway, ospf=True, passive=True)
        interfaces[end.router][end.interface] = face
    return {name: RouterState(name, faces, ospf=True) for name, faces in interfaces.items()}
