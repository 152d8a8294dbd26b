"""The facts of a home with what is worked out from them: for `status` and `metrics`. The nouns say what is shown."""

from __future__ import annotations

from ...model.alert import Alert
from ...model.cached import cached_property
from ...model.job import PROCESSING
from ...model.lane import Pause
from ...model.numbers import histograms, share, success_rate
from ...model.when import DAY
from ..home.opened import OpenHome
from . import alerts
from .facts import Facts

SAMPLE, OUTCOMES = 10_000, 20
PERCENTILES = (50, 90, 95, 99)


class Status(Facts):
    """The facts, how long attempts take, and what needs attention."""

    @cached_property
    def average_duration(self) -> int | None:
        """How long the attempts of the last day ran on average, in milliseconds; None if there were none."""
        return self.store.timings.average(self.now - DAY)

    @cached_property
    def alerts(self) -> list[Alert]:
        """All alerts, the worst first."""
        return alerts.found(self, alerts.RULES)

    @property
    def pauses(self) -> list[Pause]:
        """The pauses, that of the home first."""
        return [Pause.of_lane(lane) for lane in map(self.paused_lane, sorted(self.lanes)) if lane is not None]

    @property
    def worker_alerts(self) -> list[Alert]:
        """The alerts that are about the workers that run or ran."""
        return alerts.found(self, alerts.OF_WORKERS)


class Metrics(Facts):
    """The facts, and times, rates and shares. Times are in milliseconds, of the attempts of the last day."""

    def __init__(self, opened: OpenHome) -> None:
        super().__init__(opened)
        stats, yesterday = self.store.stats, self.now - DAY
        run, wait = histograms(self.store.timings.series(yesterday))
        self.timed_attempts = run.count
        self.run_time, self.wait_time = run.spread(PERCENTILES), wait.spread(PERCENTILES)
        self.outcomes = self.store.recent.outcomes(SAMPLE, OUTCOMES)
        self.attempts = stats.totals(0)
        self.success_rate, self.success_rate_day = map(success_rate, (self.attempts, stats.totals(yesterday)))
        self.utilization = share(self.jobs[PROCESSING], self.workers["total"])
        busy = [worker.busy for worker in self.alive if worker.busy is not None]
        self.utilization_since_start = round(sum(busy) / len(busy), 3) if busy else None
