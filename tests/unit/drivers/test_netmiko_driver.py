"""The driver against a device on the wire: what it promises when the device behaves, and when it does not."""

from __future__ import annotations

import threading
import time

import pytest
from pytest_mock import MockerFixture

from safeshift.drivers.login import open_link
from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.errors import (
    CommandRejectedError,
    ConnectError,
    ConnectionLostError,
    OutcomeUnknownError,
)
from tests.unit.drivers.scripted_device import LONG_ANSWER, ScriptedDevice

CHANGE = ("configure terminal", "router ospf 1", "   max-metric router-lsa", "end")


def test_read_several_commands_answers_in_order(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """Each command's answer stands at its place, without echo, prompt or setup."""
    assert driver.read(["show version", "show long"]) == ("Cisco IOS Software", LONG_ANSWER)
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert device.logins == 1


def test_read_of_a_command_outside_the_table_is_a_bug_and_nothing_is_sent(
    driver: NetmikoDriver, device: ScriptedDevice
) -> None:
    """Only the platform's reads can be read: not even a login happens for anything else."""
    for command in ("reload", "show version\nreload"):
        with pytest.raises(ValueError, match="is not one of the reads"):
            driver.read([command])
    assert device.logins == 0


def test_write_returns_each_line_with_its_answer_and_the_mode(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """A write says what each line was answered and where the session stands."""
    exchange = driver.write(CHANGE)
    assert exchange.answers == tuple((line, "") for line in CHANGE)
    assert exchange.mode == ""
    assert device.running == ["router ospf 1", "   max-metric router-lsa"]


def test_write_that_stays_in_config_mode_is_left_before_the_next_read(
    driver: NetmikoDriver, device: ScriptedDevice
) -> None:
    """Every exchange begins in exec mode, whatever the one before left behind."""
    assert driver.write(CHANGE[:2]).mode == "config"
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert device.received[-3] == "end"


def test_write_of_a_refused_line_names_it_and_returns_to_exec_mode(
    driver: NetmikoDriver, device: ScriptedDevice
) -> None:
    """A refusal carries the line and the device's words, and leaves no open mode behind."""
    device.faults["   max-metric router-lsa"] = "refused"
    with pytest.raises(CommandRejectedError) as caught:
        driver.write(CHANGE[:3])
    assert caught.value.command == "max-metric router-lsa"
    assert caught.value.answer == "% Invalid input"
    assert device.received[-1] == "end"
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert device.logins == 1


@pytest.mark.parametrize("line", ["", "  ", "hostname a\nreload", "banner \x1b", "a\u2028b"])
def test_write_of_what_is_not_one_line_sends_nothing(driver: NetmikoDriver, device: ScriptedDevice, line: str) -> None:
    """A line end or control character inside a line would be a second command: refused before the wire."""
    with pytest.raises(ValueError, match="is not one line of text"):
        driver.write(["configure terminal", line])
    assert device.received == []


@pytest.mark.parametrize(
    "fault",
    ["cut before echo", "cut after act", "silent", "no echo", "garbled", "doubled", "question"],
)
def test_write_with_a_fault_on_the_wire_is_unknown_and_never_repeated(
    driver: NetmikoDriver, device: ScriptedDevice, fault: str
) -> None:
    """Whatever happens to a write, it is sent once, its outcome is unknown, and the next read is on a new session."""
    driver.open()
    device.answers["router ospf 1"] = "ok"
    device.faults["router ospf 1"] = fault
    with pytest.raises(OutcomeUnknownError):
        driver.write(CHANGE, deadline_s=0.5 if fault in ("silent", "question") else 5)
    assert device.received.count("router ospf 1") == 1
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert device.logins == 2


@pytest.mark.parametrize("fault", ["cut before echo once", "cut after act once", "garbled once", "no echo once"])
def test_read_with_a_fault_on_the_wire_is_repeated_over_a_new_session(
    driver: NetmikoDriver, device: ScriptedDevice, fault: str
) -> None:
    """A read that was lost once is answered by a second login."""
    device.faults["show version"] = fault
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert device.logins == 2


@pytest.mark.parametrize("fault", ["cut before echo", "garbled", "question"])
def test_read_with_a_lasting_fault_is_lost_after_two_tries(
    driver: NetmikoDriver, device: ScriptedDevice, fault: str
) -> None:
    """A read is tried twice and no more."""
    device.faults["show version"] = fault
    with pytest.raises(ConnectionLostError):
        driver.read(["show version"], deadline_s=5)
    assert device.received.count("show version") == 2


def test_read_from_a_silent_device_ends_at_its_deadline(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """Silence is an error that says so, not a wait without end."""
    device.faults["show version"] = "silent"
    with pytest.raises(ConnectionLostError, match="in time"):
        driver.read(["show version"], deadline_s=0.5)


@pytest.mark.parametrize("fault", ["slow", "prompt inside", "noise", "noise at prompt", "escapes"])
def test_read_of_a_strange_but_honest_answer_is_whole(
    driver: NetmikoDriver, device: ScriptedDevice, fault: str
) -> None:
    """Pauses, prompt-like lines, console messages and escapes neither cut an answer nor stay in it."""
    device.faults["show long"] = fault
    answer, after = driver.read(["show long", "show version"])
    assert answer == (LONG_ANSWER if fault != "prompt inside" else LONG_ANSWER.replace("line 0\n", "line 0\np1#\n"))
    assert after == "Cisco IOS Software"
    assert device.logins == 1


def test_read_from_a_device_that_pages_all_the_same_is_whole_at_the_second_try(
    driver: NetmikoDriver, device: ScriptedDevice
) -> None:
    """A pager that could not be switched off swallows what was typed ahead; line by line the answers are whole."""
    device.faults["show long"] = "paged"
    assert driver.read(["show long", "show version"]) == (LONG_ANSWER, "Cisco IOS Software")


def test_read_after_the_session_was_cut_meanwhile_logs_in_again(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """A session that died between two reads is replaced without a word."""
    driver.read(["show version"])
    assert driver._link is not None
    driver._link.transport.close()
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert device.logins == 2


def test_write_longer_than_a_block_is_sent_in_parts(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """A long change arrives whole and in order, although no more than a block is sent without reading."""
    lines = [f"ip prefix-list L seq {number} permit 10.{number // 250}.{number % 250}.0/24" for number in range(450)]
    exchange = driver.write(["configure terminal", *lines, "end"])
    assert device.running == lines
    assert len(exchange.answers) == 452


def test_write_refused_in_its_first_block_does_not_send_the_second(
    driver: NetmikoDriver, device: ScriptedDevice
) -> None:
    """Behind a block with a refused line nothing more is sent."""
    lines = [f"vlan {number}" for number in range(1, 201)]
    device.faults["vlan 3"] = "refused"
    with pytest.raises(CommandRejectedError, match="vlan 3"):
        driver.write(["configure terminal", *lines, "end"])
    assert "vlan 99" in device.running
    assert "vlan 100" not in device.running


def test_save_is_believed_only_when_the_device_says_so(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """The startup configuration counts as written when the platform's word for it was said."""
    device.answers["write memory"] = "Building configuration...\n[OK]"
    driver.save()
    device.answers["write memory"] = "Permission denied."
    with pytest.raises(CommandRejectedError, match="Permission denied"):
        driver.save()


def test_running_config_is_normalised_by_the_platform(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """What comes back is the platform's normal form of the text."""
    device.answers["show running-config"] = "hostname p1  \nend"
    assert driver.running_config() == "hostname p1\nend\n"


def test_reads_of_many_threads_get_their_own_answers(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """One exchange at a time: nobody reads another's answer."""
    device.answers |= {f"show {number}": f"answer {number}" for number in range(12)}
    answers: dict[int, tuple[str, ...]] = {}

    def read(number: int) -> None:
        answers[number] = driver.read([f"show {number}"])

    threads = [threading.Thread(target=read, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: (f"answer {number}",) for number in range(12)}
    assert device.logins == 1


def test_session_that_suddenly_speaks_for_another_host_is_refused(
    driver: NetmikoDriver, device: ScriptedDevice
) -> None:
    """A new session to the same address must be to the same device."""
    driver.read(["show version"])
    device.host = "p7"
    driver.close()
    with pytest.raises(ConnectError, match="calls itself 'p7'"):
        driver.read(["show version"])


def test_words_that_nobody_asked_for_end_a_session(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """Text that came between two exchanges makes the next answer doubtful: it is read over a new session."""
    driver.read(["show version"])
    device.faults["show long"] = "afterthought"
    driver.read(["show long"])
    time.sleep(0.05)
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert device.logins == 2


def test_write_whose_time_was_over_before_its_turn_is_never_typed(
    driver: NetmikoDriver, device: ScriptedDevice
) -> None:
    """Leaving a mode took all the time there was: nothing is sent, and there is no doubt about it."""
    driver.write(CHANGE[:2])
    device.faults["end"] = "slow"
    with pytest.raises(ConnectError, match="before anything could be sent"):
        driver.write(["configure terminal", "vlan 9", "end"], deadline_s=0.1)
    driver.read(["show version"])
    assert "vlan 9" not in device.received


class Reading(threading.Thread):
    """Somebody who reads in a thread of its own; what it was told instead of an answer is kept."""

    def __init__(self, driver: NetmikoDriver) -> None:
        super().__init__()
        self._driver = driver
        self.answer: object = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self._driver.read(["show version"], deadline_s=60)
        except ConnectionLostError as error:
            self.answer = error

    def told(self) -> object:
        """Wait for its end."""
        self.join(timeout=20)
        assert not self.is_alive()
        return self.answer


def test_read_that_hangs_gives_way_and_is_not_tried_again(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """Whoever needs the device now has it at once; the read ends, and a second try would have been answered."""
    device.faults["show version"] = "silent once"
    reading = Reading(driver)
    while "show version" not in device.received:
        time.sleep(0.005)
    driver.give_way()
    assert isinstance(reading.told(), ConnectionLostError)
    assert driver.write(CHANGE).mode == ""
    assert device.received.count("show version") == 1


def test_read_that_still_logs_in_gives_way_before_it_sends_anything(
    driver: NetmikoDriver, device: ScriptedDevice, mocker: MockerFixture
) -> None:
    """A read that was called off during its login does not begin when the device lets it in."""

    def let_in(*given: object, **more: object) -> object:
        link = open_link(*given, **more)  # type: ignore[arg-type]  # handed on as they came
        driver.give_way()
        return link

    mocker.patch("safeshift.drivers.netmiko_driver.open_link", let_in)
    with pytest.raises(ConnectionLostError, match="called off"):
        driver.read(["show version"])
    assert "show version" not in device.received
    assert driver.write(CHANGE).mode == ""
    assert device.logins == 1


def test_write_does_not_give_way(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """What changes a device is waited for, and what comes behind a read is no read."""
    driver.read(["show version"])
    device.faults["router ospf 1"] = "slow"
    giving = threading.Timer(0.1, driver.give_way)
    giving.start()
    assert driver.write(CHANGE).mode == ""
    giving.join()
    assert (device.logins, device.running) == (1, ["router ospf 1", "   max-metric router-lsa"])
