"""Templates in Jinja2, sandboxed: what ``{{ }}`` in variables, playbooks and ``when`` stands for.

A template that is one expression keeps its type, as in Ansible. Only what people wrote in their files is a template:
``!unsafe`` and vaulted values never are. What a secret flowed into is a ``Secret``. Nothing here reads a file or runs a
program. Read ``sandbox.py`` (what is allowed) next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches

from jinja2 import StrictUndefined, UndefinedError, nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError

from safeshift.errors import InputError, InventoryError
from safeshift.model.filters import FilterError
from safeshift.model.sandbox import RANGE_LIMIT, REFUSED_NODES, SecretText, bounded, make_environment
from safeshift.model.vault import Secret, UnsafeText

DEEPEST = 32  # variables that are made of variables; deeper is a mistake
_MARKS = ("{{", "{%", "{#")


class Templater:
    """Renders values over one set of variables, which may be templates themselves.

    Args:
        variables: By name; looked up and rendered only when used.
        error: The class to raise: what the templates were written in.
        opened_secrets: Where to note secrets that were used, when another template waits for the result.
    """

    def __init__(
        self,
        variables: Mapping[str, object],
        *,
        error: type[InputError] = InventoryError,
        opened_secrets: list[str] | None = None,
    ) -> None:
        self._variables = variables
        self._error = error
        self._open: list[str] = []
        self._opened_secrets: list[str] = [] if opened_secrets is None else opened_secrets
        self.range_left = RANGE_LIMIT
        self._environment = make_environment(self)

    def render(self, value: object) -> object:
        """Render a value, and everything in a list or mapping.

        Raises:
            InputError: A variable is missing, refers to itself, or the template is not allowed. Nothing was contacted.
        """
        if isinstance(value, (UnsafeText, Secret, HostVariables)):
            return value
        if isinstance(value, str):
            return self._render_text(value) if any(mark in value for mark in _MARKS) else value
        if isinstance(value, Mapping):
            return {key: self.render(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.render(item) for item in value]
        return value

    def evaluate(self, expression: str) -> object:
        """Give the value of an expression without braces, as ``when`` has it.

        Raises:
            InputError: As ``render``.
        """
        return self._run(expression, lambda: self._value_of_expression(expression))

    def is_true(self, condition: object) -> bool:
        """Decide a condition: a truth value, an expression, or a list of which all must hold.

        Raises:
            InputError: The value is no truth value; ``"no"`` and ``"false"`` as text count as what they say.
        """
        if isinstance(condition, list):
            return all(self.is_true(each) for each in condition)
        value = self.evaluate(condition) if isinstance(condition, str) else condition
        if isinstance(value, str) and value.strip().lower() in ("true", "yes", "on", "false", "no", "off", ""):
            return value.strip().lower() in ("true", "yes", "on")
        return bool(value)

    def look_up(self, name: str) -> object:
        """Give a variable, rendered, with secrets opened for the expression that uses them."""
        if name in self._open or len(self._open) >= DEEPEST:
            raise self._error(
                f"the variable {name!r} is made of itself: {' -> '.join([*self._open, name])}",
                hint="give one of them a value that does not refer back",
            )
        value = self._variables[name]
        if isinstance(value, HostVariables):
            return _SeenHosts(value, self._opened_secrets)
        self._open.append(name)
        try:
            return self._opened(self.render(value))
        except UndefinedError as error:
            return StrictUndefined(hint=f"{error}, which {name!r} is made of")
        finally:
            self._open.pop()

    def has(self, name: str) -> bool:
        """Say whether there is such a variable."""
        return name in self._variables

    def bounded_range(self, *bounds: int) -> list[int]:
        """Give ``range`` in a template: all ranges of one rendering together have a limit, so that loops end."""
        numbers = range(*bounds)
        self.range_left -= min(len(numbers), RANGE_LIMIT + 1)
        if self.range_left < 0:
            raise SecurityError(f"all ranges of a template together have at most {RANGE_LIMIT} numbers")
        return list(numbers)

    def _render_text(self, text: str) -> object:
        return self._run(text, lambda: self._render_template(text))

    def _run(self, text: str, act: Callable[[], object]) -> object:
        """Run one template; what a secret flowed into comes out as a secret."""
        outer, self._opened_secrets = self._opened_secrets, []
        if not self._open:
            self.range_left = RANGE_LIMIT
        try:
            return self._sealed(bounded(act()))
        except UndefinedError as error:
            if self._open:
                raise  # the outermost template decides: it may have a default
            raise self._missing(text, error) from error
        except TemplateSyntaxError as error:
            raise self._error(
                f"not a template: {error.message}, in {text!r}", hint="check the braces and quotes"
            ) from error
        except (SecurityError, FilterError) as error:
            raise self._error(f"this template is not allowed: {error}, in {text!r}") from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise self._error(f"cannot work out {text!r}: {error}") from error
        finally:
            self._opened_secrets = outer

    def _render_template(self, text: str) -> object:
        tree = self._environment.parse(text)
        for node in tree.find_all(REFUSED_NODES):
            raise SecurityError(f"{type(node).__name__.lower()} blocks are not available")
        if (expression := _sole_expression(tree.body)) is not None:
            return self._value_of_expression(expression)
        return self._environment.from_string(text).render()

    def _value_of_expression(self, expression: str | nodes.Expr) -> object:
        """Work an expression out to a Python value, undefined or not."""
        if isinstance(expression, str):
            parsed = self._environment.parse("{{ (" + expression + ") }}").body
            found = _sole_expression(parsed)
            if found is None:
                raise TemplateSyntaxError("an expression without braces is expected here", 1)
            expression = found
        catch: list[object] = []
        call = nodes.Call(nodes.Name("__give__", "load"), [expression], [], None, None)
        tree = nodes.Template([nodes.Output([call])])
        tree.set_environment(self._environment)
        for node in tree.find_all(nodes.Node):
            node.lineno = node.lineno or 1
        code = self._environment.compile(tree)
        template = self._environment.template_class.from_code(
            self._environment, code, {**self._environment.globals, "__give__": _giver(catch)}
        )
        template.render()
        return catch[0]

    def _opened(self, value: object) -> object:
        """Open secrets for use inside an expression; they stay marked, and remembered until the result is sealed."""
        if isinstance(value, Secret):
            plain = value.reveal()
            self._opened_secrets.append(plain)
            return SecretText(plain)
        if isinstance(value, dict):
            return {key: self._opened(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._opened(item) for item in value]
        return value

    def _sealed(self, value: object) -> object:
        if isinstance(value, SecretText):
            return Secret(str.__str__(value))
        if isinstance(value, str):
            return Secret(value) if any(plain and plain in value for plain in self._opened_secrets) else value
        if isinstance(value, Mapping):
            return {key: self._sealed(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._sealed(item) for item in value]
        return value

    def _missing(self, text: str, error: UndefinedError) -> InputError:
        match = re.search(r"'([^']+)' is undefined", str(error))
        if match is None:
            return self._error(f"{error}, in {text!r}")
        close = get_close_matches(match[1], list(self._variables), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "define it in the inventory, the playbook or with -e"
        return self._error(f"there is no variable {match[1]!r}, in {text!r}", hint=hint)


class HostVariables(Mapping[str, Mapping[str, object]]):
    """``hostvars``: the variables of every host, raw; a template sees them rendered, each over its own host."""

    def __init__(self, hosts: Collection[str], variables_of: Callable[[str], Mapping[str, object]]) -> None:
        self._hosts = hosts
        self._variables_of = variables_of

    def __getitem__(self, host: str) -> Mapping[str, object]:
        if host not in self._hosts:
            raise KeyError(host)
        return self._variables_of(host)

    def __iter__(self) -> Iterator[str]:
        return iter(self._hosts)

    def __len__(self) -> int:
        return len(self._hosts)

    def __repr__(self) -> str:
        return f"HostVariables({len(self)} hosts)"


class _SeenHosts(Mapping[str, Mapping[str, object]]):
    """``hostvars`` inside one expression."""

    def __init__(self, hosts: HostVariables, opened_secrets: list[str]) -> None:
        self._all = hosts
        self._opened_secrets = opened_secrets

    def __getitem__(self, host: str) -> Mapping[str, object]:
        return _SeenVariables(self._all[host], self._opened_secrets)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


class _SeenVariables(Mapping[str, object]):
    """One host's variables inside an expression of another; each is rendered when it is looked at."""

    def __init__(self, variables: Mapping[str, object], opened_secrets: list[str]) -> None:
        self._names = [name for name in variables if name != "hostvars"]
        self._templater = Templater(variables, opened_secrets=opened_secrets)

    def __getitem__(self, name: str) -> object:
        if not self._templater.has(name):
            raise KeyError(name)
        return self._templater.look_up(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _sole_expression(body: list[nodes.Node]) -> nodes.Expr | None:
    """Give the expression of a template that is nothing but one ``{{ }}``."""
    outputs = [node for node in body if isinstance(node, nodes.Output)]
    if len(body) != 1 or not outputs:
        return None
    parts = [part for part in outputs[0].nodes if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
    return parts[0] if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData) else None


def _giver(catch: list[object]) -> Callable[[object], str]:
    def give(value: object) -> str:
        catch.append(value)
        return ""

    return give
