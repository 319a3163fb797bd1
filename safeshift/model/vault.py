"""Secrets: how a vaulted value is carried, and how Ansible's vault format is opened.

A secret leaves its wrapper only through ``Secret.reveal``; every other way to look at it shows ``***``.
Nothing here asks a person for a password: the caller does, and hands it in. Read ``inventory/reading.py`` next.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import subprocess
from binascii import Error as HexError
from binascii import hexlify, unhexlify
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from safeshift.errors import InventoryError, Place

HEADER = "$ANSIBLE_VAULT"
DEFAULT_LABEL = "default"
PROMPTS = frozenset({"prompt", "prompt_ask_vault_pass"})
MASK = "***"
SCRIPT_DEADLINE_S = 300.0  # a password script may wait for a person (a hardware token, a password manager)
_UNKNOWN_LABEL = 2  # what a -client script ends with when it has no such password
_ROUNDS = 10_000  # fixed by the format: Ansible vault 1.1 and 1.2
_NO_PASSWORD_HINT = "pass --vault-password-file FILE, --vault-id LABEL@FILE or --ask-vault-pass"


class Secret:
    """A value that is shown nowhere: ``str``, ``repr`` and ``format`` give ``***``.

    A secret made of a vaulted value is opened at the first ``reveal`` and not before, so that an inventory loads
    without the passwords of values that nobody needs.
    """

    __slots__ = ("_open", "_plain", "ciphertext")

    def __init__(self, plain: str) -> None:
        self._plain: str | None = plain
        self._open: Callable[[], str] | None = None
        self.ciphertext: str | None = None

    @classmethod
    def vaulted(cls, ciphertext: str, vault: Vault, place: Place | None = None) -> Secret:
        """Carry a value as it stands in the file; ``ciphertext`` keeps its text."""
        secret = cls("")
        secret._plain = None
        secret._open = lambda: vault.decrypt_text(ciphertext, place=place)
        secret.ciphertext = ciphertext
        return secret

    def reveal(self) -> str:
        """Give the plain value.

        Raises:
            InventoryError: It is vaulted and no known password opens it. Nothing was contacted.
        """
        if self._plain is None:
            assert self._open is not None
            self._plain = self._open()
        return self._plain

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never written out")


class VaultedText(str):
    """A string out of a file that was vaulted as a whole: usable as text, and masked when it is looked at or listed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


class UnsafeText(str):
    """A string tagged ``!unsafe``: data for ever, never rendered as a template."""

    __slots__ = ()


class Vault:
    """The vault passwords of one invocation, each with its label, best first.

    ``notes`` are sentences for the operator about how the passwords are kept. With ``match_label`` a vault is opened by
    a password of its own label only (Ansible's ``vault_id_match``).
    """

    def __init__(
        self,
        passwords: Mapping[str, bytes] | Iterable[tuple[str, bytes]] = (),
        *,
        notes: Iterable[str] = (),
        match_label: bool = False,
    ) -> None:
        pairs = passwords.items() if isinstance(passwords, Mapping) else passwords
        self._passwords = tuple(pairs)
        self._match_label = match_label
        self.notes = tuple(notes)

    def __repr__(self) -> str:
        return f"Vault(labels={self.labels})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("vault passwords are never written out")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order in which they are tried."""
        return tuple(label for label, _ in self._passwords)

    @property
    def passwords(self) -> tuple[tuple[str, Secret], ...]:
        """Each label with its password, for handing on to ``ansible-inventory``."""
        return tuple(
            (label, Secret(password.decode("utf-8", "surrogateescape"))) for label, password in self._passwords
        )

    @classmethod
    def from_files(
        cls,
        sources: Sequence[str],
        *,
        passwords: Mapping[str, bytes] | None = None,
        ask: Callable[[str], str] | None = None,
        label: str = DEFAULT_LABEL,
        match_label: bool = False,
    ) -> Vault:
        """Get passwords from where ``--vault-id`` and ``--vault-password-file`` say, in that order.

        As in Ansible one that cannot be had is noted and passed over, as long as there is another one.

        Args:
            sources: ``label@path``, ``path``, ``label@prompt`` or ``prompt``. An executable file is run and its output
                is the password; one whose name ends in ``-client`` is given ``--vault-id label``. A file may be vaulted
                with an earlier password.
            passwords: What the caller asked for itself, by label; tried last.
            ask: Asks a person, unseen, for what it is given the name of; None: there is nobody.
            label: What a password without a label is called.
            match_label: A vault is opened by a password of its own label only.

        Raises:
            InventoryError: No source gave a password; the reason is the first one's.
        """
        found: list[tuple[str, bytes]] = []
        notes: list[str] = []
        failures: list[InventoryError] = []
        for source in sources:
            own, where = _split_source(source)
            try:
                if where in PROMPTS:
                    password = _ask_password(own or label, source, ask)
                else:
                    path = Path(os.path.abspath(os.path.expanduser(os.path.expandvars(where))))
                    password = _read_password(path, own, cls(found))
                    notes.extend(_permission_notes(path))
                found.append((own or label, password))
            except InventoryError as error:
                failures.append(error)
        found.extend((passwords or {}).items())
        if failures and not found:
            raise failures[0]
        notes.extend(f"no vault password from there, and gone on without: {error.message}" for error in failures)
        return cls(found, notes=notes, match_label=match_label)

    def decrypt(self, data: bytes, *, place: Place | None = None) -> bytes:
        """Open vaulted bytes: the password of the same label first, then all others in order.

        Raises:
            InventoryError: The envelope is broken, or no password opens it.
        """
        label, salt, mac, ciphertext = _parse_envelope(data, place)
        if not self._passwords:
            raise InventoryError(
                "this is vaulted, and no vault password was given", place=place, hint=_NO_PASSWORD_HINT
            )
        usable = [pair for pair in self._passwords if pair[0] == label or not self._match_label]
        for _, password in sorted(usable, key=lambda pair: pair[0] != label):
            plain = _open_sealed(password, salt, mac, ciphertext)
            if plain is not None:
                return plain
        tried = ", ".join(name for name, _ in usable) or "none, since vault_id_match is set"
        raise InventoryError(
            f"no vault password opens this (label {label!r}; tried: {tried})", place=place, hint=_NO_PASSWORD_HINT
        )

    def decrypt_text(self, ciphertext: str, *, place: Place | None = None) -> str:
        """Open a vaulted value, as ``decrypt``, and read it as UTF-8."""
        plain = self.decrypt(ciphertext.encode("utf-8", "surrogateescape"), place=place)
        return plain.decode("utf-8", "surrogateescape")


def is_vaulted(data: bytes) -> bool:
    """Say whether these bytes start as a vault does and are plain ASCII, as vaults are."""
    return data.startswith(HEADER.encode()) and data.isascii()


def encrypt(plain: bytes, password: bytes, *, label: str = DEFAULT_LABEL, salt: bytes | None = None) -> str:
    """Write a vault that Ansible opens: version 1.1, or 1.2 with a label.

    Args:
        salt: Random by default; give one only where the same text must come out again.
    """
    salt = os.urandom(32) if salt is None else salt
    key, mac_key, counter = _derive_keys(password, salt)
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()
    ciphertext = encryptor.update(padded) + encryptor.finalize()
    mac = hmac.digest(mac_key, ciphertext, "sha256")
    body = hexlify(b"\n".join(hexlify(part) for part in (salt, mac, ciphertext))).decode()
    head = f"{HEADER};1.1;AES256" if label == DEFAULT_LABEL else f"{HEADER};1.2;AES256;{label}"
    return "\n".join([head, *(body[at : at + 80] for at in range(0, len(body), 80)), ""])


def _parse_envelope(data: bytes, place: Place | None) -> tuple[str, bytes, bytes, bytes]:
    """Take the envelope apart into label, salt, message code and ciphertext."""
    lines = data.split()
    head = data.splitlines()[0].strip().decode("utf-8", "replace").split(";") if lines else [""]
    if head[0] != HEADER or len(head) < 3 or head[2].strip() != "AES256":
        raise InventoryError("this is not a vault of format 1.1 or 1.2 with AES256", place=place, hint=_BROKEN_HINT)
    label = head[3].strip() if len(head) > 3 else DEFAULT_LABEL
    try:
        body = unhexlify(b"".join(data.splitlines()[1:]).replace(b" ", b""))
        salt, mac, ciphertext = (unhexlify(part) for part in body.split(b"\n", 2))
    except (HexError, ValueError):
        raise InventoryError("this vault is damaged", place=place, hint=_BROKEN_HINT) from None
    return label, salt, mac, ciphertext


_BROKEN_HINT = "make it again with: ansible-vault encrypt, or ansible-vault encrypt_string for one value"


def _derive_keys(password: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    derived = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS, 80)
    return derived[:32], derived[32:64], derived[64:]


def _open_sealed(password: bytes, salt: bytes, mac: bytes, ciphertext: bytes) -> bytes | None:
    """Decrypt after the message code was verified in constant time; None when the password is another one."""
    key, mac_key, counter = _derive_keys(password, salt)
    if not hmac.compare_digest(hmac.digest(mac_key, ciphertext, "sha256"), mac):
        return None
    decryptor = Cipher(algorithms.AES(key), modes.CTR(counter)).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()


def _split_source(source: str) -> tuple[str | None, str]:
    """Split ``label@where``; a file that has an @ in its own name is meant where there is one."""
    label, at, where = source.partition("@")
    if not at or os.path.isfile(os.path.expanduser(os.path.expandvars(source))):
        return None, source
    return label or None, where


def _ask_password(label: str, source: str, ask: Callable[[str], str] | None) -> bytes:
    if ask is None:
        raise InventoryError(
            f"the vault password {source!r} must be asked for at a terminal",
            hint="use --ask-vault-pass, or name a file",
        )
    password = ask(f"Vault password ({label})").strip().encode("utf-8", "surrogateescape")
    if not password:
        raise InventoryError(f"the answer for the vault password {source!r} was empty")
    return password


def _read_password(path: Path, label: str | None, earlier: Vault) -> bytes:
    if not path.is_file():
        raise InventoryError(
            f"there is no vault password file {path}", hint="check --vault-password-file and --vault-id"
        )
    if os.access(path, os.X_OK) and path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        password = _run_password_script(path, label)
    else:
        try:
            password = path.read_bytes().strip()
        except OSError as error:
            raise InventoryError(f"cannot read the vault password file {path}: {error.strerror}") from error
        if is_vaulted(password):
            password = earlier.decrypt(password, place=Place(str(path)))
    password = password.strip(b"\r\n")
    if not password:
        raise InventoryError(f"the vault password file {path} gives an empty password")
    return password


def _run_password_script(path: Path, label: str | None) -> bytes:
    command = [str(path)]
    if path.stem.endswith("-client") and label:
        command += ["--vault-id", label]
    try:
        # stderr stays the terminal's: such a script may ask the person who sits there
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=SCRIPT_DEADLINE_S, check=False)
    except OSError as error:
        raise InventoryError(
            f"cannot run the vault password script {path}: {error.strerror}",
            hint=f"if it is not a script: chmod -x {path}",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InventoryError(f"the vault password script {path} gave nothing in {SCRIPT_DEADLINE_S:.0f} s") from error
    if done.returncode:
        knows_not = f", which says that it knows no password {label!r}" if len(command) > 1 else ""
        reason = knows_not if done.returncode == _UNKNOWN_LABEL else ""
        raise InventoryError(f"the vault password script {path} ended with code {done.returncode}{reason}")
    return done.stdout


def _permission_notes(path: Path) -> list[str]:
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH) and not os.access(path, os.X_OK):
        return [f"the vault password file {path} can be read by others: chmod 600 {path}"]
    return []
