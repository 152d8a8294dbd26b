"""The figures of a home in Prometheus' text format 0.0.4.

Totals come from the rollups, which are kept for so long only: when old minutes are forgotten a total goes
down, which Prometheus takes for a restart. Percentiles are of the newest attempts.
"""
from __future__ import annotations

import os

from ..engine import reports
from ..engine.scheduler_control import scheduler_state
from ..model.job import STATES
from .http import Response
from .overview import worker_totals
from .route import route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Mapping, Tuple

    from ..store import Store
    from .app import App

    Sample = Tuple[str, Mapping[str, str], float]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SAMPLE = 1_000
PERCENTILES = (("50", "p50"), ("90", "p90"), ("95", "p95"), ("99", "p99"))


@route("GET", "//metrics", "The figures of this home for Prometheus", answer=CONTENT_TYPE)
def show_metrics(app: App) -> Response:
    return Response(200, text(app).encode(), content_type=CONTENT_TYPE)


def text(app: App) -> str:
    """Return all families."""
    return "".join(_family(name, kind, help, samples) for name, kind, help, samples in _families(app) if samples)


def _families(app: App) -> Iterator[tuple[str, str, str, list[Sample]]]:
    """Yield name, type, help and samples of each family."""
    queue, now = app.queue, app.clock.wall()
    store = queue.store
    scheduler = scheduler_state(queue.home, store, now)
    workers = worker_totals(reports.worker_rows(queue.home, store, now))
    oldest = store.stats.oldest_pending()
    yield "queuectl_info", "gauge", "Always 1; the label says which version answers.", [
        ("", {"version": app.version}, 1)]
    yield "queuectl_jobs", "gauge", "Jobs by queue and state.", [
        ("", {"queue": name, "state": state}, counts.get(state, 0))
        for name, counts in store.counts.by_queue().items() for state in STATES]
    yield ("queuectl_oldest_pending_seconds", "gauge",
           "How long the job that waits longest has been claimable, 0 if none waits.",
           [("", {}, 0 if oldest is None else max(0, now - oldest) / 1000)])
    yield from _totals(store)
    yield from _recent(store)
    yield "queuectl_workers", "gauge", "Workers by what they do.", [
        ("", {"state": state}, workers[state]) for state in ("busy", "idle", "stopping", "lost")]
    yield "queuectl_pool_up", "gauge", "Whether a pool of workers runs.", [("", {}, int(scheduler["pool"]))]
    yield "queuectl_scheduler_up", "gauge", "Whether a scheduler daemon runs.", [("", {}, int(scheduler["running"]))]
    yield "queuectl_schedules", "gauge", "Recurring jobs.", [("", {}, scheduler["schedules"])]
    yield "queuectl_store_bytes", "gauge", "Size of the database and of its write-ahead log.", [
        ("", {"file": "database"}, os.stat(queue.home.database).st_size),
        ("", {"file": "log"}, store.database.wal_bytes())]


def _totals(store: Store) -> Iterator[tuple[str, str, str, list[Sample]]]:
    rows = store.stats.queue_totals(0)
    yield "queuectl_attempts_total", "counter", "Attempts that ended, by queue and what became of the job.", [
        ("", {"queue": row["queue"], "outcome": outcome}, row[column]) for row in rows
        for outcome, column in (("completed", "finished"), ("failed", "failed"), ("dead", "dead"))]
    for column, what in (("run_time", "Run times of attempts"), ("wait_time", "Times that attempts waited")):
        samples: list[Sample] = []
        for row in rows:
            samples.append(("_sum", {"queue": row["queue"]}, row[column] / 1000))
            samples.append(("_count", {"queue": row["queue"]}, row["finished"] + row["failed"] + row["dead"]))
        yield f"queuectl_{column}_seconds", "summary", f"{what}, by queue.", samples


def _recent(store: Store) -> Iterator[tuple[str, str, str, list[Sample]]]:
    sample = store.stats.times(SAMPLE)
    for index, name, what in ((0, "run_time", "Run times"), (1, "wait_time", "Wait times")):
        spread = reports.spread([times[index] for times in sample])
        yield (f"queuectl_recent_{name}_seconds", "gauge", f"{what} of the newest {SAMPLE} attempts.",
               [("", {"percentile": percent}, spread[key] / 1000) for percent, key in PERCENTILES] if spread else [])


def _family(name: str, kind: str, help: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{suffix}{_labels(labels)} {value!r}" for suffix, labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items()) + "}"


def escaped(value: str) -> str:
    """Return the value of a label as it is written."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
