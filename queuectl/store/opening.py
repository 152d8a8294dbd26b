"""How an existing database is opened, recognized and upgraded.

A `queue.db` that exists but is empty, not SQLite, not ours or of a newer version is damaged or foreign: it is
refused, never replaced. One of an older version is upgraded. One that we may not write to is opened for reading.
"""

from __future__ import annotations

import os

from ..model.errors import StoreDamaged, StoreFull, StoreReadOnly, StoreTooNew, StoreUnavailable
from . import schema
from .database import Database
from .home import Home, unusable
from .trouble import damaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model.clock import Clock


def open_database(home: Home, *, create: bool, clock: Clock, **options: Any) -> Database:
    """Open the home's database; with `create`, make a new one. It may only be readable. Raises StoreUnavailable."""
    if not create and not home.exists():
        message = f"there is no queue in {home.path}"
        raise StoreUnavailable(message, hint="make one with: queuectl init, or choose another home with --home")
    kind: type[Database] = Database
    if home.is_read_only():
        from .readonly import ReadOnlyDatabase

        kind = ReadOnlyDatabase
        home.refuse_strangers()
    else:
        home.prepare(create=create)
        if create and not home.exists():
            from .schema.create import create as create_database

            create_database(home)
    try:
        size = os.path.getsize(home.database)
    except OSError as error:
        raise unusable(home.path, error) from error
    if size == 0:
        raise damaged(home.database, "the file is empty")

    def opened(kind: type[Database]) -> Database:
        database = kind(home, clock=clock, **options)
        try:
            _recognize(database, home, clock)
        except StoreUnavailable:
            database.close()
            raise
        return database

    try:
        return opened(kind)
    except StoreFull:
        from .readonly import FullDatabase

        return opened(FullDatabase)


def _recognize(database: Database, home: Home, clock: Clock) -> None:
    if database.value("PRAGMA application_id") != schema.APPLICATION_ID:
        message = f"{database.path} is not a QueueCTL store, or its header is damaged"
        raise StoreDamaged(message, hint="choose another home with --home DIR, or restore a backup")
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
    from .upgrade import upgrade

    upgrade(database, home, clock.wall())
