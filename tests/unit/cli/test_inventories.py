"""``safeshift inventory``: the shapes of Ansible's programs, and plain sentences for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.model.vault import encrypt
from tests.unit.cli.calling import Cli

SITE = """
all:
  vars: {site: dc1}
  children:
    leaves: {hosts: {l1: {rack: 1}, l2: }, vars: {ansible_group_priority: 2, role: leaf}}
    spines: {hosts: {s1: }}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An inventory of two groups."""
    path = tmp_path / "site.yml"
    path.write_text(SITE)
    return path


def test_list_has_the_groups_and_the_variables_of_each_host(cli: Cli, site: Path) -> None:
    """--list prints the JSON that ansible-inventory prints."""
    listed = cli("inventory", "-i", site, "--list")
    assert listed.code == 0
    assert listed.json["leaves"] == {"hosts": ["l1", "l2"]}
    assert listed.json["_meta"]["hostvars"]["l1"] == {"rack": 1, "role": "leaf", "site": "dc1"}


def test_list_with_a_limit_leaves_the_other_hosts_out(cli: Cli, site: Path) -> None:
    """-l narrows the hosts, and a group without any is not listed."""
    listed = cli("inventory", "-i", site, "--list", "-l", "leaves[0]").json
    assert set(listed) == {"_meta", "all", "leaves"}
    assert set(listed["_meta"]["hostvars"]) == {"l1"}


def test_graph_with_vars_shows_those_of_hosts_and_of_groups(cli: Cli, site: Path) -> None:
    """--graph GROUP --vars ends with the group's own variables."""
    shown = cli("inventory", "-i", site, "--graph", "leaves", "--vars")
    assert shown.out == (
        "@leaves:\n"
        "  |--l1\n  |  |--{rack = 1}\n  |  |--{role = leaf}\n  |  |--{site = dc1}\n"
        "  |--l2\n  |  |--{role = leaf}\n  |  |--{site = dc1}\n"
        "  |--{ansible_group_priority = 2}\n  |--{role = leaf}\n"
    )


def test_host_takes_any_pattern_of_one_host(cli: Cli, site: Path) -> None:
    """A group of one host is a host, as in Ansible."""
    assert cli("inventory", "-i", site, "--host", "spines").json == {"site": "dc1"}


def test_list_hosts_prints_what_ansible_prints(cli: Cli, site: Path) -> None:
    """The count, then one host a line."""
    assert cli("inventory", "-i", site, "--list-hosts", "all:!l2").out == "  hosts (2):\n    l1\n    s1\n"


def test_extra_variables_override_all_others(cli: Cli, site: Path) -> None:
    """-e counts above every variable of the inventory."""
    assert cli("inventory", "-i", site, "--host", "l1", "-e", "rack=9").json["rack"] == "9"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "one of them is needed"),
        (["--list", "--graph"], "exclude each other"),
        (["--list", "leaves"], "belong to --graph"),
        (["--host", "l1", "--vars"], "belong to --graph"),
        (["--graph", "leafs"], "did you mean 'leaves'"),
        (["--host", "l9"], "no host and no group"),
        (["--host", "leaves"], "stands for 2"),
        (["--list", "-l", "nobody"], "no host and no group"),
        (["--list", "-e", "no-pair"], "not key=value"),
        (["--list", "--vault-password-file", "nowhere"], "no vault password file"),
        (["--bogus"], "No such option"),
    ],
)
def test_wrong_arguments_end_with_2_and_a_sentence(cli: Cli, site: Path, arguments: list[str], words: str) -> None:
    """Nothing is printed for a reader of the answer, and the reason stands on standard error."""
    answered = cli("inventory", "-i", site, *arguments)
    assert (answered.code, answered.out) == (2, "")
    assert words in answered.err


def test_an_inventory_that_does_not_exist_is_named(cli: Cli) -> None:
    """A wrong path is said whole, with what a list of hosts would look like."""
    answered = cli("inventory", "-i", "nowhere.yml", "--list")
    assert answered.code == 2
    assert "nowhere.yml" in answered.err
    assert "needs a comma" in answered.err


@pytest.mark.parametrize(("flags", "shown"), [([], "***"), (["--show-vaulted"], "hunter2")])
def test_values_of_vaulted_files_are_masked_until_they_are_asked_for(
    cli: Cli, tmp_path: Path, flags: list[str], shown: str
) -> None:
    """A screen may be looked at by others; Ansible's own output comes with --show-vaulted."""
    (tmp_path / "inv" / "group_vars").mkdir(parents=True)
    (tmp_path / "inv" / "hosts").write_text("h1\n")
    (tmp_path / "inv" / "group_vars" / "all").write_text(encrypt(b"secret: hunter2\n", b"pw"))
    (tmp_path / "pw").write_text("pw\n")
    (tmp_path / "pw").chmod(0o600)
    arguments = ("inventory", "-i", tmp_path / "inv", "--vault-password-file", tmp_path / "pw", *flags)
    assert cli(*arguments, "--host", "h1").json == {"secret": shown}
    assert f"{{secret = {shown}}}" in cli(*arguments, "--graph", "--vars").out


def test_a_vault_password_is_read_from_a_pipe_where_there_is_no_terminal(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--ask-vault-pass works in a script; with nothing to read it is a sentence, not a crash."""
    (tmp_path / "hosts.yml").write_text(encrypt(SITE.encode(), b"pw"))
    for stdin, code in (("pw\n", 0), ("", 2)):
        (tmp_path / "stdin").write_text(stdin)
        with (tmp_path / "stdin").open() as opened:
            monkeypatch.setattr("sys.stdin", opened)
            assert cli("inventory", "-i", tmp_path / "hosts.yml", "--graph", "--ask-vault-pass").code == code


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["--vault-id", "prod@prompt"], "pw\n"),
        (["--vault-id", "prompt"], "pw\n"),
        (["--vault-id", "dev@prompt", "--vault-id", "prod@prompt"], "wrong\npw\n"),
        (["--vault-id", "dev@wrong", "--ask-vault-pass"], "pw\n"),
        (["--vault-password-file", "wrong", "--vault-id", "prod@script"], ""),
    ],
)
def test_vault_ids_are_asked_for_and_tried_in_order(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], typed: str
) -> None:
    """label@prompt asks, an executable is run, and the one that opens the vault opens it."""
    (tmp_path / "hosts.yml").write_text(encrypt(SITE.encode(), b"pw", label="prod"))
    for name, text, mode in (("wrong", "other\n", 0o600), ("script", "#!/bin/sh\necho pw\n", 0o700)):
        Path(name).write_text(text)
        Path(name).chmod(mode)
    (tmp_path / "stdin").write_text(typed)
    with (tmp_path / "stdin").open() as opened:
        monkeypatch.setattr("sys.stdin", opened)
        answered = cli("inventory", "-i", tmp_path / "hosts.yml", "--list-hosts", "spines", *arguments)
    assert (answered.code, answered.err) == (0, "")


def test_client_script_is_told_the_label_that_ansible_gives_a_password_file(cli: Cli, tmp_path: Path) -> None:
    """--vault-password-file means the label default; --vault-id without a label means none."""
    (tmp_path / "hosts.yml").write_text(encrypt(SITE.encode(), b"--vault-id default"))
    script = tmp_path / "ask-client"
    script.write_text('#!/bin/sh\necho "$*"\n')
    script.chmod(0o700)
    arguments = ("inventory", "-i", tmp_path / "hosts.yml", "--list-hosts", "all")
    assert cli(*arguments, "--vault-password-file", script).code == 0
    assert cli(*arguments, "--vault-id", f"default@{script}").code == 0
    assert "gives an empty password" in cli(*arguments, "--vault-id", script).err


def test_inventory_of_ansible_cfg_is_the_default(cli: Cli, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -i it is that of ansible.cfg; what is not followed there is said on standard error."""
    assert cli("inventory", "--list-hosts", "all").code == 2
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)
    Path("ansible.cfg").write_text(f"[defaults]\ninventory = {site}\nvars_plugins_enabled = mine\n")
    answered = cli("inventory", "--list-hosts", "spines")
    assert answered.out == "  hosts (1):\n    s1\n"
    assert answered.err.startswith(f"safeshift: {Path.cwd()}/ansible.cfg:3: vars_plugins_enabled is not followed")
    monkeypatch.setenv("ANSIBLE_INVENTORY", str(site.with_name("nowhere.yml")))
    assert "nowhere.yml" in cli("inventory", "--list-hosts", "spines").err
