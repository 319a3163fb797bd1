"""The talk with sudo: what is sent, when, and what of the output is the command's."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from safeshift.drivers.sudo import Sudo, Talk
from safeshift.errors import AuthError
from safeshift.model.connection import ConnectionDefaults, connection_of

LECTURE = b"\nWe trust you have received the usual lecture from the local System\nAdministrator.\n\n"


def sudo_of(**variables: object) -> Sudo:
    """What sudo on n1 is by these variables."""
    way = {"ansible_user": "netops", "ansible_become": True, **variables}
    return Sudo(connection_of("n1", way, defaults=ConnectionDefaults(ssh_config=Path("/dev/null"))))


def test_line_holds_all_but_the_password() -> None:
    """The password is in no argument; each word arrives as one."""
    sudo = sudo_of(ansible_become_password="secret", ansible_become_flags="-g 'a b' -n")
    words = shlex.split(sudo.wrap("ping -c 1 10.0.0.1"))
    assert words == f"sudo|-g|a b|-S|-p|{sudo.marker}|-u|root|--|ping|-c|1|10.0.0.1".split("|")


def test_line_without_a_password_forbids_the_question() -> None:
    """Without a password sudo must not wait for one."""
    assert sudo_of().wrap("uptime") == "sudo -H -n -u root -- uptime"


def test_question_in_pieces_is_answered_once_and_the_lecture_forgotten() -> None:
    """Bytes come as they like; what stands before the question is nobody's answer."""
    sudo = sudo_of(ansible_become_password="secret")
    talk, sent = Talk(sudo), list[bytes]()
    heard = b""
    for piece in (LECTURE, sudo.marker.encode()[:9], sudo.marker.encode()[9:], b"PING 10.0.0.1\n"):
        heard = talk.hear(heard + piece, sent.append)
    assert sent == [b"secret\n"]
    assert heard == b"PING 10.0.0.1\n"


def test_second_question_is_a_refusal_for_good() -> None:
    """A wrong password is sent once; whatever is asked of this sudo later is refused without a word to the node."""
    sudo = sudo_of(ansible_become_password="secret")
    talk, sent = Talk(sudo), list[bytes]()
    talk.hear(sudo.marker.encode(), sent.append)
    with pytest.raises(AuthError, match="does not take the become password"):
        talk.hear(b"Sorry, try again.\n" + sudo.marker.encode(), sent.append)
    assert len(sent) == 1
    with pytest.raises(AuthError, match="does not take the become password"):
        sudo.wrap("uptime")


def test_warning_of_sudo_is_no_part_of_an_answer() -> None:
    """A node that cannot resolve its own name says so each time, and runs the command all the same."""
    said = b"sudo: unable to resolve host n1: Name or service not known\nup 3 days\n"
    assert Talk(sudo_of()).hear(said, list[bytes]().append) == b"up 3 days\n"


def test_refusal_that_repeats_the_password_does_not_show_it() -> None:
    """Whatever a node says back, the password is masked."""
    sudo = sudo_of(ansible_become_password="hunter2")
    with pytest.raises(AuthError) as caught:
        Talk(sudo).hear(b"Sorry, user hunter2 is not allowed to execute '/usr/bin/ping' as root on n1.\n", print)
    assert "hunter2" not in str(caught.value)
    assert "user *** is not allowed" in str(caught.value)
