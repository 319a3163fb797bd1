"""Bytes from a terminal to answers: pure functions that find each sent line's echo and what stands between two echoes.

It decides whether an exchange is over and whether it was what we sent; it reads from nothing and judges no answer.
Next: ``sessions.py``, which feeds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from safeshift.platforms.base import Dialogue

ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, bracketed paste
    rb"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window titles
    rb"|[()*+][0-9A-Za-z]"  # character sets
    rb"|[@-Z\\^_=><78])"  # two-byte ones
)
PAGER = re.compile(
    rb" ?(?:--+ ?\(?more\)?[^\r\n]{0,12}?--+|<--- More --->) ?(?:\x08[\x08 ]*|\r?\x1b\[K|\r +\r)?", re.IGNORECASE
)
PAGER_WAITS = re.compile(rb"(?:--+ ?\(?more\)?[^\r\n]{0,12}?--+|<--- More --->)[ \x1b\[0-9;m]*\Z", re.IGNORECASE)
PROMPT_SIGNS = re.compile(r"[#>$]")
PROMPTED = re.compile(r"^[^\n#>$]++[#>$].*$", re.MULTILINE)
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

TAIL_BYTES = 1024
"""How far back a prompt is looked for: a prompt, and behind it perhaps a console message or two."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt seen at the end of what was received: who says it, in which mode, and its exact text."""

    host: str
    mode: str
    text: str

    @property
    def privileged(self) -> bool:
        """Tell whether the device would take configuration commands (``>`` is the unprivileged sign)."""
        return not self.text.rstrip().endswith(">")


@dataclass(frozen=True, slots=True)
class Heard:
    """A block whose every echo was found: one (line, answer) pair per line, and the prompt it ended at."""

    answers: tuple[tuple[str, str], ...]
    prompt: Prompt


def clean(raw: bytes) -> str:
    """Return what a person would have read: no escapes, no pager, no controls, no carriage returns."""
    if b"\x1b" in raw or b"--" in raw:
        raw = ESCAPES.sub(b"", PAGER.sub(b"", raw))
    raw = raw.replace(b"\r", b"")
    if not raw.isascii() or CONTROLS.search(raw):
        raw = CONTROLS.sub(b"", raw)
    return raw.decode("utf-8", errors="replace")


def pager_waits(raw: bytes) -> bool:
    """Tell whether the end of what was received is a pager that waits for a key."""
    return PAGER_WAITS.search(raw) is not None


def prompt_in(text: str, dialogue: Dialogue) -> Prompt | None:
    """Return the prompt if this one line of text is a prompt and nothing else."""
    match = dialogue.prompt.search(text)
    if match is None or text[: match.start()].strip():
        return None
    return Prompt(match["host"] or "", match["mode"] or "", text)


def prompt_at_end(raw: bytes, dialogue: Dialogue) -> Prompt | None:
    """Return the prompt at the end of the received bytes, if they end in one (console noise behind it is forgiven)."""
    return prompt_in(settle_noise(clean(raw[-TAIL_BYTES:]), dialogue)[-1], dialogue)


def settle_noise(text: str, dialogue: Dialogue) -> list[str]:
    """Return the lines without noise, and rejoin the prompt that a noise line tore from what was typed behind it."""
    lines = text.split("\n")
    if dialogue.noise.search(text) is None:
        return lines
    kept: list[str] = []
    torn = False
    for line in lines:
        if line and dialogue.noise.search(line):
            torn = torn or (bool(kept) and prompt_in(kept[-1], dialogue) is not None)
            continue
        if torn:
            # The device either printed its prompt anew (then the old one goes) or went on behind the noise.
            line = line if _begins_with(line, kept[-1]) else kept[-1] + line
            kept.pop()
            torn = False
        kept.append(line)
    return kept


def _begins_with(line: str, prompt: str) -> bool:
    return bool(prompt.strip()) and line.startswith(prompt.rstrip())


def read_block(text: str, sent: Sequence[str], dialogue: Dialogue, *, synced: bool) -> Heard | None:
    """Return the answers if every sent line was echoed, in order, each behind a prompt, and a prompt ends the text.

    Args:
        text: Clean text that begins with the prompt at which the block was sent.
        synced: An empty line was sent behind the block: only the same prompt twice in a row is the end. Output that
            contains a line like the prompt, and stops there for a moment, is then not taken for the end.

    Returns:
        ``None`` when something is missing: more may come, or the echo is not what was sent.

    """
    lines = settle_noise(text, dialogue)
    last = prompt_in(lines[-1], dialogue)
    if last is None:
        return None
    end = len(lines) - 2 if synced else len(lines) - 1
    if synced and (end < 0 or lines[end] != lines[-1]):
        return None
    places = list(_echoes(lines[:end], sent, dialogue))
    if len(places) < len(sent):
        return None
    ends = [*places[1:], end]
    bodies = ("\n".join(lines[start + 1 : end]).strip("\n") for start, end in zip(places, ends, strict=True))
    return Heard(tuple(zip(sent, bodies, strict=True)), last)


def _echoes(lines: Sequence[str], sent: Sequence[str], dialogue: Dialogue) -> Iterator[int]:
    """Yield the number of the line that echoes each sent line, as far as they are found in order."""
    position = 0
    for wanted in sent:
        while position < len(lines) and not _is_echo(lines[position], wanted.strip(), dialogue):
            position += 1
        if position == len(lines):
            return
        yield position
        position += 1


def _is_echo(line: str, wanted: str, dialogue: Dialogue) -> bool:
    line = line.rstrip()
    if not line.endswith(wanted):
        return False
    # Children are sent indented, and some prompts end in a space: neither tells an echo from a prompt.
    before = line[: len(line) - len(wanted)].rstrip()
    return bool(before) and (prompt_in(before, dialogue) or prompt_in(before + " ", dialogue)) is not None


def strange_echo(text: str, sent: Sequence[str], dialogue: Dialogue) -> str | None:
    """Name the first thing typed at a prompt, by the device's account, that was never sent; ``None`` if there is none.

    A line that was doubled, wrapped or altered on the way shows up here although all echoes may have been found.
    """
    expected = {line.strip() for line in sent}
    for line in PROMPTED.findall("\n".join(settle_noise(text, dialogue)[:-1])):
        typed = _typed(line, dialogue)
        if typed and typed not in expected:
            return typed
    return None


def _typed(line: str, dialogue: Dialogue) -> str:
    """Return what stands behind a prompt on its line, or nothing if the line does not begin with a prompt."""
    for sign in PROMPT_SIGNS.finditer(line):
        if prompt_in(line[: sign.end()], dialogue) is not None:
            return line[sign.end() :].strip()
    return ""


def prompts_in(text: str, dialogue: Dialogue) -> int:
    """Count the lines that begin with a prompt: how many lines the device has taken, and one more."""
    lines = settle_noise(text, dialogue)
    return sum(1 for line in lines if prompt_in(line, dialogue) is not None or _typed(line, dialogue))
