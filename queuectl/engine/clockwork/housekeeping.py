"""Once a minute: rotate logs, delete old jobs, output and events, and return their space to the disk.

All of it goes in small transactions and short steps: a tick does at most a tenth of a second of it, so
that nothing that is due waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...model.job import COMPLETED, DEAD, jobs_text
from ...model.when import DAY, HOUR
from ...store import Store
from ...store.home import LOGS
from ..home.clockwatch import is_unsettled
from ..home.room import SPARE_PAGES, SPARE_SHARE, clear, rest, vacuum
from ..home.settings import load_settings
from ..machine.log import Log, rotate
from .ceiling import Ceiling
from .downtime import counted_back, look
from .sender import forget_events

INTERVAL_MS = 60_000
STEP_MS = 100
VACUUM_MS = 10_000
PRUNE_AT_ONCE = 200
KEPT_EVENTS_MS = 30 * DAY
KEPT_MINUTES_MS = 90 * DAY
# At most so many of the jobs that were pruned together are named in the record.
MOST_IDS = 100


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
        befores = {
            state: counted_back(now, int(hours * HOUR), gaps) for state, hours in retentions if hours is not None
        }
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
