"""Vaults: the format, labels, password files, and that nothing shows a secret."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.inventory import load_inventory
from safeshift.model.vault import Secret, Vault, VaultedText, encrypt

# made by: ansible-vault encrypt_string --vault-id prod@... (password "second"), ansible-core 2.19
BY_ANSIBLE = """\
$ANSIBLE_VAULT;1.2;AES256;prod
30633431353864316539383861376364363830303835623862653961316634393663353462313463
3337363638343531313866313531323038666436333531390a633162313564663939623939343238
37663031323066633338373530616338343066656463363632383363326230636261353730663666
3437353863326232650a623463636364623666383738653066643632663564343432343339626332
3666
"""


def password_file(folder: Path, name: str, text: str, mode: int = 0o600) -> str:
    """Write a password file; gives its path."""
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_vault_made_by_ansible_opens() -> None:
    """Format 1.2 as Ansible writes it."""
    assert Vault({"prod": b"second"}).decrypt_text(BY_ANSIBLE) == "made by ansible"


@pytest.mark.parametrize("label", ["default", "prod"])
def test_vault_opens_with_any_known_password(label: str) -> None:
    """A label only says which password is tried first, as in Ansible."""
    text = encrypt(b"value \xc3\xa9", b"right", label=label)
    assert text.startswith("$ANSIBLE_VAULT;1.1;AES256\n" if label == "default" else "$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert Vault({"other": b"wrong", "third": b"right"}).decrypt_text(text) == "value é"


def test_one_label_may_have_several_passwords() -> None:
    """Two password files without label are both tried."""
    vault = Vault([("default", b"one"), ("default", b"two")])
    assert vault.decrypt_text(encrypt(b"x", b"two")) == "x"


def test_vault_with_a_changed_byte_is_refused() -> None:
    """The message code is checked before anything is decrypted."""
    text = encrypt(b"x" * 40, b"pw", salt=b"0" * 32)
    broken = text.rstrip("\n")[:-1] + ("0" if text.rstrip("\n")[-1] != "0" else "1") + "\n"
    with pytest.raises(InventoryError, match="no vault password opens this"):
        Vault({"default": b"pw"}).decrypt_text(broken)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$ANSIBLE_VAULT;1.1;AES256\nzz\n", "damaged"),
        ("$ANSIBLE_VAULT;1.1;AES\n00\n", "not a vault of format"),
        ("$ANSIBLE_VAULT\n", "not a vault of format"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3030\n", "damaged"),
    ],
)
def test_envelope_that_is_broken_is_refused(text: str, words: str) -> None:
    """What is no vault says so."""
    with pytest.raises(InventoryError, match=words):
        Vault({"default": b"pw"}).decrypt_text(text)


def test_vault_without_password_says_which_flags_give_one() -> None:
    """The hint names the flags."""
    with pytest.raises(InventoryError, match="no vault password was given") as refused:
        Vault().decrypt_text(encrypt(b"x", b"pw"))
    assert "--vault-password-file" in refused.value.hint


def test_secret_shows_itself_nowhere() -> None:
    """Every way to look at it gives stars; it cannot be written out."""
    for secret in (Secret("hunter2"), Secret.vaulted(encrypt(b"hunter2", b"pw"), Vault({"default": b"pw"}))):
        assert {repr(secret), str(secret), f"{secret}", f"{secret:>3}", f"{[secret]}"} == {"***", "[***]"}
        assert copy.deepcopy({"a": secret})["a"] is secret
        with pytest.raises(TypeError):
            pickle.dumps(secret)
        assert secret.reveal() == "hunter2"
    assert f"{[VaultedText('hunter2')]!r}" == "['***']"


def test_password_files_are_read_as_ansible_reads_them(tmp_path: Path) -> None:
    """Plain, executable, client script with the label, and a file vaulted by an earlier one."""
    vaulted = tmp_path / "vaulted"
    vaulted.write_text(encrypt(b"inner\n", b"plain"))
    vaulted.chmod(0o600)
    vault = Vault.from_files(
        [
            password_file(tmp_path, "plain", " plain \n"),
            f"run@{password_file(tmp_path, 'run.sh', '#!/bin/sh' + chr(10) + 'echo scripted', 0o700)}",
            f"prod@{password_file(tmp_path, 'ask-client.sh', '#!/bin/sh' + chr(10) + 'echo $1/$2', 0o700)}",
            f"inner@{vaulted}",
        ],
        passwords={"asked": b"typed"},
    )
    assert [(label, password.reveal()) for label, password in vault.passwords] == [
        ("default", "plain"),
        ("run", "scripted"),
        ("prod", "--vault-id/prod"),
        ("inner", "inner"),
        ("asked", "typed"),
    ]
    assert vault.notes == ()


def test_password_file_that_others_can_read_is_noted(tmp_path: Path) -> None:
    """It works, as in Ansible, and the operator is told."""
    path = password_file(tmp_path, "pw", "pw", 0o644)
    assert load_inventory(["a,"], vault=Vault.from_files([path])).notes == (
        f"the vault password file {path} can be read by others: chmod 600 {path}",
    )


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [("\n", 0o600, "empty password"), ("#!/bin/sh\nexit 4\n", 0o700, "ended with code 4"), ("pw", 0o700, "cannot run")],
)
def test_password_file_that_gives_none_is_refused(tmp_path: Path, text: str, mode: int, words: str) -> None:
    """Each failure has its own sentence."""
    with pytest.raises(InventoryError, match=words):
        Vault.from_files([password_file(tmp_path, "pw", text, mode)])


def test_password_file_that_is_missing_or_a_prompt_is_refused(tmp_path: Path) -> None:
    """A prompt is the caller's to ask."""
    with pytest.raises(InventoryError, match="there is no vault password file"):
        Vault.from_files([f"x@{tmp_path}/none"])
    with pytest.raises(InventoryError, match="asked for at a terminal"):
        Vault.from_files(["prod@prompt"])


def test_vaulted_value_stays_vaulted_in_every_list(tmp_path: Path) -> None:
    """It loads without a password, is listed as Ansible lists it, and opens only on demand."""
    text = encrypt(b"hunter2", b"pw", salt=b"1" * 32)
    (tmp_path / "h.yml").write_text('all: {hosts: {h: {p: !vault "' + text.replace("\n", "\\n") + '"}}}')
    inventory = load_inventory([str(tmp_path / "h.yml")])
    assert inventory.host_json("h") == {"p": {"__ansible_vault": text}}
    assert "hunter2" not in repr(inventory.host_vars("h")) + repr(inventory)
    with pytest.raises(InventoryError, match=r"h\.yml:1:22: this is vaulted"):
        inventory.secrets[0].reveal()
    opened = load_inventory([str(tmp_path / "h.yml")], vault=Vault({"default": b"pw"}))
    assert [secret.reveal() for secret in opened.secrets] == ["hunter2"]


def test_strings_of_a_vaulted_file_are_masked_unless_asked_for(tmp_path: Path) -> None:
    """They work as text, count as secrets, and are listed as stars."""
    (tmp_path / "h").write_text("h\n")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(encrypt(b"p: hunter2\nn: [1, {k: deep}]\n", b"pw"))
    inventory = load_inventory([str(tmp_path / "h")], vault=Vault({"default": b"pw"}))
    assert inventory.host_vars("h")["p"] == "hunter2"
    assert inventory.host_json("h") == {"p": "***", "n": [1, {"k": "***"}]}
    assert json.loads(json.dumps(inventory.host_json("h", open_files=True))) == {
        "p": "hunter2",
        "n": [1, {"k": "deep"}],
    }
    assert "hunter2" not in repr(inventory.host_vars("h"))
    assert {secret.reveal() for secret in inventory.secrets} == {"hunter2", "deep"}


def test_vaulted_file_without_its_password_is_refused_by_name(tmp_path: Path) -> None:
    """The inventory itself may be vaulted, and then a password is needed at once."""
    (tmp_path / "h").write_text(encrypt(b"h\n", b"pw"))
    with pytest.raises(InventoryError, match=r"/h: this is vaulted, and no vault password was given"):
        load_inventory([str(tmp_path / "h")])
    assert load_inventory([str(tmp_path / "h")], vault=Vault({"default": b"pw"})).hosts == ("h",)
