"""How a node's shell takes a line apart: commands, joints, pipes, redirections. What they do is in ``linux.py``."""

from __future__ import annotations

import shlex

_JOINTS = (";", "&", "&&", "||")


def split_commands(line: str) -> list[tuple[list[str], str]]:
    """Split a line into commands, each with what joins it to the next.

    Raises:
        ValueError: a quote is not closed.

    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    commands: list[tuple[list[str], str]] = [([], ";")]
    for token in lexer:
        if token in _JOINTS:
            commands[-1] = (commands[-1][0], token)
            commands.append(([], ";"))
        else:
            commands[-1][0].append(token)
    return [(words, joint) for words, joint in commands if words]


def split_pipes(words: list[str]) -> list[list[str]]:
    """Split a command at its pipes; a part is empty where a command is missing."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word in ("|", "|&"):
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def without_redirections(words: list[str]) -> tuple[list[str], bool]:
    """Take redirections out of a command; the second value tells whether standard output went away."""
    kept: list[str] = []
    muted = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("<", ">", ">>", ">&", "<&"):
            to_errors = bool(kept) and kept[-1] == "2"
            if kept and kept[-1] in ("1", "2"):
                kept.pop()
            target = rest.pop(0) if rest else ""
            muted = muted or (word in (">", ">>") and not to_errors and target == "/dev/null")
        else:
            kept.append(word)
    return kept, muted
