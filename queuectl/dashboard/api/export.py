"""Exports of jobs or of their results, streamed, as JSON lines or as CSV that a spreadsheet may open."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any, Iterable, Iterator

from ...commands.cells import csv_line
from ...engine.batches import results_of
from ...model.job import Job
from ...model.kinds import FLAG, TEXT
from ...model.noun import Noun
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
    return _file("jobs.jsonl", JOB, _jobs(app, q, sort))


@route("GET", "/export.csv", "All jobs of a filter as CSV", query=(Q, SORT), answer=CSV, errors=(422,))
def export_csv(app: App, *, q: str, sort: str) -> Response:
    return _file("jobs.csv", JOB, _jobs(app, q, sort))


@route(
    "GET",
    "/results.jsonl",
    "The inputs of jobs, how each ended and what it printed, a JSON object a line",
    query=RESULTS_OF,
    answer=JSON_LINES,
    errors=(404, 422),
)
def results_jsonl(app: App, *, of: str, with_output: bool) -> Response:
    return _results("results.jsonl", app, of, with_output)


@route(
    "GET",
    "/results.csv",
    "The inputs of jobs, how each ended and what it printed, as CSV",
    query=RESULTS_OF,
    answer=CSV,
    errors=(404, 422),
)
def results_csv(app: App, *, of: str, with_output: bool) -> Response:
    return _results("results.csv", app, of, with_output)


def _results(name: str, app: App, of: str, with_output: bool) -> Response:
    found = results_of(app.queue, of, with_output=with_output)
    return _file(name, found.noun, ([row] for row in found))


def _jobs(app: App, q: str, sort: str) -> Iterator[list[Job]]:
    """Return the jobs of a filter, some at a time, without jobs that are removed in between."""
    return app.queue.walk(read_filter(q, app.clock.wall(), sort=sort), sort)


def _file(name: str, noun: Noun, batches: Iterable[Iterable[Any]]) -> Response:
    """Return the rows of a noun as a file, in the format that its name says."""
    is_csv = name.endswith(".csv")
    head = [csv_line(noun.keys)] if is_csv else []
    texts = ("".join(_line(noun.json(row), is_csv) for row in rows) for rows in batches)
    pieces = (text.encode("utf-8", "backslashreplace") for text in chain(head, texts))
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(200, content_type=CSV if is_csv else JSON_LINES, headers=disposition, pieces=pieces)


def _line(row: dict[str, Any], is_csv: bool) -> str:
    return csv_line(row.values()) if is_csv else json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
