"""How a home's database of an older version is brought up to today's: whole, once, or not at all."""

from __future__ import annotations

import os

from ..model.errors import StoreUnavailable
from . import backup, schema
from .database import Database
from .events import ADD
from .home import Home
from .schema import migrate
from .trouble import damaged

# How long to wait for another process that upgrades it: to copy a large store takes a while.
PATIENCE_SECONDS = 600.0


def upgrade(database: Database, home: Home, now: int) -> None:
    """Bring an older store up to today's version in one transaction, after a backup. `now` is the wall time.

    Raises StoreUnavailable; then it is as it was, and there is no new backup.
    """
    copy = None
    # Not inside the transaction, where SQLite ignores it.
    database.value("PRAGMA foreign_keys=OFF")
    try:
        with database.writing(PATIENCE_SECONDS):
            version = int(database.value("PRAGMA user_version"))
            if version == schema.VERSION:
                return  # Another process has upgraded it meanwhile.
            if version < 1:
                raise damaged(database.path, "it has no version")
            copy = _back_up(database, home, version, now)
            migrate.upgrade(database.execute, version)
            if database.row("PRAGMA foreign_key_check") is not None:
                raise damaged(database.path, "rows that belong together are apart")
            what = f"from version {version} to {schema.VERSION}, backup: {copy}"
            database.insert(ADD, (now, None, "upgraded", what, f"upgrade[{os.getpid()}]"))
    except StoreUnavailable:
        if copy is not None:
            backup.withdraw(copy)
        raise
    finally:
        database.value("PRAGMA foreign_keys=ON")
    backup.keep_last(home, copy)
    database.notice = _way_back(home, version, copy)


def _way_back(home: Home, version: int, copy: str) -> str:
    import shlex

    return (
        f"the home was upgraded from version {version} to {schema.VERSION}; to go back to the QueueCTL of before, stop "
        f"everything, then: cd {shlex.quote(home.path)} && rm -f queue.db-wal queue.db-shm && "
        f"cp {shlex.quote(os.path.relpath(copy, home.path))} queue.db"
    )


def _back_up(database: Database, home: Home, version: int, now: int) -> str:
    # SQLite copies nothing through a connection that holds the write lock.
    source = database.connect(durable=True)
    try:
        return backup.back_up(home, source, version=version, now=now)
    finally:
        source.close()
