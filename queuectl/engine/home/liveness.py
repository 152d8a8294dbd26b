"""Whether a registered worker lives, as seen from this home.

Its kernel lock proves that it lives. A free or missing lock proves nothing: somebody may have removed `run/` or moved
the home, and the worker makes its lock again within a second. Then the process decides, by pid, start time, boot and
namespace. One that lives but works on another `queue.db` is a worker of the home that this one was copied from, and
does not count. One that cannot be seen from here and whose lock is missing counts as alive while its last heartbeat is
fresh: it makes its lock again, or was lost before.
"""

from __future__ import annotations

import os

from ...model.clock import SYSTEM_CLOCK
from ...model.worker import RegisteredWorker
from ...store import Home
from ...store.lockfile import is_held
from ..machine import process
from ..machine.identity import Identity

# Three heartbeats of a worker.
FRESH_MS = 30_000


def is_worker_alive(home: Home, worker: RegisteredWorker) -> bool:
    """Return whether a worker of this home lives."""
    path = home.worker_lock(worker.id)
    if is_held(path):
        return True
    identity = Identity.of_worker(worker)
    if identity.is_of_this_boot() and not identity.is_visible():
        return not os.path.exists(path) and SYSTEM_CLOCK.wall() - worker.heartbeat_at < FRESH_MS
    return identity.is_alive() and works_in(home, identity.pid)


def works_in(home: Home, pid: int) -> bool:
    """Return False if a process has another home's database open and not this one's, as far as the system tells."""
    if not home.exists():
        return True  # It has just been moved or removed: nothing is known.
    name = os.path.basename(home.database)
    names = (name, f"{name} (deleted)")
    # A process that is about to end may have closed its descriptors: that is no other home.
    databases = [path for path, file in process.open_files(pid).items() if os.path.basename(file) in names]
    return not databases or any(_is_same_file(path, home.database) for path in databases)


def _is_same_file(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except FileNotFoundError:
        return False
