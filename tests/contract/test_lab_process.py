"""Both kinds of lab keep the promises of ``LabHandle``; the one in its own process also outlives what kills it."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import paramiko
import pytest
import yaml

from safeshift.errors import FabricError, LabError
from safeshift.lab.control import ask
from safeshift.lab.faults import Fault, FaultKind
from safeshift.lab.handle import LabHandle
from safeshift.lab.lab import Lab
from safeshift.lab.process import find_lab, find_labs, lab_directory, start_lab, stop_lab
from safeshift.lab.running import Origin, RunningLab
from safeshift.model.connection import ConnectionDefaults, connection_of
from safeshift.model.inventory import load_inventory

ROOT = Path(__file__).parents[2]
FABRIC = ROOT / "inventories" / "dc1.fabric.yml"
INVENTORY = str(ROOT / "inventories" / "dc1")
FAULT = Fault(FaultKind.REJECT, "l1", match="show version", text="% Not today")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for state that no other test uses."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def in_process() -> Iterator[Lab]:
    """A lab in this process."""
    with Lab(FABRIC, INVENTORY, faults=[FAULT]) as lab:
        yield lab


@pytest.fixture(scope="module")
def of_its_own(base: Path) -> Iterator[RunningLab]:
    """A lab in a process of its own."""
    where = base / "shared"
    yield start_lab(FABRIC, INVENTORY, faults=[FAULT], state_dir=where)
    stop_lab(where)


@pytest.fixture(params=["in_process", "of_its_own"])
def lab(request: pytest.FixtureRequest) -> LabHandle:
    """Each kind of lab in turn."""
    handle: LabHandle = request.getfixturevalue(request.param)
    return handle


def run_command(lab: LabHandle, device: str, command: str) -> str:
    """Log in as any client would, with the lab's own known_hosts, and run one command."""
    host, port = lab.address(device)
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(lab.known_hosts))
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        client.connect(
            host, port, lab.user, lab.password, look_for_keys=False, allow_agent=False, timeout=10, banner_timeout=10
        )
        _, answer, _ = client.exec_command(command, timeout=10)
        return answer.read().decode()


def type_lines(lab: LabHandle, device: str, *lines: str) -> None:
    """Type lines at a device's prompt and wait until it has seen the last one."""
    host, port = lab.address(device)
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(lab.known_hosts))
        client.connect(host, port, lab.user, lab.password, look_for_keys=False, allow_agent=False, timeout=10)
        shell = client.invoke_shell()
        shell.settimeout(10)
        for line in (*lines, "show clock"):
            shell.send(f"{line}\n".encode())
        seen = b""
        while b"show clock\r\n" not in seen or not seen.rstrip().endswith(b"#"):
            seen += shell.recv(65536)


def lab_threads() -> int:
    """Count the threads of labs in this process (an SSH client's own may come and go)."""
    return sum(thread.name == "safeshift-lab" for thread in threading.enumerate())


def eventually(is_so: Callable[[], bool]) -> bool:
    """Wait for something that takes its time; False when it never came."""
    deadline = time.monotonic() + 30
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_every_device_lets_in_who_has_the_papers(lab: LabHandle) -> None:
    """Address, login and known_hosts are enough for a strict client to reach a router and a node."""
    assert "EOS" in run_command(lab, "p1", "show version")
    assert "n1" in run_command(lab, "n1", "hostname")


def test_inventory_is_the_sites_with_the_labs_connections(lab: LabHandle) -> None:
    """Groups and variables are the site's; every connection variable is the lab's, and there is no other."""
    site, ours = load_inventory([INVENTORY]), load_inventory([str(lab.inventory)])
    assert set(ours.hosts) == set(site.hosts)
    for group in ("routers", "primary_routers", "leaves", "nodes"):
        assert set(ours.select(group)) == set(site.select(group))
    variables = ours.plain_vars("p2")
    assert variables["site"] == "dc1"
    assert {name: variables[name] for name in lab.overrides["p2"]} == lab.overrides["p2"]
    assert {name for name in variables if name.startswith("ansible_")} == set(lab.overrides["p2"])
    assert (variables["ansible_host"], variables["ansible_port"]) == lab.address("p2")


def test_inventory_alone_is_enough_for_safeshift_to_connect(lab: LabHandle) -> None:
    """Whoever takes the written inventory needs no other word about the lab: address, login and host keys are in it."""
    inventory = load_inventory([str(lab.inventory)])
    found = {
        name: connection_of(name, inventory.host_vars(name), defaults=ConnectionDefaults()) for name in ("p2", "n1")
    }
    for name, one in found.items():
        assert ((one.address, one.port), one.user) == (lab.address(name), lab.user)
        assert one.known_hosts == (lab.known_hosts,)
    assert [one.ignored for one in found.values()] == [(), ()]  # nothing in it weakens a check, so nothing is said
    assert [one.platform for one in found.values()] == ["cisco_ios", "linux"]


def test_files_with_the_password_are_private(lab: LabHandle) -> None:
    """Only the owner can read what opens the devices."""
    assert stat.S_IMODE(lab.inventory.stat().st_mode) == 0o600
    assert stat.S_IMODE(lab.inventory.parent.stat().st_mode) == 0o700
    assert lab.password in str(yaml.safe_load(lab.inventory.read_text(encoding="utf-8")))


def test_received_lines_are_what_clients_sent(lab: LabHandle) -> None:
    """The device's own log names line and user, so a test can prove what was sent."""
    run_command(lab, "l3", "show ip route")
    last = lab.received("l3")[-1]
    assert (last.line, last.user) == ("show ip route", lab.user)


def test_running_and_startup_are_told_apart(lab: LabHandle) -> None:
    """A change is in the running configuration, and in the startup one only when it was saved."""
    type_lines(lab, "s1", "configure", "interface Ethernet1", "description changed here", "end")
    assert "description changed here" in lab.running("s1")
    assert "description changed here" not in lab.startup("s1")


def test_faults_strike_from_the_start_and_can_be_cleared(lab: LabHandle) -> None:
    """A fault given at the start is active; cleared, it is over; injected, it is back."""
    assert "% Not today" in run_command(lab, "l1", "show version")
    lab.clear("l1", FaultKind.REJECT)
    assert "% Not today" not in run_command(lab, "l1", "show version")
    lab.inject(FAULT)
    assert "% Not today" in run_command(lab, "l1", "show version")


def test_link_can_be_broken_and_mended(lab: LabHandle) -> None:
    """A broken cable is down at its far end too, until it is mended; other faults of its ends stay."""

    def is_connected() -> bool:
        return "line protocol is up" in run_command(lab, "s1", "show interfaces Ethernet5")

    assert is_connected()
    lab.fail_link("p1", "s1")
    assert not is_connected()
    lab.mend_link("s1", "p1")
    assert is_connected()


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda lab: lab.address("p9"), "the lab has no device 'p9'"),
        (lambda lab: lab.running("p9"), "the lab has no device 'p9'"),
        (lambda lab: lab.inject(Fault(FaultKind.HANG, "p9")), "the lab has no device 'p9'"),
        (lambda lab: lab.fail_link("l1", "l2"), "there is no link between l1 and l2"),
    ],
)
def test_what_the_lab_does_not_have_is_refused(
    lab: LabHandle, act: Callable[[LabHandle], object], sentence: str
) -> None:
    """Every kind of lab says so in the same words."""
    with pytest.raises(LabError, match=sentence):
        act(lab)


def test_lab_leaves_nothing_behind() -> None:
    """After the block there is no thread, no file and no open port."""
    before = lab_threads()
    with Lab(FABRIC, INVENTORY) as lab:
        home, address = lab.inventory.parent, lab.address("p1")
    assert lab_threads() == before
    assert not home.exists()
    with pytest.raises(LabError, match="not running"):
        lab.running("p1")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_lab_that_cannot_start_leaves_nothing_running() -> None:
    """A lab that fails halfway closes what it opened before it raises."""
    before = lab_threads()
    with pytest.raises(LabError, match="no device 'p9'"):
        Lab(FABRIC, INVENTORY, faults=[Fault(FaultKind.HANG, "p9")]).start()
    assert lab_threads() == before


def test_router_that_nobody_can_play_is_refused() -> None:
    """A router without a platform is named before anything listens."""
    with pytest.raises(LabError, match="cannot play s1: it has no ansible_network_os"):
        Lab(FABRIC, {"p1": "arista_eos", "p2": "arista_eos"})


def test_truth_reaches_the_devices(tmp_path: Path) -> None:
    """A cost that differs from what was told stands in the device's own configuration."""
    truth = tmp_path / "truth.yml"
    truth.write_text("links: [{ends: [l1 Ethernet1, p1 Ethernet1], cost: [77, 10]}]\n", encoding="utf-8")
    with Lab(FABRIC, INVENTORY, truth=truth) as lab:
        assert "ip ospf cost 77" in lab.running("l1")


def test_fixture_makes_labs_for_a_users_own_tests(safeshift_lab: Callable[..., Lab]) -> None:
    """The pytest fixture gives a lab that is up, with faults."""
    lab = safeshift_lab(FABRIC, INVENTORY, faults=[FAULT])
    assert "% Not today" in run_command(lab, "l1", "show version")


def test_starting_twice_finds_the_running_lab(of_its_own: RunningLab) -> None:
    """The second start says that the lab was there already, and disturbs nothing."""
    again = start_lab(FABRIC, INVENTORY, faults=[FAULT], state_dir=of_its_own.state_dir)
    assert (again.origin, again.pid, again.boot) == (Origin.FOUND, of_its_own.pid, of_its_own.boot)
    assert again.status()["boot"] == of_its_own.boot


def test_starting_another_site_in_the_same_place_is_refused(of_its_own: RunningLab) -> None:
    """A lab of something else is never taken for the one that was asked for."""
    with pytest.raises(LabError, match="told something else") as caught:
        start_lab(FABRIC, INVENTORY, state_dir=of_its_own.state_dir)
    assert "lab down" in caught.value.hint


def test_control_socket_is_private_and_survives_nonsense(of_its_own: RunningLab) -> None:
    """Only the owner can talk to the lab; a request that makes no sense is answered and harms nothing."""
    assert stat.S_IMODE(of_its_own.control.stat().st_mode) == 0o600
    for nonsense in ({"do": "dance"}, {}, {"do": "running"}, {"do": "inject", "fault": {"kind": "no such"}}):
        with pytest.raises(LabError):
            ask(of_its_own.control, nonsense)
    assert of_its_own.status()["pid"] == of_its_own.pid


def test_killed_lab_is_resumed_as_it_was(base: Path) -> None:
    """After kill -9 the devices are back: same address, key and password, the change and its running timer."""
    where = base / "killed"
    first = start_lab(FABRIC, INVENTORY, state_dir=where)
    try:
        type_lines(
            first, "p1", "configure session s1", "router ospf 1", "max-metric router-lsa", "commit timer 00:30:00"
        )
        os.kill(first.pid, signal.SIGKILL)
        assert eventually(lambda: find_lab(where) is None)
        second = start_lab(FABRIC, INVENTORY, state_dir=where)
        assert (second.origin, second.boot != first.boot) == (Origin.RESUMED, True)
        assert (second.devices, second.password) == (first.devices, first.password)
        assert "max-metric router-lsa" in second.running("p1")
        assert "s1" in run_command(second, "p1", "show configuration sessions detail")
    finally:
        stop_lab(where)


def test_timer_that_ran_out_while_the_lab_was_dead_fires_when_it_is_back(base: Path) -> None:
    """A dead-man keeps its word: the change is gone when the device can be seen again."""
    where = base / "overdue"
    first = start_lab(FABRIC, INVENTORY, state_dir=where)
    try:
        type_lines(
            first, "p1", "configure session s1", "router ospf 1", "max-metric router-lsa", "commit timer 00:00:01"
        )
        os.kill(first.pid, signal.SIGKILL)
        assert eventually(lambda: find_lab(where) is None)
        second = start_lab(FABRIC, INVENTORY, state_dir=where)
        assert eventually(lambda: "max-metric router-lsa" not in second.running("p1"))
    finally:
        stop_lab(where)


def test_unused_lab_ends_itself_and_keeps_its_devices(base: Path) -> None:
    """Nobody there for long enough: the process goes, what the devices hold stays to be resumed."""
    where = base / "idle"
    first = start_lab(FABRIC, INVENTORY, state_dir=where, idle_s=0.2)
    try:
        assert eventually(lambda: find_lab(where) is None)
        second = start_lab(FABRIC, INVENTORY, state_dir=where)
        assert (second.origin, second.password) == (Origin.RESUMED, first.password)
        stop_lab(where)
        third = start_lab(FABRIC, INVENTORY, state_dir=where)
        assert (third.origin, third.password != first.password) == (Origin.STARTED, True)
    finally:
        stop_lab(where)


def test_fresh_start_forgets_what_a_dead_lab_left(base: Path) -> None:
    """Asked for a fresh one, nothing of the dead lab is resumed."""
    where = base / "fresh"
    first = start_lab(FABRIC, INVENTORY, state_dir=where)
    try:
        os.kill(first.pid, signal.SIGTERM)
        assert eventually(lambda: find_lab(where) is None)
        assert start_lab(FABRIC, INVENTORY, state_dir=where, fresh=True).origin is Origin.STARTED
    finally:
        stop_lab(where)


def test_taking_down_leaves_nothing_and_twice_is_harmless(base: Path) -> None:
    """No process, no state; the second time there is nothing to do."""
    where = base / "down"
    lab = start_lab(FABRIC, INVENTORY, state_dir=where)
    assert stop_lab(where) is True
    assert find_lab(where) is None
    assert {path.name for path in where.iterdir()} <= {"start.lock"}
    assert not lab.control.exists()
    assert stop_lab(where) is False


def test_lab_that_hangs_is_taken_down_all_the_same(base: Path) -> None:
    """A stopped process cannot answer; taking it down does not wait for it for ever."""
    where = base / "hung"
    lab = start_lab(FABRIC, INVENTORY, state_dir=where)
    os.kill(lab.pid, signal.SIGSTOP)
    assert stop_lab(where, patience_s=0.3) is True
    assert find_lab(where) is None


def test_start_that_fails_says_why_and_leaves_nothing(base: Path, tmp_path: Path) -> None:
    """A wrong file is refused with its place before any process is made."""
    wrong = tmp_path / "wrong.fabric.yml"
    wrong.write_text("networks: {}\n", encoding="utf-8")
    with pytest.raises(FabricError, match=r"wrong\.fabric\.yml:1"):
        start_lab(wrong, INVENTORY, state_dir=base / "wrong")
    assert find_lab(base / "wrong") is None


def test_state_directory_with_a_long_path_works(base: Path) -> None:
    """A socket's path is short by nature; the lab finds a place for it."""
    where = base / ("long" * 30)
    try:
        lab = start_lab(FABRIC, INVENTORY, state_dir=where)
        assert lab.status()["sessions"] == 0
        assert stat.S_IMODE(lab.control.parent.stat().st_mode) == 0o700
    finally:
        stop_lab(where)
    assert not lab.control.parent.exists()


def test_usual_place_is_named_after_the_fabric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place of its own a lab is found by its fabric's name below SAFESHIFT_STATE."""
    monkeypatch.setenv("SAFESHIFT_STATE", str(tmp_path / "kept"))
    lab = start_lab(FABRIC, INVENTORY)
    try:
        assert lab.state_dir == lab_directory(FABRIC) == tmp_path / "kept" / "lab" / "dc1"
        assert [found.boot for found in find_labs()] == [lab.boot]
    finally:
        stop_lab(lab.state_dir)


def test_lab_outlives_the_process_that_started_it(base: Path) -> None:
    """The starter may exit or be killed; the lab is nobody's child."""
    where = base / "outlives"
    program = (
        "from pathlib import Path\n"
        "from safeshift.lab.process import start_lab\n"
        f"start_lab({str(FABRIC)!r}, {INVENTORY!r}, state_dir=Path({str(where)!r}))\n"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False, timeout=60)
    try:
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        lab = find_lab(where)
        assert lab is not None
        assert "EOS" in run_command(lab, "p1", "show version")
    finally:
        stop_lab(where)


def made_up_site(leaves: int, nodes: int) -> tuple[str, Mapping[str, str]]:
    """Write a fabric of four spines, one secondary router, leaves and nodes, and who speaks what."""
    routers = [f"spine{at}" for at in range(4)] + ["second"] + [f"leaf{at}" for at in range(leaves)]
    lines = ["networks: {primary: {role: primary}, secondary: {role: secondary}}", "routers:"]
    lines += [f"  {name}: {{network: {'secondary' if name == 'second' else 'primary'}}}" for name in routers]
    lines += ["links:"]
    for leaf in range(leaves):
        for port, far in enumerate(routers[:5], start=1):
            number = 2 * (5 * leaf + port - 1)
            subnet = f"10.64.{number // 256}.{number % 256}/31"
            ends = f"[leaf{leaf} Ethernet{port}, {far} Ethernet{leaf + 1}]"
            lines.append(f"  - {{ends: {ends}, subnet: {subnet}, capacity: 100G, cost: {10 if port < 5 else 1000}}}")
    lines += ["nodes:"]
    for node in range(nodes):
        leaf = node % leaves
        address = f"10.100.{leaf}.{11 + node // leaves}/24"
        lines.append(f"  n{node}: {{primary: {{port: leaf{leaf} Vlan10, address: {address}}}}}")
    dialects = {name: ("arista_eos", "cisco_ios")[at % 2] for at, name in enumerate(routers)}
    return "\n".join(lines) + "\n", dialects


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the size of a process from /proc")
def test_hundred_devices_fit_in_one_small_process(base: Path, tmp_path: Path) -> None:
    """A hundred routers and forty nodes, each with its own server and key, stay below 300 MB."""
    text, dialects = made_up_site(leaves=95, nodes=40)
    fabric = tmp_path / "many.fabric.yml"
    fabric.write_text(text, encoding="utf-8")
    where = base / "many"
    try:
        lab = start_lab(fabric, dialects, state_dir=where)
        assert len(lab.devices) == 140
        assert "leaf94" in run_command(lab, "leaf94", "show running-config")
        status = Path(f"/proc/{lab.pid}/status").read_text(encoding="utf-8")
        peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
        assert peak_kb < 300_000
    finally:
        stop_lab(where)
