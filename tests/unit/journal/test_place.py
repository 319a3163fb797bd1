"""State lies where the user said, in a directory that nobody else can play with."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from safeshift.errors import JournalError
from safeshift.journal.place import prepare_directory, state_directory

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
