"""Jobs in final states, the oldest first: what retention deletes, and what it takes the output of."""

from __future__ import annotations

from ..model.job import FINAL_STATES
from .changes import REMOVE, JobChanges
from .namelists import names_of
from .schema import BATCHES_WAITED_FOR, FINAL, IS_WAITED_FOR

# The condition of the partial index stands there in full, or SQLite would not use it.
OLD_FINISHED = f"""
SELECT number, queue, batch, locks, id FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ? AND NOT {IS_WAITED_FOR}
    AND NOT (batch IS NOT NULL AND batch IN {BATCHES_WAITED_FOR})
    AND NOT (key_for IS NOT NULL AND finished_at + key_for > ?)
ORDER BY finished_at LIMIT ?
"""
HAS_OUTPUT = """EXISTS (
    SELECT 1 FROM attempts JOIN output ON output.attempt = attempts.id WHERE attempts.job = page.number
)"""
OLD_WITH_OUTPUT = f"SELECT number FROM ({OLD_FINISHED}) AS page WHERE {HAS_OUTPUT}"
# Of each final state the next ones; together they are in order.
FINISHED_IN = f"""
SELECT * FROM (
    SELECT finished_at, number FROM jobs WHERE {FINAL} AND state = '%s' AND (finished_at, number) > (?1, ?2)
    ORDER BY finished_at, number LIMIT ?3
)"""
FINISHED_AFTER = f"""
SELECT finished_at, number, {HAS_OUTPUT} AS has_output
FROM ({" UNION ALL ".join(FINISHED_IN % state for state in FINAL_STATES)}) AS page
ORDER BY finished_at, number LIMIT ?3
"""


class FinishedJobs(JobChanges):
    """The jobs table as retention sees it."""

    def prune(self, state: str, before: int, limit: int, *, now: int) -> list[str]:
        """Delete up to `limit` jobs that reached a final state before an instant; return their ids.

        Those that unfinished jobs wait for stay, those of batches that these wait for, and those that keep a key.
        """
        old = self._database.rows(OLD_FINISHED, (state, before, now, limit))
        for number, queue, batch, locks, _ in old:
            if self._database.change(REMOVE, (number, state)):
                self._counts.add(queue, batch, names_of(locks), state, -1)
        self._batches.drop_empty({row["batch"] for row in old if row["batch"] is not None})
        self._forget_locks({name for row in old for name in names_of(row["locks"])})
        return [row["id"] for row in old]

    def with_output_before(self, state: str, before: int, limit: int, *, now: int) -> list[int]:
        """Return the numbers of those with output among the jobs that `prune` would delete."""
        return [row["number"] for row in self._database.rows(OLD_WITH_OUTPUT, (state, before, now, limit))]

    def finished_after(self, instant: int, number: int, limit: int) -> list[tuple[int, int, bool]]:
        """Return up to `limit` jobs in final states, after the one of an instant and a number, in the order they ended.

        Of each: when it ended, its number, and whether it has output.
        """
        rows = self._database.rows(FINISHED_AFTER, (instant, number, limit))
        return [(row["finished_at"], row["number"], bool(row["has_output"])) for row in rows]
