"""The scheduler as a process of its own, for homes where no workers run all the time.

The main thread handles signals, the doorbell and (in automatic mode) the workers; the scheduler thread, with a store of
its own, does what is due. The daemon holds the kernel lock on `run/scheduler.lock`, so a home has one at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model.clock import Clock
from ..model.errors import QueueCTLError
from ..model.scheduler import AUTO, SchedulerRecord
from ..store import Home
from .autoscale import AutoScaler
from .clockwork.tick import ClockworkThread
from .daemons.daemon import SCHEDULER
from .daemons.instance import Instance
from .home.opened import OpenHome

LOOK_SECONDS = 1.0
# How often the daemon writes down that it runs, and what it did: an idle home is silent.
HEARTBEAT_MS = 10_000
REPORT_MS = 1_000


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
        self._log.say(f"started, mode {self._record.mode}, looking at least every {self._record.interval:g} s")
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
