"""Stop workers from outside: ask the pool or the workers of a group, and if it must be, force them."""

from __future__ import annotations

import signal

from ...model.errors import DaemonUnavailable, StoreUnavailable
from ...model.settings import Settings
from ...model.worker import option, workers_text
from ..home.liveness import is_worker_alive
from ..machine.doorbell import CONTROL, ring
from ..machine.doorbell import POOL as POOL_BELL
from ..machine.identity import Identity
from .daemon import ELSEWHERE, POOL
from .ending import LOOK_SECONDS, end
from .groups import await_pool, living_workers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.worker import RegisteredWorker
    from ..home.opened import OpenHome
    from .ending import Order

# What the pool itself takes beyond what its workers are allowed: it ends late ones, and what they have left.
FOLLOW_MS = 20_000
PROBE_TRIES = 10


def stop_workers(opened: OpenHome, group: str | None = None, *, patience: float | None, force: bool) -> int | None:
    """Stop a group, or all of them with the pool, and workers that have outlived theirs; wait until all are gone.

    Returns the pid of one that was stopped, None if there was none. Jobs may finish for `patience`
    seconds (None: as long as the workers themselves allow), then, or at once with `force`, they are
    ended and go back to the queue. With either, what does not even follow that order is killed. Raises
    DaemonUnavailable for what cannot be signalled from here, what does not answer and what cannot be ended.
    """
    # Before the order: idle workers may be gone by the first look after it.
    first = next((target.pid for target in _targets(opened, group)), None)
    pool = None if group is None else _drop(opened, group)
    if pool is not None:
        group = None  # The pool ends with its last group.
    settings = _settings(opened)
    # A pool without groups ends by itself: to it, a request would be the second one.
    orders = _orders(settings, patience, force, is_asked=pool is not None or _is_stopping(opened, group))
    limit = settings.kill_grace + FOLLOW_MS + (settings.shutdown_timeout if patience is None and not force else 0)
    targets = _targets(opened, group) if pool is None else [pool]
    while targets:
        first = first or targets[0].pid
        # The pool first, then workers that have outlived it: each in its turn has the whole time.
        end(targets, orders, limit, POOL.phrases.subject, opened.clock, f"{POOL.stop_command}{option(group)} --force")
        targets = _targets(opened, group)
    return first


def _drop(opened: OpenHome, group: str) -> Identity | None:
    """Have no more workers started in a group; return the pool if it was the last one."""
    pool = POOL.find(opened) if opened.home.exists() else None
    if pool is None:
        return None
    identity = pool.here()
    await_pool(opened)
    store = opened.store
    with store.writing():
        groups = store.meta.pool_groups()
        count = groups.pop(group, 0)
        if not count:
            return None
        store.meta.set_pool_groups(groups)
        opened.note("workers stopped", workers_text({group: count}))
    ring(opened.home, POOL_BELL, CONTROL)
    return None if groups else identity


def _settings(opened: OpenHome) -> Settings:
    try:
        return opened.settings() if opened.home.exists() else Settings({})
    except StoreUnavailable:
        return Settings({})  # A damaged store keeps nobody from stopping what works on it.


def _is_stopping(opened: OpenHome, group: str | None) -> bool:
    """Return whether all workers that live were asked to stop already."""
    rows = living_workers(opened, group)
    return bool(rows) and all(row.stopping for row in rows)


def _orders(settings: Settings, patience: float | None, force: bool, *, is_asked: bool = False) -> list[Order]:
    """Return which signals to send, each after how many milliseconds: a request, then an order, then the end.

    A second request would be taken for the order: whoever was asked already is only made to go on.
    """
    request = [] if force else [(0, signal.SIGCONT if is_asked else signal.SIGTERM)]
    if patience is None and not force:
        return request
    order_at = 0 if patience is None or force else int(patience * 1000)
    return [*request, (order_at, signal.SIGQUIT), (order_at + settings.kill_grace + FOLLOW_MS, signal.SIGKILL)]


def _targets(opened: OpenHome, group: str | None) -> list[Identity]:
    """Return the workers of a group; or the pool or, without one, the workers that have outlived it.

    Raises DaemonUnavailable if they cannot be signalled from here.
    """
    pool = POOL.find(opened) if group is None else None
    if pool is not None:
        return [pool.here()]
    return [_here(opened, row) for row in living_workers(opened, group)]


def _here(opened: OpenHome, row: RegisteredWorker) -> Identity:
    """Return whom to signal. A worker whose lock is held while its pid is nobody's here runs elsewhere."""
    identity = Identity.of_worker(row)
    for _ in range(PROBE_TRIES):
        if identity.is_alive() or not is_worker_alive(opened.home, row):
            return identity
        opened.clock.pause(LOOK_SECONDS)
    raise DaemonUnavailable(
        f"worker {row.id} runs {ELSEWHERE} and cannot be stopped from here",
        hint=f"stop it there: {POOL.stop_command}",
    )
