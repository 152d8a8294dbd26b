"""How it goes in a home, at a glance: what the first page shows, and the stream sends with each change.

All of it comes from kept counts, rollups and indexed questions for a few rows, so that it costs the same
with a million jobs.
"""

from __future__ import annotations

import os
import shutil

from ...engine.reports.scheduler import scheduler_state, zone_alerts
from ...engine.reports.summary import shortages, upcoming, worker_rows, worker_totals
from ...model.job import DEAD, QUEUED_STATES, STATES, jobs_text
from ...model.when import MINUTE, iso
from ..http.message import Response, json_response
from .route import route
from .shapes import (
    FLAG,
    INTEGER,
    NUMBER,
    SCHEMAS,
    SECONDS,
    STATE,
    SUMMARY,
    TEXT,
    TIME,
    many,
    maybe,
    median,
    one_of,
    record,
    ref,
    seconds,
    summary_json,
    table,
    worker_json,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...engine.queue import Queue
    from ..app import App

MINUTES = 60
RUNNING, FAILURES, UPCOMING = 10, 5, 5
SAMPLE = 1_000
LONG_WAIT_MS = 15 * MINUTE
LITTLE_ROOM = 500 << 20

COUNTS = record(**dict.fromkeys(STATES, INTEGER))
ALERT = record(code=TEXT, level=one_of("info", "warning", "error"), message=TEXT, action=maybe(TEXT))
FAILURE = record(
    job=TEXT,
    number=INTEGER,
    command=TEXT,
    attempt=INTEGER,
    state=STATE,
    exit_code=maybe(INTEGER),
    signal=maybe(INTEGER),
    error=TEXT,
    finished_at=TIME,
)
SCHEMAS["Running"] = record(**SUMMARY, usual=maybe(SECONDS))
SCHEMAS["Overview"] = record(
    now=TIME,
    counts=COUNTS,
    total=INTEGER,
    queues=table(table(INTEGER)),
    rates=record(per_minute_1=NUMBER, per_minute_5=NUMBER),
    oldest_pending_age=maybe(SECONDS),
    workers=record(total=INTEGER, busy=INTEGER, idle=INTEGER, stopping=INTEGER, lost=INTEGER, pool=FLAG),
    worker_list=many(ref("Worker")),
    scheduler=record(running=FLAG, pid=maybe(INTEGER), mode=maybe(TEXT)),
    schedules=INTEGER,
    next_due_at=maybe(TIME),
    series=record(start=TIME, step=INTEGER, finished=many(INTEGER), failed=many(INTEGER), dead=many(INTEGER)),
    backlog=record(start=TIME, step=INTEGER, pending=many(maybe(INTEGER)), oldest_age=many(maybe(SECONDS))),
    running=many(ref("Running")),
    failures=many(FAILURE),
    next_scheduled=many(ref("Upcoming")),
    alerts=many(ALERT),
    storage=record(database=INTEGER, log=INTEGER, logs=INTEGER, free=INTEGER),
)


@route("GET", "/overview", "How it goes, at a glance", answer=ref("Overview"))
def show_overview(app: App) -> Response:
    return json_response(overview(app))


def overview(app: App) -> dict[str, Any]:
    """Return how it goes. Raises StoreUnavailable."""
    queue, now = app.queue, app.clock.wall()
    store = queue.store
    counts = store.counts.by_state()
    workers = worker_rows(queue.home, store, now)
    scheduler = scheduler_state(queue.home, store, now)
    oldest = store.stats.oldest_pending()
    age = None if oldest is None else max(0, now - oldest)
    minutes = _minutes(queue, now)
    storage = _storage(queue)
    return {
        "now": iso(now),
        "counts": {state: counts.get(state, 0) for state in STATES},
        "total": sum(counts.values()),
        "queues": store.counts.by_queue(),
        "rates": _rates(minutes, now),
        "oldest_pending_age": seconds(age),
        "workers": {**worker_totals(workers), "pool": scheduler["pool"]},
        "worker_list": [worker_json(row) for row in workers],
        "scheduler": {name: scheduler[name] for name in ("running", "pid", "mode")},
        "schedules": scheduler["schedules"],
        "next_due_at": iso(scheduler["next_due_at"]),
        "series": _series(minutes, now),
        "backlog": _backlog(queue, now),
        "running": _running(queue, now),
        "failures": _failures(queue),
        "next_scheduled": upcoming_json(queue, UPCOMING)[0],
        "alerts": [
            *_alerts(counts, workers, scheduler, age, storage["free"]),
            *(
                {"code": "timezone", "level": "warning", "message": alert, "action": action}
                for alert, action in zone_alerts(store, now)
            ),
        ],
        "storage": storage,
    }


def _minutes(queue: Queue, now: int) -> list[tuple[int, int, int]]:
    """Return (finished, failed, dead) of the last hour's minutes, this one last."""
    found = {
        minute: (finished, failed, dead)
        for minute, finished, failed, dead in queue.store.stats.per_minute(now - MINUTES * MINUTE)
    }
    this = now // MINUTE
    return [found.get(minute, (0, 0, 0)) for minute in range(this - MINUTES + 1, this + 1)]


def _rates(minutes: Sequence[tuple[int, int, int]], now: int) -> dict[str, float]:
    """Return the jobs that ended in a minute, over the last minute and over five; the first counts in part."""
    ended = [finished + dead for finished, _, dead in minutes]
    part = 1 - now % MINUTE / MINUTE
    return {f"per_minute_{span}": round((sum(ended[-span:]) + ended[-span - 1] * part) / span, 2) for span in (1, 5)}


def _series(minutes: Sequence[tuple[int, int, int]], now: int) -> dict[str, Any]:
    start = (now // MINUTE - MINUTES + 1) * MINUTE
    finished, failed, dead = zip(*minutes)
    return {"start": iso(start), "step": MINUTE // 1000, "finished": finished, "failed": failed, "dead": dead}


def _backlog(queue: Queue, now: int) -> dict[str, Any]:
    """Return how much waited in the last hour's minutes, this one last; null where nobody looked."""
    backlog = queue.store.backlog
    first = (now // MINUTE - MINUTES + 1) * MINUTE
    samples = {sample.minute: sample for sample in backlog.since(first)}
    last = backlog.last(first - MINUTE)
    pending: list[int | None] = []
    ages: list[float | None] = []
    for minute in range(first // MINUTE, now // MINUTE + 1):
        last = samples.get(minute, last)
        # Nothing is written down while nothing waits.
        known = last is not None and (last.minute == minute or last.is_idle)
        pending.append(last.pending if last is not None and known else None)
        ages.append(seconds(last.oldest_age) if last is not None and known else None)
    return {"start": iso(first), "step": MINUTE // 1000, "pending": pending, "oldest_age": ages}


def _running(queue: Queue, now: int) -> list[dict[str, Any]]:
    """Return what runs, the longest first, with how long the same command usually takes."""
    store = queue.store
    jobs = store.search.jobs(store.search.running(RUNNING))
    took = store.recent.durations(sorted({job.command for job in jobs}), SAMPLE) if jobs else {}
    return [{**summary_json(job, now), "usual": seconds(median(took.get(job.command, ())))} for job in jobs]


def _failures(queue: Queue) -> list[dict[str, Any]]:
    names = ("number", "attempt", "state", "exit_code", "signal", "error")
    return [
        {
            "job": ended.id,
            "command": ended.command[:500],
            **{name: getattr(ended, name) for name in names},
            "finished_at": iso(ended.finished_at),
        }
        for ended in queue.store.recent.failures(SAMPLE, FAILURES)
    ]


def upcoming_json(queue: Queue, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return what comes next, and how much there is in all."""
    rows, total = upcoming(queue.store, limit)
    return [{**row, "at": iso(row["at"]), "command": row["command"][:500]} for row in rows], total


def _storage(queue: Queue) -> dict[str, int]:
    """Return bytes: of the database, its write-ahead log, the daemons' logs, and what is free on the disk."""
    home = queue.home
    with os.scandir(home.logs) as entries:
        logs = sum(entry.stat().st_size for entry in entries if entry.is_file())
    return {
        "database": os.stat(home.database).st_size,
        "log": queue.store.database.wal_bytes(),
        "logs": logs,
        "free": shutil.disk_usage(home.path).free,
    }


def _alerts(
    counts: dict[str, int], workers: Sequence[dict[str, Any]], scheduler: dict[str, Any], age: int | None, free: int
) -> list[dict[str, Any]]:
    """Return what is wrong, the worst first, each with the command that helps where one does."""
    alive = any(worker["state"] != "lost" for worker in workers)
    waiting = sum(counts.get(state, 0) for state in QUEUED_STATES)
    lost, dead = sum(worker["state"] == "lost" for worker in workers), counts.get(DEAD, 0)
    found: list[tuple[str, str, str, str | None]] = []
    if free < LITTLE_ROOM:
        found.append(("low_disk", "error", f"only {free >> 20} MiB are free on the disk", "queuectl prune"))
    if waiting and not alive and scheduler["mode"] != "auto":
        found.append(
            (
                "no_workers",
                "error",
                f"{jobs_text(waiting)} {'waits' if waiting == 1 else 'wait'} but no workers are running",
                "queuectl worker start",
            )
        )
    if scheduler["schedules"] and not alive and not scheduler["running"]:
        found.append(
            (
                "no_scheduler",
                "error",
                "recurring jobs do not fire: neither workers nor a scheduler run",
                "queuectl scheduler start --auto",
            )
        )
    found += [("shortage", "error", shortage, "ulimit -a") for shortage in shortages(workers)]
    if lost:
        found.append(
            (
                "lost_workers",
                "warning",
                f"{lost} worker{'s' * (lost != 1)} ended without a word; "
                "workers or a scheduler take back what they held",
                None,
            )
        )
    if alive and age is not None and age > LONG_WAIT_MS:
        found.append(
            ("long_wait", "warning", f"a job has been waiting for {age // MINUTE} minutes", "queuectl worker scale N")
        )
    if dead:
        found.append(
            ("dead_jobs", "warning", f"{jobs_text(dead)} {'is' if dead == 1 else 'are'} dead", "queuectl dlq list")
        )
    return [dict(zip(("code", "level", "message", "action"), alert)) for alert in found]
