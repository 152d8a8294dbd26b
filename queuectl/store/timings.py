"""How long attempts ran and waited: histograms that outlive the jobs, written by the transaction that ends an attempt.

A row covers five minutes, a queue and a pair of `model.histogram`'s buckets. Five minutes and pairs keep the table
small. Sum, shortest and longest beside the number of attempts make averages and ends exact, and percentiles nearly so.
"""

from __future__ import annotations

from ..model.histogram import bucket_of
from ..model.rollup import SLOT_MS, Timing
from .figures import END_OF_TIME, Figures

ADD = """
INSERT INTO timings (slot, queue, run, wait, attempts, run_time, wait_time, run_min, run_max, wait_min, wait_max)
VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?5, ?5, ?6, ?6)
ON CONFLICT (slot, queue, run, wait) DO UPDATE SET attempts = attempts + 1, run_time = run_time + excluded.run_time,
    wait_time = wait_time + excluded.wait_time, run_min = min(run_min, excluded.run_min),
    run_max = max(run_max, excluded.run_max), wait_min = min(wait_min, excluded.wait_min),
    wait_max = max(wait_max, excluded.wait_max)
"""
SUMS = "sum(attempts) AS attempts, sum(run_time) AS run_time, sum(wait_time) AS wait_time"
# Rows of an older version lack them; then those of the whole are unknown too.
ENDS = ", ".join(
    f"CASE WHEN count({end}_{which}) = count(*) THEN {which}({end}_{which}) END AS {end}_{which}"
    for end in ("run", "wait")
    for which in ("min", "max")
)
SERIES = f"""
SELECT slot / ? AS bucket, queue, run, wait, {SUMS}, {ENDS} FROM timings WHERE slot >= ? AND slot < ?
GROUP BY bucket, queue, run, wait
"""
AVERAGE = "SELECT sum(run_time), sum(attempts) FROM timings WHERE slot >= ?"


class Timings(Figures):
    NAME = "timings"
    LENGTH = SLOT_MS
    # Three hours: about as many rows as there are rollups in a day.
    AT_ONCE = 36

    def add(self, queue: str, *, run_time: int, wait_time: int, now: int) -> None:
        """Count an attempt that has ended; times in milliseconds. In a transaction."""
        buckets = (bucket_of(run_time), bucket_of(wait_time))
        self._database.change(ADD, (now // SLOT_MS, queue, *buckets, run_time, wait_time))

    def series(self, since: int, until: int = END_OF_TIME, step: int = END_OF_TIME) -> list[Timing]:
        """Return sums as `Stats.series` does, also per pair of buckets."""
        rows = self._database.rows(SERIES, (step // SLOT_MS, since // SLOT_MS, until // SLOT_MS))
        return [Timing.of(row) for row in rows]

    def average(self, since: int) -> int | None:
        """Return how long the attempts from an instant's slot on ran on average, in milliseconds; None without any."""
        run_time, attempts = self._database.rows(AVERAGE, (since // SLOT_MS,))[0]
        return round(run_time / attempts) if attempts else None
