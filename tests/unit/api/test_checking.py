"""What is decided before anything is contacted: whom a job needs, and what ``check`` says from the files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeshift.api.checking import check
from safeshift.api.job import Job, load
from safeshift.api.opening import find_way
from safeshift.errors import FabricError, PlaybookError
from safeshift.model.ansible_cfg import AnsibleConfig, Logins, find_config
from safeshift.model.connection import ConnectionDefaults
from safeshift.model.inventory import InventoryRules
from tests.unit.planning.building import ROOT, fabric, playbook_of


def job_of(tmp_path: Path, steps: str, head: str = "hosts: p1") -> Job:
    """A job of these steps on the README's site."""
    return load(playbook_of(tmp_path, steps, head).path, str(ROOT / "inventories" / "dc1"))


def test_check_says_that_a_run_would_need_a_person(tmp_path: Path) -> None:
    """What ``run`` refuses where nobody answers is no surprise after a good check."""
    (note,) = check(job_of(tmp_path, "- approve: sure"), offline=True).notes
    assert note == "the plan asks for an approval: a run of it needs a person at a terminal, or --yes"
    assert check(job_of(tmp_path, "- pause: 1s"), offline=True).notes == ()


@pytest.mark.parametrize(
    ("steps", "head"),
    [("- drain: bgp_graceful_shutdown", "hosts: p1"), ("- drain: {}", "hosts: p1\nguard: 5s")],
    ids=["method", "guard"],
)
def test_way_is_found_though_only_the_devices_can_tell_whether_the_plan_is_possible(
    tmp_path: Path, steps: str, head: str
) -> None:
    """Whether p1 runs BGP, or has a timer, is not asked of the fabric file."""
    way = find_way(job_of(tmp_path, steps, head), None)
    assert set(fabric().routers) <= set(way.connections)


def test_way_is_not_found_for_files_that_are_wrong(tmp_path: Path) -> None:
    """What the files alone show is said before anything is contacted."""
    with pytest.raises(PlaybookError, match="the inventory has no host 'p9'"):
        find_way(job_of(tmp_path, "- {drain: {}, delegate_to: p9}"), None)


def test_job_takes_what_its_arguments_leave_open_from_ansible_cfg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inventory, forks and logins; an argument counts more."""
    (tmp_path / "ansible.cfg").write_text(
        f"[defaults]\ninventory = {ROOT}/inventories/dc1\nforks = 3\nremote_user = cfg\ntimeout = 44\n"
    )
    monkeypatch.setenv("ANSIBLE_CONFIG", str(tmp_path / "ansible.cfg"))
    path = playbook_of(tmp_path, "- pause: 1s", "hosts: p1").path
    job = load(path)
    assert (job.forks, job.defaults.user, job.defaults.timeout_s) == (3, "cfg", 44.0)
    assert job.fabric_path == ROOT / "inventories" / "dc1.fabric.yml"
    given = load(path, forks=2, defaults=ConnectionDefaults(user="own"))
    assert (given.forks, given.defaults.user) == (2, "own")
    assert load(path, str(ROOT / "inventories" / "dc1"), config=AnsibleConfig()).defaults.user is None


def test_what_would_weaken_the_check_of_host_keys_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence for all hosts, with the places; in a lab the site's settings mean nothing."""
    cfg = tmp_path / "ansible.cfg"
    cfg.write_text("[defaults]\nhost_key_checking = False\n[ssh_connection]\nssh_args = -o CheckHostIP=maybe\n")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(cfg))
    job = job_of(tmp_path, "- pause: 1s")
    said = "not followed, because it would weaken the check of host keys"
    assert [note for note in find_way(job, None).notes if note.startswith(said)] == [
        f"{said}: host_key_checking=False ({cfg}:2)",
        f"{said}: CheckHostIP=maybe ({cfg}: ansible_ssh_args)",
    ]
    assert job.defaults.ignored == find_config().logins.ignored


def test_settings_that_are_not_followed_are_notes_of_a_run(tmp_path: Path) -> None:
    """They may decide what a variable is, so they are said where a person looks."""
    config = AnsibleConfig(rules=InventoryRules(notes=("something is not followed",)), logins=Logins(user="x"))
    book = playbook_of(tmp_path, "- pause: 1s", "hosts: p1").path
    job = load(book, str(ROOT / "inventories" / "dc1"), config=config)
    assert "something is not followed" in find_way(job, None).notes


def test_mappings_are_merged_up_to_the_variables_of_a_play(tmp_path: Path) -> None:
    """hash_behaviour = merge holds for all variables, as in Ansible."""
    (tmp_path / "own.yml").write_text("all: {vars: {d: {from_inventory: 1, both: inventory}}}\n")
    head = "hosts: p1\nvars: {d: {both: play}}"
    for rules, text in ((InventoryRules(merge=True), "play1"), (InventoryRules(), "playnone")):
        steps = "- config: 'username {{ d.both }}{{ d.from_inventory | default(\"none\") }}'"
        book = playbook_of(tmp_path, steps, head).path
        sources = [str(ROOT / "inventories" / "dc1"), str(tmp_path / "own.yml")]
        (move,) = load(book, sources, config=AnsibleConfig(rules=rules)).compile(None).moves
        assert any(f"username {text}" in line for change in move.changes for line in change.lines)


def test_device_that_is_misspelled_is_refused_before_anything(tmp_path: Path) -> None:
    """Fabric and inventory are read together here."""
    hosts = "".join(f"{'p01' if name == 'p1' else name} ansible_network_os=eos\n" for name in fabric().routers)
    (tmp_path / "hosts").write_text(hosts)
    book = playbook_of(tmp_path, "- pause: 1s", "hosts: p01").path
    with pytest.raises(FabricError, match=r"dc1.fabric.yml:\d+:3: 'p1' is not in the inventory, which has 'p01'"):
        load(book, str(tmp_path / "hosts"), fabric=ROOT / "inventories" / "dc1.fabric.yml")
