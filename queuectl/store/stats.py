"""What happened, added up by the minute, and since when jobs wait.

The rollups and `timings` are written by the transaction that finishes an attempt, so that charts outlive retention.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.job import COMPLETED, DEAD, FAILED, PENDING, waits_since
from ..model.rollup import Rollup
from ..model.when import MINUTE
from .figures import END_OF_TIME, Figures
from .schema import CLAIMABLE
from .timings import Timings

ROLL_UP = """
INSERT INTO rollups (minute, queue, finished, failed, dead, run_time, wait_time) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (minute, queue) DO UPDATE SET finished = finished + excluded.finished, failed = failed + excluded.failed,
    dead = dead + excluded.dead, run_time = run_time + excluded.run_time, wait_time = wait_time + excluded.wait_time
"""
SUMMED = ("finished", "failed", "dead", "run_time", "wait_time")
SUMS = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in SUMMED)
TOTALS = f"SELECT 0 AS bucket, '' AS queue, {SUMS} FROM rollups WHERE minute >= ?"
PER_MINUTE = """
SELECT minute, sum(finished), sum(failed), sum(dead) FROM rollups WHERE minute >= ? GROUP BY minute ORDER BY minute
"""
SERIES = f"""
SELECT minute / ? AS bucket, queue, {SUMS} FROM rollups WHERE minute >= ? AND minute < ? GROUP BY bucket, queue
"""
# The first job of the next lower priority: the index skips from priority to priority.
NEXT_PRIORITY = f"""
SELECT priority, run_at, created_at FROM jobs WHERE {CLAIMABLE} AND queue = ? AND priority < ?
ORDER BY priority DESC, run_at LIMIT 1
"""
ABOVE_ALL = 1 << 31
# In the order of run_at. A job whose time was over when it was added is before those that wait longer.
FIRST_OF_PRIORITY = f"""
SELECT run_at, created_at FROM jobs INDEXED BY jobs_claimable WHERE {CLAIMABLE} AND queue = ? AND priority = ?
ORDER BY run_at LIMIT ?
"""
ROWS_READ = 1_000


class Stats(Figures):
    NAME = "rollups"

    def count_attempt(self, queue: str, state: str, *, run_time: int | None, wait_time: int, now: int) -> None:
        """Add an attempt that led to `state` to its minute and to the timings; times in ms. In a transaction."""
        counts = (int(state == COMPLETED), int(state == FAILED), int(state == DEAD))
        self._database.change(ROLL_UP, (now // MINUTE, queue, *counts, run_time or 0, wait_time))
        # An attempt of unknown duration is left out of the timings.
        if run_time is not None:
            Timings(*self._shared).add(queue, run_time=run_time, wait_time=wait_time, now=now)

    def totals(self, since: int) -> Rollup:
        """Return the sums of all rollups from an instant on."""
        return Rollup.of(self._database.rows(TOTALS, (since // MINUTE,))[0])

    def per_minute(self, since: int) -> dict[int, tuple[int, int, int]]:
        """Return {minute since 1970: (finished, failed, dead)} from an instant on, without idle minutes."""
        return {row[0]: (row[1], row[2], row[3]) for row in self._database.rows(PER_MINUTE, (since // MINUTE,))}

    def series(self, since: int, until: int = END_OF_TIME, step: int = END_OF_TIME) -> list[Rollup]:
        """Return sums per queue and `step` (in ms, numbered since 1970) from `since` to before `until`, if not idle."""
        rows = self._database.rows(SERIES, (step // MINUTE, since // MINUTE, until // MINUTE))
        return [Rollup.of(row) for row in rows]

    def oldest_pending(self, queue: str | None = None) -> int | None:
        """Return since when the oldest waiting job waits, of one queue or all; None if none waits."""
        queues = self._counts.queues_with(PENDING) if queue is None else [queue]
        return min((since for name in queues for since in self._since(name)), default=None)

    def _since(self, queue: str) -> Iterator[int]:
        """Yield for each priority of a queue since when its oldest pending job waits."""
        found = self._database.row(NEXT_PRIORITY, (queue, ABOVE_ALL))
        while found is not None:
            first = waits_since(found["created_at"], found["run_at"])
            if first != found["run_at"]:
                # Its time was over when it was added: then another may wait longer.
                rows = self._database.rows(FIRST_OF_PRIORITY, (queue, found["priority"], ROWS_READ))
                first = min(waits_since(row["created_at"], row["run_at"]) for row in rows)
            yield first
            found = self._database.row(NEXT_PRIORITY, (queue, found["priority"]))
