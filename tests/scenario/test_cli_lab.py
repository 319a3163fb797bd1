"""``safeshift lab`` with a real lab in a process of its own, reached by real clients in the ways that it prints."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import netmiko
import pytest

from safeshift.lab.process import find_labs, stop_lab
from tests.scenario.staging import DC1
from tests.unit.cli.calling import Cli, caller


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """Call safeshift with a state directory of its own; every lab in it is ended after the test."""
    monkeypatch.setenv("SAFESHIFT_STATE", str(tmp_path / "a state"))
    monkeypatch.chdir(DC1.parents[1])
    yield caller(monkeypatch, capsys)
    for path in (tmp_path / "a state" / "lab").glob("*"):
        stop_lab(path)


def way_in(out: str, name: str) -> str:
    """Find what ``lab up`` prints after a word."""
    return next(line.split(maxsplit=1)[1] for line in out.splitlines() if line.split()[:1] == [name])


def test_up_prints_where_each_device_really_listens(cli: Cli) -> None:
    """Every address of the table answers, on loopback, and the password is in the file that is named."""
    out = cli("lab", "up").out
    rows = [line.split() for line in out.splitlines() if "127.0.0.1:" in line]
    assert len(rows) == 15
    for _, _, address in rows:
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=10):
            pass
    password = Path(way_in(out, "password").removeprefix("in "))
    assert password.stat().st_mode & 0o077 == 0
    assert password.read_text().strip() == find_labs()[0].password
    assert find_labs()[0].password not in out


@pytest.mark.skipif(shutil.which("ssh") is None, reason="OpenSSH's client is not installed")
def test_the_ssh_line_that_is_printed_logs_in_without_a_question(cli: Cli) -> None:
    """Pasted as it is, with the host key checked."""
    line = shlex.split(way_in(cli("lab", "up").out, "ssh"))
    done = subprocess.run(
        [*line, "show version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Arista" in done.stdout


def test_log_tells_what_a_device_was_sent_and_by_whom(cli: Cli) -> None:
    """Every line since the lab started, oldest first, with its session; nothing of other devices."""
    out = cli("lab", "up").out
    assert cli("lab", "log", "p1").out == "p1 of dc1 was sent nothing since the lab started\n"
    before = datetime.now(UTC)
    ask(out, "show version")
    ask(out, "show clock")
    after = datetime.now(UTC)
    rows = cli("lab", "log", "p1", "--json").json
    assert [(row["user"], row["mode"], row["line"]) for row in rows] == [
        ("admin", "enable", "show version"),
        ("admin", "enable", "show clock"),
    ]
    assert rows[0]["session"] < rows[1]["session"]
    assert before < datetime.fromisoformat(rows[0]["at"]) < datetime.fromisoformat(rows[1]["at"]) < after
    heading, first, _ = cli("lab", "log", "p1").out.splitlines()
    assert heading.split() == ["TIME", "UTC", "SESSION", "USER", "MODE", "LINE"]
    assert first.split()[1:] == [str(rows[0]["session"]), "admin", "enable", "show", "version"]
    assert cli("lab", "log", "p2", "--json").json == []
    assert cli("lab", "log", "p9").code == 2


def test_the_labs_own_inventory_brings_no_warning(cli: Cli) -> None:
    """Nothing that the lab writes would weaken a check of host keys, so that nothing is said about it."""
    inventory = cli("lab", "up", "--json").json["inventory"]
    checked = cli("check", "playbooks/upgrade-primary.yml", "-i", inventory, "--fabric", "inventories/dc1.fabric.yml")
    assert checked.code == 0, checked
    assert "weaken" not in checked.out + checked.err
    assert "host_key" not in checked.out + checked.err


def test_up_twice_is_one_lab_and_down_leaves_nothing(cli: Cli) -> None:
    """The second one finds the first; after ``down`` nothing runs and nothing rests."""
    first, second = cli("lab", "up", "--json").json, cli("lab", "up", "--json").json
    assert (first["origin"], second["origin"]) == ("started", "found")
    assert first["devices"] == second["devices"]
    assert cli("lab", "status", "--json").json["running"][0]["sessions"] == 0
    assert cli("lab", "down").out == "the lab of dc1 is down, and nothing of it is left\n"
    assert cli("lab", "status", "--json").json == {"running": [], "resting": []}


def test_down_under_a_run_is_refused_unless_forced(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes the devices away takes the undo away: one sentence says whose run it is, and exit 3."""
    monkeypatch.setenv("SAFESHIFT_STATE", str(tmp_path / "state"))
    cli("lab", "up")
    path = tmp_path / "play.yml"
    path.write_text("- {name: Wait, hosts: p1, stages: [{name: One, steps: [{name: Wait, pause: 1h}]}]}\n")
    words = [sys.executable, "-m", "safeshift", "run", str(path), "-i", str(DC1), "--lab"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as run:
        assert run.stdout is not None
        assert any("move 1.1.1" in line for line in run.stdout)
        refused = cli("lab", "down")
        who = cli("runs", "--json").json[0]["id"]
        assert refused.code == 3, refused
        assert f"the lab of dc1 is in use: run {who}, by " in refused.err
        assert f"(pid {run.pid}) is under way on it" in refused.err
        assert cli("lab", "status", "--json").json["running"]
        assert cli("lab", "down", "--force").code == 0
        run.kill()
    assert cli("lab", "status", "--json").json == {"running": [], "resting": []}


def test_a_killed_lab_rests_and_goes_on_from_there(cli: Cli) -> None:
    """After ``kill -9`` status says so, a fault cannot be injected, and ``up`` resumes the same devices."""
    first = cli("lab", "up", "--json").json
    os.kill(first["pid"], signal.SIGKILL)
    for _ in range(50):  # the kernel takes its time to take the process away
        status = cli("lab", "status", "--json").json
        if not status["running"]:
            break
    assert status == {"running": [], "resting": ["dc1"]}
    assert cli("lab", "fault", "p1", "hang").code == 2
    again = cli("lab", "up", "--json").json
    assert (again["origin"], again["devices"]) == ("resumed", first["devices"])


def test_a_lab_told_something_else_is_refused_while_one_runs(cli: Cli) -> None:
    """Two truths at once are no lab; the sentence says how to end the first."""
    cli("lab", "up")
    answered = cli("lab", "up", "--seed", "7")
    assert answered.code == 2
    assert "safeshift lab down" in answered.err


def test_faults_and_links_are_broken_and_mended_by_hand(cli: Cli) -> None:
    """What is injected is what a client sees, until it is cleared."""
    out = cli("lab", "up").out
    assert cli("lab", "fault", "p1", "reject", "--match", "show clock", "--text", "% Not today").code == 0
    assert "Not today" in ask(out, "show clock")
    assert cli("lab", "clear", "p1", "reject").code == 0
    assert "Not today" not in ask(out, "show clock")
    assert cli("lab", "fail-link", "p1", "l1").code == 0
    assert "notconnect" in ask(out, "show interfaces status")
    assert cli("lab", "mend-link", "l1", "p1").code == 0
    assert "notconnect" not in ask(out, "show interfaces status")
    assert cli("lab", "fail-link", "p1", "p2").code == 2
    assert cli("lab", "fault", "p9", "hang").code == 2
    slip = cli("lab", "fault", "p1", "link_down", "--interface", "Ethernt1")
    assert slip.code == 2
    assert "Ethernet1" in slip.err
    assert cli("lab", "fault", "n1", "link_down", "--interface", "eth1").code == 0


def ask(up: str, command: str) -> str:
    """Ask the first device something, in the way that ``lab up`` printed."""
    line = [*shlex.split(way_in(up, "ssh")), command]
    return subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout


def test_the_netmiko_call_that_is_printed_logs_in(cli: Cli) -> None:
    """Pasted as it is, after the import that everybody knows."""
    call = way_in(cli("lab", "up").out, "netmiko")
    with eval(call, {"ConnectHandler": netmiko.ConnectHandler}) as session:
        assert session.find_prompt() == "p1#"


@pytest.mark.parametrize(("device", "driver", "more"), [("p1", "eos", {"transport": "ssh"}), ("p2", "ios", {})])
def test_napalm_reads_what_the_fabric_is(cli: Cli, device: str, driver: str, more: dict[str, str]) -> None:
    """Another project's getters, which parse what the devices print, agree with the fabric file."""
    napalm = pytest.importorskip("napalm", reason="NAPALM is not installed")
    cli("lab", "up")
    lab = find_labs()[0]
    host, port = lab.address(device)
    options = {"port": port, **more}
    with napalm.get_network_driver(driver)(host, lab.user, lab.password, optional_args=options) as reader:
        neighbors = {one["hostname"] for rows in reader.get_lldp_neighbors().values() for one in rows}
        assert neighbors == {"l1", "l2", "l3", "l4", "s1"}
        assert reader.get_facts()["hostname"] == device
        speeds = {name: face["speed"] for name, face in reader.get_interfaces().items() if face["speed"] == 40000}
        assert len(speeds) == 4
        links = [entry["ip"] for entry in reader.get_arp_table()]
        assert {"10.0.11.0", "10.0.21.0"} & set(links)


def test_two_ups_at_once_are_one_lab(cli: Cli) -> None:
    """Two shells, one lab, both exit 0."""
    command = [sys.executable, "-m", "safeshift", "lab", "up", "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate()[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert len(find_labs()) == 1
    assert all(str(find_labs()[0].pid) in text for text in said)
