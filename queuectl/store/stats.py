"""What happened, added up: per-minute rollups, and samples of run and wait times.

The rollup is written by the transaction that finishes an attempt, so that charts outlive retention.
"""
from __future__ import annotations

from ..model.job import COMPLETED, DEAD, FAILED, PENDING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from .counts import Counts
    from .database import Database
    from .sqlite import Row

ROLL_UP = """
INSERT INTO rollups (minute, queue, finished, failed, dead, run_time, wait_time) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (minute, queue) DO UPDATE SET finished = finished + excluded.finished, failed = failed + excluded.failed,
    dead = dead + excluded.dead, run_time = run_time + excluded.run_time, wait_time = wait_time + excluded.wait_time
"""
TOTALS = """
SELECT coalesce(sum(finished), 0) AS finished, coalesce(sum(failed), 0) AS failed, coalesce(sum(dead), 0) AS dead,
       coalesce(sum(run_time), 0) AS run_time, coalesce(sum(wait_time), 0) AS wait_time
FROM rollups WHERE minute >= ?
"""
PER_MINUTE = """
SELECT minute, sum(finished), sum(failed), sum(dead) FROM rollups WHERE minute >= ? GROUP BY minute ORDER BY minute
"""
HAS_BEFORE = "SELECT min(minute) FROM rollups"
PRUNE = "DELETE FROM rollups WHERE minute < ?"
TIMES = """
SELECT duration, wait_time FROM attempts WHERE outcome IN ('exited', 'signalled', 'timed_out') AND duration IS NOT NULL
ORDER BY id DESC LIMIT ?
"""
# The first job of the next lower priority: the index skips from lane to lane.
NEXT_LANE = """
SELECT priority, run_at FROM jobs WHERE state = 'pending' AND queue = ? AND priority < ?
ORDER BY priority DESC, run_at LIMIT 1
"""
ABOVE_ALL = 1 << 31
MINUTE_MS = 60_000


class Stats:
    """Rollups and samples."""

    def __init__(self, database: Database, counts: Counts) -> None:
        self._database = database
        self._counts = counts

    def count_attempt(self, queue: str, state: str, *, run_time: int, wait_time: int, now: int) -> None:
        """Add an attempt that led to `state` to its minute; times in milliseconds. In a transaction."""
        self._database.change(ROLL_UP, (now // MINUTE_MS, queue, int(state == COMPLETED), int(state == FAILED),
                                        int(state == DEAD), run_time, wait_time))

    def totals(self, since: int) -> Row:
        """Return the sums of all rollups from an instant on."""
        return self._database.rows(TOTALS, (since // MINUTE_MS,))[0]

    def per_minute(self, since: int) -> list[tuple[int, int, int, int]]:
        """Return (minute since 1970, finished, failed, dead) from an instant on, without idle minutes."""
        return [(row[0], row[1], row[2], row[3]) for row in self._database.rows(PER_MINUTE, (since // MINUTE_MS,))]

    def has_before(self, instant: int) -> bool:
        """Return whether there are rollups of before an instant."""
        first = self._database.value(HAS_BEFORE)
        return first is not None and first < instant // MINUTE_MS

    def prune(self, before: int) -> int:
        """Delete the rollups of before an instant; return how many. In a transaction."""
        return self._database.change(PRUNE, (before // MINUTE_MS,))

    def times(self, sample: int) -> list[tuple[int, int]]:
        """Return (run time, wait time) in milliseconds of the newest finished attempts."""
        return [(row[0], row[1]) for row in self._database.rows(TIMES, (sample,))]

    def oldest_pending(self) -> int | None:
        """Return since when the job that waits longest is due, None if none waits."""
        oldest = [run_at for queue in self._counts.queues_with(PENDING) for run_at in self._lanes(queue)]
        return min(oldest, default=None)

    def _lanes(self, queue: str) -> Iterator[int]:
        """Yield the earliest `run_at` of each priority of a queue's pending jobs."""
        lane = self._database.row(NEXT_LANE, (queue, ABOVE_ALL))
        while lane is not None:
            yield lane["run_at"]
            lane = self._database.row(NEXT_LANE, (queue, lane["priority"]))
