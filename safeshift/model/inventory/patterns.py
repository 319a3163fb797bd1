"""Host patterns: which hosts ``leaves:&dc1:!l3``, ``web*[0:2]`` or ``~l[12]`` stand for, and in which order.

The order and the meaning of every operator are Ansible's. A name that stands for nothing is refused, since a slip in an
exclusion would put the wrong hosts under change. Pure; read ``model.py`` next.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from safeshift.errors import InventoryError
from safeshift.model.inventory.hostnames import split_address

IMPLICIT_HOSTS = ("127.0.0.1", "localhost", "::1")
_PIECES = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")
_SUBSCRIPT = re.compile(r"(.+)\[(?:(-?[0-9]+)|([0-9]+)[:-]([0-9]*))\]")
_WILD = frozenset("?*[")


class Matcher:
    """Resolves patterns over one inventory.

    Args:
        hosts: All hosts, in the order in which the sources named them.
        members: Each group's hosts, its children's included, in inventory order.
    """

    def __init__(self, hosts: Sequence[str], members: Mapping[str, Sequence[str]]) -> None:
        self._hosts = dict.fromkeys(hosts)
        self._members = members

    def select(self, pattern: str, limit: str | None = None) -> tuple[str, ...]:
        """Give the hosts of a pattern, those outside the limit left out.

        Raises:
            InventoryError: The pattern cannot be read, or names a host or group that does not exist.
        """
        chosen = self._evaluate(split_pattern(pattern))
        if limit:
            allowed = set(self._evaluate(_read_limit(limit)))
            chosen = [host for host in chosen if host in allowed]
        return tuple(dict.fromkeys(chosen))

    def _evaluate(self, patterns: Iterable[str]) -> list[str]:
        """Apply plain patterns first, then intersections, then exclusions, whatever their order in the text."""
        patterns = [pattern for pattern in patterns if pattern]
        plain = [pattern for pattern in patterns if pattern[0] not in "&!"] or ["all"]
        chosen: list[str] = []
        for pattern in plain:
            chosen += [pattern] if pattern in self._hosts else self._match(pattern)
        for pattern in patterns:
            if pattern[0] == "&":
                wanted = set(self._match(pattern[1:]))
                chosen = [host for host in chosen if host in wanted]
        for pattern in patterns:
            if pattern[0] == "!":
                unwanted = set(self._match(pattern[1:]))
                chosen = [host for host in chosen if host not in unwanted]
        return chosen

    def _match(self, pattern: str) -> list[str]:
        if not pattern:
            raise InventoryError("a host pattern has an operator with nothing after it", hint="write group1:!group2")
        expression, subscript = _split_subscript(pattern)
        found = self._enumerate(expression)
        if not found or subscript is None:
            return found
        first, last = subscript
        if last is not None:
            return found[first : (len(found) if last == -1 else last + 1)]
        try:
            return [found[first]]
        except IndexError:
            raise InventoryError(
                f"the host pattern {pattern!r} asks for number {first}, and {expression!r} has {len(found)} hosts",
                hint="the first host has number 0",
            ) from None

    def _enumerate(self, expression: str) -> list[str]:
        matches = _compile(expression)
        groups = [name for name in self._members if matches(name)]
        found = [host for name in groups for host in self._members[name]]
        is_wild = expression[0] == "~" or bool(_WILD.intersection(expression))
        if not groups or is_wild or "." in expression:
            found += [host for host in self._hosts if matches(host)]
        if not found and expression in IMPLICIT_HOSTS:
            return [expression]
        if not found and not groups and not is_wild and expression != "all":
            raise self._unknown(expression)
        return found

    def _unknown(self, name: str) -> InventoryError:
        close = get_close_matches(name, [*self._members, *self._hosts], n=1)
        hint = f"did you mean {close[0]!r}?" if close else "see what there is: safeshift inventory --graph"
        return InventoryError(f"no host and no group is called {name!r}", hint=hint)


def split_pattern(text: str) -> list[str]:
    """Split a pattern at its commas, or else at its colons; a host, address or range stays whole."""
    if "," in text:
        pieces = text.split(",")
    elif split_address(text) is not None:
        pieces = [text]
    else:
        pieces = _PIECES.findall(text)
    return [piece.strip() for piece in pieces if piece.strip()]


def _read_limit(limit: str) -> list[str]:
    """Split a limit; ``@file`` stands for the patterns in the file, one on each line."""
    patterns: list[str] = []
    for piece in split_pattern(limit):
        if piece.startswith("@"):
            try:
                patterns += [line.strip() for line in Path(piece[1:]).read_text(encoding="utf-8").split("\n")]
            except OSError as error:
                raise InventoryError(f"cannot read the limit file {piece[1:]}: {error.strerror}") from error
        else:
            patterns.append(piece)
    return patterns


def _split_subscript(pattern: str) -> tuple[str, tuple[int, int | None] | None]:
    match = None if pattern[0] == "~" else _SUBSCRIPT.fullmatch(pattern)
    if match is None:
        return pattern, None
    expression, index, first, last = match.groups()
    if index is not None:
        return expression, (int(index), None)
    return expression, (int(first), int(last or -1))


def _compile(expression: str) -> Callable[[str], object]:
    try:
        return re.compile(expression[1:] if expression[0] == "~" else fnmatch.translate(expression)).match
    except re.error as error:
        raise InventoryError(f"the host pattern {expression!r} is no regular expression: {error}") from error
