"""Workers that come and go with the backlog: the scheduler's automatic mode.

They are the group of all queues; other groups are left alone. Each job that waits or runs needs a worker, up to a
maximum. Missing ones are started at once; as many stay as the last minute needed at most, down to none.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model.errors import QueueCTLError
from ..model.job import PROCESSING, jobs_text
from ..model.quantity import counted
from ..model.worker import ALL
from .home.opened import OpenHome
from .machine.log import Log
from .workers import START_SECONDS, Workers

IDLE_MS = 60_000
TRY_AGAIN_MS = 10_000


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
