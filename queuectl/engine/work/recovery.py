"""Take back the jobs of workers that are gone: first end what is left of the attempt, then move the job.

A worker is gone if neither its lock nor its process says that it lives (`liveness`). One that holds its lock but has
let its lease run out (it was stopped, or hangs) is killed first, after a grace in which the store was proved to be
writable and our own looks were on time: a worker must not pay for a full disk, nor for a pause of all of us.

The old attempt's tree is killed and looked for again until two looks in a row find nothing: a process in the middle of
fork or exec can be invisible for an instant. Only then is the job moved, guarded by the attempt's id, so that any
number of recoveries may run at once. A job whose processes cannot be killed, or cannot be searched for, stays
`processing` and is reported.

The journal proves only one end of an attempt to a recovery: that it was released because its worker was asked to stop.
Everything else is lost with the worker. An exit code alone would pass for a result, although the output of the last
second, which is in no journal, is missing.

A worker of another pid namespace may have left what cannot be seen from here. Its job is recovered when
its lease is over; at once only from the first namespace, which sees all others.
"""

from __future__ import annotations

import os
import random
import signal

from ...model.errors import StoreUnavailable
from ...model.outcome import RELEASED, Outcome
from ...model.worker import RegisteredWorker
from ...store import Store
from ...store.attempts import Running
from ...store.claim import Claim
from ...store.home import JOURNAL
from ...store.lockfile import is_held
from ..home.liveness import is_worker_alive
from ..home.opened import load_settings
from ..machine import journal, process
from ..machine.doorbell import WORKERS
from ..machine.identity import Identity
from ..machine.journal import AttemptRecord, Pair
from ..machine.log import Log
from . import tree
from .environment import marker
from .settle import settle

KILL_BUDGET_MS = 2000
STUCK_GRACE_MS = 3000
# Looks further apart than this were late: we were stopped or kept waiting ourselves.
LATE_MS = 2500


class Recovery:
    """Finds lost workers and recovers their jobs."""

    def __init__(self, store: Store, log: Log) -> None:
        self._home, self._clock = store.home, store.clock
        self._store = store
        self._log = log
        self._home_id = store.meta.home_id()
        self._boot = process.boot_id()
        self._overdue: dict[tuple[int, int], int] = {}
        self._checked_at = self._clock.monotonic()
        self._settled: set[tuple[int, str]] = set()

    def step(self) -> int:
        """Recover what can be recovered now; return how many jobs were moved. Raises StoreUnavailable."""
        # In this order: a worker that registers and claims meanwhile must not look like one without a row.
        running = self._store.attempts.running(self._store.contexts)
        workers = {row.id: row for row in self._store.workers.all()}
        # Listed before asking who lives: what a worker leaves that dies in between must not count as settled. While
        # nothing runs there is no need to: what is there then started before the next attempt.
        orphans = tree.orphans({adopter for row in workers.values() for adopter in _adopters(row)} if running else ())
        gone = {number for number, row in workers.items() if not is_worker_alive(self._home, row)}
        alive = workers.keys() - gone
        if not gone:
            self._settled = orphans
        self._suspect([attempt for attempt in running if attempt.claim.worker in alive], workers)
        # A worker without a row lives while it holds its lock.
        without_row = {attempt.claim.worker for attempt in running} - workers.keys()
        lost = gone | {number for number in without_row if not is_held(self._home.worker_lock(number))}
        left = [attempt for attempt in running if attempt.claim.worker in lost]
        moved = sum(self._recover(attempt, workers.get(attempt.claim.worker)) for attempt in left)
        self._bury(gone, workers)
        return moved

    def _suspect(self, attempts: list[Running], workers: dict[int, RegisteredWorker]) -> None:
        """Kill workers that let a lease run out although they could have renewed it."""
        now = self._clock.monotonic()
        is_late = now - self._checked_at > LATE_MS
        self._checked_at = now
        # What tells an attempt from all others, also of jobs that are removed by now.
        late = [attempt for attempt in attempts if now > attempt.claim.lease_until]
        overdue = {(attempt.claim.number, attempt.claim.attempt_id): attempt for attempt in late}
        self._overdue = {} if is_late else {key: since for key, since in self._overdue.items() if key in overdue}
        if not overdue:
            return
        try:
            with self._store.writing():
                self._store.meta.touch(self._clock.wall())
        except StoreUnavailable:
            self._overdue.clear()
            raise
        for key, attempt in overdue.items():
            if now - self._overdue.setdefault(key, now) >= STUCK_GRACE_MS:
                worker, job = workers[attempt.claim.worker], attempt.claim.id
                who = f"worker {worker.id} (pid {worker.pid})"
                self._log.complain(f"{who} does not renew the lease of {job}, killing it")
                Identity.of_worker(worker).send(signal.SIGKILL)

    def _recover(self, attempt: Running, worker: RegisteredWorker | None) -> int:
        """End the attempt's tree, then move its job; return 1 if we moved it."""
        claim = attempt.claim
        try:
            if not self._may_be_moved(attempt, worker):
                return 0
            outcome, reason, duration = self._end(claim)
        except OSError as error:
            # One that cannot be looked for must not keep the others waiting.
            self._log.complain(f"{claim.id}: cannot look for its processes: {error.strerror}")
            return 0
        store, now = self._store, self._clock.wall()
        with store.writing():
            state = settle(
                store, claim, outcome, settings=load_settings(store), random=random.random, now=now, duration=duration
            )
            if state is None:
                return 0
            ending = f"attempt {claim.attempt}: {reason}, now {state}"
            store.events.add("recovered", actor=_actor(), now=now, job=claim.number, detail=ending)
        self._log.say(f"{claim.id}: {ending}")
        return 1

    def _end(self, claim: Claim) -> tuple[Outcome, str, int | None]:
        """Return how a lost attempt ended, why that was left to us, and its milliseconds if known. Raises OSError."""
        for record in self._records(claim):
            if record.outcome == RELEASED:
                reason = f"worker {claim.worker} was stopped before it could record the end"
                return Outcome.released(), reason, record.duration
        reason = f"worker {claim.worker} was lost"
        return Outcome.lost(reason), reason, None

    def _may_be_moved(self, attempt: Running, worker: RegisteredWorker | None) -> bool:
        """Whether nothing of the attempt is left; what is left is ended."""
        if worker is not None:
            identity = Identity.of_worker(worker)
            if not identity.is_of_this_boot() or identity.is_alive():
                # It was another boot; or the worker lives, but of another home, from which this one was copied.
                return True
            may_see_all = identity.is_visible() or process.namespace() in ("", process.FIRST_NAMESPACE)
            if not may_see_all and self._clock.monotonic() <= attempt.claim.lease_until:
                return False
        return self._end_tree(attempt, worker)

    def _end_tree(self, attempt: Running, worker: RegisteredWorker | None) -> bool:
        """Kill what is left of an attempt; return whether nothing remains. Raises OSError if the system cannot tell."""
        is_visible = worker is None or Identity.of_worker(worker).is_visible()
        trace = tree.Trace(
            marker(self._home_id, worker.mark if worker is not None else "", attempt.claim),
            pid=(attempt.pid or 0) if is_visible else 0,
            pid_start=attempt.pid_start or "",
            adopters=_adopters(worker) if worker is not None and is_visible else (),
            settled=self._settled,
            spared=self._spared() if is_visible else (),
        )
        for record in self._records(attempt.claim):
            trace.add(record, is_visible=is_visible)
        left = tree.send_to_all(lambda: tree.of_lost(trace), signal.SIGKILL, clock=self._clock, budget=KILL_BUDGET_MS)
        if left:
            pids = [member.pid for member in left]
            self._log.complain(f"{attempt.claim.id}: cannot kill {pids}; the job stays processing until they end")
        return not left

    def _records(self, claim: Claim) -> list[AttemptRecord]:
        """Return what the journal of an attempt's worker says of it. Raises OSError if the system cannot tell."""
        meant = (self._home_id, self._boot, claim.worker, claim.attempt_id)
        records = journal.read(self._home.worker_journal(claim.worker))
        # The identity of a writer without its pid namespace.
        return [found for found in records if (*found.writer[:2], found.writer[3], found.attempt) == meant]

    def _spared(self) -> set[Pair]:
        """Return what attempts of any worker of this boot were allowed to leave, whatever process has adopted it."""
        found: set[Pair] = set()
        for name in os.listdir(self._home.run):
            for record in journal.read(os.path.join(self._home.run, name)) if name.endswith(JOURNAL) else ():
                if record.writer[:2] == (self._home_id, self._boot):
                    found.update(record.spared)
        return found

    def _bury(self, gone: set[int], workers: dict[int, RegisteredWorker]) -> None:
        """Remove the rows and files of lost workers that have no job any more."""
        if not gone:
            return
        busy = {attempt.claim.worker for attempt in self._store.attempts.running(self._store.contexts)}
        for number in gone - busy:
            lost = f"worker {number} (pid {workers[number].pid})"
            with self._store.writing():
                if not self._store.workers.remove(number):
                    continue
                self._store.events.add("worker_lost", actor=_actor(), now=self._clock.wall(), detail=lost)
            self._remove_files(number, workers)

    def _remove_files(self, number: int, workers: dict[int, RegisteredWorker]) -> None:
        pid = workers[number].pid
        paths = [self._home.worker_lock(number)]
        left = {pair for record in journal.read(self._home.worker_journal(number)) for pair in record.spared}
        if not tree.alive(left):
            paths.append(self._home.worker_journal(number))
        if all(row.pid != pid for key, row in workers.items() if key != number):
            paths.append(os.path.join(self._home.bells, f"{WORKERS}{pid}"))
        for path in paths:
            try:
                os.unlink(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._log.complain(f"cannot remove {path}: {error.strerror}")


def _actor() -> str:
    return f"recovery[{os.getpid()}]"


def _adopters(worker: RegisteredWorker) -> list[tuple[int, str]]:
    """Return whom a worker's processes fall to, by pid and start time."""
    words = (adopter.partition(" ") for adopter in worker.adopters.split(",") if adopter)
    return [(int(pid), start) for pid, _, start in words]
