"""The state of a home in figures: for `status`, `metrics` and `dlq stats`, and what comes next."""

from __future__ import annotations

from ...model.job import DEAD, FAILED, PROCESSING, SCHEDULED
from ...model.when import DAY
from .alerts import alerts
from .numbers import histograms, mean, share, success_rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from ...store import Store
    from ...store.sqlite import Row
    from .facts import Facts

SAMPLE = 10_000
PERCENTILES = (50, 90, 95, 99)
GROUPS, OUTCOMES = 20, 20


def figures(facts: Facts) -> dict[str, Any]:
    """Return the counts per state and queue, the workers one by one and in numbers, the daemons, and the rate."""
    return {
        "home": facts.home.path,
        "jobs": facts.counts,
        "total": facts.total,
        "queues": facts.queues,
        "depth": facts.depth,
        "per_minute": facts.per_minute(),
        "worker_list": facts.workers,
        "workers": facts.worker_totals,
        "pool": facts.pool,
        "scheduler": facts.scheduler,
        "oldest_pending_age": facts.oldest_pending_age,
    }


def status(facts: Facts) -> dict[str, Any]:
    """Return the figures of a home, and what needs attention."""
    return {**figures(facts), "alerts": alerts(facts)}


def metrics(facts: Facts) -> dict[str, Any]:
    """Return counts, times, rates and depth. Times are in milliseconds, of the attempts of the last day."""
    store = facts.store
    run, wait = histograms(store.timings.totals(facts.now - DAY))
    totals, today = store.stats.totals(0), store.stats.totals(facts.now - DAY)
    return {
        **figures(facts),
        "timed_attempts": run.count,
        "run_time": run.spread(PERCENTILES),
        "wait_time": wait.spread(PERCENTILES),
        "outcomes": store.recent.outcomes(SAMPLE, OUTCOMES),
        "success_rate": success_rate(totals.finished, totals.dead),
        "success_rate_day": success_rate(today.finished, today.dead),
        "attempts": totals,
        "utilization": share(facts.counts[PROCESSING], facts.worker_totals["total"]),
        "utilization_since_start": mean([worker["busy"] for worker in facts.alive if worker["busy"] is not None]),
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


def dead_groups(store: Store, limit: int = GROUPS) -> dict[str, Any]:
    """Return how many jobs are dead, and the largest groups of them by how they failed and by command."""
    by_error, by_command = store.dead.by_error(limit), store.dead.by_command(limit)
    return {
        "dead": store.counts.by_state().get(DEAD, 0),
        "by_error": [_dead_group(store, "error", row, {row["last"]: None, row["first"]: None}) for row in by_error],
        "by_command": [_dead_group(store, "command", row, {row["last"]: None}) for row in by_command],
    }


def _dead_group(store: Store, pattern: str, row: Row, samples: Iterable[int]) -> dict[str, Any]:
    by_error = pattern == "error"
    return {
        "pattern": pattern,
        "count": row["jobs"],
        "exit_code": row["exit_code"] if by_error else None,
        "signal": row["signal"] if by_error else None,
        "value": row[pattern],
        "first_at": row["first_at"],
        "last_at": row["last_at"],
        "sample_ids": [job.id for job in store.search.jobs(list(samples))],
    }
