"""Keys: no two unfinished jobs have the same one, which a unique index ensures.

A job may keep its key for a while after its end.
"""

from __future__ import annotations

from ..model.record import Record
from .table import Table

OPEN_HOLDER = """
SELECT number, id, state FROM jobs INDEXED BY jobs_key WHERE key IS NOT NULL AND key = ? AND finished_at IS NULL
"""
KEPT_UNTIL = """
SELECT number, id, state FROM jobs INDEXED BY jobs_kept_key
WHERE key_for IS NOT NULL AND finished_at IS NOT NULL AND key = ? AND finished_at + key_for > ?
ORDER BY finished_at DESC LIMIT 1
"""


class Holder(Record):
    """The job that has a key."""

    number: int
    id: str
    state: str


class Keys(Table):
    """Questions about keys."""

    def holder(self, key: str, now: int) -> Holder | None:
        """Return the job that has a key at an instant, None if it is free."""
        row = self._database.row(OPEN_HOLDER, (key,)) or self._database.row(KEPT_UNTIL, (key, now))
        return None if row is None else Holder.of(row)

    def open_holder(self, key: str) -> Holder | None:
        """Return the unfinished job that has a key, None if there is none."""
        row = self._database.row(OPEN_HOLDER, (key,))
        return None if row is None else Holder.of(row)
