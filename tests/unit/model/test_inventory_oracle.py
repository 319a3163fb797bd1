"""Our reading of inventories against ansible-core's own, where that is installed.

Only the order of hosts below the second level of groups is not compared: Ansible leaves it to chance.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from safeshift.model.ansible_cfg import find_config
from safeshift.model.inventory import load_inventory
from safeshift.model.vault import Vault, encrypt

PATH = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
ORACLE = shutil.which("ansible-inventory", path=PATH)
pytestmark = pytest.mark.skipif(
    ORACLE is None, reason="NOT COMPARED WITH ANSIBLE: ansible-inventory is not installed (pip install ansible-core)"
)

INI = """
lonely x=1
[web]
web[01:10:3].example.com:2222 a=1 b='two words' c="[1,2,{'k': (1,2)}]" d=True e=1e3 f=0x10 g=010 h=None j=a=b k= # end
web[a:c]-[1:2] m=1_000 p=1+2j q=b'abc' r="'03#pa33'" s=... u=true
[db:vars]
x=1 # comment
y = hello world # c
w=[1, 2,
v=True
[web:children]
api
[db]
db1 x=host
web01.example.com
10.0.0.[1:3]
fe80::1
[2001:db8::1]:2200 v6=yes
[api]
api1
[all:vars]
fromall=1
[prio_a]
p1
[prio_b]
p1
[prio_a:vars]
ansible_group_priority=10
who=a
[prio_b:vars]
who=b
[ungrouped]
web01.example.com
"""
YAML = """
all:
  hosts:
    h1: {ansible_port: 1, v: 1, when: 2020-01-02, oct: 010, time: 1:20, sci: 1e3, u: !unsafe "{{ x }}"}
    h[01:03]: {v: "x"}
    same:
  vars: {a: 1, b: [1, {c: d}]}
  children:
    one: {hosts: h1, vars: {who: one, ansible_group_priority: 10}}
    two:
      hosts: {h1: {who2: x}, h02}
      vars: {who: two, d: {x: 1}}
      children: {three: {hosts: {h03: , h1: {v: later}}, vars: {who: three, d: {y: 2}}}, same: {hosts: {z: }}}
      bogus: 1
    five: {children: {three: {vars: {d: {z: 9}}}}}
other: {hosts: {o1.example.com: }}
third: {children: {other: }}
"""
SITE = """
all:
  hosts: {lonely: }
  children:
    web: {hosts: {web1: , web2: , web3: , web10.example.com: }}
    db: {hosts: {db1: , web2: }}
    rack: {hosts: {web1: , db1: , sw1: }}
    nobody:
"""


def ask(program: str, *arguments: str, cwd: Path) -> str:
    """Run one of Ansible's programs; gives what it printed."""
    assert ORACLE is not None
    command = [str(Path(ORACLE).with_name(program)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def compare(tmp_path: Path, sources: list[str], *vault_ids: str) -> None:
    """Compare --list (with the types of all values) and --graph."""
    empty = tmp_path / "empty"
    empty.mkdir(exist_ok=True)
    arguments = [word for source in sources for word in ("-i", source)]
    arguments += [word for vault_id in vault_ids for word in ("--vault-id", vault_id)]
    inventory = load_inventory(sources, vault=Vault.from_files(vault_ids))
    theirs = json.loads(ask("ansible-inventory", "--list", *arguments, cwd=empty))
    ours = inventory.to_ansible_json(open_files=True)
    assert json.dumps(ours, sort_keys=True, indent=1) == json.dumps(theirs, sort_keys=True, indent=1)
    assert inventory.graph() == ask("ansible-inventory", "--graph", *arguments, cwd=empty).rstrip("\n")


@pytest.mark.parametrize(("name", "text"), [("hosts", INI), ("hosts.yml", YAML), ("site.yml", SITE)])
def test_inventory_reads_as_in_ansible(tmp_path: Path, name: str, text: str) -> None:
    """Groups, hosts, variables and their types are those that ansible-inventory prints."""
    (tmp_path / name).write_text(text)
    compare(tmp_path, [str(tmp_path / name)])


def test_folder_with_variables_and_a_program_reads_as_in_ansible(tmp_path: Path) -> None:
    """All sources of one folder, with group_vars and host_vars, merge as in Ansible."""
    folder = tmp_path / "inv"
    for name, text in {
        "01-ini": INI,
        "02.yml": YAML,
        "skip.bak": "[bad]\nx\n",
        "group_vars/all.yml": "x: file\nnew: [1, 0o7, yes]\n",
        "group_vars/web/10.yml": "lvl: ten\n",
        "group_vars/web/20.json": '{"lvl": 1e5}',
        "host_vars/db1.yaml": "x: hv\n",
        "group_vars/three": "who: file\n",
        "03-program": f"#!{sys.executable}\nprint('"
        + json.dumps(
            {
                "dyn": {"hosts": ["h1", "d1"], "vars": {"t": "{{ x }}"}},
                "alone": {"v": "s"},
                "_meta": {"hostvars": {"d1": {"f": 1.5}}},
            }
        )
        + "')\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "03-program").chmod(0o755)
    compare(tmp_path, [str(folder)])
    compare(tmp_path, ["cli1,db1:99", str(folder / "02.yml"), str(folder / "01-ini")])


def test_vaulted_files_and_values_read_as_in_ansible(tmp_path: Path) -> None:
    """What we encrypt Ansible opens, and both list the same."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("first\n")
    two.write_text("second\n")
    for path in (one, two):
        path.chmod(0o600)
    value = encrypt(b"s3cret", b"first").strip().replace("\n", "\n        ")
    (tmp_path / "hosts.yml").write_text(f"g:\n  hosts:\n    h:\n      p: !vault |\n        {value}\n")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "g.yml").write_text(encrypt(b"x: [open, 1]\n", b"second", label="prod"))
    compare(tmp_path, [str(tmp_path / "hosts.yml")], str(one), f"prod@{two}")


def test_plugin_reads_as_in_ansible(tmp_path: Path) -> None:
    """A constructed inventory builds on the sources before it, and vaulted files beside it are opened through pipes."""
    (tmp_path / "pw").write_text("first\n")
    (tmp_path / "pw").chmod(0o600)
    (tmp_path / "hosts.yml").write_text(SITE)
    (tmp_path / "z.yml").write_text(
        'plugin: constructed\ngroups: {pair: inventory_hostname.endswith("2")}\ncompose: {y: 1 + 1}\n'
    )
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "web.yml").write_text(encrypt(b"x: open\n", b"first"))
    compare(tmp_path, [str(tmp_path / "hosts.yml"), str(tmp_path / "z.yml")], str(tmp_path / "pw"))


DEEP = """
all:
  vars: {d: {a: 1, deep: {x: 1, l: [1, 2]}}, s: all}
  hosts: {lonely: {d: {own: 1}}}
  children:
    dc-1:
      hosts: {h1: {d: {h: 1, deep: {l: [3]}}}, "h[2:3]": }
      vars: {d: {b: 2, deep: {y: 1}}, s: dc}
    dc.2: {children: {1st rack: {hosts: {h3: {d: text}}, vars: {d: {r: 1}}}}}
"""
SITE_FILES = {
    "inv/01.yml": DEEP,
    "inv/02": "[dc_1]\nh1 d=\"{'two': 2, 'deep': {'z': 1}}\"\n[ini-group]\nh9\n[ini-group:vars]\nd={'i': 1}\n",
    "inv/03.old.yml": "all: {hosts: {old1: }}\n",
    "inv/04.txt": "text1\n",
    "inv/05-program": '#!/bin/sh\necho \'{"dyn-1": {"hosts": ["p1"], "vars": {"d": {"p": 1}}}}\'\n',
    "inv/group_vars/all/1.yml": "d: {c: 3, deep: {x: 5}}\ns: file\n",
    "inv/group_vars/all/2.yml": "d: {cc: 3}\n",
    "inv/group_vars/dc_1.yml": "d: {under: 1}\n",
    "inv/group_vars/dc-1.yml": "d: {dash: 1}\ns: dash\n",
    "inv/host_vars/h1.yml": "d: {hv: 1, a: []}\n",
    "play/group_vars/all.yml": "d: {played: 1, deep: {x: 6}}\ns: played\n",
    "play/group_vars/dc-1.yml": "s: played dc\n",
    "play/host_vars/h1.yml": "d: {deep: {hv: 2}}\n",
}


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "hash_behaviour = merge\n",
        "hash_behaviour = merge\nprecedence = groups_plugins_play, all_plugins_inventory, groups_inventory\n",
        "precedence = groups_plugins_inventory,all_plugins_play , all_inventory,groups_inventory\n",
        "precedence = all_inventory, nonsense\n",
        "force_valid_group_names = always\n",
        "force_valid_group_names = silently\nhash_behaviour = merge\n",
        "force_valid_group_names = ignore\n",
        "[inventory]\nignore_patterns = \\.old, ^05\n",
        "[inventory]\nignore_extensions = .yml, '.old'\n",
        "inventory_ignore_extensions = .yml\n[inventory]\nignore_extensions = .bak\n",
        "[inventory]\nenable_plugins = ansible.builtin.yaml, ini\nignore_patterns = 05\n",
        "[inventory]\nenable_plugins = host_list, ini, script\nignore_patterns = yml$\n",
    ],
)
def test_settings_of_ansible_cfg_mean_what_they_mean_in_ansible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str
) -> None:
    """Found in the working directory, the inventory named there too; with the variables beside a playbook."""
    site = write_site(tmp_path, monkeypatch)
    (site / "ansible.cfg").write_text(f"[defaults]\ninventory = inv\n{settings}")
    compare_here("--playbook-dir", "play", playbook_dir=Path("play"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANSIBLE_INVENTORY", "inv/01.yml,inv/02"),
        ("ANSIBLE_HASH_BEHAVIOUR", "merge"),
        ("ANSIBLE_PRECEDENCE", "all_plugins_inventory"),
        ("ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS", "silently"),
        ("ANSIBLE_INVENTORY_IGNORE_REGEX", "^0[1-3]"),
        ("ANSIBLE_INVENTORY_IGNORE", ".yml"),
        ("ANSIBLE_INVENTORY_ENABLED", "yaml,script"),
    ],
)
def test_variables_of_the_environment_mean_what_they_mean_in_ansible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """They count above the file."""
    site = write_site(tmp_path, monkeypatch)
    (site / "ansible.cfg").write_text(
        "[defaults]\ninventory = inv\nprecedence = all_inventory\n[inventory]\nignore_patterns = 02\n"
    )
    monkeypatch.setenv(variable, value)
    compare_here()


def test_reader_that_only_ansible_has_is_left_to_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where enable_plugins names others, what our readers cannot read goes through ansible-inventory."""
    site = write_site(tmp_path, monkeypatch)
    (site / "ansible.cfg").write_text("[inventory]\nenable_plugins = advanced_host_list, ini\n")
    config = find_config()
    inventory = load_inventory(["leaf[1:3],spine1", str(site / "inv" / "02")], rules=config.rules)
    assert inventory.groups["ungrouped"].hosts == ("leaf1", "leaf2", "leaf3", "spine1")
    assert inventory.groups["dc_1"].hosts == ("h1",)


def write_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a site whose variables meet in every layer, and stand in it."""
    site = tmp_path / "site"
    for name, text in SITE_FILES.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (site / "inv" / "05-program").chmod(0o755)
    site.chmod(0o755)
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)
    monkeypatch.chdir(site)
    return site


def compare_here(*arguments: str, playbook_dir: Path | None = None) -> None:
    """Compare --list and --graph where we stand, with the settings and sources that both programs find there."""
    config = find_config()
    inventory = load_inventory(config.inventory, playbook_dir=playbook_dir, rules=config.rules)
    theirs = json.loads(ask("ansible-inventory", "--list", *arguments, cwd=Path.cwd()))
    ours = inventory.to_ansible_json()
    assert json.dumps(ours, sort_keys=True, indent=1) == json.dumps(theirs, sort_keys=True, indent=1)
    assert inventory.graph() == ask("ansible-inventory", "--graph", *arguments, cwd=Path.cwd()).rstrip("\n")


@pytest.mark.parametrize(
    "pattern",
    [
        "db:web",
        "web:&db",
        "!db:web",
        "&db",
        "!web",
        "web[-1]",
        "web[0:1]:db",
        "~web[13]$",
        "w*,!web3",
        "*",
        "all[2:4]",
        "*[0]",
        "web10.example.com",
        "nobody",
        "localhost",
        "ungrouped",
    ],
)
def test_pattern_selects_as_in_ansible(tmp_path: Path, pattern: str) -> None:
    """Hosts and their order are those of ansible PATTERN --list-hosts."""
    path = tmp_path / "hosts.yml"
    path.write_text(SITE)
    printed = subprocess.run(
        [str(Path(str(ORACLE)).with_name("ansible")), pattern, "-i", str(path), "--list-hosts"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    ).stdout
    theirs = tuple(line.strip() for line in printed.splitlines() if line.startswith("    "))
    assert load_inventory([str(path)]).select(pattern) == theirs


def test_site_of_the_readme_has_no_warning_in_ansible() -> None:
    """inventories/dc1 is an inventory that Ansible reads without a word, and as we do."""
    root = Path(__file__).parents[3]
    command = [str(ORACLE), "-i", str(root / "inventories" / "dc1"), "--list"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root / "inventories", check=False)
    assert done.stderr == ""
    assert load_inventory([str(root / "inventories" / "dc1")]).to_ansible_json() == json.loads(done.stdout)


@pytest.mark.parametrize("source", ["inv/hosts", "h1,h2", "h1,"])
def test_variables_beside_where_one_stands_count_as_in_ansible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """Without --playbook-dir the program takes ./group_vars and ./host_vars; so does ours, called the same way."""
    files = {"inv/hosts": "h1 a=1\nh2\n", "group_vars/all.yml": "b: 2\na: 9\n", "host_vars/h1.yml": "c: [3]\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    assert ours_called("-i", source, "--list") == json.loads(
        ask("ansible-inventory", "-i", source, "--list", cwd=tmp_path)
    )


@pytest.mark.parametrize(
    "given",
    [
        ["a=1 b='two words'"],
        ["{a: 1, b: [x, {y: z}], c: yes, d: 010}"],
        ['{"a": 1, "b": null}'],
        ["@plain.yml", "a=later"],
        ["@sealed.yml"],
        ["@data.json"],
    ],
)
def test_extra_variables_read_as_in_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]) -> None:
    """Pairs are texts; mappings and files have types; a vaulted file is opened."""
    (tmp_path / "pw").write_text("s3cret")
    (tmp_path / "plain.yml").write_text("a: 1\nb: {c: 1.5}\n")
    (tmp_path / "data.json").write_text('{"a": [1, "2"]}')
    (tmp_path / "sealed.yml").write_text(encrypt(b"a: 1\nz: {y: no}\n", b"s3cret"))
    monkeypatch.chdir(tmp_path)
    words = ["-i", "h1,", "--host", "h1", "--vault-password-file", "pw"]
    words += [word for text in given for word in ("-e", text)]
    theirs = json.loads(ask("ansible-inventory", *words, cwd=tmp_path))
    assert theirs, "Ansible shows what was given, or nothing is compared"
    ours = ours_called(*words, "--show-vaulted")
    assert json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)


def ours_called(*arguments: str) -> object:
    """Call our own program; gives the JSON that it printed."""
    command = [sys.executable, "-m", "safeshift", "inventory", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
