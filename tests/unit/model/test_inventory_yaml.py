"""Inventories in YAML: groups, ranges, types, tags and what is refused where."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.inventory import Inventory, load_inventory


def load(folder: Path, text: str, name: str = "hosts.yml") -> Inventory:
    """Load one inventory file with this text."""
    path = folder / name
    path.write_text(text)
    return load_inventory([str(path)])


def test_groups_nested_three_deep_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """Children come in the order they were written, and every group hangs under all."""
    inventory = load(
        tmp_path,
        """
dc1:
  children:
    leaves: {children: {left: {hosts: {l2: , l1: }}}}
    spines: {hosts: {s2: , s1: }}
""",
    )
    assert inventory.graph() == (
        "@all:\n  |--@ungrouped:\n  |--@dc1:\n  |  |--@leaves:\n  |  |  |--@left:\n"
        "  |  |  |  |--l2\n  |  |  |  |--l1\n  |  |--@spines:\n  |  |  |--s2\n  |  |  |--s1"
    )
    assert inventory.hosts == ("s2", "s1", "l2", "l1")
    assert [inventory.groups[name].depth for name in ("all", "dc1", "leaves", "left")] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [
        ("leaf[01:03]", ("leaf01", "leaf02", "leaf03")),
        ("leaf[1:9:4]", ("leaf1", "leaf5", "leaf9")),
        ("l[a:c]-[1:2]", ("la-1", "la-2", "lb-1", "lb-2", "lc-1", "lc-2")),
        ("[a:e:2].dc1.example.com", ("a.dc1.example.com", "c.dc1.example.com", "e.dc1.example.com")),
        ("10.0.0.[8:11]", ("10.0.0.8", "10.0.0.9", "10.0.0.10", "10.0.0.11")),
        ("x[3:1]", ()),
    ],
)
def test_range_in_a_host_name_expands(tmp_path: Path, pattern: str, hosts: tuple[str, ...]) -> None:
    """Ranges of numbers and letters expand with padding and step; one that ends before it begins is empty."""
    assert load(tmp_path, f'all: {{hosts: {{"{pattern}": }}}}').hosts == hosts


def test_port_after_a_host_becomes_its_variable(tmp_path: Path) -> None:
    """A port counts for names and bracketed addresses; a bare IPv6 address has none."""
    inventory = load(tmp_path, 'all: {hosts: {"a:2222": , "[2001:db8::1]:830": , "2001:db8::2": , "odd_:22": }}')
    assert inventory.hosts == ("a", "2001:db8::1", "2001:db8::2", "odd_:22")
    assert [inventory.host_vars(host).get("ansible_port") for host in inventory.hosts] == [2222, 830, None, None]


def test_scalars_have_the_types_of_yaml_1_1(tmp_path: Path) -> None:
    """Booleans, octal, sexagesimal, dates and numbers are typed as Ansible types them."""
    inventory = load(
        tmp_path,
        """
all: {hosts: {h: {yes_: yes, off_: off, oct: 010, new: 0o10, hex: 0x1F, bits: 0b11, time: 1:20, sci: 1e3, sci2: 1.0e+3,
  under: 1_000, null_: ~, empty: "", date: 2020-01-02, text: "12", forced: !!str 12, s: !!set {x}, neg: -0}}}
""",
    )
    shown = inventory.host_json("h")
    assert shown == {
        "yes_": True,
        "off_": False,
        "oct": 8,
        "new": "0o10",
        "hex": 31,
        "bits": 3,
        "time": 80,
        "sci": "1e3",
        "sci2": 1000.0,
        "under": 1000,
        "null_": None,
        "empty": "",
        "date": "2020-01-02",
        "text": "12",
        "forced": "12",
        "s": ["x"],
        "neg": 0,
    }
    assert type(shown["yes_"]) is bool
    assert type(shown["sci2"]) is float


def test_file_that_is_json_has_the_types_of_json(tmp_path: Path) -> None:
    """JSON is tried first, whatever the extension, so 1e3 is a number in it and text in YAML."""
    assert load(tmp_path, '{"g": {"hosts": {"h": {"e": 1e3}}}}', "hosts").host_json("h") == {"e": 1000.0}


def test_key_written_twice_means_its_last_value(tmp_path: Path) -> None:
    """A site's inventory with a doubled key works as it does in Ansible."""
    assert load(tmp_path, "all: {hosts: {h: {a: 1, a: 2}}}").host_json("h") == {"a": 2}


def test_unsafe_value_is_marked_in_lists_of_variables(tmp_path: Path) -> None:
    """Text tagged !unsafe is listed with Ansible's mark; numbers in it are as they were."""
    inventory = load(tmp_path, 'all: {hosts: {h: {u: !unsafe "{{ x }}", l: !unsafe [a, 1]}}}')
    listed = inventory.to_ansible_json()["_meta"]
    assert listed == {
        "hostvars": {"h": {"u": {"__ansible_unsafe": "{{ x }}"}, "l": [{"__ansible_unsafe": "a"}, 1]}},
        "profile": "inventory_legacy",
    }


def test_key_that_is_no_section_is_left_out_and_noted(tmp_path: Path) -> None:
    """What Ansible skips with a warning is skipped with a note that has its place."""
    inventory = load(tmp_path, "g:\n  hosts: {h: }\n  host: {x: }\nword: text\n")
    assert inventory.hosts == ("h",)
    assert [note.removeprefix(str(tmp_path)) for note in inventory.notes] == [
        "/hosts.yml:3:3: 'host' in group 'g' is not vars, children, hosts: left out",
        "/hosts.yml:4:1: 'word' is no group (its value is not a mapping): left out",
    ]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("all:\n  hosts:\n  - a\n", "2:3", "'hosts' of group 'all' is not a mapping"),
        ("all:\n  hosts:\n    a: 1\n", "3:5", "the variables of a are not a mapping"),
        ("all:\n  hosts:\n    12: {}\n", "3:5", "12 cannot be the name of a host"),
        ("all:\n  children:\n    g: text\n", "3:5", "'g' is neither a group nor a host"),
        ("all:\n  hosts: {a: {x: {{ y }}}}\n", "2:19", "not valid YAML"),
        ("all:\n\thosts:\n", "2:1", "not valid YAML"),
        ("all:\n  hosts:\n    a: {x: !foo bar}\n", "3:12", "'!foo'"),
        ("a: {children: {b: {children: {a: }}}}", "1:16", "closes a loop"),
        ("a: {vars: {ansible_group_priority: high}}", "1:12", "not a number"),
        ("all:\n  hosts:\n    a[1: {}\n", "3:5", "bracket"),
        ("all:\n  hosts:\n    a[01:5]: {}\n", "3:5", "same number of digits"),
        ("- a\n", "1:1", "this is a list"),
    ],
)
def test_mistake_is_refused_with_its_place(tmp_path: Path, text: str, place: str, words: str) -> None:
    """What Ansible cannot read is refused with line and column."""
    with pytest.raises(InventoryError) as refused:
        load(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path}/hosts.yml:{place}: ")
    assert words in str(refused.value)


def test_group_around_all_is_refused(tmp_path: Path) -> None:
    """Nothing can contain all."""
    with pytest.raises(InventoryError, match="closes a loop"):
        load(tmp_path, "web: {children: {all: }}")
