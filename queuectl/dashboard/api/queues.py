"""Queues and locks: their jobs, limits and pauses. The filter `lock:NAME` finds the jobs that need a lock."""

from __future__ import annotations

from typing import Any

from ...model.checks import MAX_SLOTS
from ...model.errors import InvalidInput
from ...model.job import PENDING
from ...model.kinds import FLAG, TEXT, integer
from ...model.lane import Lane
from ...model.lock import Lock
from ...model.nouns.queues import LOCK, QUEUE
from ...model.numbers import depth
from ...model.queue import ShownQueue
from ...model.rollup import Rollup
from ...model.when import HOUR, MINUTE
from ..app import App
from .answers import LOCKS, QUEUES
from .route import Parameter, route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine.reports.status import Status

PAUSED = Parameter("paused", FLAG, "whether it is paused: true begins another pause, false ends it")
HOW = (
    Parameter("until", TEXT, "when the pause ends, such as 18:00 or +1h (default: when it is resumed)"),
    Parameter("reason", TEXT, "why it is paused"),
    Parameter("schedules", FLAG, "whether schedules add no jobs meanwhile"),
    Parameter("running", FLAG, "whether the jobs that run are suspended until the pause ends"),
)
LIMITS = (
    Parameter("slots", integer(1, MAX_SLOTS), "how many of its jobs may run at a time, null for any number"),
    Parameter(
        "rate", TEXT, "how many of its jobs may start in a given time, such as 10/m or 100/h:20, null for any number"
    ),
    Parameter("draining", FLAG, "whether it takes no new jobs"),
)
NEEDED = Parameter("paused", FLAG, "true begins another pause, false ends all", is_required=True)
PARTS = (*LIMITS, PAUSED, *HOW)
BY_NAME = {part.name: part for part in PARTS}
LOCK_SLOTS = Parameter("slots", integer(1, MAX_SLOTS), "how many jobs may hold it at a time", is_required=True)


@route("GET", "/queues", "The queues: depth, oldest waiting job, throughput, limits and pauses", answer=QUEUES)
def queues(app: App) -> dict[str, Any]:
    status = app.queue.reports.status()
    hour = {row.queue: row for row in app.queue.charts.ended(status.now - HOUR)}
    known = {queue.queue: queue for queue in app.queue.queues.all()}
    items = [_queue(status, name, known.get(name), hour.get(name)) for name in sorted({*known, *hour})]
    return {"items": items, "pauses": status.pauses}


def _queue(status: Status, name: str, queue: ShownQueue | None, hour: Rollup | None) -> dict[str, Any]:
    counts, since, per_minute = status.queues.get(name, {}), status.waiting_since.get(name), status.per_minute_of(name)
    waiting = counts.get(PENDING, 0)
    return {
        # A queue whose jobs are gone has figures only.
        **(queue or ShownQueue.of_lane(Lane(name), {}, status.now, is_shut=False)).parts_by_name(),
        "jobs": counts,
        "depth": depth(counts),
        "oldest_pending_age": None if since is None else max(0, status.now - since),
        "per_minute": per_minute,
        "ended_hour": 0 if hour is None else hour.finished + hour.dead,
        **{f"{key}_hour": 0 if hour is None else getattr(hour, key) for key in ("failed", "dead")},
        "eta": round(waiting / per_minute * MINUTE) if per_minute and waiting else None,
    }


@route("PATCH", "/queues", "Pause all queues, also new ones, or end all pauses", body=(NEEDED, *HOW), answer=QUEUES)
def pause_all(app: App, *, paused: bool, **how: Any) -> object:
    given = {key: value for key, value in how.items() if value is not None}
    if paused:
        app.queue.queues.pause(**given)
    elif given:
        raise InvalidInput("the end of a pause has no " + " and no ".join(given), field=next(iter(given)))
    else:
        app.queue.queues.resume()
    return queues(app)


@route(
    "PATCH",
    "/queues/{name}",
    "Limit, pause, resume or drain a queue; other parts stay",
    rest=PARTS,
    answer=QUEUE,
    errors=(409,),
)
def edit_queue(app: App, *, name: str, rest: dict[str, Any]) -> ShownQueue:
    given = {key: BY_NAME[key].check(value) if key in BY_NAME else value for key, value in rest.items()}
    # For a limit, null means none.
    parts = {key: value for key, value in given.items() if value is not None or key in ("slots", "rate")}
    return app.queue.queues.edit(name, **parts)


@route("GET", "/locks", "The locks that jobs need: how many may hold each, which ones do, how many wait", answer=LOCKS)
def locks(app: App) -> dict[str, Any]:
    return {"items": app.queue.locks.all()}


@route("PATCH", "/locks/{name}", "Limit how many jobs hold a lock at a time", body=(LOCK_SLOTS,), answer=LOCK)
def limit_lock(app: App, *, name: str, slots: int) -> Lock:
    return app.queue.locks.limit(name, slots)
