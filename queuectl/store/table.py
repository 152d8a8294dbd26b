"""What the nouns of the store have in common."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contexts import Contexts
    from .counts import Counts
    from .database import Database


class Table:
    """A noun of the store: a table, or questions about some. All share the database and what it has in memory."""

    def __init__(self, database: Database, counts: Counts, contexts: Contexts) -> None:
        self._shared = (database, counts, contexts)
        self._database, self._counts, self._contexts = self._shared
