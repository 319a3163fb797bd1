"""Where Ansible finds its settings, ansible.cfg and the environment, and how it reads the value of one.

Which settings matter here, and for what, is ``ansible_cfg.py``'s. Nothing is read but the one file.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import NamedTuple, TypeVar

from safeshift.errors import InputError, Place

T = TypeVar("T")

SYSTEM_CONFIG = Path("/etc/ansible/ansible.cfg")
TRUE = frozenset({"y", "yes", "on", "1", "true", "t"})  # to Ansible everything else is false


class Spot(NamedTuple):
    """Where a setting may stand: in variables of the environment, and under keys of sections of the file.

    The environment counts above the file; of several variables, and of several keys, the last one that is set counts.
    """

    variables: tuple[str, ...]
    keys: tuple[tuple[str, str], ...] = ()


class Found(NamedTuple):
    """One place where a setting is said: its key or variable, its text, ``file:line``, where paths begin."""

    key: str
    text: str
    where: str
    folder: str


class Settings:
    """The ansible.cfg that Ansible would read here, if there is one, and the environment.

    ``notes`` says which file was not read for safety's sake.

    Raises:
        InputError: The file cannot be read; with its line.
    """

    def __init__(self) -> None:
        self.path, self.notes = _find_file()
        self._lines: list[str] = []
        self._parser = configparser.ConfigParser(inline_comment_prefixes=(";",))
        if self.path is not None:
            self._lines = self._read(self.path)

    def get(self, spot: Spot, read: Callable[[Found], T], otherwise: T) -> T:
        """Give a setting as ``read`` makes it of its text; ``otherwise`` where nobody set it.

        Raises:
            InputError: The text is none that the setting can have.
        """
        found = self.find(spot)
        if found is None or (found.key in spot.variables and not found.text):
            return otherwise  # an empty variable says nothing
        try:
            return read(found)
        except ValueError as error:
            raise InputError(
                f"{found.where}: {found.key} = {found.text} is not {error}", hint="correct it there"
            ) from None

    def find(self, spot: Spot) -> Found | None:
        """Find the place that counts."""
        return next(reversed(list(self.all(spot))), None)

    def all(self, spot: Spot) -> Iterator[Found]:
        """Give every place where a setting is said, the one that counts last."""
        for section, key in spot.keys:
            text = self._parser.get(section, key, raw=True, fallback=None)
            if text is not None:
                place = Place(str(self.path), self._line(section, key))
                yield Found(key, _unquote(text), str(place), os.path.dirname(str(self.path)))
        for variable in spot.variables:
            if variable in os.environ:
                yield Found(variable, os.environ[variable], "environment", "")

    def _read(self, path: Path) -> list[str]:
        hint = "write [section] lines, and key = value under them"
        if path.suffix not in (".cfg", ".ini"):
            raise InputError("a file of Ansible's settings ends in .cfg", place=Place(str(path)), hint="rename it")
        try:
            text = path.read_text(encoding="utf-8")
            self._parser.read_string(text)
        except (OSError, UnicodeError) as error:
            raise InputError(f"cannot be read: {error}", place=Place(str(path))) from error
        except configparser.MissingSectionHeaderError as error:
            raise InputError(
                "a setting before any [section]", place=Place(str(path), error.lineno), hint=hint
            ) from error
        except configparser.ParsingError as error:
            place = Place(str(path), error.errors[0][0])
            raise InputError("this line is no setting", place=place, hint=hint) from error
        except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
            place = Place(str(path), error.lineno or 0)
            raise InputError("this was said before", place=place, hint="say it once") from error
        return text.splitlines()

    def _line(self, section: str, key: str) -> int:
        inside = False
        for number, line in enumerate(self._lines, start=1):
            if line.startswith("["):
                inside = line.startswith(f"[{section}]")
            elif inside and line.replace(":", "=").partition("=")[0].strip().lower() == key:
                return number
        return 0


def _find_file() -> tuple[Path | None, tuple[str, ...]]:
    """Find the first file that there is; a folder to which everybody may write could lay a trap, and is not used."""
    candidates, unsafe = [], None
    if "ANSIBLE_CONFIG" in os.environ:
        named = Path(_resolve(os.environ["ANSIBLE_CONFIG"], ""))
        candidates.append(named / "ansible.cfg" if named.is_dir() else named)
    with contextlib.suppress(OSError):  # a working directory that is gone has no file either
        here = Path.cwd() / "ansible.cfg"
        if here.parent.stat().st_mode & stat.S_IWOTH:
            unsafe = here if here.exists() and here not in candidates else None
        else:
            candidates.append(here)
    candidates += [Path("~/.ansible.cfg").expanduser(), SYSTEM_CONFIG]
    chosen = next((path for path in candidates if path.exists() and os.access(path, os.R_OK)), None)
    if unsafe is None or ("ANSIBLE_CONFIG" in os.environ and chosen == candidates[0]):
        return chosen, ()
    return chosen, (f"{unsafe} is not read, as everybody may write to its folder: chmod o-w {unsafe.parent}",)


def _unquote(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[-2] != "\\"
    return text[1:-1] if quoted else text


def _resolve(text: str, folder: str) -> str:
    plain = os.path.expanduser(os.path.expandvars(text.replace("{{CWD}}", os.getcwd())))
    return os.path.abspath(os.path.join(folder, plain))


# What the text of a setting may be read as; a ValueError says what it should have been ----------------------


def as_text(found: Found) -> str:
    """Read it as it stands."""
    return found.text


def as_path(found: Found) -> Path:
    """Read a path; one in a file is relative to the file."""
    return Path(_resolve(found.text, found.folder))


def as_paths(found: Found) -> tuple[Path, ...]:
    """Read paths with commas between them."""
    return tuple(Path(_resolve(part.strip(), found.folder)) for part in found.text.split(",") if part.strip())


def as_words(found: Found) -> tuple[str, ...]:
    """Read words with commas between them."""
    return tuple(word for part in found.text.split(",") if (word := _unquote(part.strip())))


def as_truth(found: Found) -> bool:
    """Read yes or no; what is no word for yes is no."""
    return found.text.strip().lower() in TRUE


def as_count(found: Found) -> int:
    """Read a whole number above 0."""
    with contextlib.suppress(DecimalException, ValueError, OverflowError):
        number = Decimal(found.text)
        if number == int(number) and number > 0:
            return int(number)
    raise ValueError("a whole number above 0")


def as_one_of(*choices: str) -> Callable[[Found], str]:
    """Make a reader of one word out of these."""

    def read(found: Found) -> str:
        if found.text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return found.text

    return read
