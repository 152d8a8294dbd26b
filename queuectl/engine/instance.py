"""One daemon of a kind per home: the kernel lock that it holds, and who holds it."""

from __future__ import annotations

import os
import signal

from ..model.errors import Conflict
from ..store.lockfile import LockFile, is_held
from . import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..model.clock import Clock
    from ..store import Home

PROBE_TRIES = 20
PROBE_SECONDS = 0.005
LOOK_SECONDS = 0.02


def take_pool_lock(home: Home, clock: Clock) -> LockFile:
    """Return the pool's lock, taken and with our pid in it. Raises Conflict, naming the pool that has it."""
    return _take(
        home, home.pool_lock, clock, "workers are running", "change their number with: queuectl worker scale N"
    )


def take_scheduler_lock(home: Home, clock: Clock) -> LockFile:
    """Return the scheduler's lock, taken and with our pid in it. Raises Conflict, naming the one that has it."""
    return _take(
        home, home.scheduler_lock, clock, "a scheduler is running", "look at it with: queuectl scheduler status"
    )


def take_dashboard_lock(home: Home, clock: Clock) -> LockFile:
    """Return the dashboard's lock, taken and with our pid in it. Raises Conflict, naming the one that has it."""
    return _take(
        home, home.dashboard_lock, clock, "a dashboard is running", "see where with: queuectl dashboard status"
    )


def _take(home: Home, path: str, clock: Clock, what: str, hint: str) -> LockFile:
    lock = LockFile(path)
    tries = PROBE_TRIES
    while not lock.acquire():
        tries -= 1
        if tries and _holder(path) is None:
            # Somebody who only asked whether it is held may have had it for an instant.
            clock.pause(PROBE_SECONDS)
            continue
        lock.close()
        raise Conflict(f"{what} already in {home.path} (pid {_holder(path) or 'unknown'})", hint=hint)
    lock.write(f"{os.getpid()} {process.start_time(os.getpid())}\n")
    return lock


def pool_pid(home: Home) -> int | None:
    """Return the pid of the running pool, None if there is none."""
    return _holder(home.pool_lock)


def scheduler_pid(home: Home) -> int | None:
    """Return the pid of the running scheduler daemon, None if there is none."""
    return _holder(home.scheduler_lock)


def dashboard_pid(home: Home) -> int | None:
    """Return the pid of the running dashboard, None if there is none."""
    return _holder(home.dashboard_lock)


def stop_daemon(home: Home, find: Callable[[Home], int | None], clock: Clock, kill_after_ms: int) -> int | None:
    """Stop the daemon that `find` finds and wait until it is gone; return its pid, None if there was none.

    One that does not follow in time is killed, which no job minds.
    """
    pid = first = find(home)
    deadline = clock.monotonic() + kill_after_ms
    if pid is not None:
        process.send_to_pids([pid], signal.SIGTERM)
    while pid is not None:
        if clock.monotonic() >= deadline:
            process.send_to_pids([pid], signal.SIGKILL)
        clock.pause(LOOK_SECONDS)
        pid = find(home)
    return first


def _holder(path: str) -> int | None:
    """Return who holds a lock: the pid in the file is used only if it is held and still that process."""
    if not is_held(path):
        return None
    with open(path, encoding="ascii") as file:
        pid, _, start = file.read().strip().partition(" ")
    return int(pid) if pid and process.is_same_process(int(pid), start) else None
