"""Our YAML means one thing or is refused, at the place of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import Field, StrictInt

from safeshift.errors import FabricError, InputError, PlaybookError
from safeshift.model.source import (
    MAX_ALIASES,
    MAX_BYTES,
    MAX_DEPTH,
    Duration,
    Percent,
    Rate,
    Written,
    build,
    load_source,
    parse_source,
    parse_text,
    read_source,
)


class Part(Written):
    """A thing with a name."""

    name: str = Field(description="what it is called")
    speed: Rate | None = None
    hold: Duration | None = None
    loss: Percent | None = None
    size: StrictInt = Field(default=1, ge=1, le=9)
    kind: str = Field(default="", alias="class")


class Box(Written):
    """Several things."""

    parts: tuple[Part, ...] = ()
    by_name: Mapping[str, Part] = {}
    pair: tuple[StrictInt, StrictInt] = (1, 1)


def refusal(text: str) -> tuple[str, str]:
    """The message and the hint that a text is refused with."""
    with pytest.raises(FabricError) as caught:
        parse_source(text, "box.yml", Box, FabricError)
    return str(caught.value), caught.value.hint


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("0x1F", 31),
        ("0", 0),
        ("1.5", 1.5),
        ("1.5e+3", 1500.0),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("10.0.0.0/31", "10.0.0.0/31"),
        ("1m30s", "1m30s"),
        ("yes sir", "yes sir"),
        ("no shutdown", "no shutdown"),
        ('"yes"', "yes"),
        ("'012'", "012"),
        ("|\n  on\n", "on\n"),
    ],
)
def test_scalar_with_one_meaning_is_read_as_that(text: str, value: object) -> None:
    """What YAML 1.1 and 1.2 read alike is read so, and what is quoted is text."""
    read, _ = parse_text(f"a: {text}", "x.yml", FabricError)
    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "N",
        "012",
        "-07",
        "019",
        "1:20",
        "1_000",
        "0o14",
        "0b11",
        "1e3",
        "2011-04-21",
        "=",
    ],
)
def test_scalar_that_yaml_versions_read_differently_is_refused(text: str) -> None:
    """Nobody has to know which YAML version reads the file."""
    with pytest.raises(PlaybookError) as caught:
        parse_text(f"a: {text}", "x.yml", PlaybookError)
    assert str(caught.value) == (
        f"x.yml:1:4: YAML versions read {text!r} differently; it could be text or something else"
    )
    assert caught.value.hint.endswith(f'quote it: "{text}"')


def test_scalar_that_is_ambiguous_is_refused_as_a_key_too() -> None:
    """``on:`` is the classic one."""
    with pytest.raises(PlaybookError, match=r"x\.yml:1:1: YAML versions read 'on' differently"):
        parse_text("on: 1", "x.yml", PlaybookError)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "a: 1\nb: 2\na: 3",
            "3:1: the key 'a' is here twice (first in line 1)",
            "line 1 has it first: remove one of the two",
        ),
        ("- !vault x", "1:3: tags are not read here: '!vault'", "remove it; a password belongs in the inventory"),
        (
            "a: 1\n---\nb: 2",
            "2:1: a second YAML document starts here; one file holds one",
            "write it into a file of its own",
        ),
        (
            "a: {{ name }}",
            "1:5: a key must be a word, not a list, a mapping or an alias",
            'a value that starts with {{ must be quoted: "{{ name }}"',
        ),
        ("? [a]\n: 1", "1:3: a key must be a word, not a list, a mapping or an alias", "use text as the key"),
        ("true: 1", "1:1: a key must be text, not true", 'quote it: "true"'),
        ("a: *b", "1:4: the alias *b stands before or inside its anchor", "set the anchor first"),
        ("a: &b [*b]", "1:8: the alias *b stands before or inside its anchor", "set the anchor first"),
        ("<<: {}", "1:1: YAML versions read '<<' differently; it could be text or something else", 'quote it: "<<"'),
    ],
)
def test_yaml_that_is_not_for_us_is_refused_with_place_and_hint(text: str, message: str, hint: str) -> None:
    """Duplicate keys, tags, second documents, unquoted templates and loose aliases each get one clear sentence."""
    with pytest.raises(PlaybookError) as caught:
        parse_text(text, "x.yml", PlaybookError)
    assert (str(caught.value), caught.value.hint) == (f"x.yml:{message}", hint)


@pytest.mark.parametrize(("text", "place"), [("a: [1,", "x.yml:"), ("a:\n\t- b", "x.yml:2:1"), ("a: 'b", "x.yml:1:")])
def test_text_that_is_no_yaml_is_refused_where_the_parser_stopped(text: str, place: str) -> None:
    """The parser's own words are kept, with a place and something to do."""
    with pytest.raises(PlaybookError) as caught:
        parse_text(text, "x.yml", PlaybookError)
    assert str(caught.value).startswith(place)
    assert "this is not YAML" in str(caught.value)
    assert caught.value.hint


def test_control_character_is_refused() -> None:
    """What a terminal left in the file is named for what it is."""
    with pytest.raises(PlaybookError, match="a character that YAML forbids"):
        parse_text("a: \x1b[0m", "x.yml", PlaybookError)


def test_aliases_of_aliases_are_refused_before_they_grow() -> None:
    """Ten lines that stand for a hundred million values end the reading, not the machine."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(InputError, match="more than 200000 values once aliases are followed"):
        parse_text("\n".join(lines), "x.yml", InputError)


def test_limits_on_depth_and_aliases_hold() -> None:
    """The limit itself is allowed, one more is not."""
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_text(deep, "x.yml", InputError)
    with pytest.raises(InputError, match="more than 50 lists and mappings inside one another"):
        parse_text(f"[{deep}]", "x.yml", InputError)
    assert parse_text(f"- &a x\n{'- *a' + chr(10)}" * 1 + "- *a\n" * (MAX_ALIASES - 1), "x.yml", InputError)
    with pytest.raises(InputError, match="more than 100 aliases in one file"):
        parse_text("- &a x\n" + "- *a\n" * (MAX_ALIASES + 1), "x.yml", InputError)


def test_alias_is_read_as_what_it_stands_for() -> None:
    """An anchor used twice gives the value twice; its parts stand where they were written."""
    value, places = parse_text("a: &x {speed: 1G}\nb: *x", "x.yml", InputError)
    assert value == {"a": {"speed": "1G"}, "b": {"speed": "1G"}}
    assert str(places.at(("b", "speed"))) == "x.yml:1:15"
    assert str(places.key(("b",))) == "x.yml:2:1"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("parts: [{name: a, sped: 1G}]", "1:19: unknown key 'sped'", "did you mean 'speed'?"),
        ("parts: [{name: a, clas: b}]", "1:19: unknown key 'clas'", "did you mean 'class'?"),
        ("parts: [{zebra: 1}]", "1:10: unknown key 'zebra'", "known keys: name, speed, hold, loss, size, class"),
        ("parts: [{speed: 1G}]", "1:9: 'name' is missing here", "add 'name': what it is called"),
        ("parts: [{name: 5}]", "1:16: name: expected text, got the number 5", "if text is meant, quote it"),
        ("parts: [{name: ~}]", "1:16: name: expected text, got nothing", "if text is meant, quote it"),
        ("parts: [{name: a, size: 0}]", "1:25: size: expected at least 1, got 0", ""),
        ("parts: [{name: a, size: 10}]", "1:25: size: expected at most 9, got 10", ""),
        ("parts: [{name: a, size: true}]", "1:25: size: expected a whole number, got true", ""),
        ("parts: [{name: a, size: '1'}]", "1:25: size: expected a whole number, got the text '1'", ""),
        (
            "parts: [{name: a, speed: 1X}]",
            "1:26: speed: '1X' is not a rate; write a number with k, M, G or T: 100G",
            "",
        ),
        ("parts: [{name: a, speed: -1}]", "1:26: speed: expected at least 0, got -1", ""),
        (
            "parts: [{name: a, hold: 5}]",
            "1:25: hold: '5' is not a duration; write a number with a unit: 200ms, 5s, 2m, 1h",
            "",
        ),
        (
            "parts: [{name: a, loss: 1}]",
            "1:25: loss: '1' is not a percentage; write a number from 0 to 100 with %: 1%",
            "",
        ),
        ("parts: {}", "1:8: parts: expected a list, got a mapping", ""),
        (
            "parts: [x]",
            "1:9: parts: expected a mapping with the keys name, speed, hold, loss, size, class, got the text 'x'",
            "write it as key: value",
        ),
        ("by_name: []", "1:10: by_name: expected a mapping (key: value), got a list", ""),
        ("by_name:\n  a:\n    name: b\n    nme: c", "4:5: unknown key 'nme'", "did you mean 'name'?"),
        ("pair: [1]", "1:7: pair: expected at least 2 entries, got 1", ""),
        ("pair: [1, 2, 3]", "1:7: pair: expected at most 2 entries, got 3", ""),
        ("x", "1:1: expected a mapping with the keys parts, by_name, pair, got the text 'x'", "write it as key: value"),
    ],
)
def test_value_that_does_not_fit_its_model_is_refused_with_place_and_hint(text: str, message: str, hint: str) -> None:
    """Unknown and missing keys, wrong types and ranges: one sentence, the place of the node, what to do."""
    assert refusal(text) == (f"box.yml:{message}", hint)


def test_unknown_key_is_told_before_what_it_causes() -> None:
    """A misspelt key makes another one missing: the spelling is the fault."""
    assert refusal("pair: [0, x]\nparts: [{nam: a}]")[0] == "box.yml:2:10: unknown key 'nam'"


def test_good_text_becomes_the_model() -> None:
    """Rates, durations and shares come out in bit/s, seconds and 0 to 1."""
    box = parse_source("parts: [{name: a, speed: 2.5G, hold: 1m, loss: 1%, class: b}]", "box.yml", Box, FabricError)
    assert box.parts == (
        Part.model_validate({"name": "a", "speed": 2_500_000_000, "hold": "60s", "loss": "1 %", "class": "b"}),
    )
    assert (box.parts[0].speed, box.parts[0].hold, box.parts[0].loss) == (2_500_000_000, 60.0, 0.01)


def test_build_names_the_place_inside_of_the_whole_file() -> None:
    """A part of a file that is validated by itself still has its place in the file."""
    value, places = parse_text("plays:\n  - parts:\n      - {name: a, sped: 1}\n", "play.yml", PlaybookError)
    assert isinstance(value, dict)
    with pytest.raises(PlaybookError, match=r"play\.yml:3:19: unknown key 'sped'"):
        build(Box, value["plays"][0], places, error=PlaybookError, loc=("plays", 0))


def test_place_of_what_is_not_there_is_that_of_what_is_around_it() -> None:
    """A loc that goes deeper than the file ends where the file does."""
    _, places = parse_text("a:\n  - b: 1", "x.yml", InputError)
    assert str(places.at(("a", 0, "c"))) == "x.yml:2:5"
    assert str(places.at()) == "x.yml:1:1"
    assert str(places.key(("a", 0))) == "x.yml:2:5"


def test_file_is_read_with_its_own_name_in_errors(tmp_path: Path) -> None:
    """What is loaded from a path is refused under that path."""
    path = tmp_path / "box.yml"
    path.write_text("\ufeffpair: [3, 4]\n", encoding="utf-8")
    assert load_source(path, Box, FabricError).pair == (3, 4)
    path.write_text("pears: 1\n")
    with pytest.raises(FabricError) as caught:
        load_source(path, Box, FabricError)
    assert str(caught.value) == f"{path}:1:1: unknown key 'pears'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"# only words\n", "the file is empty"),
        (b"a: 1\nb: \xff\n", ":2: this is not UTF-8 text"),
        (b"#" * (MAX_BYTES + 1), "the file is larger than 1 MiB"),
    ],
)
def test_file_that_cannot_be_text_of_ours_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Empty, binary and huge files are named as such."""
    path = tmp_path / "box.yml"
    path.write_bytes(content)
    with pytest.raises(FabricError, match=message):
        read_source(path, FabricError)


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A wrong path, and a folder for a file, say so."""
    with pytest.raises(FabricError, match="cannot read this file: no such file or directory"):
        read_source(tmp_path / "none.yml", FabricError)
    with pytest.raises(FabricError, match="cannot read this file: is a directory"):
        read_source(tmp_path, FabricError)
