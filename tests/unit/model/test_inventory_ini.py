"""Inventories in INI form: sections, values, and what is refused on which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.inventory import Inventory, load_inventory
from safeshift.model.inventory.ini import read_value


def load(folder: Path, text: str) -> Inventory:
    """Load one INI inventory with this text."""
    path = folder / "hosts"
    path.write_text(text)
    return load_inventory([str(path)])


def test_sections_in_any_order_build_the_same_groups(tmp_path: Path) -> None:
    """Children and variables may stand before the group they are of."""
    inventory = load(
        tmp_path,
        """
lonely
[routers:children]
leaves
[leaves:vars]
role=leaf
[leaves]
leaf[1:2] rack=7   # the first row
[routers:vars]
role = router
site = "dc 1"
""",
    )
    assert inventory.to_ansible_json() == {
        "_meta": {
            "hostvars": {
                "leaf1": {"rack": 7, "role": "leaf", "site": "dc 1"},
                "leaf2": {"rack": 7, "role": "leaf", "site": "dc 1"},
            },
            "profile": "inventory_legacy",
        },
        "all": {"children": ["ungrouped", "routers"]},
        "ungrouped": {"hosts": ["lonely"]},
        "routers": {"children": ["leaves"]},
        "leaves": {"hosts": ["leaf1", "leaf2"]},
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-5", -5),
        ("0x10", 16),
        ("010", "010"),
        ("1e3", 1000.0),
        ("1_000", 1000),
        ("True", True),
        ("true", "true"),
        ("yes", "yes"),
        ("None", None),
        ("hello world # c", "hello world # c"),
        ("1 # comment", 1),
        ('"quoted # c" # after', "quoted # c"),
        ("'03#pa33'", "03#pa33"),
        ("(1, 2)", [1, 2]),
        ("[1, {'k': (2,)}]", [1, {"k": [2]}]),
        ("{'a': b'x'}", {"a": "x"}),
        ("1+2j", "(1+2j)"),
        ("...", "..."),
        ("[1, 2,", "[1, 2,"),
        ("it's", "it's"),
        ("", ""),
        ("a=b", "a=b"),
    ],
)
def test_value_is_a_python_literal_or_text(text: str, value: object) -> None:
    """Values are typed as Ansible's INI plugin types them; tuples become lists."""
    assert read_value(text) == value
    assert type(read_value(text)) is type(value)


def test_host_line_splits_as_a_shell_does(tmp_path: Path) -> None:
    """Quotes keep spaces in a value, and an equals sign may stand in it."""
    inventory = load(tmp_path, "h:2222 a='two words' b=x=y c=\"[1, 2]\" d= e='\"12\"' # end\n; note\n# note\n")
    assert inventory.host_json("h") == {
        "ansible_port": 2222,
        "a": "two words",
        "b": "x=y",
        "c": [1, 2],
        "d": "",
        "e": "12",
    }


def test_host_named_as_a_group_gives_its_variables_to_the_group(tmp_path: Path) -> None:
    """A name that is a group and a host means the group, as in Ansible, and is noted."""
    inventory = load(tmp_path, "[edge]\nother\nedge x=1\n")
    assert inventory.host_json("other") == {"x": 1}
    assert inventory.notes == ("'edge' is the name of a group and of a host",)


def test_comment_in_another_encoding_does_no_harm_and_a_host_does(tmp_path: Path) -> None:
    """A line that is read must be UTF-8; a comment need not be."""
    path = tmp_path / "hosts"
    path.write_bytes(b"# caf\xe9\n[g]\nh a=1\n")
    assert load_inventory([str(path)]).hosts == ("h",)
    path.write_bytes(b"[g]\nh a=caf\xe9\n")
    with pytest.raises(InventoryError, match="hosts:2: this line is no UTF-8 text"):
        load_inventory([str(path)])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[web:foo]\nh\n", 1, "hosts, children or vars"),
        ("ok\n[a:children]\nnone\n", 3, "names 'none', and there is no such group"),
        ("[a:vars]\nk=1\n", 1, "declared nowhere"),
        ("[a]\nh1 foo\n", 2, "'foo' is not key=value"),
        ("[a]\nh1 x='y\n", 2, "No closing quotation"),
        ("[a]\n[a:vars]\nk\n", 3, "'k' is not key=value"),
        ("[a]\nh[1:3\n", 2, "bracket"),
        ("[a]\nh[1:b]\n", 2, "neither of two numbers nor of two letters"),
        ("[a]\nh[1:9:0]\n", 2, "step"),
        ("[a]\nh1:\n", 2, "ends in a colon"),
        ("[a]\n---\n", 2, "YAML"),
        ("[a b]\nh\n", 1, "no spaces"),
        ("[a]\n[a:vars]\nk={[]: 1}\n", 3, "unhashable"),
    ],
)
def test_mistake_is_refused_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    """What Ansible cannot read is refused with the number of the line."""
    with pytest.raises(InventoryError) as refused:
        load(tmp_path, text)
    assert refused.value.place is not None
    assert refused.value.place.line == line
    assert words in str(refused.value)
