"""Charts: what the dashboard draws of a home, from figures by time, the newest attempts and the disk."""

from __future__ import annotations

import os

from ..model.figures import median
from ..model.rollup import SLOT_MS
from ..model.when import MINUTE
from ..store.room import free_bytes
from .reports.totals import Totals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.job import Job
    from ..model.rollup import Rollup, Timing
    from ..model.run import CommandStats, Run
    from .home.opened import OpenHome

# Of the newest attempts, so many are looked at.
SAMPLE = 1_000


class Charts:
    """The charts of a home. They cost the same however many jobs there are. Any may raise StoreUnavailable."""

    def __init__(self, opened: OpenHome) -> None:
        self._opened = opened

    def minutes(self, first: int, count: int) -> list[tuple[int, int, int]]:
        """Return (finished, failed, dead) of so many minutes since 1970 from the first one on."""
        rows = self._opened.store.stats.per_minute(first * MINUTE)
        found = {minute: (finished, failed, dead) for minute, finished, failed, dead in rows}
        return [found.get(minute, (0, 0, 0)) for minute in range(first, first + count)]

    def backlog(self, first: int, count: int) -> tuple[list[int | None], list[int | None]]:
        """Return how many jobs waited in so many minutes, and how long the oldest; None where nobody looked."""
        backlog = self._opened.store.backlog
        samples = {sample.minute: sample for sample in backlog.since(first * MINUTE)}
        last = backlog.last((first - 1) * MINUTE)
        pending: list[int | None] = []
        ages: list[int | None] = []
        for minute in range(first, first + count):
            last = samples.get(minute, last)
            # Nothing is written down while nothing waits.
            known = last is not None and (last.minute == minute or last.is_idle)
            pending.append(last.pending if last is not None and known else None)
            ages.append(last.oldest_age if last is not None and known else None)
        return pending, ages

    def ended(self, since: int, until: int | None = None) -> list[Rollup]:
        """Return how attempts ended, for each queue, from an instant's minute on and to before another's."""
        return self._opened.store.stats.queue_totals(since, until)

    def rollups(self, since: int, until: int, step: int) -> list[Rollup]:
        """Return how attempts ended, for each queue and step, a multiple of a minute. Idle steps are left out."""
        return self._opened.store.stats.series(since, until, step // MINUTE)

    def timings(self, since: int, until: int, step: int) -> list[Timing]:
        """Return how long attempts took, for each queue and step, a multiple of SLOT_MS. Idle steps are left out."""
        return self._opened.store.timings.series(since, until, step // SLOT_MS)

    def first(self) -> int | None:
        """Return the instant from which on it is known how attempts ended, None if none has."""
        return self._opened.store.stats.first()

    def totals(self) -> Totals:
        """Return what adds up all that is kept."""
        return Totals(self._opened)

    def running(self, limit: int) -> list[tuple[Job, int | None]]:
        """Return what runs, the longest first, each job with how long its command usually takes."""
        store = self._opened.store
        jobs = store.search.jobs(store.search.running(limit))
        took = store.recent.durations(sorted({job.command for job in jobs}), SAMPLE) if jobs else {}
        return [(job, median(took.get(job.command, ()))) for job in jobs]

    def failures(self, limit: int) -> list[Run]:
        """Return the last runs that failed, newest first."""
        return self._opened.store.recent.failures(SAMPLE, limit)

    def runs_of(self, command: str, sample: int, limit: int) -> list[Run]:
        """Return the last runs of a command among the `sample` newest attempts, newest first."""
        return self._opened.store.recent.same_command(command, sample, limit)

    def commands(self, sample: int, limit: int) -> tuple[list[CommandStats], list[CommandStats]]:
        """Return the slowest commands on average, and the most failing, among the `sample` newest attempts."""
        recent = self._opened.store.recent
        return recent.slowest(sample, limit), recent.most_failing(sample, limit)

    def storage(self) -> dict[str, int]:
        """Return bytes: of the database, its write-ahead log, the daemons' logs, and what is free on the disk."""
        home = self._opened.home
        with os.scandir(home.logs) as entries:
            logs = sum(entry.stat().st_size for entry in entries if entry.is_file())
        return {
            "database": os.stat(home.database).st_size,
            "log": self._opened.store.database.wal_bytes(),
            "logs": logs,
            "free": free_bytes(home),
        }
