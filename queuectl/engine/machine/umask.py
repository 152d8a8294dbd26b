"""The umask of this process, which the system call reveals only by setting another one."""

from __future__ import annotations

import os
from _thread import _count

STATUS = "/proc/self/status"
NAME = b"Umask:"


def own_umask() -> int | None:
    """Return the umask; None where it cannot be read, since another thread may make a file meanwhile."""
    try:
        with open(STATUS, "rb") as file:
            return next(int(line[len(NAME) :], 8) for line in file if line.startswith(NAME))
    except (OSError, StopIteration):
        if _count():
            return None
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
