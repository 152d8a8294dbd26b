"""What must happen by itself: due jobs become claimable, lost ones are recovered, old ones pruned.

`tick` does all of it once and may run in several processes at the same time. `SchedulerThread` calls
it whenever something is due, at the latest after a second, and at once when poked.
"""
from __future__ import annotations

import threading

from ..model.errors import QueueCTLError
from ..model.job import COMPLETED
from ..store import Store
from .doorbell import WORKERS, ring
from .log import Log, rotate
from .recovery import Recovery
from .settings import load_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.clock import Clock
    from ..store import Home

LONGEST_WAIT_SECONDS = 1.0
PROMOTE_AT_ONCE = 500
PRUNE_AT_ONCE = 500
WAL_BYTES = 4 * 1024 * 1024
HOUSEKEEPING_MS = 60_000
HOUR_MS = 3_600_000


class Scheduler:
    """Does what is due. It writes durably: each tick that follows others' commits brings them to the disk."""

    def __init__(self, home: Home, store: Store, *, clock: Clock, log: Log) -> None:
        self._home = home
        self._store = store
        self._clock = clock
        self._recovery = Recovery(home, store, clock=clock, log=log)
        self._seen = store.changes()
        self._housekeeping_at = clock.monotonic()

    def tick(self) -> float:
        """Do what is due; return how many seconds may pass until the next call. Raises StoreUnavailable."""
        promoted = self._promote()
        recovered = self._recovery.step()
        if promoted or recovered:
            ring(self._home, WORKERS)
        # The log's file keeps its size when it is used anew: without a change there is nothing to copy.
        changed = self._sync() or promoted or recovered
        if changed and self._store.database.wal_bytes() > WAL_BYTES:
            self._store.checkpoint()
        if self._clock.monotonic() >= self._housekeeping_at:
            self._housekeeping_at = self._clock.monotonic() + HOUSEKEEPING_MS
            self._housekeep()
        return self._patience()

    def _promote(self) -> int:
        promoted = 0
        while True:
            due = self._store.jobs.next_due()
            if due is None or due > self._clock.wall():
                return promoted
            with self._store.writing():
                promoted += self._store.jobs.promote(self._clock.wall(), PROMOTE_AT_ONCE)

    def _sync(self) -> bool:
        """Bring what workers have committed without waiting for the disk to the disk; return whether there was any."""
        seen = self._store.changes()
        if seen == self._seen:
            return False
        with self._store.writing():
            self._store.meta.touch(self._clock.wall())
        self._seen = seen
        return True

    def _housekeep(self) -> None:
        """What is enough once a minute: turn the log over, forget old jobs and where only they ran."""
        rotate(self._home.pool_log)
        hours = load_settings(self._store).retain_completed_hours
        if hours is None:
            return
        if self._prune(self._clock.wall() - int(hours * HOUR_MS)):
            with self._store.writing():
                self._store.contexts.prune()

    def _prune(self, before: int) -> int:
        """Delete jobs that were completed before an instant, in small transactions; return how many."""
        total = 0
        while True:
            with self._store.writing():
                pruned = self._store.jobs.prune(COMPLETED, before, PRUNE_AT_ONCE)
            total += pruned
            if pruned < PRUNE_AT_ONCE:
                return total

    def _patience(self) -> float:
        due = self._store.jobs.next_due()
        if due is None:
            return LONGEST_WAIT_SECONDS
        return min(LONGEST_WAIT_SECONDS, max(0, due - self._clock.wall()) / 1000)


class SchedulerThread(threading.Thread):
    """Ticks until it is stopped. A store that cannot be used is reported and tried again."""

    def __init__(self, home: Home, *, clock: Clock, log: Log) -> None:
        super().__init__(name="scheduler", daemon=True)
        self._home = home
        self._clock = clock
        self._log = log
        self._poked = threading.Event()
        self._stopping = False

    def poke(self) -> None:
        """Have it look at once."""
        self._poked.set()

    def stop(self) -> None:
        """End it and wait for that."""
        self._stopping = True
        self.poke()
        self.join()

    def run(self) -> None:
        """Tick until stopped."""
        store: Store | None = None
        scheduler: Scheduler | None = None
        while not self._stopping:
            patience = LONGEST_WAIT_SECONDS
            try:
                if store is None:
                    store = Store(self._home, clock=self._clock, give_up=lambda: self._stopping)
                if scheduler is None:
                    scheduler = Scheduler(self._home, store, clock=self._clock, log=self._log)
                patience = scheduler.tick()
            except (QueueCTLError, OSError) as error:
                self._log.complain(f"scheduler: {error}")
            self._clock.wait(self._poked, patience)
            self._poked.clear()
        if store is not None:
            store.close()
