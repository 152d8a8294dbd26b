"""The scheduler of a home, for when no workers run all the time."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.errors import InvalidInput
from ..model.scheduler import AUTO, MANUAL, SchedulerRecord
from ..model.worker import ALL
from .config import setting_text
from .daemons.daemon import SCHEDULER, Place
from .daemons.groups import demand_room


class Scheduler(Place):
    """The scheduler of an open home.

    For `start` and `run`, `interval` is the longest time between two checks, in seconds, by default the setting
    `scheduler_interval`; `workers` is the most that automatic mode may start, and `limits` are theirs (see
    `Workers.start`). Manual mode, without `auto`, keeps the number: automatic mode takes it by default, or else
    `worker_count`.
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
        most = self._most(workers, auto, limits)
        options = [] if interval is None else ["--interval", f"{interval:g}"]
        options += [] if most is None else ["--workers", str(most)]
        for name, value in (limits or {}).items():
            options += [f"--{name.replace('_', '-')}", str(setting_text(name, value)[1])]
        SCHEDULER.start(self._opened, [*options, *(["--auto"] if auto else [])])
        return most if auto else None

    def _most(self, workers: int | None, auto: bool, limits: Mapping[str, object] | None) -> int | None:
        """Return the number of workers to keep. Raises InvalidInput, also for limits of workers that nobody starts."""
        if workers is None and auto:
            record = self._opened.store.meta.scheduler()
            kept = record.workers if record.mode == MANUAL else None
            workers = self._opened.settings().worker_count if kept is None else kept
        if workers is not None:
            demand_room(self._opened.settings(), {ALL: workers}, "workers")
        if limits and not auto:
            name = next(iter(limits))
            hint = "for workers that you start: queuectl worker start --max-load L --min-memory SIZE"
            problem = f"{name} is for the workers that the scheduler starts with --auto"
            raise InvalidInput(problem, field=name, hint=hint)
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
        """Be the scheduler until a signal stops it.

        A process that waits at the descriptor `ready_fd` learns that it is up, or why it is not. Raises Conflict if one
        runs, InvalidInput beyond `max_workers`, StoreUnavailable.
        """
        from .daemons.launch import reporting
        from .scheduler_daemon import SchedulerDaemon

        with reporting(ready_fd, "scheduler") as start:
            most = self._most(workers, auto, limits)
            seconds = self._opened.settings().scheduler_interval / 1000 if interval is None else interval
            home, clock = self._opened.home, self._opened.clock
            self._opened.close()
            record = SchedulerRecord(AUTO if auto else MANUAL, most, seconds, clock.wall())
            SchedulerDaemon(home, record, limits, clock=clock, on_ready=start.succeed).run()

    @property
    def has_started_workers(self) -> bool:
        """Whether the last scheduler had started the workers for all queues that ran at its end."""
        return self._opened.store.meta.scheduler().has_started
