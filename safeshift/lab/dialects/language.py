"""A configuration language: which lines a device takes in which mode, and what each does to the tree.

Decides how a typed line edits a configuration (replace, add, remove, open a section). The lines themselves stand in the
vendors' tables (``eos_config.py``, ``ios_config.py``). Read ``router.py`` next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from safeshift.lab.dialects.configtree import Node, natural, new_tree
from safeshift.lab.dialects.grammar import Argument, Grammar, IncompleteError, LineError, Match, split_words

ROOT = "config"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of configuration line.

    Attributes:
        template: As ``grammar.py`` reads it.
        opens: The mode that the line opens; empty: it is a plain line.
        default: The line is what the device does anyway: it is not shown, its ``no`` form is.
        both: Both the line and its ``no`` form are shown.
        unless: When the section holds this line, ``no`` of this one is shown, and the line itself is not.
        group: Neighbours of the same group are shown without a separator; empty: those of the same rule.
        missing: What the device says when the line is to be removed and is not there.
        check: Says why the device refuses the line (empty: it does not), given the whole tree, the section's path
            and the match.

    """

    template: str
    opens: str = ""
    default: bool = False
    both: bool = False
    unless: str = ""
    group: str = ""
    missing: str = ""
    check: Callable[[Node, Sequence[str], Match[Rule]], str] | None = None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where lines go: a mode, the sections (more than one inside a range), and what the prompt shows."""

    mode: str
    paths: tuple[tuple[str, ...], ...] = ((),)
    title: str = ""


class Refusal(Exception):
    """The device understood the line and will not take it; ``text`` is what it says."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Done:
    """What a line did.

    Attributes:
        places: The stack of places afterwards.
        line: The canonical line.
        note: What the device says to a line it takes.

    """

    places: tuple[Place, ...]
    line: str
    note: str = ""


@dataclass(slots=True)
class Language:
    """One vendor's table, made ready.

    Args:
        table: Rules by mode, in the order in which the device shows them.
        kinds: The vendor's own arguments.
        title: What the prompt shows inside a section: mode and opening line to text.
        spread: Which sections an opening line names (a range names several), and a note; the last argument tells
            whether somebody typed it (what is read at boot may name anything).
        removable: Whether a section may be removed: empty, or why not; None: it is emptied instead.

    """

    table: Mapping[str, Sequence[Rule]]
    kinds: dict[str, Argument]
    title: Callable[[str, Match[Rule]], str]
    spread: Callable[[Node, Match[Rule], bool], tuple[tuple[str, ...], str]]
    removable: Callable[[str], str | None]
    _grammars: dict[str, Grammar[Rule]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for mode, rules in self.table.items():
            ranked = [
                (
                    rule.template,
                    Rule(
                        **{
                            **{name: getattr(rule, name) for name in Rule.__slots__},
                            "rank": rank,
                            "group": rule.group or str(rank),
                        }
                    ),
                )
                for rank, rule in enumerate(rules, start=1)
            ]
            self._grammars[mode] = Grammar(ranked, self.kinds)

    # Typed lines -----------------------------------------------------------------------------------------------------

    def edit(self, tree: Node, places: tuple[Place, ...], words: Sequence[str], *, typed: bool = True) -> Done:
        """Carry out one line in the innermost place that knows it.

        Raises:
            LineError: no place knows it; ``at`` counts from the first word.
            Refusal: the device understood it and says no. Nothing was changed.

        """
        negated = words[0].lower() in ("no", "default")
        rest = words[1:] if negated else words
        if not rest:
            raise IncompleteError(1)
        found = self._find(places, rest, negated)
        if isinstance(found, LineError):
            found.at += negated
            raise found
        depth, match = found
        places = places[: depth + 1]
        if negated:
            return self._remove(tree, places, match, emptied=words[0].lower() == "default")
        if match.rule.opens:
            return self._enter(tree, places, match, typed=typed)
        return self._set(tree, places, match)

    def _find(
        self, places: tuple[Place, ...], words: Sequence[str], negated: bool
    ) -> tuple[int, Match[Rule]] | LineError:
        first: LineError | None = None
        for depth in range(len(places) - 1, -1, -1):
            try:
                return depth, self._grammars[places[depth].mode].match(words, negated=negated)
            except LineError as error:
                first = error if first is None or error.at > first.at else first
        assert first is not None
        return first

    def _enter(self, tree: Node, places: tuple[Place, ...], match: Match[Rule], *, typed: bool) -> Done:
        here = places[-1]
        self._check(tree, here, match)
        names, note = self.spread(tree, match, typed)
        for path in here.paths:
            section = _section(tree, path)
            for name in names:
                section.put(self._node(match.rule, name, name, section=True))
        paths = tuple((*path, name) for path in here.paths for name in names)
        return Done((*places, Place(match.rule.opens, paths, self.title(here.mode, match))), match.text, note)

    def _set(self, tree: Node, places: tuple[Place, ...], match: Match[Rule]) -> Done:
        self._check(tree, places[-1], match)
        key, rule = " ".join(match.words[: match.key]), match.rule
        for path in places[-1].paths:
            section = _section(tree, path)
            if rule.default or (rule.unless and section.child(rule.unless)):
                section.drop(key)
            else:
                section.put(self._node(rule, match.text, key))
        return Done(places, match.text)

    def _remove(self, tree: Node, places: tuple[Place, ...], match: Match[Rule], *, emptied: bool) -> Done:
        rule, line = match.rule, match.text
        key = " ".join(match.words[: match.key])
        if rule.opens:
            return self._remove_sections(tree, places, match, emptied=emptied)
        for path in places[-1].paths:
            section = _section(tree, path)
            shown = (rule.default or rule.both) and not emptied
            if shown or (rule.unless and section.child(rule.unless)):
                section.put(self._node(rule, f"no {key}", key))
            elif not section.drop(key if match.whole else line) and rule.missing:
                raise Refusal(rule.missing)
        return Done(places, f"no {line}")

    def _remove_sections(self, tree: Node, places: tuple[Place, ...], match: Match[Rule], *, emptied: bool) -> Done:
        names, _ = self.spread(tree, match, True) if match.whole else ((match.text,), "")
        for name in names:
            reason = None if emptied else self.removable(name)
            if reason:
                raise Refusal(reason)
            for path in places[-1].paths:
                section = _section(tree, path)
                if reason is None:
                    for child in section.under(name):
                        child.children.clear()
                else:
                    section.drop(name)
        return Done(places, f"no {match.text}")

    def _check(self, tree: Node, place: Place, match: Match[Rule]) -> None:
        for path in place.paths if match.rule.check else ():
            assert match.rule.check is not None
            if reason := match.rule.check(tree, path, match):
                raise Refusal(reason)

    def _node(self, rule: Rule, line: str, key: str, *, section: bool = False) -> Node:
        return Node(line, key, (rule.rank, natural(key)), rule.group, section)

    def next_words(self, places: tuple[Place, ...], words: Sequence[str], start: str) -> tuple[str, ...]:
        """List what may be typed next."""
        if words and words[0].lower() in ("no", "default"):
            words = words[1:]
        return self._grammars[places[-1].mode].next_words(words, start)

    # Whole configurations --------------------------------------------------------------------------------------------

    def read(self, text: str) -> Node:
        """Make a tree of a configuration's text; a line that the table does not know is kept where it stands."""
        tree = new_tree()
        stack: list[tuple[int, tuple[Place, ...], Node]] = []
        lines = _logical_lines(text)
        for at, line in enumerate(lines):
            depth = len(line) - len(line.lstrip(" "))
            while stack and stack[-1][0] >= depth:
                stack.pop()
            places, parent = (stack[-1][1], stack[-1][2]) if stack else ((Place(ROOT),), tree)
            deeper = at + 1 < len(lines) and len(lines[at + 1]) - len(lines[at + 1].lstrip(" ")) > depth
            below, node = self._read_line(tree, places, parent, line.strip(), deeper=deeper)
            stack.append((depth, below, node))
        return tree

    def _read_line(
        self, tree: Node, places: tuple[Place, ...], parent: Node, line: str, *, deeper: bool
    ) -> tuple[tuple[Place, ...], Node]:
        if "\n" in line:
            return places, parent.put(self._block(line))
        words = [word.text for word in split_words(line)]
        try:
            done = self.edit(tree, (places[-1],), words, typed=False)
        except (LineError, Refusal):
            return places, parent.put(Node(line, line, (10_000, ()), line.split()[0], deeper))
        opened = len(done.places) > 1
        node = tree.find(done.places[-1].paths[0]) if opened else parent
        assert node is not None
        return (*places, done.places[-1]) if opened else places, node

    def _block(self, text: str) -> Node:
        """Make a line of several (a banner)."""
        first = text.split("\n", 1)[0]
        try:
            match = self._grammars[ROOT].match([word.text for word in split_words(first)])
        except LineError:
            return Node(text, first, (10_000, ()), first)
        return self._node(match.rule, text, " ".join(match.words[: match.key]))

    def put_block(self, tree: Node, text: str) -> None:
        """Set a line that holds several."""
        tree.put(self._block(text))


def _section(tree: Node, path: tuple[str, ...]) -> Node:
    section = tree.find(path)
    if section is None:  # somebody else removed it while this session stood in it
        raise Refusal("% Error: this section of the configuration was removed")
    return section


def _logical_lines(text: str) -> list[str]:
    """Return the lines that mean something; a banner with its text is one."""
    lines: list[str] = []
    closer: str | None = None
    for line in text.replace("\r", "").split("\n"):
        if closer is not None:
            lines[-1] += "\n" + line
            closer = None if closer in line else closer
            continue
        bare = line.strip()
        if not bare or bare.startswith("!") or bare in ("end", "exit", "exit-address-family"):
            continue
        lines.append(line.rstrip())
        closer = banner_closer(bare)
    return lines


def banner_closer(line: str) -> str | None:
    """Return what ends the text that this line begins; None when it begins none."""
    if re.fullmatch(r"banner (login|motd)", line):
        return "EOF"
    match = re.fullmatch(r"banner (?:login|motd|exec) (\^C|\S)(.*)", line)
    return match[1] if match and match[1] not in match[2] else None
