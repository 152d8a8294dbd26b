"""How a new home's database comes to be.

It is made in a file beside it and then linked into place, so that `queue.db` either is whole or is not there.
"""

from __future__ import annotations

import os

from ...model.errors import StoreDamaged
from ..home import Home, sync_directory, unusable
from ..sqlite import sqlite3
from ..trouble import unavailable
from . import APPLICATION_ID
from .migrate import upgrade

# A worker's commit writes about nine pages: small ones keep the log, and with it the disk, from growing fast.
PAGE_BYTES = 1024


def create(home: Home) -> None:
    """Make the database beside its place and link it there, unless another was faster. Raises StoreUnavailable."""
    _refuse_orphan(home.database + "-wal", home.database)
    draft = f"{home.database}.new-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            _fill(draft)
            _link(draft, home.database)
        finally:
            if os.path.exists(draft):
                os.unlink(draft)
    except OSError as error:
        raise unusable(home.path, error) from error


def _refuse_orphan(log: str, path: str) -> None:
    """Refuse a write-ahead log without its database. An empty one is what opening a damaged file leaves."""
    if not os.path.exists(log) or os.path.getsize(log) == 0:
        return
    # Asked after the log: a process that is faster links its database first and has a log only then.
    if not os.path.exists(path):
        hint = f"bring back the database, or move the log away to start over: mv {log} {log}.damaged"
        raise StoreDamaged(f"the store is damaged: {path} is missing, but its write-ahead log is there", hint=hint)


def _fill(draft: str) -> None:
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        # So that what pruning frees can be given back in small steps. Only a new file can be told so.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        upgrade(connection.execute, 0)
        connection.execute("INSERT INTO meta (key, value) VALUES ('home', ?)", (os.urandom(8).hex(),))
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise unavailable(error, draft) from error
    finally:
        connection.close()


def _link(draft: str, path: str) -> None:
    """Put the draft in place without ever replacing a file. Some file systems have no links."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        if not os.path.exists(path):
            os.rename(draft, path)
    sync_directory(os.path.dirname(path))
