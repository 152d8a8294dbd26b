"""Who does what is due in a home, and when the next thing is."""

from __future__ import annotations

from ...model.clock import SYSTEM_CLOCK
from ...model.daemon import SchedulerState
from ..daemons.daemon import POOL, SCHEDULER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...store import Home, Store


def scheduler_state(home: Home, store: Store, now: int) -> SchedulerState:
    """Return whether a scheduler daemon runs, and what it and the home's clockwork are about to do."""
    running = SCHEDULER.find(home, SYSTEM_CLOCK, store)
    facts = store.meta.scheduler() if running is not None else {}
    started_at, interval = facts.get("started_at"), facts.get("interval")
    return SchedulerState(
        running=running is not None,
        pid=None if running is None else running.pid,
        version=None if running is None else running.other_version(store),
        mode=facts.get("mode"),
        max_workers=facts.get("workers"),
        interval=None if interval is None else round(interval * 1000),
        uptime=None if started_at is None else max(0, now - started_at),
        last_tick_at=facts.get("ticked_at"),
        next_due_at=store.next_due(),
        **{name: facts.get("totals", {}).get(name, 0) for name in ("promoted", "fired", "recovered", "pruned")},
        schedules=len(store.schedules.all()),
        pool_running=POOL.find(home, SYSTEM_CLOCK, store) is not None,
    )
