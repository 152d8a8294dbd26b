"""Batches: how far each one is, and how many of its jobs may run at a time. `batch:NAME` finds its jobs."""

from __future__ import annotations

from typing import Any

from ...model.batch import Batch
from ...model.checks import MAX_SLOTS
from ...model.kinds import integer
from ...model.noun import maybe
from ...model.nouns.batches import BATCH
from ..app import App
from .answers import BATCHES
from .route import Parameter, route

SLOTS = Parameter(
    "slots",
    maybe(integer(1, MAX_SLOTS)),
    "how many of its jobs may run at a time, null for any number",
    is_required=True,
)


@route(
    "GET",
    "/batches",
    "The batches, newest first",
    query=(Parameter("limit", integer(1, 1000), "how many at most", default=100),),
    answer=BATCHES,
)
def batches(app: App, *, limit: int) -> dict[str, Any]:
    return {"items": app.queue.batches.all(limit), "total": app.queue.batches.count()}


@route("GET", "/batches/{name}", "How far a batch is", answer=BATCH)
def show_batch(app: App, *, name: str) -> Batch:
    return app.queue.batches.get(name)


@route("PATCH", "/batches/{name}", "Limit how many jobs of a batch run at a time", body=(SLOTS,), answer=BATCH)
def limit_batch(app: App, *, name: str, slots: int | None) -> Batch:
    return app.queue.batches.limit(name, slots)
