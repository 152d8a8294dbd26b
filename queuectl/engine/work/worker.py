"""A worker: one process that runs one job at a time.

    step():  settle the last attempt and claim the next, in one transaction
             run it  |  or wait for the doorbell when there is none

A worker holds a kernel lock on its own file as long as it lives. Its result counts only while its
attempt still has the job; if not, it is dropped. It ends its job when a renewal of the lease finds that
the attempt has lost it, not because the store could not be written for a while.

What the machine was short of is no failure of the job: it goes back to the queue, and the worker pauses.
Nor is a signal that came with an orderly stop: a machine, a service or a login that stops signals the jobs too. A
worker that is stopped at once and cannot soon record how its job ended leaves that to a recovery, which believes its
journal.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Sequence

from ...model.clock import SYSTEM_CLOCK
from ...model.errors import QueueCTLError, StoreUnavailable
from ...model.exits import SIGNAL_BASE
from ...model.job import DUE_STATES, PENDING
from ...model.outcome import NOT_STARTED, SIGNALLED, Outcome
from ...model.record import Record
from ...model.settings import Settings
from ...model.when import duration_text
from ...store import Home, Store
from ...store.claim import Claim
from ..home.opened import load_settings
from ..machine import process
from ..machine.doorbell import CONTROL, POOL, WORKERS, Doorbell, ring
from ..machine.journal import Pair
from ..machine.load import Limits, Pauses
from ..machine.wakeup import LOOK, ORDERLY, Wakeup
from . import hooks
from .capture import Capture
from .environment import Environments, marker, place_launcher
from .execution import Execution, Shortage
from .registration import Registration, Vitals
from .settle import claim_next, leaves_work, seconds_to_room, settle
from .tree import alive, reap

POLL_SECONDS = 5.0
LIMITED_SECONDS = 1.0
RENEW_PATIENCE_SECONDS = 1.0
TROUBLE_SECONDS = 1.0
FORCED_PATIENCE_MS = 2000
STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
# The stop may come to the worker a little later than the signal came to the command.
FOLLOWS_MS = 1000


class Finished(Record):
    """An attempt that has ended and is not recorded yet."""

    claim: Claim
    outcome: Outcome
    duration: int | None
    capture: Capture
    ended_background: Sequence[str] = ()


class Worker:
    """This process's worker. `parent` is a descriptor that ends with the pool, orphans fall to the pids `adopters`."""

    def __init__(
        self, home: Home, *, queues: tuple[str, ...] = (), parent: int | None = None, adopters: tuple[int, ...] = ()
    ) -> None:
        process.demand_own_proc()
        self.home = home
        self.queues = queues
        self.clock = clock = SYSTEM_CLOCK
        # Somebody may have removed `run/` since the last look of the pool.
        home.make_directories()
        bell = Doorbell(home, f"{WORKERS}{os.getpid()}")
        self.wakeup = Wakeup(bell, interrupts=False, parent=parent)
        self._forced_until: int | None = None
        self.store = Store(home, create=False, durable=False, clock=clock, give_up=self._is_out_of_patience)
        self.settings = self._load_settings()
        self._registration = Registration(self.store, bell, queues=queues, adopters=adopters)
        self.number, self.log = self._registration.number, self._registration.log
        self._pauses = Pauses(clock, random.random)
        self._limits = Limits(clock)
        self._vitals = Vitals(self.store, self.number)
        self._environments = Environments(home)
        try:
            place_launcher(home.launcher)
        except OSError as error:
            # Only jobs that call it need it, and it is there unless this is the first worker of the home.
            self.log.complain(f"cannot make {home.launcher} for $QUEUECTL: {error.strerror}")
        self._spared: set[Pair] = set()
        self._finished: Finished | None = None
        self._links_seen = (0, 0)
        self._stop_by: int | None = None
        self._recorded: int | None = None
        self._process_start = ""
        self._adopts = process.become_subreaper()
        # A user who watches a pool in the foreground wants to see what runs.
        self._is_watched = os.isatty(2)

    def _load_settings(self) -> Settings:
        return load_settings(self.store, ",".join(self.queues))

    def run(self) -> None:
        """Work until a signal stops it. Its job may then go on for `shutdown_timeout`."""
        ring(self.home, POOL)
        while not self.wakeup.is_stopping or self._finished is not None:
            self.step()
        self.close()

    def step(self) -> None:
        """Do one thing: run one job, or wait until there may be one."""
        self._look_around()
        try:
            claim = self._settle_and_claim()
            if claim is None and self._pauses.is_over:
                # Somebody else has run what we could not.
                self._pauses.end()
                with self.store.writing():
                    self._vitals.write_trouble(None)
        except StoreUnavailable as error:
            self._endure(error)
            return
        if claim is not None:
            self._finished = self._execute(claim)
        elif not self.wakeup.is_stopping:
            self._rest()

    def close(self) -> None:
        """Leave in good order."""
        # The journal's notes on background processes are useful as long as these live.
        self._registration.close(keep_journal=bool(alive(self._spared)))
        self.wakeup.close()

    def _is_out_of_patience(self) -> bool:
        """Whether to stop waiting for other writers. All workers are forced at once and take turns to record that."""
        if not self.wakeup.is_forced:
            return False
        if self._forced_until is None:
            self._forced_until = self.clock.monotonic() + FORCED_PATIENCE_MS
        return self.clock.monotonic() >= self._forced_until

    def _settle_and_claim(self) -> Claim | None:
        """Record what ended and take the next job. Raises StoreUnavailable; what ended is kept then."""
        if self._finished is None and (self.wakeup.is_stopping or self._pauses.left or not self._may_claim()):
            return None
        state, woken = None, self.store.jobs.parking.woken
        with self.store.writing():
            if self._finished is not None:
                state = self._settle(self._finished)
            self._vitals.write_trouble(self._pauses.reason)
            claim = None
            if not (self.wakeup.is_stopping or self._pauses.left or self._limits.exceeded(self.settings)):
                claim = claim_next(self.store, self.number, self.queues, self.settings)
            self._vitals.write_tally(is_idle=claim is None)
            leaves = self._finished is not None and leaves_work(self.store, self._finished.claim.queue, claim, woken)
        if self._finished is not None:
            self._report(self._finished, state)
            self._finished = None
        if leaves:
            ring(self.home, WORKERS)
        return claim

    def _may_claim(self) -> bool:
        """Return whether there is work and the machine is within its limits, and say so if it is not."""
        has_work = self.store.lanes.has_claimable(self.clock.wall(), self.queues)
        reason = self._limits.exceeded(self.settings) if has_work else None
        self._vitals.tell_limit(reason)
        return has_work and reason is None

    def _settle(self, finished: Finished) -> str | None:
        claim, capture = finished.claim, finished.capture
        state = settle(
            self.store,
            claim,
            finished.outcome,
            settings=self.settings,
            random=random.random,
            now=self.clock.wall(),
            duration=finished.duration,
            output_size=capture.total,
            ended_background=finished.ended_background,
        )
        if state is not None:
            self._store_output(claim, capture)
            self._vitals.add(finished.duration or 0)
        return state

    def _store_output(self, claim: Claim, capture: Capture) -> None:
        """Store the output that is pending; it is forgotten only when the transaction has succeeded."""
        pieces = capture.pending()
        if pieces:
            self.store.output.append(claim.attempt_id, pieces, head_end=capture.head_end, tail_start=capture.tail_start)

    def _report(self, finished: Finished, state: str | None) -> None:
        claim, outcome = finished.claim, finished.outcome
        if state is None:
            self.log.say(f"{claim.id}: attempt {claim.attempt} had lost the job, its result is dropped: {outcome!r}")
        elif outcome.kind == NOT_STARTED and not outcome.counts:
            self.log.complain(f"no command can be started for now: {self._pauses.reason}")
        elif not outcome.succeeded:
            self.log.say(f"{claim.id}: attempt {claim.attempt}: {outcome.error}, now {state}")
        elif self._is_watched:
            self.log.say(f"{claim.id}: attempt {claim.attempt}: completed in {duration_text(finished.duration or 0)}")
        links = self.store.links
        if (links.unblocked, links.put_off) != self._links_seen:
            self._links_seen = (links.unblocked, links.put_off)
            ring(self.home, WORKERS)
            ring(self.home, POOL)
        if state in DUE_STATES:
            ring(self.home, POOL)
        elif state == PENDING or hooks.may_follow(claim, state, self.settings):
            ring(self.home, WORKERS)

    def _execute(self, claim: Claim) -> Finished:
        capture = Capture(self.settings.output_limit)
        mark = marker(self._registration.home_id, self._registration.mark, claim)
        self._recorded = None
        self._process_start = ""
        if self._is_watched:
            self.log.say(f"{claim.id}: attempt {claim.attempt}: {claim.command}")
        # Few jobs have parents, and the query is a transaction of its own.
        parents = self.store.links.parent_ids(claim.number) if claim.has_parents else ()
        execution = Execution(
            claim,
            marker=mark,
            environment=self._environments.of_attempt(claim, mark, parents),
            stdin=None if claim.context.stdin is None else self.store.contexts.stdin(claim.context.stdin),
            capture=capture,
            kill_grace=claim.context.options.get("kill_grace", self.settings.kill_grace),
            kill_signal=claim.context.options.get("kill_signal", self.settings.kill_signal),
            clock=self.clock,
            wakeup=self.wakeup,
            watch=self._watch,
            spared=self._spared,
            adopts=self._adopts,
            journal=self._registration.journal,
        )
        try:
            outcome = execution.run()
        except Shortage as shortage:
            self._pauses.begin(str(shortage))
            return Finished(claim, Outcome.given_back(str(shortage)), None, capture)
        self._pauses.end()
        duration = execution.duration()
        if self._is_of_a_stop(outcome):
            outcome = Outcome.released()
        return Finished(claim, outcome, duration, capture, execution.ended_background)

    def _is_of_a_stop(self, outcome: Outcome) -> bool:
        """Whether a command was ended by the same stop as this worker; wait for a moment for the stop to come."""
        # A shell that outlives its last command tells of the signal by its exit code.
        number = outcome.signal if outcome.kind == SIGNALLED else (outcome.exit_code or 0) - SIGNAL_BASE
        if number not in STOP_SIGNALS:
            return False
        until = self.clock.monotonic() + FOLLOWS_MS
        while not self.wakeup.is_stopping and self.clock.monotonic() < until:
            self.wakeup.wait((until - self.clock.monotonic()) / 1000)
        return self.wakeup.is_stopping

    def _watch(self, execution: Execution) -> None:
        """Once a second while a job runs: renew, store output, see whether to end it."""
        claim = execution.claim
        self._look_around()
        if self.wakeup.is_stopping:
            # It can end in time only if it runs.
            execution.resume()
            if self._stop_by is None:
                self._stop_by = self.clock.monotonic() + self.settings.shutdown_timeout
        is_late = self._stop_by is not None and self.clock.monotonic() >= self._stop_by
        if self.wakeup.is_forced or is_late:
            execution.end(Outcome.released())
        try:
            self._note_process(execution)
            self._renew(execution)
            # The process that rang the bell may have changed a setting; a worker that is never idle looks here only.
            self.settings = self._load_settings()
        except (QueueCTLError, OSError) as error:
            # The job goes on: whether it is still ours, the next renewal that succeeds will tell.
            self.log.complain(f"{claim.id}: cannot renew the lease: {error}")

    def _note_process(self, execution: Execution) -> None:
        """Have the journal know the process with its start time, once, whatever becomes of the store."""
        if self._process_start or execution.pid is None or not execution.is_running:
            return
        self._process_start = process.start_time(execution.pid) or ""
        self._registration.journal.note_process(execution.pid, self._process_start)

    def _renew(self, execution: Execution) -> None:
        claim, capture = execution.claim, execution.capture
        lease_until = self.clock.monotonic() + self.settings.lease
        with self.store.writing(patience=RENEW_PATIENCE_SECONDS):
            held = self.store.jobs.renew(claim.number, claim.attempt_id, lease_until)
            if held:
                self._store_output(claim, capture)
                if self._process_start and self._recorded != claim.attempt_id:
                    self.store.attempts.record_process(claim.attempt_id, execution.pid or 0, self._process_start)
                    self._recorded = claim.attempt_id
                self._beat()
            cancel = self.store.jobs.cancel_requested(claim.number, claim.attempt_id)
            is_suspended = self._is_suspended(claim)
        if not held:
            self.log.say(f"{claim.id}: attempt {claim.attempt} has lost the job, ending it")
            execution.end(Outcome.lost("lease lost"), at_once=True)
            return
        capture.forget()
        claim.lease_until = lease_until
        if cancel:
            execution.end(Outcome.cancelled())
        elif is_suspended:
            execution.suspend()
        else:
            execution.resume()

    def _is_suspended(self, claim: Claim) -> bool:
        """Whether a job is to stand still; while we stop, none does. In a transaction."""
        if self.store.jobs.suspended_by(claim.number, claim.attempt_id) is None:
            return False
        if not self.wakeup.is_stopping:
            return True
        now = self.clock.wall()
        self.store.jobs.resume(claim.number, now)
        by = f"worker {self.number}"
        self.store.events.add("resume", actor=by, now=now, job=claim.number, detail="the worker stops")
        return False

    def _rest(self) -> None:
        """Wait in the home until the bell rings, something stops us, or it is time to look again."""
        try:
            # Not the directory of the last job, so that its disk can be taken away.
            os.chdir(self.home.path)
        except OSError as error:
            self.log.complain(f"cannot change to the home: {error.strerror}")
        self.wakeup.rung = False
        try:
            seconds = seconds_to_room(self.store, self.queues, POLL_SECONDS)
        except StoreUnavailable as error:
            self._endure(error)
            return
        self.wakeup.wait(self._pauses.left or (LIMITED_SECONDS if self._limits.reason else seconds))
        # Background processes that jobs were allowed to leave, and their orphans.
        if not reap(self._spared)[1]:
            self._spared.clear()
        if not self.wakeup.is_stopping and (self.wakeup.take(CONTROL) or self._vitals.is_heartbeat_due):
            try:
                self.settings = self._load_settings()
                with self.store.writing():
                    self._beat()
            except QueueCTLError as error:
                self.log.complain(str(error))

    def _look_around(self) -> None:
        """See whether others still find us. While we rest, the pool looks and wakes us when something has changed."""
        if self.wakeup.take(LOOK):
            self._registration.presence.hurry()
        self.wakeup.stop(self._registration.presence.step())

    def _beat(self) -> None:
        """Say that we are there; stop if a process that took us for lost has removed us. In a transaction."""
        if not self._vitals.beat(stopping=self.wakeup.is_stopping):
            self.log.complain("somebody has removed this worker from the home, stopping")
            self.wakeup.stop(ORDERLY)

    def _endure(self, error: StoreUnavailable) -> None:
        """Wait a moment while the store cannot be used; what ended is recorded when it can again.

        Raises the error if we were told to stop at once and have waited long enough: then row, lock file and journal
        stay, as if we were killed, so that a recovery knows what we could not record.
        """
        if self._is_out_of_patience():
            raise error
        self.log.complain(f"cannot use the store: {error}")
        self.wakeup.wait(TROUBLE_SECONDS)
