"""The groups of workers as seen from outside the pool that has them.

How many workers each group should have stands in the store; who changes that rings the pool's bell. A pool without a
group ends, and takes no other one: so whoever adds to it finds either a pool that follows or one that is about to
leave, never one in between.
"""

from __future__ import annotations

import signal

from ...model.errors import DaemonUnavailable, InvalidInput, StoreUnavailable
from ...model.worker import counted
from ..home.liveness import is_worker_alive
from .daemon import POOL
from .ending import LOOK_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping

    from ...model.settings import Settings
    from ...model.worker import RegisteredWorker
    from ..home.opened import OpenHome
    from .daemon import RunningDaemon

FOLLOW_BUDGET_MS = 60_000


def demand_room(settings: Settings, groups: Mapping[str, int], field: str = "count") -> None:
    """Raise InvalidInput if so many workers are more than the settings allow."""
    total, most = sum(groups.values()), settings.max_workers
    if total <= most:
        return
    found = f"got {total}" if len(groups) == 1 else f"all groups together would have {total}"
    raise InvalidInput(
        f"at most {counted(most)} {'is' if most == 1 else 'are'} allowed, {found}",
        field=field,
        hint=f"allow more with: queuectl config set max_workers {total}",
    )


def await_pool(opened: OpenHome) -> None:
    """Wait until the pool that runs has written down its groups: whatever is changed before, it does not see.

    Raises DaemonUnavailable.
    """

    def has_entered(pool: RunningDaemon) -> bool:
        return pool.identity is not None and POOL.record(opened).process == str(pool.identity)

    wait_for_pool(opened, has_entered)


def wait_for_pool(opened: OpenHome, condition: Callable[[RunningDaemon], bool]) -> None:
    """Wait until the condition holds for the pool. Raises DaemonUnavailable if the pool ends or takes too long."""
    deadline = opened.clock.monotonic() + FOLLOW_BUDGET_MS
    while True:
        pool = POOL.find(opened)
        if pool is None:
            raise DaemonUnavailable("the pool has ended", hint="its log says why: queuectl worker logs")
        if pool.identity is not None:
            # One that was stopped cannot follow, and may keep the store locked. Another container's is not reached.
            pool.identity.send(signal.SIGCONT)
        if condition(pool):
            return
        if opened.clock.monotonic() >= deadline:
            raise DaemonUnavailable(f"the pool ({pool}) did not follow", hint="see queuectl worker logs")
        opened.clock.pause(LOOK_SECONDS)


def living_workers(opened: OpenHome, group: str | None = None) -> list[RegisteredWorker]:
    """Return the workers that live, of a group or all."""
    try:
        rows = opened.store.workers.all() if opened.home.exists() else []
    except StoreUnavailable:
        return []  # Workers cannot do without the store either: they end by themselves.
    return [row for row in rows if group in (None, row.queues) and is_worker_alive(opened.home, row)]
