"""A worker as the others of its home know it: its row, the lock that proves that it lives, its journal and its bell.

The row becomes visible only when the lock is held. The lock is held as long as the worker lives.
"""

from __future__ import annotations

import os

from ...model.errors import StoreUnavailable
from ...store import Store
from ...store.lockfile import LockFile
from ..home.presence import Presence
from ..machine import process
from ..machine.doorbell import Doorbell
from ..machine.identity import Identity
from ..machine.journal import Journal
from ..machine.log import Log

HEARTBEAT_MS = 10_000
TALLY_MS = 1000


class Registration:
    """The registration of this process; `number` is the worker's. `adopters` are as for `Worker`.

    `home_id` and `mark` are parts of the markers of its attempts. Raises StoreUnavailable, also where there is no room
    for the journal.
    """

    def __init__(self, store: Store, bell: Doorbell, *, queues: tuple[str, ...], adopters: tuple[int, ...]) -> None:
        self._store = store
        self.home_id = store.meta.home_id()
        self.mark = os.urandom(4).hex()
        own = Identity.own()
        with store.writing():
            self.number = store.workers.add(
                pid=own.pid,
                pid_start=own.start,
                boot=own.boot or "",
                namespace=own.namespace or "",
                mark=self.mark,
                adopters=",".join(f"{pid} {start}" for pid in adopters if (start := process.start_time(pid))),
                queues=",".join(queues),
                now=store.clock.wall(),
            )
            self._lock = LockFile(store.home.worker_lock(self.number))
            self._lock.acquire()
            path = store.home.worker_journal(self.number)
            try:
                self.journal = Journal(path, (self.home_id, own.boot or "", own.namespace or "", self.number))
            except OSError as error:
                raise StoreUnavailable(f"the journal {path} cannot be made: {error.strerror}") from error
        self.log = Log(f"worker {self.number}", store.clock)
        self.presence = Presence(store, self._lock, bell, log=self.log, journal=self.journal)

    def close(self, *, keep_journal: bool) -> None:
        """Undo all of it and close the store. A journal that is kept is for later recoveries."""
        with self._store.writing():
            self._store.workers.remove(self.number)
        self._store.close()
        self.journal.close(keep=keep_journal)
        self._lock.remove()
        self.presence.close()


class Vitals:
    """The parts of the row of worker `number` that are for people: heartbeat, memory, counts, what it is short of.

    Nothing depends on them, so they are written rarely, and in transactions that are made anyway.
    """

    def __init__(self, store: Store, number: int) -> None:
        self._store = store
        self._number = number
        self._clock = store.clock
        self._jobs = 0
        self._busy_ms = 0
        self._tally_due = 0
        self._heartbeat_at = store.clock.monotonic()
        self._said_stopping = False
        self._trouble: str | None = None
        self._limit: str | None = None
        self._limit_due = 0

    def add(self, busy_ms: int) -> None:
        """Count an attempt that has ended."""
        self._jobs += 1
        self._busy_ms += busy_ms

    def write_tally(self, *, is_idle: bool) -> None:
        """Write the counts if the worker is idle or the last ones are a second old. In a transaction."""
        now = self._clock.monotonic()
        if self._jobs and (is_idle or now >= self._tally_due):
            self._store.workers.count_jobs(self._number, self._jobs, self._busy_ms)
            self._jobs = self._busy_ms = 0
            self._tally_due = now + TALLY_MS

    def write_trouble(self, reason: str | None) -> None:
        """Write what keeps the worker from starting commands, if that has changed. In a transaction."""
        if reason == self._trouble:
            return
        self._store.workers.set_trouble(self._number, reason)
        if self._trouble is None:
            actor = f"worker[{os.getpid()}]"
            self._store.events.add("shortage", actor=actor, now=self._clock.wall(), detail=reason or "")
        self._trouble = reason

    def tell_limit(self, reason: str | None) -> None:
        """Write which limit stops us, at once if it begins or ends, else now and then. Raises StoreUnavailable."""
        now = self._clock.monotonic()
        is_news = (reason is None) != (self._limit is None) or now >= self._limit_due
        if reason == self._limit or not is_news:
            return
        with self._store.writing():
            self._store.workers.set_limit(self._number, reason)
        self._limit = reason
        self._limit_due = now + HEARTBEAT_MS

    @property
    def is_heartbeat_due(self) -> bool:
        """Whether the last heartbeat is old enough for another."""
        return self._clock.monotonic() - self._heartbeat_at >= HEARTBEAT_MS

    def beat(self, *, stopping: bool) -> bool:
        """Write a heartbeat if it is due or the first of a stop; return False if our row is gone. In a transaction."""
        if not self.is_heartbeat_due and not (stopping and not self._said_stopping):
            return True
        self._said_stopping = stopping
        self._heartbeat_at = self._clock.monotonic()
        memory, now = process.memory(os.getpid()), self._clock.wall()
        return self._store.workers.heartbeat(self._number, memory=memory, stopping=stopping, now=now)
