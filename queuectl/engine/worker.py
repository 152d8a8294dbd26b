"""A worker: one process that runs one job at a time.

    step():  settle the last attempt and claim the next, in one transaction
             run it  |  or wait for the doorbell when there is none

A worker holds a kernel lock on its own file as long as it lives. Its result counts only while its
attempt still has the job; if not, it is dropped. A worker that cannot renew its lease ends its job.
"""

from __future__ import annotations

import os
import random

from ..model.clock import SYSTEM_CLOCK
from ..model.errors import QueueCTLError, StoreUnavailable
from ..model.job import FAILED, PENDING, Outcome
from ..store import Home, Store
from ..store.lockfile import LockFile
from . import process
from .doorbell import POOL, WORKERS, Doorbell, ring
from .environment import attempt_environment, base_environment, marker
from .execution import Execution
from .log import Log
from .output import Capture
from .presence import Presence
from .settings import load_settings
from .settle import settle
from .wakeup import Wakeup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.clock import Clock
    from ..store.claim import Claim

POLL_SECONDS = 5.0
HEARTBEAT_MS = 10_000
TALLY_MS = 1000
RENEW_PATIENCE_SECONDS = 1.0
TROUBLE_SECONDS = 1.0
FORCED_PATIENCE_MS = 2000
LEASE_LOST = "lease lost"


class Finished:
    """An attempt that has ended and is not recorded yet."""

    __slots__ = ("claim", "outcome", "duration", "capture")

    def __init__(self, claim: Claim, outcome: Outcome, duration: int, capture: Capture) -> None:
        self.claim = claim
        self.outcome = outcome
        self.duration = duration
        self.capture = capture


class Worker:
    """The worker of this process. `parent` is a descriptor that becomes readable when the pool dies."""

    def __init__(
        self, home: Home, *, queues: tuple[str, ...] = (), parent: int | None = None, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self.home = home
        self.queues = queues
        self.clock = clock
        bell = Doorbell(home, f"{WORKERS}{os.getpid()}")
        self.wakeup = Wakeup(bell, interrupts=False, parent=parent)
        self._forced_until: int | None = None
        self.store = Store(home, create=False, durable=False, clock=clock, give_up=self._is_out_of_patience)
        self.settings = load_settings(self.store)
        self.number = self._register()
        self.log = Log(f"worker {self.number}", clock)
        self._presence = Presence(home, self.store.database, self._lock, bell, log=self.log, clock=clock)
        self._home_id = self.store.meta.home_id()
        self._environment = base_environment(home)
        self._spared: set[int] = set()
        self._finished: Finished | None = None
        self._stop_by: int | None = None
        self._jobs_done = 0
        self._busy_ms = 0
        self._tally_due = 0
        self._said_stopping = False
        self._recorded: int | None = None
        self._heartbeat_at = clock.monotonic()
        self._adopts = process.become_subreaper()

    def _register(self) -> int:
        """Add our row; it becomes visible only when the lock that says we live is held."""
        with self.store.writing():
            number = self.store.workers.add(
                pid=os.getpid(),
                pid_start=process.start_time(os.getpid()) or "",
                boot=process.boot_id(),
                queues=",".join(self.queues),
                now=self.clock.wall(),
            )
            self._lock = LockFile(self.home.worker_lock(number))
            self._lock.acquire()
        return number

    def run(self) -> None:
        """Work until told to stop. What runs then may go on for `shutdown_timeout`."""
        ring(self.home, POOL)
        while not self._is_stopping() or self._finished is not None:
            self.step()
        self.close()

    def step(self) -> None:
        """Do one thing: run one job, or wait until there may be one."""
        self._look_around()
        try:
            claim = self._settle_and_claim()
        except StoreUnavailable as error:
            self._endure(error)
            return
        if claim is not None:
            self._finished = self._execute(claim)
        elif not self._is_stopping():
            self._rest()

    def close(self) -> None:
        """Leave in good order."""
        with self.store.writing():
            self.store.workers.remove(self.number)
        self.store.close()
        self._lock.remove()
        self._presence.close()
        self.wakeup.close()

    def _is_stopping(self) -> bool:
        return self.wakeup.stops > 0 or self.wakeup.orphaned

    def _is_forced(self) -> bool:
        return self.wakeup.stops > 1

    def _is_out_of_patience(self) -> bool:
        """Whether to wait for other writers no more. All workers are forced at once and take turns to record that."""
        if not self._is_forced():
            return False
        if self._forced_until is None:
            self._forced_until = self.clock.monotonic() + FORCED_PATIENCE_MS
        return self.clock.monotonic() >= self._forced_until

    def _settle_and_claim(self) -> Claim | None:
        """Record what ended and take the next job. Raises StoreUnavailable; what ended is kept then."""
        if self._finished is None and (self._is_stopping() or not self._has_work()):
            return None
        state = None
        with self.store.writing():
            if self._finished is not None:
                state = self._settle(self._finished)
            claim = None if self._is_stopping() else self._claim()
            self._count_jobs(is_idle=claim is None)
        if self._finished is not None:
            self._report(self._finished, state)
            self._finished = None
        return claim

    def _has_work(self) -> bool:
        waiting = self.store.counts.queues_with(PENDING)
        return any(queue in self.queues for queue in waiting) if self.queues else bool(waiting)

    def _claim(self) -> Claim | None:
        return self.store.jobs.claim(
            worker=self.number,
            now=self.clock.wall(),
            queues=self.queues,
            lease_until=self.clock.monotonic() + self.settings.lease,
        )

    def _settle(self, finished: Finished) -> str | None:
        now = self.clock.wall()
        claim, capture = finished.claim, finished.capture
        state = settle(
            self.store,
            claim,
            finished.outcome,
            settings=self.settings,
            random=random.random,
            now=now,
            duration=finished.duration,
            output_size=capture.total,
        )
        if state is not None:
            self._store_output(claim, capture)
            self._jobs_done += 1
            self._busy_ms += finished.duration
        return state

    def _count_jobs(self, *, is_idle: bool) -> None:
        """Write our tally, at the latest after a second: it is for people. In a transaction."""
        now = self.clock.monotonic()
        if self._jobs_done and (is_idle or now >= self._tally_due):
            self.store.workers.count_jobs(self.number, self._jobs_done, self._busy_ms)
            self._jobs_done = self._busy_ms = 0
            self._tally_due = now + TALLY_MS

    def _store_output(self, claim: Claim, capture: Capture) -> None:
        """Store the output that is pending; it is forgotten only when the transaction has succeeded."""
        pieces = capture.pending()
        if pieces:
            self.store.output.append(claim.attempt_id, pieces, head_end=capture.head_end, tail_start=capture.tail_start)

    def _report(self, finished: Finished, state: str | None) -> None:
        claim, outcome = finished.claim, finished.outcome
        if state is None:
            self.log.say(f"{claim.id}: attempt {claim.attempt} had lost the job, its result is dropped: {outcome!r}")
        elif not outcome.succeeded:
            self.log.say(f"{claim.id}: attempt {claim.attempt}: {outcome.error}, now {state}")
        if state == FAILED:
            ring(self.home, POOL)
        elif state == PENDING:
            ring(self.home, WORKERS)

    def _execute(self, claim: Claim) -> Finished:
        capture = Capture(self.settings.output_limit)
        mark = marker(self._home_id, claim)
        self._recorded = None
        execution = Execution(
            claim,
            marker=mark,
            environment=attempt_environment(self._environment, claim, mark),
            capture=capture,
            kill_grace=self.settings.kill_grace,
            clock=self.clock,
            wakeup=self.wakeup,
            watch=self._watch,
            spared=self._spared,
            adopts=self._adopts,
        )
        outcome = execution.run()
        return Finished(claim, outcome, execution.duration(), capture)

    def _watch(self, execution: Execution) -> None:
        """Once a second while a job runs: renew, store output, see whether to end it."""
        claim = execution.claim
        self._look_around()
        if self._is_forced() or self._is_out_of_time():
            execution.end(Outcome.released())
        if self.clock.monotonic() >= claim.lease_until:
            execution.end(Outcome.lost(LEASE_LOST), grace=0)
            return
        try:
            self._renew(execution)
            # Whoever rang the bell may have changed a setting; a worker that is never idle looks here only.
            self.settings = load_settings(self.store)
        except QueueCTLError as error:
            self.log.complain(f"{claim.id}: cannot renew the lease: {error}")

    def _is_out_of_time(self) -> bool:
        if not self._is_stopping():
            return False
        if self._stop_by is None:
            self._stop_by = self.clock.monotonic() + self.settings.shutdown_timeout
        return self.clock.monotonic() >= self._stop_by

    def _renew(self, execution: Execution) -> None:
        claim, capture = execution.claim, execution.capture
        lease_until = self.clock.monotonic() + self.settings.lease
        with self.store.writing(patience=RENEW_PATIENCE_SECONDS):
            held = self.store.jobs.renew(claim.number, claim.attempt_id, lease_until)
            if held:
                self._store_output(claim, capture)
                self._record_process(execution)
                self._beat()
            cancel = self.store.jobs.cancel_requested(claim.number, claim.attempt_id)
        if not held:
            self.log.say(f"{claim.id}: attempt {claim.attempt} has lost the job, ending it")
            execution.end(Outcome.lost(LEASE_LOST), grace=0)
            return
        capture.forget()
        claim.lease_until = lease_until
        if cancel:
            execution.end(Outcome.cancelled())

    def _record_process(self, execution: Execution) -> None:
        if execution.pid is not None and self._recorded != execution.claim.attempt_id:
            started = process.start_time(execution.pid)
            if started is not None:
                self.store.attempts.record_process(execution.claim.attempt_id, execution.pid, started)
            self._recorded = execution.claim.attempt_id

    def _beat(self) -> None:
        """Write our heartbeat if the last one is old enough, or is the first that we are leaving. In a transaction."""
        is_news = self._is_stopping() and not self._said_stopping
        if self.clock.monotonic() - self._heartbeat_at < HEARTBEAT_MS and not is_news:
            return
        self._said_stopping = self._is_stopping()
        self._heartbeat_at = self.clock.monotonic()
        self.store.workers.heartbeat(
            self.number, memory=process.memory(os.getpid()), stopping=self._is_stopping(), now=self.clock.wall()
        )

    def _rest(self) -> None:
        """Wait in the home until the bell rings, something stops us, or it is time to look again."""
        self._go_home()
        self.wakeup.rung = False
        self.wakeup.wait(POLL_SECONDS)
        self._reap()
        if self._is_stopping():
            return
        if self.wakeup.take_control() or self.clock.monotonic() - self._heartbeat_at >= HEARTBEAT_MS:
            self._refresh()

    def _look_around(self) -> None:
        """See whether others still find us. While we rest, the pool looks and wakes us when something has changed."""
        if self.wakeup.take_look():
            self._presence.hurry()
        self.wakeup.stop(self._presence.step())

    def _go_home(self) -> None:
        """Leave the directory of the last job, so that its disk can be taken away."""
        try:
            os.chdir(self.home.path)
        except OSError as error:
            self.log.complain(f"cannot change to the home: {error.strerror}")

    def _refresh(self) -> None:
        """Read the settings anew and say that we are there."""
        try:
            self.settings = load_settings(self.store)
            with self.store.writing():
                self._beat()
        except QueueCTLError as error:
            self.log.complain(str(error))

    def _reap(self) -> None:
        """Take the exit codes of background processes that jobs were allowed to leave, and of their orphans."""
        try:
            while True:
                pid, _ = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self._spared.discard(pid)
        except ChildProcessError:
            self._spared.clear()

    def _endure(self, error: StoreUnavailable) -> None:
        """Wait a moment while the store cannot be used; what ended is recorded when it can again."""
        self.log.complain(f"cannot use the store: {error}")
        if self._is_out_of_patience():
            self._finished = None
            return
        self.wakeup.wait(TROUBLE_SECONDS)
