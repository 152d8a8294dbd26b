"""Whether the disk takes more. Found out by writing: free bytes tell nothing of quotas, modes nothing of mounts."""

from __future__ import annotations

import os

from .home import Home
from .trouble import refused

FILE = "room"
BYTES = 64 * 1024


def free_bytes(home: Home) -> int:
    """Return how many bytes are free on the disk of a home for a user without special rights."""
    found = os.statvfs(home.path)
    return found.f_bavail * found.f_frsize


def prove_room(home: Home) -> None:
    """Write BYTES bytes to a new file in the home, wait until the disk has them, and remove it.

    One process at a time may do so. Raises StoreFull, StoreReadOnly, or StoreUnavailable for what else failed.
    """
    path = os.path.join(home.run, FILE)
    try:
        try:
            _write(path)
        finally:
            if os.path.lexists(path):
                os.unlink(path)
    except OSError as error:
        raise refused(error, home.path) from error


def _write(path: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(bytes(BYTES))
        file.flush()
        os.fsync(file.fileno())
