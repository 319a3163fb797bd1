"""The vocabulary of the machine: what it knows (``State``), what it is told (events), what it asks for (effects).

All of it is frozen data. ``machine.py`` is the only place that turns one state into the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from safeshift.actions.base import MoveKind
from safeshift.errors import ExitCode
from safeshift.platforms.base import GuardStyle


class Act(Enum):
    """What the machine can ask the shell to do. The value is the word used in the journal."""

    CAPTURE = "capture"  # read the devices of a move, resolve its lines against what they hold now
    LOOK = "look"  # are all required networks PASS, freshly?
    ARM = "arm"  # a timer that must run before lines are typed
    STAGE = "stage"  # lines into a candidate
    COMMIT = "commit"  # lines take effect
    READ_BACK = "read back"  # does the device hold exactly what was intended?
    WATCH = "watch"  # settle and gate
    CONFIRM = "confirm"  # keep it: stop the timer
    PERFORM = "perform"  # a move that changes nothing: read, wait, ask, assert
    SOAK = "soak"  # watch the finished batch
    OBSERVE = "observe goal"
    SAVE = "save"  # running to startup configuration
    ABORT = "abort"  # undo by the device's own means, or drop a candidate
    UNDO = "undo"  # inverse lines
    DROP_GUARD = "drop guard"  # inverse lines are in and proven: stop the timer
    REVERT = "revert"  # whole restore, the last means
    CHECK_RESTORED = "check restored"  # is the configuration what it was when captured?
    AWAIT_GUARD = "await guard"  # nobody can be reached: let the device's timer end
    PROVE = "prove networks"  # do all required networks PASS again?

    @property
    def changes_a_device(self) -> bool:
        """Whether this act may change a device's configuration or its timer."""
        return self in _WRITES


_WRITES = frozenset(
    {Act.ARM, Act.STAGE, Act.COMMIT, Act.CONFIRM, Act.SAVE, Act.ABORT, Act.UNDO, Act.DROP_GUARD, Act.REVERT}
)
UNDOING = frozenset({Act.ABORT, Act.UNDO, Act.DROP_GUARD, Act.REVERT, Act.CHECK_RESTORED, Act.AWAIT_GUARD, Act.PROVE})


class Outcome(Enum):
    """What became of an act. UNKNOWN is settled by reading, never by assuming."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Cause(Enum):
    """Why a run stops going forward."""

    ISOLATION = "isolation"
    NETWORK = "network"
    STEP = "step"
    DEADLINE = "deadline"
    EXPOSURE = "exposure"
    INTERRUPT = "interrupt"
    JOURNAL = "journal"
    BLIND = "blind"


class Final(Enum):
    """How a run ends. REFUSED: nothing was ever sent."""

    COMPLETED = "COMPLETED"
    ROLLED_BACK = "ROLLED_BACK"
    NEEDS_OPERATOR = "NEEDS_OPERATOR"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to do: an act, for a move (by index) or a batch, on one device or on none in particular."""

    act: Act
    move: int
    device: str = ""


@dataclass(frozen=True, slots=True)
class Came:
    """An effect ended.

    Attributes:
        detail: One sentence for people.
        needed: CAPTURE only: the devices that something must be sent to.
        cause: A gate's effect only: why it FAILED.
        foreign: CHECK_RESTORED only: what this run did is undone, but somebody else changed this meanwhile.
    """

    effect: Effect
    outcome: Outcome
    detail: str = ""
    needed: tuple[str, ...] = ()
    cause: Cause | None = None
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something happened that no effect asked for: isolation seen, a signal, the journal lost, a time limit over."""

    cause: Cause
    detail: str = ""


Event = Came | Alarm


@dataclass(frozen=True, slots=True)
class MoveOutline:
    """What the machine must know of a move: its kind, its devices in plan order, and how each is guarded."""

    kind: MoveKind
    guards: Mapping[str, GuardStyle] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outline:
    """The shape of a plan: batches of moves."""

    batches: tuple[tuple[MoveOutline, ...], ...]

    @property
    def moves(self) -> tuple[MoveOutline, ...]:
        """All moves, in order; ``Effect.move`` is an index into this."""
        return tuple(move for batch in self.batches for move in batch)

    def batch_of(self, move: int) -> int:
        """Return the index of the batch that holds the move."""
        for number, batch in enumerate(self.batches):
            if move < len(batch):
                return number
            move -= len(batch)
        raise IndexError(move)

    def ends_batch(self, move: int) -> bool:
        """Tell whether the move is the last of its batch."""
        return move + 1 == len(self.moves) or self.batch_of(move + 1) != self.batch_of(move)


class Stage(Enum):
    """How far a device has come in the open move (or in a move that must be unwound)."""

    CLEAN = "clean"  # nothing was sent that could last
    GUARDED = "guarded"  # a timer runs or a candidate exists, or may
    APPLIED = "applied"  # lines are in, or may be, with the timer running where there is one
    CONFIRMED = "confirmed"  # the timer was stopped, or there is none
    RESTORED = "restored"  # proven to be as captured
    UNSETTLED = "unsettled"  # tried everything: an operator must look


@dataclass(frozen=True, slots=True)
class Standing:
    """One device in one move: how far it came, and what was tried to undo it, in order."""

    stage: Stage = Stage.CLEAN
    undo: tuple[tuple[Act, Outcome], ...] = ()
    note: str = ""


class Phase(Enum):
    """Where in the life of a move the run is."""

    CAPTURING = "capturing"
    LOOKING = "looking"
    GUARDING = "guarding"
    COMMITTING = "committing"
    WATCHING = "watching"
    CONFIRMING = "confirming"
    PERFORMING = "performing"
    SOAKING = "soaking"
    OBSERVING = "observing"
    SAVING = "saving"
    UNWINDING = "unwinding"
    PROVING = "proving"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class State:
    """All that a run knows; a fold of the machine over its journal.

    Attributes:
        move: Index of the move at hand.
        standing: By move, then device: every change move since the safe point that sent or may have sent something.
        flying: Effects that were asked for and have not ended.
        queue: Devices of the present phase that wait their turn.
        safe: Index of the first move after the last safe point.
        stop: Why the run stops going forward; None while it goes forward.
        sent: Whether any line was ever sent since the run began.
        unsettled: Sentences: each names a device and what must be looked at.
        final: Set when the phase is ENDED.
    """

    outline: Outline
    phase: Phase
    move: int = 0
    standing: Mapping[int, Mapping[str, Standing]] = field(default_factory=dict)
    flying: frozenset[Effect] = frozenset()
    queue: tuple[str, ...] = ()
    safe: int = 0
    stop: Alarm | None = None
    sent: bool = False
    unsettled: tuple[str, ...] = ()
    final: Final | None = None

    def at(self, device: str, move: int | None = None) -> Standing:
        """Return how far a device has come in a move (the one at hand unless another is named)."""
        return self.standing.get(self.move if move is None else move, {}).get(device, Standing())

    def moved(self, device: str, standing: Standing, move: int | None = None) -> State:
        """Return this state with one device's standing replaced."""
        index = self.move if move is None else move
        devices = {**self.standing.get(index, {}), device: standing}
        return replace(self, standing={**self.standing, index: devices})


def exit_code(state: State, *, journal_lost: bool) -> ExitCode:
    """Return the exit code of an ended run; it is decided by the final state alone."""
    if state.final is Final.NEEDS_OPERATOR:
        return ExitCode.NEEDS_OPERATOR
    if state.final is Final.COMPLETED:
        return ExitCode.COMPLETED
    if journal_lost:
        return ExitCode.JOURNAL
    if state.stop is not None and state.stop.cause is Cause.INTERRUPT:
        return ExitCode.INTERRUPTED
    return ExitCode.ROLLED_BACK if state.final is Final.ROLLED_BACK else ExitCode.REFUSED
