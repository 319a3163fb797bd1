"""The way to a host: every variable, its precedence, jump hosts, and host keys that nothing can weaken."""

from __future__ import annotations

import getpass
import shlex
from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.connection import Connection, ConnectionDefaults, connection_of
from safeshift.model.jumps import Jump
from safeshift.model.templating import Templater
from safeshift.model.vault import Secret, Vault, encrypt


def connect(folder: Path, config: str = "", /, **variables: object) -> Connection:
    """Work out the way to host h, with this ssh_config and nothing of the machine's own."""
    path = folder / "ssh_config"
    path.write_text(config)
    defaults = ConnectionDefaults(ssh_config=path, known_hosts=(folder / "known_hosts",))
    return connection_of("h", variables, defaults=defaults)


def test_host_without_variables_is_linux_at_its_own_name(tmp_path: Path) -> None:
    """The defaults are ssh's."""
    way = connect(tmp_path)
    assert (way.host, way.address, way.port, way.user, way.platform) == ("h", "h", 22, getpass.getuser(), "linux")
    assert (way.password, way.key_file, way.become, way.become_method) == (None, None, False, "sudo")
    assert (way.jump, way.known_hosts, way.timeout_s, way.ignored) == ((), (tmp_path / "known_hosts",), 10.0, ())


def test_variables_count_above_the_command_line() -> None:
    """As in Ansible, -u, -k, --private-key and -K are the weakest."""
    defaults = ConnectionDefaults(
        user="cli",
        password=Secret("cli"),
        key_file=Path("/cli"),
        become_password=Secret("cli"),
        ssh_config=Path("/dev/null"),
    )
    plain = connection_of("h", {}, defaults=defaults)
    assert plain.password is not None
    assert (plain.user, plain.password.reveal(), plain.key_file) == ("cli", "cli", Path("/cli"))
    variables = {
        "ansible_user": "var",
        "ansible_password": "var",
        "ansible_ssh_private_key_file": "~/k",
        "ansible_become_password": "var",
    }
    way = connection_of("h", variables, defaults=defaults)
    assert way.password is not None
    assert way.become_password is not None
    assert (way.user, way.password.reveal(), way.become_password.reveal()) == ("var", "var", "var")
    assert way.key_file == Path.home() / "k"


@pytest.mark.parametrize(
    ("variables", "field", "value"),
    [
        ({"ansible_host": "192.0.2.1"}, "address", "192.0.2.1"),
        ({"ansible_host": "a", "ansible_ssh_host": "b"}, "address", "b"),
        ({"ansible_port": "2222"}, "port", 2222),
        ({"ansible_ssh_port": 2223}, "port", 2223),
        ({"ansible_ssh_user": "u"}, "user", "u"),
        ({"ansible_network_os": "arista.eos.eos", "ansible_connection": "network_cli"}, "platform", "arista_eos"),
        (
            {"ansible_network_os": "eos", "ansible_connection": "ansible.netcommon.network_cli"},
            "platform",
            "arista_eos",
        ),
        ({"ansible_network_os": "ios"}, "platform", "cisco_ios"),
        ({"ansible_network_os": "cisco.ios.ios"}, "become_method", "enable"),
        ({"ansible_become": "yes", "ansible_user": "netops"}, "become", True),
        ({"ansible_become": "False"}, "become", False),
        ({"ansible_become_method": "ansible.netcommon.enable"}, "become_method", "enable"),
        ({"ansible_become_method": "ansible.builtin.sudo", "ansible_become": True}, "become_method", "sudo"),
        ({"ansible_become_user": "bob"}, "become_user", "bob"),
        ({"ansible_become": True, "ansible_user": "bob", "ansible_sudo_user": "bob"}, "become", False),
        ({}, "become_flags", ("-H",)),
        ({"ansible_become_flags": ""}, "become_flags", ()),
        ({"ansible_become_flags": "-HSn -n --stdin -g 'a b' -i"}, "become_flags", ("-H", "-g", "a b", "-i")),
        ({"ansible_become_exe": "/opt/bin/sudo"}, "become_exe", ("/opt/bin/sudo",)),
        ({"ansible_timeout": 30}, "timeout_s", 30.0),
        ({"ansible_connection": "local"}, "local", True),
        ({"ansible_ssh_common_args": "-o Port=830"}, "port", 830),
        ({"ansible_ssh_common_args": "-l args", "ansible_user": "var"}, "user", "var"),
        ({"ansible_ssh_extra_args": "-i /key"}, "key_file", Path("/key")),
    ],
)
def test_variable_sets_its_field(tmp_path: Path, variables: dict[str, object], field: str, value: object) -> None:
    """Each variable, by all of its names."""
    assert getattr(connect(tmp_path, **variables), field) == value


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_network_os": "junos"}, "h: ansible_network_os 'junos' is not supported"),
        ({"ansible_connection": "network_cli"}, "ansible_network_os is missing"),
        ({"ansible_connection": "winrm"}, "ansible_connection 'winrm' is not supported"),
        ({"ansible_port": "ssh"}, "ansible_port is 'ssh', not a port"),
        ({"ansible_port": 70000}, "not a port"),
        ({"ansible_become": "maybe"}, "ansible_become is 'maybe', not yes or no"),
        ({"ansible_host": ["a"]}, "not text"),
        ({"ansible_become_user": "-x"}, "ansible_become_user is '-x', not a user name"),
        ({"ansible_become_flags": "-g 'x"}, 'ansible_become_flags is "-g \'x", not words of a command line'),
        ({"ansible_become_exe": "a\nb"}, "ansible_become_exe is 'a\\nb', not words"),
        ({"ansible_timeout": "long"}, "not a number of seconds"),
        ({"ansible_ssh_common_args": "-o 'x"}, "no arguments of ssh"),
        ({"ansible_ssh_common_args": "--jump x"}, "no arguments of ssh"),
        ({"ansible_ssh_common_args": "-o ProxyCommand='nc -X 5 proxy %h %p'"}, "not an ssh to a jump host"),
        ({"ansible_ssh_common_args": "-J user@"}, "no jump host"),
    ],
)
def test_value_that_cannot_be_meant_is_refused(tmp_path: Path, variables: dict[str, object], words: str) -> None:
    """The error names host and variable."""
    with pytest.raises(InventoryError) as refused:
        connect(tmp_path, **variables)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "jumps"),
    [
        ("-J ops@bastion:2222", [("bastion", "bastion", 2222, "ops")]),
        ("-o ProxyJump=a@one,b@two:99", [("one", "one", 22, "a"), ("two", "two", 99, "b")]),
        ('-o ProxyCommand="ssh -W %h:%p -q ops@bastion -p 1"', [("bastion", "bastion", 1, "ops")]),
        ("-o ProxyCommand='ssh -p 2200 -l ops -i /k -W %h:%p bastion'", [("bastion", "bastion", 2200, "ops")]),
        ("-o 'ProxyCommand ssh ops@bastion nc %h %p'", [("bastion", "bastion", 22, "ops")]),
        ("-J ops@named", [("named", "192.0.2.9", 2022, "ops")]),
        ("-J behind", [("named", "192.0.2.9", 2022, "conf"), ("behind", "behind", 22, "b")]),
        ("-J [2001:db8::1]:22", [("2001:db8::1", "2001:db8::1", 22, getpass.getuser())]),
        ("-o ProxyJump=none", []),
    ],
)
def test_jump_hosts_are_found_in_arguments(tmp_path: Path, arguments: str, jumps: list[tuple[object, ...]]) -> None:
    """Every way to write a jump host, first hop first; ssh_config has its say about the jump host too."""
    config = "Host named\n HostName 192.0.2.9\n Port 2022\n User conf\nHost behind\n User b\n ProxyJump named\n"
    way = connect(tmp_path, config, ansible_ssh_common_args=arguments)
    assert [(jump.host, jump.address, jump.port, jump.user) for jump in way.jump] == jumps


def test_ssh_config_fills_what_nothing_else_says(tmp_path: Path) -> None:
    """It is asked about the address, as ssh would be, and is the weakest."""
    config = (
        "Host 192.0.2.*\n User conf\n Port 2022\n IdentityFile /conf/key\n ProxyJump bastion\n"
        f" UserKnownHostsFile {tmp_path}/site_hosts ~/more\n"
    )
    way = connect(tmp_path, config, ansible_host="192.0.2.7", ansible_port=22)
    assert (way.address, way.port, way.user, way.key_file) == ("192.0.2.7", 22, "conf", Path("/conf/key"))
    assert way.jump == (Jump("bastion", "bastion", 22, getpass.getuser()),)
    assert way.known_hosts == (tmp_path / "site_hosts", Path.home() / "more")
    other = tmp_path / "other"
    other.write_text("Host *\n User other\n")
    assert connect(tmp_path, config, ansible_ssh_common_args=f"-F {other}").user == "other"
    assert connect(tmp_path, config, ansible_ssh_common_args="-F none").ssh_config is None


def test_jump_hosts_that_need_each_other_are_refused(tmp_path: Path) -> None:
    """A loop in ssh_config ends in a sentence."""
    with pytest.raises(InventoryError, match="its jump hosts need each other"):
        connect(tmp_path, "Host a\n ProxyJump b\nHost b\n ProxyJump a\n", ansible_ssh_common_args="-J a")


@pytest.mark.parametrize(
    ("variables", "ignored"),
    [
        ({"ansible_host_key_checking": False}, "ansible_host_key_checking=false"),
        ({"ansible_ssh_host_key_checking": "no"}, "ansible_ssh_host_key_checking=false"),
        ({"ansible_paramiko_host_key_auto_add": True}, "ansible_paramiko_host_key_auto_add=true"),
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=no"}, "StrictHostKeyChecking=no"),
        ({"ansible_ssh_args": "-oStrictHostKeyChecking=accept-new"}, "StrictHostKeyChecking=accept-new"),
        ({"ansible_ssh_extra_args": '-o "StrictHostKeyChecking off"'}, "StrictHostKeyChecking=off"),
        ({"ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null"}, "UserKnownHostsFile=/dev/null"),
        ({"ansible_ssh_common_args": "-o GlobalKnownHostsFile=/tmp/x"}, "GlobalKnownHostsFile=/tmp/x"),
        ({"ansible_ssh_common_args": "-o KnownHostsCommand='/bin/echo x'"}, "KnownHostsCommand=/bin/echo x"),
        (
            {"ansible_ssh_common_args": "-o ProxyCommand='ssh -o StrictHostKeyChecking=no -W %h:%p b'"},
            "StrictHostKeyChecking=no",
        ),
        ({"ansible_host": "weak"}, "stricthostkeychecking=no"),
        ({"ansible_ssh_common_args": "-J weak"}, "stricthostkeychecking=no"),
    ],
)
def test_nothing_weakens_the_check_of_a_host_key(tmp_path: Path, variables: dict[str, object], ignored: str) -> None:
    """Each attempt is not followed, and is named."""
    way = connect(tmp_path, "Host weak\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n", **variables)
    assert way.known_hosts == (tmp_path / "known_hosts",)
    assert [note for note in way.ignored if note.startswith(ignored)]


def test_strict_settings_are_not_called_weak(tmp_path: Path) -> None:
    """What asks for the check is no attempt against it."""
    way = connect(tmp_path, "", ansible_host_key_checking=True, ansible_ssh_common_args="-o StrictHostKeyChecking=yes")
    assert way.ignored == ()


def test_template_and_vaulted_password_reach_the_connection_as_secrets(tmp_path: Path) -> None:
    """A password that is a template of a vaulted value opens only when it is used."""
    vault = Vault({"default": b"pw"})
    variables: dict[str, object] = {
        "vault_password": Secret.vaulted(encrypt(b"hunter2", b"pw"), vault),
        "ansible_password": "{{ vault_password }}",
        "ansible_host": "{{ mgmt }}.{{ index + 1 }}",
        "mgmt": "192.0.2",
        "index": 4,
    }
    defaults = ConnectionDefaults(ssh_config=tmp_path / "none")
    (tmp_path / "none").write_text("")
    way = connection_of("h", variables, defaults=defaults, render=Templater(variables).render)
    assert way.address == "192.0.2.5"
    assert way.password is not None
    assert way.password.reveal() == "hunter2"
    assert "hunter2" not in repr(way)


@pytest.mark.parametrize(
    ("network_os", "method", "supported"),
    [
        (None, "su", "Linux only 'sudo'"),
        (None, "community.general.pbrun", "Linux only 'sudo'"),
        (None, "enable", "Linux only 'sudo'"),
        ("eos", "sudo", "arista_eos only 'enable'"),
        ("ios", "su", "cisco_ios only 'enable'"),
    ],
)
def test_become_method_that_the_platform_lacks_is_refused(
    tmp_path: Path, network_os: str | None, method: str, supported: str
) -> None:
    """A method that cannot be followed is refused with host, variable and what is supported; unused it does no harm."""
    variables: dict[str, object] = {"ansible_network_os": network_os, "ansible_become_method": method}
    with pytest.raises(InventoryError) as refused:
        connect(tmp_path, ansible_become=True, **variables)
    assert str(refused.value) == f"h: ansible_become_method is {method!r}; on {supported} is supported"
    assert connect(tmp_path, **variables).become is False


def test_become_password_is_that_of_the_method(tmp_path: Path) -> None:
    """A password for sudo is never typed to enable, nor the other way round."""
    both = {"ansible_sudo_pass": "of sudo", "ansible_enable_pass": "of enable"}
    node, router = connect(tmp_path, **both).become_password, connect(tmp_path, ansible_network_os="eos", **both)
    assert node is not None
    assert router.become_password is not None
    assert (node.reveal(), router.become_password.reveal()) == ("of sudo", "of enable")


def test_known_hosts_files_with_blanks_stand_in_quotes(tmp_path: Path) -> None:
    """A list of files is read as ssh reads it: words, and quoted names."""
    files = f'UserKnownHostsFile="{tmp_path}/a b/known" {tmp_path}/c'
    way = connect(tmp_path, "", ansible_ssh_common_args=f"-o {shlex.quote(files)}")
    assert way.known_hosts == (tmp_path / "a b" / "known", tmp_path / "c")
