"""Whether a device is the one we know: known_hosts files, read as OpenSSH reads them, and nothing is ever added.

It decides accept or refuse and what to tell the operator; it stores no key and asks nobody. Next: ``login.py``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NoReturn

import paramiko

from safeshift.errors import HostKeyError

SSH_PORT = 22
PATTERNS = re.compile(r"[*?|]")


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One line of a known_hosts file that is about the host in question.

    Attributes:
        marker: ``""``, ``@revoked`` or ``@cert-authority``.
        kind: The key type as written, e.g. ``ssh-ed25519``.
        blob: The public key, binary.
        place: ``file:line``, for people.

    """

    marker: str
    kind: str
    blob: bytes
    place: str


def known_name(host: str, port: int) -> str:
    """Return the name under which OpenSSH files a host: bare on port 22, ``[host]:port`` otherwise."""
    return host if port == SSH_PORT else f"[{host}]:{port}"


def fingerprint(blob: bytes) -> str:
    """Return a key's fingerprint as ``ssh-keygen -l`` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def find_keys(files: Sequence[Path], name: str) -> tuple[KnownKey, ...]:
    """Return every entry about a name, in the order of the files; a file that does not exist holds none.

    Raises:
        OSError: a file exists and cannot be read.

    """
    return tuple(entry for path in files if path.exists() for entry in _entries(path, name))


def _entries(path: Path, name: str) -> Iterator[KnownKey]:
    wanted = name.lower()
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if wanted not in line.lower() and not PATTERNS.search(line):  # a site's file has thousands of other lines
            continue
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
        if len(fields) < 3 or fields[0].startswith("#") or not _names(fields[0], name):
            continue
        try:
            blob = base64.b64decode(fields[2], validate=True)
        except binascii.Error:
            continue
        yield KnownKey(marker, fields[1], blob, f"{path}:{number}")


def _names(patterns: str, name: str) -> bool:
    """Tell whether a known_hosts name field is about this name: hashed, wildcards, ``!`` for never."""
    if patterns.startswith("|1|"):
        return _hashed(patterns, name)
    wanted = False
    for pattern in patterns.lower().split(","):
        # fnmatch's [ ] would swallow the brackets of [host]:port; OpenSSH knows only * and ?.
        if fnmatchcase(name.lower(), pattern.removeprefix("!").replace("[", "[[]")):
            if pattern.startswith("!"):
                return False
            wanted = True
    return wanted


def _hashed(field: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in field.removeprefix("|1|").split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)


class StrictHostKeys(paramiko.MissingHostKeyPolicy):
    """Accept exactly the keys that the known_hosts files hold for this host; refuse everything else.

    It takes the place of paramiko's whole check: the client is given no keys of its own, so that each key ends here.
    """

    def __init__(self, device: str, files: Sequence[Path], *, host: str, port: int) -> None:
        self.device = device
        self.files = tuple(files)
        self.host = host
        self.port = port
        self.name = known_name(host, port)
        self.known = find_keys(self.files, self.name)

    def preferred_kinds(self) -> tuple[str, ...]:
        """Return the key types we hold for this host: a server with several keys should show one of these."""
        return tuple(dict.fromkeys(entry.kind for entry in self.known if not entry.marker))

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Return if the key is known for this host.

        Raises:
            HostKeyError: it is unknown, changed or revoked; no password was sent.

        """
        del client, hostname  # paramiko's idea of the name; ours was fixed before the connection was made
        blob = key.asbytes()
        same = [entry for entry in self.known if entry.blob == blob]
        if any(entry.marker == "@revoked" for entry in same):
            self._refuse(f"shows a key that is revoked in {same[0].place}: {fingerprint(blob)}", hint="Do not connect.")
        if any(not entry.marker for entry in same) or self._known_without_port(blob):
            return
        others = [entry for entry in self.known if not entry.marker]
        if others:
            self._refuse_changed(key, others)
        self._refuse_unknown(key)

    def _known_without_port(self, blob: bytes) -> bool:
        """Accept, as OpenSSH does, a key that is filed under the bare name when the port's own form is not filed."""
        if self.known or self.port == SSH_PORT:
            return False
        bare = find_keys(self.files, self.host)
        return any(entry.blob == blob and not entry.marker for entry in bare) and not any(
            entry.blob == blob and entry.marker == "@revoked" for entry in bare
        )

    def _refuse_changed(self, key: paramiko.PKey, known: Sequence[KnownKey]) -> NoReturn:
        files = dict.fromkeys(entry.place.rpartition(":")[0] for entry in known)
        forget = " && ".join(f"ssh-keygen -f {path} -R '{self.name}'" for path in files)
        held = ", ".join(f"{entry.kind} {fingerprint(entry.blob)} ({entry.place})" for entry in known)
        self._refuse(
            f"shows another host key than the known one: now {key.get_name()} {fingerprint(key.asbytes())}, "
            f"known {held}",
            hint=f"Somebody may be in between, or the device was replaced. Compare with the device's own console; "
            f"only if it is right: {forget} && {self._accept(key)}",
        )

    def _refuse_unknown(self, key: paramiko.PKey) -> NoReturn:
        certified = any(entry.marker == "@cert-authority" for entry in self.known)
        self._refuse(
            f"shows a host key that is not known: {key.get_name()} {fingerprint(key.asbytes())}",
            hint=("A host certificate cannot be checked here, list the key itself. " if certified else "")
            + f"Compare the fingerprint with the device's own console, then accept it: {self._accept(key)}",
        )

    def _accept(self, key: paramiko.PKey) -> str:
        """Return the command that shows the key to be accepted and files it; it checks the fingerprint once more."""
        kind = key.get_name().removeprefix("ssh-").split("-")[0]
        file = self.files[0] if self.files else Path("~/.ssh/known_hosts")
        scan = f"ssh-keyscan -t {kind} -p {self.port} {self.host}"
        return f"{scan} 2>/dev/null | tee -a {file} | ssh-keygen -lf -"

    def _refuse(self, message: str, *, hint: str) -> NoReturn:
        raise HostKeyError(self.device, f"{self.name} {message}", hint=hint)
