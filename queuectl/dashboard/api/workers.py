"""Workers: list, start, scale and stop them.

Stopping and scaling may take as long as the running jobs: they go on in a thread, and after two seconds the answer is
202.
"""

from __future__ import annotations

import threading
from typing import Any, Callable

from ...engine.queue import Queue
from ...engine.workers import START_SECONDS
from ...model.checks import NAME_PATTERN
from ...model.clock import Clock
from ...model.errors import QueueCTLError
from ...model.kinds import FLAG, TEXT, integer
from ...model.noun import many
from ...model.worker import ALL, given_limits, group_of
from ..app import App
from ..http.message import json_response
from .answers import WORKERS, WORKERS_STOPPED
from .route import Parameter, route

PATIENCE_SECONDS = 2.0


@route("GET", "/workers", "The workers and their health", answer=WORKERS)
def workers(app: App) -> dict[str, Any]:
    status, settings = app.queue.reports.status(), app.queue.settings()
    return {
        "items": status.worker_list,
        "pool": status.pool,
        "max_workers": settings.max_workers,
        "default_count": settings.worker_count,
    }


class Work:
    """Work in a new thread: its result or its error, once `ended` is set."""

    result: Any = None
    error: QueueCTLError | None = None

    def __init__(self, queue: Queue, work: Callable[[], Any]) -> None:
        self.ended = threading.Event()
        threading.Thread(target=self._do, args=(queue, work), name="dashboard work", daemon=True).start()

    def _do(self, queue: Queue, work: Callable[[], Any]) -> None:
        try:
            self.result = work()
        except QueueCTLError as error:
            self.error = error
        finally:
            queue.leave()
            self.ended.set()

    def is_done(self, clock: Clock) -> bool:
        """Return whether it is done after a short wait. Raises its error."""
        is_done = clock.wait(self.ended, PATIENCE_SECONDS)
        if self.error is not None:
            raise self.error
        return is_done


# The stops in work, by home, group and force. A pool takes a second signal for force, so a second request waits with
# the first.
STOPS: dict[tuple[str, str | None, bool], Work] = {}
STARTING = threading.Lock()
COUNT = integer(1, 256)
# A name of a queue, or `*`.
QUEUE_NAMES = many(TEXT.but(given={"type": "string", "pattern": NAME_PATTERN.replace("^", r"^\*$|^")}), 64)


@route(
    "POST",
    "/workers",
    "Start a group of workers in the background, or scale it up; answers once they are up",
    body=(
        Parameter("count", COUNT, "how many at least (default: the setting worker_count)"),
        Parameter("queues", QUEUE_NAMES, "only jobs of these queues (default: of all)", default=[]),
        Parameter("max_load", TEXT, "the group's own value of the setting, `none` for no limit"),
        Parameter("min_memory", TEXT, "the same for this setting"),
    ),
    answer=WORKERS,
    status=201,
    errors=(409,),
)
def start(app: App, *, count: int | None, queues: list[str], max_load: str | None, min_memory: str | None) -> object:
    limits = given_limits(max_load, min_memory)
    app.queue.workers.start(_group(queues) or ALL, count, patience=START_SECONDS, limits=limits)
    return workers(app)


def _group(queues: list[str]) -> str | None:
    """Return the name of the group of these queues, None for none. Raises InvalidInput."""
    return group_of(queues, "queues") if queues else None


@route(
    "POST",
    "/workers/scale",
    "Change the number of workers of a group; those that leave finish their job",
    body=(
        Parameter("count", COUNT, "how many there should be", is_required=True),
        Parameter(
            "queues", QUEUE_NAMES, "the queues of the group (default: all, or those of the only group)", default=[]
        ),
    ),
    answer=WORKERS,
    others={202: WORKERS},
    errors=(409,),
)
def scale(app: App, *, count: int, queues: list[str]) -> object:
    group = _group(queues)
    is_done = Work(app.queue, lambda: app.queue.workers.scale(group, count)).is_done(app.clock)
    return workers(app) if is_done else json_response(WORKERS.json(workers(app)), 202)


@route(
    "POST",
    "/workers/stop",
    "Stop the workers, or a group of them, when their jobs are done or with force at once",
    body=(
        Parameter("force", FLAG, "end current jobs; they go back to the queue", default=False),
        Parameter(
            "queues",
            QUEUE_NAMES,
            "the queues of the group, `*` for that of all queues (default: all groups)",
            default=[],
        ),
    ),
    answer=WORKERS_STOPPED,
    others={202: WORKERS_STOPPED},
)
def stop(app: App, *, force: bool, queues: list[str]) -> object:
    group = _group(queues)
    before, key = app.queue.workers.pid, (app.queue.home.path, group, force)
    with STARTING:
        work = STOPS.get(key)
        if work is None or work.ended.is_set():
            work = STOPS[key] = Work(app.queue, lambda: app.queue.workers.stop(group, force=force))
    is_done = work.is_done(app.clock)
    pid = work.result if is_done else before
    found = {"stopped": is_done and pid is not None, "pid": pid, "done": is_done}
    return json_response(WORKERS_STOPPED.json(found), 200 if is_done else 202)
