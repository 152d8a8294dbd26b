"""What went wrong with the store, as one of our errors that says what to do next."""

from __future__ import annotations

import errno
import os

from ..model.errors import StoreBusy, StoreDamaged, StoreFull, StoreReadOnly, StoreUnavailable
from .sqlite import sqlite3

SHORT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What a question had too much of.
BEYOND = ("too large", "too complex", "too many", "too big")
CHECK_MODE = "check the permissions and whether the disk is mounted read-only"
CHECK_DISK = "check the disk's health and free space (dmesg, df)"


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether another connection holds the lock. The name of the code exists from 3.11 on only."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def unavailable(error: sqlite3.Error, path: str) -> StoreUnavailable:
    """Return our error for one of SQLite's, with what to do next. A mistake of ours is raised as it is."""
    if isinstance(error, sqlite3.ProgrammingError):
        raise error
    text = str(error)
    if is_busy(error):
        return StoreBusy(f"the store is busy: {path}", hint="try again")
    # Without room for its index in memory SQLite says that the disk failed.
    if "disk is full" in text or ("I/O" in text and _is_full(path)):
        return full(path)
    if "readonly" in text or "read-only" in text:
        return StoreReadOnly(f"the home is read-only, the store cannot be written to: {path}", hint=CHECK_MODE)
    if "unable to open" in text:
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as shortage:
            return refused(shortage, path)
        message = f"the store cannot be opened: {path}"
        return StoreUnavailable(message, hint="check that the directory exists and that you may write to it")
    if "I/O" in text:
        return StoreUnavailable(f"the disk failed, nothing was changed: {path}: {text}", hint=CHECK_DISK)
    if any(words in text for words in BEYOND):
        return StoreUnavailable(f"the store cannot be asked for so much: {path}: {text}", hint="ask for less at once")
    return damaged(path, text)


def refused(error: OSError, path: str) -> StoreUnavailable:
    """Return our error for what the system did not let us do with a file of the home."""
    if error.errno in FULL:
        return full(path)
    if error.errno in SHORT_OF_DESCRIPTORS:
        message = f"the store cannot be opened: {path}: {error.strerror}"
        return StoreUnavailable(message, hint="allow more open files: ulimit -n 1024")
    message = f"the home cannot be written to: {path}: {error.strerror}"
    if error.errno == errno.EIO:
        return StoreUnavailable(message, hint=CHECK_DISK)
    return StoreReadOnly(message, hint=CHECK_MODE)


def full(path: str) -> StoreFull:
    """Return the error for a disk, or a quota on it, that is used up."""
    hint = "free some space on it; jobs that run go on, and workers take new ones by themselves"
    return StoreFull(f"the disk is full, nothing was changed: {path}", hint=hint)


def _is_full(path: str) -> bool:
    try:
        return os.statvfs(os.path.dirname(path)).f_bavail == 0
    except OSError:
        return False


def damaged(path: str, reason: str) -> StoreDamaged:
    """Return the error for a file that is not a whole store of ours."""
    hint = f"it was left as it is; restore a backup, or move it away to start over: mv {path} {path}.damaged"
    return StoreDamaged(f"the store is damaged: {path}: {reason}", hint=hint)
