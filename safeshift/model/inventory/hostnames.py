"""How a host is written: address and port, and ranges such as ``leaf[01:20]`` or ``[a:f]``.

Pure text; raises ``ValueError`` with a sentence, and the caller adds the place. Read ``patterns.py`` next.
"""

from __future__ import annotations

import re
import string
from ipaddress import AddressValueError, IPv6Address

MOST_HOSTS = 1_000_000  # of one range: more is a slip of the keyboard, and would fill the memory
_BRACKETED_PORT = re.compile(r"\[(.+)\]:([0-9]+)")
_PORT = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)")
_HEX_RANGE = re.compile(r"\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\]", re.IGNORECASE)
_NAME_RANGE = re.compile(r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]", re.IGNORECASE)
_LABEL = re.compile(r"\w[\w-]*(?<![_-])")


def split_address(text: str) -> tuple[str, int | None] | None:
    """Split ``host:port`` or ``[host]:port``; the host may hold ranges.

    Returns:
        Host and port (None where there is none), or None where the text is no address at all.
    """
    host, port = text, None
    for form in (_BRACKETED_PORT, _PORT):
        if match := form.fullmatch(host):
            host, port = match[1], int(match[2])
    return (host, port) if _is_ipv6(host) or _is_hostname(host) else None


def is_ip_address(name: str) -> bool:
    """Say whether a host's name is an address, and so has no short form."""
    parts = name.split(".")
    is_v4 = len(parts) == 4 and all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts)
    return is_v4 or _is_ipv6(name)


def _is_ipv6(text: str) -> bool:
    plain = _HEX_RANGE.sub("1", text)
    try:
        IPv6Address(plain)
    except (AddressValueError, ValueError):
        return False
    return "%" not in plain


def _is_hostname(text: str) -> bool:
    return all(_LABEL.fullmatch(label) for label in _NAME_RANGE.sub("0", text).split("."))


def expand_host(text: str) -> tuple[list[str], int | None]:
    """Expand a host as an inventory names it into host names and their port.

    Raises:
        ValueError: A range in it is not begin:end or begin:end:step.
    """
    address = split_address(text)
    host, port = address if address is not None else (text, None)
    return (_expand_ranges(host) if "[" in host else [host]), port


def _expand_ranges(text: str) -> list[str]:
    match = re.fullmatch(r"([^\[]*)\[([^\]]*)\](.*)", text, re.DOTALL)
    if match is None or "|" in text:
        raise ValueError(f"{text!r} has a bracket without its partner")
    head, inside, tail = match.groups()
    names = [f"{head}{item}{tail}" for item in _range_items(inside)]
    return [name for each in names for name in (_expand_ranges(each) if "[" in tail else [each])]


def _range_items(inside: str) -> list[str]:
    bounds = inside.split(":")
    if len(bounds) not in (2, 3):
        raise ValueError(f"the range [{inside}] is not begin:end or begin:end:step")
    begin, end = bounds[0] or "0", bounds[1]
    step = bounds[2] if len(bounds) == 3 else "1"
    if not end or not step.isdigit() or int(step) == 0:
        raise ValueError(f"the range [{inside}] has no end, or its step is not a number above 0")
    width = len(begin) if begin.startswith("0") and len(begin) > 1 else 0
    if width and width != len(end):
        raise ValueError(f"the range [{inside}] begins with a zero, so both ends need the same number of digits")
    first, last = string.ascii_letters.find(begin), string.ascii_letters.find(end)
    if first >= 0 and last >= 0:
        if first > last:
            raise ValueError(f"the range [{inside}] ends before it begins")
        return list(string.ascii_letters[first : last + 1 : int(step)])
    if not (begin.isdigit() and end.isdigit()):
        raise ValueError(f"the range [{inside}] is made neither of two numbers nor of two letters")
    numbers = range(int(begin), int(end) + 1, int(step))
    if len(numbers) > MOST_HOSTS:
        raise ValueError(f"the range [{inside}] has more than {MOST_HOSTS} hosts")
    return [str(number).zfill(width) for number in numbers]
