"""What a lab device keeps when its sessions, its process or its power go, and how faults strike it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeshift.errors import LabError
from safeshift.lab.device import Device, DeviceSpec
from safeshift.lab.faults import Fault, FaultKind, Faults, load_fault
from tests.lab_bench import ConsoleBench, TinyAround, make_device


@pytest.fixture
def bench() -> Iterator[ConsoleBench]:
    """An event loop with devices in it."""
    with ConsoleBench() as made:
        yield made


def test_device_made_again_goes_on_with_its_state(bench: ConsoleBench, tmp_path: Path) -> None:
    """Running, startup, sessions and the timer survive the process; the timer still has its old deadline."""
    state = tmp_path / "l1.json"
    first = make_device("arista_eos", state=state)
    console = bench.console(first, rows=1000)
    for line in ("configure session ss-1", "hostname l7", "commit timer 00:05:00", "configure session other", "end"):
        console.type(line)
    again = make_device("arista_eos", state=state)
    assert again.running_text() == first.running_text()
    assert again.startup_text() == first.startup_text()
    assert sorted(again.candidates) == ["other", "ss-1"]
    assert again.guard is not None
    assert first.guard is not None
    assert again.guard.deadline == first.guard.deadline


def test_timer_that_came_due_while_the_process_was_gone_fires_at_start(bench: ConsoleBench, tmp_path: Path) -> None:
    """A deadline in the past fires at once: no device forgets to roll back because its process was killed."""
    state = tmp_path / "p2.json"
    first = make_device("cisco_ios", state=state)
    before = first.config.write(first.running)
    console = bench.console(first)
    for line in ("configure terminal revert timer 1", "hostname p7", "end"):
        console.type(line)
    kept = json.loads(state.read_text().splitlines()[-1])
    kept["guard"][4] -= 3600
    state.write_text(json.dumps(kept) + "\n")
    again = bench.start(make_device("cisco_ios", state=state))
    bench.wait(lambda: again.guard is None)
    assert again.config.write(again.running) == before


def test_state_line_torn_by_a_kill_is_not_believed(bench: ConsoleBench, tmp_path: Path) -> None:
    """A last line without its end was never kept: the device goes on with the state before it."""
    state = tmp_path / "l1.json"
    bench.console(make_device("arista_eos", state=state), rows=1000).config("hostname l7")
    with state.open("a") as file:
        file.write('{"running": "hostname torn')
    assert make_device("arista_eos", state=state).hostname == "l7"


def test_state_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A damaged state file stops the device with a sentence, not with a half-read configuration."""
    state = tmp_path / "l1.json"
    state.write_text('{"running": ')
    with pytest.raises(LabError, match="l1 cannot be read"):
        make_device("arista_eos", state=state)


def test_unknown_dialect_is_refused() -> None:
    """A device nobody can play is refused when it is made."""
    with pytest.raises(LabError, match="speaks no 'junos'"):
        Device(DeviceSpec("j1", "junos"), TinyAround())


def test_reboot_returns_to_startup_and_drops_sessions(bench: ConsoleBench) -> None:
    """What was not saved is gone, sessions are cut, and the device is back after its time."""
    around = TinyAround()
    device = make_device("arista_eos", around=around)
    console = bench.console(device, rows=1000)
    console.config("hostname l7")
    bench.call(lambda: device.reboot(0.05))
    assert (device.up, console.gone, device.hostname) == (False, True, "l1")
    bench.wait(lambda: device.up)
    assert around.changes[-2:] == ["l1", "l1"]


def test_around_is_told_of_changes_and_only_of_changes(bench: ConsoleBench) -> None:
    """A line that changes the running configuration is told once; one that changes nothing is not."""
    around = TinyAround()
    console = bench.console(make_device("arista_eos", around=around), rows=1000)
    console.config("interface Ethernet1", "ip ospf cost 10", "ip ospf cost 11")
    assert around.changes == ["l1"]


def test_unknown_startup_lines_are_kept(bench: ConsoleBench) -> None:
    """Lines that the dialect's table does not know are shown where they were, with what is below them."""
    startup = "hostname l1\nfrobnicate on\ninterface Ethernet1\n   twiddle 3\nstrange thing\n   below it\n"
    text = make_device("arista_eos", startup=startup).running_text()
    assert "interface Ethernet1\n   twiddle 3\n!\n" in text
    assert "frobnicate on\n" in text
    assert "strange thing\n   below it\n" in text


def test_configuration_read_back_from_its_own_text_is_the_same(bench: ConsoleBench) -> None:
    """Printing and reading a configuration changes nothing: what is on disk is what was running."""
    for dialect in ("arista_eos", "cisco_ios"):
        device = make_device(dialect)
        text = device.config.write(device.running)
        assert device.config.write(device.config.read(text)) == text


# Faults ---------------------------------------------------------------------------------------------------------------


def test_fault_strikes_as_often_as_told() -> None:
    """A fault with ``times`` is gone after that many lines; one without stays."""
    faults = Faults()
    faults.add(Fault(FaultKind.REJECT, "l1", match="cost", times=2))
    struck = [faults.due(FaultKind.REJECT, line) is not None for line in ("ip ospf cost 1", "x", "cost", "cost")]
    assert struck == [True, False, True, False]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"kind": "melt", "device": "l1"}, "not a kind of fault"),
        ({"kind": "hang"}, "names no device"),
        ({"kind": "hang", "device": "l1", "color": "red"}, "no 'color'"),
        ({"kind": "slow", "device": "l1"}, "needs seconds"),
        ({"kind": "reject", "device": "l1"}, "needs match"),
        ({"kind": "reject", "device": "l1", "match": "("}, "not a regular expression"),
        ({"kind": "slow", "device": "l1", "seconds": "3"}, "seconds cannot be '3'"),
        ({"kind": "slow", "device": "l1", "seconds": -1}, "must be positive"),
        ({"kind": "cut_session", "device": "l1", "when": "later"}, "when is 'later'"),
    ],
)
def test_wrong_fault_is_refused(data: dict[str, object], sentence: str) -> None:
    """Each mistake in a faults file has a sentence of its own."""
    with pytest.raises(LabError, match=sentence):
        load_fault(data)


def test_fault_is_loaded_from_a_mapping() -> None:
    """A mapping as a file holds it becomes the same fault as the constructor makes."""
    data = {"kind": "cut_session", "device": "l1", "match": "commit", "when": "before_echo", "times": 1}
    wanted = Fault(FaultKind.CUT_SESSION, "l1", match="commit", when="before_echo", times=1)
    assert load_fault(data) == wanted


def test_fault_of_another_device_is_refused() -> None:
    """A device takes only its own faults."""
    with pytest.raises(LabError, match="not for l1"):
        make_device("arista_eos").inject(Fault(FaultKind.HANG, "l2"))


def test_rejected_line_has_no_effect(bench: ConsoleBench) -> None:
    """The device answers with the text given, and the configuration stays."""
    device = make_device("arista_eos")
    device.inject(Fault(FaultKind.REJECT, "l1", match="cost", text="% Authorization denied for command", times=1))
    console = bench.console(device, rows=1000)
    before = device.running_text()
    assert "% Authorization denied for command" in console.config("interface Ethernet1", "ip ospf cost 5")
    assert device.running_text() == before


def test_ignored_line_is_accepted_without_effect(bench: ConsoleBench) -> None:
    """The device says nothing, its log says accepted, and the configuration stays: a lie to be found by reading."""
    device = make_device("arista_eos")
    device.inject(Fault(FaultKind.IGNORE, "l1", match="cost"))
    console = bench.console(device, rows=1000)
    before = device.running_text()
    console.config("interface Ethernet1", "ip ospf cost 5")
    assert device.running_text() == before
    assert device.settled[-1].accepted


def test_session_cut_before_echo_leaves_the_line_undone(bench: ConsoleBench) -> None:
    """The line reached the device's log, was not echoed and did nothing; only this session is gone."""
    device = make_device("arista_eos")
    console, other = bench.console(device, rows=1000), bench.console(device, rows=1000)
    device.inject(Fault(FaultKind.CUT_SESSION, "l1", match="hostname", when="before_echo", times=1))
    console.type("configure terminal")
    console.type("hostname l7")
    assert (console.gone, other.gone, device.hostname) == (True, False, "l1")
    assert "hostname l7" not in console.text
    assert device.received[-1].line == "hostname l7"


def test_session_cut_after_act_leaves_the_line_done(bench: ConsoleBench) -> None:
    """The line took effect and nobody was told."""
    device = make_device("arista_eos")
    device.inject(Fault(FaultKind.CUT_SESSION, "l1", match="hostname", times=1))
    console = bench.console(device, rows=1000)
    console.type("configure terminal")
    console.type("hostname l7")
    assert (console.gone, device.hostname) == (True, "l7")


def test_hanging_device_answers_when_it_is_over(bench: ConsoleBench) -> None:
    """While it hangs nothing comes, not even an echo; what was typed is carried out afterwards."""
    device = make_device("arista_eos")
    console = bench.console(device, rows=1000)
    device.inject(Fault(FaultKind.HANG, "l1"))
    before = console.text
    console._terminal.received(b"show hostname\n")
    bench.wait(lambda: True)
    assert console.text == before
    bench.call(lambda: device.clear(FaultKind.HANG))
    bench.wait(lambda: "Hostname: l1" in console.text)


def test_slow_device_answers_late_but_whole(bench: ConsoleBench) -> None:
    """A delay per answer changes nothing in the answer; it ends after the times given."""
    device = make_device("arista_eos", latency_s=0.001)
    device.inject(Fault(FaultKind.SLOW, "l1", seconds=0.01, times=1))
    console = bench.console(device, rows=1000)
    assert console.type("show hostname") == "Hostname: l1\nFQDN:     l1\n"
    assert device.faults.all() == ()


def test_noise_lands_inside_an_answer(bench: ConsoleBench) -> None:
    """Console text stands in the middle of what a command prints."""
    device = make_device("cisco_ios")
    device.inject(Fault(FaultKind.NOISE, "p2", match="show", text="%LINK-3-UPDOWN: Interface Hu1/0/1, changed state"))
    console = bench.console(device)
    lines = console.type("show ip interface brief").splitlines()
    assert 0 < lines.index("%LINK-3-UPDOWN: Interface Hu1/0/1, changed state") < len(lines) - 1


def test_clearing_takes_a_foreign_guard_away(bench: ConsoleBench) -> None:
    """Clearing the fault drops somebody else's timer and leaves the configuration alone."""
    device = bench.start(make_device("cisco_ios"))
    before = device.config.write(device.running)
    bench.call(lambda: device.inject(Fault(FaultKind.FOREIGN_GUARD, "p2")))
    assert device.guard is not None
    bench.call(lambda: device.clear(FaultKind.FOREIGN_GUARD))
    assert device.guard is None
    assert device.config.write(device.running) == before


# Line editing ---------------------------------------------------------------------------------------------------------


def test_keys_edit_the_line_being_typed(bench: ConsoleBench) -> None:
    """Backspace, Ctrl-U and arrows edit; NUL is ignored; carriage return and newline together are one Enter."""
    device = make_device("arista_eos")
    console = bench.console(device, rows=1000)
    console.keys(b"junk\x15\x00shox\x7fw hostname\x1b[D\r\n", until="FQDN:     l1\r\nl1#")
    assert [line.line for line in device.received] == ["show hostname"]


def test_interrupt_drops_the_line_and_control_z_leaves_configuration(bench: ConsoleBench) -> None:
    """Ctrl-C gives a fresh prompt; Ctrl-Z leaves configuration mode."""
    console = bench.console(make_device("cisco_ios"))
    console.keys(b"reload\x03", until="^C\r\np2#")
    console.type("configure terminal")
    console.keys(b"\x1a", until="^Z\r\np2#")


def test_question_mark_lists_what_may_follow(bench: ConsoleBench) -> None:
    """Help lists the next words and gives the line back."""
    console = bench.console(make_device("arista_eos"), rows=1000)
    text = console.keys(b"show ip ospf ?", until="l1#show ip ospf ")
    assert "  interface\r\n  neighbor\r\n  <cr>\r\n" in text


def test_tab_completes_a_unique_word(bench: ConsoleBench) -> None:
    """Tab finishes a word that only one command has."""
    console = bench.console(make_device("arista_eos"), rows=1000)
    console.keys(b"show hostn\t\n", until="FQDN:")
    assert "show hostname" in console.text


def test_endless_line_is_cut_and_flood_ends_the_session(bench: ConsoleBench) -> None:
    """Input is bounded: a line keeps what a terminal's buffer holds, and a flood costs the session."""
    device = make_device("arista_eos")
    console = bench.console(device, rows=1000)
    console.keys(b"x" * 10_000 + b"\n", until="% Invalid input")
    assert len(device.received[-1].line) == 4096
    bench.call(lambda: console._terminal.received(b"y" * 300_000))
    assert console.gone


def test_garbage_bytes_do_no_harm(bench: ConsoleBench) -> None:
    """Bytes that are no text are refused like any unknown word."""
    console = bench.console(make_device("arista_eos"), rows=1000)
    console.keys(b"\xff\xfe\x80\n", until="% Invalid input")
    assert "Hostname: l1" in console.type("show hostname")
