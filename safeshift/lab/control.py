"""How one process talks to a lab in another: one JSON object per line, over a socket that only its owner can open.

This room carries requests and answers; ``process.py`` decides what they mean and ``lab.py`` does it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safeshift.errors import LabError

Request = Mapping[str, Any]
Answer = Mapping[str, Any]

_LONGEST_PATH = 100  # bytes; the kernel takes 107, other systems 103
_LONGEST_LINE = 16 << 20  # bytes; all lines that one device received in a long run fit


class ControlServer:
    """The lab's side: answers requests until it is closed.

    Guarantees:
        The socket has mode 0600. ``act`` runs on the loop that opened the server; a ``LabError`` or ``ValueError``
        that it raises becomes the answer, and the connection goes on.
    """

    def __init__(self, act: Callable[[Request], Answer]) -> None:
        self._act = act
        self._server: asyncio.Server | None = None
        self._own_directory: Path | None = None
        self.path = Path()

    async def open(self, state_dir: Path) -> None:
        """Listen in the state directory, or in a private temporary one when its path is too long for a socket."""
        self.path = state_dir / "control.sock"
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            self._own_directory = Path(tempfile.mkdtemp(prefix="safeshift-"))  # mkdtemp makes it 0700
            self.path = self._own_directory / "control.sock"
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        self.path.chmod(0o600)  # before listen: nobody can have connected
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=_LONGEST_LINE)

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)
        if self._own_directory is not None:
            shutil.rmtree(self._own_directory, ignore_errors=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            return  # the asker went away, or sent a line without end: its own affair, the lab goes on
        finally:
            writer.close()

    def _answer(self, line: bytes) -> Answer:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("a request is a JSON object")
            return {"ok": True, **self._act(request)}
        except LabError as error:
            return {"ok": False, "error": error.message, "hint": error.hint}
        except (ValueError, KeyError, TypeError) as error:
            return {"ok": False, "error": f"the lab does not understand this request: {error}", "hint": ""}


def ask(path: Path, request: Request, *, deadline_s: float = 10.0) -> dict[str, Any]:
    """Send one request to a lab and return its answer without the ``ok``.

    Raises:
        LabError: nobody listens, no answer came in time (the request may have been carried out), or the lab
            refused in its own words.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(deadline_s)
        try:
            wire.connect(str(path))
            wire.sendall(json.dumps(dict(request)).encode() + b"\n")
            with wire.makefile("rb") as lines:
                line = lines.readline()
        except OSError as cause:
            raise LabError(
                f"the lab does not answer on {path}: {cause.strerror or cause}",
                hint="safeshift lab status; safeshift lab up starts it again",
            ) from cause
    if not line:
        raise LabError("the lab ended before it answered", hint="safeshift lab up starts it again")
    answer: dict[str, Any] = json.loads(line)
    if not answer.pop("ok"):
        raise LabError(answer["error"], hint=answer.get("hint", ""))
    return answer
