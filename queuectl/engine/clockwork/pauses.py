"""What a pause does to jobs that run, and pauses that end by themselves.

A claim takes a pause for over as soon as its time has come: here this is written down, and workers are woken.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model.job import PAUSE, Job
from ...model.lane import is_queue_paused
from ...store import Store
from ..machine.doorbell import CONTROL, WORKERS, ring
from ..machine.log import Log

ALL = -1
# The detail in the history of the job.
WITH_PAUSE = "with a pause"


def suspend_running(store: Store, queues: Sequence[str], now: int, actor: str) -> list[str]:
    """Suspend what runs in some or all queues and no user has suspended; return the ids. In a transaction."""
    running = store.search.jobs(store.search.running(ALL))
    meant = [job for job in running if not job.is_suspended and (not queues or job.queue in queues)]
    changed = [job for job in meant if store.jobs.suspend(job.number, now, PAUSE)]
    return _note(store, "suspend", changed, now, actor)


def let_go_on(store: Store, now: int, actor: str) -> list[str]:
    """Continue the jobs that a pause has suspended and no pause holds any more; return the ids. In a transaction."""
    lanes, running = store.lanes.all(), store.search.jobs(store.search.running(ALL))
    meant = [job for job in running if job.suspended_by == PAUSE and not is_queue_paused(lanes, job.queue, now)]
    changed = [job for job in meant if store.jobs.resume(job.number, now, PAUSE)]
    return _note(store, "resume", changed, now, actor)


def _note(store: Store, verb: str, jobs: Sequence[Job], now: int, actor: str) -> list[str]:
    for job in jobs:
        store.events.add(verb, actor=actor, now=now, detail=WITH_PAUSE, job=job.number)
    return [job.id for job in jobs]


def end_pauses(store: Store, now: int, log: Log) -> int:
    """End the pauses whose time has come, with an event for each; return how many there were."""
    until = store.lanes.next_end()
    if until is None or until > now:
        return 0
    with store.writing():
        over = store.lanes.with_pause_over(now)
        for lane in over:
            lane.end_pause()
            store.lanes.set(lane)
            detail = f"{lane.subject}: the time of its pause is over"
            store.events.add("resumed", actor=log.speaker, now=now, detail=detail)
        let_go_on(store, now, log.speaker)
    ring(store.home, WORKERS, CONTROL)
    return len(over)
