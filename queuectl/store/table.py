"""What the tables of the store have in common."""

from __future__ import annotations

from .database import Database


class Table:
    """A table, or questions about some: a noun of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
