"""Pauses that end by themselves, with what they have suspended.

A claim takes one for over as soon as its time has come: here this is written down, and workers are woken.
"""

from __future__ import annotations

from ...model.job import PAUSE
from ...model.lane import HOME
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
        over = store.lanes.paused_until(now)
        for lane in over:
            lane.end_pause()
            store.lanes.set(lane)
            store.events.add(
                "resumed", actor=log.speaker, now=now, detail=f"{lane.subject}: the time of its pause is over"
            )
        names = {lane.name for lane in over}
        jobs = store.search.jobs(store.search.running(ALL))
        suspended = [job for job in jobs if job.suspended_by == PAUSE and (HOME in names or job.queue in names)]
        for job in suspended:
            store.jobs.resume(job.number, now, PAUSE)
    if suspended:
        ring(store.home, WORKERS, CONTROL)
    return len(over)
