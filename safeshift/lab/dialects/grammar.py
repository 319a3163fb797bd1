"""A command table that understands abbreviations: templates become one tree of words, typed lines walk down it.

Decides only what a line says, and in which of four ways it is wrong. It knows no vendor: tables are in ``eos_*.py`` and
``ios_*.py``. Read ``router.py`` next, which acts on what is found.

A template is words and arguments: ``ip ospf cost = <1-65535>``. ``[x]`` is optional, ``(x|y)`` a choice; ``=`` ends the
key: what stands after it is the value, and ``no`` may leave it out; ``/`` is an earlier place where ``no`` may stop.
Over 350 lines with the arguments that all vendors share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from typing import Generic, TypeVar

T = TypeVar("T")


class LineError(Exception):
    """A typed line says nothing. ``at`` is the index of the offending word."""

    def __init__(self, at: int, word: str = "") -> None:
        super().__init__(word)
        self.at = at
        self.word = word


class InvalidError(LineError):
    """No command has this word here."""


class AmbiguousError(LineError):
    """Several commands begin like this."""


class IncompleteError(LineError):
    """More words are needed."""


@dataclass(frozen=True, slots=True)
class Word:
    """One typed word and the column it starts in."""

    text: str
    column: int


def split_words(line: str) -> tuple[Word, ...]:
    """Split a line at spaces; a quoted string is one word and keeps its quotes."""
    return tuple(Word(match[0], match.start()) for match in re.finditer(r'"[^"]*"\S*|\S+', line))


Taken = tuple[int, str]
"""How many words an argument takes, and its canonical text."""
Argument = Callable[[Sequence[str]], Taken | None]
"""Look at the words from here on. Raises ``IncompleteError`` when more are needed; None: not this argument."""


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """What a line says.

    Attributes:
        rule: The table's entry.
        words: The line in full: keywords unabbreviated, arguments canonical.
        args: The arguments alone, in order.
        key: How many of ``words`` name the thing (the rest is its value).
        whole: The line was complete (always, except for a ``no`` that stops early).

    """

    rule: T
    words: tuple[str, ...]
    args: tuple[str, ...]
    key: int
    whole: bool = True

    @property
    def text(self) -> str:
        """The canonical line."""
        return " ".join(self.words)


@dataclass(slots=True)
class _Step(Generic[T]):
    """One place in the tree of words."""

    keywords: dict[str, _Step[T]] = field(default_factory=dict)
    arguments: dict[str, _Step[T]] = field(default_factory=dict)
    end: tuple[T, int] | None = None
    stop: tuple[T, int] | None = None


class Grammar(Generic[T]):
    """A set of templates, each with what it stands for.

    Args:
        kinds: Arguments by name; ``<2-9>`` (a number in a range), ``<word>`` and ``<line>`` are known already.

    """

    def __init__(self, table: Iterable[tuple[str, T]], kinds: dict[str, Argument] | None = None) -> None:
        self._kinds: dict[str, Argument] = {"word": _take_word, "line": _take_line, **(kinds or {})}
        self._root: _Step[T] = _Step()
        for template, rule in table:
            for variant in _expand(_tokens(template)):
                self._add(variant, rule)

    def _add(self, variant: Sequence[str], rule: T) -> None:
        step, depth, key = self._root, 0, None
        for token in variant:
            if token in ("=", "/"):
                if step.stop is None:
                    step.stop = (rule, depth)
                key = depth if token == "=" else key
                continue
            depth += 1
            branch = step.arguments if token.startswith("<") else step.keywords
            if token.startswith("<"):
                self._kind(token)
            step = branch.setdefault(token, _Step())
        if step.end is None:
            step.end = (rule, depth if key is None else key)

    def _kind(self, token: str) -> Argument:
        name = token[1:-1]
        if name not in self._kinds:
            low, _, high = name.partition("-")
            self._kinds[name] = _number_between(int(low), int(high))
        return self._kinds[name]

    def match(self, words: Sequence[str], *, negated: bool = False) -> Match[T]:
        """Say what the words mean.

        Args:
            negated: The words followed ``no``: they may stop at the template's ``=`` or ``/``.

        Raises:
            LineError: one of its three kinds; ``at`` counts from the first of ``words``.

        """
        return self._walk(self._root, words, 0, (), (), negated)

    def _walk(
        self,
        step: _Step[T],
        words: Sequence[str],
        at: int,
        said: tuple[str, ...],
        args: tuple[str, ...],
        negated: bool,
    ) -> Match[T]:
        if at == len(words):
            return self._finish(step, at, said, args, negated)
        wrong: LineError | None = None
        found = _keywords_for(step, words[at])
        if len(found) == 1:
            try:
                return self._walk(step.keywords[found[0]], words, at + 1, (*said, found[0]), args, negated)
            except LineError as error:
                wrong = error
        for token, below in step.arguments.items():
            try:
                taken = self._take(token, words, at)
                if taken is None:
                    continue
                count, text = taken
                return self._walk(below, words, at + count, (*said, text), (*args, text), negated)
            except LineError as error:
                wrong = _further(wrong, error)
        if wrong is not None:
            raise wrong
        if len(found) > 1:
            raise AmbiguousError(at, words[at])
        raise InvalidError(at, words[at])

    def _take(self, token: str, words: Sequence[str], at: int) -> Taken | None:
        try:
            return self._kind(token)(words[at:])
        except IncompleteError:
            raise IncompleteError(len(words)) from None

    def _finish(self, step: _Step[T], at: int, said: tuple[str, ...], args: tuple[str, ...], negated: bool) -> Match[T]:
        if step.end is not None:
            rule, key = step.end
            return Match(rule, said, args, key)
        if negated and step.stop is not None:
            rule, key = step.stop
            return Match(rule, said, args, min(key, len(said)), whole=False)
        raise IncompleteError(at)

    def next_words(self, words: Sequence[str], start: str) -> tuple[str, ...]:
        """List what may stand after complete words, beginning with ``start``; arguments as ``<name>``."""
        step = self._root
        for word in words:
            found = _keywords_for(step, word)
            if len(found) == 1:
                step = step.keywords[found[0]]
                continue
            below = next((s for token, s in step.arguments.items() if self._takes(token, word)), None)
            if below is None:
                return ()
            step = below
        listed = [word for word in sorted(step.keywords) if word.startswith(start.lower())]
        listed += [] if start else list(step.arguments)
        return (*listed, "<cr>") if step.end is not None and not start else tuple(listed)

    def _takes(self, token: str, word: str) -> bool:
        try:
            return self._kind(token)([word]) is not None
        except LineError:
            return True


def _further(first: LineError | None, second: LineError) -> LineError:
    return second if first is None or second.at > first.at else first


def _keywords_for(step: _Step[T], word: str) -> list[str]:
    lower = word.lower()
    if lower in step.keywords:
        return [lower]
    return [keyword for keyword in step.keywords if keyword.lower().startswith(lower)]


# Templates ------------------------------------------------------------------------------------------------------------


def _tokens(template: str) -> list[str]:
    return re.findall(r"<[^>]+>|[\[\]()|=]|[^\s\[\]()|=]+", template)


def _expand(tokens: Sequence[str]) -> list[list[str]]:
    """Return every way through the options and choices of a template."""
    variants, rest = _sequence(list(tokens), ())
    if rest:
        raise ValueError(f"unbalanced template: {' '.join(tokens)}")
    return variants


def _sequence(tokens: list[str], closers: tuple[str, ...]) -> tuple[list[list[str]], list[str]]:
    variants: list[list[str]] = [[]]
    while tokens and tokens[0] not in closers:
        token = tokens.pop(0)
        if token in ("[", "("):
            choices, tokens = _choices(tokens, "]" if token == "[" else ")")
            options = [[], *choices] if token == "[" else choices
            variants = [before + option for before in variants for option in options]
        else:
            variants = [[*before, token] for before in variants]
    return variants, tokens


def _choices(tokens: list[str], closer: str) -> tuple[list[list[str]], list[str]]:
    found: list[list[str]] = []
    while True:
        variants, tokens = _sequence(tokens, ("|", closer))
        found += variants
        if tokens.pop(0) == closer:
            return found, tokens


# Arguments ------------------------------------------------------------------------------------------------------------


def _take_word(words: Sequence[str]) -> Taken | None:
    return 1, words[0]


def _take_line(words: Sequence[str]) -> Taken | None:
    return len(words), " ".join(words)


def _number_between(low: int, high: int) -> Argument:
    def take(words: Sequence[str]) -> Taken | None:
        if words[0].isascii() and words[0].isdigit() and low <= int(words[0]) <= high:
            return 1, str(int(words[0]))
        return None

    return take


def take_address(words: Sequence[str]) -> Taken | None:
    """Take an IPv4 address."""
    try:
        return 1, str(IPv4Address(words[0]))
    except ValueError:
        return None


def take_prefix_length(words: Sequence[str]) -> Taken | None:
    """Take ``10.0.0.0/8`` or ``10.0.0.0 255.0.0.0`` as a network; host bits are cut off."""
    taken = take_interface_address(words)
    return taken and (taken[0], str(IPv4Interface(taken[1]).network))


def take_interface_address(words: Sequence[str]) -> Taken | None:
    """Take ``10.0.0.1/8`` or ``10.0.0.1 255.0.0.0`` as an address with its prefix length."""
    try:
        if "/" in words[0]:
            return 1, IPv4Interface(words[0]).with_prefixlen
        IPv4Address(words[0])
        if len(words) < 2:
            raise IncompleteError(1)
        if "." not in words[1]:
            return None
        return 2, IPv4Interface(f"{words[0]}/{words[1]}").with_prefixlen
    except ValueError:
        return None


def take_address_and_mask(words: Sequence[str]) -> Taken | None:
    """Take ``10.0.0.1 255.0.0.0``, and keep it so."""
    return _with_mask(words, network=False)


def take_network_and_mask(words: Sequence[str]) -> Taken | None:
    """Take ``10.0.0.0 255.0.0.0``, and keep it so; host bits are refused."""
    return _with_mask(words, network=True)


def _with_mask(words: Sequence[str], *, network: bool) -> Taken | None:
    taken = None if "/" in words[0] else take_interface_address(words)
    if taken is None:
        return None
    interface = IPv4Interface(taken[1])
    if network and interface.ip != interface.network.network_address:
        return None
    return taken[0], f"{interface.ip} {interface.netmask}"


def take_area(words: Sequence[str]) -> Taken | None:
    """Take an OSPF area, as a number or dotted, and make it dotted."""
    if words[0].isascii() and words[0].isdigit() and int(words[0]) < 2**32:
        return 1, str(IPv4Address(int(words[0])))
    return take_address(words)


def take_options(values: Mapping[str, str]) -> Argument:
    """Return what takes the options that end a line, in any order, and writes them in alphabetical order.

    Args:
        values: By option, whether a value follows: empty, ``maybe`` or ``must``.

    """

    def take(words: Sequence[str]) -> Taken | None:
        found: dict[str, str] = {}
        rest = list(words)
        while rest:
            typed = rest.pop(0).lower()
            names = [name for name in values if name.startswith(typed)]
            if len(names) != 1:
                return None
            follows = bool(rest) and not any(name.startswith(rest[0].lower()) for name in values)
            if follows != (values[names[0]] == "must") and values[names[0]] != "maybe":
                return None
            found[names[0]] = f"{names[0]} {rest.pop(0)}" if follows else names[0]
        return len(words), " ".join(found[name] for name in sorted(found))

    return take
