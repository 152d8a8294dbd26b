"""What the tables of the store have in common."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .database import Database


class Table:
    """A table, or questions about some: a noun of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database


class History(Table):
    """A table of what was in each stretch of time, which is forgotten a piece at a time.

    A stretch is `stretch_ms` long. `first` asks for the first one; `pruning` deletes the rows that are before one and
    among the first `pruned`.
    """

    stretch_ms: int
    first: str
    pruning: str
    pruned: int

    def has_before(self, instant: int) -> bool:
        """Return whether there are rows of before an instant."""
        first = self._database.integer(self.first)
        return first is not None and first < instant // self.stretch_ms

    def prune(self, before: int) -> int:
        """Delete the oldest rows of before an instant; return how many. In a transaction."""
        return self._database.change(self.pruning, (before // self.stretch_ms, self.pruned))
