"""How prompts, refusals, questions and console noise are told apart."""

from __future__ import annotations

import pytest

from safeshift.platforms import platform_named

PROMPTS = {
    ("arista_eos", "\r\nleaf1>"): ("leaf1", ""),
    ("arista_eos", "leaf1#"): ("leaf1", ""),
    ("arista_eos", "some output\nleaf1(s1)#"): ("leaf1", ""),
    ("arista_eos", "\nleaf1(config)#"): ("leaf1", "config"),
    ("arista_eos", "\nleaf1(config-s-safesh-router-ospf)#"): ("leaf1", "config-s-safesh-router-ospf"),
    ("arista_eos", "\nleaf1.dc1(config-if-Et1)# "): ("leaf1.dc1", "config-if-Et1"),
    ("cisco_ios", "\r\nedge1#"): ("edge1", ""),
    ("cisco_ios", "\redge1(config-router)#"): ("edge1", "config-router"),
    ("cisco_ios", "edge1>"): ("edge1", ""),
    ("linux", "Last login: today\r\nnetops@n1:~$ "): ("n1", ""),
    ("linux", "root@n1:/etc# "): ("n1", ""),
    ("linux", "[netops@n1 ~]$ "): ("n1", ""),
}


@pytest.mark.parametrize(("platform", "data"), PROMPTS)
def test_prompt_at_the_end_is_recognised_with_host_and_mode(platform: str, data: str) -> None:
    """A prompt tells which device speaks and which mode it is in."""
    match = platform_named(platform).dialogue.prompt.search(data)
    assert match is not None
    assert (match["host"], match["mode"]) == PROMPTS[platform, data]


NO_PROMPTS = [
    ("arista_eos", "leaf1#\r\nmore to come\r\n"),
    ("arista_eos", "leaf1(config)"),
    ("arista_eos", "leaf1(config#"),
    ("arista_eos", "leaf1 (config)#"),
    ("arista_eos", "   description leaf1#"),
    ("cisco_ios", "edge1#show version"),
    ("cisco_ios", "#################"),
    ("cisco_ios", "Enter TEXT message.  End with the character '#'"),
    ("linux", "netops@n1:~$ ping"),
    ("linux", "price: 5$ "),
]


@pytest.mark.parametrize(("platform", "data"), NO_PROMPTS)
def test_prompt_elsewhere_is_none(platform: str, data: str) -> None:
    """What only looks like a prompt, or is not at the end, is none."""
    assert platform_named(platform).dialogue.prompt.search(data) is None


REFUSALS = [
    ("arista_eos", "% Invalid input"),
    ("arista_eos", "% Invalid input at line 3"),
    ("arista_eos", "% Incomplete command"),
    ("arista_eos", "% Ambiguous command"),
    ("arista_eos", "% Cannot change mode"),
    ("arista_eos", "% Session ss-42 not found"),
    ("arista_eos", "Maximum number of pending sessions has been reached"),
    ("arista_eos", "% This is an unconverted command"),
    ("cisco_ios", "               ^\n% Invalid input detected at '^' marker.\n"),
    ("cisco_ios", "% Incomplete command."),
    ("cisco_ios", '% Ambiguous command:  "sh"'),
    ("cisco_ios", "%Error opening flash:x (No such file or directory)"),
    ("cisco_ios", "Bad mask /31 for address 10.0.0.1"),
    ("cisco_ios", "% 10.0.12.0 overlaps with HundredGigE1/0/2"),
    ("cisco_ios", "Command authorization failed."),
    ("cisco_ios", "Command rejected: not allowed"),
    ("cisco_ios", "%Please turn config archive on"),
    ("cisco_ios", "% Removal of physical interfaces is not permitted"),
    ("linux", "bash: frobnicate: command not found"),
    ("linux", "cat: /proc/x: No such file or directory"),
]


@pytest.mark.parametrize(("platform", "answer"), REFUSALS)
def test_refusal_is_recognised(platform: str, answer: str) -> None:
    """A device that refuses a line is understood."""
    assert platform_named(platform).dialogue.refusals.search(answer)


NO_REFUSALS = [
    ("arista_eos", ""),
    ("arista_eos", "   description the % Invalid input of last week"),
    ("arista_eos", "Copy completed successfully."),
    ("arista_eos", "Nov 23 08:00:00 leaf1 Ebra: %LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet1 down"),
    ("cisco_ios", "Enter configuration commands, one per line.  End with CNTL/Z."),
    ("cisco_ios", "%LINK-3-UPDOWN: Interface HundredGigE1/0/1, changed state to down"),
    ("cisco_ios", "*Nov 23 08:00:00.000: %ERROR-3-TEXT: something"),
    ("cisco_ios", "%ERROR-3-TEXT: something"),
    ("cisco_ios", "%No Rollback Confirmed Change pending"),
    ("cisco_ios", "Building configuration...\n[OK]"),
    ("cisco_ios", "Rollback Confirmed Change: Backing up current running config to flash:ss-archive-1"),
    ("linux", "5 packets transmitted, 0 received, 100% packet loss, time 804ms"),
]


@pytest.mark.parametrize(("platform", "answer"), NO_REFUSALS)
def test_refusal_that_is_none_is_not_taken_for_one(platform: str, answer: str) -> None:
    """Console messages and ordinary answers are no refusals."""
    assert not platform_named(platform).dialogue.refusals.search(answer)


QUESTIONS = [
    ("cisco_ios", "Proceed with reload? [confirm]"),
    ("cisco_ios", "System configuration has been modified. Save? [yes/no]: "),
    ("cisco_ios", "Enter Y if you are sure you want to proceed. ? [no]: "),
    ("cisco_ios", "Destination filename [startup-config]? "),
    ("arista_eos", "Password: "),
    ("arista_eos", "Proceed? (y/n)?"),
    ("linux", "[sudo] password for netops: "),
]


@pytest.mark.parametrize(("platform", "data"), QUESTIONS)
def test_question_instead_of_a_prompt_is_recognised(platform: str, data: str) -> None:
    """A device that waits for an answer is not taken for one that is silent."""
    dialogue = platform_named(platform).dialogue
    assert dialogue.questions.search(data)
    assert not dialogue.prompt.search(data)


def test_noise_on_ios_is_taken_out_of_an_answer() -> None:
    """Console messages in the middle of an answer disappear, and nothing else does."""
    answer = (
        "hostname l2\n"
        "*Nov 23 08:00:00.123: %LINK-3-UPDOWN: Interface HundredGigE1/0/1, changed state to down\n"
        "000123: Nov 23 2026 08:00:00.123 UTC: %OSPF-5-ADJCHG: Process 1, Nbr 10.255.0.1 from FULL to DOWN\n"
        "%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_BACKUP: Backing up current running config to flash:x\n"
        "Rollback Confirmed Change: Rollback will begin in one minute.\n"
        'Enter "configure confirm" if you wish to keep what you\'ve configured\n'
        "interface Vlan10\n"
        " description 50% of the nodes\n"
    )
    kept = [line for line in platform_named("cisco_ios").dialogue.noise.sub("", answer).split("\n") if line]
    assert kept == ["hostname l2", "interface Vlan10", " description 50% of the nodes"]


SAVED = {"arista_eos": "Copy completed successfully.\n", "cisco_ios": "Building configuration...\n[OK]\n"}


@pytest.mark.parametrize("platform", SAVED)
def test_saved_is_only_what_the_device_says_when_it_saved(platform: str) -> None:
    """A save that said nothing, or something else, did not work."""
    saved = platform_named(platform).dialogue.saved
    assert saved.search(SAVED[platform])
    assert not saved.search("")
    assert not saved.search("%Error writing nvram:/startup-config (No space left on device)")
