"""What a live view shows of a home, read again and again, at a cost that does not grow with the home.

Indexes find a bounded number of jobs: those that run, those that come next, those that ended last. Where no index helps
(a text, a tag, held jobs), the newest 10,000 jobs are read in addition. What has not changed is not read again.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from ..model.alert import Alert
from ..model.batch import OPEN, Batch
from ..model.filterparse import parse
from ..model.job import DUE_STATES, FINAL_STATES, KEPT_BACK_STATES, PENDING, PROCESSING, STATE_TABLE, STATES, Job
from ..model.record import Record
from ..model.when import MINUTE
from ..model.worker import WorkerState
from .home.opened import OpenHome
from .home.underway import as_they_are
from .reports.status import Status

LIMIT = 500
WINDOW = 10_000
MINUTES = 30
# At most this many of the newest batches are read.
BATCHES = 10
# The kinds of jobs, each in one of ORDERS.
KINDS = (
    ("oldest", (PROCESSING,)),
    ("priority", (PENDING,)),
    ("run_at", DUE_STATES),
    ("newest", KEPT_BACK_STATES),
    ("finished", FINAL_STATES),
)


class Snapshot(Record):
    """What was found at `now`: counts per state, workers, alerts, how many jobs end a minute, jobs in order.

    `minutes` has (finished, failed, dead) of each; `batches` are the newest ones that are open.
    """

    now: int
    counts: Mapping[str, int] = {}
    workers: Sequence[WorkerState] = ()
    alerts: Sequence[Alert] = ()
    per_minute: float = 0.0
    jobs: Sequence[Job] = ()
    minutes: Mapping[int, tuple[int, int, int]] = {}
    batches: Sequence[Batch] = ()

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return sum(self.counts.values())

    def series(self, minutes: int = MINUTES) -> list[int]:
        """Return how many jobs ended (completed or dead) in each of the last minutes, this one last."""
        this = self.now // MINUTE
        ended = {minute: finished + dead for minute, (finished, _, dead) in self.minutes.items()}
        return [ended.get(minute, 0) for minute in range(this - minutes + 1, this + 1)]

    def totals(self) -> tuple[int, int, int]:
        """Return (completed, failed attempts, dead) of the last minutes."""
        first = self.now // MINUTE - MINUTES
        finished, failed, dead = zip((0, 0, 0), *(row for minute, row in self.minutes.items() if minute > first))
        return sum(finished), sum(failed), sum(dead)


class Lookout:
    """Looks at a home again and again. `filter`, a text, and `sort` may be set between two looks."""

    def __init__(self, opened: OpenHome, *, limit: int = LIMIT) -> None:
        self._opened = opened
        self._limit = limit
        self._changes: int | None = None
        self._asked: object = None
        self.last = Snapshot(0)
        self.filter = ""
        self.sort = SORTS[0]

    def forget(self) -> None:
        """Read everything at the next look: our own changes do not count as changes."""
        self._changes = None

    def look(self) -> Snapshot:
        """Return how it is now. Raises FilterError, and StoreUnavailable; then the last snapshot stands."""
        status = Status(self._opened)
        store, now = status.store, status.now
        # With an age in the filter, the result changes with time alone.
        changes, asked = store.changes(), (self.filter, self.sort, self.filter and now // MINUTE)
        # A worker that was killed commits nothing, and a wait grows by itself: these are read each time.
        found = Snapshot(now, status.jobs, status.worker_list, status.alerts, status.per_minute)
        if changes == self._changes and asked == self._asked:
            found.jobs, found.minutes = self.last.jobs, self.last.minutes
        else:
            found.jobs, found.minutes = self._jobs(now), store.stats.per_minute(now - MINUTES * MINUTE)
        found.batches = [batch for batch in store.batches.newest(BATCHES, now) if batch.state == OPEN]
        found.jobs = as_they_are(self._opened, found.jobs)
        # Only once all is read: what is committed meanwhile is a change since then.
        self._changes, self._asked, self.last = changes, asked, found
        return found

    def _jobs(self, now: int) -> list[Job]:
        # An age counts from now, so the text is read each time.
        store, wanted = self._opened.store, parse(self.filter, now)
        half, window = max(1, self._limit // 2), self._limit if wanted.terms else WINDOW
        numbers = [
            number for order, states in KINDS for number in store.find.first(wanted.within(states), order, half, window)
        ]
        if wanted.terms or self.sort == "newest":
            numbers += store.find.first(wanted, "newest", self._limit, WINDOW)
        jobs = store.search.jobs(list(dict.fromkeys(numbers)))
        jobs.sort(key=lambda job: SORT_KEYS[self.sort](job, now))
        return jobs[: self._limit]


def _place(job: Job, now: int) -> tuple[int, int]:
    """Return the place in the default order; jobs that ended stay in the order in which they ended."""
    if job.is_final:
        return len(STATES), 0
    return STATE_TABLE[job.state].rank, -(job.elapsed(now) or 0) if job.state == PROCESSING else 0


SORT_KEYS: dict[str, Callable[[Job, int], Any]] = {
    "default": _place,
    "newest": lambda job, now: -job.number,
    "duration": lambda job, now: -(job.elapsed(now) or 0),
    "priority": lambda job, now: -job.priority,
}
SORTS = tuple(SORT_KEYS)
