"""Once a minute: rotate logs, delete old jobs, output and events, and return their space to the disk.

All of it goes in small transactions and short steps: a tick does at most a tenth of a second of it, so
that nothing that is due waits for it.

SQLite searches its whole list of free pages for each one that it gives back: with a gigabyte of them, a thousand pages
take seconds. So where much is deleted, room is given back along with it, while the list is short.

For retention that time counts in which a pool or a scheduler ran, so that nobody returns to an empty list.

    seen                        now
      |-- nobody looked --------|      more than a quarter of an hour: this time does not count

The housekeeper looks each minute and writes down every five minutes that it has. A machine that was off or asleep
leaves a gap then; so does a clock that is set forward. When the clock is set back, what the gaps say of the future
is forgotten. The first time, the last sync of a scheduler stands for the last look.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from ...model.job import COMPLETED, DEAD, jobs_text
from ...model.quantity import size_text
from ...model.when import DAY, HOUR, MINUTE
from ...store import Store
from ...store.home import LOGS
from ...store.lockfile import LockFile
from ..home.clockwatch import is_unsettled
from ..home.opened import load_settings
from ..machine.log import Log, rotate
from .sender import forget_events

INTERVAL_MS = 60_000
STEP_MS = 100
VACUUM_MS = 10_000
PRUNE_AT_ONCE = 200
KEPT_EVENTS_MS = 30 * DAY
KEPT_MINUTES_MS = 90 * DAY
# The record names at most this many of the jobs that were pruned together.
MOST_IDS = 100
WRITTEN_EACH_MS = 5 * MINUTE
LONGEST_PAUSE_MS = 15 * MINUTE
REMEMBERED = 256
COUNTED_AT_ONCE = 20_000
JOBS_AT_ONCE = 200
# A file that has grown by so much is checked before its time: this, and an eighth of the ceiling.
FAST_GROWTH = 64 << 20
FAST_SHARE = 8
BEGINNING = (0, 0)
# Room worth giving back, in pages: 4 MiB and a quarter of the file. Freed pages are reused anyway.
SPARE_PAGES = 4096
SPARE_SHARE = 4
WAL_BYTES = 4 * 1024 * 1024
# Bytes of output in one transaction; each job counts for at least a hundredth of them.
REMOVED_AT_ONCE = 1 << 19
LEAST = REMOVED_AT_ONCE // 100


class Housekeeping:
    """The work that is enough once a minute, one step at a time."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store = store
        self._clock = store.clock
        self._log = log
        self._ceiling = Ceiling(store, log)
        self._due_at = store.clock.monotonic()
        self._work: Iterator[int] | None = None

    def step(self) -> tuple[int, float]:
        """Do a little if it is time; return how many jobs were pruned, and the seconds until the next step."""
        now = self._clock.monotonic()
        if self._work is None and now < self._due_at and not self._ceiling.is_urgent():
            return 0, (self._due_at - now) / 1000
        work = self._work or self._all()
        # An error ends the round; the next one starts over.
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
        for daemon in LOGS:
            rotate(self._store.home.daemon_log(daemon))
        settings = load_settings(self._store)
        yield from self._ceiling.keep(settings.output_total)
        if is_unsettled(self._store):
            return
        # The time in which nobody kept house does not count.
        now, gaps = self._clock.wall(), look(self._store, self._clock.wall())
        retentions = ((COMPLETED, settings.retain_completed_hours), (DEAD, settings.retain_dead_hours))
        spans = {state: int(hours * HOUR) for state, hours in retentions if hours is not None}
        befores = {state: counted_back(now, span, gaps) for state, span in spans.items()}
        yield from prune(self._store, befores, self._note)
        yield from self._forget()

    def _note(self, pruned: str) -> None:
        self._store.events.add("pruned", actor=self._log.speaker, now=self._clock.wall(), detail=pruned)
        self._log.say(f"pruned {pruned}")

    def _forget(self) -> Iterator[int]:
        now = self._clock.wall()
        while self._store.events.has_before(now - KEPT_EVENTS_MS):
            with self._store.writing():
                self._store.events.prune(now - KEPT_EVENTS_MS, PRUNE_AT_ONCE)
            yield 0
        for table in (self._store.stats, self._store.timings, self._store.backlog):
            while table.has_before(now - KEPT_MINUTES_MS):
                with self._store.writing():
                    table.prune(now - KEPT_MINUTES_MS)
                yield 0
        yield from forget_events(self._store, self._log)
        until = self._clock.monotonic() + VACUUM_MS
        for _ in vacuum(self._store):
            yield 0
            if self._clock.monotonic() >= until:
                return  # The next round goes on: what has to be deleted must not wait for it.


def prune(store: Store, befores: Mapping[str, int], note: Callable[[str], None]) -> Iterator[int]:
    """Delete jobs that reached a final state before its instant, then contexts that nothing has any more.

    It goes in small transactions; yields how many jobs each has deleted. `note` is given the jobs in words, in a
    transaction.
    """
    pruned = 0
    first: list[str] = []
    for state, before in befores.items():
        for ids in _prune(store, state, before):
            pruned += len(ids)
            first += ids[: MOST_IDS - len(first)]
            yield len(ids)
    if pruned:
        more = f" and {pruned - len(first)} more" if pruned > len(first) else ""
        with store.writing():
            note(f"{jobs_text(pruned)}: {', '.join(first)}{more}")
    elif not store.contexts.has_idle_stdin():
        return
    is_left = True
    while is_left:
        with store.writing():
            is_left = bool(store.contexts.prune())
        yield 0


def _prune(store: Store, state: str, before: int) -> Iterator[list[str]]:
    """Yield the ids that each transaction has deleted, none for one that has deleted output only."""
    share = store.search.count_ended_before([state], before) * SPARE_SHARE
    shrinks = share >= sum(store.counts.by_state().values()) and store.database.pages()[0] >= SPARE_PAGES
    while True:
        # Before the jobs: of some the output alone is too much for one transaction.
        numbers = store.jobs.with_output_before(state, before, PRUNE_AT_ONCE, now=store.clock.wall())
        for _ in clear(store, numbers, enough=None, shrinks=shrinks):
            yield []
        with store.writing():
            ids = store.jobs.prune(state, before, PRUNE_AT_ONCE, now=store.clock.wall())
            if shrinks:
                store.database.shrink()
        if ids:
            yield ids
        if len(ids) < PRUNE_AT_ONCE:
            return
        rest(store)


def look(store: Store, now: int) -> list[tuple[int, int]]:
    """Note that the housekeeper was there at this wall time; return the gaps.

    They are pairs of when a gap begins and ends, in order; none overlaps another. Several may look at once.
    """
    seen, gaps = store.meta.downtime()
    if seen is not None and abs(now - seen) < WRITTEN_EACH_MS:
        return gaps
    with store.writing():
        # Asked again: another may have noted the same gap meanwhile.
        seen, gaps = store.meta.downtime()
        gaps = gaps_after(gaps, (store.meta.synced_at() or None) if seen is None else seen, now)
        store.meta.set_downtime(now, gaps)
    return gaps


def gaps_after(gaps: list[tuple[int, int]], seen: int | None, now: int) -> list[tuple[int, int]]:
    """Return the gaps as they are after a look at `now`, when the one before was at `seen`."""
    if seen is None:
        return gaps
    if now < seen:
        return [(start, min(end, now)) for start, end in gaps if start < now]
    if now - seen <= LONGEST_PAUSE_MS:
        return gaps
    gaps = [*gaps, (seen, now)]
    if len(gaps) > REMEMBERED:
        # The time between the oldest two becomes a gap too: it is better to keep something for too long.
        gaps[:2] = [(gaps[0][0], gaps[1][1])]
    return gaps


def counted_back(now: int, span: int, gaps: Sequence[tuple[int, int]]) -> int:
    """Return the instant before `now` since when `span` milliseconds have counted."""
    at = now
    for start, end in reversed(gaps):
        counted = max(0, at - end)
        if counted >= span:
            break
        span -= counted
        at = start
    return at - span


class Ceiling:
    """Keeps the output of a home below its ceiling: beyond it, the oldest of finished jobs is removed; the jobs stay.

    The file is never smaller than the output in it, so most rounds end after one look at its size. Only beyond the
    ceiling is the output itself added up, in short steps. Jobs that run or wait keep all of their output. If there are
    several at once, only one works.
    """

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
        # Whether there will be enough to give back.
        pages, used = self._store.database.pages()[0], self._store.database.used_bytes()
        shrinks = pages >= SPARE_PAGES and (used - excess) * SPARE_SHARE < used * (SPARE_SHARE - 1)
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


def clear(store: Store, numbers: Sequence[int], *, enough: int | None, shrinks: bool) -> Iterator[tuple[int, int]]:
    """Remove the output of finished jobs, one after another, until `enough` bytes are gone, None for all of it.

    The last job loses all of its output too. `shrinks` gives the room back at once. Yields after each transaction how
    many bytes it has removed, and how many jobs have no output left since.
    """
    removed, at, is_done = 0, 0, True
    while at < len(numbers) and (enough is None or removed < enough or not is_done):
        before, room, jobs = removed, REMOVED_AT_ONCE, 0
        with store.writing():
            while at < len(numbers) and room > 0 and (enough is None or removed < enough or not is_done):
                size, is_done = store.output.remove(numbers[at], room)
                removed, room = removed + size, room - max(size, LEAST)
                at, jobs = at + is_done, jobs + (is_done and size > 0)
            if shrinks:
                store.database.shrink()
        rest(store)
        yield removed - before, jobs


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
        rest(store)
        yield 0
    store.checkpoint()


def rest(store: Store) -> None:
    """Between two transactions: let others in, and keep the log short."""
    store.database.give_way()
    if store.database.wal_bytes() > WAL_BYTES:
        store.checkpoint()
