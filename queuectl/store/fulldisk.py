"""A database on a full disk, where SQLite cannot make the index of the write-ahead log.

It is read as one in a home that we may not write to. Once there is space it is used as any other: when the files have
changed, which somebody else has managed to do, and when we write.
"""

from __future__ import annotations

from ..model.errors import StoreFull
from .readonly import ReadOnlyDatabase
from .sqlite import sqlite3
from .trouble import full, unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from .home import Home


class FullDatabase(ReadOnlyDatabase):
    """A connection that only reads while the disk is full. Until there is space, writing raises StoreFull."""

    def __init__(self, home: Home, **options: Any) -> None:
        self._durable: bool = options["durable"]
        super().__init__(home, **options)
        self.notice = f"the disk is full, nothing in the home can be changed: {home.path}" if self.is_read_only else ""

    def connect(self, *, durable: bool) -> sqlite3.Connection:
        """Return a new connection to the existing file, one that can write if there is space by now.

        Raises StoreUnavailable.
        """
        try:
            connection = self._connect_to_write()
        except StoreFull:
            return super().connect(durable=durable)
        self.is_read_only, self.notice, self._files = False, "", None
        return connection

    def _connect_to_write(self) -> sqlite3.Connection:
        connection = super(ReadOnlyDatabase, self).connect(durable=self._durable)
        try:
            # The first question makes the index of the log.
            connection.execute("PRAGMA schema_version").fetchall()
        except sqlite3.Error as error:
            connection.close()
            raise unavailable(error, self.path) from error
        return connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return all rows of a question, as they were at one moment."""
        if self.is_read_only:
            return super().rows(sql, parameters)
        return super(ReadOnlyDatabase, self).rows(sql, parameters)

    def begin(self) -> None:
        """Begin as any database does, if there is space by now. Raises StoreFull, StoreBusy."""
        if self.is_read_only:
            self._connection.close()
            self._connection = self.connect(durable=self._durable)
        if self.is_read_only:
            raise full(self.path)
        if self._writer.connection is not self._connection:
            self._writer = self._connection.cursor()
        super(ReadOnlyDatabase, self).begin()
