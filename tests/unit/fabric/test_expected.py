"""What routers should be configured to, by the file alone."""

from __future__ import annotations

from safeshift.fabric.state import InterfaceState
from tests.unit.fabric.sketching import dc1


def test_expected_states_of_dc1_are_its_file() -> None:
    """Links run OSPF at the written cost of their own end; nodes' ports are announced and passive."""
    fabric, states = dc1()
    assert tuple(states) == tuple(fabric.routers)
    l1, s1 = states["l1"], states["s1"]
    link = fabric.links[4]
    assert l1.interfaces["Ethernet2"] == InterfaceState("Ethernet2", link.addresses[0], cost=20, ospf=True)
    assert states["p2"].interfaces["HundredGigE1/0/1"].cost == 10
    assert l1.interfaces["Vlan10"].passive
    assert str(s1.interfaces["Vlan20"].address) == "10.2.0.1/24"
    assert len(s1.interfaces) == 7
    assert (l1.ospf, l1.max_metric, l1.statics, l1.unread) == (True, False, (), ())
