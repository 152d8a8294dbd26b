"""Tables of figures over time: a row covers a minute or more, and the oldest are deleted, a few at a time."""

from __future__ import annotations

from ..model.when import MINUTE
from .table import Table

# For a time without an end, or for a single step.
END_OF_TIME = 1 << 62
TABLES = (("rollups", "minute"), ("timings", "slot"), ("backlog", "minute"))
FIRST = {table: f"SELECT min({column}) FROM {table}" for table, column in TABLES}
PRUNE = {
    table: f"DELETE FROM {table} WHERE {column} < ? AND {column} < (SELECT min({column}) FROM {table}) + ?"
    for table, column in TABLES
}


class Figures(Table):
    """One of TABLES. `LENGTH` is that of a row in milliseconds; rows of AT_ONCE lengths are deleted at once."""

    NAME: str
    LENGTH = MINUTE
    AT_ONCE = 1_440

    def first(self) -> int | None:
        """Return the instant at which the first row begins, None without any."""
        first = self._database.integer(FIRST[self.NAME])
        return None if first is None else first * self.LENGTH

    def has_before(self, instant: int) -> bool:
        """Return whether there are rows from before an instant."""
        first = self.first()
        return first is not None and first < instant // self.LENGTH * self.LENGTH

    def prune(self, before: int) -> int:
        """Delete the oldest rows from before an instant; return how many. In a transaction."""
        return self._database.change(PRUNE[self.NAME], (before // self.LENGTH, self.AT_ONCE))
