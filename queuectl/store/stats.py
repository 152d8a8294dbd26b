"""What happened, added up: per-minute rollups, and samples of run and wait times.

The rollup is written by the transaction that finishes an attempt, so that charts outlive retention; and
so are the histograms of `timings`.
"""

from __future__ import annotations

from ..model.job import COMPLETED, DEAD, FAILED, PENDING, waits_since
from ..model.when import MINUTE
from .timings import END_OF_TIME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Sequence

    from .counts import Counts
    from .database import Database
    from .sqlite import Row
    from .timings import Timings

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
PRUNE = "DELETE FROM rollups WHERE minute < ? AND minute < (SELECT min(minute) FROM rollups) + ?"
PRUNED_MINUTES = 1_440
TIMES = """
SELECT duration, wait_time FROM attempts WHERE outcome IN ('exited', 'signalled', 'timed_out') AND duration IS NOT NULL
ORDER BY id DESC LIMIT ?
"""
SERIES = """
SELECT minute / ? AS bucket, queue, sum(finished) AS finished, sum(failed) AS failed, sum(dead) AS dead,
       sum(run_time) AS run_time, sum(wait_time) AS wait_time
FROM rollups WHERE minute >= ? AND minute < ? GROUP BY bucket, queue
"""
QUEUE_TOTALS = """
SELECT queue, sum(finished) AS finished, sum(failed) AS failed, sum(dead) AS dead
FROM rollups WHERE minute >= ? AND minute < ? GROUP BY queue ORDER BY queue
"""
# Of the newest attempts only, each with its job: what follows looks at so many and no more.
RECENT = """
(SELECT id, job, attempt, outcome, duration, exit_code, signal, error, finished_at FROM attempts ORDER BY id DESC
 LIMIT ?) AS recent JOIN jobs ON jobs.number = recent.job
"""
BY_COMMAND = f"""
SELECT command, count(*) AS attempts, sum(recent.error IS NOT NULL) AS failed, avg(recent.duration) AS average,
       max(recent.duration) AS longest, max(recent.finished_at) AS last_at, max(jobs.number) AS example
FROM {RECENT} WHERE recent.finished_at IS NOT NULL GROUP BY command
"""
SLOWEST = BY_COMMAND + "HAVING average IS NOT NULL ORDER BY average DESC LIMIT ?"
MOST_FAILING = BY_COMMAND + "HAVING failed > 0 ORDER BY failed DESC, last_at DESC LIMIT ?"
RECENT_FAILURES = f"""
SELECT jobs.id AS id, number, command, state, attempt, recent.exit_code AS exit_code, recent.signal AS signal,
       recent.error AS error, recent.finished_at AS finished_at
FROM {RECENT} WHERE recent.error IS NOT NULL AND outcome NOT IN ('cancelled', 'released')
ORDER BY recent.id DESC LIMIT ?
"""
SAME_COMMAND = f"""
SELECT jobs.id AS id, number, state, attempt, outcome, recent.duration AS duration, recent.exit_code AS exit_code,
       recent.finished_at AS finished_at
FROM {RECENT} WHERE command = ? AND recent.finished_at IS NOT NULL ORDER BY recent.id DESC LIMIT ?
"""
DURATIONS = f"""
SELECT command, group_concat(recent.duration) AS durations FROM {RECENT}
WHERE command IN ({{}}) AND recent.duration IS NOT NULL GROUP BY command
"""
OUTCOMES = """
SELECT outcome, exit_code, signal, count(*) AS attempts
FROM (SELECT outcome, exit_code, signal FROM attempts ORDER BY id DESC LIMIT ?) WHERE outcome IS NOT NULL
GROUP BY outcome, exit_code, signal ORDER BY attempts DESC LIMIT ?
"""
# The first job of the next lower priority: the index skips from lane to lane.
NEXT_LANE = """
SELECT priority, run_at, created_at FROM jobs WHERE state = 'pending' AND queue = ? AND priority < ?
ORDER BY priority DESC, run_at LIMIT 1
"""
ABOVE_ALL = 1 << 31
# In the order of run_at. A job whose time was over when it was added is before those that wait longer.
FIRST_OF_LANE = """
SELECT run_at, created_at FROM jobs INDEXED BY jobs_claimable WHERE state = 'pending' AND queue = ? AND priority = ?
ORDER BY run_at LIMIT ?
"""
LOOKED_AT = 1_000


class Stats:
    """Rollups and samples."""

    def __init__(self, database: Database, counts: Counts, timings: Timings) -> None:
        self._database = database
        self._counts = counts
        self._timings = timings

    def count_attempt(self, queue: str, state: str, *, run_time: int | None, wait_time: int, now: int) -> None:
        """Add an attempt that led to `state` to its minute and to the timings. In a transaction.

        Times are in milliseconds; one that nobody knows how long it ran (None) is in no timing.
        """
        self._database.change(
            ROLL_UP,
            (
                now // MINUTE,
                queue,
                int(state == COMPLETED),
                int(state == FAILED),
                int(state == DEAD),
                run_time or 0,
                wait_time,
            ),
        )
        if run_time is not None:
            self._timings.add(queue, run_time=run_time, wait_time=wait_time, now=now)

    def totals(self, since: int) -> Row:
        """Return the sums of all rollups from an instant on."""
        return self._database.rows(TOTALS, (since // MINUTE,))[0]

    def per_minute(self, since: int) -> list[tuple[int, int, int, int]]:
        """Return (minute since 1970, finished, failed, dead) from an instant on, without idle minutes."""
        return [(row[0], row[1], row[2], row[3]) for row in self._database.rows(PER_MINUTE, (since // MINUTE,))]

    def series(self, since: int, until: int, minutes: int) -> list[Row]:
        """Return sums per queue and bucket of so many minutes (numbered since 1970), without idle buckets."""
        return self._database.rows(SERIES, (minutes, since // MINUTE, until // MINUTE))

    def queue_totals(self, since: int, until: int | None = None) -> list[Row]:
        """Return the sums of the rollups of each queue, from an instant's minute on and to before another's."""
        return self._database.rows(QUEUE_TOTALS, (since // MINUTE, END_OF_TIME if until is None else until // MINUTE))

    def first_minute(self) -> int | None:
        """Return the instant of the first rollup, None without any."""
        first = self._database.value(HAS_BEFORE)
        return None if first is None else int(first) * MINUTE

    def slowest(self, sample: int, limit: int) -> list[Row]:
        """Return the commands that take longest on average among the newest attempts."""
        return self._database.rows(SLOWEST, (sample, limit))

    def most_failing(self, sample: int, limit: int) -> list[Row]:
        """Return the commands that fail most often among the newest attempts."""
        return self._database.rows(MOST_FAILING, (sample, limit))

    def recent_failures(self, sample: int, limit: int) -> list[Row]:
        """Return the last attempts that failed, of the `sample` newest, newest first."""
        return self._database.rows(RECENT_FAILURES, (sample, limit))

    def same_command(self, command: str, sample: int, limit: int) -> list[Row]:
        """Return the ended attempts at a command among the `sample` newest, newest first."""
        return self._database.rows(SAME_COMMAND, (sample, command, limit))

    def durations(self, commands: Sequence[str], sample: int) -> dict[str, list[int]]:
        """Return {command: how long its attempts took} among the `sample` newest, for a few commands."""
        rows = self._database.rows(DURATIONS.format(",".join("?" * len(commands))), (sample, *commands))
        return {row["command"]: [int(text) for text in row["durations"].split(",")] for row in rows}

    def outcomes(self, sample: int, limit: int) -> list[Row]:
        """Return how the newest attempts ended and how often, the most frequent first."""
        return self._database.rows(OUTCOMES, (sample, limit))

    def has_before(self, instant: int) -> bool:
        """Return whether there are rollups of before an instant."""
        first = self._database.value(HAS_BEFORE)
        return first is not None and first < instant // MINUTE

    def prune(self, before: int) -> int:
        """Delete the rollups of before an instant, of the first day at most; return how many. In a transaction."""
        return self._database.change(PRUNE, (before // MINUTE, PRUNED_MINUTES))

    def times(self, sample: int) -> list[tuple[int, int]]:
        """Return (run time, wait time) in milliseconds of the newest finished attempts."""
        return [(row[0], row[1]) for row in self._database.rows(TIMES, (sample,))]

    def oldest_pending(self) -> int | None:
        """Return since when the job that waits longest does so, None if none waits."""
        oldest = [since for queue in self._counts.queues_with(PENDING) for since in self._lanes(queue)]
        return min(oldest, default=None)

    def oldest_in(self, queue: str) -> int | None:
        """Return since when the job of a queue that waits longest does so, None if none waits."""
        return min(self._lanes(queue), default=None)

    def _lanes(self, queue: str) -> Iterator[int]:
        """Yield for each priority of a queue since when the pending job that waits longest does so."""
        lane = self._database.row(NEXT_LANE, (queue, ABOVE_ALL))
        while lane is not None:
            first = waits_since(lane["created_at"], lane["run_at"])
            yield first if first == lane["run_at"] else self._oldest_of_lane(queue, lane["priority"])
            lane = self._database.row(NEXT_LANE, (queue, lane["priority"]))

    def _oldest_of_lane(self, queue: str, priority: int) -> int:
        """Return the earliest instant among the first jobs of a lane whose first one had its time behind it."""
        rows = self._database.rows(FIRST_OF_LANE, (queue, priority, LOOKED_AT))
        return min(waits_since(row["created_at"], row["run_at"]) for row in rows)
