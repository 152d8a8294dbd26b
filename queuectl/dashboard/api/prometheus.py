"""The figures of a home in Prometheus' text format 0.0.4.

Totals are of what is kept, which is so much only, and of all that has happened since the dashboard's start:
see `totals`. How long attempts took are histograms, so that Prometheus can add them up over queues and homes.
"""

from __future__ import annotations

from itertools import accumulate

from ...model.histogram import BOUNDS, BUCKETS
from ...model.job import STATES
from ..http.message import Response
from .route import route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Mapping, Tuple

    from ...engine.reports.totals import Ended, Timed
    from ..app import App

    Sample = Tuple[str, Mapping[str, str], float]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# As the value of the label `le`, in seconds.
UP_TO = (*(f"{bound / 1000:g}" for bound in BOUNDS), "+Inf")


@route("GET", "//metrics", "The figures of this home for Prometheus", answer=CONTENT_TYPE)
def show_metrics(app: App) -> Response:
    return Response(200, text(app).encode(), content_type=CONTENT_TYPE)


def text(app: App) -> str:
    """Return all families."""
    return "".join(_family(name, kind, help, samples) for name, kind, help, samples in _families(app) if samples)


def _families(app: App) -> Iterator[tuple[str, str, str, list[Sample]]]:
    """Yield name, type, help and samples of each family."""
    status, storage = app.queue.reports.status(), app.queue.charts.storage()
    yield (
        "queuectl_info",
        "gauge",
        "Always 1; the label says which version answers.",
        [("", {"version": app.version}, 1)],
    )
    yield (
        "queuectl_jobs",
        "gauge",
        "Jobs by queue and state.",
        [
            ("", {"queue": name, "state": state}, counts.get(state, 0))
            for name, counts in status.queues.items()
            for state in STATES
        ],
    )
    yield (
        "queuectl_oldest_pending_seconds",
        "gauge",
        "How long the job that waits longest has been claimable, 0 if none waits.",
        [("", {}, (status.oldest_pending_age or 0) / 1000)],
    )
    ended, timed = app.totals.read()
    yield _attempts(ended)
    yield _histogram("run_time", "How long attempts ran, by queue.", timed, 0)
    yield _histogram("wait_time", "How long attempts had waited, by queue.", timed, 1)
    yield (
        "queuectl_workers",
        "gauge",
        "Workers by what they do.",
        [("", {"state": state}, status.workers[state]) for state in ("busy", "idle", "stopping", "lost")],
    )
    yield "queuectl_pool_up", "gauge", "Whether a pool of workers runs.", [("", {}, int(status.scheduler.pool_running))]
    yield (
        "queuectl_scheduler_up",
        "gauge",
        "Whether a scheduler daemon runs.",
        [("", {}, int(status.scheduler.running))],
    )
    yield "queuectl_schedules", "gauge", "Recurring jobs.", [("", {}, status.scheduler.schedules)]
    yield (
        "queuectl_store_bytes",
        "gauge",
        "Size of the database and of its write-ahead log.",
        [
            ("", {"file": "database"}, storage["database"]),
            ("", {"file": "log"}, storage["log"]),
        ],
    )


def _attempts(ended: Ended) -> tuple[str, str, str, list[Sample]]:
    return (
        "queuectl_attempts_total",
        "counter",
        "Attempts that ended, by queue and what became of the job.",
        [
            ("", {"queue": queue, "outcome": outcome}, count)
            for queue, counts in sorted(ended.items())
            for outcome, count in zip(("completed", "failed", "dead"), counts)
        ],
    )


def _histogram(name: str, help: str, timed: Timed, place: int) -> tuple[str, str, str, list[Sample]]:
    """Return the histogram of run times (place 0) or of wait times (1)."""
    counts: dict[str, list[int]] = {}
    sums: dict[str, int] = {}
    for (queue, *buckets), (attempts, *times) in timed.items():
        counts.setdefault(queue, [0] * BUCKETS)[buckets[place]] += attempts
        sums[queue] = sums.get(queue, 0) + times[place]
    samples: list[Sample] = []
    for queue in sorted(counts):
        reached = list(accumulate(counts[queue]))
        samples += [("_bucket", {"queue": queue, "le": bound}, count) for bound, count in zip(UP_TO, reached)]
        samples += [("_sum", {"queue": queue}, sums[queue] / 1000), ("_count", {"queue": queue}, reached[-1])]
    return f"queuectl_{name}_seconds", "histogram", help, samples


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
