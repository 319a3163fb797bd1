"""One logged-in terminal: blocks of lines go out, their answers come back, each line's echo checked.

It decides when an exchange is over and whether it is to be believed; a session that once was odd is never used again.
It knows nothing of guards, retries or logins. Next: ``netmiko_driver.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from safeshift.clock import Clock
from safeshift.drivers import wire
from safeshift.drivers.errormap import FOREIGN_ERRORS, Phase, doubt, translate
from safeshift.errors import DeviceError
from safeshift.platforms.base import Dialogue

BLOCK_LINES = 100
BLOCK_BYTES = 4096
"""One block is written without reading: a peer that echoes stops reading when nobody reads it (measured)."""
ANSWER_BYTES = 10 * 1024 * 1024
"""No answer that is worth reading is longer; endless output must not fill the memory."""
ODD_S = 0.5
"""A device that gave a prompt for every line, but not every echo, has this long to say something else."""
NUDGE_S = 2.0
"""Some terminals stay silent after login until a key is pressed."""


class Link(Protocol):
    """An open terminal channel: what a session needs of netmiko."""

    where: str

    def write(self, text: str) -> None:
        """Send text; may block while the peer does not read."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """Return what came, at least one byte; empty when the peer closed. Raises ``TimeoutError``."""
        ...

    def is_open(self) -> bool:
        """Tell whether nothing is known against it."""
        ...

    def waiting(self) -> bool:
        """Tell whether bytes have come that were not read."""
        ...

    def close(self) -> None:
        """Close it at once; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A block under way: what was sent of it, what is still to be sent, and until when it must be done."""

    block: tuple[str, ...]
    rest: tuple[tuple[str, ...], ...]
    phase: Phase
    synced: bool
    started: float
    deadline: float


class Session:
    """One terminal on one device. Not thread-safe: its driver lets one exchange through at a time."""

    def __init__(self, link: Link, dialogue: Dialogue, *, device: str, clock: Clock) -> None:
        self.link = link
        self.dialogue = dialogue
        self.device = device
        self.clock = clock
        self.host = ""
        self.prompt = wire.Prompt("", "", "")
        self.prepared = False
        self._believed = True

    @property
    def mode(self) -> str:
        """Return the configuration mode of the last prompt; empty in exec mode."""
        return self.prompt.mode

    def is_usable(self) -> bool:
        """Tell whether the session is open, was never odd, and has nothing to say that nobody asked for."""
        return self._believed and self.link.is_open() and not self._chatter()

    def close(self) -> None:
        """End the session; never raises."""
        self._believed = False
        self.link.close()

    def greet(self, *, deadline_s: float) -> None:
        """Read the first prompt, whatever banner stands before it.

        Raises:
            ConnectError: none came.

        """
        deadline = self.clock.monotonic() + deadline_s
        heard = b""
        nudged = False
        while (prompt := wire.prompt_at_end(heard, self.dialogue)) is None or self.link.waiting():
            wait_s = deadline - self.clock.monotonic()
            try:
                heard += self._receive(wait_s if nudged else min(NUDGE_S, wait_s), Phase.LOGIN)
            except TimeoutError as error:
                if nudged:
                    text = wire.clean(heard).strip()[-80:]
                    raise self._odd(Phase.LOGIN, f"no prompt after the login (last words: {text!r})") from error
                self._write("\n", Phase.LOGIN)
                nudged = True
        self.prompt, self.host = prompt, prompt.host

    def answer_question(self, command: str, secret: str, *, asks: str, deadline_s: float) -> str:
        """Send a command that may ask for a secret, give the secret, and return what was said before the prompt.

        Args:
            asks: How the question ends, lower case, e.g. ``ssword:``.

        """
        deadline = self.clock.monotonic() + deadline_s
        self._write(command + "\n", Phase.LOGIN)
        heard, given = b"", False
        while True:
            try:
                heard += self._receive(deadline - self.clock.monotonic(), Phase.LOGIN)
            except TimeoutError as error:
                raise self._odd(Phase.LOGIN, f"no answer to {command!r}") from error
            text = wire.clean(heard)
            if text.rstrip().lower().endswith(asks):
                if given:  # it asks again: the secret is wrong, and more tries could lock the account
                    self.close()
                    return text.strip()
                self._write(secret + "\n", Phase.LOGIN)
                given, heard = True, b""
            elif (prompt := wire.prompt_at_end(heard, self.dialogue)) is not None:
                self.prompt = prompt
                return "\n".join(text.split("\n")[:-1]).strip()

    def exchange(
        self, lines: Sequence[str], *, phase: Phase, deadline_s: float, at_once: int = BLOCK_LINES
    ) -> tuple[tuple[str, str], ...]:
        """Send lines in blocks and return each with its answer; a refused write ends it behind its block.

        Args:
            at_once: Lines that are sent before an answer is awaited; one for a device that was odd before, so that
                nothing is typed ahead that its pager could swallow.

        Raises:
            ConnectionLostError, OutcomeUnknownError: by phase; the session is not usable any more.

        """
        return self.collect(self.begin(lines, phase=phase, deadline_s=deadline_s, at_once=at_once))

    def begin(self, lines: Sequence[str], *, phase: Phase, deadline_s: float, at_once: int = BLOCK_LINES) -> Sent:
        """Write the first block and return without reading; ``collect`` must follow."""
        now = self.clock.monotonic()
        first, *rest = _blocks(lines, at_once)
        synced = phase is Phase.READ and at_once > 1
        sent = Sent(first, tuple(rest), phase, synced, now, now + deadline_s)
        self._write_block(sent)
        return sent

    def collect(self, sent: Sent) -> tuple[tuple[str, str], ...]:
        """Read the answers to a block, then send and read the blocks that remain."""
        answers = self._hear(sent)
        for index, block in enumerate(sent.rest, start=1):
            if sent.phase is Phase.WRITE and self.first_refused(answers) is not None:
                break
            following = replace(sent, block=block, rest=sent.rest[index:])
            self._write_block(following)
            answers += self._hear(following)
        return answers

    def first_refused(self, answers: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
        """Return the first line whose answer is a refusal, with the answer."""
        return next((pair for pair in answers if pair[1] and self.dialogue.refusals.search(pair[1])), None)

    def _hear(self, sent: Sent) -> tuple[tuple[str, str], ...]:
        received = bytearray()
        start = self.prompt.text
        while True:
            self._receive_more(received, sent, start)
            if len(received) > ANSWER_BYTES:
                raise self._odd(sent.phase, f"more than {ANSWER_BYTES} bytes came as the answer to {sent.block[-1]!r}")
            if wire.pager_waits(bytes(received[-wire.TAIL_BYTES :])):
                if sent.synced or len(sent.block) > 1:
                    raise self._odd(sent.phase, "pages its output, which swallows what was typed ahead")
                self._write(" ", sent.phase)
                continue
            heard = self._whole(received, sent, start)
            if heard is not None:
                self.prompt = heard.prompt
                return heard.answers

    def _receive_more(self, received: bytearray, sent: Sent, start: str) -> None:
        while True:
            left_s = sent.deadline - self.clock.monotonic()
            # Bytes that are here already are read even when the time is over: late is still an answer.
            try:
                received += self._receive(0.05 if self.link.waiting() else min(left_s, ODD_S), sent.phase)
                return
            except TimeoutError as error:
                if left_s <= ODD_S or self._asks(received) or self._gave_all_prompts(received, sent, start):
                    raise self._odd(sent.phase, self._complaint(received, sent, start)) from error

    def _whole(self, received: bytearray, sent: Sent, start: str) -> wire.Heard | None:
        if received.count(b"\n") < len(sent.block) + sent.synced or self.link.waiting():  # cheap, and mostly true
            return None
        prompt = wire.prompt_at_end(bytes(received[-wire.TAIL_BYTES :]), self.dialogue)
        if prompt is None or not self._same_host(prompt.host):
            return None
        text = start + wire.clean(bytes(received))
        heard = wire.read_block(text, sent.block, self.dialogue, synced=sent.synced)
        if heard is not None and sent.phase is Phase.WRITE:
            strange = wire.strange_echo(text, sent.block, self.dialogue)
            if strange is not None:
                raise self._odd(sent.phase, f"echoed {strange!r}, which was not sent")
        return heard

    def _gave_all_prompts(self, received: bytearray, sent: Sent, start: str) -> bool:
        if not received or wire.prompt_at_end(bytes(received[-wire.TAIL_BYTES :]), self.dialogue) is None:
            return False
        return wire.prompts_in(start + wire.clean(bytes(received)), self.dialogue) > len(sent.block)

    def _complaint(self, received: bytearray, sent: Sent, start: str) -> str:
        if not received:
            return f"said nothing to {sent.block[0]!r}"
        text = start + wire.clean(bytes(received))
        if self._asks(received):
            return f"asked a question: {text.splitlines()[-1]!r}"
        if self._gave_all_prompts(received, sent, start):
            return f"did not echo what was sent; its last words: {text.strip()[-80:]!r}"
        return f"did not finish its answer to {sent.block[-1]!r} in time; its last words: {text.strip()[-80:]!r}"

    def _asks(self, received: bytearray) -> bool:
        last = wire.clean(bytes(received[-200:])).split("\n")[-1]
        return bool(last.strip()) and self.dialogue.questions.search(last) is not None

    def _same_host(self, host: str) -> bool:
        # IOS shows only the first 20 characters of a long name in its configuration modes.
        return host == self.host or (len(host) >= 16 and self.host.startswith(host))

    def _write_block(self, sent: Sent) -> None:
        sync = "\n" if sent.synced else ""
        self._write("".join(line + "\n" for line in sent.block) + sync, sent.phase)

    def _write(self, text: str, phase: Phase) -> None:
        try:
            self.link.write(text)
        except FOREIGN_ERRORS as error:
            self.close()
            raise translate(error, device=self.device, phase=phase, where=self.link.where) from error

    def _receive(self, timeout_s: float, phase: Phase) -> bytes:
        """Return what came.

        Raises:
            TimeoutError: nothing came in time.

        """
        try:
            data = self.link.read(max(timeout_s, 0.0))
        except TimeoutError:
            raise
        except FOREIGN_ERRORS as error:
            self.close()
            raise translate(error, device=self.device, phase=phase, where=self.link.where) from error
        if not data:
            self.close()
            raise doubt(self.device, phase, f"{self.link.where} closed the session")
        return data

    def _chatter(self) -> bool:
        """Read what came unasked; true unless it is noise and prompts: then nobody knows what the next answer means."""
        heard = b""
        while self.link.waiting():
            try:
                heard += self._receive(0.05, Phase.READ)
            except (TimeoutError, DeviceError):
                return True
        if not heard:
            return False
        lines = wire.settle_noise(self.prompt.text + wire.clean(heard), self.dialogue)
        return any(line.strip() and wire.prompt_in(line, self.dialogue) is None for line in lines)

    def _odd(self, phase: Phase, message: str) -> DeviceError:
        self.close()
        return doubt(self.device, phase, message)


def fits_one_block(lines: Sequence[str]) -> bool:
    """Tell whether lines can be sent without reading in between."""
    return len(list(_blocks(lines, BLOCK_LINES))) == 1


def _blocks(lines: Sequence[str], at_once: int) -> Iterator[tuple[str, ...]]:
    """Cut lines into blocks that may be written without reading; at least one block, each with at least one line."""
    block: list[str] = []
    size = 0
    for line in lines:
        length = len(line.encode()) + 1
        if block and (len(block) >= at_once or size + length > BLOCK_BYTES):
            yield tuple(block)
            block, size = [], 0
        block.append(line)
        size += length
    yield tuple(block)
