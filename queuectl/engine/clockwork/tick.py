"""What must happen by itself: due jobs become claimable, recurring ones fire, lost ones are recovered, children learn
how their parents stand, how much waits is written down, pauses end, old jobs are pruned and their room is given back.

`tick` does all of it once and may run in several processes at the same time. `ClockworkThread` calls
it whenever something is due, at most its longest pause later, and at once when poked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial

from ...model.clock import Clock
from ...model.errors import InvalidInput, QueueCTLError
from ...model.job import PENDING, PROCESSING, jobs_text
from ...model.scheduler import TOTALS
from ...model.when import MINUTE
from ...store import Home, Store
from ..home import timezone
from ..home.clockwatch import ClockWatch, follow, set_by
from ..home.opened import load_settings
from ..machine.doorbell import SCHEDULER, WORKERS, ring
from ..machine.log import Log
from ..work import hooks
from ..work.hooks import tell_children
from ..work.recovery import Recovery
from .firing import MISSED, Firing
from .housekeeping import WAL_BYTES, Housekeeping
from .pauses import end_pauses
from .sender import SenderThread

LONGEST_WAIT_SECONDS = 1.0
AT_ONCE = 500
ZONES_MS = 60_000


class Clockwork:
    """Does what is due. It writes durably: each tick that follows others' commits brings them to the disk.

    `longest_wait` is how many seconds may pass between two ticks while no job runs; `totals` counts what
    was done since the start.
    """

    def __init__(self, store: Store, log: Log, longest_wait: float = LONGEST_WAIT_SECONDS) -> None:
        self.totals = dict.fromkeys(TOTALS, 0)
        self._store = store
        self._clock = store.clock
        self._log = log
        self._longest_wait = longest_wait
        self._clock_watch = ClockWatch(store)
        self._firing = Firing(store, log)
        self._recovery = Recovery(store, log)
        self._housekeeping = Housekeeping(store, log)
        self._seen = store.changes()
        self._zones_due = store.clock.monotonic()
        self._last_trouble: str | None = None

    def tick(self) -> float:
        """Do what is due; return how many seconds may pass until the next call. Raises StoreUnavailable."""
        jump = self._clock_watch.step()
        if jump:
            self._log.say(f"the clock was set {set_by(jump)}")
        expired, promoted = self._expire(), self._promote()
        now = self._clock.wall()
        self._compare_zones(now)
        resumed = end_pauses(self._store, now, self._log)
        fired = self._firing.step(now, f"the clock was set {set_by(jump)}" if jump > 0 else MISSED)
        recovered = self._recovery.step()
        cancelled = self._cancel_stopped()
        unblocked = tell_children(self._store)
        # A worker that found too many jobs that had expired waits for a bell.
        is_news = any((expired, promoted, resumed, fired, recovered, cancelled, unblocked))
        if is_news:
            ring(self._store.home, WORKERS)
            # In automatic mode the daemon starts workers for them.
            ring(self._store.home, SCHEDULER)
        # The log's file keeps its size when it is reused: without a change there is nothing to copy.
        has_written = self._sync() or is_news
        if has_written and self._store.database.wal_bytes() > WAL_BYTES:
            self._store.checkpoint()
        counts = self._store.counts.by_state()
        sample(self._store, counts)
        pruned, patience = self._housekeeping.step()
        for name, count in zip(TOTALS, (promoted, fired, recovered, pruned)):
            self.totals[name] += count
        return min(patience, self._patience(counts, now))

    def _compare_zones(self, now: int) -> None:
        """See that the home has a zone, and say once in the log that it is another than that of this process."""
        if self._clock.monotonic() < self._zones_due:
            return
        self._zones_due = self._clock.monotonic() + ZONES_MS
        try:
            timezone.adopt(self._store, actor=self._log.speaker, now=now)
        except InvalidInput as error:
            self._log.complain(str(error))
        trouble = timezone.trouble(self._store, now)
        if trouble is not None and trouble != self._last_trouble:
            self._log.say(trouble)
        self._last_trouble = trouble

    def _change_while(self, is_left: Callable[[], bool], change: Callable[[], int]) -> int:
        """Change jobs as long as some are left, each time in a transaction; return how many there were."""
        changed = 0
        while is_left():
            if changed:
                self._store.database.give_way()
            with self._store.writing():
                changed += change()
        return changed

    def _cancel(self, which: Callable[..., int]) -> int:
        """Cancel some of the jobs that `which` finds, with what follows; return how many. In a transaction."""
        # The clock may have been set since this tick began.
        follow(self._store)
        actor = self._log.speaker
        cancel = partial(hooks.cancel, self._store, settings=load_settings(self._store), actor=actor)
        return which(self._clock.wall(), AT_ONCE, actor=actor, cancel=cancel)

    def _expire(self) -> int:
        jobs = self._store.jobs
        return self._change_while(
            lambda: jobs.has_expired(self._clock.wall()), lambda: self._cancel(jobs.cancel_expired)
        )

    def _promote(self) -> int:
        jobs, clock = self._store.jobs, self._clock

        def is_due() -> bool:
            due = jobs.next_due()
            return due is not None and due <= clock.wall()

        return self._change_while(is_due, lambda: jobs.promote(clock.wall(), AT_ONCE))

    def _cancel_stopped(self) -> int:
        """Cancel the jobs that wait in batches that were stopped; return how many there were."""
        jobs = self._store.jobs
        cancelled = self._change_while(jobs.has_stopped, lambda: self._cancel(jobs.cancel_stopped))
        if cancelled:
            self._log.say(f"cancelled {jobs_text(cancelled)} of batches that were stopped")
        return cancelled

    def _sync(self) -> bool:
        """Bring what workers have committed without waiting for the disk to the disk; return whether there was any."""
        seen = self._store.changes()
        if seen == self._seen:
            return False
        with self._store.writing():
            self._store.meta.touch(self._clock.wall())
        self._seen = seen
        return True

    def _patience(self, counts: Mapping[str, int], fired_at: int) -> float:
        runs = bool(counts.get(PROCESSING))
        longest = min(self._longest_wait, LONGEST_WAIT_SECONDS) if runs else self._longest_wait
        dues = (self._store.next_due(fired_at), self._store.jobs.next_expiry(), self._store.lanes.next_end())
        due = min((at for at in dues if at is not None), default=None)
        if due is None:
            return longest
        # Each second, since the wall clock may be set meanwhile.
        return min(LONGEST_WAIT_SECONDS, longest, max(0, due - self._clock.wall()) / 1000)


class ClockworkThread(threading.Thread):
    """Ticks until it is stopped. A store that cannot be used is reported and tried again.

    `ticked_at` is the wall time of the last tick that went well, `error` why none has done so yet, `totals` what the
    ticks have done.
    """

    def __init__(self, home: Home, *, clock: Clock, log: Log, longest_wait: float = LONGEST_WAIT_SECONDS) -> None:
        super().__init__(name="scheduler", daemon=True)
        self.ticked_at: int | None = None
        self.error: QueueCTLError | OSError | None = None
        self.totals: dict[str, int] = {}
        self._home = home
        self._clock = clock
        self._log = log
        self._longest_wait = longest_wait
        self._poked = threading.Event()
        self._stopping = False
        self._sender = SenderThread(home, log)

    def poke(self) -> None:
        """Have it look at once."""
        self._poked.set()

    def revived(self) -> ClockworkThread:
        """Return this thread while it lives, else another that has been started in its place."""
        if self.is_alive():
            return self
        self._log.say("the scheduler thread has failed, starting another")
        another = type(self)(self._home, clock=self._clock, log=self._log, longest_wait=self._longest_wait)
        another.start()
        return another

    def stop(self) -> None:
        """End it and wait for that."""
        self._stopping = True
        self._sender.stop()
        self.poke()
        self.join()

    def run(self) -> None:
        """Tick until stopped."""
        store: Store | None = None
        scheduler: Clockwork | None = None
        while not self._stopping:
            patience = LONGEST_WAIT_SECONDS
            try:
                if store is None:
                    store = Store(self._home, create=False, clock=self._clock, give_up=lambda: self._stopping)
                if scheduler is None:
                    scheduler = Clockwork(store, self._log, self._longest_wait)
                patience = scheduler.tick()
                self.ticked_at, self.totals = self._clock.wall(), dict(scheduler.totals)
                self._sender.look(store)
            except (QueueCTLError, OSError) as error:
                self.error = error if self.ticked_at is None else None
                self._log.complain(f"scheduler: {error}")
            self._clock.wait(self._poked, patience)
            self._poked.clear()
        if store is not None:
            store.close()


def sample(store: Store, counts: Mapping[str, int]) -> None:
    """Take this minute's sample if it is needed and no other process was first. `counts` are of jobs by state."""
    now = store.clock.wall()
    pending, processing = counts.get(PENDING, 0), counts.get(PROCESSING, 0)
    last = store.backlog.last(now)
    # An idle home is not written to: after the last job one sample says that nothing is left, and that is all.
    is_taken = last is not None and last.minute == now // MINUTE
    was_idle = last is None or last.is_idle
    if is_taken or (was_idle and not pending and not processing):
        return
    oldest = store.stats.oldest_pending() if pending else None
    with store.writing():
        age = 0 if oldest is None else max(0, now - oldest)
        store.backlog.add(pending=pending, processing=processing, now=now, oldest_age=age)
