"""What no row says of a job that runs: how long it has run, and whether its worker is gone."""

from __future__ import annotations

from collections.abc import Sequence

from ...model.job import PROCESSING, Job
from ...store.lockfile import is_held
from .opened import OpenHome

# A home has no more workers than that.
MOST = 10_000


def as_they_are(opened: OpenHome, jobs: Sequence[Job]) -> Sequence[Job]:
    """Return jobs that run with their `duration`, or with `error` if their worker is gone. Raises StoreUnavailable."""
    held = {job.worker for job in jobs if job.state == PROCESSING and job.worker is not None}
    if not held:
        return jobs
    now = opened.clock.wall()
    silent = {worker for worker in held if not is_held(opened.home.worker_lock(worker))}
    gone: set[int] = set()
    if silent:
        from .liveness import is_worker_alive

        # A worker without a row lives only while it holds its lock.
        rows = {row.id: row for row in opened.store.workers.all() if row.id in silent}
        gone = {worker for worker in silent if worker not in rows or not is_worker_alive(opened.home, rows[worker])}
    return [job.under_way(now, is_gone=job.worker in gone) if job.state == PROCESSING else job for job in jobs]


def jobs_under_way(opened: OpenHome) -> Sequence[Job]:
    """Return the jobs that are processing, as they are now, the first to start first. Raises StoreUnavailable."""
    search = opened.store.search
    return as_they_are(opened, search.jobs(search.running(MOST)))
