"""A journal that cannot be written: at the start nothing is sent, midway everything is undone; exit 6 both times."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeshift.journal.events import Event, Kind
from safeshift.journal.store import Journal
from tests.scenario.conftest import Ends, Scenario, Stage
from tests.scenario.staging import DESCRIBE, Finished, Site, found, play

pytestmark = pytest.mark.timeout(400)
SLOW = play(DESCRIBE, verify="settle: 20s")


@dataclass(frozen=True)
class End:
    """How it ended, which routers are not as before, and what could still be recorded."""

    finished: Finished
    changed: tuple[str, ...]
    written: dict[str, tuple[str, ...]]
    events: tuple[Event, ...] = ()


def state_is_a_file(site: Site) -> None:
    """A file stands where the state directory should be."""
    site.state.write_text("no directory")


def journal_is_no_journal(site: Site) -> None:
    """Some other file has the journal's name."""
    site.state.mkdir(mode=0o700)
    site.journal.write_bytes(b"these are not the bytes of a database" * 40)
    site.journal.chmod(0o600)


def journal_is_open_to_others(site: Site) -> None:
    """Everybody could write into the journal."""
    site.state.mkdir(mode=0o700)
    site.journal.touch()
    site.journal.chmod(0o666)


def disk_is_full(site: Site) -> None:
    """The disk has less space than a run reserves."""
    mount(site, "2m")


def mount(site: Site, size: str) -> None:
    """Put the state directory on a small disk of its own; skips where that is not allowed."""
    site.state.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(site.state)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here, so that a full one is not tried: {done.stderr.strip()}")


def refused_with(trouble: Callable[[Site], None]) -> Scenario:
    """The trouble is there before the run begins."""

    def scenario(stage: Stage) -> End:
        site = stage.site()
        trouble(site)
        finished = site.safeshift("run", site.playbook(SLOW))
        end = End(finished, site.changed(), site.written())
        if os.path.ismount(site.state):
            subprocess.run(["umount", str(site.state)], check=True)
        elif site.journal.exists():
            site.journal.unlink()
        return end

    return scenario


def database_deleted(stage: Stage) -> End:
    """Somebody cleans up while the change is watched."""
    site = stage.site()

    def delete() -> None:
        for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
            (site.state / name).unlink(missing_ok=True)

    return lost_midway(site, delete)


def disk_fills_up(stage: Stage) -> End:
    """Somebody else takes the last space while the change is watched."""
    site = stage.site()
    mount(site, "6m")
    end = lost_midway(site, lambda: fill(site.state / "others"))
    (site.state / "others").unlink()
    store = Journal.open(site.journal, create=False)
    events = store.events(store.runs()[0].id)
    store.close()
    broken = site.broken()
    subprocess.run(["umount", str(site.state)], check=True)
    assert broken == ()
    return End(end.finished, end.changed, end.written, events)


def fill(path: Path) -> None:
    """Take all the space there is."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 512):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def lost_midway(site: Site, lose: Callable[[], object]) -> End:
    """Play a run that loses its journal while its change is watched."""
    with site.begin("run", site.playbook(SLOW)) as process:
        site.wait_for("a", "by safeshift")
        site.wait_for("b", "by safeshift")
        lose()
        out, err = process.communicate(timeout=100)
    return End(Finished(process.returncode, out, err), site.changed(), site.written())


AT_START = {
    "state_is_a_file": refused_with(state_is_a_file),
    "no_journal": refused_with(journal_is_no_journal),
    "open_to_others": refused_with(journal_is_open_to_others),
    "full": refused_with(disk_is_full),
}
SCENARIOS = {**AT_START, "deleted": database_deleted, "fills_up": disk_fills_up}


@pytest.mark.parametrize("name", AT_START)
def test_run_without_a_journal_does_not_start(ends: Ends, name: str) -> None:
    """Exit 6, a sentence and what to do; the devices got nothing but reads, if anything."""
    end: End = ends.of(name)
    assert end.finished.code == 6, end.finished.said
    assert (end.changed, end.written) == ((), {})
    assert "Traceback" not in end.finished.said


@pytest.mark.parametrize("name", ["deleted", "fills_up"])
def test_run_that_loses_its_journal_midway_undoes_everything(ends: Ends, name: str) -> None:
    """The loss is noticed while the change is watched; every router is as before, and the command ends in 6."""
    end: End = ends.of(name)
    assert end.finished.code == 6, end.finished.said
    assert end.changed == ()
    assert "journal" in end.finished.said


def test_run_on_a_disk_that_filled_up_records_its_undo_in_the_reserve(ends: Ends) -> None:
    """Space taken at the start holds the undo: the chain is whole, to the end, and keeps every invariant."""
    end: End = ends.of("fills_up")
    closed = found(end.events, Kind.RUN_CLOSED)[0].data
    assert (closed["state"], closed["cause"], closed["exit_code"]) == ("ROLLED_BACK", "journal", 6)
