"""The dead letter queue: dead jobs in groups that failed in the same way."""

from __future__ import annotations

from ..model.dead import MOST_NAMED, DeadGroup, TextGroup, largest_groups, words_and_numbers
from ..model.piece import STDERR
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
SELECT command, count(*), min(finished_at), max(finished_at),
       CASE WHEN count(*) <= {MOST_NAMED} THEN group_concat(number) ELSE max(number) END
FROM jobs WHERE {FINAL} AND state = 'dead' GROUP BY command
"""
DLQ_LIKE = f"""
SELECT number, command FROM jobs INDEXED BY jobs_finished WHERE {FINAL} AND state = 'dead' ORDER BY finished_at
"""
# For the newest ones, the last piece of a stream that their last attempt printed.
LAST_PIECES = f"""
SELECT page.number AS number, page.finished_at AS finished_at,
       (SELECT data FROM output WHERE attempt = page.attempt_id AND stream = ? ORDER BY position DESC LIMIT 1) AS data
FROM (SELECT number, attempt_id, finished_at FROM jobs WHERE {FINAL} AND state = 'dead'
      ORDER BY finished_at DESC LIMIT ?) AS page
"""
LONGEST_LINE = 200


class Dead(Table):
    def by_error(self, limit: int) -> list[DeadGroup]:
        """Return the dead jobs grouped by how they failed, largest group first."""
        return [DeadGroup.of({**row, "ids": ()}) for row in self._database.rows(DLQ_GROUPS, (limit,))]

    def of_group(self, exit_code: int | None, signal: int | None, error: str | None) -> list[int]:
        """Return the numbers of the dead jobs that failed in one way, in the order they ended."""
        return self._database.integers(DLQ_GROUP, (exit_code, signal, error))

    def like(self, command: str) -> list[int]:
        """Return the numbers of the dead jobs whose command differs in numbers only, in the order they ended."""
        words = words_and_numbers(command)[::2]
        return [number for number, other in self._database.rows(DLQ_LIKE) if words_and_numbers(other)[::2] == words]

    def by_command(self, limit: int) -> list[DeadGroup]:
        """Return the dead jobs grouped by command, numbers ignored, largest group first."""
        texts = ((*row[:4], [*map(int, str(row[4]).split(","))]) for row in self._database.rows(DLQ_COMMANDS))
        return [self._group("command", one) for one in largest_groups(texts, limit)]

    def by_stderr(self, limit: int, newest: int) -> list[DeadGroup]:
        """Return the `newest` dead jobs grouped by the last line of their stderr in the same way."""
        found = []
        for number, ended_at, data in self._database.rows(LAST_PIECES, (STDERR, newest)):
            lines = (data or b"").decode("utf-8", "replace").replace("\r", "\n").split("\n")
            line = next((line.strip()[:LONGEST_LINE] for line in reversed(lines) if line.strip()), "")
            if line:
                found.append((line, 1, ended_at, ended_at, [number]))
        return [self._group("stderr", one) for one in largest_groups(found, limit)]

    def _group(self, pattern: str, one: TextGroup) -> DeadGroup:
        has_few = one.count <= MOST_NAMED
        numbers = sorted(one.numbers, reverse=True) if has_few else [one.last]
        ids = [str(self._database.value("SELECT id FROM jobs WHERE number = ?", (number,))) for number in numbers]
        last_id, ids = ids[0], ids if has_few else []
        return DeadGroup(pattern, one.count, None, None, one.value, one.first_at, one.last_at, last_id, None, ids)
