"""Steer the pool from outside: start it in the background, scale, stop and ask after it."""

from __future__ import annotations

import signal

from ...model.errors import DaemonUnavailable, StoreUnavailable
from ...model.settings import Settings
from ..home.instance import ELSEWHERE, POOL, find, other_version
from ..home.liveness import is_worker_alive
from ..machine.doorbell import CONTROL, ring
from ..machine.doorbell import POOL as POOL_BELL
from ..machine.identity import Identity
from .daemon import launch
from .stopping import LOOK_SECONDS, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from ...model.clock import Clock
    from ...store import Home
    from ...store.workers import WorkerRow
    from ..home.opened import OpenHome

SCALE_BUDGET_MS = 60_000
# What the pool itself takes beyond what its workers are allowed: it ends late ones, and what they have left.
FOLLOW_MS = 20_000
PROBE_TRIES = 10
RESTART = "queuectl worker restart"
STOP_THERE = f"stop it there: {POOL.stop}"


def start_pool(home: Home, *, count: int, queues: Sequence[str]) -> None:
    """Start a pool in the background; return once its workers are up. Raises Conflict, DaemonUnavailable."""
    home.prepare()
    arguments = ["--home", home.path, "worker", "start", "--no-detach", "--count", str(count)]
    for queue in queues:
        arguments += ["--queue", queue]
    launch(arguments, home, home.pool_log)


def stop_pool(opened: OpenHome, *, patience: float | None, force: bool) -> int | None:
    """Stop the pool, and workers that have outlived theirs, and wait until all are gone.

    Returns the pid of one that was stopped, None if there was none. Jobs may finish for `patience`
    seconds (None: as long as the workers themselves allow), then, or at once with `force`, they are
    ended and go back to the queue. With either, what does not even follow that order is killed. Raises
    DaemonUnavailable for what cannot be signalled from here, what does not answer and what cannot be ended.
    """
    settings = _settings(opened)
    orders = _orders(settings, patience, force, is_asked=_is_stopping(opened))
    limit = settings.kill_grace + FOLLOW_MS + (settings.shutdown_timeout if patience is None and not force else 0)
    first: int | None = None
    while True:
        targets = _targets(opened)
        if not targets:
            return first
        first = first or targets[0].pid
        # The pool first, then workers that have outlived it: each in its turn has the whole time.
        _stop(targets, orders, limit, opened.clock)


def _settings(opened: OpenHome) -> Settings:
    try:
        return opened.settings() if opened.home.exists() else Settings({})
    except StoreUnavailable:
        return Settings({})  # A damaged store keeps nobody from stopping what works on it.


def _is_stopping(opened: OpenHome) -> bool:
    """Return whether all workers that live were asked to stop already."""
    rows = [row for row in _rows(opened) if is_worker_alive(opened.home, row)]
    return bool(rows) and all(row.stopping for row in rows)


def _orders(
    settings: Settings, patience: float | None, force: bool, *, is_asked: bool = False
) -> list[tuple[int, signal.Signals]]:
    """Return which signals to send, each after how many milliseconds: a request, then an order, then the end.

    A second request would be taken for the order: whoever was asked already is only made to go on.
    """
    request = [] if force else [(0, signal.SIGCONT if is_asked else signal.SIGTERM)]
    if patience is None and not force:
        return request
    order_at = 0 if patience is None or force else int(patience * 1000)
    return [*request, (order_at, signal.SIGQUIT), (order_at + settings.kill_grace + FOLLOW_MS, signal.SIGKILL)]


def _stop(targets: Sequence[Identity], orders: Sequence[tuple[int, signal.Signals]], limit: int, clock: Clock) -> None:
    """Send each order when it is time, until all targets have ended. Raises DaemonUnavailable if some never do.

    The last order has `limit` milliseconds to be followed.
    """
    start = clock.monotonic()
    for after, order in orders:
        if _have_ended(targets, start + after, clock):
            return
        for target in targets:
            tell(target, order)
    if _have_ended(targets, clock.monotonic() + limit, clock):
        return
    pids = ", ".join(str(target.pid) for target in targets if target.is_alive())
    if orders[-1][1] == signal.SIGKILL:
        raise DaemonUnavailable(f"the workers (pid {pids}) cannot be ended", hint=f"find out why: ps -fp {pids}")
    raise DaemonUnavailable(
        f"the workers (pid {pids}) do not answer", hint=f"end them at once with: {POOL.stop} --force"
    )


def _have_ended(targets: Sequence[Identity], deadline: int, clock: Clock) -> bool:
    """Wait until all targets have ended or the deadline has passed; return whether they have ended."""
    while any(target.is_alive() for target in targets):
        if clock.monotonic() >= deadline:
            return False
        clock.pause(LOOK_SECONDS)
    return True


def _targets(opened: OpenHome) -> list[Identity]:
    """Return the pool or, without one, the workers that have outlived it.

    Raises DaemonUnavailable if they cannot be signalled from here.
    """
    pool = find(POOL, opened.home, opened.clock)
    if pool is not None:
        return [pool.here()]
    return [_here(opened, row) for row in _rows(opened) if is_worker_alive(opened.home, row)]


def _rows(opened: OpenHome) -> list[WorkerRow]:
    try:
        return opened.store.workers.all() if opened.home.exists() else []
    except StoreUnavailable:
        return []  # Workers cannot do without the store either: they end by themselves.


def _here(opened: OpenHome, row: WorkerRow) -> Identity:
    """Return whom to signal. A worker whose lock is held while its pid is nobody's here runs elsewhere."""
    identity = Identity.of_worker(row)
    for _ in range(PROBE_TRIES):
        if identity.is_alive() or not is_worker_alive(opened.home, row):
            return identity
        opened.clock.pause(LOOK_SECONDS)
    raise DaemonUnavailable(f"worker {row.id} runs {ELSEWHERE} and cannot be stopped from here", hint=STOP_THERE)


def scale_pool(opened: OpenHome, count: int) -> None:
    """Give the running pool another number of workers and wait until it has it. Raises DaemonUnavailable."""
    pool = find(POOL, opened.home, opened.clock)
    if pool is None:
        raise DaemonUnavailable("no workers are running", hint=f"queuectl worker start --count {count}")
    if pool.identity is not None:
        # One that was stopped cannot follow, and may keep the store locked; of another container's this does nothing.
        pool.identity.send(signal.SIGCONT)
    store = opened.store
    version = other_version(pool, store)
    if version is not None and count > _staying_workers(opened):
        raise DaemonUnavailable(
            f"no more workers can start: the pool is of {version} of QueueCTL, which has been replaced", hint=RESTART
        )
    with store.writing():
        store.meta.set_pool_target(count)
        store.events.add("scaled", actor=opened.actor, now=opened.clock.wall(), detail=f"{count} workers")
    ring(opened.home, POOL_BELL, CONTROL)
    _wait_for(opened, lambda: _staying_workers(opened) == count)


def _staying_workers(opened: OpenHome) -> int:
    """Count the living workers that have not been told to leave."""
    return sum(not row.stopping and is_worker_alive(opened.home, row) for row in opened.store.workers.all())


def _wait_for(opened: OpenHome, condition: Callable[[], bool]) -> None:
    deadline = opened.clock.monotonic() + SCALE_BUDGET_MS
    while not condition():
        pool = find(POOL, opened.home, opened.clock, opened.store)
        if pool is None:
            raise DaemonUnavailable("the pool has ended", hint="its log says why: queuectl worker logs")
        if opened.clock.monotonic() >= deadline:
            raise DaemonUnavailable(f"the pool ({pool}) did not follow", hint="see queuectl worker logs")
        opened.clock.pause(LOOK_SECONDS)
