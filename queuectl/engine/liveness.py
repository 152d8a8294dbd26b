"""Whether a registered worker lives, as seen from this home.

Its kernel lock proves that it lives. A lock that is free, or whose file is missing, proves nothing by itself: somebody
may have removed `run/` or moved the home, and the worker makes its lock again within a second. Then the process
decides, by pid, start time, boot and namespace. One that lives but works on another `queue.db` is the worker of the
home that this one was copied from: it is nobody here.
"""

from __future__ import annotations

import os

from ..store.lockfile import is_held
from .identity import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..store import Home
    from ..store.sqlite import Row


def is_worker_alive(home: Home, row: Row) -> bool:
    """Return whether a worker of this home lives. One that cannot be seen from here lives while its lock is held."""
    if is_held(home.worker_lock(row["id"])):
        return True
    identity = Identity.of_worker(row)
    return identity.is_alive() and works_in(home, identity.pid)


def works_in(home: Home, pid: int) -> bool:
    """Return whether a process has this home's database open; True where the system does not tell."""
    try:
        ours = os.stat(home.database)
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return True
    return any(_is_file(f"/proc/{pid}/fd/{name}", ours) for name in names)


def _is_file(path: str, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), wanted)
    except OSError:
        return False
