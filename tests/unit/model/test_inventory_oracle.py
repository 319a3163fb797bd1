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
