"""One SQLite connection: reading, one writer at a time, and the checkpoint.

Rules that the rest of the store relies on:

- Every writing transaction is BEGIN IMMEDIATE behind the *gate*, a kernel lock on `run/write.lock`.
A transaction that reads first and writes later would fail at once with SQLITE_BUSY_SNAPSHOT, whatever the timeout.
- Waiting for another writer is our own loop with random pauses, a budget and a look at a stop flag.
  SQLite's built-in wait is unfair (one of 16 writers got one transaction in 5 s) and keeps signal
  handlers waiting. The gate is polled, not waited for in the kernel, so that a writer that was
  stopped in the middle of a transaction cannot hang the others forever.
- `wal_autocheckpoint` is 0. The one checkpoint routine holds the write lock on this connection while
  a second one copies, which avoids the WAL-reset bug of SQLite before 3.51.3.
- No cursor is left half read: `rows` returns a list.
"""

from __future__ import annotations

import os

from ..model.errors import StoreBusy
from .lockfile import LockFile, holder, is_in_place
from .sqlite import sqlite3
from .trouble import is_busy, refused, unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Sequence

    from ..model.clock import Clock
    from .home import Home

SQLITE_WAIT_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.00005
LONGEST_PAUSE_SECONDS = 0.02
SHRINK_PAGES = 1000
SHRINK_MS = 30
GIVE_WAY_SECONDS = 0.002
GATE_LOOK_MS = 1000
WAL_LIMIT_BYTES = 16 * 1024 * 1024


class Database:
    """A connection to a home's database. `notice` is what its user should know about the home: one line, or nothing."""

    is_read_only = False

    def __init__(
        self, home: Home, *, durable: bool, clock: Clock, give_up: Callable[[], bool] | None, busy_budget: float
    ) -> None:
        self.path = home.database
        self._home = home
        self.notice = ""
        self._clock = clock
        self._give_up = give_up
        self._budget_ms = int(busy_budget * 1000)
        self._patience_ms = self._budget_ms
        self._gate = LockFile(home.gate)
        self._gate_look_at = clock.monotonic() + GATE_LOOK_MS
        self._connection = self.connect(durable=durable)
        # Each `execute` of a connection makes a cursor, which takes a sixth of a short statement's time.
        self._writer = self._connection.cursor()
        self._file = os.stat(self.path)
        self._transaction = WriteTransaction(self)
        self.before_commit: Callable[[], None] = lambda: None
        self.after_rollback: Callable[[], None] = lambda: None

    def connect(self, *, durable: bool) -> sqlite3.Connection:
        """Return a new connection to the existing file. Raises StoreUnavailable."""
        try:
            connection = sqlite3.connect(
                uri(self.path, "mode=rw"),
                uri=True,
                isolation_level=None,
                timeout=SQLITE_WAIT_SECONDS,
                cached_statements=256,
                # Each thread has its own, but the last to go closes those of all.
                check_same_thread=False,
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
            connection.execute("PRAGMA synchronous=" + ("FULL" if durable else "NORMAL"))
            if not durable:
                # Workers delete index entries only: overwriting them with zeros, as some builds do, has no use.
                connection.execute("PRAGMA secure_delete=OFF")
        except sqlite3.Error as error:
            raise unavailable(error, self.path) from error
        return connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return all rows of a question."""
        found: list[sqlite3.Row] = self._ask(sql, parameters, list)
        return found

    def integers(self, sql: str, parameters: Sequence[object] = ()) -> list[int]:
        """Return the first column of all rows, which may be a million: only the numbers are held."""
        found: list[int] = self._ask(sql, parameters, lambda rows: [row[0] for row in rows])
        return found

    def _ask(self, sql: str, parameters: Sequence[object], take: Callable[[sqlite3.Cursor], Any]) -> Any:
        try:
            return take(self._connection.execute(sql, parameters))
        except sqlite3.Error as error:
            if not is_busy(error) or self._connection.in_transaction:
                raise unavailable(error, self.path) from error
        return self._patiently(lambda: take(self._connection.execute(sql, parameters)))

    def row(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row | None:
        """Return the first row of a question, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Return the first column of the first row, or None."""
        found = self.rows(sql, parameters)
        return found[0][0] if found else None

    def integer(self, sql: str, parameters: Sequence[object] = ()) -> int | None:
        """Return the first column of the first row as a number, None without a row or with NULL there."""
        found = self.value(sql, parameters)
        return None if found is None else int(found)

    def change(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a writing statement; return how many rows it changed."""
        return self._write(self._writer.execute, sql, parameters).rowcount

    def insert(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run an INSERT; return the new row's number."""
        return self._write(self._writer.execute, sql, parameters).lastrowid or 0

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run a statement in a writing transaction; return its cursor."""
        return self._write(self._connection.execute, sql, parameters)

    def change_many(self, sql: str, parameters: Iterable[Sequence[object]]) -> None:
        """Run a writing statement once for each set of parameters."""
        self._write(self._connection.executemany, sql, parameters)

    def _write(self, run: Callable[..., sqlite3.Cursor], *statement: object) -> sqlite3.Cursor:
        if not self._connection.in_transaction:
            raise RuntimeError("a writing statement needs `with store.writing():`")
        try:
            return run(*statement)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise unavailable(error, self.path) from error

    def writing(self, patience: float | None = None) -> WriteTransaction:
        """Return a context manager: one transaction, committed at its end or undone by an error. They do not nest."""
        # The seconds to wait for other writers, by default the whole budget.
        self._patience_ms = self._budget_ms if patience is None else int(patience * 1000)
        return self._transaction

    def begin(self) -> None:
        """Wait for the gate and for SQLite's write lock. Raises StoreBusy after the patience."""
        if self._connection.in_transaction:
            raise RuntimeError("writing transactions do not nest")
        deadline = self._clock.monotonic() + self._patience_ms
        self._take_gate(deadline)
        try:
            self._patiently(lambda: self._connection.execute("BEGIN IMMEDIATE"), deadline)
        except BaseException:  # Ctrl-C too: an interrupted wait must not keep all others waiting.
            self._gate.release()
            raise

    def _follow_gate(self) -> None:
        """Once a second, switch to the current gate if somebody removed ours and made another."""
        now = self._clock.monotonic()
        if now < self._gate_look_at:
            return
        self._gate_look_at = now + GATE_LOOK_MS
        if os.path.exists(self._gate.path) and not self._gate.is_in_place():
            self._gate.close()

    def _take_gate(self, deadline: int) -> None:
        pause = FIRST_PAUSE_SECONDS
        try:
            self._follow_gate()
            while not self._acquire_gate():
                pause = self._pause(pause, deadline, self._gate.path)
        except OSError as error:
            raise refused(error, self._gate.path) from error

    def _acquire_gate(self) -> bool:
        try:
            return self._gate.acquire()
        except FileNotFoundError:
            # Somebody has removed `run/` while the home was open.
            self._home.make_directories()
            return self._gate.acquire()

    def _patiently(self, attempt: Callable[[], Any], deadline: int | None = None) -> Any:
        """Try again while another program holds SQLite's own lock."""
        deadline = self._clock.monotonic() + self._budget_ms if deadline is None else deadline
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return attempt()
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise unavailable(error, self.path) from error
                pause = self._pause(pause, deadline, self.path + "-shm")

    def _pause(self, pause: float, deadline: int, locked: str) -> float:
        """Wait a moment and return how long to wait next time. Raises StoreBusy after the deadline."""
        if self._clock.monotonic() >= deadline or (self._give_up is not None and self._give_up()):
            pid = holder(locked)
            who = f" (held by process {pid})" if pid else ""
            message = f"the store was busy for too long{who}"
            raise StoreBusy(message, hint="another program keeps it locked; find out with: ps -fp PID, then try again")
        # A random share of the pause keeps writers from meeting again and again; 256 steps are enough.
        self._clock.pause(pause * (0.5 + os.urandom(1)[0] / 256))
        return min(pause * 1.5, LONGEST_PAUSE_SECONDS)

    def commit(self) -> None:
        """Commit and let the next writer in. Raises StoreUnavailable; then nothing was changed."""
        try:
            self.before_commit()
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.rollback()
            raise unavailable(error, self.path) from error
        except BaseException:  # Ctrl-C, or a count that the schema refuses: neither may leave the gate closed.
            self.rollback()
            raise
        self._gate.release()

    def rollback(self) -> None:
        """Undo and let the next writer in. After a full disk SQLite has undone it by itself."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise unavailable(error, self.path) from error
        finally:
            self._gate.release()
            self.after_rollback()

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the database, under the write lock; the next write begins the log again."""
        copier = self.connect(durable=True)
        try:
            with self.writing():
                copier.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            raise unavailable(error, self.path) from error
        finally:
            copier.close()

    def give_way(self) -> None:
        """Pause between two of many transactions, so that waiting writers find the gate open."""
        self._clock.pause(GIVE_WAY_SECONDS)

    def pages(self) -> tuple[int, int]:
        """Return how many pages the file has, and how many of them are free."""
        return int(self.value("PRAGMA page_count")), int(self.value("PRAGMA freelist_count"))

    def used_bytes(self) -> int:
        """Return how many bytes of the file are in use. The stored data takes at most that."""
        pages, free = self.pages()
        return (pages - free) * int(self.value("PRAGMA page_size"))

    def shrink(self) -> None:
        """Give back up to SHRINK_PAGES free pages at the end of the file, for SHRINK_MS at most. In a transaction."""
        # A file that was made without auto_vacuum stays as it is.
        until = self._clock.monotonic() + SHRINK_MS
        # Python stops after the first page of several: the pragma's rows have no columns.
        for _ in range(SHRINK_PAGES):
            self.execute("PRAGMA incremental_vacuum(1)")
            if self._clock.monotonic() >= until:
                return

    def wal_bytes(self) -> int:
        """Return the size of the write-ahead log."""
        try:
            return os.stat(self.path + "-wal").st_size
        except FileNotFoundError:
            return 0

    def is_replaced(self) -> bool:
        """Return whether the file was removed or replaced since it was opened. Raises OSError if it cannot tell."""
        return not is_in_place(self.path, self._file)

    def changes(self) -> int:
        """Return a number that differs once another connection has committed something."""
        return int(self.value("PRAGMA data_version"))

    def close(self) -> None:
        """Close the connection; the last one to go tidies the write-ahead log away. Calling it twice is harmless."""
        self._connection.close()
        self._gate.close()


class WriteTransaction:
    """`with` this: begin at the start, commit at the end, undo on an error."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.begin()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:
            self._database.commit()
        else:
            self._database.rollback()


def uri(path: str, options: str) -> str:
    """Return the URI that opens a file with options, such as `mode=rw`: an existing one, which is never created."""
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?{options}"
