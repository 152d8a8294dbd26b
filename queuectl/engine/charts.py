"""Charts: what the dashboard draws of a home, from figures by time, the newest attempts and the disk.

`Totals` are sums for Prometheus.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import Tuple

from ..model.job import Job
from ..model.numbers import median
from ..model.report import CommandStats, Run
from ..model.rollup import OUTCOMES, RUN_TIME, SLOT_MS, WAIT_TIME, Rollup, Sample, Timing
from ..model.when import MINUTE
from ..store import Store
from ..store.figures import END_OF_TIME
from ..store.home import free_bytes
from .home.opened import OpenHome, Part
from .home.underway import as_they_are

# This many of the newest attempts are read.
SAMPLE = 1_000
# A commit may wait for others for half a minute, and then adds to a minute that is over.
SLACK_MS = 60_000

Key = Tuple[object, ...]


class Charts(Part):
    """The charts of a home. Each costs the same however many jobs there are, and may raise StoreUnavailable."""

    def minutes(self, first: int, count: int) -> list[tuple[int, int, int]]:
        """Return (finished, failed, dead) of `count` minutes; `first` counts minutes since 1970."""
        found = self._opened.store.stats.per_minute(first * MINUTE)
        return [found.get(minute, (0, 0, 0)) for minute in range(first, first + count)]

    def backlog(self, first: int, count: int) -> tuple[list[int | None], list[int | None]]:
        """Return how many jobs waited in each of these minutes, and how long the oldest; None where nobody looked."""
        backlog = self._opened.store.backlog
        samples = {sample.minute: sample for sample in backlog.since(first * MINUTE)}
        last = backlog.last((first - 1) * MINUTE)
        found: list[Sample | None] = []
        for minute in range(first, first + count):
            last = samples.get(minute, last)
            # Nothing is written down while nothing waits.
            found.append(last if last is not None and (last.minute == minute or last.is_idle) else None)
        pending = [None if sample is None else sample.pending for sample in found]
        return pending, [None if sample is None else sample.oldest_age for sample in found]

    def ended(self, since: int, until: int = END_OF_TIME, step: int = END_OF_TIME) -> list[Rollup]:
        """Return how attempts ended, for each queue and step in which any did; `step` is whole minutes in ms."""
        return self._opened.store.stats.series(since, until, step)

    def timings(self, since: int, until: int, step: int) -> list[Timing]:
        """Return how long attempts took, for each queue and step in which any ended; `step` is whole SLOT_MS."""
        return self._opened.store.timings.series(since, until, step)

    def first(self) -> int | None:
        """Return the instant since which it is known how attempts ended, None if none has."""
        return self._opened.store.stats.first()

    def totals(self) -> Totals:
        """Return the sums over all that is kept."""
        return Totals(self._opened)

    def running(self, limit: int) -> list[tuple[Job, int | None]]:
        """Return the jobs that run, the longest first, each with how long its command usually takes."""
        store = self._opened.store
        found = as_they_are(self._opened, store.search.jobs(store.search.running(limit)))
        jobs = [job for job in found if not job.is_gone]
        took = store.recent.durations(sorted({job.command for job in jobs}), SAMPLE) if jobs else {}
        return [(job, median(took.get(job.command, ()))) for job in jobs]

    def failures(self, limit: int) -> list[Run]:
        """Return the last runs that failed, newest first, one of each job."""
        return self._opened.store.recent.failures(SAMPLE, limit)

    def runs_of(self, command: str, sample: int, limit: int) -> list[Run]:
        """Return the last runs of a command among the `sample` newest attempts, newest first."""
        return self._opened.store.recent.same_command(command, sample, limit)

    def commands(self, sample: int, limit: int) -> tuple[list[CommandStats], list[CommandStats]]:
        """Return the slowest commands on average, and the most failing, among the `sample` newest attempts."""
        return self._opened.store.recent.commands(sample, limit)

    def storage(self) -> dict[str, int]:
        """Return the bytes of the database, its write-ahead log and the daemons' logs, and those free on the disk."""
        home = self._opened.home
        with os.scandir(home.logs) as entries:
            logs = sum(entry.stat().st_size for entry in entries if entry.is_file())
        return {
            "database": os.stat(home.database).st_size,
            "log": self._opened.store.database.wal_bytes(),
            "logs": logs,
            "free": free_bytes(home),
        }


class Totals:
    """The sums over all that is kept, for Prometheus: minutes that have passed are added up once and remembered.

    So a question costs what the last minutes do, not what three months do. And while the program runs a total does not
    go down when old minutes are forgotten, which Prometheus would take for a restart. Any thread may ask.
    """

    def __init__(self, opened: OpenHome) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._home = ""
        self._until = 0
        self._sums: Counter[Key] = Counter()

    def read(self) -> Counter[Key]:
        """Return the sums up to now. Raises StoreUnavailable.

        (queue, one of OUTCOMES) has how many attempts ended so. For RUN_TIME and WAIT_TIME, (queue, name) has the sum
        in milliseconds, and (queue, name, bucket of the histogram) how many attempts.
        """
        store, now = self._opened.store, self._opened.clock.wall()
        with self._lock:
            home, until = store.meta.home_id(), (now - SLACK_MS) // SLOT_MS * SLOT_MS
            # Start over with another home, or when the clock was set far back. Set back a little, as when it is
            # corrected, nothing more can end before what is remembered.
            if home != self._home or now < self._until:
                self._home, self._until, self._sums = home, 0, Counter()
            if until > self._until:
                sums = self._sums.copy()
                _add(sums, store, self._until, until)
                self._until, self._sums = until, sums
            sums, until = self._sums.copy(), self._until
        _add(sums, store, until)
        return sums


def _add(sums: Counter[Key], store: Store, *span: int) -> None:
    for ended in store.stats.series(*span):
        for outcome, count in zip(OUTCOMES, (ended.finished, ended.failed, ended.dead)):
            sums[ended.queue, outcome] += count
    for row in store.timings.series(*span):
        for name, bucket, time in ((RUN_TIME, row.run, row.run_time), (WAIT_TIME, row.wait, row.wait_time)):
            sums[row.queue, name, bucket] += row.attempts
            sums[row.queue, name] += time
