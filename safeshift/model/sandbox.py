"""What a template may do: Jinja2's sandbox with arithmetic, text methods, ranges and results bounded.

It decides what is allowed; what names stand for is ``templating.py``'s. Jinja2's sandbox alone bounds neither memory
nor time: ``{{ 'a' * 10**9 }}`` takes a gigabyte in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Protocol

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from safeshift.model.filters import FILTERS, LARGEST_TEXT, TESTS, FilterError

LARGEST_NUMBER = 10**18  # of a product or power: beyond, arithmetic only burns time
RANGE_LIMIT = 10_000  # numbers of all ranges of one rendering together, so that nested loops end
_BLOWING_UP = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})
# what reads files, or calls itself and so has no end
REFUSED_NODES = (nodes.Macro, nodes.CallBlock, nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class Names(Protocol):
    """Where a template's names come from."""

    def has(self, name: str) -> bool:
        """Say whether there is such a variable."""

    def look_up(self, name: str) -> object:
        """Give its value, rendered."""

    def bounded_range(self, *bounds: int) -> list[int]:
        """Give ``range``, within the limit of this rendering."""


class SecretText(str):
    """A secret while an expression uses it; every filter's result on it is one again."""

    __slots__ = ()


def make_environment(names: Names) -> ImmutableSandboxedEnvironment:
    """Make the sandbox in which templates over these names run."""

    class BoundContext(Context):
        def resolve_or_missing(self, key: str) -> Any:
            return names.look_up(key) if names.has(key) else super().resolve_or_missing(key)

    class Environment(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**", "%"})
        context_class = BoundContext

        def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
            return _bounded_binop(operator, left, right, super().call_binop, context)

        def getattr(self, obj: Any, attribute: str) -> Any:
            _refuse_method(obj, attribute)
            return super().getattr(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            _refuse_method(obj, argument)
            return super().getitem(obj, argument)

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, cache_size=0, finalize=defined)
    environment.filters = {name: _tracking(call) for name, call in FILTERS.items()}
    environment.tests |= TESTS
    environment.globals = {"range": names.bounded_range, "lookup": _no_lookup, "query": _no_lookup, "q": _no_lookup}
    return environment


def _bounded_binop(operator: str, left: Any, right: Any, compute: Callable[..., Any], context: Context) -> Any:
    if operator == "%" and isinstance(left, (str, bytes)):
        raise SecurityError("text % values is not available; use ~ or the filter replace")
    if operator in ("*", "**") and not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
        raise SecurityError(f"{operator} works on numbers only")
    if operator == "**" and abs(left) > 1 and right * max(1, abs(left).__trunc__().bit_length()) > 64:
        raise SecurityError(f"{left} ** {right} is too large")
    result = compute(context, operator, left, right)
    if isinstance(result, (int, float)) and abs(result) > LARGEST_NUMBER:
        raise SecurityError(f"the result of {operator} is larger than {LARGEST_NUMBER}")
    return result


def _refuse_method(obj: object, name: object) -> None:
    """Refuse methods that make much out of little before their result can be measured."""
    if isinstance(obj, (str, bytes)) and isinstance(name, str) and name in _BLOWING_UP:
        raise SecurityError(f"text has no {name} here; use a filter")


def _no_lookup(name: object = "", *arguments: object, **named: object) -> object:
    raise SecurityError(
        f"lookups such as {name!r} are not available; put the value into the inventory or pass it with -e"
    )


def bounded(value: object) -> object:
    """Refuse what is larger than any honest value, or has something undefined in it."""
    defined(value)
    if isinstance(value, str) and len(value) > LARGEST_TEXT:
        raise FilterError(f"its result has {len(value)} characters, more than {LARGEST_TEXT}")
    if isinstance(value, (list, tuple, dict)) and sum(1 for _ in leaves(value)) > LARGEST_TEXT:
        raise FilterError(f"its result has more than {LARGEST_TEXT} parts")
    return value


def defined(value: object) -> object:
    """Refuse a value with something undefined anywhere in it."""
    for leaf in leaves(value):
        if isinstance(leaf, Undefined):
            str(leaf)  # StrictUndefined raises here, with the name
    return value


def leaves(value: object) -> Iterator[object]:
    """Give every value in nested lists and mappings."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def _tracking(call: Callable[..., object]) -> Callable[..., object]:
    """Let a filter's text stay secret when something secret went in."""

    @wraps(call)
    def tracked(*arguments: object, **named: object) -> object:
        result = call(*arguments, **named)
        went_in = any(isinstance(item, SecretText) for argument in arguments for item in leaves(argument))
        return SecretText(result) if went_in and isinstance(result, str) else result

    return tracked
