"""How an existing database is opened, recognised and brought up to date.

A `queue.db` that exists but is empty, not SQLite, not ours or of a newer version is damaged or foreign: it is
refused, never replaced. One of an older version is upgraded. One that we may not write to is opened for reading.
"""

from __future__ import annotations

import os

from ..model.errors import StoreDamaged, StoreReadOnly, StoreTooNew, StoreUnavailable
from . import schema
from .database import Database, damaged
from .home import unusable
from .readonly import ReadOnlyDatabase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..model.clock import Clock
    from .home import Home


def open_database(
    home: Home, *, durable: bool, clock: Clock, give_up: Callable[[], bool] | None, busy_budget: float
) -> Database:
    """Open the home's database, making it first if the home is new. Raises StoreUnavailable."""
    is_read_only = home.is_read_only()
    if is_read_only:
        home.refuse_strangers()
    else:
        home.prepare()
        if not os.path.exists(home.database):
            schema.create(home)
    _refuse_empty(home)
    kind = ReadOnlyDatabase if is_read_only else Database
    database = kind(home, durable=durable, clock=clock, give_up=give_up, busy_budget=busy_budget)
    try:
        _recognise(database)
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


def _recognise(database: Database) -> None:
    if database.value("PRAGMA application_id") != schema.APPLICATION_ID:
        raise StoreDamaged(
            f"{database.path} is not a QueueCTL store, or its header is damaged",
            hint="choose another home with --home DIR, or restore a backup",
        )
    version = database.value("PRAGMA user_version")
    if version > schema.VERSION:
        raise StoreTooNew(
            f"{database.path} has version {version}, this QueueCTL knows versions up to {schema.VERSION}",
            hint="upgrade QueueCTL; the store was left as it is",
        )
    if version == schema.VERSION:
        return
    if database.is_read_only:
        raise StoreReadOnly(
            f"the home is read-only, and {database.path} of version {version} must be upgraded to {schema.VERSION} first",
            hint="run any command on it once where it can be written to",
        )
    migrate(database)


def migrate(database: Database) -> None:
    """Bring an older store up to today's version in one transaction."""
    with database.writing():
        version = database.value("PRAGMA user_version")
        if version < 1:
            raise damaged(database.path, "it has no version")
        while version < schema.VERSION:
            for statement in schema.MIGRATIONS[version]:
                database.change(statement)
            version += 1
        database.change(f"PRAGMA user_version={schema.VERSION}")
