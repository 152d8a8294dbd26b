"""Exports: jobs, or what they have brought, streamed, as JSON lines or as CSV that a spreadsheet may open."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any, Iterable, Iterator, Mapping

from ...commands.cells import csv_line
from ...engine.results import results_of
from ...model.kinds import FLAG, TEXT
from ...model.nouns.jobs import JOB
from ..app import App
from ..http.message import Response
from .jobs import SORT, Q, read_filter
from .route import Parameter, route

JSON_LINES = "application/jsonl; charset=utf-8"
CSV = "text/csv; charset=utf-8; header=present"

RESULTS_OF = (
    Parameter("of", TEXT, "the name of a batch, or a filter", is_required=True),
    Parameter("with_output", FLAG, "also what the last attempt of each job printed", default=False),
)


@route(
    "GET",
    "/export.jsonl",
    "All jobs of a filter, a JSON object a line",
    query=(Q, SORT),
    answer=JSON_LINES,
    errors=(422,),
)
def export_jsonl(app: App, *, q: str, sort: str) -> Response:
    return _file("jobs.jsonl", ("".join(map(_json_line, jobs)) for jobs in _jobs(app, q, sort)))


@route("GET", "/export.csv", "All jobs of a filter as CSV", query=(Q, SORT), answer=CSV, errors=(422,))
def export_csv(app: App, *, q: str, sort: str) -> Response:
    lines = ("".join(csv_line(job.values()) for job in jobs) for jobs in _jobs(app, q, sort))
    return _file("jobs.csv", chain([csv_line(JOB.keys)], lines))


@route(
    "GET",
    "/results.jsonl",
    "The inputs of jobs, how each ended and what it printed, a JSON object a line",
    query=RESULTS_OF,
    answer=JSON_LINES,
    errors=(404, 422),
)
def results_jsonl(app: App, *, of: str, with_output: bool) -> Response:
    found = results_of(app.queue, of, with_output=with_output)
    return _file("results.jsonl", map(_json_line, map(found.noun.json, found)))


@route(
    "GET",
    "/results.csv",
    "The inputs of jobs, how each ended and what it printed, as CSV",
    query=RESULTS_OF,
    answer=CSV,
    errors=(404, 422),
)
def results_csv(app: App, *, of: str, with_output: bool) -> Response:
    found = results_of(app.queue, of, with_output=with_output)
    noun = found.noun
    lines = (csv_line(noun.json(row).values()) for row in found)
    return _file("results.csv", chain([csv_line(noun.keys)], lines))


def _jobs(app: App, q: str, sort: str) -> Iterator[list[dict[str, Any]]]:
    """Return the jobs of a filter, a batch at a time; one that is removed meanwhile is left out."""
    wanted = read_filter(q, app.clock.wall(), sort=sort)
    return ([JOB.json(job) for job in jobs] for jobs in app.queue.walk(wanted, sort))


def _file(name: str, texts: Iterable[str]) -> Response:
    pieces = (text.encode("utf-8", "backslashreplace") for text in texts)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    content_type = CSV if name.endswith(".csv") else JSON_LINES
    return Response(200, content_type=content_type, headers=disposition, pieces=pieces)


def _json_line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
