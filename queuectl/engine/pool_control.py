"""Steer the pool from outside: start it in the background, scale, stop and ask after it."""

from __future__ import annotations

import math
import signal

from ..model.errors import DaemonUnavailable
from ..store.lockfile import is_held
from . import process
from .daemon import launch
from .doorbell import CONTROL, POOL, ring
from .instance import pool_pid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, Sequence

    from ..store import Home
    from .queue import Queue

LOOK_SECONDS = 0.02
SCALE_BUDGET_MS = 60_000
FORCE_BUDGET_MS = 20_000


def start_pool(home: Home, *, count: int, queues: Sequence[str]) -> None:
    """Start a pool in the background; return once its workers are up. Raises Conflict, DaemonUnavailable."""
    home.prepare()
    arguments = ["--home", home.path, "worker", "start", "--no-detach", "--count", str(count)]
    for queue in queues:
        arguments += ["--queue", queue]
    launch(arguments, home.pool_log)


def stop_pool(queue: Queue, *, patience: float | None, force: bool) -> int | None:
    """Stop the pool, and workers that have outlived theirs, and wait until all are gone.

    Returns the pid of one that was stopped, None if there was none. Jobs may finish for `patience`
    seconds (None: as long as the workers themselves allow), then, or at once with `force`, they are
    ended and go back to the queue. What does not even follow that order is killed.
    """
    first = None
    pids = _running(queue)
    orders = _orders(queue, patience, force)
    send_at, order = next(orders)
    while pids:
        first = first or pids[0]
        if queue.clock.monotonic() >= send_at:
            process.send_to_pids(pids, order)
            send_at, order = next(orders)
        queue.clock.pause(LOOK_SECONDS)
        pids = _running(queue)
    return first


def _orders(queue: Queue, patience: float | None, force: bool) -> Iterator[tuple[float, signal.Signals]]:
    """Yield when to send which signal: a request, then an order, then the end."""
    now = queue.clock.monotonic()
    if not force:
        yield now, signal.SIGTERM
    order_at = now if force else math.inf if patience is None else now + patience * 1000
    yield order_at, signal.SIGQUIT
    yield order_at + queue.settings().kill_grace + FORCE_BUDGET_MS, signal.SIGKILL
    yield math.inf, signal.SIGKILL


def _running(queue: Queue) -> list[int]:
    """Return the pid of the pool or, without one, those of the workers that have outlived it."""
    pool = pool_pid(queue.home)
    if pool is not None:
        return [pool]
    return [row["pid"] for row in queue.store.workers.all() if is_held(queue.home.worker_lock(row["id"]))]


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
