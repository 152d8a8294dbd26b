"""The facts of a home with what is worked out from them: for `status` and `metrics`. The nouns say what is shown."""

from __future__ import annotations

from functools import cached_property

from ...model.figures import histograms, mean, share, success_rate
from ...model.job import PROCESSING
from ...model.when import DAY
from . import alerts
from .facts import Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.alert import Alert
    from ...model.histogram import Histogram
    from ...model.rollup import Rollup
    from ...model.run import OutcomeCount

SAMPLE, OUTCOMES = 10_000, 20
PERCENTILES = (50, 90, 95, 99)


class Status(Facts):
    """The facts, and what needs attention."""

    @cached_property
    def alerts(self) -> list[Alert]:
        """All alerts, the worst first."""
        return alerts.found(self, alerts.RULES)

    @property
    def worker_alerts(self) -> list[Alert]:
        """The alerts that are about the workers that run or ran."""
        return alerts.found(self, alerts.OF_WORKERS)


class Metrics(Facts):
    """The facts, times and rates. Times are in milliseconds, of the attempts of the last day."""

    @cached_property
    def _times(self) -> tuple[Histogram, Histogram]:
        return histograms(self.store.timings.totals(self.now - DAY))

    @property
    def timed_attempts(self) -> int:
        """How many attempts of the last day the times are of."""
        return self._times[0].count

    @property
    def run_time(self) -> dict[str, int] | None:
        """How long attempts ran."""
        return self._times[0].spread(PERCENTILES)

    @property
    def wait_time(self) -> dict[str, int] | None:
        """How long jobs had waited."""
        return self._times[1].spread(PERCENTILES)

    @property
    def outcomes(self) -> list[OutcomeCount]:
        """How the newest attempts ended, the most frequent first."""
        return self.store.recent.outcomes(SAMPLE, OUTCOMES)

    @cached_property
    def attempts(self) -> Rollup:
        """How all attempts ended, as far back as is known."""
        return self.store.stats.totals(0)

    @property
    def success_rate(self) -> float | None:
        """The share of jobs that ended well."""
        return success_rate(self.attempts)

    @property
    def success_rate_day(self) -> float | None:
        """The same of the last day."""
        return success_rate(self.store.stats.totals(self.now - DAY))

    @property
    def utilization(self) -> float | None:
        """How many of the workers run a job."""
        return share(self.jobs[PROCESSING], self.workers["total"])

    @property
    def utilization_since_start(self) -> float | None:
        """The share of their time in which they ran jobs, on average."""
        return mean([worker.busy for worker in self.alive if worker.busy is not None])
