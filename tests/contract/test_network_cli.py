"""Real Ansible logs into a lab by the inventory and the ansible.cfg that the lab wrote, and changes each router once.

Its collections are heavy (the ``ansible`` package: some 600 MB), so that these run in a tox environment of their own:
``tox -e network_cli``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeshift.cli.labtext import describe
from safeshift.lab.process import start_lab, stop_lab
from safeshift.lab.running import RunningLab

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
COLLECTIONS = ("ansible.netcommon", "arista.eos", "cisco.ios")
SKIPPED = "NOT TRIED: Ansible's network_cli against the lab, because this is not installed: {} (tox -e network_cli)"
PLAYBOOK = """
- hosts: p1
  gather_facts: false
  tasks:
    - arista.eos.eos_facts: {gather_subset: [hardware, interfaces]}
    - arista.eos.eos_command: {commands: [show ip ospf neighbor]}
      register: read
    - arista.eos.eos_config: &eos {parents: interface Ethernet1, lines: ["description {{ word }}"]}
      register: first
    - arista.eos.eos_config: *eos
      register: second
    - &judge
      ansible.builtin.assert:
        that:
          - ansible_net_hostname == inventory_hostname
          - ansible_net_interfaces | length > 4
          - read.stdout[0] is search('(?i)full')
          - first is changed
          - second is not changed
- hosts: p2
  gather_facts: false
  tasks:
    - cisco.ios.ios_facts: {gather_subset: [hardware, interfaces]}
    - cisco.ios.ios_command: {commands: [show ip ospf neighbor]}
      register: read
    - cisco.ios.ios_config: &ios {parents: interface HundredGigE1/0/1, lines: ["description {{ word }}"]}
      register: first
    - cisco.ios.ios_config: *ios
      register: second
    - *judge
- hosts: p1:p2
  gather_facts: false
  tasks:
    - ansible.netcommon.cli_command: {command: show version}
      register: version
    - ansible.builtin.assert: {that: "version.stdout is search('Arista|Cisco IOS XE')"}
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What Ansible is run with: nothing of its user's, and a short home, for it holds the paths of sockets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    home = tmp_path_factory.mktemp("a")
    return {**kept, "HOME": str(home), "ANSIBLE_CONFIG": os.environ["ANSIBLE_CONFIG"], "PATH": PATH}


@pytest.fixture(scope="module", autouse=True)
def _collections(environment: dict[str, str]) -> None:
    """Skip, and say so, where Ansible or one of its collections is missing."""
    program = shutil.which("ansible-galaxy", path=PATH)
    if program is None:
        pytest.skip(SKIPPED.format("ansible-core"))
    done = _run(environment, program, "collection", "list", "--format", "json")
    assert done.returncode == 0, done.stderr
    installed = {name for folder in json.loads(done.stdout).values() for name in folder}
    missing = [name for name in COLLECTIONS if name not in installed]
    if missing:
        pytest.skip(SKIPPED.format(", ".join(missing)))


def _told(environment: dict[str, str], lab: RunningLab) -> dict[str, str]:
    return {**environment, "ANSIBLE_CONFIG": str(lab.ansible_cfg)}


def _run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """The small site's lab, as ``lab up`` starts it."""
    where = tmp_path_factory.mktemp("lab")
    inventories = ROOT / "inventories"
    yield start_lab(inventories / "dc1.fabric.yml", str(inventories / "dc1"), state_dir=where)
    stop_lab(where)


@pytest.mark.parametrize("ssh", ["paramiko", "libssh"])
def test_ansible_reads_and_changes_routers_of_both_platforms(
    lab: RunningLab, environment: dict[str, str], tmp_path: Path, ssh: str
) -> None:
    """Facts, commands and configuration go through; a change is made once, and is then found to be there."""
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAYBOOK)
    how = ["-e", f"word={ssh}", "-e", f"ansible_network_cli_ssh_type={ssh}"]
    done = _run(_told(environment, lab), "ansible-playbook", "-i", str(lab.inventory), *how, str(playbook))
    if "ansible-pylibssh is not installed" in done.stdout + done.stderr:
        pytest.skip(SKIPPED.format("ansible-pylibssh"))
    assert done.returncode == 0, done.stdout + done.stderr
    for router in ("p1", "p2"):
        assert f"description {ssh}" in lab.running(router)


def test_the_ansible_line_that_is_printed_logs_in(lab: RunningLab, environment: dict[str, str]) -> None:
    """Pasted into a shell as ``lab up`` prints it."""
    lines = (line.text.split(maxsplit=1) for line in describe(lab))
    line = next(rest for word, rest in lines if word == "ansible")
    done = _run(environment, "sh", "-c", line)
    assert (done.returncode, "Arista" in done.stdout) == (0, True), done.stdout + done.stderr


def test_ansible_goes_on_checking_the_keys_of_nodes(
    lab: RunningLab, environment: dict[str, str], tmp_path: Path
) -> None:
    """The lab's ansible.cfg lets network_cli in; ssh to a node whose key nobody wrote down is still refused."""
    wrong = tmp_path / "inventory.yml"
    nothing = tmp_path / "known_hosts"
    nothing.touch()
    wrong.write_text(lab.inventory.read_text().replace(str(lab.known_hosts), str(nothing)))
    words = ("ansible", "n1", "-m", "ansible.builtin.raw", "-a", "hostname", "-i")
    assert "Host Key checking is enabled" in _run(_told(environment, lab), *words, str(wrong)).stdout
    done = _run(_told(environment, lab), *words, str(lab.inventory))
    assert (done.returncode, "n1" in done.stdout) == (0, True), done.stdout + done.stderr
