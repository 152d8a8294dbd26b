"""The pool: one process per home and machine that starts, watches, replaces and stops the workers of all groups.

How many workers each group should have stands in the store; once no group is left, the pool ends with its last worker.
Whatever changes it rings the pool's bell. Workers are forked by the fork server, a process that has neither threads nor
a database connection. The pool's main thread looks after processes only; a scheduler thread with a store of its own
does what is due. The pool holds the kernel lock on `run/pool.lock` and is written down in the store.

First stop signal: no new jobs, current ones may finish within `shutdown_timeout`. Second, or SIGQUIT:
jobs are ended and go back to the queue. A pool that was outgrown because another version of QueueCTL was installed
or has upgraded the store starts no more workers: those that it has go on, and it ends with the last one.

A pool that drains stops when its queues are empty: none of their jobs runs, waits for a worker or for its next attempt,
or was snoozed. Other scheduled jobs, held jobs and jobs that wait for those do not keep it. Nor do jobs of a paused
queue, except those that run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from ... import __version__
from ...model.clock import Clock
from ...model.errors import QueueCTLError, StoreUnavailable
from ...model.job import DEAD, FAILED, PENDING, PROCESSING
from ...model.lane import is_queue_paused
from ...model.quantity import counted
from ...model.record import Record
from ...model.worker import ALL, queues_of, workers_text
from ...store import Home, Store
from ..clockwork.tick import ClockworkThread
from ..home.opened import OpenHome
from ..machine import process
from ..machine.identity import have_ended
from ..machine.wakeup import AT_ONCE, LOOK, NOT, ORDERLY
from ..work.recovery import Recovery
from .daemon import POOL
from .groups import longest_grace
from .instance import Instance
from .launch import installed_version
from .slots import Slots

LOOK_SECONDS = 1.0
TROUBLE_SECONDS = 0.2
FOLLOW_MS = 5_000
OVERTIME_MS = 10_000
LAST_BUDGET_SECONDS = 5.0
DEATH_MS = 10_000
LEFT = (PENDING, PROCESSING, FAILED)
MOST_DEAD = 10_000


class Pool:
    """The pool of this process. Raises Conflict if the home has one already.

    `groups` says how many workers to begin with in each, `on_ready` is called once all of them are up. One that
    `drains` stops when its queues are empty.
    """

    def __init__(
        self, home: Home, groups: Mapping[str, int], *, clock: Clock, on_ready: Callable[[], None], drains: bool = False
    ) -> None:
        self._opened = OpenHome(home, actor="pool", clock=clock)
        self._clock = clock
        self._on_ready = on_ready
        self._instance = Instance(POOL, self._opened)
        self._log, self._wakeup = self._instance.log, self._instance.wakeup
        self._groups = groups
        self._drains = drains
        # A wait for the store looks at the signals that the wakeup has seen.
        self._opened.give_up = lambda: self._wakeup.is_forced
        self._store = self._opened.store
        # A process that finds that we have entered may change the groups.
        self._instance.enter(lambda: self._store.meta.set_pool_groups(groups))
        self._settings = self._opened.settings()
        # The orphans of a killed worker's job fall to us where the fork server is gone too; a recovery finds them.
        process.become_subreaper()
        self._slots = Slots(self._opened, log=self._log, wakeup=self._wakeup)
        self._follow_at = clock.monotonic()
        self._ends_at = 0
        self._stop_by: int | None = None
        self._passed_on = NOT
        self._scheduler = ClockworkThread(home, clock=clock, log=self._log)

    def run(self) -> None:
        """Look after the workers until a signal stops it and the last one is gone."""
        self._scheduler.start()
        try:
            while self._wakeup.stops == NOT or len(self._slots):
                self.step()
        finally:
            self.close()

    def step(self) -> None:
        """Bury the dead, start or stop workers as needed, and wait for something to happen."""
        for part in (self._bury, self._look_around, self._follow, self._stop_all):
            self._endure(part)
        if len(self._slots) or not self._wakeup.stops:
            self._wait()

    def _endure(self, part: Callable[[], None]) -> None:
        """Do a part of a step, again soon if the system refuses something now, say for lack of descriptors."""
        try:
            part()
        except OSError as error:
            if not self._slots.is_ready and not self._wakeup.stops:
                raise
            self._log.complain(f"cannot look after the workers: {error.strerror or error}")
            # Events that could not be read would end the wait at once, again and again.
            self._clock.pause(TROUBLE_SECONDS)

    def _bury(self) -> None:
        if self._slots.bury():
            self._scheduler.poke()

    def _look_around(self) -> None:
        """See whether others still find us. What has changed for us may have changed for the workers, which rest."""
        changes = self._instance.presence.changes
        self._instance.step()
        if self._instance.presence.changes != changes:
            for worker in self._slots.workers():
                worker.send(LOOK)

    def _follow(self) -> None:
        if self._wakeup.stops:
            return
        if not self._slots.is_ready and self._scheduler.error is not None:
            raise self._scheduler.error
        self._scheduler = self._scheduler.revived()
        try:
            self._follow_target()
            self._announce()
            if self._drains and self._slots.is_ready and is_empty(self._store, self._groups, self._clock.wall()):
                self._log.say("nothing is left to do")
                self._wakeup.stop(ORDERLY)
        except StoreUnavailable as error:
            # The workers keep their jobs alive; we look again soon.
            self._log.complain(f"cannot use the store: {error}")

    def _follow_target(self) -> None:
        now = self._clock.monotonic()
        if now >= self._follow_at or self._wakeup.rung:
            self._follow_at = now + FOLLOW_MS
            groups = self._store.meta.pool_groups()
            self._slots.resize(groups)
            if not groups:
                self._log.say("all groups were stopped")
                self._wakeup.stop(ORDERLY)
            elif groups != self._groups:
                self._log.say(f"now {workers_text(groups)}")
                self._groups = groups
        due = self._slots.due()
        # If the home is gone, the presence says so soon; no worker could start in it.
        if not due or self._store.database.is_replaced():
            return
        outgrown = self._outgrown()
        if outgrown is None:
            self._slots.start(due)
            return
        self._log.complain(f"{outgrown}: no more workers are started; go on with: queuectl worker restart")
        self._slots.drop(due)
        if not len(self._slots):
            self._log.say("no worker is left, making room for the next pool")
            self._wakeup.stop(ORDERLY)

    def _outgrown(self) -> str | None:
        """Return why workers that were started now would not fit, None if they would."""
        if self._store.is_outgrown():
            return "a newer version of QueueCTL has upgraded the home"
        installed = installed_version()
        if installed in (None, __version__):
            return None
        return f"version {installed} of QueueCTL has been installed, this pool is of version {__version__}"

    def _announce(self) -> None:
        """Say that we are ready once every worker has registered."""
        if self._slots.is_ready:
            return
        registered = {row.pid for row in self._store.workers.all()}
        if all(pid in registered for pid in self._slots.pids()):
            self._slots.is_ready = True
            self._log.say(counted(len(self._slots), "worker is up", "workers are up"))
            self._on_ready()
            self._instance.note("workers started", workers_text(self._groups), LAST_BUDGET_SECONDS)

    def _stop_all(self) -> None:
        how = min(self._wakeup.stops, AT_ONCE)
        if how > self._passed_on:
            self._passed_on = how
            self._pass_on(forced=how == AT_ONCE)
        if self._stop_by is not None and self._clock.monotonic() >= self._stop_by:
            # A worker may have taken a more patient job just before the stop.
            self._grant(self._reload_patience())
            if self._clock.monotonic() >= self._stop_by:
                self._slots.kill()

    def _pass_on(self, *, forced: bool) -> None:
        """Tell the workers to stop. The store comes after that: it may have to wait for a slow disk."""
        for slot in self._slots:
            self._slots.dismiss(slot, forced=forced)
        self._log.say("stopping at once" if forced else "stopping, current jobs may finish")
        grace = self._reload_patience()
        self._ends_at = self._clock.monotonic() + (0 if forced else self._settings.shutdown_timeout)
        self._grant(grace)
        if forced:
            # It waits for the disk with each commit, and the workers, which have to record how their jobs end, for it.
            self._scheduler.stop()
        self._close_groups()

    def _grant(self, grace: int) -> None:
        """Give the workers' jobs this many milliseconds to end, from when they were asked."""
        self._stop_by = self._ends_at + grace + OVERTIME_MS

    def _close_groups(self) -> None:
        """Let nobody add workers to a pool that ends."""
        try:
            if self._store.meta.pool_groups():
                with self._last_store() as store, store.writing():
                    store.meta.set_pool_groups({})
        except StoreUnavailable as error:
            self._log.complain(f"cannot use the store: {error}")

    def _last_store(self) -> Store:
        """Return a store for our last writes. It waits for other writers, not for the disk: `leave` does, for all."""
        return Store(self._opened.home, create=False, durable=False, clock=self._clock, busy_budget=LAST_BUDGET_SECONDS)

    def _reload_patience(self) -> int:
        """Read the settings again, as workers do; return how many ms a job may go on after it was asked to end."""
        try:
            self._settings = self._opened.settings()
            return longest_grace(self._store, self._settings)
        except QueueCTLError as error:
            self._log.complain(str(error))
            return self._settings.kill_grace

    def _wait(self) -> None:
        now = self._clock.monotonic()
        # What is due already and could not be done has to wait for the next look.
        wakes = [at for at in (self._slots.next_start(), self._stop_by) if at is not None and at > now]
        seconds = min([LOOK_SECONDS, *((at - now) / 1000 for at in wakes)])
        self._wakeup.rung = False
        self._wakeup.wait(seconds)
        if self._wakeup.rung:
            self._scheduler.poke()

    def close(self) -> None:
        """End the workers that are left, and leave the place to another pool."""
        # A process that may not have ended yet must not prevent the rest.
        self._wakeup.stop(ORDERLY)
        self._endure(self._end_workers)
        self._scheduler.stop()
        self._recover()
        self._instance.leave("workers stopped", workers_text(self._groups), LAST_BUDGET_SECONDS)
        self._slots.close()
        self._opened.close()
        self._instance.close()

    def _end_workers(self) -> None:
        """Kill the workers that are left, of a pool that failed, and wait for that."""
        self._slots.kill()
        if not have_ended(self._slots.workers(), self._clock.monotonic() + DEATH_MS, self._clock):
            self._log.say("some workers cannot be ended")

    def _recover(self) -> None:
        """Recover what killed workers have left: nothing else would before the next pool."""
        try:
            with self._last_store() as store:
                Recovery(store, self._log).step()
        except (QueueCTLError, OSError) as error:
            self._log.complain(f"cannot recover: {error}")


class DrainEnd(Record):
    """How a drain ended: the ids of the jobs that died, oldest first, and how many jobs wait in `paused` queues."""

    is_empty: bool
    dead: list[str]
    paused: int


def is_empty(store: Store, groups: Collection[str], now: int) -> bool:
    """Return whether nothing is left to do for the workers of some groups. Raises StoreUnavailable."""
    lanes, snoozed = store.lanes.all(), store.jobs.snoozed_queues()
    for queue, counts in store.counts.by_queue().items():
        is_paused = is_queue_paused(lanes, queue, now)
        left = any(counts.get(state) for state in ((PROCESSING,) if is_paused else LEFT))
        if _takes(groups, queue) and (left or queue in snoozed and not is_paused):
            return False
    if store.links.has_follow_ups():
        return False
    # Due jobs are pending in a moment, whatever their queue.
    due_at = store.jobs.next_due()
    return due_at is None or due_at > now


def outcome(store: Store, groups: Collection[str], since: int, now: int) -> DrainEnd:
    """Return how a drain that began at `since` has ended; times in milliseconds. Raises StoreUnavailable."""
    numbers = [number for _, number in store.search.ended_since(DEAD, since, MOST_DEAD)]
    dead = [job.id for job in store.search.jobs(numbers) if _takes(groups, job.queue)]
    lanes, counts = store.lanes.all(), store.counts.by_queue()
    paused = [queue for queue in counts if _takes(groups, queue) and is_queue_paused(lanes, queue, now)]
    waiting = sum(counts[queue].get(state, 0) for queue in paused for state in (PENDING, FAILED))
    return DrainEnd(is_empty(store, groups, now), dead, waiting)


def _takes(groups: Collection[str], queue: str) -> bool:
    return any(group == ALL or queue in queues_of(group) for group in groups)
