"""Templates: types, recursion, secrets, and everything that a template may not do."""

from __future__ import annotations

import pytest

from safeshift.errors import InputError, InventoryError, PlaybookError
from safeshift.model.templating import HostVariables, Templater
from safeshift.model.vault import Secret, UnsafeText, VaultedText

VARIABLES: dict[str, object] = {
    "a": 1,
    "b": "{{ a + 1 }}",
    "c": "x{{ b }}",
    "ring": "{{ gnir }}",
    "gnir": "{{ ring }}",
    "l": [1, "{{ b }}"],
    "d": {"k": "{{ c }}", "deep": {"n": 5}},
    "none": None,
    "flag": False,
    "gone": "{{ nowhere }}",
    "text": "p1-p2",
    "data": UnsafeText("{{ a }}"),
    "outer": "{{ data }}",
    "vaulted": VaultedText("v{{ a }}"),
    "long": "x" * 300,
    "address": "{{ hostvars['p2'].address }}",
    "hostvars": HostVariables(
        ("p1", "p2"), {"p1": {}, "p2": {"address": "192.0.2.{{ n }}", "n": 2, "pw": Secret("s3cret")}}.__getitem__
    ),
}


@pytest.fixture(name="templater")
def _templater() -> Templater:
    return Templater(VARIABLES)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        (7, 7),
        ("{{ a }}", 1),
        (" {{ a }} ", 1),
        ("{{ b }}", 2),
        ("{{ c }}", "x2"),
        ("{{ l }}", [1, 2]),
        ("{{ d }}", {"k": "x2", "deep": {"n": 5}}),
        ("{{ d.deep.n }}", 5),
        ("{{ none }}", None),
        ("{{ flag }}", False),
        ("{{ a }}{{ b }}", "12"),
        ("n{{ a }}", "n1"),
        (["{{ a }}", {"k": "{{ b }}"}], [1, {"k": 2}]),
        ({"{{ a }}": 1}, {"{{ a }}": 1}),
        ("{% if flag %}yes{% else %}no{% endif %}", "no"),
        ("{% for x in l %}{{ x }};{% endfor %}", "1;2;"),
        ("{{ missing | default(3) }}", 3),
        ("{{ gone | default('d') }}", "d"),
        ("{{ d.none_such | default(none) }}", None),
        ("{{ gone is defined }}", False),
        ("{{ '7' | int + 1 }}", 8),
        ("{{ 'yes' | bool }}", True),
        ("{{ l | join(',') }}", "1,2"),
        ("{{ l | length }}", 2),
        ("{{ text | upper }}", "P1-P2"),
        ("{{ text | replace('p', 'r') }}", "r1-r2"),
        ("{{ text | regex_replace('p(.)', 'q\\\\1') }}", "q1-q2"),
        ("{{ text | regex_search('p.$') }}", "p2"),
        ("{{ text | regex_search('p(.)-', '\\\\1') }}", ["1"]),
        ("{{ {'a': {'x': 1}} | combine({'a': {'y': 2}}, recursive=True) }}", {"a": {"x": 1, "y": 2}}),
        ("{{ d.deep | to_json }}", '{"n": 5}'),
        ("{{ range(3) | list }}", [0, 1, 2]),
        ("{{ text is match('p1') }}", True),
        ("{{ '10.0.0.1/24' | ansible.utils.ipaddr('network') }}", "10.0.0.0"),
        ("{{ 6 * 7 }}", 42),
        ("{{ 2 ** 10 }}", 1024),
        ("{{ a | mandatory }}", 1),
        ("{{ [3, 1, 3] | unique | sort }}", [1, 3]),
        ("{{ text.split('-') }}", ["p1", "p2"]),
        ("{{ outer }}", "{{ a }}"),
        ("{{ data }}", "{{ a }}"),
        ("{{ vaulted }}", "v1"),
        ("line\n", "line\n"),
        ("{{ [{'n': 1}, {'n': 2}] | map(attribute='n') | list }}", [1, 2]),
        ("{{ flag | ternary('on', 'off') }}", "off"),
        ("{{ address }}", "192.0.2.2"),
        ("{{ hostvars.p2.n + a }}", 3),
        ("{{ 'p2' in hostvars }}", True),
    ],
)
def test_template_renders_to_value_and_type(templater: Templater, template: object, value: object) -> None:
    """A template that is one expression keeps its type; everything else becomes text."""
    rendered = templater.render(template)
    assert rendered == value
    assert type(rendered) is type(value) or isinstance(rendered, UnsafeText)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ bb }}", "there is no variable 'bb'"),
        ("{{ gone }}", "there is no variable 'nowhere'"),
        ("x{{ [1, nowhere] }}", "there is no variable 'nowhere'"),
        ("{{ d.none_such }}", "no attribute 'none_such'"),
        ("{{ ring }}", "made of itself: ring -> gnir -> ring"),
        ("{{ missing | mandatory('set it') }}", "set it"),
        ("{{ a", "not a template"),
        ("{{ a | no_such_filter }}", "No filter named 'no_such_filter'"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 'a' * 10 ** 9 }}", "numbers only"),
        ("{{ [0] * 9 }}", "numbers only"),
        ("{{ 2 ** 10 ** 6 }}", "too large"),
        ("{{ '%99999999d' % 1 }}", "not available"),
        ("{{ '{:>99999999}'.format(1) }}", "text has no format"),
        ("{{ 'x'.ljust(99999999) }}", "text has no ljust"),
        ("{{ range(10 ** 8) }}", "all ranges"),
        ("{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}", "all ranges"),
        ("{% for i in range(9999) %}0123456789{% endfor %}", "more than 65536"),
        ("{% macro f(x) %}{{ f(x ~ x) }}{% endmacro %}{{ f('a') }}", "macro blocks"),
        ("{% include '/etc/passwd' %}", "include blocks"),
        ("{{ lookup('file', '/etc/passwd') }}", "lookups such as 'file'"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ l.append(1) }}", "unsafe"),
        ("{{ text | regex_search('(p+)+$') }}", "repeats a repetition"),
        ("{{ long | replace('', long) }}", "more than 65536"),
        ("{{ hostvars.p2.nothing }}", "has no attribute 'nothing'"),
    ],
)
def test_template_that_is_wrong_or_not_allowed_is_refused(templater: Templater, template: str, words: str) -> None:
    """It ends in one sentence, at once, and never in a large result."""
    with pytest.raises(InventoryError) as refused:
        templater.render(template)
    assert words in str(refused.value)


def test_missing_variable_is_raised_as_asked_with_a_guess() -> None:
    """The error belongs to the file the template stands in."""
    with pytest.raises(PlaybookError) as refused:
        Templater({"uplinks": 2}, error=PlaybookError).render("{{ uplink }}")
    assert refused.value.hint == "did you mean 'uplinks'?"


@pytest.mark.parametrize(
    ("template", "plain"),
    [
        ("{{ pw }}", "s3cret"),
        ("pre-{{ pw }}", "pre-s3cret"),
        ("{{ pw | upper }}", "S3CRET"),
        ("{{ pw | replace('s', 'z') }}", "z3cret"),
        ("{{ pw ~ '!' }}", "s3cret!"),
        ("{{ alias }}", "s3cret"),
        ("{{ d.p }}", "s3cret"),
        ("{{ [pw] | join('-') }}", "s3cret"),
    ],
)
def test_what_a_secret_flows_into_is_a_secret(template: str, plain: str) -> None:
    """The result shows as stars and reveals the right text."""
    rendered = Templater({"pw": Secret("s3cret"), "alias": "{{ pw }}", "d": {"p": Secret("s3cret")}}).render(template)
    assert isinstance(rendered, Secret)
    assert repr(rendered) == "***"
    assert rendered.reveal() == plain


def test_secret_of_another_host_stays_a_secret(templater: Templater) -> None:
    """Another host's secrets are reached through hostvars, and what they flow into is masked."""
    rendered = templater.render("login {{ hostvars.p2.pw }}")
    assert isinstance(rendered, Secret)
    assert rendered.reveal() == "login s3cret"
    assert repr(templater.render("{{ hostvars.p2 }}")) == "{'address': '192.0.2.2', 'n': 2, 'pw': ***}"


def test_secret_may_be_compared_and_its_neighbours_stay_plain() -> None:
    """Only what the secret flowed into is masked."""
    templater = Templater({"login": {"user": "netops", "password": Secret("s3cret")}})
    assert templater.evaluate("login.password == 's3cret'") is True
    assert templater.render("{{ login.user }}") == "netops"
    assert repr(templater.render("{{ login }}")) == "{'user': 'netops', 'password': ***}"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("a == 1", True),
        ("a == 2 or flag", False),
        ([True, "b > 1"], True),
        (["a == 1", "flag"], False),
        (True, True),
        ("text", True),
        ("'no'", False),
        ("l", True),
        ("d.deep.n in [5, 6]", True),
        ("a is defined and zz is not defined", True),
    ],
)
def test_condition_holds_as_in_ansible(templater: Templater, condition: object, holds: bool) -> None:
    """Expressions need no braces; of a list all must hold."""
    assert templater.is_true(condition) is holds


@pytest.mark.parametrize("condition", ["a ==", "{{ a }} == 1", "a }} x {{ b"])
def test_condition_that_is_no_expression_is_refused(templater: Templater, condition: str) -> None:
    """It ends in one sentence."""
    with pytest.raises(InputError):
        templater.is_true(condition)
