"""The overview of a home: the first page shows it, and the stream sends it with each change.

It comes from stored counts, rollups and indexed queries for a few rows, so it costs the same with a million jobs.
"""

from __future__ import annotations

from typing import Any

from ...model.nouns.home import STATUS
from ...model.when import MINUTE
from ..app import App
from .answers import OVERVIEW
from .route import route
from .shapes import listed_job, shortened

MINUTES = 60
RUNNING, FAILURES, UPCOMING = 10, 5, 5


@route("GET", "/overview", "Overview of the home", answer=OVERVIEW)
def show_overview(app: App) -> dict[str, Any]:
    status, charts = app.queue.reports.status(), app.queue.charts
    first = status.now // MINUTE - MINUTES + 1
    finished, failed, dead = zip(*charts.minutes(first, MINUTES))
    pending, ages = charts.backlog(first, MINUTES)
    hour = {"start": first * MINUTE, "step": MINUTE}
    return {
        **{name: getattr(status, name) for name in ("now", "worker_list", *STATUS.keys)},
        "series": {**hour, "finished": finished, "failed": failed, "dead": dead},
        "backlog": {**hour, "pending": pending, "oldest_age": ages},
        "running": [{**listed_job(job, status.now), "usual": usual} for job, usual in charts.running(RUNNING)],
        "failures": map(shortened, charts.failures(FAILURES)),
        "next_scheduled": map(shortened, app.queue.reports.upcoming(UPCOMING)[0]),
        "storage": charts.storage(),
    }


def overview(app: App) -> dict[str, Any]:
    """Return the overview as JSON has it. Raises StoreUnavailable."""
    return OVERVIEW.json(show_overview(app))
