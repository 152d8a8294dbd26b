"""Once a minute: turn the logs over, forget old jobs and events, give the room that they had back.

All of it goes in small transactions and short steps: a tick does at most a tenth of a second of it, so
that nothing that is due waits for what is old.
"""

from __future__ import annotations

from ..model.job import COMPLETED, DEAD, jobs_text
from ..model.when import DAY, HOUR
from .clockwatch import is_unsettled
from .log import Log, rotate
from .settings import load_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from ..model.clock import Clock
    from ..store import Home, Store
    from ..store.backlog import Backlog
    from ..store.stats import Stats
    from ..store.timings import Timings

INTERVAL_MS = 60_000
STEP_MS = 100
PRUNE_AT_ONCE = 200
KEPT_EVENTS_MS = 30 * DAY
KEPT_MINUTES_MS = 90 * DAY
# Room worth giving back, in pages: 4 MiB and a quarter of the file. Pages freed are used anew anyway.
SPARE_PAGES = 4096
SPARE_SHARE = 4
WAL_BYTES = 4 * 1024 * 1024


class Housekeeping:
    """What is enough once a minute, a step at a time."""

    def __init__(self, home: Home, store: Store, *, clock: Clock, log: Log) -> None:
        self._home = home
        self._store = store
        self._clock = clock
        self._log = log
        self._due_at = clock.monotonic()
        self._work: Iterator[int] | None = None

    def step(self) -> tuple[int, float]:
        """Do a little if it is time to; return how many jobs were pruned, and the seconds until the next step."""
        now = self._clock.monotonic()
        if self._work is None and now < self._due_at:
            return 0, (self._due_at - now) / 1000
        work = self._work or self._all()
        # An error ends the round; the next one begins anew.
        self._work, self._due_at = None, now + INTERVAL_MS
        pruned = 0
        for count in work:
            pruned += count
            if self._clock.monotonic() - now >= STEP_MS:
                self._work = work
                return pruned, 0
        return pruned, INTERVAL_MS / 1000

    def _all(self) -> Iterator[int]:
        """Do everything, in small pieces; yield how many jobs each has pruned."""
        rotate(self._home.pool_log)
        rotate(self._home.scheduler_log)
        rotate(self._home.dashboard_log)
        if is_unsettled(self._store):
            return
        settings = load_settings(self._store)
        total = 0
        for state, hours in ((COMPLETED, settings.retain_completed_hours), (DEAD, settings.retain_dead_hours)):
            if hours is None:
                continue
            for count in prune(self._store, state, self._clock.wall() - int(hours * HOUR)):
                total += count
                yield count
        yield from self._forget(total)

    def _forget(self, pruned: int) -> Iterator[int]:
        now = self._clock.wall()
        if pruned:
            with self._store.writing():
                self._store.contexts.prune()
                self._store.events.add("pruned", actor=self._log.speaker, now=now, detail=jobs_text(pruned))
            self._log.say(f"pruned {jobs_text(pruned)}")
        while self._store.events.has_before(now - KEPT_EVENTS_MS):
            with self._store.writing():
                self._store.events.prune(now - KEPT_EVENTS_MS, PRUNE_AT_ONCE)
            yield 0
        for table in (self._store.stats, self._store.timings, self._store.backlog):
            yield from _forget_minutes(self._store, table, now - KEPT_MINUTES_MS)
        yield from vacuum(self._store)


def prune(store: Store, state: str, before: int) -> Iterator[int]:
    """Delete jobs that reached a final state before an instant, in small transactions; yield how many each time."""
    while True:
        with store.writing():
            pruned = store.jobs.prune(state, before, PRUNE_AT_ONCE)
        if pruned:
            yield pruned
        if pruned < PRUNE_AT_ONCE:
            return
        _rest(store)


def _forget_minutes(store: Store, table: Stats | Timings | Backlog, before: int) -> Iterator[int]:
    """Delete what was added up before an instant, in small transactions."""
    while table.has_before(before):
        with store.writing():
            table.prune(before)
        yield 0


def vacuum(store: Store) -> Iterator[int]:
    """Give free pages back to the file system, if there are many, in small transactions."""
    pages, free = store.database.pages()
    if free < SPARE_PAGES or free * SPARE_SHARE < pages:
        return
    while free > 0:
        before = free
        with store.writing():
            store.database.shrink()
        pages, free = store.database.pages()
        if free >= before:
            return  # A home of an older version, whose file cannot shrink.
        _rest(store)
        yield 0
    store.checkpoint()


def _rest(store: Store) -> None:
    """Between two transactions: let others in, and keep the log short."""
    store.database.give_way()
    if store.database.wal_bytes() > WAL_BYTES:
        store.checkpoint()
