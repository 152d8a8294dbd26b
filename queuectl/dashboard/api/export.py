"""Exports: all jobs of a filter, streamed, as JSON lines or as CSV that a spreadsheet may open."""

from __future__ import annotations

from ...commands.cells import csv_line
from ...model.nouns.jobs import JOB
from ..http.message import Response
from . import listing
from .jobs import SORT, Q
from .route import route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator

    from ...model.filter import Filter
    from ...model.job import Job
    from ..app import App

JSON_LINES = "application/jsonl; charset=utf-8"
CSV = "text/csv; charset=utf-8; header=present"


@route(
    "GET",
    "/export.jsonl",
    "All jobs of a filter, a JSON object a line",
    query=(Q, SORT),
    answer=JSON_LINES,
    errors=(400,),
)
def export_jsonl(app: App, *, q: str, sort: str) -> Response:
    wanted = listing.read(q, app.clock.wall(), sort=sort)
    return _file(_pieces(app, wanted, sort, _json_line), "jobs.jsonl", JSON_LINES)


@route("GET", "/export.csv", "All jobs of a filter as CSV", query=(Q, SORT), answer=CSV, errors=(400,))
def export_csv(app: App, *, q: str, sort: str) -> Response:
    wanted = listing.read(q, app.clock.wall(), sort=sort)
    return _file(_with_header(_pieces(app, wanted, sort, _csv_row)), "jobs.csv", CSV)


def _file(pieces: Iterator[bytes], name: str, content_type: str) -> Response:
    return Response(
        200, content_type=content_type, pieces=pieces, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _pieces(app: App, wanted: Filter, sort: str, line: Callable[[Job], str]) -> Iterator[bytes]:
    """Yield the lines of all jobs, a batch at a time; one that is removed meanwhile is left out."""
    for jobs in app.queue.walk(wanted, sort):
        yield "".join(map(line, jobs)).encode("utf-8", "backslashreplace")


def _with_header(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield csv_line(JOB.keys).encode()
    yield from pieces


def _json_line(job: Job) -> str:
    import json

    return json.dumps(JOB.json(job), ensure_ascii=False, allow_nan=False) + "\n"


def _csv_row(job: Job) -> str:
    return csv_line(JOB.json(job).values())
