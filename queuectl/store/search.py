"""Jobs by number, and the few jobs of each kind that people look at first: what runs, comes next, ended last."""

from __future__ import annotations

from ..model.fields import KEPT
from ..model.job import PENDING, Job
from .claim import ORDER, urgency
from .contexts import decode_env
from .schema import DUE, FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from .counts import Counts
    from .database import Database
    from .sqlite import Row

# What a job tells of its last attempt stands in both tables, or there alone.
SOURCES = {"worker": "attempts", "pid": "attempts", "cwd": "contexts", "env": "contexts"}
FLAGS = [field.name for field in KEPT if field.kind.is_flag]
JOBS = f"""
SELECT {", ".join(f"{SOURCES.get(name, 'jobs')}.{name} AS {name}" for name in Job.FIELDS)}
FROM jobs JOIN contexts ON contexts.id = jobs.context LEFT JOIN attempts ON attempts.id = jobs.attempt_id
"""
BY_NUMBERS = JOBS + "WHERE number IN ({})"
STATES_OF_NUMBERS = "SELECT number, state FROM jobs WHERE number IN ({})"
DETAILS = "SELECT created_by, attempt_id, last_attempt, cancel_requested, context FROM jobs WHERE number = ?"
ENDED_SINCE = f"""
SELECT finished_at, number FROM jobs WHERE {FINAL} AND state = ? AND finished_at >= ? ORDER BY finished_at LIMIT ?
"""
ENDED_BEFORE = f"""
SELECT number FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ? ORDER BY finished_at LIMIT ?
"""
COUNT_ENDED_BEFORE = f"SELECT count(*) FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ?"
COUNT_BEFORE = """
SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_claimable WHERE state = 'pending' AND queue = ?
    AND (priority > ? OR (priority = ? AND (run_at < ? OR (run_at = ? AND number < ?)))) LIMIT ?)
"""
UPCOMING = f"SELECT number FROM jobs INDEXED BY jobs_due WHERE {DUE} ORDER BY run_at, number LIMIT ?"
PAGE = 500

# The first jobs of each kind in the order of an index, named so that no other plan is chosen.
RUNNING = """
SELECT number FROM jobs INDEXED BY jobs_processing WHERE state = 'processing' ORDER BY started_at, number LIMIT ?
"""
NEXT_DUE_JOBS = f"SELECT number, state FROM jobs INDEXED BY jobs_due WHERE {DUE} ORDER BY run_at LIMIT ?"
NEXT_OF_QUEUE = f"""
SELECT number, priority, run_at FROM jobs INDEXED BY jobs_claimable WHERE state = 'pending' AND queue = ?
ORDER BY {ORDER} LIMIT ?
"""
LAST_FINISHED = f"""
SELECT number, finished_at FROM jobs INDEXED BY jobs_finished WHERE {FINAL} AND state = ?
ORDER BY finished_at DESC LIMIT ?
"""


class Search:
    """Questions about jobs."""

    def __init__(self, database: Database, counts: Counts) -> None:
        self._database = database
        self._counts = counts

    def states_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the states of the jobs of these numbers, without those that are gone."""
        found: dict[int, str] = {}
        for start in range(0, len(numbers), PAGE):
            page = numbers[start : start + PAGE]
            rows = self._database.rows(STATES_OF_NUMBERS.format(",".join("?" * len(page))), page)
            found.update((row[0], row[1]) for row in rows)
        return found

    def running(self, limit: int) -> list[int]:
        """Return the numbers of running jobs, the longest running first."""
        return [row[0] for row in self._database.rows(RUNNING, (limit,))]

    def next_due(self, limit: int) -> list[tuple[int, str]]:
        """Return (number, state) of failed and scheduled jobs, the next one first."""
        return [(row[0], row[1]) for row in self._database.rows(NEXT_DUE_JOBS, (limit,))]

    def next_pending(self, limit: int) -> list[int]:
        """Return the numbers of pending jobs in the order of claiming, of each queue its share."""
        queues = self._counts.queues_with(PENDING)[:limit]
        share = max(1, limit // max(1, len(queues)))
        rows = [row for queue in queues for row in self._database.rows(NEXT_OF_QUEUE, (queue, share))]
        return [row["number"] for row in sorted(rows, key=urgency)]

    def last_finished(self, states: Sequence[str], limit: int) -> list[int]:
        """Return the numbers of jobs that ended in these final states, the latest first."""
        rows = [row for state in states for row in self._database.rows(LAST_FINISHED, (state, limit))]
        return [row["number"] for row in sorted(rows, key=lambda row: -row["finished_at"])[:limit]]

    def jobs(self, numbers: Sequence[int]) -> list[Job]:
        """Return the jobs of these numbers in this order, without those that are gone."""
        found: dict[int, Job] = {}
        for start in range(0, len(numbers), PAGE):
            page = numbers[start : start + PAGE]
            for row in self._database.rows(BY_NUMBERS.format(",".join("?" * len(page))), page):
                found[row["number"]] = _job(row)
        return [found[number] for number in numbers if number in found]

    def details(self, number: int) -> Row:
        """Return what a Job does not carry: created_by, attempt_id, last_attempt, cancel_requested, context."""
        return self._database.rows(DETAILS, (number,))[0]

    def ended_since(self, state: str, since: int, limit: int) -> list[tuple[int, int]]:
        """Return (finished_at, number) of the jobs that reached a final state since an instant, oldest first."""
        return [(row[0], row[1]) for row in self._database.rows(ENDED_SINCE, (state, since, limit))]

    def count_before(self, job: Job, limit: int) -> int:
        """Return how many jobs of its queue are claimed before a pending job, counting up to `limit`."""
        return int(
            self._database.value(
                COUNT_BEFORE, (job.queue, job.priority, job.priority, job.run_at, job.run_at, job.number, limit)
            )
        )

    def upcoming(self, limit: int) -> list[int]:
        """Return the numbers of scheduled and failed jobs, the next one first; a negative limit means all."""
        return [row[0] for row in self._database.rows(UPCOMING, (limit,))]

    def ended_before(self, states: Sequence[str], before: int, limit: int) -> list[int]:
        """Return up to `limit` numbers of jobs that ended in each of these states before an instant."""
        return [row[0] for state in states for row in self._database.rows(ENDED_BEFORE, (state, before, limit))]

    def count_ended_before(self, states: Sequence[str], before: int) -> int:
        """Return how many jobs ended in these states before an instant."""
        return sum(int(self._database.value(COUNT_ENDED_BEFORE, (state, before))) for state in states)


def _job(row: Row) -> Job:
    values = dict(zip(row.keys(), row))
    values["env"] = decode_env(values["env"])
    values["tags"] = tuple(values["tags"].strip(",").split(",")) if values["tags"] else ()
    values.update((name, bool(values[name])) for name in FLAGS)
    return Job(**values)
