"""Pauses that end by themselves.

A claim takes one for over as soon as its time has come: here this is written down, and workers are woken.
"""

from __future__ import annotations

from ...model.job import PAUSE
from ...model.lane import is_queue_paused
from ...store import Store
from ..machine.doorbell import CONTROL, WORKERS, ring
from ..machine.log import Log

ALL = -1


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
            store.events.add(
                "resumed", actor=log.speaker, now=now, detail=f"{lane.subject}: the time of its pause is over"
            )
        _let_go_on(store, now)
    ring(store.home, WORKERS, CONTROL)
    return len(over)


def _let_go_on(store: Store, now: int) -> None:
    """Let go on what a pause has suspended and none keeps any more. In a transaction."""
    lanes = store.lanes.all()
    for job in store.search.jobs(store.search.running(ALL)):
        if job.suspended_by == PAUSE and not is_queue_paused(lanes, job.queue, now):
            store.jobs.resume(job.number, now, PAUSE)
