"""What a lab in a process of its own is told, and what it keeps in its state directory.

All is copied there when the lab starts: a file that is edited later cannot change a site that is up, and a lab that
died is resumed as what it was. ``process.py`` writes orders, ``life.py`` carries them out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safeshift.errors import LabError
from safeshift.lab.access import ANSIBLE_CFG, KEY_FILE, PASSWORD_FILE, SSH_CONFIG, Roster, write_private
from safeshift.lab.faults import Fault, load_fault
from safeshift.lab.lab import Lab, WhichInventory, read_faults, read_roster
from safeshift.lab.running import PUBLISHED
from safeshift.lab.truth import load_truth
from safeshift.model.fabric import load as load_fabric

ORDER = "order.json"
LOG = "lab.log"
ALIVE = "lab.lock"
"""Locked by the lab's process as long as it lives; the kernel frees it however the process ends."""
_PAPERS = ("inventory.yml", "known_hosts", PASSWORD_FILE, KEY_FILE, SSH_CONFIG, ANSIBLE_CFG)
STATE = ("devices", "keys", "site", "kept.json", ORDER, PUBLISHED, *_PAPERS)
TRACES = ("control.sock", LOG, ALIVE)


@dataclass(frozen=True, slots=True)
class Order:
    """What a lab is told, kept beside its devices so that a later change of the files cannot change a running site."""

    name: str
    fabric: str
    truth: str | None
    roster: Roster
    faults: tuple[Mapping[str, Any], ...]
    seed: int
    idle_s: float

    @classmethod
    def of(
        cls,
        fabric: Path,
        inventory: WhichInventory,
        truth: str | Path | None,
        faults: str | Path | Iterable[Fault],
        *,
        seed: int,
        idle_s: float,
    ) -> Order:
        """Read all that a lab of its own process needs to know; raises as ``Lab`` does."""
        told = load_fabric(fabric)
        if truth is not None:
            load_truth(Path(truth), told)
        given = tuple({**dataclasses.asdict(one), "kind": one.kind.value} for one in read_faults(faults, told))
        return cls(
            name=name_of(fabric),
            fabric=fabric.read_text(encoding="utf-8"),
            truth=None if truth is None else Path(truth).read_text(encoding="utf-8"),
            roster=read_roster(inventory, told),
            faults=given,
            seed=seed,
            idle_s=idle_s,
        )

    @classmethod
    def read(cls, where: Path) -> Order:
        """Read what an earlier start wrote.

        Raises:
            LabError: It cannot be read.
        """
        path = where / ORDER
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**said, "roster": Roster(**said["roster"]), "faults": tuple(said["faults"])})
        except (OSError, ValueError, KeyError, TypeError) as cause:
            hint = "end it and forget its devices with `safeshift lab down`"
            raise LabError(f"what the lab was told cannot be read from {path}: {cause}", hint=hint) from cause

    def write(self, where: Path) -> None:
        """Write it down in the lab's state directory, for its owner only."""
        site = where / "site"
        site.mkdir(mode=0o700, exist_ok=True)
        write_private(where / ORDER, json.dumps(dataclasses.asdict(self)))
        write_private(site / "fabric.yml", self.fabric)
        if self.truth is not None:
            write_private(site / "truth.yml", self.truth)

    @property
    def digest(self) -> str:
        """Give what tells this lab from one of anything else."""
        said = {name: value for name, value in dataclasses.asdict(self).items() if name != "idle_s"}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def lab(self, where: Path) -> Lab:
        """Make the lab that was ordered; it is not started."""
        truth = where / "site" / "truth.yml" if self.truth is not None else None
        faults = [load_fault(fault) for fault in self.faults]
        fabric = where / "site" / "fabric.yml"
        return Lab(fabric, self.roster, truth=truth, faults=faults, seed=self.seed, state_dir=where)


def name_of(fabric: str | Path) -> str:
    """Give a fabric's name: its file's, without ``.fabric.yml``."""
    return re.sub(r"(\.fabric)?\.ya?ml$", "", Path(fabric).name)


def remove_state(where: Path, names: Iterable[str] = (*STATE, *TRACES)) -> None:
    """Remove what a lab made, by name: the directory may be one that a user chose."""
    for name in names:
        path = where / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
