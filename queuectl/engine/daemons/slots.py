"""The places of a pool, each with a worker or about to get one, by groups.

The workers of a group take jobs from the same queues. A group is named by these, sorted, with commas between; the one
of all queues has no name.

Workers are started by the fork server, which tells how they end. If it dies, its workers go on: then each is looked
for by its identity, and a new fork server starts the next one. A worker that was killed from outside is replaced at
once, one that fails by itself after a growing delay.

The fork server takes the place of the one that multiprocessing has; `fork_server` has its channel. Ours leaves nothing
in TMPDIR, listens to nobody but the pool that started it, and says how a worker that it started has ended.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress

from ...model.errors import DaemonUnavailable
from ...model.record import Record
from ...store import Home
from ..home.opened import OpenHome
from ..machine import process
from ..machine.identity import Identity
from ..machine.log import Log
from ..machine.wakeup import Wakeup
from .daemon import POOL
from .fork_server import REFUSED, SIGNALS, STARTED
from .launch import own_python

LOOK_MS = 1_000
FIRST_DELAY_MS = 100
LONGEST_DELAY_MS = 30_000
SETTLED_MS = 10_000
SERVE = "from queuectl.engine.daemons.fork_server import serve; serve(*sys.argv[1:])"
GONE_SECONDS = 5.0


class Slot(Record):
    """A place in a group of the pool: who works there, and when the next one is started otherwise.

    `is_asked` says that a worker was requested and has not started yet, `is_adopted` that its fork server is gone.
    """

    group: str
    started_at: int
    start_at: int
    worker: Identity | None = None
    is_asked: bool = False
    is_adopted: bool = False
    is_leaving: bool = False
    failures: int = 0

    @property
    def is_vacant(self) -> bool:
        """Whether nobody works there or is about to."""
        return self.worker is None and not self.is_asked


class Slots:
    """All places of a pool. `is_ready` is to be set once every worker was up: what fails before is an error."""

    def __init__(self, opened: OpenHome, *, log: Log, wakeup: Wakeup) -> None:
        self.is_ready = False
        self._home = opened.home
        self._hint = f"see {opened.home.daemon_log(POOL.name)}"
        self._clock = opened.clock
        self._log = log
        self._wakeup = wakeup
        self._slots: list[Slot] = []
        self._server: ForkClient | None = None
        self._untold: deque[ForkReport] = deque()
        self._look_at = opened.clock.monotonic()
        self._missing: set[int] = set()
        # The second end is held by this process alone: when it is closed, workers know that the pool is gone.
        self._lifeline = os.pipe()

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[Slot]:
        return iter(list(self._slots))

    def bury(self) -> int:
        """Note starts and ends; return how many ended. Raises DaemonUnavailable; after OSError, call it again."""
        if not self._untold and self._server is not None:
            reports = self._server.reports()
            if reports is None:
                self._lose_server(self._server)
            self._untold.extend(reports or ())
        ended = 0
        while self._untold:
            report = self._untold[0]
            if report.kind == REFUSED:
                what = f"a worker cannot be started: {report.text}"
                self._tell_trouble(what, "close something that runs, then try again")
                for slot in [slot for slot in self._slots if slot.is_asked][:1]:
                    self._give_back(slot)
            elif report.kind == STARTED:
                self._begin(report.pid, report.text)
            else:
                ended += self._end(report.pid, report.code, report.text)
            self._untold.popleft()
        return ended + self._look()

    def _look(self) -> int:
        """Once a second, bury workers whose end nobody tells, and continue a fork server that was stopped."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return 0
        self._look_at = now + LOOK_MS
        gone = [slot for slot in self._slots if slot.worker is not None and not slot.worker.is_alive()]
        if gone or any(slot.is_asked and now - slot.started_at >= LOOK_MS for slot in self._slots):
            self._continue_server()
        before, self._missing = self._missing, {slot.worker.pid for slot in gone if slot.worker is not None}
        # The fork server has a second to tell how its worker has ended.
        doomed = [slot.worker.pid for slot in gone if slot.worker and (slot.is_adopted or slot.worker.pid in before)]
        return sum(self._end(pid, None, "") for pid in doomed)

    def _continue_server(self) -> None:
        if self._server is not None:
            self._server.go_on()

    def _lose_server(self, server: ForkClient) -> None:
        self._wakeup.forget(server.fileno())
        code = server.close()
        self._server = None
        how = _how(code)
        if not self.is_ready and code >= 0:
            raise DaemonUnavailable(f"the fork server {how} while starting", hint=self._hint)
        self._log.say(f"the fork server {how}, its workers go on")
        for slot in self:
            slot.is_adopted = slot.worker is not None
            if slot.is_asked:
                self._give_back(slot)

    def _give_back(self, slot: Slot) -> None:
        """Note that no worker comes to a place that one was asked for."""
        slot.is_asked = False
        self._delay(slot)
        if slot.is_leaving:
            self._slots.remove(slot)

    def _begin(self, pid: int, group: str) -> None:
        worker = Identity.of(pid)
        slot = next((slot for slot in self._slots if slot.is_asked and slot.group == group), None)
        if slot is None:
            # Its place was given up meanwhile.
            _send(worker, signal.SIGKILL)
            return
        slot.is_asked = slot.is_adopted = False
        slot.worker = worker
        if slot.is_leaving:
            _send(worker, signal.SIGTERM)

    def _tell_trouble(self, what: str, hint: str) -> None:
        """While the pool starts, that is its error; later a line in the log."""
        if not self.is_ready:
            raise DaemonUnavailable(what, hint=hint)
        self._log.complain(what)

    def _end(self, pid: int, code: int | None, reason: str) -> int:
        slot = next((slot for slot in self._slots if slot.worker is not None and slot.worker.pid == pid), None)
        if slot is None:
            return 0
        slot.worker = None
        if slot.is_leaving:
            self._slots.remove(slot)
            return 1
        how, now = _how(code), self._clock.monotonic()
        if not self.is_ready and code is not None and code >= 0:
            why = f": {reason}" if reason else ""
            raise DaemonUnavailable(f"a worker {how} while starting{why}", hint=self._hint)
        if code in (None, -signal.SIGKILL) or now - slot.started_at >= SETTLED_MS:
            slot.failures = 0
            slot.start_at = now
        else:
            self._delay(slot)
        self._log.say(f"worker process {pid} {how}, starting another in {(slot.start_at - now) / 1000:g} s")
        return 1

    def _delay(self, slot: Slot) -> None:
        slot.failures += 1
        delay = min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** min(slot.failures, 20))
        slot.start_at = self._clock.monotonic() + delay

    def resize(self, groups: Mapping[str, int]) -> None:
        """Set how many places each group has whose workers stay: add empty ones, or tell workers to leave."""
        now = self._clock.monotonic()
        for group in {*groups, *(slot.group for slot in self._slots)}:
            target = groups.get(group, 0)
            staying = [slot for slot in self._slots if slot.group == group and not slot.is_leaving]
            self._slots += [Slot(group, started_at=now, start_at=now) for _ in range(target - len(staying))]
            for slot in staying[target:]:
                self.dismiss(slot)

    def due(self) -> list[Slot]:
        """Return the places where a worker is to be started now."""
        now = self._clock.monotonic()
        return [slot for slot in self._slots if slot.is_vacant and now >= slot.start_at]

    def start(self, slots: list[Slot]) -> None:
        """Have workers started in these places, by a new fork server if there is none. Raises DaemonUnavailable."""
        if not slots:
            return
        try:
            if self._server is None:
                self._server = ForkClient(self._home, self._lifeline[0])
                self._wakeup.listen(self._server.fileno())
        except OSError as error:
            self._tell_trouble(f"the fork server cannot be started: {error.strerror or error}", self._hint)
            for slot in slots:
                self._delay(slot)
            return
        for slot in slots:
            slot.is_asked = True
            slot.started_at = self._clock.monotonic()
            self._server.ask(slot.group)

    def drop(self, slots: list[Slot]) -> None:
        """Give these places up."""
        self._slots = [slot for slot in self._slots if slot not in slots]

    def dismiss(self, slot: Slot, *, forced: bool = False) -> None:
        """Ask a worker to leave; ask one that is leaving already again only to hurry it up."""
        # A stop of the whole process group stops the fork server too, which has to tell us of the end.
        self._continue_server()
        if slot.is_vacant:
            self._slots.remove(slot)
        elif slot.worker is not None and (forced or not slot.is_leaving):
            _send(slot.worker, signal.SIGQUIT if forced else signal.SIGTERM)
        slot.is_leaving = True

    def kill(self) -> None:
        """End all workers at once, and stop waiting for those that are not there yet."""
        self._continue_server()
        self._slots = [slot for slot in self._slots if slot.worker is not None]
        for worker in self.workers():
            _send(worker, signal.SIGKILL)

    def workers(self) -> list[Identity]:
        """Return the workers that have started."""
        return [slot.worker for slot in self._slots if slot.worker is not None]

    def pids(self) -> list[int | None]:
        """Return the pid of each worker, None for one that has not started yet."""
        return [None if slot.worker is None else slot.worker.pid for slot in self._slots]

    def next_start(self) -> int | None:
        """Return when the next worker is to be started, in monotonic milliseconds; None if none is."""
        return min((slot.start_at for slot in self._slots if slot.is_vacant), default=None)

    def close(self) -> None:
        """Let the fork server end."""
        if self._server is not None:
            self._wakeup.forget(self._server.fileno())
            self._server.close()
        for descriptor in self._lifeline:
            os.close(descriptor)


def _how(code: int | None) -> str:
    if code is None:
        return "has ended"
    return f"was killed by {process.signal_name(-code)}" if code < 0 else f"ended with exit code {code}"


def _send(worker: Identity, order: signal.Signals) -> None:
    try:
        if worker.start:
            worker.order(order)
            return
    except OSError:
        pass  # Nothing tells processes apart for now.
    # Until the fork server, or we, have taken its exit code, nobody else can have the pid.
    with suppress(ProcessLookupError, PermissionError):
        for number in (order, signal.SIGCONT):
            os.kill(worker.pid, number)


class ForkReport(Record):
    """What a fork server reports about a worker: STARTED, REFUSED or ENDED; `text` is its group or the reason."""

    kind: str
    pid: int
    code: int
    text: str


class ForkClient:
    """A fork server that runs for the pool of this process. Raises OSError where none can be started.

    `lifeline` is the end of a pipe that workers watch: its other end is held by the pool alone, as long as it lives.
    """

    def __init__(self, home: Home, lifeline: int) -> None:
        self._channel, theirs = socket.socketpair()
        self._text = b""
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self._process = subprocess.Popen(
                own_python(SERVE, [str(theirs.fileno()), str(lifeline), home.path]),
                pass_fds=(theirs.fileno(), lifeline),
                cwd=home.path,
                stdin=subprocess.DEVNULL,
            )
        except OSError:
            self._channel.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            theirs.close()

    def fileno(self) -> int:
        """Return the descriptor to wait for: it becomes readable when there are reports."""
        return self._channel.fileno()

    def ask(self, group: str) -> None:
        """Ask for one more worker of a group. If it is gone, the next look at the reports says so."""
        # One that somebody has stopped would not read, and many long names fill the channel.
        self.go_on()
        try:
            self._channel.sendall(f"{group}\n".encode())
        except OSError:
            return

    def go_on(self) -> None:
        """Have it go on if somebody has stopped it."""
        self._process.send_signal(signal.SIGCONT)

    def reports(self) -> list[ForkReport] | None:
        """Return what has been reported since the last call, None once the fork server is gone."""
        is_gone = False
        while not is_gone:
            try:
                data = self._channel.recv(65_536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self._text += data
            is_gone = not data
        *lines, self._text = self._text.split(b"\n")
        parts = (line.decode("utf-8", "replace").split(" ", 3) for line in lines)
        reports = [ForkReport(kind, int(pid), int(code), text) for kind, pid, code, text in parts]
        return None if is_gone and not reports else reports

    def close(self) -> int:
        """Let it end, and wait for that; return its exit code, minus the signal that ended it. Its workers go on."""
        self._channel.close()
        self.go_on()
        try:
            return self._process.wait(GONE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
