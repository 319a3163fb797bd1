"""What network devices share: exec and configuration modes, abbreviations, output filters, help.

Decides what a typed line is (command, configuration, filter) and hands it on; prompts, wording and tables are the
vendors'. Read ``eos.py`` and ``ios.py`` next.
"""

from __future__ import annotations

import inspect
import re
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from safeshift.lab.dialects.base import Wire
from safeshift.lab.dialects.configtree import Node, section_lines
from safeshift.lab.dialects.grammar import Argument, Grammar, LineError, Match, Word, split_words
from safeshift.lab.dialects.language import ROOT, Done, Language, Place, Refusal, banner_closer
from safeshift.lab.dialects.terminal import Terminal
from safeshift.lab.faults import FaultKind

if TYPE_CHECKING:
    from safeshift.lab.device import Device


@dataclass(frozen=True, slots=True)
class Command:
    """An exec command: its template, what runs it, whether it works before ``enable``, and its structured form."""

    template: str
    run: Callable[[Any, Match[Command]], str | Awaitable[str]]
    open: bool = False
    json: Callable[[Any, Match[Command]], object] | None = None


@dataclass(slots=True)
class Editing:
    """Where in a configuration lines go, and how many were taken."""

    places: tuple[Place, ...] = (Place(ROOT),)
    taken: int = 0


class RouterTerminal(Terminal):
    """A session on a router."""

    language: ClassVar[Language]
    commands: ClassVar[Grammar[Command]]
    open_commands: ClassVar[Grammar[Command]]

    def __init__(self, device: Device, wire: Wire) -> None:
        super().__init__(device, wire)
        self.privileged = not device.spec.needs_enable
        self.editing: Editing | None = None
        self.page_length = 24

    # What a vendor decides -------------------------------------------------------------------------------------------

    def edited(self) -> Node:
        """Return the configuration that lines edit now."""
        return self.device.running

    @abstractmethod
    def complain(self, error: LineError, words: tuple[Word, ...], line: str) -> str:
        """Word one of the three ways in which a line can be wrong."""

    @abstractmethod
    async def control(self, words: tuple[Word, ...], line: str) -> str | None:
        """Carry out what is no configuration but may be typed in configuration mode; None: it is none of these."""

    @abstractmethod
    def applied(self, done: Done) -> str:
        """Act on a configuration line that was taken; return what the device says."""

    # Lines -----------------------------------------------------------------------------------------------------------

    def mode(self) -> str:
        """See ``Terminal``."""
        if self.editing is not None:
            return self.editing.places[-1].mode
        return "enable" if self.privileged else "exec"

    async def execute(self, line: str) -> str:
        """See ``Terminal``."""
        words = split_words(line)
        if words[0].text.startswith("!"):
            return ""
        if self.editing is None:
            return await self.run_command(words, line)
        answer = await self.control(words, line)
        if answer is None:
            answer = await self.configure(words, line)
        return answer

    async def run_command(self, words: tuple[Word, ...], line: str) -> str:
        """Carry out an exec command, with its output filter."""
        words, filters = _split_filters(words)
        grammar = self.commands if self.privileged else self.open_commands
        try:
            match = grammar.match([word.text for word in words])
        except LineError as error:
            return self.complain(error, words, line)
        return await self.run_match(match, filters)

    async def run_match(self, match: Match[Command], filters: tuple[tuple[str, ...], ...]) -> str:
        """Run a command that was understood."""
        answer = match.rule.run(self, match)
        text = await answer if inspect.isawaitable(answer) else answer
        assert isinstance(text, str)
        for name, *pattern in filters:
            text = filter_output(text, name, " ".join(pattern))
        return text

    async def configure(self, words: tuple[Word, ...], line: str) -> str:
        """Take one configuration line."""
        editing = self.editing
        assert editing is not None
        closer = banner_closer(line.strip())
        if closer is not None:
            return await self._take_block(line.strip(), closer)
        faults = self.device.faults
        half = faults.active(FaultKind.APPLY_HALF)
        if half is not None and self.edited() is self.device.running and editing.taken >= half.lines:
            return self._settle(line, "% Internal error: configuration database is locked", accepted=False)
        if faults.due(FaultKind.IGNORE, line):
            return self._settle(line, "", accepted=True)
        try:
            done = self.language.edit(self.edited(), editing.places, [word.text for word in words])
        except LineError as error:
            return self._settle(line, self.complain(error, words, line), accepted=False)
        except Refusal as refusal:
            return self._settle(line, refusal.text, accepted=False)
        editing.places = done.places
        editing.taken += 1
        self._settle(line, "", accepted=True)
        return self.applied(done)

    async def _take_block(self, line: str, closer: str) -> str:
        """Read a banner's text up to its end."""
        assert self.editing is not None
        text = [line]
        if closer != "EOF":
            self.emit(f"Enter TEXT message.  End with the character '{closer}'.\n")
        while True:
            text.append(await self.read_line())
            if closer in text[-1]:
                break
        block = "\n".join(text)
        self.language.put_block(self.edited(), block)
        self._settle(line, "", accepted=True)
        return self.applied(Done(self.editing.places, block))

    def _settle(self, line: str, answer: str, *, accepted: bool) -> str:
        self.device.log_settled(self.number, self.user, line.strip(), answer.strip(), accepted=accepted)
        return answer

    def refuse(self, line: str, text: str) -> str:
        """See ``Terminal``."""
        if self.editing is not None:
            self._settle(line, text, accepted=False)
        return text or self.complain(LineError(0, line.split()[0]), split_words(line), line)

    # Help ------------------------------------------------------------------------------------------------------------

    def helped(self, typed: str) -> str | None:
        """See ``Terminal``."""
        words, start = self._typed_words(typed)
        listed = self._next_words(words, start)
        if not listed:
            return "% Unrecognized command\n"
        return "".join(f"  {word}\n" for word in listed)

    def completed(self, typed: str) -> str:
        """See ``Terminal``."""
        words, start = self._typed_words(typed)
        listed = [word for word in self._next_words(words, start) if not word.startswith("<")]
        return f"{typed}{listed[0][len(start) :]} " if start and len(listed) == 1 else typed

    def _typed_words(self, typed: str) -> tuple[list[str], str]:
        words = [word.text for word in split_words(typed)]
        start = "" if not typed or typed.endswith(" ") else words.pop()
        return words, start

    def _next_words(self, words: list[str], start: str) -> tuple[str, ...]:
        if self.editing is not None:
            return self.language.next_words(self.editing.places, words, start)
        return (self.commands if self.privileged else self.open_commands).next_words(words, start)


# Output filters -------------------------------------------------------------------------------------------------------

_FILTERS = ("include", "exclude", "begin", "section", "json", "no-more", "nz", "count", "redirect", "append", "tee")


def _split_filters(words: tuple[Word, ...]) -> tuple[tuple[Word, ...], tuple[tuple[str, ...], ...]]:
    """Split a line at its pipes; a pipe without a known filter behind it is an ordinary word."""
    parts: list[list[Word]] = [[]]
    for at, word in enumerate(words):
        if word.text == "|" and at + 1 < len(words) and (len(parts) == 1 or _filter_named(words[at + 1].text)):
            parts.append([])
        else:
            parts[-1].append(word)
    filters = tuple((_filter_named(part[0].text), *(word.text for word in part[1:])) for part in parts[1:])
    return tuple(parts[0]), filters


def _filter_named(text: str) -> str:
    found = [name for name in _FILTERS if name.startswith(text.lower())]
    return found[0] if found else ""


def command_tables(
    commands: Sequence[Command], kinds: dict[str, Argument]
) -> tuple[Grammar[Command], Grammar[Command]]:
    """Make the grammars of all commands, and of those that work before ``enable``."""
    every = [(command.template, command) for command in commands]
    return Grammar(every, kinds), Grammar([pair for pair in every if pair[1].open], kinds)


def filter_output(text: str, name: str, pattern: str) -> str:
    """Apply one output filter; ``json`` and ``no-more`` are not filters of text and leave it alone."""
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    try:
        wanted = re.compile(pattern.strip('"'))
    except re.error:
        return "% Invalid regular expression\n"
    match name:
        case "include":
            kept = [line for line in lines if wanted.search(line)]
        case "exclude":
            kept = [line for line in lines if not wanted.search(line)]
        case "begin":
            first = next((at for at, line in enumerate(lines) if wanted.search(line)), len(lines))
            kept = lines[first:]
        case "section":
            kept = list(section_lines(lines, wanted))
        case "count":
            kept = [f"Count: {sum(1 for line in lines if wanted.search(line))} lines"]
        case _:
            kept = lines
    return "".join(f"{line}\n" for line in kept)
