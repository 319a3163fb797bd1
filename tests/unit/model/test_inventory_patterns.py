"""Host patterns: every operator, in Ansible's order, and typos refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.errors import InventoryError
from safeshift.model.inventory import Inventory, load_inventory
from safeshift.model.inventory.patterns import split_pattern

SITE = """
all:
  hosts: {lonely: }
  children:
    web: {hosts: {web1: , web2: , web3: , web10.example.com: }}
    db: {hosts: {db1: , web2: }}
    dc1: {children: {rack: {hosts: {web1: , db1: , sw1: }}}}
    nobody:
"""


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Inventory:
    path = tmp_path / "hosts.yml"
    path.write_text(SITE)
    return load_inventory([str(path)])


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [
        ("web", "web1 web2 web3 web10.example.com"),
        ("db:web", "db1 web2 web1 web3 web10.example.com"),
        ("db,web1", "db1 web2 web1"),
        ("web:&db", "web2"),
        ("web:!db", "web1 web3 web10.example.com"),
        ("!db:web", "web1 web3 web10.example.com"),
        ("!web", "lonely db1 sw1"),
        ("&db", "web2 db1"),
        ("web:&dc1:!web1", ""),
        ("web*", "web1 web2 web3 web10.example.com"),
        ("w?b1", "web1"),
        ("web[0]", "web1"),
        ("web[-1]", "web10.example.com"),
        ("web[0:1]", "web1 web2"),
        ("web[1:]", "web2 web3 web10.example.com"),
        ("web[7:9]", ""),
        ("web[0:1]:db", "web1 web2 db1"),
        ("~web[13]$", "web1 web3"),
        ("~(db|sw)\\d", "db1 sw1"),
        ("web10.example.com", "web10.example.com"),
        ("dc1", "web1 db1 sw1"),
        ("ungrouped", "lonely"),
        ("nobody", ""),
        ("nothing*", ""),
        ("*", "lonely web1 web2 web3 web10.example.com db1 sw1"),
        ("all", "lonely web1 web2 web3 web10.example.com db1 sw1"),
        ("all:!ungrouped:!dc1", "web2 web3 web10.example.com"),
    ],
)
def test_pattern_gives_ansibles_hosts_in_ansibles_order(site: Inventory, pattern: str, hosts: str) -> None:
    """The expected hosts were printed by ansible PATTERN --list-hosts."""
    assert site.select(pattern) == tuple(hosts.split())


def test_limit_leaves_hosts_out_and_keeps_the_order(site: Inventory, tmp_path: Path) -> None:
    """A limit is a pattern of its own, or a file of patterns."""
    assert site.select("db:web", limit="web1,web2") == ("web2", "web1")
    assert site.select("web", limit="!web1") == ("web2", "web3", "web10.example.com")
    (tmp_path / "retry").write_text("web3\nweb1\n")
    assert site.select("web", limit=f"@{tmp_path}/retry") == ("web1", "web3")
    with pytest.raises(InventoryError, match="cannot read the limit file"):
        site.select("web", limit="@/nowhere/at/all")


@pytest.mark.parametrize("pattern", ["wbe", "web:!wbe", "web:&wbe", "web,wbe", "wbe[0]"])
def test_name_that_does_not_exist_is_refused(site: Inventory, pattern: str) -> None:
    """Ansible would only warn; a slip in an exclusion would put the wrong hosts under change."""
    with pytest.raises(InventoryError, match="no host and no group is called 'wbe'") as refused:
        site.select(pattern)
    assert refused.value.hint == "did you mean 'web'?"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("~web(", "no regular expression"),
        ("web:!", "nothing after it"),
        ("web[9]", "has 4 hosts"),
        ("web[-9]", "has 4 hosts"),
    ],
)
def test_pattern_that_cannot_be_meant_is_refused(site: Inventory, pattern: str, words: str) -> None:
    """What cannot be read is refused with the reason."""
    with pytest.raises(InventoryError, match=words):
        site.select(pattern)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a:b", ["a", "b"]),
        ("a,b:c", ["a", "b:c"]),
        ("fe80::1", ["fe80::1"]),
        ("fe80::1,a", ["fe80::1", "a"]),
        ("a[1:2]", ["a[1:2]"]),
        ("a[1:2]:b", ["a[1:2]", "b"]),
        ("10.0.0.1:22", ["10.0.0.1:22"]),
        (" a , b ", ["a", "b"]),
        ("a b", ["a", "b"]),
    ],
)
def test_pattern_splits_where_ansible_splits(text: str, pieces: list[str]) -> None:
    """Commas come first; a colon inside an address or a range separates nothing."""
    assert split_pattern(text) == pieces
