"""The driver over SSH: netmiko's login, our own exchanges; one session per device, kept open and reused.

It decides when a session is replaced and which error tells the truth about the device; it never sends a write twice.
Read ``sessions.py`` for what an exchange is, ``login.py`` for how one gets in, ``retrying.py`` for what is tried again.
Over 350 lines, because login, rights, reads and writes share one session and its lock.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from safeshift.clock import Clock
from safeshift.drivers import retrying
from safeshift.drivers.base import Exchange
from safeshift.drivers.errormap import Phase, doubt
from safeshift.drivers.login import NetmikoLink, open_link
from safeshift.drivers.sessions import BLOCK_LINES, Sent, Session, fits_one_block
from safeshift.drivers.streams import LineStream, ask_as, open_stream
from safeshift.drivers.sudo import CHECK, Sudo
from safeshift.errors import (
    AuthError,
    CommandRejectedError,
    ConnectError,
    ConnectionLostError,
    DeviceError,
    OutcomeUnknownError,
)
from safeshift.model.connection import Connection
from safeshift.platforms.base import PendingGuard, Platform

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
REFUSAL_LINES = 4
"""A device refuses a read in its first words; further down the same words may be somebody's banner."""
LEAVE_S = 5.0
"""Longest wait for a device to leave a configuration mode after a refusal."""


class NetmikoDriver:
    """One device over SSH; keeps the promises of ``Driver``.

    Args:
        others: Names of the other devices; a prompt that bears one of them is somebody else's device.

    """

    def __init__(
        self, connection: Connection, platform: Platform, *, clock: Clock, others: Collection[str] = ()
    ) -> None:
        self.device = connection.host
        self.platform = platform
        self.connection = connection
        self.clock = clock
        self._others = frozenset(_short(name) for name in others) - {_short(connection.host)}
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._link: NetmikoLink | None = None
        self._sudo = Sudo(connection) if connection.become and connection.become_method == "sudo" else None
        self._host = ""
        self._retired = False
        self._reading = False
        self._giving_way = threading.Lock()

    def open(self) -> None:
        """See ``Driver``."""
        with self._turn(self.connection.timeout_s, Phase.LOGIN):
            self._ready()

    def close(self) -> None:
        """See ``Driver``; does not wait for an exchange that is under way, but ends it."""
        session, self._session, self._link = self._session, None, None
        if session is not None:
            session.close()

    def prove_login(self) -> None:
        """See ``Driver``."""
        self._enter(open_link(self.connection, device=self.device, netmiko_type=self.platform.name)).close()

    def give_way(self) -> None:
        """See ``Driver``."""
        with self._giving_way:  # a read that ends just now waits here, and a write behind it: it is not cut off
            if self._reading:
                self._reading = False
                self.close()

    def retire(self) -> None:
        """Close for good: whoever still works with it, in whatever thread, opens no new session and sends no line."""
        self._retired = True
        self.close()

    def read(self, commands: Sequence[str], *, deadline_s: float = 30.0) -> tuple[str, ...]:
        """See ``Driver``."""
        for command in commands:
            if CONTROL.search(command) or not self.platform.is_read(command):
                raise ValueError(f"{self.device}: {command!r} is not one of the reads of {self.platform.title}")
        if not commands:
            return ()
        with self._turn(deadline_s, Phase.READ) as until:
            self._reading = True
            try:
                for attempt in retrying.read_policy(self.clock, until=until, wanted=lambda: self._reading):
                    with attempt:
                        careful = attempt.retry_state.attempt_number > 1
                        answers = self._read_once(commands, until, at_once=1 if careful else BLOCK_LINES)
            finally:
                with self._giving_way:
                    self._reading = False
        return answers

    def running_config(self, *, deadline_s: float = 30.0) -> str:
        """See ``Driver``."""
        (text,) = self.read([self.platform.dialogue.show_config], deadline_s=deadline_s)
        return self.platform.normalise(text)

    def write(self, lines: Sequence[str], *, deadline_s: float = 30.0) -> Exchange:
        """See ``Driver``."""
        with self._turn(deadline_s, Phase.LOGIN) as until:  # nothing was sent while we wait for our turn
            session, sent = self._begin(lines, until)
            return self._finish(session, sent)

    def pending_guard(self) -> PendingGuard | None:
        """See ``Driver``; a platform without guards has none pending."""
        answers = self.read(self.platform.guard_pending)
        return self.platform.parse_pending(answers) if answers else None

    def save(self, *, deadline_s: float = 60.0) -> None:
        """See ``Driver``."""
        command = self.platform.dialogue.save
        ((_, answer),) = self.write([command], deadline_s=deadline_s).answers
        if not self.platform.dialogue.saved.search(answer):
            raise CommandRejectedError(
                self.device, command, answer, hint="The startup configuration may be the old or the new one."
            )

    def stream(self, command: str) -> LineStream:
        """Start a read command that goes on talking and return its lines as they come.

        It runs beside the terminal and does not wait for an exchange that is under way.

        Raises:
            ValueError: the command is not in the platform's table of reads (a bug: nothing was sent).
            ConnectError, AuthError, HostKeyError: it could not be started.

        """
        if CONTROL.search(command) or not self.platform.is_read(command):
            raise ValueError(f"{self.device}: {command!r} is not one of the reads of {self.platform.title}")
        link = self._link
        if link is None or not link.is_open():
            self.open()
            link = self._link
        if link is None:
            raise ConnectError(self.device, "the session was closed while a stream was being opened")
        return open_stream(
            link.transport, command, device=self.device, timeout_s=self.connection.timeout_s, sudo=self._sudo
        )

    # For those that write to many devices before they read from any (fleet.py) ----------------------------------------

    def check_lines(self, lines: Sequence[str]) -> None:
        """Refuse what could never have been meant: a line end inside a line would be a second command.

        Raises:
            ValueError: a line is empty or holds a control character, or there is none (a bug).

        """
        if not lines:
            raise ValueError(f"{self.device}: nothing to write")
        for line in lines:
            if CONTROL.search(line) or not line.strip():
                raise ValueError(f"{self.device}: {line!r} is not one line of text")

    def start_write(self, lines: Sequence[str], *, deadline_s: float) -> StartedWrite | None:
        """Send a write without waiting for its answer, if it fits one block and a usable session takes it at once.

        Returns:
            The write under way; the session is this thread's until it is finished or abandoned. ``None``: nothing
            was sent.

        Raises:
            OutcomeUnknownError: the session died in the sending.

        """
        self.check_lines(lines)
        if not self._lock.acquire(blocking=False):
            return None
        started = None
        try:
            session, link = self._session, self._link
            ready = session is not None and session.is_usable() and session.prepared and not session.mode
            if ready and session is not None and link is not None and link.takes_more() and fits_one_block(lines):
                sent = session.begin(lines, phase=Phase.WRITE, deadline_s=deadline_s)
                started = StartedWrite(self, session, sent)
            return started
        finally:
            if started is None:
                self._lock.release()

    # Inside ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def _turn(self, deadline_s: float, phase: Phase) -> Iterator[float]:
        """Wait for the exchange that is under way; give the moment by which ours must be done."""
        until = self.clock.monotonic() + deadline_s
        if not self._lock.acquire(timeout=max(deadline_s, 0.0)):
            raise doubt(self.device, phase, "another exchange holds the session; nothing was sent")
        try:
            yield until
        finally:
            self._lock.release()

    def _read_once(self, commands: Sequence[str], until: float, *, at_once: int) -> tuple[str, ...]:
        session = self._at_exec()
        if not self._reading:  # it was called off while the device let us in: nothing is under way yet that could end
            raise doubt(self.device, Phase.READ, "the read was called off")
        if self._sudo is not None:
            return tuple(self._read_as(self._sudo, command, until) for command in commands)
        setup = () if session.prepared else self.platform.dialogue.setup
        left_s = until - self.clock.monotonic()
        answers = session.exchange([*setup, *commands], phase=Phase.READ, deadline_s=left_s, at_once=at_once)
        session.prepared = True
        return tuple(self._believe(command, answer) for command, answer in answers[len(setup) :])

    def _read_as(self, sudo: Sudo, command: str, until: float) -> str:
        """Read as another user, on a channel of its own: at a terminal sudo's question swallows what is typed ahead."""
        link = self._link
        if link is None:
            raise doubt(self.device, Phase.READ, "the session was closed in the midst of a read")
        left_s = until - self.clock.monotonic()
        return self._believe(command, ask_as(sudo, link.transport, command, clock=self.clock, deadline_s=left_s).text)

    def _believe(self, command: str, answer: str) -> str:
        opening = "\n".join(answer.split("\n", REFUSAL_LINES)[:REFUSAL_LINES])
        if self.platform.dialogue.refusals.search(opening):
            raise CommandRejectedError(self.device, command, answer.strip(), hint="The device was not changed.")
        return answer

    def _begin(self, lines: Sequence[str], until: float) -> tuple[Session, Sent]:
        self.check_lines(lines)
        session = self._at_exec()
        if not session.prepared:
            session.exchange(self.platform.dialogue.setup, phase=Phase.READ, deadline_s=until - self.clock.monotonic())
            session.prepared = True
        left_s = until - self.clock.monotonic()
        if left_s <= 0:  # typed now, the lines would be left behind unread: a doubt made of nothing
            raise doubt(self.device, Phase.LOGIN, "the time was over before anything could be sent")
        return session, session.begin(lines, phase=Phase.WRITE, deadline_s=left_s)

    def _finish(self, session: Session, sent: Sent) -> Exchange:
        answers = session.collect(sent)
        elapsed_s = self.clock.monotonic() - sent.started
        refused = session.first_refused(answers)
        if refused is not None:
            self._leave_modes(session)
            raise CommandRejectedError(
                self.device,
                refused[0].strip(),
                refused[1].strip(),
                hint="Other lines may have taken effect: read back.",
            )
        return Exchange(answers, session.mode, elapsed_s)

    def _at_exec(self) -> Session:
        """Return a usable session that stands in exec mode; a new one where the old one is lost, odd or stuck."""
        session = self._ready()
        if not session.mode or self._leave_modes(session):
            return session
        return self._ready()

    def _leave_modes(self, session: Session) -> bool:
        """Bring a session back to exec mode, or close it; return whether it stands there now."""
        if not session.mode:
            return True
        try:
            session.exchange([self.platform.dialogue.leave_config], phase=Phase.WRITE, deadline_s=LEAVE_S)
        except (OutcomeUnknownError, ConnectionLostError):
            return False  # the session closed itself; whoever comes next gets a new one
        if session.mode:
            session.close()
        return not session.mode

    def _ready(self) -> Session:
        if self._session is not None and self._session.is_usable():
            return self._session
        self.close()
        self._refuse_when_retired()
        if self._sudo is not None:
            self._sudo.wrap(CHECK)  # raises where sudo refused before: no further login would change that
        policy = retrying.login_policy(self.clock, limit_s=self.connection.timeout_s)
        for attempt in policy:
            with attempt:
                self._link = open_link(self.connection, device=self.device, netmiko_type=self.platform.name)
        assert self._link is not None, "the policy ends with a link or an error"
        self._session = self._enter(self._link)
        return self._session

    def _enter(self, link: NetmikoLink) -> Session:
        """Go as far as the prompt of the rights that are asked for; what does not get there is closed."""
        session = Session(link, self.platform.dialogue, device=self.device, clock=self.clock)
        try:
            session.greet(deadline_s=self.connection.timeout_s)
            self._recognise(session)
            self._become(session, link)
            self._refuse_when_retired()  # the run may have ended while the device let us in
        except DeviceError:
            session.close()
            raise
        return session

    def _refuse_when_retired(self) -> None:
        if self._retired:
            raise ConnectError(self.device, "the run is over; nothing more is sent")

    def _recognise(self, session: Session) -> None:
        """Refuse a device whose prompt says that it is another one.

        A name that the inventory does not know is no reason: people name hosts as they like. Another host's name is.
        """
        shown = session.host
        stranger = _short(shown) in self._others and _short(shown) != _short(self.device)
        if stranger or (self._host and shown != self._host):
            raise ConnectError(
                self.device,
                f"the device at {self.connection.address}:{self.connection.port} calls itself {shown!r}",
                hint="Compare the addresses in the inventory with the devices' names; nothing was sent.",
            )
        self._host = shown

    def _become(self, session: Session, link: NetmikoLink) -> None:
        """Get the rights that the inventory asks for: once for the session, or see that each command will have them."""
        if self._sudo is not None:
            self._try_sudo(self._sudo, link)
        elif self.connection.become and not session.prompt.privileged:
            self._enable(session)

    def _try_sudo(self, sudo: Sudo, link: NetmikoLink) -> None:
        try:
            answer = ask_as(sudo, link.transport, CHECK, clock=self.clock, deadline_s=self.connection.timeout_s)
        except ConnectionLostError as error:
            raise ConnectError(self.device, f"sudo neither ran {CHECK!r} nor refused to", hint=error.hint) from error
        if answer.status != 0:
            raise sudo.failed(answer.text.rstrip().rpartition("\n")[2] or f"{CHECK!r} ended with {answer.status}")

    def _enable(self, session: Session) -> None:
        secret = self.connection.become_password
        said = session.answer_question(
            self.connection.become_method,
            secret.reveal() if secret is not None else "",
            asks="ssword:",
            deadline_s=self.connection.timeout_s,
        )
        if not session.prompt.privileged:
            said = said.rpartition("\n")[2].strip() or "no reason given"
            raise AuthError(
                self.device,
                f"{self.connection.become_method!r} was refused: {said}",
                hint="Set ansible_become_password (or -K); it is not tried again, so that no account is locked.",
            )


class StartedWrite:
    """A write that was sent and not yet answered; it holds its driver's session until it is finished or abandoned."""

    def __init__(self, driver: NetmikoDriver, session: Session, sent: Sent) -> None:
        self._driver = driver
        self._session = session
        self._sent = sent

    def finish(self) -> Exchange:
        """Read the answer; raises what ``Driver.write`` raises. From the thread that started it."""
        try:
            return self._driver._finish(self._session, self._sent)
        finally:
            self._driver._lock.release()

    def abandon(self) -> None:
        """Give the session up unread; its outcome is unknown. From the thread that started it."""
        self._session.close()
        self._driver._lock.release()


def _short(name: str) -> str:
    return name.split(".", 1)[0].lower()
