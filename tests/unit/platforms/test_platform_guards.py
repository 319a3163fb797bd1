"""The dead-man's commands on each platform, and how a pending one is recognised."""

from __future__ import annotations

import pytest

from safeshift.errors import PlanError
from safeshift.platforms import platform_named
from safeshift.platforms.base import GuardCommands, GuardStyle, PendingGuard


def test_guard_on_eos_is_a_session_with_a_timer() -> None:
    """EOS stages the lines in a session of the change's name and commits it with a timer to the second."""
    assert platform_named("arista_eos").guard("ss-42", 3725) == GuardCommands(
        style=GuardStyle.STAGED,
        enter=("configure session ss-42",),
        leave_staged=("end",),
        commit=("configure session ss-42", "commit timer 01:02:05"),
        confirm=("configure session ss-42 commit",),
        abort=("configure session ss-42 abort",),
        discard=("configure session ss-42 abort",),
    )


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (120, 2), (7200, 120)])
def test_guard_on_ios_is_a_timer_in_whole_minutes_rounded_up(seconds: int, minutes: int) -> None:
    """IOS counts minutes; its timer never ends before the time that was asked for."""
    guard = platform_named("cisco_ios").guard("ss-42", seconds)
    assert guard.enter == (f"configure terminal revert timer {minutes}",)
    assert (guard.confirm, guard.abort) == (("configure confirm",), ("configure revert now",))
    assert guard.prerequisites == ("archive", " path flash:ss-archive", " maximum 14")
    assert (guard.style, guard.commit, guard.leave_staged) == (GuardStyle.REVERT_TIMER, (), ())


IMPOSSIBLE = [
    ("arista_eos", "ss-42", 0),
    ("arista_eos", "ss-42", 86400),
    ("arista_eos", "ss 42", 60),
    ("arista_eos", "ss\n42", 60),
    ("arista_eos", "", 60),
    ("cisco_ios", "ss-42", 0),
    ("cisco_ios", "ss-42", 7201),
    ("linux", "ss-42", 60),
]


@pytest.mark.parametrize(("platform", "change", "seconds"), IMPOSSIBLE)
def test_guard_that_the_device_cannot_take_is_refused(platform: str, change: str, seconds: int) -> None:
    """A time or a name that the device would refuse is refused before anything is sent."""
    with pytest.raises(PlanError):
        platform_named(platform).guard(change, seconds)


EOS_431 = """
Maximum number of completed sessions: 1
Maximum number of pending sessions: 5

  Name        State                  User     Terminal   PID   Commit Time Left   Description
  ----------- ---------------------- -------- ---------- ----- ------------------ -----------
  other       pending                admin    vty4       3110
  ss-42       pendingCommitTimer                               {left}
"""
EOS_432 = """
Maximum number of completed sessions: 1
Maximum number of pending sessions: 5
Merge on commit is disabled
Autosave to startup-config on commit is disabled
Session with pending commit timer: ss-42
Time left until commit timer expiry: in {left}

  Name        State         User     Terminal   PID   Description
  ----------- ------------- -------- ---------- ----- -----------
  ss-42       committed
"""
EOS_NONE = """
Maximum number of completed sessions: 1
Maximum number of pending sessions: 5

  Name        State                  User     Terminal   PID   Commit Time Left   Description
  ----------- ---------------------- -------- ---------- ----- ------------------ -----------
  other       pending                admin    vty4       3110
"""
IOS_PENDING = """
Time configured(or reconfigured): 22:50:48 UTC Sat Feb 21 2009
Timer type: absolute timer
Timer value: 2 min
User: netops
"""
PENDING = [
    ("arista_eos", EOS_431.format(left="4m56s"), PendingGuard("ss-42", 296)),
    ("arista_eos", EOS_431.format(left="1h0m5s"), PendingGuard("ss-42", 3605)),
    ("arista_eos", EOS_431.format(left="59s"), PendingGuard("ss-42", 59)),
    ("arista_eos", EOS_431.format(left=""), PendingGuard("ss-42", None)),
    ("arista_eos", EOS_432.format(left="0:04:59"), PendingGuard("ss-42", 299)),
    ("arista_eos", EOS_432.format(left="1:00:00"), PendingGuard("ss-42", 3600)),
    ("arista_eos", EOS_NONE, None),
    ("arista_eos", "", None),
    ("cisco_ios", IOS_PENDING, PendingGuard("netops", None)),
    ("cisco_ios", "%No Rollback Confirmed Change pending\n", None),
    ("linux", "", None),
]


@pytest.mark.parametrize(("platform", "answer", "expected"), PENDING)
def test_parse_pending_tells_whose_timer_runs(platform: str, answer: str, expected: PendingGuard | None) -> None:
    """A timer that runs is recognised in every form that the platform prints it in."""
    assert platform_named(platform).parse_pending((answer,)) == expected


def test_guard_available_on_ios_needs_an_archive_with_a_path(ios_text: str) -> None:
    """Without a place to back up to, IOS cannot arm its timer."""
    ios = platform_named("cisco_ios")
    assert ios.guard_available(ios_text)
    assert not ios.guard_available(ios.apply(ios_text, ("archive", " no path")))
    assert not ios.guard_available(ios.apply(ios_text, ("no archive",)))
    bare = ios.apply(ios_text, ("no archive",))
    assert ios.guard_available(ios.apply(bare, ios.guard("ss-42", 60).prerequisites))


def test_guard_available_elsewhere_needs_nothing() -> None:
    """EOS can always guard a change; a node never does."""
    assert platform_named("arista_eos").guard_available("")
    assert not platform_named("linux").guard_available("")
