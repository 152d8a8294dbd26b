"""The state of a home in figures: for `status`, `metrics` and `dlq stats`, and what comes next."""

from __future__ import annotations

from ...model.job import DEAD, FAILED, PROCESSING, SCHEDULED
from ...model.when import DAY
from .alerts import alerts
from .numbers import histograms, mean, share, success_rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...store import Store
    from .facts import Facts

PERCENTILES = (50, 90, 95, 99)
GROUPS = 20


def status(facts: Facts) -> dict[str, Any]:
    """Return the counts per state and queue, the workers, and what needs attention."""
    scheduler = facts.scheduler
    return {
        "home": facts.home.path,
        "jobs": facts.counts,
        "total": facts.total,
        "queues": facts.queues,
        "queue_depth": facts.depth,
        "per_minute": facts.per_minute(),
        "workers": facts.worker_totals["total"],
        "busy_workers": facts.worker_totals["busy"],
        "pool": facts.pool,
        "scheduler": {"running": scheduler["running"], "pid": scheduler["pid"], "mode": scheduler["mode"]},
        "schedules": scheduler["schedules"],
        "oldest_pending_age": facts.oldest_pending_age,
        "next_due_at": scheduler["next_due_at"],
        "alerts": [alert.as_dict() for alert in alerts(facts)],
    }


def metrics(facts: Facts) -> dict[str, Any]:
    """Return counts, times, rates and depth. Times are in milliseconds, of the attempts of the last day."""
    store = facts.store
    run, wait = histograms(store.timings.totals(facts.now - DAY))
    totals, today = store.stats.totals(0), store.stats.totals(facts.now - DAY)
    return {
        "jobs": facts.counts,
        "queue_depth": facts.depth,
        "queues": facts.queues,
        "per_minute": facts.per_minute(),
        "oldest_pending_age": facts.oldest_pending_age,
        "timed_attempts": run.count,
        "run_time": run.spread(PERCENTILES),
        "wait_time": wait.spread(PERCENTILES),
        "success_rate": success_rate(totals.finished, totals.dead),
        "success_rate_day": success_rate(today.finished, today.dead),
        "attempts": {"succeeded": totals.finished, "failed": totals.failed, "dead": totals.dead},
        "workers": facts.worker_totals["total"],
        "busy_workers": facts.worker_totals["busy"],
        "utilisation": share(facts.counts[PROCESSING], facts.worker_totals["total"]),
        "utilisation_since_start": mean([worker["busy"] for worker in facts.alive if worker["busy"] is not None]),
    }


def upcoming(store: Store, limit: int | None) -> tuple[list[dict[str, Any]], int]:
    """Return what is to come, the next one first: rows of at, what, id, command; and how much there is."""
    jobs = store.search.jobs(store.search.upcoming(-1 if limit is None else limit))
    rows: list[dict[str, Any]] = [
        {
            "at": job.run_at,
            "what": "scheduled" if job.state == SCHEDULED else f"attempt {job.attempts + 1}",
            "id": job.id,
            "command": job.command,
        }
        for job in jobs
    ]
    recurring = [schedule for schedule in store.schedules.all() if schedule.next_at is not None and not schedule.paused]
    rows += [
        {"at": schedule.next_at, "what": "recurring", "id": schedule.name, "command": schedule.command}
        for schedule in recurring
    ]
    counts = store.counts.by_state()
    total = counts.get(SCHEDULED, 0) + counts.get(FAILED, 0) + len(recurring)
    return sorted(rows, key=lambda row: int(row["at"]))[:limit], total


def dlq_stats(store: Store) -> dict[str, Any]:
    """Return the dead jobs grouped by how they failed and by command: the failure patterns."""
    return {
        "dead": store.counts.by_state().get(DEAD, 0),
        "by_error": [dict(row) for row in store.dead.by_error(GROUPS)],
        "by_command": [dict(row) for row in store.dead.by_command(GROUPS)],
    }
