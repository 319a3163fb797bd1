"""The filters and tests that templates may use: those of Ansible that sites use most.

Each takes and gives plain data only, and none calls what it was given. Read ``templating.py`` for how they are guarded.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import StrictUndefined, Undefined, UndefinedError
from jinja2 import filters as stock

LONGEST_SUBJECT = 4096  # characters that a regular expression may be tried on: bounds what a bad one can burn
LONGEST_PATTERN = 256
LARGEST_TEXT = 64 * 1024  # characters of one result
_NESTED_REPEAT = re.compile(r"\([^()]*[+*}][^()]*\)\s*[+*{]")


class FilterError(ValueError):
    """A filter was given something that it does not take."""


def _default(value: object, default: object = "", boolean: bool = False) -> object:
    return default if isinstance(value, Undefined) or (boolean and not value) else value


def _mandatory(value: object, message: str = "") -> object:
    if isinstance(value, Undefined):
        if message:
            raise FilterError(message)
        str(value)
    return value


def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    return str(value).strip().lower() in ("yes", "on", "1", "true", "y", "t", "1.0")


def _int(value: object, default: int = 0, base: int = 10) -> int:
    _refuse_undefined(value)
    try:
        return int(value, base) if isinstance(value, str) and base != 10 else int(float(str(value)))
    except (ValueError, OverflowError):
        return default


def _text(value: object) -> str:
    _refuse_undefined(value)
    return value if isinstance(value, str) else str(value)


def _join(value: Iterable[object], separator: str = "", attribute: str | None = None) -> str:
    items = [item[attribute] for item in value if isinstance(item, Mapping)] if attribute else list(value)
    return separator.join(_text(item) for item in items)


def _combine(*mappings: Mapping[Any, object], recursive: bool = False) -> dict[Any, object]:
    merged: dict[Any, object] = {}
    for mapping in mappings:
        if not isinstance(mapping, Mapping):
            raise FilterError(f"combine merges mappings, and this is a {type(mapping).__name__}")
        for key, value in mapping.items():
            before = merged.get(key)
            deep = recursive and isinstance(before, Mapping) and isinstance(value, Mapping)
            merged[key] = _combine(before, value, recursive=True) if deep else value  # type: ignore[arg-type]  # deep
    return merged


def _pattern(text: str, ignorecase: bool, multiline: bool) -> re.Pattern[str]:
    if len(text) > LONGEST_PATTERN or _NESTED_REPEAT.search(text):
        raise FilterError(f"the regular expression {text[:60]!r} is too long, or repeats a repetition")
    try:
        return re.compile(text, (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0))
    except re.error as error:
        raise FilterError(f"{text!r} is no regular expression: {error}") from error


def _subject(value: object) -> str:
    text = _text(value)
    if len(text) > LONGEST_SUBJECT:
        raise FilterError(f"a regular expression is tried on at most {LONGEST_SUBJECT} characters")
    return text


def _regex_replace(
    value: object,
    pattern: str = "",
    replacement: str = "",
    ignorecase: bool = False,
    multiline: bool = False,
    count: int = 0,
) -> str:
    return _pattern(pattern, ignorecase, multiline).sub(replacement, _subject(value), count=count)


def _regex_search(
    value: object, pattern: str, *groups: str, ignorecase: bool = False, multiline: bool = False
) -> str | list[str | None] | None:
    match = _pattern(pattern, ignorecase, multiline).search(_subject(value))
    if match is None or not groups:
        return match and match[0]
    found: list[str | None] = []
    for group in groups:
        name = group.removeprefix("\\g").strip("<>") if group.startswith("\\g") else group.removeprefix("\\")
        found.append(match[int(name) if name.isdigit() else name])
    return found


def _regex_findall(value: object, pattern: str, multiline: bool = False, ignorecase: bool = False) -> list[Any]:
    return _pattern(pattern, ignorecase, multiline).findall(_subject(value))


def _replace(value: object, old: str, new: str) -> str:
    text = _text(value)
    if text.count(old) * len(new) > LARGEST_TEXT:
        raise FilterError(f"replace would give more than {LARGEST_TEXT} characters")
    return text.replace(old, new)


def _items_of(
    value: Mapping[object, object], key_name: str = "key", value_name: str = "value"
) -> list[dict[str, object]]:
    return [{key_name: key, value_name: item} for key, item in value.items()]


def _flatten(value: Iterable[object], levels: int | None = None) -> list[object]:
    flat: list[object] = []
    for item in value:
        if isinstance(item, (list, tuple)) and levels != 0:
            flat.extend(_flatten(item, None if levels is None else levels - 1))
        elif item is not None:
            flat.append(item)
    return flat


def _unique(value: Iterable[object]) -> list[object]:
    found: list[object] = []
    for item in value:
        if item not in found:
            found.append(item)
    return found


def _pick(value: Iterable[object], *, attribute: str) -> list[object]:
    """``map(attribute='x')``: one attribute of each; other uses of map are not available."""
    picked: list[object] = []
    for item in value:
        for part in attribute.split("."):
            if not isinstance(item, Mapping) or part not in item:
                raise UndefinedError(f"'{part}' is undefined")
            item = item[part]
        picked.append(item)
    return picked


def _ternary(value: object, yes: object, no: object, none: object = None) -> object:
    return none if value is None and none is not None else (yes if value else no)


def _ip_address(value: object, query: str = "address") -> object:
    """``ipaddr``, for the questions sites ask: address, network, netmask, prefix, host/prefix, version."""
    face = ipaddress.ip_interface(_text(value))
    answers: dict[str, object] = {
        "": str(value),
        "address": str(face.ip),
        "network": str(face.network.network_address),
        "netmask": str(face.netmask),
        "prefix": face.network.prefixlen,
        "subnet": str(face.network),
        "host/prefix": str(face),
        "version": face.version,
    }
    if query not in answers:
        raise FilterError(f"ipaddr answers {', '.join(filter(None, answers))}, and not {query!r}")
    return answers[query]


def _hash(value: object, kind: str = "sha1") -> str:
    if kind not in ("sha1", "sha256", "sha512", "md5"):
        raise FilterError(f"there is no hash {kind!r}")
    return hashlib.new(kind, _text(value).encode(), usedforsecurity=False).hexdigest()


def _refuse_undefined(value: object) -> None:
    if isinstance(value, StrictUndefined):
        str(value)


_BY_NAME: Mapping[str, Callable[..., object]] = {
    "abs": abs,
    "b64decode": lambda value: b64decode(_text(value)).decode(),
    "b64encode": lambda value: b64encode(_text(value).encode()).decode(),
    "bool": _bool,
    "capitalize": lambda value: _text(value).capitalize(),
    "combine": _combine,
    "count": len,
    "d": _default,
    "default": _default,
    "dict2items": _items_of,
    "difference": lambda value, other: [item for item in _unique(value) if item not in other],
    "first": lambda value: next(iter(value)),
    "flatten": _flatten,
    "float": lambda value, default=0.0: stock.do_float(value, default),
    "from_json": lambda value: json.loads(_text(value)),
    "hash": _hash,
    "int": _int,
    "intersect": lambda value, other: [item for item in _unique(value) if item in other],
    "ipaddr": _ip_address,
    "items2dict": lambda value, key_name="key", value_name="value": {
        item[key_name]: item[value_name] for item in value
    },
    "join": _join,
    "last": lambda value: list(value)[-1],
    "length": len,
    "list": lambda value: [*value],
    "lower": lambda value: _text(value).lower(),
    "mandatory": _mandatory,
    "map": _pick,
    "max": max,
    "min": min,
    "regex_findall": _regex_findall,
    "regex_replace": _regex_replace,
    "regex_search": _regex_search,
    "replace": _replace,
    "reverse": lambda value: value[::-1] if isinstance(value, str) else [*value][::-1],
    "round": lambda value, precision=0: round(value, precision),
    "sort": lambda value, reverse=False: sorted(value, reverse=reverse),
    "split": lambda value, separator=None: _text(value).split(separator),
    "string": _text,
    "sum": sum,
    "ternary": _ternary,
    "title": lambda value: _text(value).title(),
    "to_json": lambda value: json.dumps(value),
    "to_nice_json": lambda value: json.dumps(value, indent=4, sort_keys=True),
    "trim": lambda value: _text(value).strip(),
    "union": lambda value, other: _unique([*value, *other]),
    "unique": _unique,
    "upper": lambda value: _text(value).upper(),
}

# a site may write either name
FILTERS: Mapping[str, Callable[..., object]] = {
    **_BY_NAME,
    **{f"ansible.builtin.{name}": call for name, call in _BY_NAME.items()},
    "ansible.utils.ipaddr": _ip_address,
    "ansible.netcommon.ipaddr": _ip_address,
}

TESTS: Mapping[str, Callable[..., bool]] = {
    "match": lambda value, pattern, ignorecase=False: bool(_pattern(pattern, ignorecase, False).match(_subject(value))),
    "search": lambda value, pattern, ignorecase=False: bool(
        _pattern(pattern, ignorecase, False).search(_subject(value))
    ),
    "regex": lambda value, pattern, ignorecase=False: bool(
        _pattern(pattern, ignorecase, False).search(_subject(value))
    ),
    "contains": lambda value, item: item in value,
    "truthy": lambda value: bool(value),
    "falsy": lambda value: not value,
    "subset": lambda value, other: all(item in other for item in value),
    "superset": lambda value, other: all(item in value for item in other),
}
