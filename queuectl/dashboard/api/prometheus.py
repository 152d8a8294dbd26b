"""The metrics of a home in Prometheus' text format 0.0.4.

Totals count the history that is kept and everything since the start of the dashboard: see `charts`. Run and wait times
are histograms, so that Prometheus can add them up over queues and homes.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import Iterable, Iterator, List, Mapping, Tuple

from ...model.histogram import BOUNDS, BUCKETS
from ...model.job import STATES
from ...model.lane import PAUSED
from ...model.rollup import OUTCOMES, RUN_TIME, WAIT_TIME
from ..app import App
from .route import route

# Suffix of the name, labels, value; and name, type, help, samples.
Sample = Tuple[str, Mapping[str, str], float]
Family = Tuple[str, str, str, List[Sample]]

LOCK_GAUGES = {
    "slots": "How many jobs may hold a lock at a time.",
    "running": "How many jobs hold a lock.",
    "waiting": "How many unfinished jobs need a lock and do not hold it.",
}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# As the value of the label `le`, in seconds.
UP_TO = (*(f"{bound / 1000:g}" for bound in BOUNDS), "+Inf")


@route("GET", "//metrics", "The metrics of this home for Prometheus", answer=CONTENT_TYPE)
def show_metrics(app: App) -> bytes:
    return "".join(_family(*family) for family in _families(app) if family[-1]).encode()


def _families(app: App) -> Iterator[Family]:
    status, storage, sums = app.queue.reports.status(), app.queue.charts.storage(), app.totals.read()
    queues = sorted({str(key[0]) for key in sums})
    yield _gauge("build_info", "Always 1; the label says which version answers.", [({"version": app.version}, 1)])
    yield _gauge("start_time_seconds", "When this dashboard started, since 1970.", [({}, app.started_at / 1000)])
    jobs = [
        ({"queue": name, "state": state}, counts.get(state, 0))
        for name, counts in status.queues.items()
        for state in STATES
    ]
    yield _gauge("jobs", "Jobs by queue and state.", jobs)
    shown = app.queue.queues.all()
    yield _gauge("paused", "Whether all queues are paused.", [({}, int(status.pause is not None))])
    paused = [({"queue": queue.queue}, int(queue.state == PAUSED)) for queue in shown]
    yield _gauge("queue_paused", "Whether no job of a queue starts, since it or all are paused.", paused)
    slots = [({"queue": queue.queue}, queue.slots) for queue in shown if queue.slots is not None]
    yield _gauge("queue_slots", "How many jobs of a queue may run at a time.", slots)
    locks = app.queue.locks.all()
    for part, help in LOCK_GAUGES.items():
        yield _gauge(f"lock_{part}", help, [({"lock": lock.name}, getattr(lock, part)) for lock in locks])
    yield _gauge("suspended_jobs", "Processing jobs that are suspended.", [({}, status.suspended)])
    yield _gauge("stuck_jobs", "Jobs that wait for others that ended in another way.", [({}, status.stuck)])
    help = "Processing jobs whose worker is gone: they are recovered when workers or the scheduler run."
    yield _gauge("gone_jobs", help, [({}, len(status.gone))])
    help = "How long the job that waits longest has been claimable, 0 if none waits."
    yield _gauge("oldest_pending_seconds", help, [({}, (status.oldest_pending_age or 0) / 1000)])
    ended: list[Sample] = [
        ("", {"queue": queue, "outcome": outcome}, sums[queue, outcome])
        for queue in queues
        for outcome in OUTCOMES
        if (queue, outcome) in sums
    ]
    yield "attempts_total", "counter", "Attempts that ended, by queue and what became of the job.", ended
    yield _histogram(RUN_TIME, "How long attempts ran, by queue.", sums, queues)
    yield _histogram(WAIT_TIME, "How long attempts had waited, by queue.", sums, queues)
    workers = [({"state": state}, count) for state, count in status.workers.items() if state != "total"]
    yield _gauge("workers", "Workers by what they do.", workers)
    yield _gauge("pool_up", "Whether a pool of workers runs.", [({}, int(status.pool.running))])
    yield _gauge("scheduler_up", "Whether a scheduler daemon runs.", [({}, int(status.scheduler.running))])
    yield _gauge("schedules", "How many schedules there are.", [({}, status.scheduler.schedules)])
    coming = [
        ({"schedule": found.name}, found.next_at / 1000)
        for found in app.queue.schedules.all()
        if found.next_at is not None and not found.paused
    ]
    yield _gauge("schedule_next_time_seconds", "When a schedule is due next, since 1970.", coming)
    files = [({"file": file}, storage[file]) for file in ("database", "log")]
    yield _gauge("store_bytes", "Size of the database and of its write-ahead log.", files)


def _gauge(name: str, help: str, values: Iterable[tuple[Mapping[str, str], float]]) -> Family:
    return name, "gauge", help, [("", labels, value) for labels, value in values]


def _histogram(name: str, help: str, sums: Counter[Tuple[object, ...]], queues: Iterable[str]) -> Family:
    samples: list[Sample] = []
    for queue in queues:
        if (queue, name) in sums:
            reached = list(accumulate(sums[queue, name, bucket] for bucket in range(BUCKETS)))
            samples += [("_bucket", {"queue": queue, "le": bound}, count) for bound, count in zip(UP_TO, reached)]
            samples += [("_sum", {"queue": queue}, sums[queue, name] / 1000), ("_count", {"queue": queue}, reached[-1])]
    return f"{name}_seconds", "histogram", help, samples


def _family(name: str, kind: str, help: str, samples: Iterable[Sample]) -> str:
    name = f"queuectl_{name}"
    lines = [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{suffix}{_labels(labels)} {value!r}" for suffix, labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items()) + "}"


def escaped(value: str) -> str:
    """Return the value of a label, escaped."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
