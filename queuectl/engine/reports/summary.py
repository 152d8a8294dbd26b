"""The state of a home in figures: for `status`, `metrics`, `worker status` and `dlq stats`."""

from __future__ import annotations

from ... import __version__
from ...model.clock import SYSTEM_CLOCK
from ...model.job import DEAD, FAILED, PROCESSING, QUEUED_STATES, SCHEDULED, STATES, jobs_text
from ..daemons.daemon import ELSEWHERE, POOL
from ..daemons.groups import queues_of
from ..home.liveness import is_worker_alive
from ..machine import process
from ..machine.identity import Identity
from .scheduler import scheduler_state, zone_alerts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence

    from ...store import Home, Store
    from ...store.sqlite import Row

SAMPLE = 10_000
DAY_MS = 86_400_000
PERCENTILES = (50, 90, 95, 99)
GROUPS, OUTCOMES = 20, 20


def worker_rows(home: Home, store: Store, now: int) -> list[dict[str, Any]]:
    """Return each registered worker with its health, busy, idle, stopping or lost; those of a group together.

    `queues` is empty if a worker takes jobs from all.
    """
    rows = []
    for worker in store.workers.all():
        lives = is_worker_alive(home, worker)
        # Of a worker in another container, the pid is a stranger's here.
        is_here = lives and Identity.of_worker(worker).is_alive()
        state = "lost" if not lives else "stopping" if worker.stopping else "busy" if worker.job else "idle"
        rows.append(
            {
                "worker": worker.id,
                "pid": worker.pid,
                "state": state,
                "job": worker.job,
                "elapsed": None if worker.job_started_at is None else now - worker.job_started_at,
                "jobs_done": worker.jobs_done,
                "heartbeat_at": worker.heartbeat_at,
                "memory": process.memory(worker.pid) if is_here else worker.memory,
                "uptime": now - worker.started_at,
                "busy": _share(worker.busy_time, now - worker.started_at),
                "queues": queues_of(worker.queues),
                "command": worker.command,
                "trouble": worker.trouble,
            }
        )
    return sorted(rows, key=lambda row: row["queues"])


def worker_totals(workers: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return how many workers live, and how many there are in each state."""
    states = [worker["state"] for worker in workers]
    return {
        "total": len(states) - states.count("lost"),
        **{state: states.count(state) for state in ("busy", "idle", "stopping", "lost")},
    }


def shortages(workers: Sequence[dict[str, Any]]) -> list[str]:
    """Return what keeps living workers from starting commands, a phrase for each reason."""
    reasons = {row["trouble"] for row in workers if row["state"] != "lost" and row["trouble"]}
    return [f"workers cannot start commands for now: {reason}; they try again" for reason in sorted(reasons)]


def _share(part: int, whole: int) -> float | None:
    return round(min(1.0, part / whole), 3) if whole > 0 else None


def pool_state(home: Home, store: Store) -> dict[str, Any]:
    """Return whether a pool runs, its pid, whether that is in another container, another version, its groups."""
    pool = POOL.find(home, SYSTEM_CLOCK, store)
    if pool is None:
        return {"running": False, "pid": None, "elsewhere": False, "version": None, "target": 0, "groups": []}
    groups = store.meta.pool_groups()
    return {
        "running": True,
        "pid": pool.pid,
        "elsewhere": pool.is_elsewhere,
        "version": pool.other_version(store),
        "target": sum(groups.values()),
        "groups": [{"queues": queues_of(group), "target": target} for group, target in sorted(groups.items())],
    }


def pool_advice(pool: dict[str, Any]) -> list[str]:
    """Return what a user should know of the pool, given its state, each with the command that helps."""
    advice = []
    if pool["elsewhere"]:
        advice.append(f"the workers run {ELSEWHERE}: stop them there")
    if pool["version"] is not None:
        advice.append(
            f"the workers are of {pool['version']} of QueueCTL, this is version {__version__}: those that end are not "
            "replaced; have them go on with this one: queuectl worker restart"
        )
    return advice


def figures(home: Home, store: Store, now: int) -> dict[str, Any]:
    """Return the counts per state and queue, the workers one by one and in numbers, and the daemons."""
    by_state = store.counts.by_state()
    workers = worker_rows(home, store, now)
    return {
        "home": home.path,
        "jobs": {state: by_state.get(state, 0) for state in STATES},
        "total": sum(by_state.values()),
        "queues": store.counts.by_queue(),
        "worker_list": workers,
        "workers": worker_totals(workers),
        "pool": pool_state(home, store),
        "scheduler": scheduler_state(home, store, now),
        "oldest_pending_age": oldest_pending_age(store, now),
    }


def oldest_pending_age(store: Store, now: int) -> int | None:
    """Return how long the pending job that has waited longest has done so, None if none is pending."""
    oldest = store.stats.oldest_pending()
    return None if oldest is None else max(0, now - oldest)


def status(home: Home, store: Store, now: int) -> dict[str, Any]:
    """Return the figures of a home, and what needs attention."""
    found = figures(home, store, now)
    advice = [
        *pool_advice(found["pool"]),
        *(f"{shortage}; see the limits with: ulimit -a" for shortage in shortages(found["worker_list"])),
        *_advice(found["jobs"], found["workers"]["total"], found["scheduler"]),
        *(f"{alert}: {action}" for alert, action in zone_alerts(store, now)),
    ]
    return {**found, "advice": advice}


def _advice(counts: dict[str, int], workers: int, scheduler: dict[str, Any]) -> list[str]:
    """Return what a user should know, each with the command that helps."""
    advice = []
    waiting = sum(counts.get(state, 0) for state in QUEUED_STATES)
    if waiting and not workers and scheduler["mode"] != "auto":
        who, how = (
            ("no workers are running", "")
            if scheduler["running"]
            else ("neither workers nor a scheduler are running", ", or queuectl scheduler start --auto")
        )
        waits = f"{jobs_text(waiting)} {'waits' if waiting == 1 else 'wait'}"
        advice.append(f"{waits} but {who}: queuectl worker start{how}")
    if scheduler["schedules"] and not workers and not scheduler["running"]:
        advice.append(
            "recurring jobs do not fire, neither workers nor a scheduler are running: queuectl scheduler start --auto"
        )
    if counts.get(DEAD):
        advice.append(f"{jobs_text(counts[DEAD])} {'is' if counts[DEAD] == 1 else 'are'} dead: queuectl dlq list")
    return advice


def metrics(home: Home, store: Store, now: int) -> dict[str, Any]:
    """Return counts, times, rates and depth. Times are in milliseconds, over the newest attempts."""
    found, sample = figures(home, store, now), store.recent.times(SAMPLE)
    totals, today = store.stats.totals(0), store.stats.totals(now - DAY_MS)
    jobs = found["jobs"]
    busy = [row["busy"] for row in found["worker_list"] if row["state"] != "lost" and row["busy"] is not None]
    return {
        **found,
        "depth": sum(jobs[state] for state in QUEUED_STATES),
        "sampled_attempts": len(sample),
        "run_time": spread([run for run, _ in sample]),
        "wait_time": spread([wait for _, wait in sample]),
        "outcomes": store.recent.outcomes(SAMPLE, OUTCOMES),
        "success_rate": success_rate(totals.finished, totals.dead),
        "success_rate_day": success_rate(today.finished, today.dead),
        "attempts": totals,
        "utilisation": _share(jobs[PROCESSING], found["workers"]["total"]),
        "utilisation_since_start": _mean(busy),
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


def success_rate(completed: int, dead: int) -> float | None:
    """Return the share of jobs that ended well among those that ended by themselves, None if none did."""
    return round(completed / (completed + dead), 4) if completed + dead else None


def spread(values: Sequence[int]) -> dict[str, int] | None:
    """Return average, minimum, maximum and percentiles (nearest rank), None without values."""
    if not values:
        return None
    ordered = sorted(values)
    found = {"average": round(sum(ordered) / len(ordered)), "minimum": ordered[0], "maximum": ordered[-1]}
    for percent in PERCENTILES:
        found[f"p{percent}"] = ordered[max(0, -(-percent * len(ordered) // 100) - 1)]
    return found


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


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
