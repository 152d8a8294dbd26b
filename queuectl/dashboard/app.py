"""What the handlers of one dashboard share: the queue, the clock, what is allowed."""

from __future__ import annotations

from .. import __version__
from ..engine.dashboard import started_in
from ..engine.queue import Queue
from ..model.clock import SYSTEM_CLOCK, Clock
from .health import Health


class App:
    """One dashboard. Its handlers run in many threads; `queue` gives each thread a store of its own.

    A thread that ends must call `queue.leave()`.
    """

    def __init__(self, home: str, *, read_only: bool = False, clock: Clock = SYSTEM_CLOCK) -> None:
        self.directory = started_in()
        self.queue = Queue(home, actor="web", clock=clock, cwd=self.directory)
        # The dashboard was started by somebody, and is used by somebody else.
        self.queue.is_caller = False
        self.read_only = read_only
        self.clock = clock
        self.version = __version__
        self.totals = self.queue.charts.totals()
        self.health = Health(self.queue)
        self.started_at = clock.wall()
