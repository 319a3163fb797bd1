"""The list of actions: what each word under a step means.

A new action is a file here, its arguments in ``model/steps.py``, and cases in ``tests/cases``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from safeshift.actions.base import Action
from safeshift.actions.command import Command
from safeshift.actions.config import Config
from safeshift.actions.drain import Drain, Undrain
from safeshift.actions.link_speed import LinkSpeed
from safeshift.actions.shift import Shift, Unshift
from safeshift.actions.wait_drained import WaitDrained
from safeshift.actions.waits import Approve, Assert, Pause

_ALL: tuple[Action[Any], ...] = (
    Shift(),
    Unshift(),
    Drain(),
    Undrain(),
    LinkSpeed(),
    Config(),
    Command(),
    WaitDrained(),
    Pause(),
    Approve(),
    Assert(),
)

ACTIONS: Mapping[str, Action[Any]] = MappingProxyType({action.name: action for action in _ALL})
"""By the word that a playbook uses; the arguments of each are ``model.steps.ARGUMENTS`` of the same word."""
