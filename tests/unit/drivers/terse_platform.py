"""A platform as small as the scripted device: its dialogue, its reads, and a guard of each style."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from safeshift.fabric.state import RouterState
from safeshift.platforms.base import Dialogue, GuardCommands, GuardStyle, Lines, PendingGuard

DIALOGUE = Dialogue(
    prompt=re.compile(r"(?:^|\n)(?P<host>[\w.-]+)(?:\((?P<mode>[\w./-]+)\))?[#>]$"),
    setup=("terminal width 511", "terminal length 0"),
    refusals=re.compile(r"(?m)^% ?(?:Invalid|Incomplete|Error|Nothing)"),
    questions=re.compile(r"\[confirm\]\s*$"),
    enter_config="configure terminal",
    leave_config="end",
    show_config="show running-config",
    save="write memory",
    saved=re.compile(r"Copy completed"),
    noise=re.compile(r"^\*?\w{3} +\d+ [\d:.]+: %[A-Z_]+-\d-"),
)


@dataclass
class TersePlatform:
    """Reads are whatever begins with ``show`` or ``ping``."""

    name: str = "arista_eos"
    title: str = "Terse OS"
    dialogue: Dialogue = field(default=DIALOGUE)
    guard_style: GuardStyle = GuardStyle.NONE
    guard_unit_s: int = 1
    guard_pending: Lines = ()
    counters_refresh_s: float = 1.0
    facts: Lines = ()

    def normalise(self, text: str) -> str:
        return "".join(f"{line.rstrip()}\n" for line in text.split("\n"))

    def is_read(self, command: str) -> bool:
        return command.split()[0] in ("show", "ping")

    def parse_pending(self, answers: Sequence[str]) -> PendingGuard | None:
        return None

    def guard(self, change: str, seconds: int) -> GuardCommands:
        return GuardCommands(GuardStyle.NONE, ())

    def guard_available(self, config: str) -> bool:
        return False

    def read_meaning(self, config: str) -> RouterState:
        raise NotImplementedError

    def apply(self, config: str, lines: Sequence[str]) -> str:
        raise NotImplementedError

    def remediate(self, config: str, target: str) -> Lines:
        raise NotImplementedError

    def drain_lines(self, state: RouterState, config: str, *, method: str) -> Lines:
        raise NotImplementedError

    def undrain_lines(self, state: RouterState, config: str, *, method: str) -> Lines:
        raise NotImplementedError

    def speed_lines(self, interface: str, speed: int) -> Lines:
        raise NotImplementedError

    def ping_command(self, target: str, *, count: int, source: str | None, timeout_s: int) -> str:
        raise NotImplementedError

    def parse_ping(self, answer: str) -> tuple[int, int, tuple[float, ...]]:
        raise NotImplementedError

    def parse_facts(self, command: str, answer: str) -> tuple[dict[str, str], ...]:
        raise NotImplementedError

    def parse_counters(self, answer: str) -> tuple[int, int]:
        raise NotImplementedError

    def counters_command(self, interface: str) -> str:
        raise NotImplementedError
