"""The playbook file: what it says, its short forms, and what is refused in which words."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from safeshift.errors import PlaybookError
from safeshift.model.play import Playbook, Step
from safeshift.model.playbook import load_playbook
from safeshift.model.steps import ARGUMENTS, check_command_text
from safeshift.model.templatenames import is_template, names_in, names_in_condition

ROOT = Path(__file__).parents[3]
REFUSED = sorted((ROOT / "tests" / "refused" / "playbooks").glob("*.yml"))
SHIPPED = sorted((ROOT / "playbooks").glob("*.yml"))

EXAMPLE = """
- name: Raise the capacity of the primary network
  hosts: primary_routers
  serial: 1
  verify:
    require: [primary, secondary]
    loss: {max: 1%}
    utilisation: {max: 80%}
    settle: 5s
    soak: 10s                           # per batch
  guard: 120s
  exposure: {max: 20m, reason: "two routers: while one is out, the other must not fail"}
  goal:
    - link_speed: {speed: 100G}
  stages:
    - name: Shift traffic off {{ inventory_hostname }}
      steps:
        - name: Shift
          shift: {to: primary}
        - name: Drained
          wait_drained: {below: 1%}
    - name: Upgrade
      steps:
        - name: Raise the uplinks
          link_speed: {speed: 100G}
    - name: Shift traffic back
      steps:
        - name: Unshift
          unshift: {}
"""


def read(tmp_path: Path, text: str) -> Playbook:
    """A playbook from text."""
    path = tmp_path / "x.yml"
    path.write_text(text)
    return load_playbook(path)


def read_step(tmp_path: Path, step: str) -> tuple[Playbook, Step]:
    """A playbook of one step, written in flow style."""
    playbook = read(tmp_path, f"- {{hosts: all, stages: [{{steps: [{step}]}}]}}\n")
    return playbook, playbook.plays[0].steps[0]


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_wrong_playbook_is_refused_in_the_words_that_it_begins_with(path: Path) -> None:
    """Each file of tests/refused/playbooks carries its refusal in its first lines: place, sentence, hint."""
    first, second, *_ = path.read_text().splitlines()
    with pytest.raises(PlaybookError) as caught:
        load_playbook(path)
    assert str(caught.value) == f"{path}:{first.removeprefix('# ')}"
    assert f"# hint: {caught.value.hint}".rstrip() == second


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_playbook_loads(path: Path) -> None:
    """What the README names is a playbook."""
    assert load_playbook(path).plays


def test_example_of_the_design_means_what_it_says(tmp_path: Path) -> None:
    """Durations are seconds, limits shares, speeds bit/s; templates stay as written."""
    playbook = read(tmp_path, EXAMPLE)
    play = playbook.plays[0]
    said = playbook.settings(play, play.written)
    assert (said.hosts, said.serial, said.guard) == (("primary_routers",), (1,), 120.0)
    assert said.exposure is not None and said.exposure.max == 1200.0
    assert said.verify.loss is not None and said.verify.loss.max == 0.01
    assert (said.verify.settle, said.verify.soak, said.verify.hold) == (5.0, 10.0, None)
    assert play.stages[0].name == "Shift traffic off {{ inventory_hostname }}"
    assert [step.action for step in play.steps] == ["shift", "wait_drained", "link_speed", "unshift"]
    assert playbook.arguments(play.goal[0], play.goal[0].written).model_dump() == {"speed": 10**11, "links": None}


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("{shift: primary}", "{shift: {to: primary}}"),
        ("{unshift: }", "{unshift: {}}"),
        ("{drain: interface_cost}", "{drain: {method: interface_cost}}"),
        ("{link_speed: 100G}", "{link_speed: {speed: 100G}}"),
        ("{config: vlan 1}", "{config: {lines: [vlan 1]}}"),
        ("{config: [vlan 1, vlan 2]}", "{config: {lines: [vlan 1, vlan 2]}}"),
        ("{command: show version}", "{command: {commands: [show version]}}"),
        ("{wait_drained: 2%}", "{wait_drained: {below: 2%}}"),
        ("{pause: 10s}", "{pause: {duration: 10s}}"),
        ("{approve: sure}", "{approve: {message: sure}}"),
        ('{assert: "a == 1"}', '{assert: {that: ["a == 1"]}}'),
    ],
)
def test_short_form_of_a_step_is_its_long_form(tmp_path: Path, short: str, long: str) -> None:
    """A bare value stands for the argument that the action is about."""
    arguments = []
    for text in (short, long):
        playbook, step = read_step(tmp_path, text)
        arguments.append(playbook.arguments(step, step.written))
    assert arguments[0] == arguments[1]


def test_every_action_key_has_a_short_form_or_needs_none() -> None:
    """The table of arguments names only arguments that exist."""
    assert all(model.short in model.model_fields for model in ARGUMENTS.values())


def test_keywords_of_a_step_are_read_as_in_ansible(tmp_path: Path) -> None:
    """One tag or several with commas, one condition or a list, truth values, and the loop's own name for its item."""
    _, step = read_step(
        tmp_path, '{pause: 1s, tags: "a, b", when: [true, x], loop: [1], loop_control: {loop_var: one}, vars: {x: 1}}'
    )
    assert (step.tags, step.when, step.loop, step.loop_var, step.vars) == (
        ("a", "b"),
        ("True", "x"),
        [1],
        "one",
        {"x": 1},
    )


def test_block_holds_its_steps(tmp_path: Path) -> None:
    """A block is one step of its play, and what it holds is found by whoever asks for all steps."""
    playbook, block = read_step(tmp_path, "{block: {together: true, steps: [{drain: {}}, {config: vlan 1}]}}")
    assert [step.action for step in block.steps] == ["drain", "config"]
    assert [step.action for step in playbook.plays[0].steps] == ["block", "drain", "config"]


def test_files_of_variables_stand_above_the_plays_own(tmp_path: Path) -> None:
    """``vars_files`` are found beside the playbook and override ``vars``, as in Ansible."""
    (tmp_path / "more.yml").write_text("speed: 100G\n")
    playbook = read(
        tmp_path, "- {hosts: all, vars: {speed: 40G, b: 1}, vars_files: more.yml, stages: [{steps: [{pause: 1s}]}]}\n"
    )
    assert playbook.plays[0].vars == {"speed": "100G", "b": 1}


def test_answer_registered_in_another_play_is_no_text_either(tmp_path: Path) -> None:
    """The rule on registered answers holds across plays and in both directions."""
    text = (
        "- {hosts: all, stages: [{steps: [{config: 'vlan {{ answer.stdout }}'}]}]}\n"
        "- {hosts: all, stages: [{steps: [{command: show vlan, register: answer}]}]}\n"
    )
    with pytest.raises(PlaybookError, match="'answer' is an answer registered at run time"):
        read(tmp_path, text)


def test_answer_may_decide_and_be_asserted(tmp_path: Path) -> None:
    """``when`` and ``assert`` (its message too) may use what was registered."""
    steps = (
        "{command: show version, register: v}, {pause: 1s, when: v is defined}, "
        "{assert: {that: v.stdout is search('4.3'), fail_msg: 'not {{ v.stdout }}'}}"
    )
    playbook = read(tmp_path, f"- {{hosts: all, stages: [{{steps: [{steps}]}}]}}\n")
    assert playbook.registered == {"v"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("plain", set()),
        ("{{ a }}", {"a"}),
        ("{{ a.b[c] | default(d) }}", {"a", "c", "d"}),
        ("{% for x in xs %}{{ x }}{% endfor %}", {"xs"}),
        ("{{ hostvars[other].speed }}", {"hostvars", "other"}),
    ],
)
def test_names_of_a_template_are_those_it_asks_for(text: str, names: set[str]) -> None:
    """Names that the template binds itself are not asked for; names inside subscripts and filters are."""
    assert names_in({"key": [text]}) == names
    assert is_template([text]) == bool(names)


def test_names_of_a_condition_need_no_braces() -> None:
    """A condition is an expression."""
    assert names_in_condition("a is defined and b > 1") == {"a", "b"}


@given(st.text(max_size=20))
def test_command_text_is_one_line_as_people_see_it(text: str) -> None:
    """Whatever is let through has no control, line-end or direction character, no ``?``, and is not blank."""
    try:
        check_command_text(text)
    except ValueError:
        bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")} | ({"?"} & set(text))
        assert bad or not text.strip()
        return
    assert text.strip() and "?" not in text
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text)
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI") for c in text
    )


WORDS = st.sampled_from(
    [
        "hosts",
        "stages",
        "steps",
        "name",
        "when",
        "loop",
        "vars",
        "register",
        "tags",
        "block",
        "together",
        *ARGUMENTS,
        "x",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 10**12) | WORDS | st.sampled_from(["1s", "{{ x }}", "{{", "10%", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=80)
@given(play=st.dictionaries(WORDS, VALUES, max_size=4), step=st.dictionaries(WORDS, VALUES, max_size=3))
def test_any_text_is_a_playbook_or_is_refused_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, play: dict[str, object], step: dict[str, object]
) -> None:
    """No input ends in anything but a playbook or a refusal that says where."""
    path = tmp_path_factory.mktemp("any") / "x.yml"
    path.write_text(yaml.safe_dump([{"hosts": "all", "stages": [{"steps": [step]}], **play}]))
    try:
        load_playbook(path)
    except PlaybookError as refused:
        assert refused.place is not None and refused.place.line > 0
