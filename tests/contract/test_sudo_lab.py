"""Commands as another user, against a lab node's own sudo: who is let, who is not, and where the password goes."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from safeshift.clock import SystemClock
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.errors import AuthError, CommandRejectedError, ConnectError
from safeshift.lab.device import Device
from safeshift.lab.dialects.linux_sudo import Sudoers
from safeshift.lab.faults import Fault, FaultKind
from safeshift.model.connection import ConnectionDefaults, connection_of
from safeshift.platforms.linux import LINUX
from safeshift.probes.base import Observation, Pair, Silence
from safeshift.probes.observers import node_observer, ping_stream_command
from tests.lab_bench import Bench, make_device

RIGHT, WRONG = "right", "not-to-be-seen"
PING = ping_stream_command("10.0.0.1")
LONG_S = 20.0  # longer than anything here takes


@dataclass
class Node:
    """A node behind a real SSH server, and drivers that log into it by key variables of an inventory."""

    device: Device
    bench: Bench
    known_hosts: Path
    stack: ExitStack

    def driver(self, timeout_s: float = 10.0, **variables: Any) -> NetmikoDriver:
        """Log in as netops with ``ansible_become: true`` and these variables."""
        way = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.bench.port("n1"),
            "ansible_user": "netops",
            "ansible_password": RIGHT,
            "ansible_become": True,
            **variables,
        }
        defaults = ConnectionDefaults(
            known_hosts=(self.known_hosts,), ssh_config=Path("/dev/null"), timeout_s=timeout_s
        )
        driver = NetmikoDriver(connection_of("n1", way, defaults=defaults), LINUX, clock=SystemClock())
        self.stack.callback(driver.close)
        return driver

    def ran(self) -> list[tuple[str, str]]:
        """What sudo ran, and as whom."""
        return [(one.user, one.line) for one in self.device.received if one.mode == "sudo"]

    def asked(self) -> int:
        """How often sudo was called."""
        return sum(" -- " in one.line for one in self.device.received)


NodeWith = Callable[..., Node]


@pytest.fixture
def node_with(tmp_path: Path) -> Iterator[NodeWith]:
    """Make a node whose sudoers file says this."""
    with ExitStack() as stack:

        def make(sudo: Sudoers, **spec: Any) -> Node:
            device = make_device("linux", sudo=sudo, **spec)
            bench = stack.enter_context(Bench(device))
            known = tmp_path / "known_hosts"
            known.write_text(f"[127.0.0.1]:{bench.port('n1')} {bench.host_key('n1')}\n")
            return Node(device, bench, known, stack)

        yield make


def first_answer(driver: NetmikoDriver) -> str:
    """Begin an endless ping and return the first line that tells of a round trip."""
    stream = driver.stream(PING)
    try:
        return next(line for line in stream if "icmp_seq=" in line)
    finally:
        stream.close()


def test_stream_runs_as_root_after_the_password(node_with: NodeWith) -> None:
    """The probe's own ping runs under sudo, and the password is in no command line."""
    node = node_with(Sudoers.PASSWORD)
    assert "icmp_seq=1 " in first_answer(node.driver(ansible_become_password=RIGHT))
    assert ("root", PING) in node.ran()
    assert not any(RIGHT in one.line for one in node.device.received)


def test_stream_runs_as_root_where_no_password_is_needed(node_with: NodeWith) -> None:
    """Without a become password sudo is told not to ask; where it need not, all is well."""
    node = node_with(Sudoers.FREE)
    first_answer(node.driver())
    assert node.ran() == [("root", "ping -V"), ("root", PING)]
    assert all(" -n " in one.line for one in node.device.received if one.line.startswith("sudo "))


def test_password_that_is_not_asked_for_is_not_sent(node_with: NodeWith) -> None:
    """A become password beside a sudoers file that needs none does no harm."""
    node = node_with(Sudoers.FREE)
    first_answer(node.driver(ansible_become_password=WRONG))
    assert ("root", PING) in node.ran()


def test_read_runs_as_the_become_user(node_with: NodeWith) -> None:
    """Every read of a node runs as the user that the inventory names, and its answer is whole."""
    node = node_with(Sudoers.PASSWORD)
    driver = node.driver(ansible_become_password=RIGHT, ansible_become_user="bob")
    assert driver.read(["hostname", "uname -r"]) == ("n1", "6.1.0-28-amd64")
    assert node.ran() == [("bob", "ping -V"), ("bob", "hostname"), ("bob", "uname -r")]


def test_read_that_the_node_refuses_is_told_in_its_words(node_with: NodeWith) -> None:
    """A refusal of the command is not taken for its answer, nor for one of sudo's."""
    driver = node_with(Sudoers.PASSWORD).driver(ansible_become_password=RIGHT)
    with pytest.raises(CommandRejectedError, match="No such file or directory"):
        driver.read(["cat /proc/nothing"])


def test_own_flags_and_program_are_used(node_with: NodeWith) -> None:
    """ansible_become_flags and ansible_become_exe go in front; what asks for the password stays ours."""
    node = node_with(Sudoers.PASSWORD)
    own: dict[str, Any] = {"ansible_become_flags": "-E -n", "ansible_become_exe": "/usr/bin/sudo"}
    node.driver(ansible_become_password=RIGHT, **own).open()
    sent = next(one.line for one in node.device.received if "sudo" in one.line)
    assert sent.startswith("/usr/bin/sudo -E -S -p '[safeshift ")
    assert sent.endswith(" -u root -- ping -V")


def test_login_as_the_become_user_needs_no_sudo(node_with: NodeWith) -> None:
    """As in Ansible: who is that user already does not become it."""
    node = node_with(Sudoers.ABSENT, users={"root": RIGHT})
    first_answer(node.driver(ansible_user="root"))
    assert node.asked() == 0


def test_wrong_password_is_refused_and_never_tried_again(node_with: NodeWith) -> None:
    """One wrong answer, then the end: accounts lock. It is in no error, nor is it sent by a later login."""
    node = node_with(Sudoers.PASSWORD)
    driver = node.driver(ansible_become_password=WRONG)
    for _ in range(2):
        with pytest.raises(AuthError, match="n1: sudo does not let netops run commands as root: it does not") as caught:
            driver.open()
        assert "ansible_become_password" in caught.value.hint
        assert (
            WRONG not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r} {caught.value.__context__!r}"
        )
    assert node.asked() == 1
    assert node.ran() == []


@pytest.mark.parametrize(
    ("sudo", "variables", "words", "hint"),
    [
        (Sudoers.PASSWORD, {}, "a password is required", "-K"),
        (Sudoers.ABSENT, {"ansible_become_password": RIGHT}, "netops is not in the sudoers file", "sudoers"),
        (Sudoers.TTY, {"ansible_become_password": RIGHT}, "you must have a tty", "requiretty"),
        (Sudoers.FREE, {"ansible_become_user": "ghost"}, "unknown user ghost", "sudoers"),
        (Sudoers.FREE, {"ansible_become_exe": "/opt/sudo"}, "/opt/sudo: command not found", "ansible_become: false"),
        (Sudoers.FREE, {"ansible_become_flags": "-Z"}, "invalid option -- 'Z'", "ansible_become: false"),
    ],
)
def test_node_that_lets_nobody_become_says_why(
    node_with: NodeWith, sudo: Sudoers, variables: dict[str, Any], words: str, hint: str
) -> None:
    """Each of sudo's refusals ends the login with its words and with what to do."""
    with pytest.raises(AuthError, match=words) as caught:
        node_with(sudo).driver(**variables).open()
    assert hint in caught.value.hint


def test_sudo_that_never_answers_ends_the_login(node_with: NodeWith) -> None:
    """A sudo that waits for a directory server that is gone costs the time-out, and is said to have done so."""
    node = node_with(Sudoers.PASSWORD)
    node.bench.call(lambda: node.device.inject(Fault(FaultKind.SLOW, "n1", match="ping -V", seconds=3600)))
    with pytest.raises(ConnectError, match="sudo neither ran 'ping -V' nor refused"):
        node.driver(timeout_s=1.0, ansible_become_password=RIGHT).open()


def test_password_that_was_changed_meanwhile_is_sent_once_more_and_no_further(node_with: NodeWith) -> None:
    """Probes begin their pings anew for hours: a password that has become wrong must not lock the account."""
    users = {"netops": RIGHT}
    node = node_with(Sudoers.PASSWORD, users=users)
    driver = node.driver(ansible_become_password=RIGHT)
    first_answer(driver)
    users["netops"] = "new"
    before = node.asked()
    for _ in range(3):
        with pytest.raises(AuthError, match="does not take the become password"):
            first_answer(driver)
    assert node.asked() == before + 1


def test_observer_looks_through_sudo(node_with: NodeWith) -> None:
    """What a node under sudo reports are round trips, as of any other."""
    node = node_with(Sudoers.PASSWORD)
    pair = Pair("n1", "n3", "primary", "10.0.0.1")
    reports: queue.SimpleQueue[Observation | Silence] = queue.SimpleQueue()
    observer = node_observer("n1", node.driver(ansible_become_password=RIGHT), SystemClock())
    observer.start((pair,), reports.put)
    try:
        seen = [reports.get(timeout=LONG_S) for _ in range(3)]
    finally:
        observer.stop()
    assert [(one.pair, one.came_back) for one in seen if isinstance(one, Observation)] == [(pair, True)] * 3
