"""State lies where the user said, in a directory that nobody else can play with."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from safeshift.errors import JournalError
from safeshift.journal.place import locks_directory, locks_path, prepare_directory, state_directory

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SAFESHIFT_STATE": "{}/mine", "XDG_STATE_HOME": "{}/xdg", "HOME": "{}/home"}, "mine"),
        ({"XDG_STATE_HOME": "{}/xdg", "HOME": "{}/home"}, "xdg/safeshift"),
        ({"XDG_STATE_HOME": "relative", "HOME": "{}/home"}, "home/.local/state/safeshift"),
        ({"HOME": "{}/home"}, "home/.local/state/safeshift"),
    ],
    ids=["named", "xdg", "xdg relative", "home"],
)
def test_state_directory_follows_the_environment(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    """The variable of safeshift wins over XDG's, and XDG's over the home directory; it is made private."""
    base = Path(os.path.realpath(tmp_path))
    found = state_directory({name: value.format(base) for name, value in environ.items()})
    assert found == base / expected
    assert stat.S_IMODE(found.stat().st_mode) == 0o700


def test_directory_behind_a_link_is_used_by_its_real_name(tmp_path: Path) -> None:
    """A linked home directory works, and what is checked is where it really leads."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert prepare_directory(tmp_path / "link" / "state") == Path(os.path.realpath(tmp_path)) / "real" / "state"


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_directory_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever can write the directory could replace the journal."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(JournalError, match="can be written by others") as caught:
        prepare_directory(tmp_path / "open" / "state")
    assert "chmod" in caught.value.hint


def test_sticky_directory_will_do_on_the_way_but_not_as_the_place(tmp_path: Path) -> None:
    """Like /tmp: others may add files, but not replace ours."""
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    assert prepare_directory(tmp_path / "sticky" / "state").is_dir()
    with pytest.raises(JournalError, match="can be written by others"):
        prepare_directory(tmp_path / "sticky")


@NEEDS_ROOT
def test_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    """Its owner could replace the journal, anywhere on the way."""
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(JournalError, match="belongs to user 12345"):
        prepare_directory(tmp_path / "theirs" / "state")


def test_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    """A state directory that is a file gives a sentence, not a traceback."""
    (tmp_path / "state").write_text("")
    with pytest.raises(JournalError, match="cannot be used"):
        prepare_directory(tmp_path / "state")


def test_locks_directory_is_where_the_environment_says_and_open_to_all(tmp_path: Path) -> None:
    """Whatever the umask: everybody may add a lock, and nobody may remove another's."""
    before = os.umask(0o077)
    try:
        found = locks_directory({"SAFESHIFT_LOCKS": str(tmp_path / "team" / "locks")})
    finally:
        os.umask(before)
    assert found == Path(os.path.realpath(tmp_path)) / "team" / "locks"
    assert stat.S_IMODE(found.stat().st_mode) == 0o1777
    assert locks_directory({"SAFESHIFT_LOCKS": str(found)}) == found


def test_locks_directory_is_the_same_for_all_users_of_a_machine(tmp_path: Path) -> None:
    """Neither a home nor a temporary directory of one's own has a say."""
    mine, theirs = ({"HOME": str(tmp_path / who), "TMPDIR": str(tmp_path / who)} for who in ("a", "b"))
    assert locks_path(mine) == locks_path(theirs)
    assert locks_path(mine).parent.stat().st_mode & stat.S_ISVTX


@pytest.mark.parametrize("kind", ["link", "file", "open"])
def test_locks_directory_that_others_could_play_with_is_refused(tmp_path: Path, kind: str) -> None:
    """A link leads who knows where, a file is none, and without the sticky bit anybody may remove a lock."""
    place = tmp_path / "locks"
    (tmp_path / "elsewhere").mkdir()
    if kind == "link":
        place.symlink_to(tmp_path / "elsewhere")
    elif kind == "file":
        place.write_text("")
    else:
        place.mkdir()
        place.chmod(0o777)
    with pytest.raises(JournalError, match=r"cannot be used|anybody may remove") as caught:
        locks_directory({"SAFESHIFT_LOCKS": str(place)})
    assert caught.value.hint


@NEEDS_ROOT
def test_locks_directory_below_one_of_another_user_is_refused(tmp_path: Path) -> None:
    """Who owns the way to it could put another one in its place."""
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(JournalError, match="belongs to user 12345"):
        locks_directory({"SAFESHIFT_LOCKS": str(tmp_path / "theirs" / "locks")})
