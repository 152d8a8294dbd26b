"""The state of a home in figures: for `status`, `metrics` and `dlq stats`, and what comes next."""

from __future__ import annotations

from ...model.job import DEAD, FAILED, PROCESSING, SCHEDULED
from .alerts import alerts
from .numbers import mean, share, success_rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...store import Store
    from .facts import Facts

SAMPLE = 10_000
DAY_MS = 86_400_000
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
    """Return counts, times, rates and depth. Times are in milliseconds, over the newest attempts."""
    store = facts.store
    sample = store.recent.times(SAMPLE)
    totals, today = store.stats.totals(0), store.stats.totals(facts.now - DAY_MS)
    return {
        "jobs": facts.counts,
        "queue_depth": facts.depth,
        "queues": facts.queues,
        "per_minute": facts.per_minute(),
        "oldest_pending_age": facts.oldest_pending_age,
        "sampled_attempts": len(sample),
        "run_time": spread([run for run, _ in sample]),
        "wait_time": spread([wait for _, wait in sample]),
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


def spread(values: Sequence[int]) -> dict[str, int] | None:
    """Return average, minimum, maximum and percentiles (nearest rank), None without values."""
    if not values:
        return None
    ordered = sorted(values)
    found = {"average": round(sum(ordered) / len(ordered)), "minimum": ordered[0], "maximum": ordered[-1]}
    for percent in PERCENTILES:
        found[f"p{percent}"] = ordered[max(0, -(-percent * len(ordered) // 100) - 1)]
    return found


def dlq_stats(store: Store) -> dict[str, Any]:
    """Return the dead jobs grouped by how they failed and by command: the failure patterns."""
    return {
        "dead": store.counts.by_state().get(DEAD, 0),
        "by_error": [dict(row) for row in store.dead.by_error(GROUPS)],
        "by_command": [dict(row) for row in store.dead.by_command(GROUPS)],
    }
