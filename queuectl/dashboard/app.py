"""The state that the handlers of one dashboard share: the queue, the clock, whether it is read-only."""

from __future__ import annotations

from .. import __version__
from ..engine.dashboard import started_in
from ..engine.queue import Queue
from ..model.clock import SYSTEM_CLOCK, Clock
from .health import Health


class App:
    """One dashboard. Its handlers run in many threads; `queue` opens a store for each one until its `queue.leave()`."""

    def __init__(self, home: str, *, read_only: bool = False, clock: Clock = SYSTEM_CLOCK) -> None:
        self.directory = started_in()
        self.queue = Queue(home, actor="web", clock=clock, cwd=self.directory)
        # The user who started the dashboard may not be the one who uses it.
        self.queue.is_caller = False
        self.read_only = read_only
        self.clock = clock
        self.version = __version__
        self.totals = self.queue.charts.totals()
        self.health = Health(self.queue)
        self.started_at = clock.wall()
