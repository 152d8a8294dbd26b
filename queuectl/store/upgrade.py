"""How a home's database of an older version is upgraded: wholly and once, or not at all.

Before that it is copied to `backups/` of the home. SQLite makes the copy beside its name; it is checked, brought to the
disk and only then given its name: what is called `queue-v3-2026-11-26T231800Z.db` is whole. The last two are kept. The
upgrade holds the write lock: nothing is committed between it and the copy, and nobody else makes one meanwhile.
"""

from __future__ import annotations

import os

from ..model.errors import StoreDamaged, StoreFull, StoreUnavailable
from ..model.quantity import size_text
from ..model.when import iso
from . import schema
from .database import Database, uri
from .events import ADD
from .home import Home, sync, sync_directory
from .schema import migrate
from .sqlite import sqlite3
from .trouble import damaged, unavailable

# How long to wait for another process that upgrades it: to copy a large store takes a while.
PATIENCE_SECONDS = 600.0
KEPT = 2
START, END, DRAFT = "queue-v", ".db", ".part"
PAGES_AT_ONCE = 4096
# The most that the upgrade itself may add to the log.
SPARE_BYTES = 1 << 20


def upgrade(database: Database, home: Home, now: int) -> None:
    """Bring an older store up to today's version in one transaction, after a backup. `now` is the wall time.

    Raises StoreUnavailable; then it is as it was, and there is no new backup.
    """
    made = None
    # Not inside the transaction, where SQLite ignores it.
    database.value("PRAGMA foreign_keys=OFF")
    try:
        with database.writing(PATIENCE_SECONDS):
            version = int(database.value("PRAGMA user_version"))
            if version == schema.VERSION:
                return  # Another process has upgraded it meanwhile.
            if version < 1:
                raise damaged(database.path, "it has no version")
            # SQLite copies nothing through a connection that holds the write lock.
            source = database.connect(durable=True)
            try:
                made = back_up(home, source, version, now)
            finally:
                source.close()
            migrate.upgrade(database.execute, version)
            if database.row("PRAGMA foreign_key_check") is not None:
                raise damaged(database.path, "rows that belong together are apart")
            what = f"from version {version} to {schema.VERSION}, backup: {made}"
            database.insert(ADD, (now, None, "upgraded", what, f"upgrade[{os.getpid()}]"))
    except StoreUnavailable:
        if made is not None:
            os.unlink(made)
            _discard(home.backups)
        raise
    finally:
        database.value("PRAGMA foreign_keys=ON")
    keep_last(home, made)
    import shlex

    database.notice = (
        f"the home was upgraded from version {version} to {schema.VERSION}; to go back to the QueueCTL of before, stop "
        f"everything, then: cd {shlex.quote(home.path)} && rm -f queue.db-wal queue.db-shm && "
        f"cp {shlex.quote(os.path.relpath(made, home.path))} queue.db"
    )


def back_up(home: Home, source: sqlite3.Connection, version: int, now: int) -> str:
    """Copy the database that `source` reads; return the path. Raises StoreUnavailable; then nothing is left behind."""
    stamp = (iso(now) or "").replace(":", "").partition(".")[0]
    path = os.path.join(home.backups, f"{START}{version}-{stamp}Z{END}")
    draft = path + DRAFT
    try:
        # The rest of a copy from an upgrade that was killed.
        _discard(home.backups)
        os.makedirs(home.backups, mode=0o700, exist_ok=True)
        _refuse_without_room(home, source)
        copy(source, draft)
        check(draft, version)
        sync(draft)
        os.replace(draft, path)
        sync_directory(home.backups)
    except OSError as error:
        message = f"no backup can be made before the upgrade, nothing was changed: {home.backups}: {error.strerror}"
        raise StoreUnavailable(message, hint="it needs a place beside queue.db that can be written to") from error
    except sqlite3.Error as error:
        raise unavailable(error, draft) from error
    finally:
        # After Ctrl-C too: half a backup must not stay beside the whole ones.
        _discard(home.backups)
    return path


def keep_last(home: Home, made: str) -> None:
    """Remove all backups but the last ones. Raises OSError."""
    names = [name for name in os.listdir(home.backups) if name.startswith(START) and name.endswith(END)]
    # The one that was just made is kept whatever the clock says, which may have been set back.
    others = [name for name in names if name != os.path.basename(made)]
    for name in sorted(others, key=_age)[: 1 - KEPT]:
        os.unlink(os.path.join(home.backups, name))


def _age(name: str) -> tuple[int, str]:
    """Return the version of the schema and the stamp. A home's schema is only ever upgraded."""
    version, _, stamp = name[len(START) :].partition("-")
    return int(version) if version.isdigit() else 0, stamp


def _discard(directory: str) -> None:
    """Remove copies that are not whole, and the directory if it is empty then."""
    if not os.path.isdir(directory):
        return
    names = os.listdir(directory)
    drafts = [name for name in names if name.startswith(START) and DRAFT in name]
    for name in drafts:
        os.unlink(os.path.join(directory, name))
    if len(drafts) == len(names):
        os.rmdir(directory)


def _refuse_without_room(home: Home, source: sqlite3.Connection) -> None:
    import shutil

    pages = source.execute("PRAGMA page_count").fetchone()[0]
    needed = pages * source.execute("PRAGMA page_size").fetchone()[0] + SPARE_BYTES
    free = shutil.disk_usage(home.backups).free
    if free < needed:
        raise StoreFull(
            f"there is no room for the backup before the upgrade, nothing was changed: {home.backups} "
            f"needs {size_text(needed)}, {size_text(free)} are free",
            hint="free some space on the disk, or move the home to another one; the version before can go on with it",
        )


def copy(source: sqlite3.Connection, draft: str) -> None:
    """Copy the database to a new file that its owner alone can read."""
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    target = sqlite3.connect(draft, isolation_level=None)
    try:
        # A copy that is not whole is thrown away, and the whole one is brought to the disk at once.
        target.execute("PRAGMA journal_mode=OFF")
        target.execute("PRAGMA synchronous=OFF")
        # In parts, so that Ctrl-C is heard between them.
        source.backup(target, pages=PAGES_AT_ONCE, progress=lambda *_: None)
    finally:
        target.close()


def check(draft: str, version: int) -> None:
    """Check that the copy is whole and of this version. Raises StoreDamaged."""
    connection = sqlite3.connect(uri(draft, "mode=ro&immutable=1"), uri=True)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        copied = connection.execute("PRAGMA user_version").fetchone()[0]
    finally:
        connection.close()
    if found != "ok" or copied != version:
        message = f"the store is damaged, it was not upgraded: its copy is not whole: {found}, version {copied}"
        raise StoreDamaged(message, hint="restore a backup; the store was left as it is")
