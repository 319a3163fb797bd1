"""What -i can name: files, folders, programs, lists of hosts, plugins; and in which order they count."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.inventory import InventoryRules, load_inventory


def put(folder: Path, name: str, text: str, *, program: bool = False) -> Path:
    """Write a file and the folders above it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if program:
        path.chmod(0o755)
    return path


def script(folder: Path, name: str, answers: dict[str, object]) -> Path:
    """Write an executable inventory that prints the answer to its arguments."""
    body = f"#!{sys.executable}\nimport json, sys\nprint(json.dumps({answers!r}[' '.join(sys.argv[1:])]))\n"
    return put(folder, name, body, program=True)


def test_list_of_hosts_needs_no_file() -> None:
    """A comma makes a list; ports are taken, ranges are not expanded."""
    inventory = load_inventory(["a,b:2222, [::1]:33,a[1:3]"])
    assert inventory.groups["ungrouped"].hosts == ("a", "b", "::1", "a[1:3]")
    assert inventory.host_json("b") == {"ansible_port": 2222}
    assert load_inventory(["solo,"]).hosts == ("solo",)


def test_later_source_overrides_an_earlier_one(tmp_path: Path) -> None:
    """Several -i count in order, their group_vars too, even if one folder comes twice."""
    one = put(tmp_path, "one/hosts", "h v=1\n[g]\nh\n[g:vars]\nw=1\n")
    two = put(tmp_path, "two/hosts.yml", "g: {hosts: {h: {v: 2}}, vars: {w: 2}}")
    put(tmp_path, "one/group_vars/all.yml", "k: one")
    put(tmp_path, "two/group_vars/all.yml", "k: two")
    assert load_inventory([str(one), str(two)]).host_json("h") == {"v": 2, "w": 2, "k": "two"}
    assert load_inventory([str(two), str(one)]).host_json("h") == {"v": 1, "w": 1, "k": "one"}
    assert load_inventory([str(one), str(two), str(one)]).host_json("h") == {"v": 1, "w": 1, "k": "one"}


def test_folder_is_read_in_order_without_what_ansible_passes_over(tmp_path: Path) -> None:
    """Backups, notes and hidden files are passed over; subfolders are read, their group_vars are not."""
    put(tmp_path, "01-first", "[x]\na\n[x:vars]\nv=1\n")
    put(tmp_path, "02-second.yml", "x: {vars: {v: 2}}")
    put(tmp_path, "sub/inner", "[inner]\ni\n")
    put(tmp_path, "sub/group_vars/inner.yml", "never: 1")
    put(tmp_path, "group_vars/x.yml", "beside: 1")
    for name in ("a.bak", "a.orig", "a.retry", "a.md", "a.txt", "a.rst", "a.cfg", "a.pyc", "a.swp", "a~", ".hidden"):
        put(tmp_path, name, "[bad]\nbad\n")
    inventory = load_inventory([str(tmp_path)])
    assert inventory.hosts == ("a", "i")
    assert inventory.host_json("a") == {"v": 2, "beside": 1}
    assert inventory.host_json("i") == {}


def test_stray_file_in_a_folder_is_noted_and_a_broken_inventory_refused(tmp_path: Path) -> None:
    """A picture or script among inventories does not stop a site; a broken inventory does."""
    put(tmp_path, "hosts", "a\n")
    put(tmp_path, "deploy.sh", "echo 'not closed\n")
    inventory = load_inventory([str(tmp_path)])
    assert inventory.hosts == ("a",)
    assert "deploy.sh is no inventory" in inventory.notes[0]
    put(tmp_path, "zz.yml", "all: [")
    with pytest.raises(InventoryError, match=r"zz\.yml:2:1: not valid YAML"):
        load_inventory([str(tmp_path)])


def test_missing_source_is_refused_by_name(tmp_path: Path) -> None:
    """A slip in a path is named, with how a list would be written."""
    with pytest.raises(InventoryError, match=r"there is no inventory .*/typo") as refused:
        load_inventory([str(tmp_path / "typo")])
    assert "comma" in refused.value.hint


def test_program_with_meta_is_asked_once(tmp_path: Path) -> None:
    """Groups, malformed groups and host variables of --list are taken as Ansible takes them."""
    path = script(
        tmp_path,
        "cmdb.py",
        {
            "--list": {
                "g": {"hosts": ["a", "b"], "vars": {"n": 1}, "children": ["sub"]},
                "bare": ["c"],
                "alone": {"v": "{{ x }}"},
                "_meta": {"hostvars": {"a": {"f": 1.5, "u": {"__ansible_unsafe": "q"}}, "stranger": {"x": 1}}},
            }
        },
    )
    inventory = load_inventory([str(path)])
    assert inventory.to_ansible_json() == {
        "_meta": {
            "hostvars": {
                "a": {"n": 1, "f": 1.5, "u": {"__ansible_unsafe": "q"}},
                "b": {"n": 1},
                "alone": {"v": {"__ansible_unsafe": "{{ x }}"}},
            },
            "profile": "inventory_legacy",
        },
        "all": {"children": ["ungrouped", "g", "bare", "alone"]},
        "g": {"hosts": ["a", "b"], "children": ["sub"]},
        "bare": {"hosts": ["c"]},
        "alone": {"hosts": ["alone"]},
    }


def test_program_without_meta_is_asked_for_each_host(tmp_path: Path) -> None:
    """--host is used only where --list has no _meta."""
    path = script(tmp_path, "old", {"--list": {"g": {"hosts": ["a"]}}, "--host a": {"x": [1]}})
    assert load_inventory([str(path)]).host_json("a") == {"x": [1]}


def test_executable_file_that_is_no_program_is_read_as_text(tmp_path: Path) -> None:
    """An execute bit alone does not spoil an inventory."""
    yaml = put(tmp_path, "a.yml", "g: {hosts: {a: {q: 1}}}", program=True)
    ini = put(tmp_path, "b", "[g]\nb q=2\n", program=True)
    assert load_inventory([str(yaml), str(ini)]).groups["g"].hosts == ("a", "b")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("#!/bin/sh\necho oops >&2; exit 3\n", "ended with code 3: oops"),
        ("#!/bin/sh\necho hello 'world\n", "ended with code 2"),
        ("#!/bin/sh\necho '[1]'\n", "not an object"),
        ('#!/bin/sh\necho \'{"g": {"hosts": "a"}}\'\n', "hosts must be a list"),
        ('#!/bin/sh\necho \'{"g": {"hosts": ["a"]}, "_meta": {}}\'\n', "no mapping hostvars"),
    ],
)
def test_program_that_fails_is_refused(tmp_path: Path, body: str, words: str) -> None:
    """What a program said, or printed wrong, is in the error."""
    with pytest.raises(InventoryError, match=r".") as refused:
        load_inventory([str(put(tmp_path, "inv", body, program=True))])
    assert words in str(refused.value)


def test_plugin_without_ansible_is_one_clear_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ansible is not installed a plugin's file says so, and what to do."""
    config = put(tmp_path, "inv.yml", "plugin: constructed\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(InventoryError, match="ansible-inventory is not installed") as refused:
        load_inventory([str(config)])
    assert "ansible-core" in refused.value.hint


def test_plugin_is_read_through_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All sources go to ansible-inventory together, and its exported groups and variables come back."""
    answer = {
        "all": {"children": ["ungrouped", "g", "low"]},
        "g": {"hosts": ["b", "a"], "vars": {"v": "g", "ansible_group_priority": 9}},
        "low": {"hosts": ["a"], "vars": {"v": "low"}},
        "_meta": {"hostvars": {"a": {"own": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n00"}}}},
    }
    log = tmp_path / "log"
    body = f"#!{sys.executable}\nimport sys\nopen({str(log)!r}, 'w').write(' '.join(sys.argv[1:]))\n"
    body += f"print({json.dumps(answer)!r})\n"
    put(tmp_path, "bin/ansible-inventory", body, program=True)
    config = put(tmp_path, "inv.yml", "plugin: constructed\n")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    inventory = load_inventory(["x,", str(config)])
    assert log.read_text() == f"--list --export -i x, -i {config}"
    assert inventory.groups["g"].priority == 9
    assert inventory.host_json("a") == {"v": "g", "own": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n00"}}


def test_folder_passes_over_what_the_rules_name(tmp_path: Path) -> None:
    """Endings replace Ansible's own list of them, patterns are found anywhere in a name."""
    for name in ("one.yml", "two.txt", "three.old.yml"):
        put(tmp_path, name, f"{name.partition('.')[0]}: {{hosts: {{{name.partition('.')[0]}: }}}}\n")
    put(tmp_path, "two.txt", "two\n")
    assert load_inventory([str(tmp_path)]).hosts == ("one", "three")
    rules = InventoryRules(ignore_extensions=(".cfg",), ignore_patterns=(r"\.old",))
    assert set(load_inventory([str(tmp_path)], rules=rules).hosts) == {"one", "two"}


def test_stray_file_in_a_folder_is_refused_where_all_must_parse(tmp_path: Path) -> None:
    """any_unparsed_is_failed leaves nothing out."""
    put(tmp_path, "hosts", "a\n")
    put(tmp_path, "picture.png", "\x89 ] [\n")
    (note,) = load_inventory([str(tmp_path)]).notes
    assert "picture.png is no inventory" in note
    with pytest.raises(InventoryError, match=r"picture.png"):
        load_inventory([str(tmp_path)], rules=InventoryRules(all_must_parse=True))


def test_program_is_not_run_where_the_rules_have_no_scripts(tmp_path: Path) -> None:
    """What is not enabled is not tried: the file is read as text."""
    path = put(tmp_path, "hosts", "h1\n", program=True)
    assert load_inventory([str(path)], rules=InventoryRules(readers=("ini",))).hosts == ("h1",)
    with pytest.raises(InventoryError, match="no reader that is enabled reads this") as refused:
        load_inventory([str(path)], rules=InventoryRules(readers=("yaml",)))
    assert "enable_plugins" in refused.value.hint
    with pytest.raises(InventoryError, match="there is no inventory a,b"):
        load_inventory(["a,b"], rules=InventoryRules(readers=("yaml",)))


def test_group_whose_name_is_changed_is_one_group_and_that_is_said(tmp_path: Path) -> None:
    """force_valid_group_names = always; silently says nothing; a change of spelling makes no second group."""
    path = put(tmp_path, "h.yml", "dc-1: {hosts: {a: }}\ndc.1: {hosts: {b: }}\n'1st': {}\n")
    loud, silent = (
        load_inventory([str(path)], rules=InventoryRules(group_names=word)) for word in ("always", "silently")
    )
    assert loud.groups["dc_1"].hosts == silent.groups["dc_1"].hosts == ("a", "b")
    assert "_st" in loud.groups
    assert len([note for note in loud.notes if "force_valid_group_names" in note]) == 3
    assert silent.notes == ()
