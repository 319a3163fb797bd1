"""What a node's shell can pipe text through: ``cat``, ``grep``, ``head``, ``tail``, ``wc``. Text in, text out.

How a line is split at its pipes is in ``linux.py``; which files there are, in ``linux_tools.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from safeshift.lab.dialects.linux_tools import Result

_VALUED = {"head": "nc", "tail": "nc", "grep": "e"}


@dataclass(frozen=True, slots=True)
class _Call:
    """A filter's words, sorted: its flags (one letter each), the values of those that take one, and the rest."""

    flags: str
    values: Mapping[str, str]
    rest: tuple[str, ...]


def is_filter(words: Sequence[str]) -> bool:
    """Tell whether a command reads what is piped into it."""
    return bool(words) and words[0].removeprefix("/usr/bin/") in _FILTERS


def run_filter(words: Sequence[str], text: str, read: Callable[[str], str | None]) -> Result:
    """Run a filter.

    Args:
        text: What is piped into it; it counts only where no file is named.
        read: Gives a file's text; None: there is no such file.
    """
    name = words[0].removeprefix("/usr/bin/")
    call = _sort(words[1:], _VALUED.get(name, ""))
    allowed, run = _FILTERS[name]
    unknown = next((flag for flag in call.flags if flag not in allowed), None)
    if unknown is not None:
        return Result(
            f"{name}: invalid option -- '{unknown}'\nTry '{name} --help' for more information.", 1, error=True
        )
    pattern = 1 if name == "grep" and "e" not in call.values else 0
    files = [one for one in call.rest[pattern:] if one != "-"]
    texts = [(one, read(one)) for one in files]
    missing = next((one for one, found in texts if found is None), None)
    if missing is not None:
        return Result(f"{name}: {missing}: No such file or directory", 2 if name == "grep" else 1, error=True)
    return run(call, "".join(found or "" for _, found in texts) if files else text)


def _sort(words: Iterable[str], valued: str) -> _Call:
    flags, values, rest, waiting = "", dict[str, str](), list[str](), list(words)
    while waiting:
        word = waiting.pop(0)
        if re.fullmatch(r"-\d+", word) and "n" in valued:
            values["n"] = word[1:]
        elif word.startswith("-") and len(word) > 1:
            letter = next((at for at, one in enumerate(word) if one in valued and at), None)
            flags += word[1:letter] if letter else word[1:]
            if letter:
                flags += word[letter]
                values[word[letter]] = word[letter + 1 :] or (waiting.pop(0) if waiting else "")
        else:
            rest.append(word)
    return _Call(flags, values, tuple(rest))


def _cat(call: _Call, text: str) -> Result:
    return Result(text, raw=True)


def _grep(call: _Call, text: str) -> Result:
    wanted = call.values.get("e", call.rest[0] if call.rest else None)
    if wanted is None:
        return Result("Usage: grep [OPTION]... PATTERNS [FILE]...", 2, error=True)
    if "F" in call.flags:
        wanted = re.escape(wanted)
    elif "E" not in call.flags:  # a basic regular expression: these are letters, and signs behind a backslash
        wanted = re.sub(r"\\?[+?|(){}]", lambda match: match[0][1:] if len(match[0]) == 2 else f"\\{match[0]}", wanted)
    try:
        pattern = re.compile(wanted, re.IGNORECASE if "i" in call.flags else 0)
    except re.error:
        return Result("grep: Invalid regular expression", 2, error=True)
    kept = [line for line in text.splitlines() if bool(pattern.search(line)) != ("v" in call.flags)]
    status = 0 if kept else 1
    if "q" in call.flags:
        return Result("", status)
    return Result(str(len(kept)) if "c" in call.flags else "".join(f"{line}\n" for line in kept), status)


def _ends(call: _Call, text: str, *, last: bool) -> Result:
    given = call.values.get("n", call.values.get("c", "10"))
    name = "tail" if last else "head"
    if not given.isdigit():
        return Result(f"{name}: invalid number of lines: '{given}'", 1, error=True)
    count, parts = int(given), text if "c" in call.values else text.splitlines(keepends=True)
    kept = parts[max(0, len(parts) - count) :] if last else parts[:count]
    return Result("".join(kept), raw=True)


def _wc(call: _Call, text: str) -> Result:
    counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode())}
    asked = [counts[one] for one in counts if one in call.flags] or list(counts.values())
    return Result(str(asked[0]) if len(asked) == 1 else " ".join(f"{count:7}" for count in asked))


_FILTERS: Mapping[str, tuple[str, Callable[[_Call, str], Result]]] = {
    "cat": ("", _cat),
    "grep": ("cEeFiqv", _grep),
    "head": ("cn", lambda call, text: _ends(call, text, last=False)),
    "tail": ("cn", lambda call, text: _ends(call, text, last=True)),
    "wc": ("clw", _wc),
}
