"""Locks: which jobs hold them, and how many may. The filter `lock:NAME` finds the jobs that need one."""

from __future__ import annotations

from typing import Any

from ...model.checks import MAX_SLOTS
from ...model.kinds import integer
from ...model.lock import Lock
from ...model.nouns.queues import LOCK
from ..app import App
from .answers import LOCKS
from .route import Parameter, route

SLOTS = Parameter("slots", integer(1, MAX_SLOTS), "how many jobs may hold it at a time", is_required=True)


@route("GET", "/locks", "The locks that jobs need: how many may hold each, which ones do, how many wait", answer=LOCKS)
def locks(app: App) -> dict[str, Any]:
    return {"items": app.queue.locks.all()}


@route("PATCH", "/locks/{name}", "Limit how many jobs hold a lock at a time", body=(SLOTS,), answer=LOCK)
def limit_lock(app: App, *, name: str, slots: int) -> Lock:
    return app.queue.locks.limit(name, slots)
