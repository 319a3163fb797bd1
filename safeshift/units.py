"""Durations, rates and percentages: read from text here and nowhere else.

Inside safeshift a duration is a float of seconds, a rate an int of bit/s, a share a float from 0 to 1.
Each ``parse_*`` raises ``ValueError`` with a sentence that says what was expected.
"""

from __future__ import annotations

import re
from typing import NewType

Seconds = NewType("Seconds", float)
BitsPerSecond = NewType("BitsPerSecond", int)
Share = NewType("Share", float)

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(?:bit/s|bps)?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def parse_duration(text: str) -> Seconds:
    """Read ``90s``, ``1m30s``, ``200ms``, ``2h``; the unit is required.

    Example:
        >>> parse_duration("1m30s")
        90.0
    """
    parts = _DURATION_PART.findall(text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        raise ValueError(f"{text!r} is not a duration; write a number with a unit: 200ms, 5s, 2m, 1h")
    return Seconds(sum(float(number) * _SECONDS[unit] for number, unit in parts))


def parse_rate(text: str) -> BitsPerSecond:
    """Read ``100G``, ``40G``, ``2.5G``, ``100M`` as bit/s; a small number without a unit is refused.

    Example:
        >>> parse_rate("2.5G")
        2500000000
    """
    match = _RATE.fullmatch(text.strip())
    if match is None or (not match[2] and 0 < float(match[1]) < 1e6):
        raise ValueError(f"{text!r} is not a rate; write a number with k, M, G or T: 100G")
    return BitsPerSecond(round(float(match[1]) * _BITS[match[2]]))


def parse_percent(text: str) -> Share:
    """Read ``1%`` or ``0.5 %`` as a share from 0 to 1.

    Example:
        >>> parse_percent("80%")
        0.8
    """
    match = _PERCENT.fullmatch(text.strip())
    if match is None or float(match[1]) > 100:
        raise ValueError(f"{text!r} is not a percentage; write a number from 0 to 100 with %: 1%")
    return Share(float(match[1]) / 100)


def show_duration(seconds: float) -> str:
    """Write a duration as a person would: ``0.4 s``, ``12 s``, ``2 min 5 s``, ``1 h 3 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def show_gbit(rate: float) -> str:
    """Write a rate as a number of Gbit/s without the unit: ``45``, ``17.5``, ``0.25``."""
    return f"{rate / 1e9:.2f}".rstrip("0").rstrip(".")


def show_percent(share: float) -> str:
    """Write a share as percent: ``0 %``, ``0.5 %``, ``70 %``."""
    value = share * 100
    return f"{value:.1f} %".replace(".0 %", " %")
