"""Strict YAML for the files that are ours: playbooks, fabrics, lab truths; text in, values with their places out.

Whatever YAML versions read differently is refused, so is every key that nobody asked for: a file means one thing or
nothing. Inventories are Ansible's and are not read here (``inventory/``). This module knows no playbook and no fabric;
read ``fabric.py`` next for how a model uses it. Long, because reading, validating and complaining share one thing: the
place of each value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, NoReturn, Self, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from safeshift.errors import InputError, Place
from safeshift.units import BitsPerSecond, Seconds, Share, parse_duration, parse_percent, parse_rate

MAX_BYTES = 1 << 20  # of one file; a fabric of 320 switches and 2,048 links takes a third of it
MAX_DEPTH = 50  # lists and mappings inside one another
MAX_ALIASES = 100  # uses of anchors in one file
MAX_VALUES = 200_000  # after aliases are followed: what keeps ten lines from growing into millions of values

Loc = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it: ten times faster


@dataclass(slots=True)
class _Mark:
    """Where one value stands, where its keys stand, and the marks of what is inside it."""

    line: int
    column: int
    inside: dict[str | int, _Mark] = field(default_factory=dict)
    keys: dict[str | int, tuple[int, int]] = field(default_factory=dict)
    size: int = 1


class Places:
    """Where each value of a file stands; a value is named by its loc: the keys and list positions that lead to it."""

    __slots__ = ("_root", "path")

    def __init__(self, path: str, root: _Mark | None = None) -> None:
        self.path = path
        self._root = root or _Mark(0, 0)

    def at(self, loc: Sequence[str | int] = ()) -> Place:
        """Give the place of the value at ``loc``, or of the nearest value around it that the file has."""
        mark = self._find(loc)
        return Place(self.path, mark.line, mark.column)

    def key(self, loc: Sequence[str | int]) -> Place:
        """Give the place of the key that ``loc`` ends with; of the value where there is no such key (list entries)."""
        line_column = self._find(loc[:-1]).keys.get(loc[-1]) if loc else None
        return Place(self.path, *line_column) if line_column else self.at(loc)

    def _find(self, loc: Sequence[str | int]) -> _Mark:
        mark = self._root
        for part in loc:
            # parts that the file does not have are pydantic's own: the branch of a union, a field that is missing
            mark = mark.inside.get(part, mark)
        return mark


class Understood(BaseModel):
    """Base of what we made of the things that people write: frozen, with types checked where it is made."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


Variables = Annotated[Mapping[str, object], SkipValidation]
"""Variables by name, raw: a check would copy them, and open what is lazy or secret."""


class Written(BaseModel):
    """Base of every model of something that people write: frozen, and closed to keys that it does not name.

    Give each field a ``description``: it is the hint when the field is missing.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, written: object) -> object:
        known = {info.alias or name: info for name, info in cls.model_fields.items()}
        if isinstance(written, cls):
            return written
        if not isinstance(written, dict):
            raise PydanticCustomError("not_a_mapping", "{said}", {"said": _expected(_mapping_of(known), written)})
        for key in written:
            if key not in known:
                raise PydanticCustomError("unknown_key", "{key}", {"key": key, "known": tuple(known)})
        for name, info in known.items():
            if info.is_required() and name not in written:
                raise PydanticCustomError("missing_key", "{key}", {"key": name, "about": info.description or ""})
        return written

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy with changes, by field name; the copy is checked again and keeps nothing derived from the old values."""
        values = {name: getattr(self, name) for name in self.model_fields_set} | dict(update or {})
        fields = type(self).model_fields
        return type(self).model_validate({fields[name].alias or name: value for name, value in values.items()})


def _rate(written: object) -> object:
    if isinstance(written, int) and not isinstance(written, bool) and not 0 < written < 1_000_000:
        return written  # nobody writes a link's megabits as a number of that size: these are bit/s
    return parse_rate(str(written))


def _percent(written: object) -> object:
    return parse_percent(str(written))  # a bare number could mean a share or percent: the sign is required


def _duration(written: object) -> object:
    return parse_duration(str(written))  # a bare number could be seconds or minutes: the unit is required


Rate = Annotated[BitsPerSecond, BeforeValidator(_rate), Field(ge=0)]
Duration = Annotated[Seconds, BeforeValidator(_duration)]
Percent = Annotated[Share, BeforeValidator(_percent)]


def load_source(path: Path, model: type[M], error: type[InputError]) -> M:
    """Read one YAML file into ``model``.

    Raises:
        InputError: As ``error``, with the place of what is wrong, what was expected and a hint what to do.
    """
    value, places = read_source(path, error)
    return build(model, value, places, error=error)


def parse_source(text: str, path_label: str, model: type[M], error: type[InputError]) -> M:
    """Read YAML text into ``model``; as ``load_source``, with ``path_label`` standing for the file's name."""
    value, places = parse_text(text, path_label, error)
    return build(model, value, places, error=error)


def read_source(path: Path, error: type[InputError]) -> tuple[object, Places]:
    """Read one YAML file into plain values (dict, list, str, int, float, bool, None) and their places.

    Raises:
        InputError: As ``error``: the file cannot be read, is empty, or is not YAML that means one thing.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as cause:
        reason = cause.strerror or str(cause)
        raise error(
            f"cannot read this file: {reason.lower()}", place=Place(str(path)), hint="check the path"
        ) from cause
    if len(data) > MAX_BYTES:
        hint = "is this the file you meant? Otherwise split it"
        raise error(f"the file is larger than {MAX_BYTES >> 20} MiB", place=Place(str(path)), hint=hint)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = data.count(b"\n", 0, cause.start) + 1
        raise error("this is not UTF-8 text", place=Place(str(path), line), hint="save the file as UTF-8") from cause
    return parse_text(text, str(path), error)


def parse_text(text: str, path_label: str, error: type[InputError]) -> tuple[object, Places]:
    """Read YAML text into plain values and their places; as ``read_source``."""
    if len(text) > MAX_BYTES:
        raise error(f"the text is larger than {MAX_BYTES >> 20} MiB", place=Place(path_label))
    try:
        value, mark = _Reading(text, path_label, error).document()
    except yaml.MarkedYAMLError as cause:
        at = cause.problem_mark or cause.context_mark
        place = Place(path_label, at.line + 1, at.column + 1) if at else Place(path_label)
        problem = cause.problem or cause.context or "it cannot be parsed"
        hint = "indent with spaces, not tabs" if "\\t" in problem or "character that cannot start" in problem else ""
        raise error(
            f"this is not YAML: {problem}", place=place, hint=hint or "check the line and the one above it"
        ) from cause
    except yaml.reader.ReaderError as cause:
        hint = "remove the character; a terminal's colours or a copied page often bring them"
        raise error(
            f"this has a character that YAML forbids: {cause.reason}", place=Place(path_label), hint=hint
        ) from cause
    return value, Places(path_label, mark)


def build(model: type[M], value: object, places: Places, *, error: type[InputError], loc: Loc = ()) -> M:
    """Validate plain values into ``model``; ``loc`` is where ``value`` stands in the file that ``places`` knows.

    Raises:
        InputError: As ``error``: one sentence about the first thing that is wrong, unknown keys before all others.
    """
    try:
        return model.model_validate(value)
    except ValidationError as cause:
        faults = [_explain(details, places, loc) for details in cause.errors(include_url=False)]
        fault = min(faults, key=lambda fault: (not fault.is_key, fault.place.line, fault.place.column))
        raise error(fault.sentence, place=fault.place, hint=fault.hint) from cause


def misplaced(loc: Loc, sentence: str, hint: str = "", *, at_key: bool = False) -> PydanticCustomError:
    """Make the error that a model's own cross-check raises.

    ``loc``, seen from that model, is the value that is at fault; its key is when ``at_key``.
    """
    return PydanticCustomError("misplaced", "{said}", {"loc": loc, "said": sentence, "hint": hint, "at_key": at_key})


def suggest(word: object, known: Sequence[str], otherwise: str = "") -> str:
    """Say ``did you mean 'x'?`` for the known word nearest to ``word``, or else ``otherwise``."""
    near = difflib.get_close_matches(str(word), known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else otherwise


class _Reading:
    """One pass over the parser's events: builds values and marks, and refuses what is not allowed as it comes."""

    def __init__(self, text: str, path: str, error: type[InputError]) -> None:
        self._parser = _Parser(text)
        self._path = path
        self._error = error
        self._anchors: dict[str, tuple[Any, _Mark]] = {}
        self._aliases = 0

    def document(self) -> tuple[object, _Mark]:
        self._parser.get_event()  # the stream's start
        start = self._parser.get_event()
        if isinstance(start, yaml.StreamEndEvent):
            raise self._error("the file is empty", place=Place(self._path))
        value, mark = self._value(self._parser.get_event(), 1)
        self._parser.get_event()  # the document's end
        after = self._parser.get_event()
        if isinstance(after, yaml.DocumentStartEvent):
            self._refuse(
                after, "a second YAML document starts here; one file holds one", "write it into a file of its own"
            )
        return value, mark

    def _value(self, event: Any, depth: int) -> tuple[Any, _Mark]:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            self._refuse(
                event, f"tags are not read here: {event.tag!r}", "remove it; a password belongs in the inventory"
            )
        if depth > MAX_DEPTH:
            self._refuse(
                event, f"more than {MAX_DEPTH} lists and mappings inside one another", "is this the right file?"
            )
        mark = _Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = [self._child(mark, at, one, depth) for at, one in enumerate(self._until(yaml.SequenceEndEvent))]
        else:
            value = self._mapping(event, mark, depth)
        if mark.size > MAX_VALUES:
            self._refuse(
                event, f"more than {MAX_VALUES} values once aliases are followed", "write fewer aliases of aliases"
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, mark)
        return value, mark

    def _child(self, parent: _Mark, part: str | int, event: Any, depth: int) -> Any:
        value, mark = self._value(event, depth + 1)
        parent.inside[part] = mark
        parent.size += mark.size
        return value

    def _mapping(self, start: Any, mark: _Mark, depth: int) -> dict[str | int, Any]:
        value: dict[str | int, Any] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = self._key(event, start)
            at = (event.start_mark.line + 1, event.start_mark.column + 1)
            if key in mark.keys:
                hint = f"line {mark.keys[key][0]} has it first: remove one of the two"
                self._refuse(event, f"the key {key!r} is here twice (first in line {mark.keys[key][0]})", hint)
            mark.keys[key] = at
            value[key] = self._child(mark, key, self._parser.get_event(), depth)
        return value

    def _key(self, event: Any, mapping: Any) -> str | int:
        if not isinstance(event, yaml.ScalarEvent):
            braces = mapping.flow_style and isinstance(event, yaml.MappingStartEvent)
            hint = 'a value that starts with {{ must be quoted: "{{ name }}"' if braces else "use text as the key"
            self._refuse(event, "a key must be a word, not a list, a mapping or an alias", hint)
        if event.tag is not None or event.anchor is not None:
            self._refuse(event, "a key can have no tag and no anchor", "remove it")
        key = self._scalar(event)
        if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
            return key
        self._refuse(event, f"a key must be text, not {_describe(key)}", f'quote it: "{event.value}"')

    def _alias(self, event: Any) -> tuple[Any, _Mark]:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._refuse(event, f"more than {MAX_ALIASES} aliases in one file", "write the values out")
        if event.anchor not in self._anchors:
            self._refuse(event, f"the alias *{event.anchor} stands before or inside its anchor", "set the anchor first")
        return self._anchors[event.anchor]

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if _is_read_differently(text):
            words = text.lower() in _SWITCHES
            hint = f'write true or false, or quote it: "{text}"' if words else f'quote it: "{text}"'
            self._refuse(event, f"YAML versions read {text!r} differently; it could be text or something else", hint)
        return _resolve(text)

    def _until(self, end: type) -> Iterator[Any]:
        while not isinstance(event := self._parser.get_event(), end):
            yield event

    def _refuse(self, event: Any, message: str, hint: str) -> NoReturn:
        mark = event.start_mark
        raise self._error(message, place=Place(self._path, mark.line + 1, mark.column + 1), hint=hint)


# Source: YAML 1.2.2, section 10.3.2 (core schema).
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL = re.compile(r"0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_SWITCHES = frozenset({"y", "n", "yes", "no", "on", "off"})  # booleans in YAML 1.1, text in 1.2
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")  # octal in YAML 1.1, decimal in 1.2


def _resolve(text: str) -> str | int | float | bool | None:
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    return float(text.replace(".inf", "inf").replace(".nan", "nan")) if _FLOAT.fullmatch(text) else text


def _kind_12(text: str) -> str:
    if text in _NULL:
        return "null"
    if text in _TRUE or text in _FALSE:
        return "bool"
    if _INT.fullmatch(text) or _HEX.fullmatch(text) or _OCTAL.fullmatch(text):
        return "int"
    return "float" if _FLOAT.fullmatch(text) else "str"


def _kind_11(text: str) -> str:
    """The type that YAML 1.1 gives, which is the one that PyYAML and so Ansible read."""
    for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            return str(tag).rpartition(":")[2]
    return "str"


def _is_read_differently(text: str) -> bool:
    if text.lower() in _SWITCHES or _LEADING_ZERO.fullmatch(text):
        return True
    return _kind_11(text) != _kind_12(text)


@dataclass(frozen=True, slots=True)
class _Fault:
    place: Place
    sentence: str
    hint: str = ""
    is_key: bool = False


def _explain(details: ErrorDetails, places: Places, base: Loc) -> _Fault:
    loc = (*base, *details["loc"])
    context: Mapping[str, Any] = details.get("ctx", {})
    place = places.at(loc)
    match details["type"]:
        case "unknown_key":
            key, known = context["key"], context["known"]
            hint = suggest(key, known, "known keys: " + ", ".join(known))
            return _Fault(places.key((*loc, key)), f"unknown key {key!r}", hint, is_key=True)
        case "missing_key":
            about = f": {context['about']}" if context["about"] else ""
            return _Fault(place, f"{context['key']!r} is missing here", f"add {context['key']!r}{about}")
        case "not_a_mapping":
            return _Fault(place, _named(loc, context["said"]), "write it as key: value")
        case "misplaced":
            find = places.key if context["at_key"] else places.at
            return _Fault(find((*loc, *context["loc"])), context["said"], context["hint"])
        case "value_error" if loc[-1:] == ("[key]",):
            return _Fault(places.key(loc[:-1]), str(context["error"]))
        case "value_error":
            return _Fault(place, _named(loc, str(context["error"])))
        case "literal_error" | "enum":
            sentence = _named(loc, _expected(str(context["expected"]), details["input"]))
            words = re.findall(r"'([^']*)'", str(context["expected"]))
            return _Fault(place, sentence, suggest(details["input"], words))
        case kind:
            return _Fault(
                place, _named(loc, _mistyped(kind, details, context)), _QUOTE_HINT if kind == "string_type" else ""
            )


_QUOTE_HINT = "if text is meant, quote it"
_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number with an end",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping (key: value)",
    "mapping_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _mistyped(kind: str, details: ErrorDetails, context: Mapping[str, Any]) -> str:
    if kind in _TYPES:
        return _expected(_TYPES[kind], details["input"])
    if kind in _BOUNDS:
        word, bound = _BOUNDS[kind]
        return f"expected {word} {context[bound]}, got {details['input']}"
    if kind in {"too_short", "too_long"}:
        word, bound = ("at least", "min_length") if kind == "too_short" else ("at most", "max_length")
        return f"expected {word} {_entries(context[bound])}, got {context['actual_length']}"
    if kind == "missing":  # of a list with a fixed number of entries; loc counts them from 0
        return f"expected at least {_entries(int(details['loc'][-1]) + 1)}, got {details['loc'][-1]}"
    message = details["msg"]
    return message[:1].lower() + message[1:]


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _named(loc: Loc, sentence: str) -> str:
    names = [part for part in loc if isinstance(part, str) and part != "[key]"]
    return f"{names[-1]}: {sentence}" if names else sentence


def _expected(what: str, got: object) -> str:
    return f"expected {what}, got {_describe(got)}"


def _mapping_of(known: Mapping[str, object]) -> str:
    return f"a mapping with the keys {', '.join(known)}" if known else "an empty mapping"


def _describe(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {value!r}" if len(value) <= 40 else f"the text {value[:37]!r}..."
        case int() | float():
            return f"the number {value}"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"
