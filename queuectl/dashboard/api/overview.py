"""How it goes in a home, at a glance: what the first page shows, and the stream sends with each change.

All of it comes from kept counts, rollups and indexed questions for a few rows, so that it costs the same
with a million jobs.
"""

from __future__ import annotations

import os
import shutil

from ...engine.reports.scheduler import zone_alerts
from ...engine.reports.summary import figures, shortages, upcoming
from ...model.job import DEAD, QUEUED_STATES, jobs_text
from ...model.when import MINUTE
from ..http.message import Response, json_response
from .answers import OVERVIEW
from .route import route
from .shapes import listed_job, median, shortened

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


@route("GET", "/overview", "How it goes, at a glance", answer=OVERVIEW)
def show_overview(app: App) -> Response:
    return json_response(overview(app))


def overview(app: App) -> dict[str, Any]:
    """Return how it goes. Raises StoreUnavailable."""
    queue, now = app.queue, app.clock.wall()
    found = figures(queue.home, queue.store, now)
    minutes = _minutes(queue, now)
    storage = _storage(queue)
    values = {
        **found,
        "now": now,
        "rates": _rates(minutes, now),
        "series": _series(minutes, now),
        "backlog": _backlog(queue, now),
        "running": _running(queue, now),
        "failures": [shortened(run.as_dict()) for run in queue.store.recent.failures(SAMPLE, FAILURES)],
        "next_scheduled": map(shortened, upcoming(queue.store, UPCOMING)[0]),
        "alerts": [
            *_alerts(found, storage["free"]),
            *(
                {"code": "timezone", "level": "warning", "message": alert, "action": action}
                for alert, action in zone_alerts(queue.store, now)
            ),
        ],
        "storage": storage,
    }
    return OVERVIEW.json(values)


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
    return {"start": start, "step": MINUTE, "finished": finished, "failed": failed, "dead": dead}


def _backlog(queue: Queue, now: int) -> dict[str, Any]:
    """Return how much waited in the last hour's minutes, this one last; null where nobody looked."""
    backlog = queue.store.backlog
    first = (now // MINUTE - MINUTES + 1) * MINUTE
    samples = {sample.minute: sample for sample in backlog.since(first)}
    last = backlog.last(first - MINUTE)
    pending: list[int | None] = []
    ages: list[int | None] = []
    for minute in range(first // MINUTE, now // MINUTE + 1):
        last = samples.get(minute, last)
        # Nothing is written down while nothing waits.
        known = last is not None and (last.minute == minute or last.is_idle)
        pending.append(last.pending if last is not None and known else None)
        ages.append(last.oldest_age if last is not None and known else None)
    return {"start": first, "step": MINUTE, "pending": pending, "oldest_age": ages}


def _running(queue: Queue, now: int) -> list[dict[str, Any]]:
    """Return what runs, the longest first, with how long the same command usually takes."""
    store = queue.store
    jobs = store.search.jobs(store.search.running(RUNNING))
    took = store.recent.durations(sorted({job.command for job in jobs}), SAMPLE) if jobs else {}
    return [{**listed_job(job, now), "usual": median(took.get(job.command, ()))} for job in jobs]


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


def _alerts(figures: dict[str, Any], free: int) -> list[dict[str, Any]]:
    """Return what is wrong, the worst first, each with the command that helps where one does."""
    counts, scheduler, age = figures["jobs"], figures["scheduler"], figures["oldest_pending_age"]
    alive, lost, dead = figures["workers"]["total"], figures["workers"]["lost"], counts[DEAD]
    waiting = sum(counts[state] for state in QUEUED_STATES)
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
    found += [("shortage", "error", shortage, "ulimit -a") for shortage in shortages(figures["worker_list"])]
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
