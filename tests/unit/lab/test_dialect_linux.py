"""How a lab node talks: a small shell, and pings that run side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from ntc_templates.parse import parse_output

from tests.lab_bench import Console, ConsoleBench, TinyAround, make_device


@pytest.fixture
def bench() -> Iterator[ConsoleBench]:
    """An event loop with devices in it."""
    with ConsoleBench() as made:
        yield made


@pytest.fixture
def console(bench: ConsoleBench) -> Console:
    """A shell on a node."""
    return bench.console(make_device("linux"))


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("hostname", "n1\n"),
        ("whoami", "netops\n"),
        ("echo 'a  b' \"$?\"", "a  b 0\n"),
        ("echo -n x; echo", "x\n"),
        ("false; echo rc=$?", "rc=1\n"),
        ("true && echo yes || echo no", "yes\n"),
        ("false && echo yes || echo no", "no\n"),
        ("echo gone > /dev/null", ""),
        ("foo", "bash: foo: command not found\n"),
        ("foo 2>/dev/null; echo rc=$?", "bash: foo: command not found\nrc=127\n"),
        ("cat /etc/shadow", "cat: /etc/shadow: No such file or directory\n"),
        ("echo 'open", "bash: syntax error: unterminated quoted string\n"),
        ("cat /etc/hostname", "n1\n"),
        ("echo hi | wc -c", "3\n"),
        ("echo -n hi | wc -c", "2\n"),
        ("cat /etc/os-release | grep -i name | head -n 1", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'),
        ("cat /etc/os-release | grep -c NAME", "2\n"),
        ("grep -v NAME /etc/os-release", "ID=debian\n"),
        ("cat /etc/os-release | tail -1 | cat", "ID=debian\n"),
        ("head -1 /etc/hostname", "n1\n"),
        ("ls / | wc -l", "1\n"),
        ("echo hi | grep -q x || echo none", "none\n"),
        ("echo hi | grep '[' ", "grep: Invalid regular expression\n"),
        ("echo hi | frob", "bash: frob: command not found\n"),
        ("echo hi | head -x", "head: invalid option -- 'x'\nTry 'head --help' for more information.\n"),
        ("echo hi |", "bash: syntax error near unexpected token `|'\n"),
        ("echo 'a | b'", "a | b\n"),
        ("wc /etc/nothing", "wc: /etc/nothing: No such file or directory\n"),
        ("ls /etc", "hostname  os-release\n"),
        ("ls nothing; echo rc=$?", "ls: cannot access 'nothing': No such file or directory\nrc=2\n"),
        ("uname -a", "Linux n1 6.1.0-28-amd64 #1 SMP Debian x86_64 GNU/Linux\n"),
    ],
)
def test_small_commands_answer_like_a_shell(console: Console, line: str, answer: str) -> None:
    """Commands, joints, redirections and exit statuses work as a shell user expects."""
    assert console.type(line) == answer


def test_prompt_is_a_shells(console: Console) -> None:
    """The prompt names user and host."""
    assert console.prompt == "netops@n1:~$ "


@pytest.mark.parametrize("command", ["ip address show", "ip route show"])
def test_ip_parses_with_ntc_templates(console: Console, command: str) -> None:
    """What ``ip`` prints is what the public templates read."""
    rows = parse_output(platform="linux", command=command, data=console.type(command))
    assert any("10.1.1.11" in (row.get("src"), *row.get("ip_addresses", ())) for row in rows)


def test_ip_addr_answers_json(console: Console) -> None:
    """``ip -j addr`` gives the addresses as data."""
    faces = json.loads(console.type("ip -j addr"))
    assert [(face["ifname"], face["addr_info"][0]["local"]) for face in faces[1:]] == [
        ("eth1", "10.1.1.11"),
        ("eth2", "10.2.0.11"),
    ]


def test_ip_of_one_interface_shows_only_that_one(console: Console) -> None:
    """A device that is named is the only one shown, and one that does not exist is an error."""
    assert "10.2.0.11" in console.type("ip addr show eth2")
    assert "10.1.1.11" not in console.type("ip addr show dev eth2")
    assert console.type("ip link show eth2").startswith("3: eth2: ")
    assert "does not exist" in console.type("ip addr show eth9")


def test_ping_counts_answers_and_sets_the_status(console: Console) -> None:
    """A ping of two prints two lines and a summary, and ends with status 0."""
    text = console.type("ping -n -c 2 -i 0.01 -W 1 -s 100 -I 10.1.1.11 10.0.0.1; echo rc=$?")
    assert text.startswith("PING 10.0.0.1 (10.0.0.1) from 10.1.1.11 : 100(128) bytes of data.\n")
    assert "108 bytes from 10.0.0.1: icmp_seq=2 ttl=62 time=0.432 ms\n" in text
    assert "2 packets transmitted, 2 received, 0% packet loss" in text
    assert text.endswith("rc=0\n")


def test_lost_ping_says_no_answer_yet_and_fails(bench: ConsoleBench) -> None:
    """With -O each request without an answer is told when the next goes out; the status is 1."""
    around = TinyAround()
    around.lost.add(IPv4Address("10.9.9.9"))
    console = bench.console(make_device("linux", around=around))
    text = console.type("ping -O -c 3 -i 0.01 -W 0.01 10.9.9.9; echo rc=$?")
    assert "no answer yet for icmp_seq=1\nno answer yet for icmp_seq=2\n" in text
    assert "3 packets transmitted, 0 received, 100% packet loss" in text
    assert text.endswith("rc=1\n")


def test_quiet_ping_prints_only_the_summary(console: Console) -> None:
    """-q leaves header and summary."""
    assert "icmp_seq" not in console.type("ping -q -c 2 -i 0.01 10.0.0.1")


def test_pings_in_the_background_run_side_by_side(bench: ConsoleBench) -> None:
    """Several pings joined with & share the time; their lines are whole and come as they happen."""
    command = "exec ping -c 3 -i 0.01 10.0.0.1 & ping -c 3 -i 0.01 10.0.0.2 & wait"
    console = bench.console(make_device("linux"), command=command)
    lines = [line for line in console.text.split("\n") if "icmp_seq" in line]
    assert [line.split()[3] for line in lines] == ["10.0.0.1:", "10.0.0.2:"] * 3
    assert all(line.endswith(" ms") for line in lines)
    assert console.ended == 0


def test_slow_answer_comes_after_its_round_trip(bench: ConsoleBench) -> None:
    """A round trip longer than the interval is printed late, after ``no answer yet``, and still counts."""
    around = TinyAround()
    around.rtt_ms = 30.0
    console = bench.console(make_device("linux", around=around))
    text = console.type("ping -O -c 2 -i 0.01 -W 1 10.0.0.1")
    assert text.index("no answer yet for icmp_seq=1") < text.index("icmp_seq=1 ttl=62 time=30.0 ms")
    assert "2 packets transmitted, 2 received" in text


def test_interrupt_ends_a_ping_with_its_summary(console: Console) -> None:
    """Ctrl-C stops an endless ping; the summary is printed and the prompt comes back."""
    console.keys(b"ping -i 0.01 10.0.0.1\n", until="icmp_seq=3")
    text = console.keys(b"\x03", until="netops@n1:~$ ")
    assert "packets transmitted" in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("n2", "ping: n2: Name or service not known\n"),
        ("", "ping: usage error: Destination address required\n"),
        ("-Z 10.0.0.1", "ping: invalid option -- 'Z'\n"),
        ("-I eth7 10.0.0.1", "ping: unknown iface: eth7\n"),
        ("-I 10.7.7.7 10.0.0.1", "ping: bind: Cannot assign requested address\n"),
        ("-c x 10.0.0.1", "ping: invalid argument\n"),
    ],
)
def test_ping_called_wrongly_complains(console: Console, arguments: str, complaint: str) -> None:
    """Each mistake has the message that ping has for it, and status 2."""
    assert console.type(f"ping {arguments}; echo rc=$?") == f"{complaint}rc=2\n"


def test_ls_of_the_root_lists_what_a_system_has(console: Console) -> None:
    """One line each, with mode and owner, the directory itself and its parent first."""
    total, *rows = console.type("ls -la /").splitlines()
    assert total.startswith("total ")
    assert [row.split()[-1] for row in rows[:4]] == [".", "..", "bin", "dev"]
    assert all(row.startswith("drwxr-xr-x 2 root root ") for row in rows)


def test_ping_into_a_pipe_is_counted_there(console: Console) -> None:
    """What a command prints over time goes through the pipe as well, and errors do not."""
    assert console.type("ping -c 3 -i 0.01 10.0.0.1 | grep -c ttl=62") == "3\n"
    assert console.type("ping n2 | wc -l") == "ping: n2: Name or service not known\n0\n"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("10.1.2.13", " 3  10.1.2.13 (10.1.2.13)  1.234 ms  1.100 ms  1.300 ms\nrc=0\n"),
        ("-n -m 1 10.1.2.13", "1 hops max, 60 byte packets\n 1  10.0.11.1  0.410 ms *  0.390 ms\nrc=0\n"),
        ("-s 10.7.7.7 10.1.2.13", "bind: Cannot assign requested address\nrc=2\n"),
        ("-m x 10.1.2.13", "Cannot handle `-m' option with arg `x' (argc 1)\nrc=2\n"),
        ("--fast 10.1.2.13", "Bad option `--fast' (argc 1)\nrc=2\n"),
        ("n3", 'n3: Name or service not known\nCannot handle "host" cmdline arg `n3\' on position 1 (argc 1)\nrc=2\n'),
    ],
)
def test_traceroute_from_a_node(console: Console, arguments: str, answer: str) -> None:
    """The usual options work, and each mistake is told."""
    assert console.type(f"traceroute {arguments}; echo rc=$?").endswith(answer)
