"""The scheduler of a home, for when no workers run all the time."""

from __future__ import annotations

from ..model.worker import ALL
from .daemons.daemon import SCHEDULER, Place
from .daemons.groups import demand_room


class Scheduler(Place):
    """The scheduler of an open home.

    To start or to be it, `interval` is the longest time between two checks, in seconds, by default the setting
    `scheduler_interval`; `workers` the most that automatic mode may start, None for manual mode.
    """

    daemon = SCHEDULER

    def start(self, *, interval: float | None = None, workers: int | None = None) -> None:
        """Start one in the background; return once it is up.

        Raises Conflict, DaemonUnavailable, InvalidInput beyond `max_workers`.
        """
        self._demand_room(workers)
        automatic = [] if workers is None else ["--auto", "--workers", str(workers)]
        SCHEDULER.start(self._opened, [*([] if interval is None else ["--interval", f"{interval:g}"]), *automatic])

    def _demand_room(self, workers: int | None) -> None:
        if workers is not None:
            demand_room(self._opened.settings(), {ALL: workers}, "workers")

    def run(self, *, interval: float | None = None, workers: int | None = None, ready_fd: int | None = None) -> None:
        """Be the scheduler until told to stop.

        Whoever waits at the descriptor `ready_fd` learns that it is up, or why it is not. Raises Conflict if one runs,
        InvalidInput beyond `max_workers`, StoreUnavailable.
        """
        from .daemons.launch import reporting
        from .scheduler_daemon import SchedulerDaemon

        with reporting(ready_fd) as start:
            self._demand_room(workers)
            seconds = self._opened.settings().scheduler_interval / 1000 if interval is None else interval
            home, clock = self._opened.home, self._opened.clock
            self._opened.close()
            SchedulerDaemon(home, interval=seconds, workers=workers, clock=clock, on_ready=start.succeed).run()
