"""What typing lines into a configuration does to its text: ``predict``, from one ``Grammar`` per platform.

Follows the device: it expands abbreviations, tracks the mode that each line is typed in (indentation is for people),
replaces what can be there only once, and keeps as text whatever it does not know, so that ``meaning.py`` reports it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from re import Pattern

from safeshift.platforms.configtext import Block, Blocks, raw_lines, scan
from safeshift.platforms.interfaces import InterfaceNames
from safeshift.platforms.modes import GLOBAL, SECTION, SUBSECTION, acts

_WORD = re.compile(r"(\S+)\s*")
_OPENS_TEXT = re.compile(r"banner \S+")
_LEAVE = re.compile(r"exit(?:-[a-z-]+)?$")


@dataclass(frozen=True, slots=True)
class Single:
    """A command that can stand only once in its section: a new value replaces the old.

    Attributes:
        section: Matches the parent line; matches the empty string for global commands.
        key: Matches the part of the line that identifies the command, without a capture group.
        bare: ``no`` and the key alone remove it, whatever its value (``no ip ospf cost``).
    """

    section: Pattern[str]
    key: Pattern[str]
    bare: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """A negative form that the device keeps in its configuration (``no switchport``).

    Attributes:
        section: Matches the parent line.
        typed: Matches what was typed after ``no``.
        text: The line that then stands there.
        beside: Only while a sibling matches (``no passive-interface X`` beside ``passive-interface default``).
        hides: The positive form is the default, and is not shown.
    """

    section: Pattern[str]
    typed: Pattern[str]
    text: str | None = None
    beside: Pattern[str] | None = None
    hides: bool = False


@dataclass(frozen=True, slots=True)
class Wipe:
    """A command that makes the device drop others of its section."""

    section: Pattern[str]
    typed: Pattern[str]
    dropped: Pattern[str]


@dataclass(frozen=True, slots=True)
class Covered:
    """A line that says nothing while a sibling says the same for all (``passive-interface default``)."""

    section: Pattern[str]
    line: Pattern[str]
    beside: Pattern[str]


Trie = Mapping[str, "Trie"]


def vocabulary(commands: Sequence[str]) -> Trie:
    """Build the words that may be abbreviated from whole commands such as ``ip ospf cost``."""
    root: dict[str, Trie] = {}
    for command in commands:
        node = root
        for word in command.split():
            node = node.setdefault(word, {})  # type: ignore[assignment]  # built here, read-only outside
    return root


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a platform's command line does with a typed line, as tables.

    Attributes:
        indent: Blanks by which the platform indents each level.
        words: Commands whose words may be abbreviated.
        respell: Rewrites the values of an expanded line as the device shows them (masks, areas).
        singles, shown, wipes, covered: See the classes.
        hidden: Lines that are a default and are not shown, as (section, line) patterns.
        forgettable: ``no`` of these has no effect and leaves no text when there is nothing to remove.
        permanent: Sections that ``no`` empties and does not remove (physical interfaces).
        silent: Lines that say nothing: a device may or may not show them where nothing was configured.
    """

    indent: int
    interfaces: InterfaceNames
    words: Trie
    respell: Callable[[str], str]
    singles: tuple[Single, ...]
    shown: tuple[Shown, ...]
    hidden: tuple[tuple[Pattern[str], Pattern[str]], ...]
    forgettable: Pattern[str]
    permanent: Pattern[str]
    silent: Pattern[str]
    wipes: tuple[Wipe, ...]
    covered: tuple[Covered, ...]

    def spell(self, line: str) -> str:
        """Write a typed line as the device shows it: whole words, canonical interface names, canonical values."""
        negative, body = split_no(line.strip())
        whole = self.respell(self._name_interfaces(self._expand(body)))
        return f"no {whole}" if negative else whole

    def _expand(self, line: str) -> str:
        node, words, rest = self.words, [], line
        while node and (match := _WORD.match(rest)):
            word = match[1].lower()
            found = [known for known in node if known.startswith(word)] if len(word) > 1 else []
            if word in node:
                found = [word]
            if len(found) != 1:
                break
            words.append(found[0])
            node, rest = node[found[0]], rest[match.end() :]
        return " ".join([*words, rest] if rest else words)

    def _name_interfaces(self, line: str) -> str:
        head, _, rest = line.partition(" ")
        if head in ("interface", "passive-interface"):
            return f"{head} {self.interfaces.canonical(rest) or rest.strip()}".rstrip()
        if line.startswith("ip route "):
            return " ".join(self._as_interface(word) for word in line.split())
        return line

    def _as_interface(self, word: str) -> str:
        return (self.interfaces.canonical(word) or word) if word[:1].isalpha() else word

    def single(self, parent: str, text: str) -> tuple[Single, str] | None:
        """Return the table's entry for a line in a section, and the part of the line that identifies it."""
        for entry in self.singles:
            if entry.section.match(parent) and (match := entry.key.match(text)):
                return entry, match[0]
        return None

    def key(self, parent: str, text: str) -> str | None:
        """Return what identifies a line that can stand only once in its section; ``no`` forms have the same."""
        found = self.single(parent, split_no(text)[1])
        return found[1] if found else None

    def has_key(self, parent: str, text: str, key: str) -> bool:
        """Tell whether a line has this key; lines that cannot have it are not looked up."""
        return split_no(text)[1].startswith(key) and self.key(parent, text) == key

    def is_silent(self, parent: str, text: str, siblings: Blocks) -> bool:
        """Tell whether a line says nothing that its absence would not say as well."""
        return bool(self.silent.match(text)) or any(
            entry.section.match(parent)
            and entry.line.match(text)
            and any(entry.beside.match(sibling.text) for sibling in siblings)
            for entry in self.covered
        )

    def is_hidden(self, parent: str, text: str) -> bool:
        """Tell whether the device does not show this line, because it says what is the case anyway."""
        return any(section.match(parent) and line.match(text) for section, line in self.hidden) or any(
            entry.hides and entry.section.match(parent) and entry.typed.match(text) for entry in self.shown
        )


def split_no(text: str) -> tuple[bool, str]:
    """Split a line into whether it is negative, and the rest."""
    negative, word, body = text.partition("no ")
    return (True, body.strip()) if not negative and word else (False, text)


@dataclass(frozen=True, slots=True)
class Statement:
    """One line as the device takes it.

    Attributes:
        path: The sections it is typed in, canonical.
        text: Its canonical text.
        body: The raw lines of a banner or certificate that it opens.
        typed: What was typed for it, the body included.
        under: Where in the walk the statements stand that opened those sections.
    """

    path: tuple[str, ...]
    text: str
    body: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    under: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Mode:
    """A section that is open: how deep its line was indented, its canonical text, and the statement that opened it."""

    indent: int
    text: str
    opener: int


def statements(lines: Sequence[str], grammar: Grammar) -> Iterator[Statement]:
    """Follow the modes through lines as a person or safeshift types them."""
    modes: list[_Mode] = []
    count = 0
    for line, body in scan(raw_lines("\n".join(lines))):
        text, indent = line.strip(), len(line) - len(line.lstrip())
        if not body and (not text or text.startswith("!")):
            continue
        if text == "end":
            modes.clear()
            continue
        if _LEAVE.match(text):
            del modes[-1:]
            continue
        text = text if body else grammar.spell(text)
        if text == "no end":  # the end of a text is no command: only a whole text has one
            continue
        _leave_modes(modes, text, indent)
        path, under = tuple(mode.text for mode in modes), tuple(mode.opener for mode in modes)
        yield Statement(path, text, body, (line, *body), under)
        if (SUBSECTION if modes else SECTION).match(text):
            modes.append(_Mode(indent, text, count))
        count += 1


def _leave_modes(modes: list[_Mode], text: str, indent: int) -> None:
    """Drop the modes that this line cannot be typed in."""
    if GLOBAL.match(split_no(text)[1]):
        modes.clear()
    while len(modes) > 1 and indent <= modes[-1].indent:
        modes.pop()


def stray(lines: Sequence[str], grammar: Grammar) -> str:
    """Say which line cannot be part of a run and why; empty when all can."""
    modes: list[_Mode] = []
    for line, body in scan(raw_lines("\n".join(lines))):
        text = line.strip()
        if not text or text.startswith("!"):
            continue
        if body or (_OPENS_TEXT.fullmatch(text)):
            return f"{text!r} opens a text of several lines, which cannot be typed and undone line by line"
        if acts(text) or (_LEAVE.match(text) and not modes):
            return f"{text!r} does not configure but acts, so no guard could cover it"
        if _LEAVE.match(text):
            del modes[-1:]
            continue
        text, indent = grammar.spell(text), len(line) - len(line.lstrip())
        if not modes and split_no(text)[1].startswith("hostname"):
            return f"{text!r} changes the name by which the device is known again; no undo could be sent to it then"
        _leave_modes(modes, text, indent)
        if (SUBSECTION if modes else SECTION).match(text):
            modes.append(_Mode(indent, text, 0))
    return ""


def needed(blocks: Blocks, lines: Sequence[str], grammar: Grammar) -> tuple[str, ...]:
    """Return those of the lines that still change something, with the lines that open their sections.

    Guarantees:
        What they lead to is what all the lines lead to; where leaving some out would lead elsewhere, or a mode is
        left by hand on the way, all are returned as they were typed. None when nothing would change.
    """
    wanted = predict(blocks, lines, grammar)
    if wanted == blocks:
        return ()
    walk, now, kept = tuple(statements(lines, grammar)), blocks, set[int]()
    for place, statement in enumerate(walk):
        before, now = now, _take(now, statement, grammar)
        if now != before:
            kept |= {place, *statement.under}
    left = tuple(line for place in sorted(kept) for line in walk[place].typed)
    return left if predict(blocks, left, grammar) == wanted else tuple(lines)


def predict(blocks: Blocks, lines: Sequence[str], grammar: Grammar) -> Blocks:
    """Return the tree that the device would show after the lines were typed."""
    for statement in statements(lines, grammar):
        blocks = _take(blocks, statement, grammar)
    return blocks


def _take(blocks: Blocks, statement: Statement, grammar: Grammar) -> Blocks:
    return _wipe(_within(blocks, statement.path, statement, grammar, ""), statement, grammar)


def _within(blocks: Blocks, path: tuple[str, ...], statement: Statement, grammar: Grammar, parent: str) -> Blocks:
    if not path:
        negative, body = split_no(statement.text)
        if negative:
            return _remove(blocks, body, grammar, parent)
        return _put(blocks, Block(statement.text, (), statement.body), grammar, parent)
    if all(block.text != path[0] for block in blocks):
        blocks = _put(blocks, Block(path[0]), grammar, parent)
    return tuple(
        replace(block, children=_within(block.children, path[1:], statement, grammar, block.text))
        if block.text == path[0]
        else block
        for block in blocks
    )


def _put(blocks: Blocks, new: Block, grammar: Grammar, parent: str) -> Blocks:
    """Add a line where the device would show it, in the place of what it replaces."""
    if any(block.text == new.text and block.body == new.body for block in blocks):
        return blocks
    key = grammar.key(parent, new.text)
    is_replaced = [
        block.text == f"no {new.text}" or (key is not None and grammar.has_key(parent, block.text, key))
        for block in blocks
    ]
    # A negative is only shown where the positive is the default, which then shows nothing.
    is_default = key is None and any(block.text == f"no {new.text}" for block in blocks)
    if is_default or grammar.is_hidden(parent, new.text):
        return tuple(block for block, gone in zip(blocks, is_replaced, strict=True) if not gone)
    if True in is_replaced:
        place = is_replaced.index(True)
        after = zip(blocks[place + 1 :], is_replaced[place + 1 :], strict=True)
        return (*blocks[:place], new, *(block for block, gone in after if not gone))
    place = _place(blocks, new.text, grammar)
    return (*blocks[:place], new, *blocks[place:])


def _place(blocks: Blocks, text: str, grammar: Grammar) -> int:
    """Find where among its siblings the device would show a new line."""
    interfaces = [place for place, block in enumerate(blocks) if block.text.startswith("interface ")]
    if text.startswith("interface ") and interfaces:
        rank = grammar.interfaces.rank(text.partition(" ")[2])
        later = [p for p in interfaces if grammar.interfaces.rank(blocks[p].text.partition(" ")[2]) > rank]
        return later[0] if later else interfaces[-1] + 1
    kinship = [_shared_words(block.text, text) for block in blocks]
    closest = max(kinship, default=0)
    if closest:
        return max(place for place, shared in enumerate(kinship) if shared == closest) + 1
    return len(blocks) - 1 if blocks and blocks[-1].text == "end" else len(blocks)


def _shared_words(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one.split(), other.split(), strict=False):
        if left != right:
            break
        count += 1
    return count


def _remove(blocks: Blocks, body: str, grammar: Grammar, parent: str) -> Blocks:
    """Take away what ``no`` and a line remove; keep the negative itself where the device would show it."""
    single = grammar.single(parent, body)
    gone = [_is_removed_by(block.text, body, single, grammar, parent) for block in blocks]
    left = tuple(
        replace(block, children=()) if removed else block
        for block, removed in zip(blocks, gone, strict=True)
        if not removed or grammar.permanent.match(block.text)
    )
    for shown in grammar.shown:
        is_kept = shown.section.match(parent) and shown.typed.match(body)
        if is_kept and (shown.beside is None or any(shown.beside.match(block.text) for block in left)):
            return _put_negative(blocks, left, gone, Block(f"no {shown.text or body}"), grammar)
    if True in gone or single or SECTION.match(body) or grammar.forgettable.match(body):
        return left
    return _put(blocks, Block(f"no {body}"), grammar, parent)


def _put_negative(blocks: Blocks, left: Blocks, gone: list[bool], negative: Block, grammar: Grammar) -> Blocks:
    if any(block.text == negative.text for block in left):
        return left
    place = gone.index(True) if True in gone else _place(blocks, negative.text, grammar)
    return (*left[:place], negative, *left[place:])


def _is_removed_by(text: str, body: str, single: tuple[Single, str] | None, grammar: Grammar, parent: str) -> bool:
    if text == body:
        return True
    if text.startswith(body + " "):  # but "no switchport" turns a port into a routed one, and leaves its VLAN lines
        return not any(
            entry.hides and entry.section.match(parent) and entry.typed.match(body) for entry in grammar.shown
        )
    if single is None or not single[0].bare:
        return False
    return not text.startswith("no ") and grammar.has_key(parent, text, single[1])


def _wipe(blocks: Blocks, statement: Statement, grammar: Grammar) -> Blocks:
    parent = statement.path[-1] if statement.path else ""
    for wipe in grammar.wipes:
        if wipe.section.match(parent) and wipe.typed.match(statement.text):
            blocks = tuple(
                replace(block, children=tuple(child for child in block.children if not wipe.dropped.match(child.text)))
                if block.text == parent
                else block
                for block in blocks
            )
    return blocks
