"""The scheduler of a home, for when no workers run all the time."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.errors import InvalidInput
from ..model.scheduler import MANUAL
from ..model.worker import ALL
from .config import setting_text
from .daemons.daemon import SCHEDULER, Place
from .daemons.groups import demand_room


class Scheduler(Place):
    """The scheduler of an open home.

    To start or to be it, `interval` is the longest time between two checks, in seconds, by default the setting
    `scheduler_interval`; `workers` the most that automatic mode may start, and `limits` those that they have (see
    `Workers.start`). In manual mode, without `auto`, the number is kept for an automatic mode that is started without
    one, which else is `worker_count`.
    """

    daemon = SCHEDULER

    def start(
        self,
        *,
        interval: float | None = None,
        workers: int | None = None,
        auto: bool = False,
        limits: Mapping[str, object] | None = None,
    ) -> int | None:
        """Start one in the background; return once it is up, with the most workers that it may start.

        None is manual mode. Raises Conflict, DaemonUnavailable, InvalidInput beyond `max_workers` and for
        limits without `auto`.
        """
        most = self._most(workers, auto)
        options = [] if interval is None else ["--interval", f"{interval:g}"]
        options += [] if most is None else ["--workers", str(most)]
        _demand_auto(limits, auto)
        for name, value in (limits or {}).items():
            options += [f"--{name.replace('_', '-')}", str(setting_text(name, value)[1])]
        SCHEDULER.start(self._opened, [*options, *(["--auto"] if auto else [])])
        return most if auto else None

    def _most(self, workers: int | None, auto: bool) -> int | None:
        if workers is None and auto:
            record = self._opened.store.meta.scheduler()
            kept = record.workers if record.mode == MANUAL else None
            workers = self._opened.settings().worker_count if kept is None else kept
        if workers is not None:
            demand_room(self._opened.settings(), {ALL: workers}, "workers")
        return workers

    def run(
        self,
        *,
        interval: float | None = None,
        workers: int | None = None,
        auto: bool = False,
        limits: Mapping[str, object] | None = None,
        ready_fd: int | None = None,
    ) -> None:
        """Be the scheduler until told to stop.

        A process that waits at the descriptor `ready_fd` learns that it is up, or why it is not. Raises Conflict if one
        runs, InvalidInput beyond `max_workers`, StoreUnavailable.
        """
        from .daemons.launch import reporting
        from .scheduler_daemon import SchedulerDaemon

        with reporting(ready_fd, "scheduler") as start:
            most = self._most(workers, auto)
            _demand_auto(limits, auto)
            seconds = self._opened.settings().scheduler_interval / 1000 if interval is None else interval
            home, clock = self._opened.home, self._opened.clock
            self._opened.close()
            SchedulerDaemon(
                home,
                interval=seconds,
                workers=most,
                is_auto=auto,
                clock=clock,
                on_ready=start.succeed,
                limits=limits,
            ).run()

    @property
    def has_started_workers(self) -> bool:
        """Whether the scheduler that ran last had started the workers for all queues that were there at its end."""
        return self._opened.store.meta.scheduler().has_started


def _demand_auto(limits: Mapping[str, object] | None, auto: bool) -> None:
    """Raise InvalidInput for limits of workers that nobody would start."""
    if limits and not auto:
        name = next(iter(limits))
        raise InvalidInput(
            f"{name} is for the workers that the scheduler starts with --auto",
            field=name,
            hint="for workers that you start: queuectl worker start --max-load L --min-memory SIZE",
        )
