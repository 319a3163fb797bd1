"""A fabric of three routers on one platform, and benches on which an action is tried there."""

from __future__ import annotations

from safeshift.errors import FabricError
from safeshift.lab.blueprint import startup_config
from safeshift.model.fabric import Fabric
from safeshift.model.source import parse_source
from safeshift.model.steps import ARGUMENTS, Arguments
from safeshift.planning.bench import Bench
from safeshift.planning.site import Site
from safeshift.platforms import platform_named

PORTS = {"arista_eos": "Ethernet", "cisco_ios": "HundredGigE1/0/"}

FABRIC = """
networks:
  primary: {{role: primary}}
  secondary: {{role: secondary}}
routers:
  a: {{network: primary, capacity: 100G}}
  b: {{network: primary}}
  c: {{network: secondary}}
links:
  - {{ends: [a {port}1, b {port}1], subnet: 10.0.1.0/31, capacity: 40G, cost: [10, 20]}}
  - {{ends: [a {port}2, b {port}2], subnet: 10.0.2.0/31, capacity: 40G}}
  - {{ends: [a {port}3, c {port}1], subnet: 10.0.3.0/31, capacity: 100G, cost: 1000}}
nodes:
  n1: {{primary: {{port: a Vlan10, address: 10.1.1.11/24}}}}
  n2: {{primary: {{port: b Vlan10, address: 10.1.2.11/24}}}}
"""


def fabric_on(platform: str) -> Fabric:
    """Two primary routers with two links, and a secondary one."""
    return parse_source(FABRIC.format(port=PORTS[platform]), "x.fabric.yml", Fabric, FabricError)


def site_on(platform: str) -> Site:
    """All three on one platform."""
    fabric = fabric_on(platform)
    return Site(fabric, dict.fromkeys(fabric.routers, platform_named(platform)))


def bench_on(platform: str, *typed: str) -> Bench:
    """The routers as the lab boots them; then ``typed`` is typed on ``a``."""
    site = site_on(platform)
    made = platform_named(platform)
    configs = {name: made.normalise(startup_config(site.fabric, name, platform)) for name in site.fabric.routers}
    if typed:
        configs["a"] = made.apply(configs["a"], typed)
    return Bench(site, configs)


def arguments_of(action: str, written: dict[str, object]) -> Arguments:
    """Arguments as the playbook would have them."""
    return ARGUMENTS[action].model_validate(written)
