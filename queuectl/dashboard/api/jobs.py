"""Jobs: list them by filter, show one with all details, add, edit and duplicate."""

from __future__ import annotations

from typing import Any

from ...model.checks import MAX_KEY
from ...model.copies import copy_of, secrets_of, shown_copy_of, words_to_add
from ...model.errors import FilterError, InvalidInput, quoted
from ...model.fields import BY_NAME, EDITABLE, FILTERS, GIVEN
from ...model.filter import Filter, example, reference
from ...model.filterparse import parse
from ...model.job import Job
from ...model.kinds import STRING, TEXT, integer, one_of
from ...model.link import Graph
from ...model.nouns.jobs import GRAPH, JOB
from ...model.numbers import median
from ...model.shellwords import shell_line
from ...model.sorts import ORDERS
from ...model.verbs import VERBS, allowed_verbs
from ..app import App
from ..http.message import HttpError, Response, json_response
from . import cursors
from .answers import JOB_CHANGED, JOB_PAGE, JOB_VIEW
from .route import BASE, Parameter, parameters_of, route
from .shapes import changed_job, listed_job
from .verbs import changed, one_job

LONGEST_PAGE = 200
# The runs of the same command: among how many of the newest attempts, and at most how many.
SAME_SAMPLE = 2_000
SAME_RUNS = 20
Q = Parameter("q", TEXT, f"filter: {' '.join(map(example, FILTERS))}; !word finds the others", default="")
SORT = Parameter(
    "sort",
    one_of(*ORDERS),
    "newest and oldest list all jobs, finished those that have ended, "
    "run_at scheduled and failed ones, priority pending ones",
    default="newest",
)
LIMIT = Parameter("limit", integer(1, LONGEST_PAGE), "how many at most", default=50)
CURSOR = Parameter("cursor", TEXT, "`next` of the page before")


def read_filter(text: str, now: int, *, field: str = "q", sort: str = "newest", takes_all: bool = True) -> Filter:
    """Return the filter that a parameter holds. Raises FilterError, and HttpError for a sort that it cannot have."""
    try:
        wanted = parse(text, now, takes_all=takes_all)
    except FilterError as error:
        error.field = field
        raise
    if wanted.states and not wanted.within(ORDERS[sort].states).states:
        message = f"sort={sort} is for jobs that are {', '.join(ORDERS[sort].states)}"
        raise HttpError(400, "bad_sort", message, field="sort", hint="use newest or oldest with other states")
    return wanted


@route(
    "GET",
    "/jobs",
    "Jobs by filter, a page at a time",
    query=(
        Q,
        SORT,
        LIMIT,
        CURSOR,
        Parameter("scan", one_of("window", "all"), "how many rows to read where no index helps", default="window"),
    ),
    answer=JOB_PAGE,
    errors=(422,),
)
def list_jobs(app: App, *, q: str, sort: str, limit: int, cursor: str | None, scan: str) -> dict[str, Any]:
    now, belongs_to = app.clock.wall(), (q, sort)
    wanted = read_filter(q, now, sort=sort)
    after, seen = cursors.read(cursor, belongs_to, len(ORDERS[sort].columns))
    page = app.queue.page(wanted, sort, after, limit, seen=seen, looks_at_all=scan == "all")
    sorts = [name for name, order in ORDERS.items() if set(wanted.states).issubset(order.states)]
    return {
        "items": [listed_job(job, now) for job in app.queue.read(page.numbers)],
        "next": cursors.write(page.end, seen + len(page.numbers), belongs_to),
        "total": {"value": page.total, "exact": page.is_exact},
        "searched": {"rows": page.looked, "complete": page.is_complete},
        "sort": sort,
        "filter": {"states": wanted.states, "rest": wanted.rest, "sorts": sorts},
    }


IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    BY_NAME["key"].kind.but(name="idempotency key", schema={**STRING, "minLength": 1, "maxLength": MAX_KEY}),
    "the job's key, kept for a day after its end: a request that is sent again adds nothing, and is answered with 200",
)


@route(
    "POST",
    "/jobs",
    "Add a job, or answer with the job that has its key",
    headers=(IDEMPOTENCY_KEY,),
    rest=parameters_of(GIVEN),
    answer=JOB,
    status=201,
    others={200: JOB},
    location="/jobs/{id}",
    errors=(404, 409, 422),
)
def add_job(app: App, *, idempotency_key: str | None, rest: dict[str, Any]) -> Job | Response:
    """Add a job. A key in the header is kept for a day, and refused with 422 for another request.

    See https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
    """
    given = rest
    if idempotency_key is not None:
        if "key" in rest:
            raise InvalidInput("give the key in the header or in the body, not in both", field="key")
        given = {"key_for": "1d", **rest, "key": idempotency_key}
    skipped: list[str] = []
    job = app.queue.get(app.queue.enqueue([given], on_skipped=skipped.extend)[0])
    if not skipped:
        return job
    if idempotency_key is not None and job.command != app.queue.check([given])[0].command:
        message = f"the key {quoted(idempotency_key)} was given with another command, for {job.id}"
        raise HttpError(422, "key_reused", message, field="Idempotency-Key")
    return json_response(JOB.json(job), 200, {"Location": f"{BASE}/jobs/{job.id}"})


@route("GET", "/jobs/{id}", "One job with everything known about it", answer=JOB_VIEW, errors=(422,))
def show_job(app: App, *, id: str) -> dict[str, Any]:
    job, now = one_job(app, id), app.clock.wall()
    allowed = allowed_verbs(job)
    named = ("show", "logs", "why", *(verb for verb in allowed if VERBS[verb].is_plain))
    commands = {verb: shell_line(["queuectl", verb, reference(job)]) for verb in named}
    runs = app.queue.charts.runs_of(job.command, SAME_SAMPLE, SAME_RUNS)
    took = median(run.duration for run in runs if run.duration is not None)
    return {
        "job": app.queue.logs.detail(job),
        "reference": reference(job),
        "allowed_actions": allowed,
        "why": app.queue.reports.why(job),
        "history": app.queue.logs.history(job),
        "similar": {"median": took, "runs": runs, "searched": SAME_SAMPLE},
        "commands": {**commands, "duplicate": shell_line(words_to_add(job, now))},
        "copy": shown_copy_of(job, now),
        "secrets": secrets_of(job),
    }


@route("GET", "/jobs/{id}/graph", "The jobs that are linked to a job, directly or not", answer=GRAPH, errors=(422,))
def show_graph(app: App, *, id: str) -> Graph:
    return app.queue.reports.graph(one_job(app, id))


@route(
    "PATCH",
    "/jobs/{id}",
    "Change a job while it waits; other fields stay",
    rest=parameters_of(EDITABLE, are_changes=True),
    answer=JOB_CHANGED,
    errors=(409,),
)
def edit_job(app: App, *, id: str, rest: dict[str, Any]) -> dict[str, Any]:
    number = one_job(app, id).number
    return changed(app, app.queue.edit(number, **rest), number)


@route(
    "POST",
    "/jobs/{id}/duplicate",
    "Add a job like this one, also held or scheduled if it is; given fields replace its own",
    rest=parameters_of(GIVEN, are_changes=True),
    answer=JOB_CHANGED,
    status=201,
    location="/jobs/{job[id]}",
    errors=(409,),
)
def duplicate_job(app: App, *, id: str, rest: dict[str, Any]) -> dict[str, Any]:
    job = one_job(app, id)
    stdin = {} if job.stdin_size is None else {"stdin": app.queue.stdin(job)}
    (made,) = app.queue.enqueue([{**stdin, **copy_of(job, app.clock.wall(), rest)}], like=job)
    return changed_job(app.queue.get(made))
