"""The benchmark's clients, each a process of its own: ``floor`` (raw paramiko), ``safeshift``, ``netmiko``.

    python -m tests.benchmarks.driver_clients CLIENT {job,rollback} COUNT < papers

Reads one JSON line (how to reach the devices), works on the first COUNT of them, prints one JSON line. Of a rollback it
prints "ready" with every session open and every device drained, then waits for a line and goes.
"""

from __future__ import annotations

import json
import resource
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

DRAIN = (
    "router ospf 1",
    "   max-metric router-lsa include-stub",
    "interface Ethernet1",
    "   description drained",
    "   ip ospf cost 65535",
)
UNDRAIN = (
    "router ospf 1",
    "   no max-metric router-lsa",
    "interface Ethernet1",
    "   description to rack 1",
    "   ip ospf cost 10",
)
SHOW = "show running-config section ospf"

if TYPE_CHECKING:
    from safeshift.drivers.netmiko_driver import NetmikoDriver


@dataclass(frozen=True, slots=True)
class Papers:
    """How to reach the devices."""

    user: str
    password: str
    ports: dict[str, int]
    keys: dict[str, str]


def block(lines: tuple[str, ...]) -> list[str]:
    return ["configure terminal", *lines, "end"]


def judge(running: str, drained: str, undrained: str) -> None:
    """The job was done: the texts say so."""
    assert "interface Ethernet40" in running
    assert "max-metric" in drained
    assert "max-metric" not in undrained


def in_threads(work: Callable[[str], None], names: list[str]) -> None:
    failed: list[BaseException] = []

    def one(name: str) -> None:
        try:
            work(name)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


# The floor: raw paramiko, three exchanges, nothing of the project -----------------------------------------------------


class Floor:
    """A Transport and a thread per device; block writes and blocking reads; no host key is checked."""

    def __init__(self, papers: Papers, names: list[str]) -> None:
        import paramiko

        self.paramiko = paramiko
        self.papers = papers
        self.names = names
        self.open: dict[str, tuple[Any, Any]] = {}

    def log_in(self, name: str) -> Any:
        sock = socket.create_connection(("127.0.0.1", self.papers.ports[name]))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = self.paramiko.Transport(sock)
        transport.start_client(timeout=60)
        transport.auth_password(self.papers.user, self.papers.password)
        channel = transport.open_session()
        channel.get_pty("vt100", 511, 1000)
        channel.invoke_shell()
        self.open[name] = (transport, channel)
        return channel

    def ask(self, channel: Any, lines: list[str], prompt: str) -> str:
        channel.sendall("".join(f"{line}\n" for line in lines))
        return self.hear(channel, lines, prompt)

    def hear(self, channel: Any, lines: list[str], prompt: str) -> str:
        data = b""
        while True:
            data += channel.recv(65536)
            if data.endswith(prompt.encode()) and lines[-1].encode() in data:
                return str(data, "utf-8")

    def job(self) -> None:
        in_threads(self.job_of, self.names)

    def job_of(self, name: str) -> None:
        channel = self.log_in(name)
        prompt = f"\n{name}#"
        running = self.ask(channel, ["terminal length 0", "terminal width 511", "show running-config"], prompt)
        drained = self.ask(channel, [*block(DRAIN), SHOW], prompt)
        undrained = self.ask(channel, [*block(UNDRAIN), SHOW], prompt)
        self.open[name][0].close()
        judge(running, drained.partition(SHOW)[2], undrained.partition(SHOW)[2])

    def prepare(self) -> None:
        for name in self.names:
            channel = self.log_in(name)
            self.ask(channel, ["terminal length 0", *block(DRAIN)], f"\n{name}#")

    def rollback(self) -> None:
        text = "".join(f"{line}\n" for line in block(UNDRAIN))
        for name in self.names:
            self.open[name][1].sendall(text)
        for name in self.names:
            self.hear(self.open[name][1], block(UNDRAIN), f"\n{name}#")

    def close(self) -> None:
        for transport, _ in self.open.values():
            transport.close()


# safeshift's driver ---------------------------------------------------------------------------------------------------


class Ours:
    """A fleet of drivers with host keys checked, echoes checked and refusals looked for."""

    def __init__(self, papers: Papers, names: list[str]) -> None:
        from safeshift.clock import SystemClock
        from safeshift.drivers.fleet import Fleet
        from safeshift.model.connection import Connection
        from safeshift.model.vault import Secret

        known = Path(tempfile.mkdtemp(prefix="safeshift-benchmark-")) / "known_hosts"
        known.write_text("".join(f"[127.0.0.1]:{papers.ports[name]} {papers.keys[name]}\n" for name in papers.ports))
        self.known = known
        self.names = names
        self.fleet = Fleet(
            (
                Connection(
                    host=name,
                    address="127.0.0.1",
                    port=papers.ports[name],
                    user=papers.user,
                    password=Secret(papers.password),
                    key_file=None,
                    platform="arista_eos",
                    become=False,
                    become_method="enable",
                    become_password=None,
                    jump=(),
                    known_hosts=(known,),
                    ssh_config=None,
                    timeout_s=30,
                )
                for name in names
            ),
            clock=SystemClock(),
        )

    def job(self) -> None:
        for outcome in self.fleet.each(self.names, self.job_of).values():
            if isinstance(outcome, Exception):
                raise outcome

    @staticmethod
    def job_of(driver: NetmikoDriver) -> None:
        (running,) = driver.read(["show running-config"])
        drained = driver.write([*block(DRAIN), SHOW]).answers[-1][1]
        undrained = driver.write([*block(UNDRAIN), SHOW]).answers[-1][1]
        driver.close()
        judge(running, drained, undrained)

    def prepare(self) -> None:
        outcomes = self.fleet.each(self.names, lambda driver: driver.write(block(DRAIN)))
        assert not [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]

    def rollback(self) -> None:
        from safeshift.drivers.base import Exchange

        outcomes = self.fleet.write_all({name: block(UNDRAIN) for name in self.names})
        assert all(isinstance(outcome, Exchange) for outcome in outcomes.values())

    def close(self) -> None:
        self.fleet.close_all()
        self.known.unlink()
        self.known.parent.rmdir()


# netmiko as its documentation shows it --------------------------------------------------------------------------------


class Netmiko:
    """A thread per device; ``send_command`` and ``send_config_set``; host keys accepted as they come."""

    def __init__(self, papers: Papers, names: list[str]) -> None:
        import netmiko

        self.netmiko = netmiko
        self.papers = papers
        self.names = names
        self.open: dict[str, Any] = {}

    def log_in(self, name: str) -> Any:
        return self.netmiko.ConnectHandler(
            device_type="arista_eos",
            host="127.0.0.1",
            port=self.papers.ports[name],
            username=self.papers.user,
            password=self.papers.password,
            conn_timeout=60,
            auth_timeout=60,
            banner_timeout=60,
        )

    def job(self) -> None:
        in_threads(self.job_of, self.names)

    def job_of(self, name: str) -> None:
        device = self.log_in(name)
        running = device.send_command("show running-config", read_timeout=60)
        device.send_config_set(list(DRAIN), read_timeout=60)
        drained = device.send_command(SHOW, read_timeout=60)
        device.send_config_set(list(UNDRAIN), read_timeout=60)
        undrained = device.send_command(SHOW, read_timeout=60)
        device.disconnect()
        judge(running, drained, undrained)

    def prepare(self) -> None:
        def drain(name: str) -> None:
            self.open[name] = self.log_in(name)
            self.open[name].send_config_set(list(DRAIN), read_timeout=60)

        in_threads(drain, self.names)

    def rollback(self) -> None:
        in_threads(
            lambda name: self.open[name].send_config_set(list(UNDRAIN), read_timeout=60),
            self.names,
        )

    def close(self) -> None:
        in_threads(lambda name: self.open[name].disconnect(), list(self.open))


class Worker(Protocol):
    """What every client can do."""

    def job(self) -> None:
        """Do job J on all devices."""

    def prepare(self) -> None:
        """Open every session and drain every device."""

    def rollback(self) -> None:
        """Undrain every device over the open sessions."""

    def close(self) -> None:
        """End every session."""


CLIENTS: dict[str, Callable[[Papers, list[str]], Worker]] = {"floor": Floor, "safeshift": Ours, "netmiko": Netmiko}


def main(client: str, task: str, count: int) -> None:
    """Do it once and print what it took."""
    papers = Papers(**json.loads(sys.stdin.readline()))
    worker = CLIENTS[client](papers, list(papers.ports)[:count])
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if task == "rollback":
        worker.prepare()
        print("ready", flush=True)
        sys.stdin.readline()
    cpu, start = time.process_time(), time.monotonic()
    worker.job() if task == "job" else worker.rollback()
    took = {
        "went_at": start,
        "wall_s": time.monotonic() - start,
        "cpu_s": time.process_time() - cpu,
        "rss_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "rss_before_kb": resident,
    }
    worker.close()
    print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
