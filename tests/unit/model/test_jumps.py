"""Jump hosts with logins of their own: out of the inventory, out of sshpass, and never to the wrong host or user."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.connection import ConnectionDefaults, connection_of
from safeshift.model.inventory import load_inventory
from safeshift.model.jumps import InventoryHosts, Jump
from safeshift.model.templating import Templater

INVENTORY = """\
[all:vars]
ansible_ssh_common_args={arguments}
[nodes]
h ansible_host=10.0.0.1 ansible_user=netops ansible_password=of-h
[gates]
bastion ansible_host=192.0.2.1 ansible_port=2022 ansible_user=ops ansible_password="{{{{ gate_password }}}}"
keyed ansible_host=192.0.2.2 ansible_private_key_file=/keys/gate
a ansible_host=192.0.2.3 ansible_password=of-a
b ansible_host=192.0.2.3 ansible_password=of-b
c ansible_host=192.0.2.3 ansible_port=2200 ansible_user=ops ansible_password=of-c
odd ansible_host="{{{{ nowhere }}}}"
[gates:vars]
gate_password=of-bastion
"""
ME = getpass.getuser()


def jumps(folder: Path, arguments: str, config: str = "") -> list[tuple[str, str, int, str, str | None]]:
    """The jump hosts on the way to h: name, address, port, user, password."""
    return [
        (way.host, way.address, way.port, way.user, way.password.reveal() if way.password is not None else None)
        for way in ways(folder, arguments, config)
    ]


def ways(folder: Path, arguments: str, config: str = "") -> tuple[Jump, ...]:
    """The jump hosts on the way to h of the inventory above."""
    quoted = arguments.replace("\\", "\\\\").replace('"', '\\"')
    (folder / "hosts").write_text(INVENTORY.format(arguments=f'"{quoted}"'))
    (folder / "ssh_config").write_text(config)
    inventory = load_inventory([str(folder / "hosts")])
    variables = inventory.host_vars("h")
    return connection_of(
        "h",
        variables,
        defaults=ConnectionDefaults(ssh_config=folder / "ssh_config"),
        render=Templater(variables).render,
        find_host=InventoryHosts(inventory),
    ).jump


@pytest.mark.parametrize(
    ("arguments", "jump"),
    [
        ("-J bastion", ("bastion", "192.0.2.1", 2022, "ops", "of-bastion")),
        ("-J ops@bastion:99", ("bastion", "192.0.2.1", 99, "ops", "of-bastion")),
        ("-J 192.0.2.1:2022", ("192.0.2.1", "192.0.2.1", 2022, "ops", "of-bastion")),
        ('-o ProxyCommand="ssh -W %h:%p -q bastion"', ("bastion", "192.0.2.1", 2022, "ops", "of-bastion")),
        ("-J c", ("c", "192.0.2.3", 2200, "ops", "of-c")),
        # not whose password it is
        ("-J root@bastion", ("bastion", "192.0.2.1", 2022, "root", None)),
        ("-J root@192.0.2.3:2200", ("192.0.2.3", "192.0.2.3", 2200, "root", None)),
        # not certainly the same host
        ("-J 192.0.2.3", ("192.0.2.3", "192.0.2.3", 22, ME, None)),
        ("-J 192.0.2.1", ("192.0.2.1", "192.0.2.1", 22, ME, None)),
        ("-J elsewhere", ("elsewhere", "elsewhere", 22, ME, None)),
    ],
)
def test_jump_host_of_the_inventory_has_its_own_login(
    tmp_path: Path, arguments: str, jump: tuple[str, str, int, str, str | None]
) -> None:
    """By name, or by address and port; a password goes only to the host and the user that it belongs to."""
    assert jumps(tmp_path, arguments) == [jump]


def test_jump_host_of_the_inventory_has_its_own_key(tmp_path: Path) -> None:
    """A key file is found as a password is; what the command itself names counts more."""
    assert [way.key_file for way in ways(tmp_path, "-J keyed")] == [Path("/keys/gate")]
    named = ways(tmp_path, '-o ProxyCommand="ssh -i /own -W %h:%p keyed"')
    assert [way.key_file for way in named] == [Path("/own")]


def test_several_jump_hosts_have_each_its_own(tmp_path: Path) -> None:
    """A chain is logged into hop by hop."""
    found = jumps(tmp_path, "-J bastion,c,elsewhere")
    assert [password for *_, password in found] == ["of-bastion", "of-c", None]


def test_inventory_counts_above_ssh_config_and_fills_it_up(tmp_path: Path) -> None:
    """As for every host: variables first; where ssh_config renames the host, it is the one who knows."""
    config = "Host bastion\n HostName 198.51.100.7\n User conf\n Port 5\n"
    assert jumps(tmp_path, "-J bastion", config) == [("bastion", "198.51.100.7", 2022, "ops", "of-bastion")]


@pytest.mark.parametrize(
    ("command", "password"),
    [
        ("sshpass -p 's3 cret' ssh -W %h:%p -q ops@gate -p 2022", "s3 cret"),
        ("sshpass -ps3cret ssh -p 2022 -W %h:%p ops@gate", "s3cret"),
        ("exec /usr/bin/sshpass -p '50%%$x' ssh -p 2022 -W %h:%p ops@gate", "50%$x"),
        ("sshpass -e ssh -p 2022 -W %h:%p ops@gate", "of the environment"),
        ("sshpass -f {folder}/password ssh -p 2022 -l ops -W %h:%p gate", "of the file"),
        ("sshpass -P assphrase -p word ssh -p 2022 -W %h:%p ops@gate", "word"),
    ],
)
def test_sshpass_in_a_proxy_command_gives_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, password: str
) -> None:
    """What sshpass would type is typed by us; sshpass itself is not run."""
    monkeypatch.setenv("SSHPASS", "of the environment")
    (tmp_path / "password").write_text("of the file\nmore\n")
    arguments = f'-o ProxyCommand="{command.format(folder=tmp_path)}"'
    assert jumps(tmp_path, arguments) == [("gate", "gate", 2022, "ops", password)]


@pytest.mark.parametrize(
    "command",
    [
        "sshpass -e ssh -W %h:%p gate",
        "sshpass -f /no/such/file ssh -W %h:%p gate",
        "sshpass -d 3 ssh -W %h:%p gate",
        "sshpass ssh -W %h:%p gate",
        "sshpass -x s3cret ssh -W %h:%p gate",
        "sshpass -p $s3cret ssh -W %h:%p gate",
        "sshpass -p s3cret nc %h %p",
        "sshpass -p s3cret",
        "sshpass -p 's3cret ssh -W %h:%p gate",
    ],
)
def test_sshpass_that_cannot_be_followed_is_refused_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The sentence names the host and what to write instead, and repeats nothing of the password."""
    monkeypatch.delenv("SSHPASS", raising=False)
    with pytest.raises(InventoryError, match=r"^h: ") as refused:
        jumps(tmp_path, f'-o ProxyCommand="{command}"')
    assert refused.value.hint
    assert "s3cret" not in str(refused.value)
    assert "s3cret" not in str(refused.value.__cause__)


def test_arguments_with_sshpass_outside_quotes_do_not_show_the_password(tmp_path: Path) -> None:
    """A forgotten quotation mark makes the password look like a port; it is still not told."""
    with pytest.raises(InventoryError) as refused:
        jumps(tmp_path, "-o ProxyCommand=sshpass -p s3cret ssh -W %h:%p gate")
    assert "s3cret" not in str(refused.value)
