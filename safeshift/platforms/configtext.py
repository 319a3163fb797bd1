"""Configuration text as a tree: how it is cut into lines and sections, cleaned, printed and compared.

Knows indentation and the blocks whose body is not configuration (banners, certificates); it does not know what any
line means, nor what typing one does: that is ``typed.py``.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

_DELIMITED = re.compile(
    r"(?:banner (?:exec|incoming|login|motd|prompt-timeout|slip-ppp)|menu \S+ (?:title|prompt)"
    r"|aaa authentication (?:banner|fail-message))(?:\s+(?P<rest>\S.*))?"
)
_UNTIL_QUIT = re.compile(r"\s+certificate (?:[a-z-]+ )*[0-9A-F]{2,}|\s*key-string")
_UNTIL_EOF = re.compile(r"\s*code(?: unit \S+)?")
_UNTIL_AT = re.compile(r"macro name .+")
_MEANINGLESS = re.compile(
    r"\s*!?"  # blank lines and bare separators
    r"|!(?!!).*"  # comments the device writes itself; EOS keeps people's own comments as "!!"
    r"|Building configuration\.\.\."
    r"|Current configuration ?: .*"
    r"|(?:Load for|Time source is) .*"  # IOS "terminal exec prompt timestamp"
    r"|\s*ntp clock-period .*"
)
# Sections in which the order of the lines is part of their meaning, and top-level lines of which the same is true.
_ORDERED_SECTION = re.compile(r"(?:ip|ipv6|mac) access-list |policy-map |aaa group server |crypto map ")
_ORDERED_LINE = re.compile(r"access-list ")
_NUMBERED = re.compile(r"(?:seq(?:uence)? )?\d+ ")  # such lines carry their order with them


@dataclass(frozen=True, slots=True)
class Block:
    """One line of configuration and what belongs to it.

    Attributes:
        text: The line without its indentation.
        children: The lines of the section that it opens.
        body: Raw lines that are not configuration (the rest of a banner or a certificate), terminator included.
    """

    text: str
    children: tuple[Block, ...] = ()
    body: tuple[str, ...] = ()


Blocks = tuple[Block, ...]


def scan(lines: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Cut raw lines into configuration lines, each with the opaque lines that follow it (most have none)."""
    rest = iter(lines)
    for line in rest:
        is_last = _opaque_end(line)
        if is_last is None:
            yield line.rstrip(), ()
            continue
        body = []
        for opaque in rest:
            body.append(opaque)
            if is_last(opaque):
                break
        yield line, tuple(body)


def _opaque_end(line: str) -> Callable[[str], bool] | None:
    """Return a test for the last line of the opaque body that this line opens; None when it opens none."""
    delimited = _DELIMITED.fullmatch(line.rstrip())
    if delimited:
        rest = delimited["rest"]
        if rest is None:
            return lambda text: text.strip() == "EOF"
        delimiter = "^C" if rest.startswith("^C") else rest[0]
        if delimiter in rest[len(delimiter) :]:
            return None
        return lambda text: delimiter in text
    if _UNTIL_QUIT.fullmatch(line.rstrip()):
        return lambda text: text.strip() == "quit"
    if _UNTIL_EOF.fullmatch(line.rstrip()):
        return lambda text: text.strip() == "EOF"
    if _UNTIL_AT.fullmatch(line.rstrip()):
        return lambda text: text.strip() == "@"
    return None


def raw_lines(text: str) -> list[str]:
    """Split text at line ends of any kind; a raw ETX, which IOS uses around banners, becomes ``^C``."""
    return text.replace("\r\n", "\n").replace("\r", "").replace("\x03", "^C").split("\n")


def normalise(text: str) -> str:
    """Strip what changes without a change: stamps, sizes, separators, trailing blanks.

    Guarantees:
        Deterministic and idempotent; keeps the order of lines and every character of banners and certificates.
        The final ``end`` stays: a text that was cut off is never equal to a whole one.
    """
    kept: list[str] = []
    for line, body in scan(raw_lines(text)):
        if body or not _MEANINGLESS.fullmatch(line):
            kept += (line, *body)
    while kept and not kept[-1].strip():
        kept.pop()
    return "".join(line + "\n" for line in kept)


def parse(text: str) -> Blocks:
    """Read configuration text, normalised or not, into its tree."""
    root: list[_Open] = []
    stack: list[tuple[int, list[_Open]]] = [(-1, root)]
    for line, body in scan(raw_lines(text)):
        if not body and _MEANINGLESS.fullmatch(line):
            continue
        bare = line.lstrip(" \t")
        indent = len(line) - len(bare)
        while indent <= stack[-1][0]:
            stack.pop()
        block = _Open(bare.rstrip() if not body else bare, [], _without_trailing_blanks(body))
        stack[-1][1].append(block)
        stack.append((indent, block.children))
    return _close(root)


@dataclass(slots=True)
class _Open:
    """A block that is still being read."""

    text: str
    children: list[_Open]
    body: tuple[str, ...]


def _close(blocks: list[_Open]) -> Blocks:
    return tuple(Block(block.text, _close(block.children), block.body) for block in blocks)


def _without_trailing_blanks(body: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the blank lines that the end of a text leaves on a body whose terminator never came."""
    end = len(body)
    while end and not body[end - 1].strip():
        end -= 1
    return body[:end]


def render(blocks: Blocks, *, indent: int) -> str:
    """Print a tree as the device would, each level indented by ``indent`` blanks."""
    return "".join(line + "\n" for line in _print(blocks, " " * indent, ""))


def _print(blocks: Blocks, step: str, margin: str) -> Iterator[str]:
    for block in blocks:
        yield margin + block.text
        yield from block.body
        yield from _print(block.children, step, margin + step)


def differences(before: Blocks, after: Blocks, *, indent: int) -> tuple[str, ...]:
    """Return what differs as lines marked ``-`` and ``+`` under their parents (marked with a blank).

    Guarantees:
        Empty exactly when the two mean the same text to the device: the order of lines counts only where it is part
        of the meaning (access lists, policy maps).
    """
    return tuple(_differ(before, after, step=" " * indent, margin="", ordered=False))


def _differ(before: Blocks, after: Blocks, *, step: str, margin: str, ordered: bool) -> Iterator[str]:
    partners, added = _pair(before, after, ordered=ordered)
    for block, partner in zip(before, partners, strict=True):
        if partner is None:
            yield from _marked("-", (block,), step, margin)
        if partner is None or partner == block:
            continue
        inner = tuple(
            _differ(
                block.children,
                partner.children,
                step=step,
                margin=margin + step,
                ordered=bool(_ORDERED_SECTION.match(block.text)),
            )
        )
        if block.body != partner.body:
            inner = (*(f"-{line}" for line in block.body), *(f"+{line}" for line in partner.body), *inner)
        if inner:
            yield f" {margin}{block.text}"
            yield from inner
    yield from _marked("+", added, step, margin)


def _marked(mark: str, blocks: Blocks, step: str, margin: str) -> Iterator[str]:
    return (mark + line for line in _print(blocks, step, margin))


def _pair(before: Blocks, after: Blocks, *, ordered: bool) -> tuple[tuple[Block | None, ...], Blocks]:
    """Find each block's partner of the same text on the other side, and what the other side has without one."""
    partners: list[Block | None] = [None] * len(before)
    taken: set[int] = set()
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for place, block in enumerate(after):
        if not _order_counts(block, ordered):
            waiting[block.text].append(place)
    for place, block in enumerate(before):
        if not _order_counts(block, ordered) and waiting[block.text]:
            partner = waiting[block.text].popleft()
            partners[place] = after[partner]
            taken.add(partner)
    for place, partner in _in_order(before, after, ordered):
        partners[place] = after[partner]
        taken.add(partner)
    return tuple(partners), tuple(block for place, block in enumerate(after) if place not in taken)


def _order_counts(block: Block, ordered: bool) -> bool:
    if ordered:
        return not _NUMBERED.match(block.text)
    return bool(_ORDERED_LINE.match(block.text))


def _in_order(before: Blocks, after: Blocks, ordered: bool) -> Iterator[tuple[int, int]]:
    """Pair the lines whose order counts, by the longest run of equal lines that keeps it."""
    old = [place for place, block in enumerate(before) if _order_counts(block, ordered)]
    new = [place for place, block in enumerate(after) if _order_counts(block, ordered)]
    if not old or not new:
        return
    texts: Sequence[str] = [before[place].text for place in old]
    matcher = difflib.SequenceMatcher(None, texts, [after[place].text for place in new], autojunk=False)
    for match in matcher.get_matching_blocks():
        for step in range(match.size):
            yield old[match.a + step], new[match.b + step]
