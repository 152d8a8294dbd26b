"""Take back the jobs of workers that are gone: first end what is left of the attempt, then move the job.

A worker is gone if the machine was started anew since, or if its kernel lock is free. One that holds
its lock but has let its lease run out (it was stopped, or hangs) is killed first, after a moment in
which the store was proved to be writable: a worker must not pay for a full disk.

The old attempt's tree is killed and looked for again until two looks in a row find nothing: a process
in the middle of fork or exec can be invisible for an instant. Only then the job is moved, guarded by
the attempt's id, so that any number of recoveries may run at once. What cannot be killed stays
`processing` and is reported.
"""

from __future__ import annotations

import os
import random
import signal

from ..model.job import Outcome
from . import process
from .doorbell import WORKERS
from .environment import marker
from .liveness import is_worker_alive
from .settings import load_settings
from .settle import settle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.clock import Clock
    from ..store import Home, Store
    from ..store.attempts import Running
    from ..store.sqlite import Row
    from .log import Log

ACTOR = "recovery"
CLEAN_LOOKS = 2
LOOK_PAUSE_SECONDS = 0.003
KILL_BUDGET_MS = 2000
STUCK_GRACE_MS = 3000


class Recovery:
    """Finds lost workers and takes back their jobs."""

    def __init__(self, home: Home, store: Store, *, clock: Clock, log: Log) -> None:
        self._home = home
        self._store = store
        self._clock = clock
        self._log = log
        self._home_id = store.meta.home_id()
        self._boot = process.boot_id()
        self._overdue: dict[tuple[int, int], int] = {}

    def step(self) -> int:
        """Recover what can be recovered now; return how many jobs were moved. Raises StoreUnavailable."""
        # In this order: a worker that registers and claims meanwhile must not look like one without a row.
        running = self._store.attempts.running(self._store.contexts)
        workers = {row["id"]: row for row in self._store.workers.all()}
        gone = {number for number, row in workers.items() if self._is_gone(row)}
        moved = 0
        for attempt in running:
            row = workers.get(attempt.claim.worker)
            if row is None or row["id"] in gone:
                moved += self._recover(attempt, row)
            elif self._clock.monotonic() > attempt.claim.lease_until:
                self._suspect(attempt, row)
        under_way = {_key(attempt) for attempt in running}
        self._overdue = {key: since for key, since in self._overdue.items() if key in under_way}
        self._bury(gone, workers)
        return moved

    def _is_gone(self, worker: Row) -> bool:
        return not is_worker_alive(self._home, worker)

    def _suspect(self, attempt: Running, worker: Row) -> None:
        """Kill a worker that let its lease run out although it could have renewed it."""
        key = _key(attempt)
        now = self._clock.monotonic()
        if key not in self._overdue:
            with self._store.writing():
                self._store.meta.touch(self._clock.wall())
            self._overdue[key] = now
            return
        if now - self._overdue[key] < STUCK_GRACE_MS:
            return
        self._log.complain(
            f"worker {worker['id']} (pid {worker['pid']}) does not renew the lease of {attempt.claim.id}, killing it"
        )
        if process.is_same_process(worker["pid"], worker["pid_start"]):
            process.send([worker["pid"]], signal.SIGKILL)

    def _recover(self, attempt: Running, worker: Row | None) -> int:
        """End the attempt's tree, then move its job; return 1 if we moved it."""
        claim = attempt.claim
        same_boot = worker is None or worker["boot"] == self._boot
        if same_boot and not self._end_tree(attempt):
            return 0
        outcome = Outcome.lost(f"worker {claim.worker} was lost")
        now = self._clock.wall()
        with self._store.writing():
            state = settle(
                self._store, claim, outcome, settings=load_settings(self._store), random=random.random, now=now
            )
            if state is not None:
                self._store.events.add(
                    "recovered",
                    actor=f"{ACTOR}[{os.getpid()}]",
                    now=now,
                    job=claim.number,
                    detail=f"attempt {claim.attempt}: {outcome.error}, now {state}",
                )
        if state is None:
            return 0
        self._log.say(f"{claim.id}: attempt {claim.attempt}: {outcome.error}, now {state}")
        return 1

    def _end_tree(self, attempt: Running) -> bool:
        """Kill what is left of an attempt until nothing is found twice; return False if something remains."""
        give_up = self._clock.monotonic() + KILL_BUDGET_MS
        clean = 0
        while clean < CLEAN_LOOKS:
            tree = process.find_tree(
                leader=attempt.pid, leader_start=attempt.pid_start, marker=marker(self._home_id, attempt.claim)
            )
            process.send(tree, signal.SIGKILL)
            clean = 0 if tree else clean + 1
            if tree and self._clock.monotonic() >= give_up:
                self._log.complain(f"{attempt.claim.id}: cannot kill {tree}; the job stays processing until they end")
                return False
            self._clock.pause(LOOK_PAUSE_SECONDS)
        return True

    def _bury(self, gone: set[int], workers: dict[int, Row]) -> None:
        """Remove the rows and files of lost workers that have no job any more."""
        if not gone:
            return
        busy = {attempt.claim.worker for attempt in self._store.attempts.running(self._store.contexts)}
        for number in gone - busy:
            with self._store.writing():
                removed = self._store.workers.remove(number)
                if removed:
                    self._store.events.add(
                        "worker_lost",
                        actor=f"{ACTOR}[{os.getpid()}]",
                        now=self._clock.wall(),
                        detail=f"worker {number} (pid {workers[number]['pid']})",
                    )
            if removed:
                self._remove_files(number, workers)

    def _remove_files(self, number: int, workers: dict[int, Row]) -> None:
        pid = workers[number]["pid"]
        paths = [self._home.worker_lock(number)]
        if all(row["pid"] != pid for key, row in workers.items() if key != number):
            paths.append(os.path.join(self._home.bells, f"{WORKERS}{pid}"))
        for path in paths:
            try:
                os.unlink(path)
            except FileNotFoundError:
                continue


def _key(attempt: Running) -> tuple[int, int]:
    """Return what tells an attempt from all others, also of jobs that are removed by now."""
    return attempt.claim.number, attempt.claim.attempt_id
