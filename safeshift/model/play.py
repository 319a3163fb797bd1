"""What a playbook is: plays, stages and steps, their templates as written.

What needs a host to be known is rendered, and checked against these same models, when the plan is made. Next:
``playbook.py`` (how it is read), ``steps.py`` (the arguments of each action).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from safeshift.errors import Place, PlaybookError
from safeshift.model.source import Duration, Loc, Percent, Places, Understood, Variables, Written, build
from safeshift.model.steps import ARGUMENTS, Arguments, Conditions, Names
from safeshift.units import parse_percent


def _split(written: object) -> object:
    return written.split(",") if isinstance(written, str) else written


def _batch_size(written: object) -> object:
    """Read one size as Ansible does: a number of hosts, also as text, or a share of them."""
    text = str(written).strip() if isinstance(written, int | str) and not isinstance(written, bool) else ""
    if text.endswith("%"):
        parse_percent(text)
        return text
    if not text.removeprefix("-").isdecimal():
        raise ValueError(f'{written!r} is no size of a batch: write 2 (hosts), "30%" (of them), or a list: [1, "30%"]')
    if int(text) < 1:
        raise ValueError("at least 1; leave serial out to take all hosts at once")
    return int(text)


def _reason(written: str) -> str:
    if not written.strip():
        raise ValueError("say in words why this is acceptable")
    return written


def _name(written: str) -> str:
    if not written.isidentifier():
        raise ValueError(f"{written!r} is not a name; use letters, digits and _")
    return written


Tags = Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(lambda tags: tuple(t.strip() for t in tags))]
BatchSize = Annotated[int | str, BeforeValidator(_batch_size)]
Serial = Annotated[tuple[BatchSize, ...], BeforeValidator(lambda w: w if isinstance(w, list) else [w])]
Name = Annotated[str, AfterValidator(_name)]


class MaxShare(Written):
    """An upper limit, as a share."""

    max: Percent = Field(description="the limit, as 1%")


class Verify(Written):
    """What must hold around each move; what is not written has the default of ``planning.plan.Checks``."""

    require: Names | None = None
    loss: MaxShare | None = None
    utilisation: MaxShare | None = None
    settle: Duration | None = None
    soak: Duration | None = None
    hold: Duration | None = None
    freshness: Duration | None = None
    observer_grace: Duration | None = None
    deadline: Duration | None = None


class ExposureWritten(Written):
    """The declared willingness to stand without redundancy, at most this long, for this reason."""

    max: Duration = Field(description="the longest time, as 20m")
    reason: Annotated[str, AfterValidator(_reason)] = Field(description="why this is acceptable, in words")


class Settings(Written):
    """What a play says about itself beside its steps."""

    hosts: Names = Field(description="a host pattern, as in Ansible")
    serial: Serial | None = None
    verify: Verify = Verify()
    guard: Duration | None = None
    exposure: ExposureWritten | None = None


class PlayWords(Written):
    """The other keys of a play."""

    name: str = ""
    vars: dict[str, Any] = Field(default_factory=dict)
    vars_files: Names = ()
    tags: Tags = ()
    goal: list[Any] = Field(default_factory=list)
    stages: list[Any] = Field(description="a list of {name, steps}", min_length=1)


class StageWords(Written):
    """The keys of a stage."""

    name: str = ""
    when: Conditions = ()
    tags: Tags = ()
    steps: list[Any] = Field(description="a list of steps", min_length=1)


class LoopControl(Written):
    """How a loop names its item."""

    loop_var: Name = "item"


class StepWords(Written):
    """The keys of a step beside its action."""

    name: str = ""
    when: Conditions = ()
    loop: Any = None
    loop_control: LoopControl = LoopControl()
    vars: dict[str, Any] = Field(default_factory=dict)
    register_as: Name | None = Field(default=None, alias="register")
    tags: Tags = ()
    delegate_to: str = ""


class BlockWords(Written):
    """What stands under ``block``."""

    together: bool = Field(description="true: the steps are one move")
    steps: list[Any] = Field(description="a list of steps", min_length=1)


class Step(Understood):
    """One action, or one ``block`` of steps that are one move.

    Attributes:
        name: As written, or empty.
        action: The action key; ``block`` for a block.
        written: The arguments in their long form, templates unrendered.
        loop: The list, or the template of one; None when the step has no loop.
        loop_var: What the loop calls its item.
        register_as: The name that keeps the answer, or empty.
        steps: What a block holds.
        place: Where the step stands.
        loc: Where its arguments stand in the file's tree.
    """

    name: str
    action: str
    written: object
    place: Place
    loc: Loc
    when: tuple[str, ...] = ()
    loop: object = None
    loop_var: str = "item"
    vars: Variables = Field(default_factory=dict)
    register_as: str = ""
    tags: tuple[str, ...] = ()
    delegate_to: str = ""
    steps: tuple[Step, ...] = ()


class Stage(Understood):
    """A named group of steps."""

    name: str
    steps: tuple[Step, ...]
    when: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Play(Understood):
    """What is done to which hosts, with its checks and its goal."""

    name: str
    written: Variables
    stages: tuple[Stage, ...]
    place: Place
    loc: Loc
    vars: Variables = Field(default_factory=dict)
    tags: tuple[str, ...] = ()
    goal: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step of every stage, those inside blocks too, in order."""
        return tuple(_flatten(step for stage in self.stages for step in stage.steps))


class Playbook(Understood):
    """A playbook, and where everything in it stands."""

    path: str
    plays: tuple[Play, ...]
    places: Places

    @property
    def registered(self) -> frozenset[str]:
        """Every name under which a step keeps an answer."""
        return frozenset(step.register_as for play in self.plays for step in play.steps if step.register_as)

    def settings(self, play: Play, rendered: Mapping[str, object]) -> Settings:
        """Check what a play says about itself, once its templates are rendered.

        Raises:
            PlaybookError: with the place of what is wrong.
        """
        return build(Settings, rendered, self.places, error=PlaybookError, loc=play.loc)

    def arguments(self, step: Step, rendered: object) -> Arguments:
        """Check the arguments of a step, once their templates are rendered.

        Raises:
            PlaybookError: with the place of what is wrong.
        """
        return build(ARGUMENTS[step.action], rendered, self.places, error=PlaybookError, loc=step.loc)


def _flatten(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from step.steps
