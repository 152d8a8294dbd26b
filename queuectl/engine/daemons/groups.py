"""Steer the workers from outside, by groups: start and scale them; `stopping` has their end.

The workers of a group take jobs from the same queues; one pool has all groups. How many workers each should have stands
in the store: who changes that rings the pool's bell. A pool without a group ends, and takes no other one: so whoever
adds to it finds either a pool that follows or one that is about to leave, never one in between.
"""

from __future__ import annotations

import signal

from ...model.alert import NO_WORKERS, START_WORKERS
from ...model.errors import Conflict, DaemonUnavailable, InvalidInput, StoreUnavailable, quoted
from ..home.liveness import is_worker_alive
from ..machine.doorbell import CONTROL, ring
from ..machine.doorbell import POOL as POOL_BELL
from .daemon import POOL
from .ending import LOOK_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, Mapping

    from ...model.settings import Settings
    from ...store import Home
    from ...store.workers import WorkerRow
    from ..home.opened import OpenHome
    from .daemon import RunningDaemon

# The group whose workers take jobs from all queues.
ALL = ""
SCALE_BUDGET_MS = 60_000
RESTART = "queuectl worker restart"


def group_of(queues: Iterable[str]) -> str:
    """Return the name of the group of these queues, ALL if there are none."""
    return ",".join(sorted(set(queues)))


def queues_of(group: str) -> list[str]:
    """Return the queues of a group, none of that of all queues."""
    return [name for name in group.split(",") if name]


def of_group(group: str | None) -> str:
    """Return the words that tell the workers of a group from others, with a blank before them."""
    return f" for {group}" if group else ""


def option(group: str | None) -> str:
    """Return the option of the `worker` commands that names a group, with a blank before it."""
    return f" --queue {group}" if group else ""


def workers_text(groups: Mapping[str, int]) -> str:
    """Return how many workers there are in each group, in words."""
    counts = [f"{groups[group]} worker{'s' * (groups[group] != 1)}{of_group(group)}" for group in sorted(groups)]
    return ", ".join(counts) or "no workers"


def demand_room(settings: Settings, groups: Mapping[str, int]) -> None:
    """Raise InvalidInput if so many workers are more than the settings allow."""
    total = sum(groups.values())
    if total <= settings.max_workers:
        return
    found = f"got {total}" if len(groups) == 1 else f"all groups together would have {total}"
    raise InvalidInput(
        f"at most {settings.max_workers} workers are allowed, {found}",
        field="count",
        hint=f"allow more with: queuectl config set max_workers {total}",
    )


def start_pool(home: Home, groups: Mapping[str, int]) -> None:
    """Start a pool in the background; return once its workers are up. Raises Conflict, DaemonUnavailable."""
    POOL.start(home, [word for group, count in groups.items() for word in ("--group", f"{count}:{group}")])


def start_group(opened: OpenHome, group: str, count: int) -> int:
    """Have at least so many workers in a group, by a pool that is started if none runs; return once they are up.

    Returns how many it had. Raises Conflict where a pool runs elsewhere or ends, InvalidInput beyond `max_workers`,
    DaemonUnavailable.
    """
    demand_room(opened.settings(), {group: count})
    pool = POOL.find(opened.home, opened.clock)
    if pool is not None and pool.is_elsewhere:
        raise POOL.conflict(pool, opened.home)
    if pool is None:
        opened.close()
        try:
            start_pool(opened.home, {group: count})
            return 0
        except Conflict:
            pass  # Another start was faster: these are for its pool.
    return _change(opened, group, lambda before: max(before, count))


def scale_group(opened: OpenHome, group: str | None, count: int) -> str:
    """Give a group that runs another number of workers and wait until it has it; return the group.

    None is the only group that there is, or that of all queues. Raises DaemonUnavailable if it does not run,
    InvalidInput beyond `max_workers` or if it is not clear which one is meant, Conflict where the pool ends.
    """
    demand_room(opened.settings(), {group or ALL: count})
    if POOL.find(opened.home, opened.clock) is None:
        raise DaemonUnavailable(NO_WORKERS, hint=f"{START_WORKERS} --count {count}{option(group)}")
    found = _only_group(opened) if group is None else group

    def change(before: int) -> int:
        if before:
            return count
        raise DaemonUnavailable(
            f"{NO_WORKERS}{of_group(found)}", hint=f"{START_WORKERS} --count {count}{option(found)}"
        )

    _change(opened, found, change)
    return found


def _only_group(opened: OpenHome) -> str:
    groups = opened.store.meta.pool_groups()
    if len(groups) == 1:
        return next(iter(groups))
    if not groups or ALL in groups:
        return ALL
    raise InvalidInput(
        f"there are several groups of workers, name one of them: {' or '.join(map(quoted, sorted(groups)))}",
        field="queue",
        hint=f"for instance: queuectl worker scale N{option(min(groups))}",
    )


def _change(opened: OpenHome, group: str, change: Callable[[int], int]) -> int:
    """Change the number of workers of a group and wait until it has them; return how many it had."""
    await_pool(opened)
    store, settings = opened.store, opened.settings()
    staying, version = _staying_workers(opened, group), _other_version(opened)
    with store.writing():
        groups = store.meta.pool_groups()
        if not groups:
            raise Conflict(
                f"the workers in {opened.home.path} are stopping",
                hint=f"wait for them, or end them at once with: {POOL.stop_command} --force",
            )
        before = groups.get(group, 0)
        count = change(before)
        if count > before:
            demand_room(settings, {**groups, group: count})
        if version is not None and count > staying:
            raise DaemonUnavailable(
                f"no more workers can start: the pool is of {version} of QueueCTL, which has been replaced",
                hint=RESTART,
            )
        if count != before:
            store.meta.set_pool_groups({**groups, group: count})
            opened.note("scaled", workers_text({group: count}))
    ring(opened.home, POOL_BELL, CONTROL)
    _wait_for(opened, lambda pool: _staying_workers(opened, group) == count)
    return before


def await_pool(opened: OpenHome) -> None:
    """Wait until the pool that runs has written down its groups: whatever is changed before, it does not see.

    Raises DaemonUnavailable.
    """

    def has_entered(pool: RunningDaemon) -> bool:
        return pool.identity is not None and POOL.record(opened.home, opened.store).process == str(pool.identity)

    _wait_for(opened, has_entered)


def _other_version(opened: OpenHome) -> str | None:
    pool = POOL.find(opened.home, opened.clock, opened.store)
    return None if pool is None else pool.other_version(opened.store)


def _staying_workers(opened: OpenHome, group: str) -> int:
    """Count the living workers of a group that have not been told to leave."""
    return sum(not row.stopping for row in living_workers(opened, group))


def _wait_for(opened: OpenHome, condition: Callable[[RunningDaemon], bool]) -> None:
    """Wait until the condition holds for the pool. Raises DaemonUnavailable if the pool ends or takes too long."""
    deadline = opened.clock.monotonic() + SCALE_BUDGET_MS
    while True:
        pool = POOL.find(opened.home, opened.clock, opened.store)
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


def running_groups(opened: OpenHome) -> dict[str, int]:
    """Return how many workers each group of the pool should have; of one that ends, how many live."""
    groups = opened.store.meta.pool_groups()
    if not groups:
        for row in living_workers(opened):
            groups[row.queues] = groups.get(row.queues, 0) + 1
    return groups


def living_workers(opened: OpenHome, group: str | None = None) -> list[WorkerRow]:
    """Return the workers that live, of a group or all."""
    try:
        rows = opened.store.workers.all() if opened.home.exists() else []
    except StoreUnavailable:
        return []  # Workers cannot do without the store either: they end by themselves.
    return [row for row in rows if group in (None, row.queues) and is_worker_alive(opened.home, row)]
