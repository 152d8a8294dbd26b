"""A ceiling for all output that is kept: beyond it, the oldest output of finished jobs is removed; the jobs stay.

What the file holds is never less than the output in it, so most rounds end after one look at its size. Only beyond
the ceiling is the output itself added up, in short steps. What runs or waits keeps all of its output.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ...model.job import jobs_text
from ...model.quantity import size_text
from ...store import Store
from ...store.lockfile import LockFile
from ..home.room import clear, is_much
from ..machine.log import Log

COUNTED_AT_ONCE = 20_000
JOBS_AT_ONCE = 200
# A file that has grown by so much is checked before its time: this, and an eighth of the ceiling.
FAST_GROWTH = 64 << 20
FAST_SHARE = 8
BEGINNING = (0, 0)


class Ceiling:
    """Keeps the output of a home below its ceiling. If there are several at once, only one works."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store = store
        self._log = log
        self._lock = LockFile(store.home.ceiling_lock)
        self._limit: int | None = None
        self._used = 0
        self._quiet_since: int | None = None
        # Up to this one, as (finished_at, number), no finished job has output.
        self._cleared = BEGINNING

    def is_urgent(self) -> bool:
        """Return whether the file is beyond the ceiling and has grown so fast that the next minute is too late."""
        if self._limit is None:
            return False
        used = self._store.database.used_bytes()
        return used > self._limit and used - self._used > max(FAST_GROWTH, self._limit // FAST_SHARE)

    def keep(self, limit: int | None) -> Iterator[int]:
        """Remove what is beyond `limit` bytes, None for no limit, in small transactions; yield 0 after each step."""
        self._limit, self._used = limit, self._store.database.used_bytes()
        changes = self._store.changes()
        if limit is None or self._used <= limit or changes == self._quiet_since or not self._lock.acquire():
            return
        try:
            excess = (yield from self._count()) - limit
            if excess > 0:
                yield from self._remove(excess, limit)
            else:
                self._quiet_since = changes
        finally:
            self._lock.release()
        self._used = self._store.database.used_bytes()

    def _count(self) -> Generator[int, None, int]:
        total, last = 0, 0
        while True:
            size, end = self._store.output.add_up(last, COUNTED_AT_ONCE)
            if end is None:
                return total
            total, last = total + size, end
            yield 0

    def _remove(self, excess: int, limit: int) -> Generator[int, None, None]:
        removed, jobs, begun_at = 0, 0, self._cleared
        shrinks = is_much(self._store, excess)
        while removed < excess:
            page = self._store.jobs.finished_after(*self._cleared, JOBS_AT_ONCE)
            numbers = [number for _, number, has_output in page if has_output]
            for size, done in clear(self._store, numbers, enough=excess - removed, shrinks=shrinks):
                removed, jobs = removed + size, jobs + done
                yield 0
            if page and removed < excess:
                self._cleared = page[-1][:2]
            elif not page and begun_at == BEGINNING:
                break
            elif not page:
                # A clock that was set back lets jobs end before those that ended already.
                self._cleared = begun_at = BEGINNING
            yield 0
        if jobs:
            output = f"{size_text(removed)} of output of {jobs_text(jobs)}"
            what = f"{output}, the oldest: all of it passed {size_text(limit)}"
            now = self._store.clock.wall()
            with self._store.writing():
                self._store.events.add("output removed", actor=self._log.speaker, now=now, detail=what)
            self._log.say(f"removed {what}")
