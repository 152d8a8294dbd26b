"""Exports: all jobs of a filter, streamed, as JSON lines or as CSV that a spreadsheet may open."""

from __future__ import annotations

import json
from itertools import chain
from typing import Callable

from ...commands.cells import csv_line
from ...model.job import Job
from ...model.nouns.jobs import JOB
from ..app import App
from ..http.message import Response
from .jobs import SORT, Q, read_filter
from .route import route

JSON_LINES = "application/jsonl; charset=utf-8"
CSV = "text/csv; charset=utf-8; header=present"


@route(
    "GET",
    "/export.jsonl",
    "All jobs of a filter, a JSON object a line",
    query=(Q, SORT),
    answer=JSON_LINES,
    errors=(422,),
)
def export_jsonl(app: App, *, q: str, sort: str) -> Response:
    return _file(app, q, sort, "jobs.jsonl", JSON_LINES, _json_line)


@route("GET", "/export.csv", "All jobs of a filter as CSV", query=(Q, SORT), answer=CSV, errors=(422,))
def export_csv(app: App, *, q: str, sort: str) -> Response:
    return _file(app, q, sort, "jobs.csv", CSV, _csv_row, header=csv_line(JOB.keys))


def _file(
    app: App, q: str, sort: str, name: str, content_type: str, line: Callable[[Job], str], header: str = ""
) -> Response:
    """Return a file with a line for each job, a batch at a time; one that is removed meanwhile is left out."""
    wanted = read_filter(q, app.clock.wall(), sort=sort)
    texts = chain([header], ("".join(map(line, jobs)) for jobs in app.queue.walk(wanted, sort)))
    pieces = (text.encode("utf-8", "backslashreplace") for text in texts)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(200, content_type=content_type, headers=disposition, pieces=pieces)


def _json_line(job: Job) -> str:
    return json.dumps(JOB.json(job), ensure_ascii=False, allow_nan=False) + "\n"


def _csv_row(job: Job) -> str:
    return csv_line(JOB.json(job).values())
