"""What a device sends can be read, and can do nothing to the reader's terminal."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from safeshift.reporting.lines import Line, Tone, printable, write


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("core1\x1b[31;1m#\x1b[0m", "core1#"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]52;c;cm0gLXJmIC8=\x1b\\clipboard", "clipboard"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jc1", "c1"),
        ("never ended \x1b]0;title", "never ended 0;title"),
        ("one\r\ntwo\tthree\u2028four", "one two three four"),
        ("back\x08\x00\x7fspace", "backspace"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("zürich ok", "zürich ok"),
    ],
)
def test_printable_takes_out_what_steers_a_terminal(raw: str, shown: str) -> None:
    """Colours, titles, links, the clipboard, cursor moves, hidden and turned text all go; the words stay."""
    assert printable(raw) == shown


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x2100)))
def test_printable_text_stays_as_it_is_and_is_one_line(raw: str) -> None:
    """Once printable, a text is never changed again, and is never more than one line."""
    once = printable(raw)
    assert printable(once) == once
    assert len(once.splitlines()) <= 1
    assert "\x1b" not in once


def test_written_lines_are_plain_where_there_is_no_terminal() -> None:
    """A file or a pipe gets text without colours, and long lines whole."""
    out = io.StringIO()
    write(Console(file=out, width=20), [Line("x" * 50, Tone.BAD, 2), Line("[bold]not markup[/]")])
    assert out.getvalue() == "    " + "x" * 50 + "\n[bold]not markup[/]\n"


def test_written_lines_are_coloured_on_a_terminal() -> None:
    """Where there is a terminal the tone is seen."""
    out = io.StringIO()
    write(Console(file=out, force_terminal=True, color_system="standard"), [Line("bad", Tone.BAD)])
    assert out.getvalue() == "\x1b[1;31mbad\x1b[0m\n"


def test_written_lines_survive_a_terminal_that_knows_only_ascii() -> None:
    """A device may say what the terminal cannot show; that is no reason to fail."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", write_through=True) as out:
        write(Console(file=out), [Line("zürich")])
        assert raw.getvalue() == b"z\\xfcrich\n"
