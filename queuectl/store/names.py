"""Jobs by their names: ids, numbers, prefixes and ranges, and what completion offers."""

from __future__ import annotations

from ..model.job import NamedJob
from .condition import prefix_range
from .schema import FINAL
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.event import Step

NUMBER_OF_ID = "SELECT number FROM jobs WHERE id = ?"
LAST = "SELECT max(number) FROM jobs"
BY_PREFIX = "SELECT id, number FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
IN_RANGE = "SELECT number FROM jobs WHERE number BETWEEN ? AND ? ORDER BY number"
# For completion, which shows a few jobs and must be fast.
NAMED = "SELECT id, state, substr(command, 1, 200) AS command FROM jobs"
NAMED_BY_PREFIX = NAMED + " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
NAMED_NEWEST = NAMED + " ORDER BY number DESC LIMIT ?"
NAMED_DEAD = f"{NAMED} INDEXED BY jobs_finished WHERE {FINAL} AND state = 'dead' ORDER BY finished_at DESC LIMIT ?"
NAMED_DEAD_BY_PREFIX = f"SELECT id, state, command FROM ({NAMED_DEAD}) WHERE id >= ? AND id < ? LIMIT ?"
DEAD_READ = 5_000
RECENT_TAGS = "SELECT DISTINCT tags FROM (SELECT tags FROM jobs ORDER BY number DESC LIMIT ?) WHERE tags <> ''"

ENDS = """
SELECT at, kind, detail, actor FROM events WHERE id > (SELECT max(id) FROM events) - ? AND kind IN (?, ?)
    AND instr(detail, ?) ORDER BY id DESC
"""
# So that a wrong id costs no more in a home with a long history.
EVENTS_READ = 10_000


class Names(Table):
    def number_of(self, identifier: str) -> int | None:
        """Return the number of the job with exactly this id, or None."""
        # An id is ASCII; what else was given may not even be a text that the store can be asked for.
        return self._database.integer(NUMBER_OF_ID, (identifier,)) if identifier.isascii() else None

    def has_batch(self, name: str) -> bool:
        """Return whether there is a batch of this name."""
        return name.isascii() and self._database.integer("SELECT 1 FROM batches WHERE name = ?", (name,)) is not None

    def end_of(self, identifier: str) -> Step | None:
        """Return the event by which the last job with an id was pruned or removed, None if no recent one names it."""
        from ..model.event import PRUNED, REMOVED, Step

        if not identifier.isascii():
            return None
        rows = self._database.rows(ENDS, (EVENTS_READ, PRUNED, REMOVED, identifier))
        steps = (Step(row["at"], row["kind"], row["detail"], row["actor"]) for row in rows)
        return next((step for step in steps if identifier in step.gone_ids), None)

    def last(self) -> int | None:
        """Return the newest job's number, or None in an empty home."""
        return self._database.integer(LAST)

    def by_prefix(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Return up to `limit` (id, number) whose id begins with `prefix`."""
        return [(row[0], row[1]) for row in self._database.rows(BY_PREFIX, (*prefix_range(prefix), limit))]

    def named(self, prefix: str, limit: int, *, only_dead: bool = False) -> list[NamedJob]:
        """Return jobs whose id begins with `prefix`, by id; without one the newest, and dead ones the latest first."""
        if not prefix.isascii():
            return []
        if not prefix:
            rows = self._database.rows(NAMED_DEAD if only_dead else NAMED_NEWEST, (limit,))
        elif only_dead:
            rows = self._database.rows(NAMED_DEAD_BY_PREFIX, (DEAD_READ, *prefix_range(prefix), limit))
        else:
            rows = self._database.rows(NAMED_BY_PREFIX, (*prefix_range(prefix), limit))
        return [NamedJob.of(row) for row in rows]

    def recent_tags(self, window: int) -> list[str]:
        """Return the tags of the `window` newest jobs, in alphabetical order."""
        rows = self._database.rows(RECENT_TAGS, (window,))
        return sorted({tag for row in rows for tag in row[0].strip(",").split(",")})

    def in_range(self, first: int, last: int) -> list[int]:
        """Return the numbers that exist between two, both included."""
        return self._database.integers(IN_RANGE, (first, last))
