"""Two runs never hold the same routers, whoever starts them; and what a run leaves behind that was killed holding some.

Every run here is the real command in a process of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import paramiko
import pytest

from safeshift.platforms import platform_named
from tests.scenario.conftest import Ends, Stage
from tests.scenario.staging import DESCRIBE, DUO_FABRIC, DUO_HOSTS, Desk, Finished, Site, play

pytestmark = pytest.mark.timeout(400)
MARK = "description by safeshift"
SLOW = play(DESCRIBE, more="guard: 300s", verify="settle: 200s")  # ended by a signal, long before


@dataclass(frozen=True)
class Second:
    """What another user's run and check were told while the first run held the fabric, and how each ended."""

    pid: int
    run: Finished
    limited: Finished
    check: Finished
    first: Finished
    seen: tuple[str, ...]


def another_user_with_a_copy(stage: Stage) -> Second:
    """Another state directory and another checkout: neither knows of the first run's files."""
    site, other = stage.site(), stage.desk()
    process = site.begin("run", site.playbook(SLOW))
    site.wait_for("b", MARK)
    site.wait_for("a", MARK)
    ways = _checkout(site, other)
    path = other.playbook(play(DESCRIBE))
    run, check = (other.safeshift(word, path, *ways) for word in ("run", "check"))
    limited = other.safeshift("run", other.playbook(play(DESCRIBE, hosts="all"), "one.yml"), *ways, "-l", "s")
    states = [row["state"] for row in json.loads(site.safeshift("runs", "--json").out)]
    shown = site.safeshift("show", "last").out
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    under_way = "not ended: it is under way" in shown and "by hand" not in shown
    return Second(process.pid, run, limited, check, Finished(process.returncode, out, err), (*states, str(under_way)))


def _checkout(site: Site, other: Desk) -> tuple[str, ...]:
    fabric, hosts = other.folder / "mine.fabric.yml", other.folder / "mine.yml"
    shutil.copy(site.fabric, fabric)
    shutil.copy(site.lab.inventory, hosts)
    return ("-i", str(hosts), "--fabric", str(fabric))


def at_the_same_instant(stage: Stage) -> tuple[Finished, Finished]:
    """Two commands begin at once."""
    site, other = stage.site(), stage.desk()
    path, ways = other.playbook(play(DESCRIBE)), _checkout(site, other)
    first = site.begin("run", site.playbook(play(DESCRIBE)))
    second = other.begin("run", path, *ways)
    ends = []
    for process in (first, second):
        out, err = process.communicate(timeout=120)
        ends.append(Finished(process.returncode, out, err))
    return ends[0], ends[1]


def a_smaller_fabric(stage: Stage) -> tuple[Finished, str]:
    """Another fabric, of another user, has one router with the first one in common, and one of its own."""
    site, other = stage.site(), stage.desk()
    process = site.begin("run", site.playbook(SLOW))
    site.wait_for("a", MARK)
    fabric, hosts = other.folder / "duo.fabric.yml", other.folder / "duo.yml"
    host, port = site.lab.address("b")
    ways = {"a": "ansible_host: 127.0.3.1", "b": f"ansible_host: {host}, ansible_port: {port}"}
    fabric.write_text(DUO_FABRIC)
    hosts.write_text(DUO_HOSTS.replace("a: {", f"a: {{{ways['a']}, ").replace("b: {", f"b: {{{ways['b']}, "))
    path = other.playbook(play(DESCRIBE, require="primary"))
    refused = other.safeshift("run", path, "-i", hosts, "--fabric", fabric)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return refused, f"{host}:{port}"


@dataclass(frozen=True)
class Shown:
    """What is told of a killed run: for people, for machines, in the list; and each router after what it says."""

    died: datetime
    text: Finished
    json: Any
    runs: Finished
    changed_before: tuple[str, ...]
    changed_after: tuple[str, ...]


def killed_and_undone_by_hand(stage: Stage) -> Shown:
    """SIGKILL while the change is watched; then a person types what ``show`` says, on every router."""
    site = stage.site()
    process = site.begin("run", site.playbook(play(DESCRIBE, more="guard: 240s", verify="settle: 20s")))
    site.wait_for("a", MARK)
    site.wait_for("b", MARK)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    died = site.events()[-1].at
    text, told = site.safeshift("show", "last"), json.loads(site.safeshift("show", "last", "--json").out)
    before = site.changed()
    for left in told["leftovers"]:
        _type(site, left["device"], left["undo"])
    return Shown(died, text, told, site.safeshift("runs"), before, site.changed())


def _type(site: Site, device: str, lines: list[str]) -> None:
    """Paste lines at a device's exec prompt, one after the other, as a person would."""
    host, port = site.lab.address(device)
    prompt = re.compile(rb"[#>] ?\Z")
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(site.lab.known_hosts))
        client.connect(host, port, site.lab.user, site.lab.password, look_for_keys=False, allow_agent=False)
        channel = client.invoke_shell()
        channel.settimeout(20)
        for line in ("", *lines):
            channel.send(line.encode() + b"\n")
            said = b""
            while line.encode() not in said or not prompt.search(said):
                said += channel.recv(4096)


SCENARIOS = {
    "another user": another_user_with_a_copy,
    "same instant": at_the_same_instant,
    "smaller fabric": a_smaller_fabric,
    "killed": killed_and_undone_by_hand,
}


def test_another_users_run_of_a_copy_is_refused_by_name(ends: Ends) -> None:
    """Exit 3 and one sentence: which run, whose, where, since when, and through which router; no key of ours."""
    end: Second = ends.of("another user")
    assert end.run.code == end.check.code == end.limited.code == 3, end.run.said
    words = (
        rf"another run holds this fabric: run \S+, by \S+ on \S+ since \d\d:\d\d:\d\d UTC \(pid {end.pid}\), through"
    )
    for said in (end.run.err, end.check.err, end.limited.err):
        assert re.search(rf"refused: {words} its router [abs] \(127\.0\.0\.1:\d+\)", said), said
    assert end.first.code == 130, end.first.said


def test_run_under_way_is_told_from_one_that_died(ends: Ends) -> None:
    """The list says RUNNING, and ``show`` has nothing for a person to type."""
    assert ends.of("another user").seen == ("RUNNING", "True")


def test_of_two_commands_at_the_same_instant_one_completes(ends: Ends) -> None:
    """The other is refused; both are never under way."""
    first, second = ends.of("same instant")
    assert sorted((first.code, second.code)) == [0, 3], first.said + second.said


def test_killed_run_is_shown_with_what_may_still_stand(ends: Ends) -> None:
    """Each device, its timer with the clock time, and the inverse, one line each from exec mode and back."""
    end: Shown = ends.of("killed")
    assert end.text.code == 0
    lines = [line.strip() for line in end.text.out.splitlines()]
    for device, platform in (("a", "arista_eos"), ("b", "cisco_ios")):
        at = lines.index(f"{device}: may hold move 1.1.1")
        assert re.fullmatch(r"its own timer undoes the newest move at \d\d:\d\d:\d\d UTC, at the .*", lines[at + 1])
        dialogue = platform_named(platform).dialogue
        assert (lines[at + 3], lines[at + 6]) == (dialogue.enter_config, dialogue.leave_config)
        assert lines[at + 4].startswith("interface ")
        assert lines[at + 5].startswith("description to ")
    for left in end.json["leftovers"]:
        ends_at = datetime.fromisoformat(left["timer"]["ends"])
        assert timedelta(0) < ends_at - end.died < timedelta(seconds=240)
    assert (end.json["state"], end.json["alive"]) == (None, False)
    assert "look at safeshift show" in end.runs.out


def test_what_is_shown_of_a_killed_run_undoes_it_when_typed(ends: Ends) -> None:
    """Pasted as they stand, on every device that is named, the lines bring back what was there."""
    end: Shown = ends.of("killed")
    assert (end.changed_before, end.changed_after) == (("a", "b"), ())


def test_fabrics_that_share_a_router_exclude_each_other(ends: Ends) -> None:
    """A smaller fabric with one router in common is held by the bigger one's run."""
    refused, address = ends.of("smaller fabric")
    assert refused.code == 3, refused.said
    assert f"through its router b ({address})" in refused.err
