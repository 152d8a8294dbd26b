"""The workers of a home and the pool that owns them, as reports show them."""

from __future__ import annotations

from ...model.clock import SYSTEM_CLOCK
from ...model.daemon import Group, PoolState, WorkerState
from ...model.figures import share
from ..daemons.daemon import POOL
from ..daemons.groups import queues_of
from ..home.liveness import is_worker_alive
from ..machine import process
from ..machine.identity import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Sequence

    from ...store import Home, Store


def worker_states(home: Home, store: Store, now: int) -> list[WorkerState]:
    """Return each registered worker with its health; those of a group together."""
    return sorted(_worker_states(home, store, now), key=lambda worker: worker.queues)


def _worker_states(home: Home, store: Store, now: int) -> Iterator[WorkerState]:
    for worker in store.workers.all():
        lives = is_worker_alive(home, worker)
        # Of a worker in another container, the pid is a stranger's here.
        is_here = lives and Identity.of_worker(worker).is_alive()
        yield WorkerState(
            worker=worker.id,
            pid=worker.pid,
            state="lost" if not lives else "stopping" if worker.stopping else "busy" if worker.job else "idle",
            job=worker.job,
            elapsed=None if worker.job_started_at is None else now - worker.job_started_at,
            jobs_done=worker.jobs_done,
            heartbeat_at=worker.heartbeat_at,
            memory=process.memory(worker.pid) if is_here else worker.memory,
            uptime=now - worker.started_at,
            busy=share(worker.busy_time, now - worker.started_at),
            queues=queues_of(worker.queues),
            command=worker.command,
            trouble=worker.trouble,
        )


def worker_totals(workers: Sequence[WorkerState]) -> dict[str, int]:
    """Return how many workers live, and how many there are in each state."""
    states = [worker.state for worker in workers]
    return {
        "total": len(states) - states.count("lost"),
        **{state: states.count(state) for state in ("busy", "idle", "stopping", "lost")},
    }


def pool_state(home: Home, store: Store) -> PoolState:
    """Return whether a pool runs, and its groups."""
    pool = POOL.find(home, SYSTEM_CLOCK, store)
    if pool is None:
        return PoolState(False, [])
    groups = [Group(queues_of(group), target) for group, target in sorted(store.meta.pool_groups().items())]
    return PoolState(True, groups, pool.pid, pool.is_elsewhere, pool.other_version(store))
