"""A database that we can only read: on a disk that is mounted read-only or full, or without the permission to write.

SQLite reads a database with a write-ahead log only where it may write that log's index, or finds one. That depends on:

    queue.db alone            it holds everything, and is read as a file that does not change
    with an empty log         just as well: of one that was just begun, the index may not be there yet
    with a log and its index  somebody may have it open: it is read as usual, with their locks
    with a log, no index      left by a crash: the log is read too, its index is kept in memory

Somebody may write after all, through another mount or with more rights. With locks SQLite sees that. Without
them it would mix old pages and new ones: the files are checked after each question, and if they have changed
they are opened again and the question is asked again.

On a full disk SQLite cannot make the index of the log. The database is then read like that until there is space.
"""

from __future__ import annotations

import os

from ..model.errors import StoreFull, StoreUnavailable
from .database import Database, uri
from .home import Home, read_only
from .sqlite import sqlite3
from .trouble import full, unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Sequence, Tuple

    # A file's inode, size and time of change, which tell whether somebody has written to it.
    Stamp = Tuple[int, int, int]
    # Those of queue.db and of its log, None if there is none; and whether the log has a whole index.
    Files = Tuple[Optional[Stamp], Optional[Stamp], bool]

WITHOUT_LOCKS = "win32-none" if os.name == "nt" else "unix-none"
# The size of the shortest index; on a full disk some bytes of one may be left.
INDEX_BYTES = 32_768
TRIES = 200
TRY_AGAIN_SECONDS = 0.005


def _stamp(path: str) -> Stamp | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class ReadOnlyDatabase(Database):
    """A connection that only reads. Every writing transaction raises StoreReadOnly."""

    is_read_only = True
    # What is read without locks, and so must not change meanwhile; None where there are locks.
    _files: Files | None = None
    _times_opened = 0

    def __init__(self, home: Home, **options: Any) -> None:
        super().__init__(home, **options)
        self.notice = f"the home is read-only, nothing in it can be changed: {home.path}"

    def connect(self, *, durable: bool) -> sqlite3.Connection:
        """Return a new connection to the existing file. Raises StoreUnavailable."""
        for _ in range(TRIES):
            try:
                return self._connect(self._look())
            except StoreUnavailable:
                if not self._is_passing():
                    raise
                self._clock.pause(TRY_AGAIN_SECONDS)
        return self._connect(self._look())

    def _connect(self, files: Files) -> sqlite3.Connection:
        _, log, has_index = files
        has_log = log is not None and log[1] > 0
        has_locks = has_log and has_index
        needs_log = has_log and not has_index
        how = "mode=ro" if has_locks else f"mode=ro&vfs={WITHOUT_LOCKS}" if needs_log else "mode=ro&immutable=1"
        self._files = None if has_locks else files
        self._times_opened += 1
        try:
            connection = sqlite3.connect(uri(self.path, how), uri=True, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            if needs_log:
                # Then SQLite keeps the log's index in memory: there is nobody to share it with.
                connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA schema_version").fetchall()
        except sqlite3.Error as error:
            raise unavailable(error, self.path) from error
        return connection

    def _look(self) -> Files:
        index = _stamp(self.path + "-shm")
        return _stamp(self.path), _stamp(self.path + "-wal"), index is not None and index[1] >= INDEX_BYTES

    def _ask(self, sql: str, parameters: Sequence[object], take: Callable[[sqlite3.Cursor], Any]) -> Any:
        """Return what a question finds, as it was at one moment."""
        # A full disk may have space by now.
        for _ in range(TRIES if self.is_read_only else 0):
            try:
                found = super()._ask(sql, parameters, take)
            except StoreUnavailable:
                if not self._is_passing():
                    raise
                self._clock.pause(TRY_AGAIN_SECONDS)
            else:
                if not self._has_changed():
                    return found
            self._connection.close()
            self._connection = self.connect(durable=True)
        return super()._ask(sql, parameters, take)

    def _is_passing(self) -> bool:
        """Return whether somebody who writes may be the reason of an error."""
        # Pages of two moments look like damage; a log that was just begun has no index yet, and cannot be read.
        return self._files is None or self._has_changed()

    def _has_changed(self) -> bool:
        return self._files is not None and self._look() != self._files

    def changes(self) -> int:
        """Return a number that differs once somebody has committed something."""
        version = super().changes()
        return (self._times_opened << 32) + version

    def begin(self) -> None:
        """Refuse: nothing can be written. Raises StoreReadOnly."""
        raise read_only(os.path.dirname(self.path))


class FullDatabase(ReadOnlyDatabase):
    """A connection that only reads while the disk is full. Until there is space, writing raises StoreFull.

    There is space when the files have changed, which somebody else has managed to do, or when we can write.
    """

    def __init__(self, home: Home, **options: Any) -> None:
        self._durable: bool = options["durable"]
        super().__init__(home, **options)
        self.notice = f"the disk is full, nothing in the home can be changed: {home.path}" if self.is_read_only else ""

    def connect(self, *, durable: bool) -> sqlite3.Connection:
        """Return a new connection to the file, one that can write if there is space by now. Raises StoreUnavailable."""
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
