"""Which variables a template asks for, without rendering it: what the rule on registered answers is held by."""

from __future__ import annotations

from collections.abc import Mapping

import jinja2
from jinja2 import nodes

_PARSER = jinja2.Environment(autoescape=False)  # parses only; ``templating.py`` renders, sandboxed


def names_in(value: object) -> frozenset[str]:
    """Return the variables that the templates anywhere inside a value ask for.

    Raises:
        ValueError: a template cannot be parsed.
    """
    if isinstance(value, str):
        return _names(value) if is_template(value) else frozenset()
    if isinstance(value, Mapping):
        return frozenset().union(*(names_in(one) for pair in value.items() for one in pair))
    if isinstance(value, list | tuple):
        return frozenset().union(*(names_in(one) for one in value))
    return frozenset()


def names_in_condition(condition: str) -> frozenset[str]:
    """Return the variables that a condition (an expression without braces) asks for.

    Raises:
        ValueError: it cannot be parsed.
    """
    return _names(condition if is_template(condition) else "{{ (" + condition + ") }}")


def is_template(value: object) -> bool:
    """Tell whether a value holds a template anywhere."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(is_template(key) or is_template(one) for key, one in value.items())
    return isinstance(value, list | tuple) and any(is_template(one) for one in value)


def _names(text: str) -> frozenset[str]:
    try:
        tree = _PARSER.parse(text)
    except jinja2.TemplateError as cause:
        raise ValueError(f"this template cannot be read: {cause}") from cause
    found = tuple(tree.find_all(nodes.Name))
    bound = {name.name for name in found if name.ctx != "load"}
    return frozenset(name.name for name in found) - bound
