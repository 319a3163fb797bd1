"""What a plan is: a playbook compiled for one inventory, one fabric and the configurations the devices have now.

A plan is data: frozen, hashable, written to the journal whole. ``compile.py`` makes it, the engine walks it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from safeshift.actions.base import MoveKind
from safeshift.platforms.base import Lines

WAVE = 6  # devices of a move that may be changed and unread at one time: all of their subsets are judged beforehand


@dataclass(frozen=True, slots=True)
class Checks:
    """What must hold around each move of a play; durations in seconds, limits as shares.

    Attributes:
        require: Networks that must PASS.
        loss_max: Loss above which a pair FAILs.
        utilisation_max: Highest predicted load of any link or router without a failure.
        settle_s: How long FAIL may last after an apply before it rolls back.
        soak_s: How long a batch is watched before its safe point.
        hold_s: How long UNKNOWN may last before it rolls back.
        freshness_s: Oldest PASS that lets a move start.
        observer_grace_s: How long no observer at all may be reachable.
        guard_s: The device-side timer of each move; already rounded up to the coarsest unit among its devices.
        deadline_s: Longest time for each part of a move that talks to devices: reading them, sending and reading back,
            confirming, saving; a wait may take what it was told to wait as well.
    """

    require: tuple[str, ...]
    loss_max: float = 0.01
    utilisation_max: float = 0.8
    settle_s: float = 5.0
    soak_s: float = 10.0
    hold_s: float = 60.0
    freshness_s: float = 10.0
    observer_grace_s: float = 10.0
    guard_s: int = 120
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """What one move does to one device.

    Attributes:
        host: The inventory host the step runs for (a far end is changed for the host at the near end).
        lines: Sent in this order; empty when the device already is as wanted.
        inverse: Lines that take ``after`` back to ``before``.
        before: Normalised configuration that the lines were computed from; in an offline plan, what the files suggest.
        after: Predicted normalised configuration; in an offline plan, what the files suggest.
        unproven: The commands come from a table that this device has not been seen to accept.
        from_device: Offline: ``lines`` and ``inverse`` are what the files suggest; the device decides at run time.
    """

    device: str
    platform: str
    host: str
    lines: Lines
    inverse: Lines
    before: str = ""
    after: str = ""
    unproven: bool = False
    from_device: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """One step on all hosts of a batch: applied, gated and confirmed together.

    Attributes:
        id: ``play.batch.step``, counted from 1; unique in the plan.
        stage: Name of the stage, rendered.
        name: Name of the step, rendered.
        action: The action's name as written in the playbook.
        hosts: Inventory hosts the step runs for.
        devices: Devices that it may touch or read, in plan order.
        arguments: The step's rendered arguments, as JSON values; per host where they differ: ``{host: {...}}``.
        changes: One per touched device, in plan order; empty for kinds other than CHANGE.
        when: Conditions that are decided at run time (they use registered answers), per host; a host whose
            condition is false is left out. Conditions on plain variables were decided when the plan was made.
        register: Name under which the answer is kept, or empty.
        takes_down: Links that are down or unusable while the move is applied.
        place: ``file:line:column`` of the step.
        targets: The device that a host's step runs on, where ``delegate_to`` names another than the host itself.
        variables: Per host, the values of the plain variables that ``when`` and ``assert`` ask for beside registered
            answers, as JSON values: those and no others.
        steps: What a ``block`` holds, as if each were a move of its own; ``changes`` are all of theirs together.
    """

    id: str
    play: int
    batch: int
    stage: str
    name: str
    action: str
    kind: MoveKind
    hosts: tuple[str, ...]
    devices: tuple[str, ...]
    arguments: Mapping[str, Mapping[str, object]]
    checks: Checks
    changes: tuple[Change, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    register: str = ""
    takes_down: tuple[str, ...] = ()
    place: str = ""
    targets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    steps: tuple[Move, ...] = ()

    @property
    def longest_s(self) -> float:
        """How long each part of it may take, seconds: its deadline, and for a wait what it was told to wait as well."""
        told = _TOLD.get(self.kind, "")
        waits = [self.arguments[host].get(told) for host in self.hosts] if told else []
        longest = max((wait for wait in waits if isinstance(wait, int | float)), default=0.0)
        return longest if self.kind is MoveKind.APPROVE else self.checks.deadline_s + longest


_TOLD = {MoveKind.PAUSE: "duration", MoveKind.DRAINED: "within", MoveKind.APPROVE: "within"}


@dataclass(frozen=True, slots=True)
class Exposure:
    """The play's declared willingness to stand without redundancy for a while."""

    max_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class GoalCheck:
    """One thing that must be observed on a device for the batch to count as done.

    Attributes:
        text: For people, e.g. ``Ethernet1 runs at 100 Gbit/s``.
        kind: ``lines`` (typing ``expected`` again would change nothing) or ``speed`` (the interface shows it).
        subject: The interface; empty for ``lines``.
        expected: Configuration lines, joined by line ends; or bit/s as digits.
    """

    device: str
    text: str
    kind: str
    subject: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """The hosts of one ``serial`` slice, their moves in order, and what must be seen at the end."""

    play: int
    number: int
    play_name: str
    hosts: tuple[str, ...]
    moves: tuple[Move, ...]
    checks: Checks
    goal: tuple[GoalCheck, ...] = ()
    goal_declared: bool = False
    exposure: Exposure | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run would do, in order.

    Attributes:
        offline: Made from the files alone: changes say what the files suggest.
        notes: Sentences for the operator (no guard on a device, one network only, ignored ssh options, ...).
    """

    playbook: str
    fabric: str
    networks: tuple[str, ...]
    batches: tuple[Batch, ...]
    notes: tuple[str, ...] = ()
    offline: bool = False

    @property
    def moves(self) -> tuple[Move, ...]:
        """All moves of all batches, in order."""
        return tuple(move for batch in self.batches for move in batch.moves)

    @property
    def devices(self) -> tuple[str, ...]:
        """All devices that the plan touches or reads, each once, in the order first named."""
        return tuple(dict.fromkeys(device for move in self.moves for device in move.devices))

    @property
    def touched(self) -> tuple[str, ...]:
        """All devices that the plan may change, each once, in the order first named."""
        return tuple(dict.fromkeys(change.device for move in self.moves for change in move.changes))

    def to_json(self) -> dict[str, object]:
        """Return the plan as JSON values; equal plans give equal text."""
        tree = asdict(self)
        result: dict[str, object] = json.loads(json.dumps(tree, default=lambda value: value.value, sort_keys=True))
        return result

    @property
    def hash(self) -> str:
        """SHA-256 over ``to_json``: the same plan has the same hash on every machine."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()
