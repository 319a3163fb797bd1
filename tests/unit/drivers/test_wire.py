"""From bytes to answers, as pure functions: what no timing on a real wire would show reliably."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safeshift.drivers.wire import Prompt, clean, pager_waits, prompt_at_end, read_block, settle_noise, strange_echo
from safeshift.platforms.cisco_ios import CISCO_IOS

NOISE = "*Nov 23 08:00:00.123: %SYS-5-CONFIG_I: Configured from console by console"
DIALOGUE = CISCO_IOS.dialogue
START = "p1#"
OUTPUT_LINES = st.lists(st.text("p1#>()ab %-\t", max_size=8), max_size=6)


def transcript(pairs: list[tuple[str, list[str]]]) -> str:
    """What a device sends for these lines and their output, from the first echo to the prompt behind the empty line."""
    said = "".join(f"{line}\r\n" + "".join(f"{text}\r\n" for text in output) + START for line, output in pairs)
    return f"{said}\r\n{START}"


@given(st.lists(OUTPUT_LINES, min_size=1, max_size=4))
def test_read_block_of_any_part_of_an_answer_is_none_or_the_whole(outputs: list[list[str]]) -> None:
    """However the bytes are cut on their way, an answer is never taken for finished before it is."""
    lines = [f"show {number}" for number in range(len(outputs))]
    prompts = [[prompt_at_end(text.encode(), DIALOGUE) is not None for text in output] for output in outputs]
    assume(not any(is_prompt[-1:] == [True] for is_prompt in prompts))  # the one thing that looks like the end
    assume(not any(a and b for is_prompt in prompts for a, b in pairwise(is_prompt)))
    said = transcript(list(zip(lines, outputs, strict=True)))
    whole = read_block(START + clean(said.encode()), lines, DIALOGUE, synced=True)
    assert whole is not None
    for end in range(len(said)):
        part = read_block(START + clean(said[:end].encode()), lines, DIALOGUE, synced=True)
        assert part is None or part.answers == whole.answers


@given(OUTPUT_LINES)
def test_read_block_gives_the_output_as_it_was(output: list[str]) -> None:
    """Between an echo and the next prompt nothing is lost or added but empty lines at the ends."""
    said = transcript([("show 1", output), ("show 2", [])])
    heard = read_block(START + clean(said.encode()), ["show 1", "show 2"], DIALOGUE, synced=True)
    assert heard is not None
    assert heard.answers == (("show 1", "\n".join(output).strip("\n")), ("show 2", ""))


@given(st.binary(max_size=300))
def test_clean_never_fails_and_leaves_no_control_characters(raw: bytes) -> None:
    """Garbage becomes harmless text: no escape reaches an operator's terminal."""
    text = clean(raw)
    assert not any((ord(sign) < 32 and sign not in "\n\t") or ord(sign) == 127 for sign in text)
    assert "\r" not in text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a\r\nb", "a\nb"),
        (b"a\r\r\nb\n\rc", "a\nb\nc"),
        (b"\x1b[?2004hn1:~$ \x1b[1;32mls\x1b[0m", "n1:~$ ls"),
        (b"\x1b]0;title\x07p1#", "p1#"),
        (b"one\r\n --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          \x08\x08\x08\x08two", "one\ntwo"),
        (b"one\r\n--More--\r\x1b[K   two", "one\n   two"),
        (b"\x00p1#\x07", "p1#"),
        ("Zürich".encode(), "Zürich"),
        (b"Z\xfcrich", "Z\ufffdrich"),
    ],
)
def test_clean_leaves_what_a_person_would_have_read(raw: bytes, text: str) -> None:
    """Line ends of every kind, escapes, pagers, controls, encodings."""
    assert clean(raw) == text


@pytest.mark.parametrize(
    "tail", [b" --More-- ", b"--More--", b"--More--\x1b[27m", b"<--- More --->", b"--(more 50%)--"]
)
def test_pager_waits_knows_the_pagers(tail: bytes) -> None:
    """What stands there when a device waits for a key."""
    assert pager_waits(b"line\r\n" + tail)
    assert not pager_waits(b"line\r\n" + tail + b"\r\nnext")


@pytest.mark.parametrize(
    ("raw", "prompt"),
    [
        (b"p1#", Prompt("p1", "", "p1#")),
        (b"banner\r\np1(config-if-Et1)#", Prompt("p1", "config-if-Et1", "p1(config-if-Et1)#")),
        (b"p1>", Prompt("p1", "", "p1>")),
        (b"p1#\r\n" + NOISE.encode() + b"\r\n", Prompt("p1", "", "p1#")),
        (b"description to p1#", None),
        (b"p1#\r\n", None),
        (b"p1#show version", None),
        (b"", None),
    ],
)
def test_prompt_at_end_is_a_prompt_alone_on_the_last_line(raw: bytes, prompt: Prompt | None) -> None:
    """Only what stands alone at the very end is a prompt; console noise behind it is forgiven."""
    assert prompt_at_end(raw, DIALOGUE) == prompt


@pytest.mark.parametrize(
    ("lines", "settled"),
    [
        (["a", NOISE, "b"], ["a", "b"]),
        (["p1#", NOISE, "show version"], ["p1#show version"]),
        (["p1#", NOISE, "p1#show version"], ["p1#show version"]),
        (["p1#", NOISE, NOISE, ""], ["p1#"]),
        ([NOISE, "p1#"], ["p1#"]),
    ],
)
def test_settle_noise_rejoins_what_a_console_message_tore(lines: list[str], settled: list[str]) -> None:
    """A message between a prompt and what is typed at it leaves no trace, with or without a prompt printed anew."""
    assert settle_noise("\n".join(lines), DIALOGUE) == settled


@pytest.mark.parametrize(
    ("echoed", "strange"),
    [
        ("p1#conf t\np1(config)#vlan 5\np1(config)#", None),
        ("p1#conf t\np1(config)#vlan 55\np1(config)#vlan 5\np1(config)#", "vlan 55"),
        ("p1#conf t\n description p1#vlan 55\np1(config)#vlan 5\np1(config)#", None),
    ],
)
def test_strange_echo_names_what_was_never_sent(echoed: str, strange: str | None) -> None:
    """A line that was altered on its way was typed all the same."""
    assert strange_echo(echoed, ["conf t", "vlan 5"], DIALOGUE) == strange
