"""The dead letter queue: dead jobs in groups that failed in the same way."""

from __future__ import annotations

from .schema import FINAL
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .sqlite import Row

DLQ_GROUPS = f"""
SELECT exit_code, signal, error, count(*) AS jobs, min(finished_at) AS first_at, max(finished_at) AS last_at,
       min(number) AS first, max(number) AS last FROM jobs
WHERE {FINAL} AND state = 'dead' GROUP BY exit_code, signal, error ORDER BY jobs DESC, last_at DESC LIMIT ?
"""
DLQ_GROUP = f"""
SELECT number FROM jobs INDEXED BY jobs_finished
WHERE {FINAL} AND state = 'dead' AND exit_code IS ? AND signal IS ? AND error IS ? ORDER BY finished_at
"""
DLQ_COMMANDS = f"""
SELECT command, count(*) AS jobs, min(finished_at) AS first_at, max(finished_at) AS last_at,
       max(number) AS last FROM jobs
WHERE {FINAL} AND state = 'dead' GROUP BY command ORDER BY jobs DESC, last_at DESC LIMIT ?
"""


class Dead(Table):
    """Questions about dead jobs."""

    def by_error(self, limit: int) -> list[Row]:
        """Return the dead jobs grouped by how they failed, largest group first.

        With each group come the number of its `jobs`, when the first and the last ended, and two of their numbers.
        """
        return self._database.rows(DLQ_GROUPS, (limit,))

    def of_group(self, exit_code: int | None, signal: int | None, error: str | None) -> list[int]:
        """Return the numbers of the dead jobs that failed in one way, the first to end first."""
        return [row[0] for row in self._database.rows(DLQ_GROUP, (exit_code, signal, error))]

    def by_command(self, limit: int) -> list[Row]:
        """Return the dead jobs grouped by command, largest group first."""
        return self._database.rows(DLQ_COMMANDS, (limit,))
