"""Steer the pool from outside: start it in the background, scale, stop and ask after it."""
from __future__ import annotations

import signal

from ..model.errors import DaemonUnavailable
from ..store.lockfile import is_held
from . import process
from .daemon import launch
from .doorbell import CONTROL, POOL, ring
from .instance import pool_pid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from ..store import Home
    from .queue import Queue

LOOK_SECONDS = 0.02
SCALE_BUDGET_MS = 60_000


def start_pool(home: Home, *, count: int, queues: Sequence[str]) -> None:
    """Start a pool in the background; return once its workers are up. Raises Conflict, DaemonUnavailable."""
    home.prepare()
    arguments = ["--home", home.path, "worker", "start", "--no-detach", "--count", str(count)]
    for queue in queues:
        arguments += ["--queue", queue]
    launch(arguments, home.pool_log)


def stop_pool(queue: Queue, *, patience: float | None, force: bool) -> int | None:
    """Stop the pool and wait until it is gone; return its pid, None if there was none.

    Its jobs may finish for `patience` seconds (None: as long as the pool itself allows), then, or at
    once with `force`, they are ended and go back to the queue.
    """
    pid = pool_pid(queue.home)
    if pid is None:
        return None
    clock = queue.clock
    process.send([pid], signal.SIGQUIT if force else signal.SIGTERM)
    deadline = None if patience is None or force else clock.monotonic() + round(patience * 1000)
    while pool_pid(queue.home) == pid:
        if deadline is not None and clock.monotonic() >= deadline:
            process.send([pid], signal.SIGQUIT)
            deadline = None
        clock.pause(LOOK_SECONDS)
    return pid


def scale_pool(queue: Queue, count: int) -> None:
    """Give the running pool another number of workers and wait until it has it. Raises DaemonUnavailable."""
    if pool_pid(queue.home) is None:
        raise DaemonUnavailable("no workers are running", hint=f"queuectl worker start --count {count}")
    store = queue.store
    with store.writing():
        store.meta.set_pool_target(count)
        store.events.add("scaled", actor=queue.actor, now=queue.clock.wall(), detail=f"{count} workers")
    ring(queue.home, POOL, CONTROL)
    _wait_for(queue, lambda: _staying_workers(queue) == count)


def _staying_workers(queue: Queue) -> int:
    """Count the living workers that have not been told to leave."""
    return sum(not row["stopping"] and is_held(queue.home.worker_lock(row["id"])) for row in queue.store.workers.all())


def _wait_for(queue: Queue, condition: Callable[[], bool]) -> None:
    deadline = queue.clock.monotonic() + SCALE_BUDGET_MS
    while not condition():
        if queue.clock.monotonic() >= deadline or pool_pid(queue.home) is None:
            raise DaemonUnavailable("the pool did not follow", hint="see queuectl worker logs")
        queue.clock.pause(LOOK_SECONDS)

