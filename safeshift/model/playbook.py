"""How a playbook file is read: its shape is checked here, its templates stay as written.

Everything that needs no host is refused here with file:line:column. An answer registered at run time may decide
(``when``, ``assert``), never become text that is sent: that rule is held here too. Next: ``play.py``, then
``planning/compile.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

from safeshift.errors import Place, PlaybookError
from safeshift.model.play import (
    BlockWords,
    Play,
    Playbook,
    PlayWords,
    Settings,
    Stage,
    StageWords,
    Step,
    StepWords,
)
from safeshift.model.source import Loc, Places, Written, build, read_source, suggest
from safeshift.model.steps import ARGUMENTS, spell_out
from safeshift.model.templatenames import is_template, names_in, names_in_condition

__all__ = ("GOALS", "Playbook", "load_playbook")

T = TypeVar("T")
W = TypeVar("W", bound=Written)

GOALS = ("link_speed", "drain", "undrain", "config")
"""Actions whose result can be a goal: a state of the device that can be observed."""

_ELSEWHERE = {
    "tasks": "a play's steps stand in stages: [{name: ..., steps: [...]}]",
    "roles": "there are no roles; write stages with steps",
    "handlers": "there are no handlers; a step's place in the playbook is its place in the run",
    "gather_facts": "nothing is gathered; remove it",
    "become": "write it as ansible_become into the inventory",
    "ignore_errors": "no step that fails is passed over: the run is undone",
    "with_items": "write loop",
    "until": "write wait_drained, or pause and assert",
    "notify": "there are no handlers; write the step where it belongs",
}
"""What people who come from Ansible write, and what to write here."""


def load_playbook(path: Path) -> Playbook:
    """Read a playbook.

    Raises:
        PlaybookError: one sentence with file:line:column about the first thing that is wrong, and a hint.
    """
    value, places = read_source(path, PlaybookError)
    if not isinstance(value, list) or not value:
        hint = "a playbook begins with '- name: ...' and 'hosts: ...' under it"
        raise PlaybookError("a playbook is a list of plays", place=places.at(), hint=hint)
    plays = tuple(_Reader(places, path.parent).play(one, (at,)) for at, one in enumerate(value))
    playbook = Playbook(path=str(path), plays=plays, places=places)
    for play in plays:
        _check_settings(playbook, play)
        for step in (*play.steps, *play.goal):
            _check_step(playbook, step)
    return playbook


class _Reader:
    """One file's values into plays; every method knows the loc of what it reads."""

    def __init__(self, places: Places, folder: Path) -> None:
        self._places = places
        self._folder = folder

    def play(self, value: object, loc: Loc) -> Play:
        known = (*Settings.model_fields, *PlayWords.model_fields)
        self._check_words(value, loc, known, "a play is a mapping with hosts and stages")
        assert isinstance(value, dict)
        words = self._build(PlayWords, {k: v for k, v in value.items() if k in PlayWords.model_fields}, loc)
        return Play(
            name=words.name,
            written={k: v for k, v in value.items() if k in Settings.model_fields},
            stages=tuple(self._stage(one, (*loc, "stages", at)) for at, one in enumerate(words.stages)),
            place=self._places.at(loc),
            loc=loc,
            vars={**words.vars, **self._files(words.vars_files, loc)},
            tags=words.tags,
            goal=tuple(self._goal(one, (*loc, "goal", at)) for at, one in enumerate(words.goal)),
        )

    def _files(self, names: tuple[str, ...], loc: Loc) -> dict[str, object]:
        found: dict[str, object] = {}
        for name in names:
            value, places = read_source(self._folder / name, PlaybookError)
            if not isinstance(value, dict):
                raise PlaybookError("a file of variables is a mapping (name: value)", place=places.at())
            found.update({str(key): one for key, one in value.items()})
        return found

    def _stage(self, value: object, loc: Loc) -> Stage:
        self._check_words(value, loc, tuple(StageWords.model_fields), "a stage is a mapping with name and steps")
        words = self._build(StageWords, value, loc)
        steps = tuple(self._step(one, (*loc, "steps", at)) for at, one in enumerate(words.steps))
        return Stage(name=words.name, steps=steps, when=words.when, tags=words.tags)

    def _goal(self, value: object, loc: Loc) -> Step:
        step = self._step(value, loc)
        if step.action not in GOALS or (isinstance(value, dict) and len(value) != 1):
            hint = f"a goal is one of {', '.join(GOALS)}, and nothing beside it"
            raise PlaybookError("this cannot be observed as a goal", place=step.place, hint=hint)
        return step

    def _step(self, value: object, loc: Loc, *, inside: bool = False) -> Step:
        keywords = tuple(info.alias or name for name, info in StepWords.model_fields.items())
        actions = tuple(ARGUMENTS) if inside else (*ARGUMENTS, "block")
        listed = f"actions: {', '.join(actions)}"
        self._check_words(value, loc, (*keywords, *actions), "a step is a mapping with an action", listed)
        assert isinstance(value, dict)
        keys = [key for key in value if key in actions]
        if len(keys) != 1:
            has = f"has {len(keys)} actions: {', '.join(keys)}" if keys else "has no action"
            hint = "write one step for each" if keys else f"add one of {', '.join(actions)}"
            raise PlaybookError(f"this step {has}", place=self._places.at(loc), hint=hint)
        words = self._build(StepWords, {k: v for k, v in value.items() if k not in actions}, loc)
        action, below = keys[0], (*loc, keys[0])
        if action == "block":
            self._check_block(words, loc)
        return Step(
            name=words.name,
            action=action,
            written=None if action == "block" else spell_out(action, value[action]),
            place=self._places.at(loc),
            loc=below,
            when=words.when,
            loop=words.loop,
            loop_var=words.loop_control.loop_var,
            vars=words.vars,
            register_as=words.register_as or "",
            tags=words.tags,
            delegate_to=words.delegate_to,
            steps=self._block(value[action], below) if action == "block" else (),
        )

    def _block(self, value: object, loc: Loc) -> tuple[Step, ...]:
        words = self._build(BlockWords, value, loc)
        if not words.together:
            hint = "write together: true, or the steps without a block"
            raise PlaybookError(
                "a block is there to make one move", place=self._places.at((*loc, "together")), hint=hint
            )
        return tuple(self._step(one, (*loc, "steps", at), inside=True) for at, one in enumerate(words.steps))

    def _check_block(self, words: StepWords, loc: Loc) -> None:
        if words.loop is not None or words.register_as or words.delegate_to:
            hint = "write loop, register and delegate_to on the steps inside"
            raise PlaybookError("a block has name, when, vars and tags only", place=self._places.at(loc), hint=hint)

    def _check_words(self, value: object, loc: Loc, known: tuple[str, ...], what: str, listed: str = "") -> None:
        if not isinstance(value, dict):
            raise PlaybookError(what, place=self._places.at(loc), hint="write it as key: value")
        for key in value:
            if key not in known:
                hint = _ELSEWHERE.get(str(key)) or suggest(key, known, listed or f"known keys: {', '.join(known)}")
                raise PlaybookError(f"unknown key {key!r}", place=self._places.key((*loc, key)), hint=hint)

    def _build(self, model: type[W], value: object, loc: Loc) -> W:
        return build(model, value, self._places, error=PlaybookError, loc=loc)


def _check_settings(playbook: Playbook, play: Play) -> None:
    """Check now what needs no rendering; the rest is checked, by the same model, when the plan is made."""
    plain = {key: value for key, value in play.written.items() if not is_template(value)}
    if "hosts" in play.written:
        plain.setdefault("hosts", "all")
    build(Settings, plain, playbook.places, error=PlaybookError, loc=play.loc)


def _check_step(playbook: Playbook, step: Step) -> None:
    if step.register_as and (step.action != "command" or step.loop is not None):
        place = playbook.places.key((*step.loc[:-1], "register"))
        raise PlaybookError("only a command without a loop has an answer to register", place=place, hint="remove it")
    if step.action != "block" and not is_template(step.written):
        playbook.arguments(step, step.written)
    _check_keys(playbook, step)
    sent: dict[Loc, object] = {(): step.name, ("loop",): step.loop, ("vars",): step.vars}
    sent[("delegate_to",)] = step.delegate_to
    if step.action != "assert":
        sent[(step.action,)] = step.written
    for where, value in sent.items():
        _refuse_registered(playbook, value, (*step.loc[:-1], *where))
    for condition in step.when:
        _read_names(names_in_condition, condition, playbook.places.at((*step.loc[:-1], "when")))


def _check_keys(playbook: Playbook, step: Step) -> None:
    """Check the keys of arguments whose values are templates: the values wait for the plan."""
    if not isinstance(step.written, dict):
        return
    known = tuple(ARGUMENTS[step.action].model_fields)
    for key in step.written:
        if key not in known:
            place = playbook.places.key((*step.loc, key))
            hint = suggest(key, known, "known keys: " + ", ".join(known))
            raise PlaybookError(f"unknown key {key!r}", place=place, hint=hint)


def _refuse_registered(playbook: Playbook, value: object, loc: Loc) -> None:
    """Refuse, at the innermost place, text that is rendered before the run and asks for an answer of the run."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in pairs:
            _refuse_registered(playbook, one, (*loc, key))
        return
    place = playbook.places.at(loc)
    for name in sorted(_read_names(names_in, value, place) & playbook.registered):
        _refuse(name, place)


def _refuse(name: str, place: Place) -> NoReturn:
    message = f"{name!r} is an answer registered at run time; it can never become part of what is sent"
    raise PlaybookError(message, place=place, hint="an answer may decide in when or assert; write the value out here")


def _read_names(read: Callable[[T], frozenset[str]], value: T, place: Place) -> frozenset[str]:
    try:
        return read(value)
    except ValueError as cause:
        raise PlaybookError(str(cause), place=place, hint="check the braces and quotes") from cause
