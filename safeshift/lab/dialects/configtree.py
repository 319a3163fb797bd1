"""A device's configuration as a tree of lines, kept in the order in which the device would show it.

Decides how lines are stored, replaced, found and printed; not which lines are legal (``grammar.py`` and the tables).
Written for the lab alone. Read ``router.py`` next.
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Order = tuple[int, tuple[object, ...]]
"""Where a line stands among its sisters: the table's rank, then natural order."""


def natural(text: str) -> tuple[object, ...]:
    """Return a sort key in which ``Ethernet2`` comes before ``Ethernet10``."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


@dataclass(slots=True)
class Node:
    """One line of configuration, and the lines below it.

    Attributes:
        line: The canonical text, without indentation; a banner holds several lines.
        key: The words that name the thing; one section holds a key only once.
        order: Its place among its sisters.
        group: Neighbours of one group are shown without a separator between them.
        section: It opens a mode of its own, even when nothing is in it.

    """

    line: str
    key: str
    order: Order = (0, ())
    group: str = ""
    section: bool = False
    children: list[Node] = field(default_factory=list)

    def copy(self) -> Node:
        """Return a copy that shares nothing."""
        return Node(self.line, self.key, self.order, self.group, self.section, [c.copy() for c in self.children])

    def child(self, key: str) -> Node | None:
        """Return the line with a key right below this one."""
        return next((child for child in self.children if child.key == key), None)

    def under(self, start: str) -> tuple[Node, ...]:
        """Return the lines right below that are ``start`` or begin with it as whole words."""
        return tuple(c for c in self.children if c.line == start or c.line.startswith(start + " "))

    def value(self, start: str) -> str | None:
        """Return what follows ``start`` on the first line that begins with it; empty for a bare line."""
        found = self.under(start)
        return found[0].line[len(start) :].strip() if found else None

    def put(self, node: Node) -> Node:
        """Add a line, or give the line with the same key its new value; return what is in the tree then."""
        known = self.child(node.key)
        if known is not None:
            if known.line == node.line:
                return known
            node.children = known.children
            self.children.remove(known)
        insort(self.children, node, key=lambda child: child.order)
        return node

    def drop(self, start: str) -> bool:
        """Remove the line with a key, or all that begin with it; return whether there were any."""
        kept = [c for c in self.children if c.key != start and c.line != start and not c.line.startswith(start + " ")]
        found = len(kept) < len(self.children)
        self.children = kept
        return found

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        """Give every line below as the path of lines that leads to it, in the order shown."""
        for child in self.children:
            yield (*path, child.line)
            yield from child.walk((*path, child.line))

    def find(self, keys: Sequence[str]) -> Node | None:
        """Follow keys downwards."""
        node: Node | None = self
        for key in keys:
            node = node.child(key) if node is not None else None
        return node


def new_tree() -> Node:
    """Return an empty configuration."""
    return Node("", "")


def render(root: Node, *, indent: int, separator: str = "!", closer: tuple[str, str] = ("", "")) -> tuple[str, ...]:
    """Show a configuration: sections set apart by separators, children indented.

    Args:
        closer: How an inner section begins that is shown with a closing line, and that line.

    """
    shown: list[str] = []
    previous: Node | None = None
    for node in root.children:
        apart = previous is None or previous.group != node.group or node.section or previous.section
        if apart and separator:
            shown.append(separator)
        shown += node.line.split("\n")
        shown += _render_below(node, indent, indent, closer)
        previous = node
    return (*shown, separator) if shown and separator else tuple(shown)


def _render_below(node: Node, indent: int, depth: int, closer: tuple[str, str]) -> Iterator[str]:
    previous: Node | None = None
    for child in node.children:
        if previous is not None and (previous.section or child.section):
            yield " " * depth + "!"
        for line in child.line.split("\n"):
            yield " " * depth + line
        yield from _render_below(child, indent, depth + indent, closer)
        if closer[0] and child.section and child.line.startswith(closer[0]):
            yield " " * depth + closer[1]
        previous = child


def section_lines(lines: Sequence[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Return the sections in which a pattern is found, each with its parents (``| section``)."""
    chosen: set[int] = set()
    parents: list[tuple[int, int]] = []
    taken: int | None = None
    for at, line in enumerate(lines):
        depth = len(line) - len(line.lstrip(" "))
        while parents and parents[-1][0] >= depth:
            parents.pop()
        if taken is not None and depth <= taken:
            taken = None
        if taken is None and pattern.search(line):
            taken = depth
            chosen.update(index for _, index in parents)
        if taken is not None:
            chosen.add(at)
        parents.append((depth, at))
    return tuple(line for at, line in enumerate(lines) if at in chosen)


def differences(old: Node, new: Node) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """Return the paths that differ: first those that go (False), then those that come (True), in the order shown."""
    before, after = tuple(old.walk()), tuple(new.walk())
    gone, kept = set(before) - set(after), set(before)
    lost = [(path, False) for path in before if path in gone and path[:-1] not in gone]
    return (*lost, *((path, True) for path in after if path not in kept))


def half_way(old: Node, new: Node) -> Node:
    """Return the configuration after the first half of the differences was carried out."""
    tree, steps = old.copy(), differences(old, new)
    for path, comes in steps[: len(steps) // 2]:
        parent, source = tree, new
        for line in path[:-1]:
            parent = next(child for child in parent.children if child.line == line)
            source = next(child for child in source.children if child.line == line)
        if comes:
            fresh = next(child for child in source.children if child.line == path[-1]).copy()
            fresh.children = []
            parent.put(fresh)
        else:
            parent.drop(path[-1])
    return tree
