"""How it goes in a home, at a glance: what the first page shows, and the stream sends with each change.

All of it comes from kept counts, rollups and indexed questions for a few rows, so that it costs the same
with a million jobs.
"""

from __future__ import annotations

import os

from ...engine.reports.alerts import alerts
from ...engine.reports.facts import Facts
from ...engine.reports.summary import upcoming
from ...model.alert import CODES, LEVELS
from ...model.job import STATES
from ...model.when import MINUTE, iso
from ...store.room import free_bytes
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

COUNTS = record(**dict.fromkeys(STATES, INTEGER))
ALERT = record(code=one_of(*CODES), level=one_of(*LEVELS), text=TEXT, command=maybe(TEXT))
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
    queue_depth=INTEGER,
    per_minute=NUMBER,
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
    queue = app.queue
    facts = Facts(queue)
    now, scheduler = facts.now, facts.scheduler
    return {
        "now": iso(now),
        "counts": facts.counts,
        "total": facts.total,
        "queues": facts.queues,
        "queue_depth": facts.depth,
        "per_minute": facts.per_minute(),
        "oldest_pending_age": seconds(facts.oldest_pending_age),
        "workers": {**facts.worker_totals, "pool": scheduler["pool"]},
        "worker_list": [worker_json(row) for row in facts.workers],
        "scheduler": {name: scheduler[name] for name in ("running", "pid", "mode")},
        "schedules": scheduler["schedules"],
        "next_due_at": iso(scheduler["next_due_at"]),
        "series": _series(_minutes(queue, now), now),
        "backlog": _backlog(queue, now),
        "running": _running(queue, now),
        "failures": _failures(queue),
        "next_scheduled": upcoming_json(queue, UPCOMING)[0],
        "alerts": [alert.as_dict() for alert in alerts(facts)],
        "storage": _storage(queue),
    }


def _minutes(queue: Queue, now: int) -> list[tuple[int, int, int]]:
    """Return (finished, failed, dead) of the last hour's minutes, this one last."""
    found = {
        minute: (finished, failed, dead)
        for minute, finished, failed, dead in queue.store.stats.per_minute(now - MINUTES * MINUTE)
    }
    this = now // MINUTE
    return [found.get(minute, (0, 0, 0)) for minute in range(this - MINUTES + 1, this + 1)]


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
        "free": free_bytes(home),
    }
