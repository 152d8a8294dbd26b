"""A file that one process at a time can hold, released by the kernel however the holder ends.

The lock belongs to the open file, which Python opens close-on-exec: a command that a worker starts does not inherit it,
and a lock that is free proves that its holder is gone. No pid or clock is involved in that proof.
"""

from __future__ import annotations

import os
import sys

if sys.platform != "win32":
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _share(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
else:
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    # The system has no shared locks: two that ask at once may see each other.
    _share = _lock

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)


class LockFile:
    """A lock on `path`. The file is created on first use, readable by its owner only."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; return whether it is ours now. Raises OSError."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            _lock(self._descriptor)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def release(self) -> None:
        """Give the lock back; the file stays open for the next time."""
        if self._descriptor is not None:
            _unlock(self._descriptor)

    def is_in_place(self) -> bool:
        """Return whether `path` still is the file that we opened. Raises OSError where that cannot be seen."""
        return self._descriptor is not None and is_in_place(self.path, os.fstat(self._descriptor))

    def take_again(self) -> bool:
        """Take the lock on the file now at `path`; if another has it, keep ours and return False. Raises OSError."""
        other = LockFile(self.path)
        if not other.acquire():
            other.close()
            return False
        self.close()
        self._descriptor = other._descriptor
        return True

    def remove(self) -> None:
        """Remove the file, if it still is ours, and release the lock."""
        try:
            if self.is_in_place():
                os.unlink(self.path)
        except OSError:
            pass  # It stays; a lock that is free proves nothing.
        self.close()

    def write(self, text: str) -> None:
        """Replace the file's text, which others may read: who holds the lock, for people."""
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def close(self) -> None:
        """Close the file, which releases the lock too."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_in_place(path: str, file: os.stat_result) -> bool:
    """Return whether `path` still is this file, not removed or replaced. Raises OSError where that cannot be seen."""
    try:
        return os.path.samestat(os.stat(path), file)
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_held(path: str) -> bool:
    """Return whether some process holds the lock on `path`; a missing file is held by nobody. Raises OSError.

    Processes that ask share the lock, so that they see only a holder. The file is opened for reading: on a
    disk that is mounted read-only somebody may hold it too.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        _share(descriptor)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(descriptor)
    return False


def holder(path: str) -> int | None:
    """Return the pid that holds a lock on `path` where the system tells (Linux), else None."""
    try:
        inode = os.stat(path).st_ino
        with open("/proc/locks", encoding="ascii") as locks:
            lines = [line.replace("-> ", "").split() for line in locks]
    except OSError:
        return None
    for words in lines:
        if len(words) > 5 and words[3] == "WRITE" and words[5].rsplit(":", 1)[-1] == str(inode):
            return int(words[4])
    return None
