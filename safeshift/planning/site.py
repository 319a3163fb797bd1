"""The place a plan is made for: fabric, platforms, what the inventory overrides, and what every router is now.

Routers that were not read stand as the fabric file says. Nothing here is decided; ``compile.py`` is next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from safeshift.actions.base import Situation, States
from safeshift.actions.link_speed import VARIABLE, read_overrides, with_own_speeds
from safeshift.errors import InventoryError, PlanError
from safeshift.fabric.expected import expected_states
from safeshift.fabric.state import RouterState
from safeshift.model.connection import PLATFORMS
from safeshift.model.fabric import Fabric
from safeshift.model.inventory import Inventory
from safeshift.model.templating import Templater
from safeshift.platforms import platform_named
from safeshift.platforms.base import Platform

_SUPPORTED = ", ".join(PLATFORMS)
_HOST = "linux"  # as in Ansible: a host without ansible_network_os is an ordinary one


@dataclass(frozen=True, slots=True)
class Site:
    """What does not change while a plan runs.

    Attributes:
        platforms: By inventory host; hosts that safeshift cannot speak to as what they are have none.
        overrides: Per host, per action: what the inventory says instead of the platform's table.
        unsupported: By inventory host: the sentence about an ansible_network_os that is not supported.
    """

    fabric: Fabric
    platforms: Mapping[str, Platform]
    overrides: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    unsupported: Mapping[str, str] = field(default_factory=dict)

    def states_of(self, configs: Mapping[str, str]) -> States:
        """Return the state of every router: what its configuration means, or else what the fabric file says."""
        expected = expected_states(self.fabric)
        known = {name for name in configs if name in self.platforms}
        return {name: self.meaning(name, configs[name]) if name in known else expected[name] for name in expected}

    def meaning(self, device: str, config: str) -> RouterState:
        """Return what a device's configuration means, its own commands (``safeshift_link_speed``) included."""
        platform = self.platforms[device]
        state = _read_once(platform.name, config)
        own = self.overrides.get(device, {}).get("link_speed")
        return with_own_speeds(state, platform, config, own) if isinstance(own, Mapping) else state

    def situation(
        self, host: str, configs: Mapping[str, str], states: States, undrained: Mapping[str, str]
    ) -> Situation:
        """Return what an action may know on ``host`` at this point."""
        return Situation(host, self.fabric, configs, states, self.platforms, self.overrides, undrained)

    def platform(self, device: str) -> Platform:
        """Return a device's platform.

        Raises:
            PlanError: the inventory does not have the device, or not what it is.
        """
        if device in self.unsupported:
            hint = f"leave {device} out of the play, or take one of those"
            raise PlanError(f"{device} is part of this step: {self.unsupported[device]}", hint=hint)
        if device not in self.platforms:
            hint = f"add {device} to the inventory, with ansible_network_os one of {', '.join(PLATFORMS)}"
            raise PlanError(f"{device} is part of this step, but the inventory gives it no platform", hint=hint)
        return self.platforms[device]


@lru_cache(maxsize=4096)  # a plan asks many times for what the same text means
def _read_once(platform: str, config: str) -> RouterState:
    return platform_named(platform).read_meaning(config)


def site_of(inventory: Inventory, fabric: Fabric) -> Site:
    """Return the site that an inventory and a fabric describe together.

    Raises:
        InventoryError: what a host overrides is not understood.
    """
    platforms: dict[str, Platform] = {}
    overrides: dict[str, Mapping[str, object]] = {}
    unsupported: dict[str, str] = {}
    for host in inventory.hosts:
        variables = inventory.host_vars(host)
        templater = Templater(variables)
        written = str(templater.render(variables.get("ansible_network_os", _HOST))).strip().lower()
        name = PLATFORMS.get(written, "" if host in fabric.routers else written)
        if name in (*PLATFORMS.values(), _HOST):
            platforms[host] = platform_named(name)
        elif written not in ("", _HOST):
            place = inventory.place_of("ansible_network_os", variables["ansible_network_os"])
            where = f"; it stands in {place}" if place else ""
            unsupported[host] = f"ansible_network_os {written!r} is not supported (supported: {_SUPPORTED}){where}"
        if VARIABLE in variables:
            try:
                table = read_overrides(templater.render(variables[VARIABLE]))
            except ValueError as cause:
                raise InventoryError(f"{host}: {cause}", hint="single lines; only {interface} is filled in") from cause
            overrides[host] = {"link_speed": table}
    return Site(fabric, MappingProxyType(platforms), MappingProxyType(overrides), MappingProxyType(unsupported))


def suggested_configs(site: Site) -> dict[str, str]:
    """Return configurations as the fabric file suggests them, for a check without devices: OSPF process 1, no more."""
    return {
        name: site.platforms[name].apply("", _typed(state))
        for name, state in expected_states(site.fabric).items()
        if name in site.platforms
    }


def _typed(state: RouterState) -> list[str]:
    """Type a state the way every platform takes it: masks, and networks under the OSPF process."""
    lines = [f"hostname {state.hostname}", "ip routing"]
    ospf = ["router ospf 1"]
    for port in state.interfaces.values():
        lines.append(f"interface {port.name}")
        if port.address is not None:
            lines.append(f" ip address {port.address.ip} {port.address.netmask}")
            ospf.append(f" network {port.address.network.network_address} {port.address.hostmask} area 0")
        if port.cost is not None:
            lines.append(f" ip ospf cost {port.cost}")
        if port.passive:
            ospf.append(f" passive-interface {port.name}")
    return lines + ospf
