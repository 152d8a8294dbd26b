"""One pool per home: the kernel lock that it holds, and who holds it."""
from __future__ import annotations

import os

from ..model.errors import Conflict
from ..store.lockfile import LockFile, is_held
from . import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.clock import Clock
    from ..store import Home

PROBE_TRIES = 20
PROBE_SECONDS = 0.005


def take_pool_lock(home: Home, clock: Clock) -> LockFile:
    """Return the lock, taken and with our pid in it. Raises Conflict, naming the pool that has it."""
    lock = LockFile(home.pool_lock)
    tries = PROBE_TRIES
    while not lock.acquire():
        tries -= 1
        if tries and pool_pid(home) is None:
            # Somebody who only asked whether it is held may have had it for an instant.
            clock.pause(PROBE_SECONDS)
            continue
        lock.close()
        raise Conflict(f"workers are running already in {home.path} (pid {pool_pid(home) or 'unknown'})",
                       hint="change their number with: queuectl worker scale N")
    lock.write(f"{os.getpid()} {process.start_time(os.getpid())}\n")
    return lock


def pool_pid(home: Home) -> int | None:
    """Return the pid of the running pool, None if there is none.

    The lock tells whether one runs; the pid in the file is used only if it is still that process.
    """
    if not is_held(home.pool_lock):
        return None
    with open(home.pool_lock, encoding="ascii") as file:
        pid, _, start = file.read().strip().partition(" ")
    return int(pid) if pid and process.is_same_process(int(pid), start) else None
