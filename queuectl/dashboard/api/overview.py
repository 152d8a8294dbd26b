"""The overview of a home: what the first page shows, and the stream sends with each change.

All of it comes from kept counts, rollups and indexed questions for a few rows, so that it costs the same
with a million jobs.
"""

from __future__ import annotations

import os

from ...engine.reports.facts import Facts
from ...engine.reports.summary import status, upcoming
from ...model.when import MINUTE
from ...store.room import free_bytes
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


@route("GET", "/overview", "Overview of the home", answer=OVERVIEW)
def show_overview(app: App) -> Response:
    return json_response(overview(app))


def overview(app: App) -> dict[str, Any]:
    """Return the overview. Raises StoreUnavailable."""
    queue, facts = app.queue, Facts(app.queue)
    now = facts.now
    values = {
        **status(facts),
        "now": now,
        "series": _series(_minutes(queue, now), now),
        "backlog": _backlog(queue, now),
        "running": _running(queue, now),
        "failures": [shortened(run.as_dict()) for run in queue.store.recent.failures(SAMPLE, FAILURES)],
        "next_scheduled": map(shortened, upcoming(queue.store, UPCOMING)[0]),
        "storage": _storage(queue),
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
        "free": free_bytes(home),
    }
