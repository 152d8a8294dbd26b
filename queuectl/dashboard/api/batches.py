"""Batches: how far each one is. Their jobs are found by the filter `batch:NAME`."""

from __future__ import annotations

from typing import Any

from ...model.batch import Batch
from ...model.kinds import integer
from ...model.nouns.batches import BATCH
from ..app import App
from .answers import BATCHES
from .route import Parameter, route


@route(
    "GET",
    "/batches",
    "The batches, newest first",
    query=(Parameter("limit", integer(1, 1000), "how many at most", default=100),),
    answer=BATCHES,
)
def batches(app: App, *, limit: int) -> dict[str, Any]:
    part = app.queue.batches
    return {"items": part.all(limit), "total": part.count()}


@route("GET", "/batches/{name}", "How far a batch is", answer=BATCH)
def show_batch(app: App, *, name: str) -> Batch:
    return app.queue.batches.get(name)
