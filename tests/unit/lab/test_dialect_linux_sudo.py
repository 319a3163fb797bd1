"""How sudo on a lab node talks: at a terminal and without one, to those it lets and those it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safeshift.lab.dialects.linux_sudo import Sudoers
from tests.lab_bench import Console, ConsoleBench, make_device

QUESTION = "[sudo] password for netops: "


@pytest.fixture
def bench() -> Iterator[ConsoleBench]:
    """An event loop with devices in it."""
    with ConsoleBench() as made:
        yield made


def console_of(bench: ConsoleBench, sudo: Sudoers = Sudoers.PASSWORD, *, user: str = "netops") -> Console:
    """A shell on a node whose sudoers file says this."""
    return bench.console(make_device("linux", sudo=sudo), user=user)


def test_shell_as_root_asks_for_the_password_and_leaves_again(bench: ConsoleBench) -> None:
    """``sudo -s`` takes the password without echo; ``exit`` returns to the user."""
    console = console_of(bench)
    console.type("sudo -s", until=QUESTION)
    console.type("right")
    assert console.prompt == "root@n1:~# "
    console.type("exit")
    assert console.prompt == "netops@n1:~$ "
    assert "right" not in console.text


def test_password_is_asked_for_once_in_a_terminal(bench: ConsoleBench) -> None:
    """Who gave it a moment ago is not asked again, and is himself again behind the command."""
    console = console_of(bench)
    console.type("sudo whoami", until=QUESTION)
    assert console.type("right") == "root\n"
    assert console.type("sudo -u bob whoami; whoami") == "bob\nnetops\n"


def test_three_wrong_passwords_end_it(bench: ConsoleBench) -> None:
    """Each but the last is answered with another question."""
    console = console_of(bench)
    console.type("sudo id", until=QUESTION)
    console.type("wrong", until=f"Sorry, try again.\r\n{QUESTION}")
    console.type("wrong", until=f"Sorry, try again.\r\n{QUESTION}")
    assert console.type("wrong") == "sudo: 3 incorrect password attempts\n"
    assert console.type("echo $?") == "1\n"


def test_user_who_is_not_in_the_file_learns_it_behind_the_password(bench: ConsoleBench) -> None:
    """The incident is reported."""
    console = console_of(bench, Sudoers.ABSENT)
    console.type("sudo id", until=QUESTION)
    assert console.type("right") == "netops is not in the sudoers file.  This incident will be reported.\n"


@pytest.mark.parametrize(
    ("sudo", "line", "answer"),
    [
        (Sudoers.FREE, "sudo -n whoami", "root\n"),
        (Sudoers.FREE, "sudo -HEu bob -- id", "uid=1000(bob)"),
        (Sudoers.FREE, "sudo --user=bob whoami", "bob\n"),
        (Sudoers.FREE, "sudo nothing; echo $?", "sudo: nothing: command not found\n1\n"),
        (Sudoers.FREE, "sudo -u ghost id", "sudo: unknown user ghost\n"),
        (Sudoers.FREE, "sudo -Z id", "sudo: invalid option -- 'Z'\n"),
        (Sudoers.FREE, "sudo id -u", "uid=0(root)"),
        (Sudoers.FREE, "sudo -u", "sudo: option requires an argument -- 'u'\n"),
        (Sudoers.FREE, "sudo", "usage: sudo "),
        (Sudoers.FREE, "sudo -v; echo $?", "0\n"),
        (Sudoers.PASSWORD, "sudo -n id; echo $?", "sudo: a password is required\n1\n"),
    ],
)
def test_line_is_answered_as_sudo_does(bench: ConsoleBench, sudo: Sudoers, line: str, answer: str) -> None:
    """Options, users and complaints."""
    console = console_of(bench, sudo)
    assert console.type(line).startswith(answer)


def test_root_is_asked_for_nothing(bench: ConsoleBench) -> None:
    """The sudoers file has no say about root."""
    device = make_device("linux", sudo=Sudoers.ABSENT, users={"root": "x", "bob": "y"})
    assert bench.console(device, user="root").type("sudo -u bob whoami") == "bob\n"


@pytest.mark.parametrize(
    ("sudo", "command", "answer"),
    [
        (Sudoers.TTY, "sudo -S id", "sudo: sorry, you must have a tty to run sudo\n"),
        (Sudoers.PASSWORD, "sudo id", "sudo: a terminal is required to read the password"),
        (Sudoers.PASSWORD, "sudo -n id", "sudo: a password is required\n"),
        (Sudoers.FREE, "sudo -n whoami", "root\n"),
    ],
)
def test_command_without_a_terminal(bench: ConsoleBench, sudo: Sudoers, command: str, answer: str) -> None:
    """What an exec channel gets where nobody can be asked."""
    console = bench.console(make_device("linux", sudo=sudo), command=command)
    assert console.text.startswith(answer)
    assert console.ended == (0 if sudo is Sudoers.FREE else 1)
