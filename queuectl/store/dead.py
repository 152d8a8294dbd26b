"""The dead letter queue: dead jobs in groups that failed in the same way."""

from __future__ import annotations

from ..model.dead import DeadGroup
from .schema import FINAL
from .table import Table

ENDS = "min(finished_at) AS first_at, max(finished_at) AS last_at, min(number) AS first, max(number) AS last"
LAST_ID = "(SELECT id FROM jobs WHERE number = last)"
LARGEST = "ORDER BY count DESC, last_at DESC"
DLQ_GROUPS = f"""
SELECT 'error' AS pattern, groups.*, {LAST_ID} AS last_id, (SELECT id FROM jobs WHERE number = first) AS first_id
FROM (SELECT count(*) AS count, exit_code, signal, error AS value, {ENDS} FROM jobs
      WHERE {FINAL} AND state = 'dead' GROUP BY exit_code, signal, error {LARGEST} LIMIT ?) AS groups {LARGEST}
"""
DLQ_GROUP = f"""
SELECT number FROM jobs INDEXED BY jobs_finished
WHERE {FINAL} AND state = 'dead' AND exit_code IS ? AND signal IS ? AND error IS ? ORDER BY finished_at
"""
DLQ_COMMANDS = f"""
SELECT 'command' AS pattern, groups.*, {LAST_ID} AS last_id, NULL AS first_id
FROM (SELECT count(*) AS count, NULL AS exit_code, NULL AS signal, command AS value, {ENDS} FROM jobs
      WHERE {FINAL} AND state = 'dead' GROUP BY command {LARGEST} LIMIT ?) AS groups {LARGEST}
"""


class Dead(Table):
    """Questions about dead jobs."""

    def by_error(self, limit: int) -> list[DeadGroup]:
        """Return the dead jobs grouped by how they failed, largest group first."""
        return [DeadGroup.of(row) for row in self._database.rows(DLQ_GROUPS, (limit,))]

    def of_group(self, exit_code: int | None, signal: int | None, error: str | None) -> list[int]:
        """Return the numbers of the dead jobs that failed in one way, the first to end first."""
        return [row[0] for row in self._database.rows(DLQ_GROUP, (exit_code, signal, error))]

    def by_command(self, limit: int) -> list[DeadGroup]:
        """Return the dead jobs grouped by command, largest group first."""
        return [DeadGroup.of(row) for row in self._database.rows(DLQ_COMMANDS, (limit,))]
