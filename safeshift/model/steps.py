"""The arguments of every action, as written under a step's action key; nothing here says what an action does.

``ARGUMENTS`` is the list of words that a step may use; ``safeshift/actions`` gives each its meaning. Text that becomes
a command is held to one printable line here, before anything else sees it. Next: ``playbook.py``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from safeshift.model.source import Duration, Percent, Rate, Written
from safeshift.units import Seconds, Share

# Bidi controls reorder what a person reads on screen; U+2028 and U+2029 are line ends to some readers of a log.
_HIDDEN = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")

Method = Literal["ospf_max_metric", "interface_cost", "bgp_graceful_shutdown"]


def check_command_text(text: str) -> str:
    """Return ``text`` when it is one line that a device takes as it is shown to people.

    Raises:
        ValueError: it holds a line end, a control or bidi character, a TAB, or a ``?`` (which a CLI answers with help).
    """
    for character in text:
        if unicodedata.category(character) == "Cc" or character in _HIDDEN:
            raise ValueError(f"a command cannot carry the character U+{ord(character):04X}; write one entry per line")
    if "?" in text:
        raise ValueError("a command cannot carry '?': a device answers it with help instead of taking the line")
    if not text.strip():
        raise ValueError("a command cannot be empty")
    return text


def _listed(written: object) -> object:
    return written if isinstance(written, list | tuple) else [written]


def _some(entries: tuple[str, ...]) -> tuple[str, ...]:
    if not entries:
        raise ValueError("at least one entry is needed here")
    return entries


def _condition(written: object) -> object:
    return str(written) if isinstance(written, bool) else written


CommandText = Annotated[str, AfterValidator(check_command_text)]
Parents = Annotated[tuple[CommandText, ...], BeforeValidator(_listed)]
CommandLines = Annotated[Parents, AfterValidator(_some)]
Condition = Annotated[str, BeforeValidator(_condition)]
Conditions = Annotated[tuple[Condition, ...], BeforeValidator(_listed)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Arguments(Written):
    """What stands under an action key. ``short`` names the key that a bare value stands for (``pause: 10s``)."""

    short: ClassVar[str] = ""


class ShiftArguments(Arguments):
    """Move everything that crosses this router to the other routers of its own network."""

    short: ClassVar[str] = "to"
    to: str = Field(description="the network that takes the traffic: the router's own")
    method: Method = "ospf_max_metric"


class MethodArguments(Arguments):
    """Which of the platform's ways to ask the rest of the network to avoid a router."""

    short: ClassVar[str] = "method"
    method: Method = "ospf_max_metric"


class LinkSpeedArguments(Arguments):
    """The speed that both ends of some links shall run at."""

    short: ClassVar[str] = "speed"
    speed: Rate = Field(description="the speed, as 100G", gt=0)
    links: Names | None = None


class ConfigArguments(Arguments):
    """Configuration lines as a person would type them, under their parents."""

    short: ClassVar[str] = "lines"
    lines: CommandLines = Field(description="the configuration lines, in the order typed")
    parents: Parents = ()


class CommandArguments(Arguments):
    """Commands that only read."""

    short: ClassVar[str] = "commands"
    commands: CommandLines = Field(description="the commands to read with")


class WaitDrainedArguments(Arguments):
    """How little traffic is none, and how long it may take to get there."""

    short: ClassVar[str] = "below"
    below: Percent = Share(0.01)
    within: Duration = Seconds(60.0)
    links: Names | None = None


class PauseArguments(Arguments):
    """A wait."""

    short: ClassVar[str] = "duration"
    duration: Duration = Field(description="how long, as 10s")


class ApproveArguments(Arguments):
    """What a person is asked before the run goes on."""

    short: ClassVar[str] = "message"
    message: str = "go on?"
    within: Duration = Seconds(3600.0)


class AssertArguments(Arguments):
    """Conditions that must all hold."""

    short: ClassVar[str] = "that"
    that: Annotated[Conditions, AfterValidator(_some)] = Field(description="the conditions that must hold")
    fail_msg: str = ""
    success_msg: str = ""


ARGUMENTS: Mapping[str, type[Arguments]] = MappingProxyType(
    {
        "shift": ShiftArguments,
        "unshift": MethodArguments,
        "drain": MethodArguments,
        "undrain": MethodArguments,
        "link_speed": LinkSpeedArguments,
        "config": ConfigArguments,
        "command": CommandArguments,
        "wait_drained": WaitDrainedArguments,
        "pause": PauseArguments,
        "approve": ApproveArguments,
        "assert": AssertArguments,
    }
)
"""Every action key that a step may have."""


def spell_out(action: str, written: object) -> object:
    """Return what is written under an action key in its long form: ``pause: 10s`` is ``{duration: 10s}``."""
    if written is None:
        return {}
    short = ARGUMENTS[action].short
    return {short: written} if short and not isinstance(written, dict) else written
