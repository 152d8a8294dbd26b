"""Who does what is due in a home, and when the next thing is."""

from __future__ import annotations

from ...model.daemon import SchedulerRecord, SchedulerState
from ..daemons.daemon import POOL, SCHEDULER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..home.opened import OpenHome


def scheduler_state(opened: OpenHome, now: int) -> SchedulerState:
    """Return whether a scheduler daemon runs, and what it and the home's clockwork are about to do."""
    running, store = SCHEDULER.find(opened), opened.store
    record = SchedulerRecord() if running is None else store.meta.scheduler()
    started_at, interval = record.started_at, record.interval
    return SchedulerState(
        running=running is not None,
        pid=None if running is None else running.pid,
        version=None if running is None else running.other_version(opened),
        mode=record.mode,
        max_workers=record.workers,
        interval=None if interval is None else round(interval * 1000),
        uptime=None if started_at is None else max(0, now - started_at),
        last_tick_at=record.ticked_at,
        next_due_at=store.next_due(),
        **{name: record.totals.get(name, 0) for name in ("promoted", "fired", "recovered", "pruned")},
        schedules=len(store.schedules.all()),
        pool_running=POOL.find(opened) is not None,
    )
