"""How an existing database is opened, recognised and brought up to date.

A `queue.db` that exists but is empty, not SQLite, not ours or of a newer version is damaged or foreign: it is
refused, never replaced. One of an older version is upgraded. One that we may not write to is opened for reading.
"""

from __future__ import annotations

import os

from ..model.errors import StoreDamaged, StoreReadOnly, StoreTooNew, StoreUnavailable
from . import backup, schema
from .database import Database
from .events import ADD
from .home import unusable
from .readonly import ReadOnlyDatabase
from .trouble import damaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..model.clock import Clock
    from .home import Home

# How long to wait for another process that upgrades it: to copy a large store takes a while.
UPGRADE_PATIENCE_SECONDS = 600.0


def open_database(
    home: Home, *, create: bool, durable: bool, clock: Clock, give_up: Callable[[], bool] | None, busy_budget: float
) -> Database:
    """Open the home's database; with `create`, make it first if the home is new. Raises StoreUnavailable."""
    if not create and not home.exists():
        raise StoreUnavailable(
            f"there is no queue in {home.path}", hint="make one with: queuectl init, or choose another home with --home"
        )
    is_read_only = home.is_read_only()
    if is_read_only:
        home.refuse_strangers()
    else:
        home.prepare(create=create)
        if create and not home.exists():
            schema.create(home)
    _refuse_empty(home)
    kind = ReadOnlyDatabase if is_read_only else Database
    database = kind(home, durable=durable, clock=clock, give_up=give_up, busy_budget=busy_budget)
    try:
        _recognise(database, home, clock)
    except StoreUnavailable:
        database.close()
        raise
    return database


def _refuse_empty(home: Home) -> None:
    try:
        size = os.path.getsize(home.database)
    except OSError as error:
        raise unusable(home.path, error) from error
    if size == 0:
        raise damaged(home.database, "the file is empty")


def _recognise(database: Database, home: Home, clock: Clock) -> None:
    if database.value("PRAGMA application_id") != schema.APPLICATION_ID:
        raise StoreDamaged(
            f"{database.path} is not a QueueCTL store, or its header is damaged",
            hint="choose another home with --home DIR, or restore a backup",
        )
    version = database.value("PRAGMA user_version")
    if version > schema.VERSION:
        raise StoreTooNew(
            f"{database.path} has version {version}, this QueueCTL knows versions up to {schema.VERSION}",
            hint=f"upgrade QueueCTL, or go back to a backup of before its upgrade: ls {home.backups}",
        )
    if version == schema.VERSION:
        return
    if database.is_read_only:
        raise StoreReadOnly(
            f"the home is read-only, and its store of version {version} must be upgraded to {schema.VERSION} first: "
            f"{home.path}",
            hint="run any command on it once where it can be written to",
        )
    migrate(database, home, clock.wall())


def migrate(database: Database, home: Home, now: int) -> None:
    """Bring an older store up to today's version in one transaction, after a backup. `now` is the wall time.

    Raises StoreUnavailable; then it is as it was, and there is no new backup.
    """
    copy = None
    try:
        with database.writing(UPGRADE_PATIENCE_SECONDS):
            version = int(database.value("PRAGMA user_version"))
            if version == schema.VERSION:
                return  # Another process has upgraded it meanwhile.
            if version < 1:
                raise damaged(database.path, "it has no version")
            copy = _back_up(database, home, version, now)
            schema.upgrade(database, version)
            what = f"from version {version} to {schema.VERSION}, backup: {copy}"
            database.insert(ADD, (now, None, "upgraded", what, f"upgrade[{os.getpid()}]"))
    except StoreUnavailable:
        if copy is not None:
            backup.withdraw(copy)
        raise
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
