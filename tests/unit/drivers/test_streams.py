"""Lines of a command as they come, beside the terminal."""

from __future__ import annotations

import threading

import pytest

from safeshift.drivers.netmiko_driver import NetmikoDriver
from safeshift.errors import ConnectionLostError
from tests.unit.drivers.scripted_device import ScriptedDevice


def test_stream_gives_lines_while_the_terminal_goes_on(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """A stream neither waits for an exchange nor holds one up, and needs no second login."""
    stream = driver.stream("ping 10.0.0.1")
    assert next(stream) == "0 bytes from 10.0.0.1"
    assert driver.read(["show version"]) == ("Cisco IOS Software",)
    assert next(stream) == "1 bytes from 10.0.0.1"
    assert device.logins == 1
    stream.close()


def test_stream_of_a_command_that_ends_stops(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """The last line is followed by the end, not by an error."""
    device.faults["stream"] = "ends"
    stream = driver.stream("ping 10.0.0.1")
    assert [line[0] for line in stream] == ["0", "1", "2"]
    assert stream.ended


def test_stream_whose_session_dies_is_lost(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """A death is not taken for the command's end."""
    device.faults["stream"] = "dies"
    with pytest.raises(ConnectionLostError):
        for _ in driver.stream("ping 10.0.0.1"):
            pass


def test_stream_closed_by_another_thread_frees_its_reader(driver: NetmikoDriver) -> None:
    """Whoever waits for a line is let go."""
    stream = driver.stream("ping 10.0.0.1")
    reader = threading.Thread(target=lambda: list(stream))
    reader.start()
    stream.close()
    reader.join(5)
    assert not reader.is_alive()


def test_stream_read_line_without_a_line_in_time_is_none(driver: NetmikoDriver) -> None:
    """A prober can look at its clock between two lines."""
    stream = driver.stream("ping 10.0.0.1")
    next(stream)
    assert stream.read_line(0.0) is None
    assert not stream.ended
    stream.close()


def test_stream_of_a_command_outside_the_table_is_a_bug(driver: NetmikoDriver, device: ScriptedDevice) -> None:
    """A stream can only read."""
    with pytest.raises(ValueError, match="is not one of the reads"):
        driver.stream("reload")
    assert device.logins == 0
