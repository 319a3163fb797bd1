"""Which of several values of a variable counts, and which files of variables are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.inventory import InventoryRules, load_inventory


def put(folder: Path, name: str, text: str) -> str:
    """Write a file and the folders above it; gives its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_deeper_group_counts_above_a_shallower_one(tmp_path: Path) -> None:
    """Group all is weakest, then depth; equals go by name; a priority decides among equals of one depth only."""
    path = put(
        tmp_path,
        "h.yml",
        """
all: {vars: {a: all, b: all, c: all, d: all}}
top: {vars: {b: top, c: top}, children: {mid: {vars: {c: mid}, hosts: {h: }}}}
alpha: {hosts: {h: }, vars: {d: alpha, e: alpha, f: alpha, c: alpha}}
beta: {hosts: {h: }, vars: {e: beta, f: beta}}
aardvark: {hosts: {h: }, vars: {f: aardvark, c: aardvark, ansible_group_priority: 10}}
""",
    )
    inventory = load_inventory([path])
    assert inventory.host_json("h") == {"a": "all", "b": "top", "c": "mid", "d": "alpha", "e": "beta", "f": "aardvark"}
    assert inventory.groups["aardvark"].priority == 10


def test_files_count_above_the_inventory_and_the_playbook_above_both(tmp_path: Path) -> None:
    """Each layer overrides the one before: group in inventory, group_vars, playbook's, host, host_vars, -e."""
    path = put(tmp_path, "inv/h", "h own=inv hv=inv pbh=inv\n[g]\nh\n[g:vars]\ng=inv\ngv=inv\npbg=inv\nown=g\nx=inv\n")
    put(tmp_path, "inv/group_vars/all.yml", "gv: all\ng: all\nallfile: 1\n")
    put(tmp_path, "inv/group_vars/g.yml", "gv: file\npbg: file\n")
    put(tmp_path, "inv/host_vars/h.yml", "hv: file\npbh: file\n")
    put(tmp_path, "book/group_vars/g.yml", "pbg: book\nhv: book\n")
    put(tmp_path, "book/host_vars/h.yml", "pbh: book\nx: book\n")
    inventory = load_inventory([path], playbook_dir=tmp_path / "book", extra_vars={"x": "extra"})
    assert inventory.host_json("h") == {
        "allfile": 1,
        "g": "all",
        "gv": "file",
        "pbg": "book",
        "own": "inv",
        "hv": "file",
        "pbh": "book",
        "x": "extra",
    }


def test_folder_of_variables_is_read_in_order_of_names(tmp_path: Path) -> None:
    """Files of a folder override each other by name; hidden ones, backups and other kinds are not read."""
    path = put(tmp_path, "h", "[g]\nh\n")
    for name, text in {
        "10.yml": "a: 10\nb: 10",
        "20.json": '{"a": 20, "e": 1e3}',
        "sub/x": "deep: 1",
        "sub.d/x.yml": "bad: 1",
        ".x.yml": "bad: 2",
        "y.yml~": "bad: 3",
        "z.txt": "bad: 4",
        "empty.yml": "---\n",
    }.items():
        put(tmp_path, f"group_vars/g/{name}", text)
    put(tmp_path, "group_vars/g.yml", "bad: 5")
    assert load_inventory([path]).host_json("h") == {"a": 20, "b": 10, "e": 1000.0, "deep": 1}


def test_first_extension_that_exists_is_the_only_one(tmp_path: Path) -> None:
    """No extension, then yml, yaml, json."""
    path = put(tmp_path, "h", "a\nb\nc\n")
    put(tmp_path, "host_vars/a", "v: none")
    put(tmp_path, "host_vars/a.yml", "v: yml")
    put(tmp_path, "host_vars/b.yml", "v: yml")
    put(tmp_path, "host_vars/b.yaml", "v: yaml")
    put(tmp_path, "host_vars/c.json", '{"v": "json"}')
    inventory = load_inventory([path])
    assert [inventory.host_json(host)["v"] for host in "abc"] == ["none", "yml", "json"]


@pytest.mark.parametrize(
    ("text", "place", "words"), [("- a\n", "1:1", "this is a list"), ("a: [\n", "2:1", "not valid YAML")]
)
def test_broken_file_of_variables_is_refused(tmp_path: Path, text: str, place: str, words: str) -> None:
    """It is refused with its own place, not passed over."""
    path = put(tmp_path, "h", "a\n")
    put(tmp_path, "group_vars/all.yml", text)
    with pytest.raises(InventoryError) as refused:
        load_inventory([path])
    assert f"group_vars/all.yml:{place}: " in str(refused.value)
    assert words in str(refused.value)


def test_magic_variables_are_there_and_are_not_listed(tmp_path: Path) -> None:
    """Templates see where a host came from and its groups; --list shows only what people wrote."""
    path = put(tmp_path, "h", "[g]\nh.example.com\n192.0.2.1\n")
    inventory = load_inventory([path], playbook_dir=tmp_path)
    magic = inventory.host_vars("h.example.com")
    assert {name: magic[name] for name in magic if name not in ("groups", "hostvars")} == {
        "inventory_hostname": "h.example.com",
        "inventory_hostname_short": "h",
        "group_names": ["g"],
        "inventory_file": path,
        "inventory_dir": str(tmp_path),
        "playbook_dir": str(tmp_path),
    }
    assert magic["groups"] == {
        "all": ("h.example.com", "192.0.2.1"),
        "ungrouped": (),
        "g": ("h.example.com", "192.0.2.1"),
    }
    assert magic["hostvars"]["192.0.2.1"]["group_names"] == ["g"]  # type: ignore[index]  # a mapping of mappings
    assert inventory.host_vars("192.0.2.1")["inventory_hostname_short"] == "192.0.2.1"
    assert inventory.host_json("h.example.com") == {}


def test_localhost_always_exists() -> None:
    """As in Ansible it is local, and not part of all."""
    inventory = load_inventory(["a,"])
    assert inventory.select("localhost") == ("localhost",)
    assert inventory.host_vars("localhost")["ansible_connection"] == "local"
    assert inventory.select("all") == ("a",)


def test_value_with_braces_stays_as_it_is_written(tmp_path: Path) -> None:
    """Loading renders nothing."""
    path = put(tmp_path, "h.yml", 'all: {hosts: {h: {a: "{{ b }}"}}}')
    assert load_inventory([path]).host_vars("h")["a"] == "{{ b }}"


def test_mappings_are_merged_where_the_rules_say_so(tmp_path: Path) -> None:
    """Key by key through all layers; lists and texts are still replaced."""
    path = put(tmp_path, "h.yml", "g: {hosts: {h: {d: {own: 1, l: [2]}}}, vars: {d: {g: 1, deep: {a: 1}, l: [1]}}}\n")
    put(tmp_path, "group_vars/all.yml", "d: {deep: {b: 2}, g: 2}\n")
    inventory = load_inventory([path], extra_vars={"d": {"x": 1}}, rules=InventoryRules(merge=True))
    assert inventory.host_json("h") == {"d": {"own": 1, "g": 2, "deep": {"a": 1, "b": 2}, "l": [2], "x": 1}}
    assert load_inventory([path], extra_vars={"d": {"x": 1}}).host_json("h") == {"d": {"x": 1}}


def test_layers_of_group_variables_count_in_the_order_of_the_rules(tmp_path: Path) -> None:
    """A layer that is not named is not read."""
    path = put(tmp_path, "h.yml", "g: {hosts: {h: }, vars: {who: source}}\n")
    put(tmp_path, "group_vars/g.yml", "who: file\n")
    for precedence, who in (
        (("groups_plugins_inventory", "groups_inventory"), "source"),
        (("groups_inventory", "groups_plugins_inventory"), "file"),
        (("all_inventory",), None),
    ):
        rules = InventoryRules(precedence=precedence)
        assert load_inventory([path], rules=rules).host_json("h").get("who") == who


def test_place_of_a_variable_is_found_in_the_files_that_were_read(tmp_path: Path) -> None:
    """In an inventory or beside it; a value from nowhere has no place."""
    path = put(tmp_path, "h", "[g]\na x=1 kind=junos\nb\n")
    put(tmp_path, "group_vars/g.yml", "other: 1\n'mode':  \"full duplex\"\n")
    inventory = load_inventory([path])
    assert str(inventory.place_of("kind", "junos")) == f"{path}:2:12"
    assert str(inventory.place_of("mode", "full duplex")) == f"{tmp_path}/group_vars/g.yml:2:11"
    assert inventory.place_of("kind", "jun") is None
    assert inventory.place_of("ind", "junos") is None
