"""Our opening of vaults against ansible-core's own programs, where they are installed: what they seal, we open."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.ansible_cfg import find_config
from safeshift.model.inventory import load_inventory
from safeshift.model.vault import Vault

PATH = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
ORACLE = shutil.which("ansible-vault", path=PATH)
pytestmark = pytest.mark.skipif(
    ORACLE is None, reason="NOT COMPARED WITH ANSIBLE: ansible-vault is not installed (pip install ansible-core)"
)
# a script that knows two labels, and says so of others as Ansible's protocol asks
KEYRING = """#!/bin/sh
[ "$1" = --vault-id ] || exit 3
case "$2" in prod) echo production ;; default) echo unnamed ;; *) exit 2 ;; esac
"""


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a password file, a script and a client script; we stand in it."""
    for name, text, mode in (
        ("dev.txt", "development\n", 0o600),
        ("other.txt", "wrong\n", 0o600),
        ("script.sh", "#!/bin/sh\necho scripted\n", 0o700),
        ("keyring-client.sh", KEYRING, 0o700),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
        monkeypatch.delenv(name)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(program: str, *arguments: str) -> str:
    """Run one of Ansible's programs; gives what it printed."""
    command = [str(Path(str(ORACLE)).with_name(program)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def seal(*arguments: str) -> Path:
    """Let ansible-vault make a vaulted file of variables."""
    path = Path("vars.yml")
    path.write_text("secret: hunter2\n")
    ask("ansible-vault", "encrypt", *arguments, str(path))
    return path


@pytest.mark.parametrize(
    ("sealed_with", "opened_with", "answers"),
    [
        (["--vault-id", "dev@dev.txt"], ["dev@dev.txt"], {}),
        (["--vault-id", "dev@dev.txt"], ["dev.txt"], {}),
        (["--vault-id", "dev@dev.txt"], ["dev@prompt"], {"Vault password (dev)": "development"}),
        (["--vault-id", "dev@dev.txt"], ["prompt"], {"Vault password (default)": "development"}),
        (["--vault-id", "dev@dev.txt"], ["dev@other.txt", "prod@keyring-client.sh", "x@dev.txt"], {}),
        (["--vault-id", "prod@keyring-client.sh"], ["dev@dev.txt", "prod@keyring-client.sh"], {}),
        (["--vault-id", "prod@keyring-client.sh"], ["elsewhere@keyring-client.sh", "prod@keyring-client.sh"], {}),
        (["--vault-id", "dev@script.sh"], ["dev@script.sh"], {}),
        (["--vault-password-file", "script.sh"], ["script.sh"], {}),
        (["--vault-password-file", "keyring-client.sh"], ["default@keyring-client.sh"], {}),
        (
            ["--vault-id", "dev@dev.txt", "--vault-id", "prod@keyring-client.sh", "--encrypt-vault-id", "prod"],
            ["prod@prompt", "dev@dev.txt"],
            {"Vault password (prod)": "production"},
        ),
    ],
)
def test_what_ansible_vault_seals_is_opened(
    sealed_with: list[str], opened_with: list[str], answers: Mapping[str, str]
) -> None:
    """Labels, scripts, client scripts and prompts are those of Ansible; a question names the label."""
    path = seal(*sealed_with)
    vault = Vault.from_files(opened_with, ask=lambda what: answers[what])
    assert vault.decrypt(path.read_bytes()) == b"secret: hunter2\n"


def test_label_decides_alone_where_ansible_cfg_says_so() -> None:
    """With vault_id_match the right password under another label does not open a vault, here and there."""
    path = seal("--vault-id", "dev@dev.txt")
    Path("ansible.cfg").write_text("[defaults]\nvault_id_match = true\n")
    with pytest.raises(AssertionError, match="Decryption failed"):
        ask("ansible-vault", "view", "--vault-id", "other@dev.txt", str(path))
    with pytest.raises(InventoryError, match="no vault password opens this"):
        Vault.from_files(["other@dev.txt"], match_label=find_config().vault.match_label).decrypt(path.read_bytes())


def test_identities_of_ansible_cfg_open_what_they_open_in_ansible(site: Path) -> None:
    """One that this machine does not have is passed over with a note, as long as there is another."""
    (site / "group_vars").mkdir()
    seal("--vault-id", "prod@keyring-client.sh").rename(site / "group_vars" / "all.yml")
    (site / "hosts").write_text("h1\n")
    (site / "ansible.cfg").write_text(
        "[defaults]\ninventory = hosts\nvault_identity_list = dev@~/nowhere, x@keyring-client.sh,"
        " prod@keyring-client.sh\n"
    )
    config = find_config()
    vault = Vault.from_files(config.vault.all_sources())
    inventory = load_inventory(config.inventory, vault=vault, rules=config.rules)
    assert inventory.to_ansible_json(open_files=True) == json.loads(ask("ansible-inventory", "--list"))
    first, second = inventory.notes
    assert first.endswith("there is no vault password file " + str(Path("~/nowhere").expanduser()))
    assert second.endswith("ended with code 2, which says that it knows no password 'x'")


def test_plugin_inventory_is_opened_with_passwords_that_were_asked_for(site: Path) -> None:
    """ansible-inventory is handed what was answered, and asks nobody again, whatever ansible.cfg names."""
    (site / "group_vars").mkdir()
    seal("--vault-id", "dev@dev.txt").rename(site / "group_vars" / "all.yml")
    (site / "z.yml").write_text("plugin: constructed\ncompose: {y: 1 + 1}\n")
    (site / "hosts").write_text("h1\n")
    (site / "ansible.cfg").write_text(
        "[defaults]\ninventory = hosts,z.yml\nvault_identity_list = dev@prompt\nask_vault_pass = yes\n"
    )
    config = find_config()
    vault = Vault.from_files(config.vault.all_sources(), ask=lambda what: "development")
    inventory = load_inventory(config.inventory, vault=vault, rules=config.rules)
    assert inventory.host_json("h1", open_files=True) == {"secret": "hunter2", "y": 2}


def test_nothing_that_gives_a_password_is_refused_with_the_first_reason() -> None:
    """Ansible stops there too."""
    with pytest.raises(InventoryError, match=r"there is no vault password file .*nowhere"):
        Vault.from_files(["dev@nowhere", "x@keyring-client.sh"])
    with pytest.raises(InventoryError, match="must be asked for at a terminal"):
        Vault.from_files(["dev@prompt"])
    with pytest.raises(InventoryError, match="was empty"):
        Vault.from_files(["dev@prompt"], ask=lambda what: " ")
