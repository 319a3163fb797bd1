"""ansible.cfg and its environment: which file counts, what its settings do, what is ignored and what is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safeshift.errors import InputError
from safeshift.model.ansible_cfg import AnsibleConfig, Logins, VaultRules, find_config
from safeshift.model.connection import Connection, ConnectionDefaults, connection_of
from safeshift.model.inventory import InventoryRules


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, an empty folder to stand in, and no ANSIBLE_ variable."""
    for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
        monkeypatch.delenv(name)
    place = tmp_path / "home"
    place.mkdir()
    (tmp_path / "here").mkdir(mode=0o755)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.chdir(tmp_path / "here")
    return place


def say(text: str) -> Path:
    """Write the ansible.cfg of the folder we stand in."""
    path = Path.cwd() / "ansible.cfg"
    path.write_text(text)
    return path


def reach(config: AnsibleConfig, given: ConnectionDefaults | None = None, **variables: object) -> Connection:
    """Work out the way to one host below this configuration, with no ssh_config of anybody's."""
    defaults = config.logins.under(given or ConnectionDefaults(ssh_config=Path(os.devnull)))
    return connection_of("h", variables, defaults=defaults)


def test_without_a_file_everything_is_as_ansible_ships_it() -> None:
    """No file and no variable change nothing."""
    config = find_config()
    assert (config.path, config.forks, config.vault) == (None, None, VaultRules())
    assert (config.rules, config.logins) == (InventoryRules(), Logins(origin="environment"))


def test_the_nearest_file_counts(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$ANSIBLE_CONFIG, then the working directory, then the home; each alone, for files are not merged."""
    (home / ".ansible.cfg").write_text("[defaults]\nforks = 1\nremote_user = home\n")
    assert (find_config().forks, find_config().logins.user) == (1, "home")
    say("[defaults]\nforks = 2\n")
    assert (find_config().forks, find_config().logins.user) == (2, None)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "ansible.cfg").write_text("[defaults]\nforks = 3\n")
    for named in (tmp_path / "else", tmp_path / "else" / "ansible.cfg"):
        monkeypatch.setenv("ANSIBLE_CONFIG", str(named))
        assert find_config().forks == 3
    monkeypatch.setenv("ANSIBLE_CONFIG", str(tmp_path / "nowhere.cfg"))
    assert find_config().forks == 2


def test_file_where_everybody_may_write_is_not_read_and_that_is_said(home: Path) -> None:
    """Somebody else could have put it there."""
    path = say("[defaults]\nforks = 2\n")
    Path.cwd().chmod(0o777)
    config = find_config()
    assert (config.path, config.forks) == (None, None)
    assert config.rules.notes == (f"{path} is not read, as everybody may write to its folder: chmod o-w {path.parent}",)


def test_variables_of_the_environment_count_above_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty one brings back what Ansible ships with, as in Ansible."""
    say("[defaults]\nforks = 2\nremote_user = file\nhash_behaviour = merge\n")
    monkeypatch.setenv("ANSIBLE_REMOTE_USER", "environment")
    monkeypatch.setenv("ANSIBLE_HASH_BEHAVIOUR", "replace")
    monkeypatch.setenv("ANSIBLE_FORKS", "")
    config = find_config()
    assert (config.logins.user, config.rules.merge, config.forks) == ("environment", False, None)


def test_settings_of_logins_count_below_variables_and_the_command_line() -> None:
    """What ansible.cfg says is the last word before ssh_config's."""
    say(
        "[defaults]\nremote_user = cfg\nremote_port = 2200\nprivate_key_file = keys/id ; a comment\ntimeout = 30\n"
        "[privilege_escalation]\nbecome = yes\nbecome_user = oper\n"
        "[ssh_connection]\nssh_common_args = '-o ProxyJump=me@jump:2022'\n"
    )
    plain = reach(find_config())
    assert (plain.user, plain.port, plain.timeout_s) == ("cfg", 2200, 30.0)
    assert plain.key_file == Path.cwd() / "keys" / "id"
    assert (plain.become, plain.become_method, plain.become_user) == (True, "sudo", "oper")
    assert [(jump.user, jump.host, jump.port) for jump in plain.jump] == [("me", "jump", 2022)]
    given = ConnectionDefaults(user="flag", ssh_config=Path(os.devnull))
    assert reach(find_config(), given).user == "flag"
    told = reach(
        find_config(), given, ansible_user="var", ansible_port=22, ansible_become=False, ansible_ssh_common_args=""
    )
    assert (told.user, told.port, told.become, told.jump) == ("var", 22, False, ())


def test_transport_is_the_connection_of_hosts_that_name_none() -> None:
    """A site of network_cli need not say so for each host; as anywhere it then needs the platform."""
    say("[defaults]\ntransport = network_cli\n")
    assert reach(find_config(), ansible_network_os="eos").platform == "arista_eos"
    with pytest.raises(InputError, match="ansible_network_os is missing"):
        reach(find_config())


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        ("[defaults]\nhost_key_checking = False\n", {}, ["host_key_checking=False ({cfg}:2)"]),
        ("[ssh_connection]\n\nhost_key_checking: no\n", {}, ["host_key_checking=no ({cfg}:3)"]),
        ("[paramiko_connection]\nhost_key_auto_add = True\n", {}, ["host_key_auto_add=True ({cfg}:2)"]),
        (
            "[defaults]\nhost_key_checking = False\n",
            {"ANSIBLE_HOST_KEY_CHECKING": "True", "ANSIBLE_SSH_HOST_KEY_CHECKING": "0"},
            ["host_key_checking=False ({cfg}:2)", "ANSIBLE_SSH_HOST_KEY_CHECKING=0 (environment)"],
        ),
        (
            "[ssh_connection]\nssh_args = -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null\n",
            {},
            [
                "StrictHostKeyChecking=no ({cfg}: ansible_ssh_args)",
                "UserKnownHostsFile=/dev/null ({cfg}: ansible_ssh_args)",
            ],
        ),
        ("[defaults]\nhost_key_checking = True\n[ssh_connection]\nssh_args = -C\n", {}, []),
    ],
)
def test_nothing_weakens_the_check_of_host_keys(
    monkeypatch: pytest.MonkeyPatch, text: str, variables: dict[str, str], said: list[str]
) -> None:
    """Such a setting is named with its place, and the known keys stay those that they were."""
    cfg = say(text)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    way = reach(find_config())
    assert list(way.ignored) == [one.format(cfg=cfg) for one in said]
    assert way.known_hosts == ConnectionDefaults().known_hosts


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("[defaults]\nvars_plugins_enabled = host_group_vars,sops\n", ":2: vars_plugins_enabled is not followed: "),
        ("[defaults]\n# why\nvars_plugins = plugins\n", ":3: vars_plugins is not followed: vars plugins are not run"),
        ("[defaults]\nrun_vars_plugins = start\n", ":2: run_vars_plugins is not followed: "),
        (
            "[defaults]\nprecedence = all_inventory, everything\n",
            ":2: precedence names 'everything', which is no layer",
        ),
        ("[defaults]\nvars_plugins_enabled = host_group_vars\nrun_vars_plugins = demand\ncowsay = no\n", ""),
        ("[defaults]\nstdout_callback = yaml\ngathering = smart\n[colors]\nok = green\n", ""),
    ],
)
def test_setting_that_matters_and_is_not_followed_is_said(text: str, note: str) -> None:
    """In one sentence with its place; whatever does not matter here is nobody's business."""
    cfg = say(text)
    notes = find_config().rules.notes
    assert len(notes) == bool(note)
    assert all(said.startswith(f"{cfg}{note}") for said in notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("forks = 1\n", ":1: a setting before any [section]"),
        ("[defaults]\nforks = 1\nforks = 2\n", ":3: this was said before"),
        ("[defaults]\nforks\n", ":2: this line is no setting"),
        ("[defaults]\n\nforks = many\n", ":3: forks = many is not a whole number above 0"),
        ("[defaults]\nhash_behaviour = blend\n", ":2: hash_behaviour = blend is not one of replace, merge"),
        ("[defaults]\nforce_valid_group_names = yes\n", ":2: force_valid_group_names = yes is not one of never, "),
        ("[defaults]\nremote_port = ssh\n", ":2: remote_port = ssh is not a whole number above 0"),
    ],
)
def test_file_that_is_wrong_is_refused_with_its_line(text: str, said: str) -> None:
    """As Ansible refuses it, and with the place."""
    cfg = say(text)
    with pytest.raises(InputError) as refused:
        find_config()
    assert str(refused.value).startswith(f"{cfg}{said}")
    assert refused.value.hint


def test_variable_of_the_environment_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no line, but a name."""
    monkeypatch.setenv("ANSIBLE_FORKS", "0.5")
    with pytest.raises(InputError, match=r"environment: ANSIBLE_FORKS = 0.5 is not a whole number above 0"):
        find_config()


def test_vault_sources_are_tried_in_the_order_of_ansible(home: Path) -> None:
    """The list of ansible.cfg, --vault-id, --vault-password-file, and the one password file of ansible.cfg."""
    say(
        "[defaults]\nvault_identity_list = dev@a, 'prod@prompt'\nvault_password_file = ~/pw\n"
        "vault_identity = own\nvault_id_match = true\nask_vault_pass = yes\n"
    )
    rules = find_config().vault
    assert rules.all_sources(["x@y"], ["f"]) == ("dev@a", "prod@prompt", "x@y", "own@f", f"own@{home}/pw")
    assert (rules.match_label, rules.ask) == (True, True)
