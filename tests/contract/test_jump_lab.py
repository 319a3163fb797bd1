"""The way to a lab device through another: a node as jump host, with the login that the inventory gives it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.errors import AuthError, ConnectError
from safeshift.lab.lab import Lab
from safeshift.model.connection import Connection, ConnectionDefaults, connection_of
from safeshift.model.inventory import load_inventory
from safeshift.model.jumps import InventoryHosts
from safeshift.platforms import platform_named

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The small site of the README."""
    with Lab(ROOT / "inventories" / "dc1.fabric.yml", ROOT / "inventories" / "dc1") as running:
        yield running


def way_to(lab: Lab, device: str, arguments: str, *extra: str) -> Connection:
    """The way to a device of the lab as its own inventory says, with these arguments of ssh and these extra hosts."""
    inventory = load_inventory([str(lab.inventory), *extra])
    variables = {**inventory.host_vars(device), "ansible_ssh_extra_args": arguments}
    defaults = ConnectionDefaults(ssh_config=Path("/dev/null"), timeout_s=5)
    return connection_of(device, variables, defaults=defaults, find_host=InventoryHosts(inventory))


def driver_of(way: Connection) -> NetmikoDriver:
    return NetmikoDriver(way, platform_named(way.platform), clock=SystemClock())


@pytest.mark.parametrize("arguments", ["-J n1", '-o ProxyCommand="ssh -W %h:%p -q n1"', "-J n1,n2"])
def test_jump_host_of_the_inventory_is_gone_through_with_its_password(lab: Lab, arguments: str) -> None:
    """A node in the inventory is logged into by its own user and password, and the router behind it answers."""
    with closing(driver_of(way_to(lab, "p1", arguments))) as driver:
        assert "Arista" in driver.read(["show version"])[0]


def test_jump_host_is_gone_through_with_the_password_of_sshpass(lab: Lab) -> None:
    """What a site wrote for Ansible, with sshpass in the ProxyCommand, leads through without sshpass."""
    gate = lab.overrides["n1"]
    login = f"{gate['ansible_user']}@{gate['ansible_host']} -p {gate['ansible_port']}"
    command = f"sshpass -p '{gate['ansible_password']}' ssh -W %h:%p {login}"
    with closing(driver_of(way_to(lab, "n2", f'-o ProxyCommand="{command}"'))) as driver:
        assert driver.read(["hostname"]) == ("n2",)


def test_jump_host_that_refuses_the_password_says_what_to_do(lab: Lab, tmp_path: Path) -> None:
    """The error names the jump host, not the device, and shows no password."""
    gate = lab.overrides["n1"]
    (tmp_path / "gates").write_text(
        f"gate ansible_host={gate['ansible_host']} ansible_port={gate['ansible_port']} ansible_user=netops"
        " ansible_password=not-to-be-seen\n"
    )
    driver = driver_of(way_to(lab, "n2", "-J gate", str(tmp_path / "gates")))
    with pytest.raises(AuthError, match=r"jump host 127\.0\.0\.1:\d+ refused the login") as caught:
        driver.open()
    assert "ansible_password" in caught.value.hint
    assert "not-to-be-seen" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"


def test_router_is_no_jump_host(lab: Lab) -> None:
    """Only nodes let connections through; the error names the hop that the way ends at."""
    with pytest.raises(ConnectError, match="through jump host"):
        driver_of(way_to(lab, "n2", "-J p1")).open()
