"""The workers of a home and the pool that owns them, as reports show them."""

from __future__ import annotations

from ...model.worker import queues_of
from ..daemons.daemon import POOL
from ..home.liveness import is_worker_alive
from ..machine import process
from ..machine.identity import Identity
from .numbers import share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...store import Home, Store
    from ..home.opened import OpenHome


def worker_rows(home: Home, store: Store, now: int) -> list[dict[str, Any]]:
    """Return each registered worker with its health, busy, idle, stopping or lost; those of a group together.

    `queues` is empty if a worker takes jobs from all.
    """
    rows = []
    for worker in store.workers.all():
        lives = is_worker_alive(home, worker)
        # Of a worker in another container, the pid is a stranger's here.
        is_here = lives and Identity.of_worker(worker).is_alive()
        state = "lost" if not lives else "stopping" if worker.stopping else "busy" if worker.job else "idle"
        rows.append(
            {
                "worker": worker.id,
                "pid": worker.pid,
                "state": state,
                "job": worker.job,
                "elapsed": None if worker.job_started_at is None else now - worker.job_started_at,
                "jobs_done": worker.jobs_done,
                "heartbeat_at": worker.heartbeat_at,
                "memory": process.memory(worker.pid) if is_here else worker.memory,
                "uptime": now - worker.started_at,
                "busy": share(worker.busy_time, now - worker.started_at),
                "queues": queues_of(worker.queues),
                "command": worker.command,
                "trouble": worker.trouble,
            }
        )
    return sorted(rows, key=lambda row: row["queues"])


def worker_totals(workers: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return how many workers live, and how many there are in each state."""
    states = [worker["state"] for worker in workers]
    return {
        "total": len(states) - states.count("lost"),
        **{state: states.count(state) for state in ("busy", "idle", "stopping", "lost")},
    }


def pool_state(opened: OpenHome) -> dict[str, Any]:
    """Return whether a pool runs, its pid, whether that is in another container, another version, its groups."""
    pool = POOL.find(opened)
    if pool is None:
        return {"running": False, "pid": None, "elsewhere": False, "version": None, "target": 0, "groups": []}
    groups = opened.store.meta.pool_groups()
    return {
        "running": True,
        "pid": pool.pid,
        "elsewhere": pool.is_elsewhere,
        "version": pool.other_version(opened),
        "target": sum(groups.values()),
        "groups": [{"queues": queues_of(group), "target": target} for group, target in sorted(groups.items())],
    }
