"""What no row tells of a job that is being run: how long so far, and whether its worker is gone."""

from __future__ import annotations

from ...model.job import PROCESSING
from ...store.lockfile import is_held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection, Sequence, Set

    from ...model.job import Job
    from .opened import OpenHome

# A home has no more workers than that.
MOST = 10_000


def as_they_are(opened: OpenHome, jobs: Sequence[Job]) -> Sequence[Job]:
    """Return jobs as they are now, those that run with `duration`, those whose worker is gone with `error`.

    Raises StoreUnavailable.
    """
    held = {job.worker for job in jobs if job.state == PROCESSING and job.worker is not None}
    if not held:
        return jobs
    now, gone = opened.clock.wall(), _gone(opened, held)
    return [job.under_way(now, is_gone=job.worker in gone) if job.state == PROCESSING else job for job in jobs]


def jobs_under_way(opened: OpenHome) -> Sequence[Job]:
    """Return the jobs that are processing, as they are now, the first to start first. Raises StoreUnavailable."""
    search = opened.store.search
    return as_they_are(opened, search.jobs(search.running(MOST)))


def _gone(opened: OpenHome, workers: Collection[int]) -> Set[int]:
    """Return which of some workers are gone. One without a row lives while it holds its lock."""
    silent = {worker for worker in workers if not is_held(opened.home.worker_lock(worker))}
    if not silent:
        return silent
    from .liveness import is_worker_alive

    rows = {row.id: row for row in opened.store.workers.all() if row.id in silent}
    return {worker for worker in silent if worker not in rows or not is_worker_alive(opened.home, rows[worker])}
