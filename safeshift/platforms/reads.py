"""Which commands only read: a table of command forms per platform, and nothing else passes.

Never a list of what is forbidden: an unknown command is a write. Pipes go only to filters, never to files.
"""

from __future__ import annotations

import re
from re import Pattern

_ARGUMENT = r"[\w./:,@+-]+"
_PATTERN = r"[\w./:,@+ ^$*()\[\]\\-]+"  # what a filter may look for
_TARGET = r"[A-Za-z0-9][\w.:-]*"


def table(*forms: str) -> Pattern[str]:
    """Make one pattern of command forms; ``{argument}``, ``{pattern}`` and ``{target}`` stand for safe words."""
    filled = (
        form.replace("{argument}", _ARGUMENT).replace("{pattern}", _PATTERN).replace("{target}", _TARGET)
        for form in forms
    )
    return re.compile("(?:" + "|".join(filled) + ")", re.ASCII)


# "show tech-support" reads too, but keeps a device busy for minutes: it has no place in a change.
SHOW = r"sho?w?(?: (?!tec)(?!\|){argument})+"
FILTERS = (
    r"(?: \| (?:include|inc|i|exclude|exc|e|begin|beg|b|section|sec|s|count) {pattern}"
    r"| \| (?:json|no-more|nz))*"
)
PING = (
    r"ping (?:vrf {argument} )?(?:ip )?{target}"
    r"(?: df-bit| (?:repeat|size|timeout|interval|source|tos|dscp) {argument})*"
)
TRACEROUTE = r"traceroute (?:vrf {argument} )?{target}"


def is_listed(command: str, reads: Pattern[str]) -> bool:
    """Tell whether a command is one of the forms in the table; blanks around it do not count."""
    return command.isprintable() and reads.fullmatch(command.strip(" ")) is not None
