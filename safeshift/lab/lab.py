"""The lab for users and tests: a fabric's devices as SSH servers on loopback, on a network that behaves like one.

``Lab`` runs in this process, in a thread with a loop of its own; ``process.py`` has one in a process of its own; both
are a ``LabHandle``. What traffic does is ``world.py``, how devices talk ``device.py``, how one logs in ``access.py``.
Over 350 lines, because a handle's questions all need the loop that its life starts and ends.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar

from safeshift.clock import Clock, SystemClock
from safeshift.errors import LabError
from safeshift.lab.access import (
    ANSIBLE_CFG,
    Door,
    Kept,
    Roster,
    connection_variables,
    roster_of,
    roster_without_inventory,
    write_ansible_cfg,
    write_inventory,
    write_known_hosts,
    write_login,
)
from safeshift.lab.blueprint import interfaces_with_cables, node_addresses, startup_config
from safeshift.lab.device import Device, DeviceSpec, Received
from safeshift.lab.faults import Fault, FaultKind
from safeshift.lab.scratch import Scratch
from safeshift.lab.sshd import LOOPBACK, Servers, public_key_of, serve
from safeshift.lab.trips import Condition
from safeshift.lab.truth import Truth, load_faults, load_truth
from safeshift.lab.world import World
from safeshift.model.fabric import Fabric
from safeshift.model.fabric import load as load_fabric
from safeshift.model.inventory import Inventory, load_inventory
from safeshift.platforms import platform_named

USER = "admin"
T = TypeVar("T")
WhichInventory = str | Path | Sequence[str] | Inventory | Mapping[str, str] | Roster
"""``-i`` arguments, a loaded inventory, or for made-up fabrics just each router's dialect by name."""

_ONCE = (FaultKind.REBOOT, FaultKind.FOREIGN_GUARD)  # happen, and are not there any more when a lab is resumed


class Lab:
    """The lab in this process: ``with Lab(fabric, inventory) as lab: ...``; a ``LabHandle``.

    Args:
        fabric: The fabric file as safeshift is told it.
        inventory: Which router is of which platform, and the groups; see ``WhichInventory``.
        truth: How the world differs from what was told: a file, or a ``Truth``.
        faults: What goes wrong from the start, besides what the truth says: faults, or a file of them.
        seed: Of chance, where the truth has none.
        state_dir: Where the devices keep their state, to go on from there the next time; None: nowhere.

    Guarantees:
        Binds loopback only. ``close`` leaves no thread, socket or file behind (but ``state_dir``); what a killed
        process left, the next ``Lab`` of the same user removes. The files that hold the password can be read by their
        owner only.

    Raises:
        InputError, LabError: a file is wrong, or the lab cannot play it; nothing is left running.
    """

    def __init__(
        self,
        fabric: str | Path | Fabric,
        inventory: WhichInventory,
        *,
        truth: str | Path | Truth | None = None,
        faults: str | Path | Iterable[Fault] = (),
        seed: int = 1,
        state_dir: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        told = fabric if isinstance(fabric, Fabric) else load_fabric(Path(fabric))
        self.truth = _truth(truth, told)
        self.fabric = self.truth.fabric
        self.roster = read_roster(inventory, told)
        self._faults = (*self.truth.faults, *read_faults(faults, told))
        self._seed = seed if self.truth.seed is None else self.truth.seed
        self._clock = clock or SystemClock()
        self._state_dir = state_dir
        self._scratch: Scratch | None = None
        self._home = Path()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._servers: Servers | None = None
        self._devices: dict[str, Device] = {}
        self._world: World | None = None
        self._overrides: Mapping[str, Mapping[str, object]] = MappingProxyType({})
        self._password = self._login_key = ""
        self.resumed = False

    # Life ------------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Start every device; returns when all of them listen."""
        self._home = self._state_dir or self._claimed()
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="safeshift-lab", daemon=True)
        self._thread.start()
        try:
            self._await(self._open())
        except BaseException:
            self.close()
            raise

    def _claimed(self) -> Path:
        try:
            self._scratch = Scratch.claim()
        except OSError as error:
            hint = "make room there, or name another place with TMPDIR=DIR"
            raise LabError(f"the lab cannot make a temporary directory: {error.strerror}", hint=hint) from error
        return self._scratch.path

    def close(self) -> None:
        """Stop every device and clean up; idempotent."""
        thread, loop, self._thread, self._loop = self._thread, self._loop, None, None
        if thread is None or loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._shut(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        if self._scratch is not None:
            self._scratch.release()
            self._scratch = None

    async def _open(self) -> None:
        kept = Kept(self._home / "kept.json", self._home / "keys", lasting=self._state_dir is not None)
        self.resumed = kept.found
        self._password, self._login_key = kept.password, kept.login_key
        platforms = {name: platform_named(self.roster.dialects[name]) for name in self.fabric.routers}
        self._world = World(
            self.truth,
            self._text_of,
            platforms,
            seed=self._seed,
            clock=self._clock,
            condition=self._condition_of,
        )
        for name in self.roster.dialects:
            self._devices[name] = Device(self._spec(name), self._world, state_path=self._state_path(name))
        devices = tuple(self._devices.values())
        self._servers = await serve(devices, host_keys=kept.host_keys(self.roster.dialects), ports=kept.free_ports())
        kept.keep(self._servers.ports)
        self._write_papers()
        for fault in self._faults:
            if not (self.resumed and fault.kind in _ONCE):
                self._device(fault.device).inject(fault)

    async def _shut(self) -> None:
        if self._servers is not None:
            await self._servers.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _spec(self, name: str) -> DeviceSpec:
        dialect, is_router = self.roster.dialects[name], name in self.fabric.routers
        return DeviceSpec(
            name,
            dialect,
            startup=startup_config(self.fabric, name, dialect) if is_router else "",
            users={USER: self._password},
            authorized_keys=(public_key_of(self._login_key),),
            addresses={} if is_router else node_addresses(self.fabric, name),
            latency_s=self.truth.latency_s,
        )

    def _state_path(self, name: str) -> Path | None:
        if self._state_dir is None:
            return None
        folder = self._state_dir / "devices"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{name}.json"

    def _write_papers(self) -> None:
        doors = [self._door(name) for name in self._devices]
        self._overrides = MappingProxyType(
            {door.device: connection_variables(door, USER, self._password, self.known_hosts) for door in doors}
        )
        write_known_hosts(self.known_hosts, doors)
        write_login(self._home, doors, USER, self._password, self._login_key)
        write_inventory(self.inventory, self.roster, self._overrides)
        write_ansible_cfg(self._home / ANSIBLE_CFG)

    def _door(self, name: str) -> Door:
        assert self._servers is not None
        key = self._servers.host_keys[name]
        return Door(name, self.roster.dialects[name], LOOPBACK, self._servers.ports[name], key)

    # What the world asks ---------------------------------------------------------------------------------------------

    def _text_of(self, name: str) -> str:
        device = self._devices[name]
        return device.config.write(device.running)  # without the header's clock: the same text means the same

    def _condition_of(self, name: str) -> Condition:
        if name not in self._devices:  # a node of the truth alone: it is there, and nobody logs in to it
            return Condition(True, False, frozenset())
        device = self._devices[name]
        faults = device.faults.all()
        cut = frozenset(fault.interface for fault in faults if fault.kind is FaultKind.LINK_DOWN and fault.interface)
        mute = any(fault.kind is FaultKind.STOP_ANSWERING for fault in faults)
        return Condition(device.up, mute, cut)

    # LabHandle -------------------------------------------------------------------------------------------------------

    @property
    def user(self) -> str:
        """The one login name of every device."""
        return USER

    @property
    def password(self) -> str:
        """Its password; made anew for each lab."""
        return self._password

    @property
    def known_hosts(self) -> Path:
        """The devices' host keys, in OpenSSH's form."""
        return self._home / "known_hosts"

    @property
    def inventory(self) -> Path:
        """An Ansible inventory of the devices: the site's groups and variables, the lab's connections."""
        return self._home / "inventory.yml"

    @property
    def overrides(self) -> Mapping[str, Mapping[str, object]]:
        """By device, the connection variables that replace all of the site's own."""
        return self._overrides

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of all devices: routers, then nodes."""
        return tuple(self.roster.dialects)

    def address(self, device: str) -> tuple[str, int]:
        """See ``LabHandle``."""
        self._device(device)
        return LOOPBACK, self._door(device).port

    def running(self, device: str) -> str:
        """See ``LabHandle``."""
        return self._on_loop(lambda: self._device(device).running_text())

    def startup(self, device: str) -> str:
        """See ``LabHandle``."""
        return self._on_loop(lambda: self._device(device).startup_text())

    def received(self, device: str) -> tuple[Received, ...]:
        """See ``LabHandle``."""
        return self._on_loop(lambda: tuple(self._device(device).received))

    def inject(self, fault: Fault) -> None:
        """See ``LabHandle``."""
        if fault.kind is FaultKind.LINK_DOWN:
            self._check_cable(fault.device, fault.interface)
        self._on_loop(lambda: self._device(fault.device).inject(fault))

    def clear(self, device: str, kind: FaultKind | None = None) -> None:
        """See ``LabHandle``."""
        self._on_loop(lambda: self._device(device).clear(kind))

    def fail_link(self, one: str, other: str) -> None:
        """See ``LabHandle``."""
        for interface in self._interfaces_between(one, other):
            self.inject(Fault(FaultKind.LINK_DOWN, one, interface=interface))

    def mend_link(self, one: str, other: str) -> None:
        """See ``LabHandle``."""

        def mend() -> None:
            for end, far in ((one, other), (other, one)):
                interfaces = self._interfaces_between(end, far)
                broken = self._device(end).faults.all()
                self._device(end).clear(FaultKind.LINK_DOWN)
                for fault in broken:
                    if fault.kind is FaultKind.LINK_DOWN and fault.interface not in interfaces:
                        self._device(end).inject(fault)

        self._on_loop(mend)

    def look(self, at: Callable[[World], T]) -> T:
        """Ask the world something, where it can be asked: on the lab's own loop."""
        return self._on_loop(lambda: at(self._world_now()))

    def sessions(self) -> int:
        """Count the sessions that are open on all devices."""
        return self._on_loop(lambda: sum(len(device.terminals) for device in self._devices.values()))

    def run_beside(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the lab's loop and return what it gives; never call it from that loop."""
        return self._await(coroutine)

    # -----------------------------------------------------------------------------------------------------------------

    def _interfaces_between(self, one: str, other: str) -> tuple[str, ...]:
        links = [link for link in self.fabric.links_of(one) if link.far_end(one).router == other]
        if not links:
            raise LabError(f"there is no link between {one} and {other}", hint="name two routers of the fabric file")
        return tuple(link.end_at(one).interface for link in links)

    def _check_cable(self, device: str, interface: str | None) -> None:
        """Refuse a slip in an interface's name: a fault that strikes nothing would look like a healthy network."""
        self._device(device)
        cabled = interfaces_with_cables(self.fabric, device)
        if interface not in cabled:
            known = ", ".join(cabled) or "none"
            raise LabError(f"{device} has no link on {interface!r}", hint=f"its interfaces with a link: {known}")

    def _device(self, name: str) -> Device:
        if name not in self._devices:
            raise LabError(f"the lab has no device {name!r}", hint=f"it has {', '.join(self._devices)}")
        return self._devices[name]

    def _world_now(self) -> World:
        assert self._world is not None
        return self._world

    def _on_loop(self, act: Callable[[], T]) -> T:
        if threading.current_thread() is self._thread:
            return act()

        async def acting() -> T:
            return act()

        return self._await(acting())

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            coroutine.close()
            raise LabError("the lab is not running", hint="use it inside `with Lab(...) as lab:`")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def _truth(truth: str | Path | Truth | None, told: Fabric) -> Truth:
    if isinstance(truth, Truth):
        return truth
    return Truth(told) if truth is None else load_truth(Path(truth), told)


def read_faults(faults: str | Path | Iterable[Fault], told: Fabric) -> tuple[Fault, ...]:
    """Give the faults, read from a file where one is named; raises as ``load_faults``."""
    return load_faults(Path(faults), told) if isinstance(faults, str | Path) else tuple(faults)


def read_roster(inventory: WhichInventory, told: Fabric) -> Roster:
    """Find out who plays what, whichever way it was given; raises as ``roster_of`` and ``load_inventory``."""
    match inventory:
        case Roster():
            return inventory
        case Inventory():
            return roster_of(told, inventory)
        case str() | Path():
            return roster_of(told, load_inventory([os.fspath(inventory)]))
        case Mapping():
            return roster_without_inventory(told, inventory)
        case _:
            return roster_of(told, load_inventory([os.fspath(source) for source in inventory]))
