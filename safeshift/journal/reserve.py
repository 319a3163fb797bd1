"""Space for a run's last records, taken from the disk before the run starts.

When the database can no longer be written, an undo is still recorded: in place, into a file whose blocks the run
already owns. It decides what a torn tail is and what damage is; it never decides to be used (``writer.py`` does).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from safeshift.errors import JournalError
from safeshift.journal.chain import SCHEMA, Record
from safeshift.journal.files import Files

RESERVE_BYTES = 4 * 1024 * 1024  # an undo of some hundred devices; captured configurations are never repeated in it
_LENGTH_DIGITS = 8
_FIELDS = frozenset(Record.__slots__)


def reserve_path(database: Path, run: str) -> Path:
    """Name a run's reserve: beside the database, so that it lies on the same disk."""
    return database.with_name(f"{database.name}.reserve-{run}")


class Reserve:
    """A preallocated file of framed records; each ``write`` is on the disk when it returns.

    A frame is the length of the text in eight digits, a space, the text (one JSON object, ASCII), a line feed.
    Not thread-safe: its writer holds a lock.
    """

    def __init__(self, path: Path, descriptor: int, *, offset: int, size: int, files: Files) -> None:
        self.path = path
        self._descriptor = descriptor
        self._offset = offset
        self._size = size
        self._files = files
        self._identity = files.identity(path)
        self._lost = ""

    @classmethod
    def create(cls, path: Path, run: str, *, files: Files, size: int = RESERVE_BYTES) -> Reserve:
        """Take the space.

        Raises:
            JournalError: the space cannot be had. No file is left behind.
        """
        descriptor = -1
        try:
            descriptor = files.create(path)
            files.allocate(descriptor, size)
            head = _frame(_header(run))
            files.write(descriptor, head, 0)
            files.sync(descriptor)
            files.sync_directory(path.parent)
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
                path.unlink(missing_ok=True)
            raise JournalError(
                f"cannot reserve {size // 1024} KiB for the journal in {path.parent}: {error.strerror or error}",
                hint="free some space there, or name another directory with SAFESHIFT_STATE",
            ) from error
        return cls(path, descriptor, offset=len(head), size=size, files=files)

    def write(self, records: Sequence[Record]) -> None:
        """Put records into the reserved space, durable on return.

        Raises:
            JournalError: they do not fit, the disk refuses even this, or the file is gone. Nothing more can be
                recorded; what was written before still stands.
        """
        frames = b"".join(_frame(_text(record)) for record in records)
        if self._lost:
            raise JournalError(self._lost, hint=_LOST_HINT)
        if self._offset + len(frames) > self._size:
            raise JournalError(f"the journal's reserve {self.path} is full", hint=_LOST_HINT)
        try:
            self._files.write(self._descriptor, frames, self._offset)
            self._files.sync(self._descriptor)
            if self._files.identity(self.path) != self._identity:
                raise FileNotFoundError(None, "the file was removed or replaced")
        except OSError as error:
            self._lost = f"the journal's reserve {self.path} cannot be written: {error.strerror or error}"
            raise JournalError(self._lost, hint=_LOST_HINT) from error
        self._offset += len(frames)

    def close(self, *, remove: bool) -> None:
        """Let the file go; ``remove`` gives its space back."""
        self._lost = "the run is closed"  # the descriptor's number may soon mean another file
        os.close(self._descriptor)
        if remove:
            with suppress(OSError):  # all that is lost by a reserve that stays is its space
                self.path.unlink()


_LOST_HINT = "keep this terminal's output: it is the only record of what follows"


@dataclass(frozen=True, slots=True)
class ReserveContent:
    """What a reserve holds.

    Attributes:
        records: The whole records, in order; their hashes are not checked here.
        torn: A last record was begun and not finished, as a kill leaves it; nobody was told that it was written.
        problem: One sentence when the file is damaged; then ``records`` end before the damage.
    """

    records: tuple[Record, ...] = ()
    torn: bool = False
    problem: str = ""


def read_reserve(path: Path, run: str) -> ReserveContent:
    """Read a run's reserve; a missing or unused one holds nothing."""
    try:
        rest = path.read_bytes().rstrip(b"\0")
    except FileNotFoundError:
        return ReserveContent()
    except OSError as error:
        return ReserveContent(problem=f"the reserve {path} cannot be read: {error.strerror or error}")
    texts: list[str] = []
    while rest:
        text, size = _unframe(rest)
        if text is None:
            return _ended_early(path, run, texts, torn=_is_torn(rest))
        texts.append(text)
        rest = rest[size:]
    return _understand(path, run, texts)


def _frame(text: str) -> bytes:
    return b"%0*d %s\n" % (_LENGTH_DIGITS, len(text), text.encode("ascii"))


def _header(run: str) -> str:
    return json.dumps({"reserve": "safeshift journal", "run": run, "schema": SCHEMA}, sort_keys=True)


def _text(record: Record) -> str:
    return json.dumps(asdict(record), sort_keys=True)


def _unframe(data: bytes) -> tuple[str | None, int]:
    """Take the first whole frame off: its text and its size in bytes; None when it is not whole."""
    start = _LENGTH_DIGITS + 1
    digits = data[:_LENGTH_DIGITS]
    if not digits.isdigit() or data[_LENGTH_DIGITS:start] != b" ":
        return None, 0
    end = start + int(digits)
    if data[end : end + 1] != b"\n" or not data[start:end].isascii():
        return None, 0
    return data[start:end].decode("ascii"), end + 1


def _is_torn(rest: bytes) -> bool:
    """Tell a write that stopped midway from damage: it is shorter than it says, and its line feed never came."""
    if b"\n" in rest:
        return False
    digits = rest[:_LENGTH_DIGITS]
    if len(digits) < _LENGTH_DIGITS:
        return digits.isdigit()
    return digits.isdigit() and len(rest) < _LENGTH_DIGITS + 1 + int(digits) + 1


def _ended_early(path: Path, run: str, texts: list[str], *, torn: bool) -> ReserveContent:
    content = _understand(path, run, texts)
    if torn or content.problem:
        return ReserveContent(content.records, torn, content.problem)
    return ReserveContent(
        content.records, problem=f"the reserve {path} is damaged after {len(content.records)} records"
    )


def _understand(path: Path, run: str, texts: list[str]) -> ReserveContent:
    if not texts:
        return ReserveContent()
    if texts[0] != _header(run):
        return ReserveContent(problem=f"{path} is not the reserve of run {run}")
    records: list[Record] = []
    for text in texts[1:]:
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
        if not isinstance(fields, dict) or fields.keys() != _FIELDS or _text(Record(**fields)) != text:
            return ReserveContent(tuple(records), problem=f"the reserve {path} holds something that is no record")
        records.append(Record(**fields))
    return ReserveContent(tuple(records))
