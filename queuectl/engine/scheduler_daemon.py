"""The scheduler as a process of its own, for homes where no workers run all the time.

The main thread handles signals, the doorbell and (in automatic mode) the workers; the scheduler thread, with a store of
its own, does what is due. The daemon holds the kernel lock on `run/scheduler.lock`, so a home has one at most.

The workers of automatic mode are the group of all queues; other groups are left alone. Each job that waits or runs
needs a worker, up to a maximum. Missing ones are started at once; as many stay as the last minute needed at most, down
to none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model.clock import Clock
from ..model.errors import QueueCTLError
from ..model.job import PROCESSING, jobs_text
from ..model.quantity import counted
from ..model.scheduler import AUTO, SchedulerRecord
from ..model.worker import ALL
from ..store import Home
from .clockwork.tick import ClockworkThread
from .daemons.daemon import SCHEDULER
from .daemons.instance import Instance
from .home.opened import OpenHome
from .machine.log import Log
from .workers import START_SECONDS, Workers

LOOK_SECONDS = 1.0
# How often the daemon writes down that it runs, and what it did: an idle home is silent.
HEARTBEAT_MS = 10_000
REPORT_MS = 1_000
IDLE_MS = 60_000
TRY_AGAIN_MS = 10_000


class SchedulerDaemon:
    """The scheduler of this process. Raises Conflict if the home has one already.

    `record` says how to run; in manual mode it only keeps the number of workers. `limits` are those of the workers that
    it starts (see `Workers.start`). `on_ready` is called after its first look.
    """

    def __init__(
        self,
        home: Home,
        record: SchedulerRecord,
        limits: Mapping[str, object] | None,
        *,
        clock: Clock,
        on_ready: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._on_ready: Callable[[], None] | None = on_ready
        self._opened = OpenHome(home, actor="scheduler", clock=clock)
        self._instance = Instance(SCHEDULER, self._opened)
        self._log, self._wakeup = self._instance.log, self._instance.wakeup
        self._instance.enter()
        assert record.interval is not None
        self._record = record
        self._scaler = None
        if record.mode == AUTO and record.workers is not None:
            self._scaler = AutoScaler(self._opened, record.workers, self._log, limits)
        self._thread = ClockworkThread(home, clock=clock, log=self._log, longest_wait=record.interval)
        self._written_at = -HEARTBEAT_MS

    def run(self) -> None:
        """Do what is due until a signal stops it."""
        self._log.say(f"started, mode {self._record.mode}, checks at least every {self._record.interval:g} s")
        self._instance.note("scheduler started", f"mode {self._record.mode}")
        self._thread.start()
        try:
            while not self._wakeup.stops:
                self.step()
        finally:
            self._close()

    def step(self) -> None:
        """Follow the thread and the backlog, and wait for something to happen."""
        self._instance.step()
        if self._wakeup.stops:
            return
        self._thread = self._thread.revived()
        if self._on_ready is not None and self._thread.error is not None:
            raise self._thread.error
        try:
            if self._scaler is not None:
                self._scaler.step()
            self._report()
        except (QueueCTLError, OSError) as error:
            # The system may lack descriptors for now, say: the next look tries again.
            self._log.complain(str(error))
        if self._on_ready is not None and self._thread.ticked_at is not None:
            self._on_ready()
            self._on_ready = None
        self._wakeup.rung = False
        self._wakeup.wait(LOOK_SECONDS if self._on_ready is None else LOOK_SECONDS / 50)
        if self._wakeup.rung:
            self._thread.poke()

    def _report(self) -> None:
        """Write down for `scheduler status` what was done, at most once in REPORT_MS, or HEARTBEAT_MS without news."""
        now = self._clock.monotonic()
        has_started = self._scaler is not None and self._scaler.has_started
        is_news = (self._thread.totals, has_started) != (self._record.totals, self._record.has_started)
        pause = REPORT_MS if is_news else HEARTBEAT_MS
        if self._thread.ticked_at is None or now - self._written_at < pause:
            return
        self._written_at = now
        self._record.has_started = has_started
        self._record.ticked_at, self._record.totals = self._thread.ticked_at, self._thread.totals
        with self._opened.store.writing():
            self._opened.store.meta.set_scheduler(self._record)

    def _close(self) -> None:
        self._thread.stop()
        try:
            self._written_at = -HEARTBEAT_MS
            self._report()
        except (QueueCTLError, OSError) as error:
            self._log.complain(str(error))
        self._instance.leave("scheduler stopped", f"mode {self._record.mode}")
        self._opened.close()
        self._instance.close()


class AutoScaler:
    """Follows the backlog of a home with up to `most` workers, which it starts with `limits` (see `Workers.start`)."""

    def __init__(self, opened: OpenHome, most: int, log: Log, limits: Mapping[str, object] | None = None) -> None:
        self.has_started = False  # whether the workers that run were started here
        self._opened = opened
        self._workers = Workers(opened)
        self._most = most
        self._limits = limits
        self._log = log
        self._peak = 0  # the most workers that were needed since
        self._since = opened.clock.monotonic()
        self._wait_until = 0

    def step(self) -> None:
        """Start, scale or stop workers, if the backlog asks for that. Raises StoreUnavailable."""
        now = self._opened.clock.monotonic()
        if now < self._wait_until:
            return
        store = self._opened.store
        work = store.lanes.startable(self._opened.clock.wall()) + store.counts.by_state().get(PROCESSING, 0)
        running = self.running()
        self.has_started = self.has_started and running > 0
        # Other groups take their share of the workers that are allowed.
        others = sum(count for group, count in self._workers.groups().items() if group != ALL)
        room = max(0, self._opened.settings().max_workers - others) if others else self._most
        wanted = min(self._most, work, room)
        self._peak = max(self._peak, wanted)
        if wanted > running:
            self._change(running, wanted, f"{jobs_text(work)} to run")
        elif now - self._since < IDLE_MS:
            return
        elif self._peak < running:
            few = f"at most {self._peak} needed during the last minute"
            self._change(running, self._peak, few if self._peak else "nothing to run for a minute")
        self._since, self._peak = now, wanted

    def running(self) -> int:
        """Return how many workers for all queues the running pool should have."""
        return self._workers.groups().get(ALL, 0)

    def _change(self, running: int, wanted: int, reason: str) -> None:
        self._log.say(f"workers: {running} -> {wanted}, {reason}")
        now = self._opened.clock.wall()
        try:
            if not wanted:
                self._workers.stop(ALL)
            elif running:
                self._workers.scale(ALL, wanted)
            else:
                self._workers.start(ALL, wanted, patience=START_SECONDS, limits=self._limits)
                self.has_started = True
        except QueueCTLError as error:
            self._log.say(f"workers: stay at {running}: {error}")
            self._wait_until = self._opened.clock.monotonic() + TRY_AGAIN_MS
            return
        with self._opened.store.writing():
            self._opened.note("scaled", f"{running} -> {counted(wanted, 'worker')}, {reason}", now=now)
