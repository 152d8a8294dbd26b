"""Exports of jobs or of their results, streamed, as JSON lines or as CSV that a spreadsheet may open."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any, Iterable

from ...commands.cells import csv_line
from ...engine.batches import results_of
from ...model.kinds import FLAG, TEXT
from ...model.noun import Noun
from ...model.nouns.jobs import JOB
from ..app import App
from ..http.message import Response
from .jobs import SORT, Q, read_filter
from .route import Handler, Parameter, route

JSON_LINES = "application/jsonl; charset=utf-8"
CSV = "text/csv; charset=utf-8; header=present"

RESULTS_OF = (
    Parameter("of", TEXT, "the name of a batch, or a filter", is_required=True),
    Parameter("with_output", FLAG, "also what the last attempt of each job printed", default=False),
)


def _jobs(form: str) -> Handler:
    def handle(app: App, *, q: str, sort: str) -> Response:
        # Some at a time, without jobs that are removed in between.
        return _file(f"jobs.{form}", JOB, app.queue.walk(read_filter(q, app.clock.wall(), sort=sort), sort))

    handle.__name__ = f"export_{form}"
    return handle


def _results(form: str) -> Handler:
    def handle(app: App, *, of: str, with_output: bool) -> Response:
        found = results_of(app.queue, of, with_output=with_output)
        return _file(f"results.{form}", found.noun, ([row] for row in found))

    handle.__name__ = f"results_{form}"
    return handle


for _form, _type, _how in (("jsonl", JSON_LINES, "a JSON object a line"), ("csv", CSV, "as CSV")):
    _what = f"All jobs of a filter, {_how}"
    route("GET", f"/export.{_form}", _what, query=(Q, SORT), answer=_type, errors=(422,))(_jobs(_form))
    _what = f"The inputs of jobs, how each ended and what it printed, {_how}"
    route("GET", f"/results.{_form}", _what, query=RESULTS_OF, answer=_type, errors=(404, 422))(_results(_form))


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
